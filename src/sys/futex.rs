//! The one way to sleep: a `u32` word, waited on while it holds a value.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use super::atomic::AtomicU32;
use super::{Deadline, Scope, backend};

/// The bitset of those who do not say.
pub const MATCH_ANY: u32 = u32::MAX;

/// A word that threads can sleep on. It dereferences to its atomic.
///
/// The contract, which every backend keeps and which the algorithms above may rely on:
///
/// * the look at the word and the going to sleep are one step against [`wake`](Self::wake): a wake that comes after
///   a change of the word finds either the sleeper, or the sleeper finds the change;
/// * `wait` may return early for no reason (a *spurious wake*); the caller looks again;
/// * `wait` gives `false` only once its deadline has passed, and then **no wake was spent on it**: a wake that chose
///   this sleeper makes it `true`, however late it is;
/// * a wake chooses among those only whose *bitset* has a bit of its own;
/// * neither gives any memory order: what is read after a wake is ordered by an atomic, or not at all;
/// * `wake` looks at the address only, so the word may be gone by then.
///
/// After `futex(2)`: Franke, Russell and Kirkwood, *Fuss, Futexes and Furwocks*, OLS 2002.
#[repr(transparent)]
pub struct Futex<S: Scope> {
    word: AtomicU32,
    scope: PhantomData<S>,
}

impl<S: Scope> Futex<S> {
    super::const_fn! {
        /// A word holding `value`.
        #[track_caller]
        pub fn new(value: u32) -> Self {
            Self { word: AtomicU32::new(value), scope: PhantomData }
        }
    }

    /// Sleeps while the word is `expected`, until woken or until `deadline`; `None` is for ever.
    ///
    /// False only once the deadline has passed and no wake was spent on this call.
    #[track_caller]
    pub fn wait(&self, expected: u32, deadline: Option<Deadline>) -> bool {
        self.wait_bitset(expected, deadline, MATCH_ANY)
    }

    /// As [`wait`](Self::wait), for the wakes that have one of the bits of `bitset`, which is not 0.
    #[track_caller]
    pub fn wait_bitset(&self, expected: u32, deadline: Option<Deadline>, bitset: u32) -> bool {
        backend::wait(&self.word, expected, deadline, S::SHARED, bitset)
    }

    /// Wakes at most `count` of the threads asleep on the word at `this`, in no promised order.
    ///
    /// Takes an address: it may be called after the word has been freed, when it wakes nobody, or wakes a thread
    /// that sleeps on a word made since at the same place, which for that thread is a spurious wake.
    #[track_caller]
    pub fn wake(this: *const Self, count: u32) {
        Self::wake_bitset(this, count, MATCH_ANY);
    }

    /// As [`wake`](Self::wake), of those who have one of the bits of `bitset`, which is not 0.
    #[track_caller]
    pub fn wake_bitset(this: *const Self, count: u32, bitset: u32) {
        backend::wake(this.cast(), count, S::SHARED, bitset);
    }
}

impl<S: Scope> Deref for Futex<S> {
    type Target = AtomicU32;

    #[inline]
    fn deref(&self) -> &AtomicU32 {
        &self.word
    }
}

impl<S: Scope> fmt::Debug for Futex<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.word.fmt(formatter)
    }
}
