//! A word that goes through stages, in one direction, and those who wait until it has left one.
//!
//! A *stage* is a number below 2³¹ that the owner chooses; each is left for a later one, and never comes back. The top
//! bit says that somebody may sleep until the present stage is left:
//!
//! ```text
//!            somebody waits                 advance, wake all
//!   stage ──────────────────► stage|AWAITED ─────────────────► next stage
//!     └───────────────────────── advance ─────────────────────────▲
//! ```
//!
//! I1  A stage that has been left stays left: what one waiter has found, all find, in whatever order they look.
//! I2  A thread sleeps only on `stage|AWAITED`, and whoever leaves a stage learns in the same step whether the mark was
//!     there: so no sleeper is forgotten, and without one there is no system call.
//! I3  After the step that leaves a stage, the word is named by its address only, so a waiter may free it at once.
//!
//! # Order
//!
//! What happened before `advance` is visible to everyone who sees the stage left: Release there, Acquire in the looks.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::fmt;
use core::ptr;

use crate::sys::{Deadline, Futex, Private, const_fn};

const AWAITED: u32 = 1 << 31;

/// Stages passed through once each; see the module's text.
pub(crate) struct Stage {
    word: Futex<Private>,
}

impl Stage {
    const_fn! {
        /// At stage 0.
        pub(crate) fn new() -> Self {
            Self { word: Futex::new(0) }
        }
    }

    /// The present stage.
    pub(crate) fn get(&self) -> u32 {
        // Acquire: pairs with Release in `advance`.
        self.word.load(Acquire) & !AWAITED
    }

    /// Goes on to `next`, and wakes those who waited for that.
    pub(crate) fn advance(&self, next: u32) {
        let word = ptr::from_ref(&self.word);
        // Release: pairs with Acquire in `get`.
        if self.word.swap(next, Release) & AWAITED != 0 {
            Futex::wake(word, u32::MAX);
        }
    }

    /// Goes from `stage`, which nobody waits at, to `next`: true for the one thread that does it.
    pub(crate) fn claim(&self, stage: u32, next: u32) -> bool {
        // Relaxed: it decides who, and publishes nothing; as a read-modify-write it keeps what the stage before
        // published.
        self.word.compare_exchange(stage, next, Relaxed, Relaxed).is_ok()
    }

    /// Waits until `stage` has been left; false once `deadline` has passed.
    pub(crate) fn wait_past(&self, stage: u32, deadline: Option<Deadline>) -> bool {
        while self.get() == stage {
            // Relaxed: the mark publishes nothing, and the look that ends the loop is `get`'s.
            let _ = self.word.compare_exchange(stage, stage | AWAITED, Relaxed, Relaxed);
            if !self.word.wait(stage | AWAITED, deadline) {
                return self.get() != stage;
            }
        }
        true
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot.
        write!(formatter, "{}", self.word.load(Relaxed) & !AWAITED)
    }
}
