//! Which of the threading layer's `Local`s are alive, for the threads that keep values of them.
//!
//! A `Local` gets its id, which never comes again, when it is first used. A thread that holds values looks at how many
//! have been retired since it last cleared up, which is one load, and asks for each of its ids only if that has changed.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use std::collections::BTreeSet;

use super::{Guarded, Lock};
use crate::sys::atomic::AtomicU64;

static NEXT: AtomicU64 = AtomicU64::new(1);
static RETIRED: AtomicU64 = AtomicU64::new(0);
static LIVE: Guarded<Lock, BTreeSet<u64>> = Guarded::new(Lock::new(), BTreeSet::new());

/// The id of one `Local`; retired when dropped.
#[derive(Debug)]
pub(crate) struct LocalId(AtomicU64);

impl LocalId {
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The id; given at the first call.
    pub(crate) fn get(&self) -> u64 {
        // Acquire: pairs with Release in `give`; who knows the id finds it in `LIVE`.
        let known = self.0.load(Acquire);
        if known != 0 { known } else { self.give() }
    }

    #[cold]
    fn give(&self) -> u64 {
        // Relaxed: only that no two get the same number matters.
        let fresh = NEXT.fetch_add(1, Relaxed);
        // Before anybody can use it, so that nobody's value of it is cleared up.
        LIVE.acquire().insert(fresh);
        // Release: pairs with Acquire in `get`: `fresh` is in `LIVE`. Acquire on failure: so is the other's.
        match self.0.compare_exchange(0, fresh, Release, Acquire) {
            Ok(_) => fresh,
            Err(other) => {
                LIVE.acquire().remove(&fresh);
                other
            }
        }
    }

    /// The id, if one was given.
    pub(crate) fn given(&mut self) -> Option<u64> {
        let id = *self.0.get_mut();
        (id != 0).then_some(id)
    }
}

impl Drop for LocalId {
    fn drop(&mut self) {
        if let Some(id) = self.given() {
            LIVE.acquire().remove(&id);
            // Release: pairs with Acquire in `retired`; who sees the count finds the id gone.
            RETIRED.fetch_add(1, Release);
        }
    }
}

/// How many have been retired.
pub(crate) fn retired() -> u64 {
    // Acquire: pairs with Release in `drop`.
    RETIRED.load(Acquire)
}

/// Whether the `Local` of that id is there still.
pub(crate) fn is_live(id: u64) -> bool {
    LIVE.acquire().contains(&id)
}
