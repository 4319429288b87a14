//! Whether a concurrent type does as a sequential one: recorded histories, and a checker of linearizability.
//!
//! A history is *linearizable* (Herlihy and Wing, *Linearizability: a Correctness Condition for Concurrent Objects*,
//! 1990) if each operation can be given one moment between its call and its return, such that the operations, done one
//! after the other at their moments, would have answered what they did. One says what a type should do by a [`Spec`],
//! lets threads use the type and [`Log`] what they call and what comes of it, and asks [`check`] for such an order.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
//! use underthread::spec::{History, Spec, Step, assert_linearizable};
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash)]
//! struct Counter(u32);
//!
//! /// Adds one, and answers what there was before.
//! #[derive(Debug)]
//! struct Add;
//!
//! impl Spec for Counter {
//!     type Call = Add;
//!     type Answer = u32;
//!
//!     fn step(&mut self, _thread: usize, Add: &Add) -> Step<u32> {
//!         self.0 += 1;
//!         Step::Return(self.0 - 1)
//!     }
//! }
//!
//! let counter = AtomicU32::new(0);
//! let mut history = History::new();
//! std::thread::scope(|scope| {
//!     for mut log in history.logs(3) {
//!         let counter = &counter;
//!         scope.spawn(move || {
//!             for _ in 0..5 {
//!                 log.record(Add, || counter.fetch_add(1, Relaxed));
//!             }
//!         });
//!     }
//! });
//! assert_linearizable(&Counter(0), &history);
//! ```
//!
//! Specs of what this crate has are in [`queue`], [`semaphore`], [`lock`], [`event`] and [`barrier`]; they may serve
//! for other implementations.
//!
//! # What a spec says of operations that wait
//!
//! * One that waits as long as it takes answers [`Step::Wait`] where it would wait: its moment is not there.
//! * One that gives up after a timeout is like one that only tries: "not in time" is right if at *some* moment between
//!   call and return there was nothing to be had, whatever came before or later. That it is never early, and that it
//!   takes what comes in time, is not said: those are promises about clocks.
//! * A number that was right "a moment ago", such as a queue's size, was right at some moment between call and return.
//! * One that others can see half done, such as a wait at a barrier, takes several steps: it answers [`Step::Stay`]
//!   after each but the last, and the state remembers how far it is. Each step has a moment of its own.
//!
//! An operation that never returned, *pending*, may have taken effect or not, with whatever answer.
//!
//! # What is not found
//!
//! A check judges the runs that it is shown. A lost wake-up shows as an operation that never returns, which no history
//! refutes: give waits a timeout, and watch for hangs. The stamps of the log order memory between operations that do
//! not overlap, so a missing memory ordering may be masked: that is for a model checker.
//!
//! # How it works
//!
//! The search of Wing and Gong (*Testing and Verifying Concurrent Objects*, 1993), with the memory of configurations
//! that Lowe added (*Testing for Linearizability*, 2017): see [`check`]. It can take time exponential in how many
//! operations overlap; so it counts configurations, and says when it has given up.
#![forbid(unsafe_code)]

pub mod barrier;
mod check;
pub mod event;
mod history;
pub mod lock;
pub mod queue;
pub mod semaphore;

use core::fmt::Debug;
use core::hash::Hash;

pub use check::{LIMIT, Verdict, assert_linearizable, assert_linearizable_within, check};
pub use history::{History, Log, Operation};

/// What a type should do: its state, and what its operations do to it, one step at a time.
///
/// A value is the state at the start of a history as well as every later one. The same state must answer the same call
/// in the same way, and differ (`Eq`) from every state that does not.
pub trait Spec: Clone + Eq + Hash + Debug {
    /// An operation, with its arguments.
    type Call: Debug;
    /// What an operation answers.
    type Answer: PartialEq + Debug;

    /// Does the next step of `call`, by `thread`; the first one, unless this state has that `thread` half way.
    ///
    /// Threads are numbered from 0, as [`History::logs`] gives out logs. What is left of a state that answers
    /// [`Step::Wait`] does not matter.
    fn step(&mut self, thread: usize, call: &Self::Call) -> Step<Self::Answer>;
}

/// What came of one step of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<A> {
    /// It is complete, and gives this answer.
    Return(A),
    /// It has taken effect in part; the rest is done by a later step.
    Stay,
    /// It can do nothing in this state.
    Wait,
}
