//! A flag that threads wait for, in one word.
//!
//! | bits | name | says |
//! |---|---|---|
//! | 0 | `SET` | the event is set: nobody waits |
//! | 1 | `WAITERS` | perhaps some sleep: the `set` that comes next wakes them all |
//! | 2.. | generation | how often a set event has been cleared |
//!
//! ```text
//!               wait                set, wake all
//!    g ──────────────► g WAITERS ────────────────► g SET WAITERS
//!    │                                                   │
//!    └──────────── set ───────────► g SET ───────────────┴── clear ──► g+1
//! ```
//!
//! I1  A thread sleeps only on a value with `WAITERS` and without `SET`. Only `set` and `clear` end such a value, and
//!     `clear` only after a `set`; so whoever sleeps is woken by the one `set` that ended it.
//! I2  The generation moves only away from `SET`. A waiter that sees another generation than at its start was
//!     released by a `set`, though a `clear` has followed at once. It would miss that only if 2^30 pairs of `set` and
//!     `clear` went by between two of its looks, and it then saw an unset event.
//! I3  `set` is a read-modify-write also where the event is set already. So of a `set` and a `clear` one comes first:
//!     either the flag outlasts the `clear`, or the `clear` sees everything before the `set`. A mere look by `set`
//!     would let a `clear` erase it unseen, and its news would be lost on one who clears, looks, and waits.
//!
//! # Order
//!
//! `set` is Release; a `clear` that erases one, and `wait_until` and `is_set` where they give true, are Acquire. Every
//! change of the word is a read-modify-write, so it hands on what the `set`s before it have released.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::fmt;
use core::ptr;

use super::spin;
use crate::sys::{Deadline, Futex, Private, Scope, Shared, const_fn};

const SET: u32 = 1;
const WAITERS: u32 = 2;
const FLAGS: u32 = SET | WAITERS;

/// A flag that threads wait for.
///
/// A thread that waits spins and yields for some microseconds and then sleeps. A [`set`](Self::set) releases everyone
/// who waits at that moment, even if a [`clear`](Self::clear) follows at once; in what order they run nobody promises.
/// What came before a `set` is visible after every [`wait_until`](Self::wait_until) and [`is_set`](Self::is_set) that
/// it made true, and after the `clear` that erased it. Four bytes; all-zero is unset.
///
/// ```
/// use underthread::raw::Event;
///
/// static READY: Event = Event::new();
/// let waiter = std::thread::spawn(|| READY.wait_until(None));
/// READY.set();
/// assert!(waiter.join().unwrap());
/// READY.clear();
/// assert!(!READY.is_set());
/// ```
#[repr(transparent)]
pub struct Event<S: Scope = Private> {
    word: Futex<S>,
}

impl Event {
    const_fn! {
        /// An unset event, for the threads of this process.
        pub fn new() -> Self {
            Self { word: Futex::new(0) }
        }
    }
}

impl Event<Shared> {
    const_fn! {
        /// An unset event, for the threads of every process that maps it.
        pub fn shared() -> Self {
            Self { word: Futex::new(0) }
        }
    }
}

impl<S: Scope> Event<S> {
    const_fn! {
        /// An unset event that has been cleared so often, modulo 2^30. For tests of the wrap.
        #[doc(hidden)]
        pub fn cleared(times: u32) -> Self {
            Self { word: Futex::new(times << FLAGS.count_ones()) }
        }
    }

    /// Sets the event and wakes everyone who waits for it. It never blocks.
    ///
    /// On Linux it may be called in a signal handler: it is one atomic step and at most one futex call.
    #[inline]
    pub fn set(&self) {
        // Release: pairs with Acquire in `wait_until`, `is_set` and `clear`. For I3 it is no load and no plain store.
        if self.word.fetch_or(SET, Release) & FLAGS == WAITERS {
            Futex::wake(ptr::from_ref(&self.word), u32::MAX);
        }
    }

    /// Unsets the event. Whoever waited at the `set` before it is released all the same.
    #[inline]
    pub fn clear(&self) {
        // Relaxed: where it is unset there is nothing to erase.
        let mut seen = self.word.load(Relaxed);
        while seen & SET != 0 {
            // Acquire: pairs with Release in `set` (I3). Relaxed on failure: look again.
            match self.word.compare_exchange(seen, next(seen), Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Whether the event is set, a moment ago.
    #[inline]
    pub fn is_set(&self) -> bool {
        // Acquire: pairs with Release in `set`.
        self.word.load(Acquire) & SET != 0
    }

    /// Waits until the event is set; gives `false` only if it was not set until `deadline` had passed.
    #[inline]
    pub fn wait_until(&self, deadline: Option<Deadline>) -> bool {
        // Acquire: pairs with Release in `set`.
        let start = self.word.load(Acquire);
        start & SET != 0 || self.wait_unset(start, deadline)
    }

    /// Waits until the event is set, or has another generation than in `start` (I2).
    #[cold]
    fn wait_unset(&self, start: u32, deadline: Option<Deadline>) -> bool {
        let released = |word: u32| word & SET != 0 || word & !FLAGS != start & !FLAGS;
        // Acquire: pairs with Release in `set`.
        let look = || self.word.load(Acquire);
        if spin::yielding(deadline, || released(look())) {
            return true;
        }
        loop {
            let seen = look();
            if released(seen) {
                return true;
            }
            let marked = seen | WAITERS;
            // By compare-exchange, so that no mark is left on a word that was released meanwhile. Relaxed: the mark
            // publishes nothing, and nothing is read before the next look.
            if seen != marked && self.word.compare_exchange(seen, marked, Relaxed, Relaxed).is_err() {
                continue;
            }
            // I1.
            if !self.word.wait(marked, deadline) {
                // Too late, but a `set` may have been there before us.
                return released(look());
            }
        }
    }
}

/// The unset word of the next generation.
const fn next(word: u32) -> u32 {
    (word | FLAGS).wrapping_add(1)
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for Event<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot.
        let word = self.word.load(Relaxed);
        let (set, waiters) = (word & SET != 0, word & WAITERS != 0);
        formatter.debug_struct("Event").field("set", &set).field("waiters", &waiters).finish()
    }
}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Event>() == 4 && size_of::<Event<Shared>>() == 4);
