//! Python's `queue`: what threads hand to each other.
//!
//! | type | the next to leave | full | tasks, shutdown |
//! |---|---|---|---|
//! | [`Queue`] | the first that came | at `maxsize` | yes |
//! | [`LifoQueue`] | the last that came | at `maxsize` | yes |
//! | [`PriorityQueue`] | the smallest; of equals the first that came | at `maxsize` | yes |
//! | [`SimpleQueue`] | the first that came | never | no |
//!
//! A queue is shared by reference: in a `static`, an `Arc`, or a scope. A thread that waits spins and yields for some
//! microseconds and then sleeps. Of those who wait none has a right to the next item, or to room: a newcomer may take
//! it first. Everything before a put is visible after the get of its item. Items are dropped outside of the queue's
//! locks, so their `Drop` may use it. A panic in the items' code leaves a queue usable. Timeouts that no clock can
//! name, such as `Duration::MAX`, are for ever; an operation that can go on at once does so whatever its timeout.
//!
//! After a shutdown:
//!
//! | | put | get | join |
//! |---|---|---|---|
//! | `shutdown(false)` | [`ShutDown`] | the items that are left, then [`ShutDown`] | still waits for all tasks |
//! | `shutdown(true)` | [`ShutDown`] | [`ShutDown`] | still waits for the tasks that were got before |
//!
//! Queues are `Send` and `Sync` if their items are `Send`, and not otherwise:
//!
//! ```compile_fail,E0277
//! fn send<T: Send>() {}
//! send::<underthread::queue::Queue<std::rc::Rc<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn share<T: Sync>() {}
//! share::<underthread::queue::Queue<std::rc::Rc<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn send<T: Send>() {}
//! send::<underthread::queue::LifoQueue<std::rc::Rc<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn share<T: Sync>() {}
//! share::<underthread::queue::LifoQueue<std::rc::Rc<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn send<T: Send>() {}
//! send::<underthread::queue::PriorityQueue<std::rc::Rc<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn share<T: Sync>() {}
//! share::<underthread::queue::PriorityQueue<std::rc::Rc<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn send<T: Send>() {}
//! send::<underthread::queue::SimpleQueue<std::rc::Rc<u8>>>();
//! ```
//!
//! ```compile_fail,E0277
//! fn share<T: Sync>() {}
//! share::<underthread::queue::SimpleQueue<std::rc::Rc<u8>>>();
//! ```
#![forbid(unsafe_code)]

mod error;
mod lifo;
mod priority;
#[expect(clippy::module_inception, reason = "the file is named after its type, as every other")]
mod queue;
mod simple;

pub use crate::raw::TooManyTaskDone;
pub use error::{Empty, GetError, PutError, ShutDown};
pub use lifo::{LifoQueue, Stack};
pub use priority::{Heap, PriorityQueue};
pub use queue::{BaseQueue, Iter, Queue};
pub use simple::SimpleQueue;
