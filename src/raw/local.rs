//! Which of the threading layer's `Local`s are alive, for the threads that keep values of them.
//!
//! A `Local` gets its id, which never comes again, when it is first used. A thread that holds values looks at how many
//! have been retired since it last cleared up, which is one load, and asks for each of its ids only if that has
//! changed.
//!
//! I1  An id is alive before anybody can use it, so that nobody's value of it is cleared up.
//! I2  Whoever sees a retirement in the count finds that id gone.
//!
//! # Order
//!
//! The count changes under the lock under which the id goes, so it is Relaxed: whoever sees it and then asks has that
//! lock later; had it been earlier, so would the look at the count have been.

use crate::sys::atomic::Ordering::Relaxed;
use core::convert::Infallible;
use core::fmt;
use std::collections::BTreeSet;

use super::{Brief, Guarded};
use crate::sys::atomic::AtomicU64;
use crate::sys::{LazyNumber, const_fn};

/// The ids of some objects; see the module's text.
///
/// ```
/// use underthread::raw::Ids;
/// use underthread::sys::LazyNumber;
///
/// let (ids, own) = (Ids::new(), LazyNumber::new());
/// let id = ids.id(&own);
/// assert!(ids.is_live(id));
/// ids.retire(id);
/// assert_eq!((ids.retired(), ids.is_live(id)), (1, false));
/// ```
pub struct Ids {
    live: Guarded<Brief, Live>,
    retired: AtomicU64,
}

struct Live {
    last: u64,
    ids: BTreeSet<u64>,
}

impl Ids {
    const_fn! {
        /// None is alive, none has been retired.
        pub fn new() -> Self {
            let live = Live { last: 0, ids: BTreeSet::new() };
            Self { live: Guarded::new(Brief::new(), live), retired: AtomicU64::new(0) }
        }
    }

    /// The object's id; given at the first call.
    pub fn id(&self, own: &LazyNumber) -> u64 {
        let Ok(id) = own.get(|| Ok::<_, Infallible>(self.give()), |id| self.take_back(id));
        id
    }

    fn give(&self) -> u64 {
        let mut live = self.live.acquire();
        live.last += 1;
        let fresh = live.last;
        live.ids.insert(fresh);
        fresh
    }

    fn take_back(&self, id: u64) {
        self.live.acquire().ids.remove(&id);
    }

    /// The object of that id is gone.
    pub fn retire(&self, id: u64) {
        let mut live = self.live.acquire();
        live.ids.remove(&id);
        // Relaxed: see Order.
        self.retired.fetch_add(1, Relaxed);
    }

    /// How many have been retired.
    pub fn retired(&self) -> u64 {
        // Relaxed: see Order.
        self.retired.load(Relaxed)
    }

    /// Whether the object of that id is there still.
    pub fn is_live(&self, id: u64) -> bool {
        self.live.acquire().ids.contains(&id)
    }
}

impl Default for Ids {
    fn default() -> Self {
        Self::new()
    }
}

/// Those of every `Local` of the process.
#[cfg(not(any(loom, shuttle)))]
pub(crate) static LOCALS: Ids = Ids::new();

/// The id of one `Local`; retired when dropped.
#[cfg(not(any(loom, shuttle)))]
#[derive(Debug)]
pub(crate) struct LocalId(LazyNumber);

#[cfg(not(any(loom, shuttle)))]
impl LocalId {
    pub(crate) const fn new() -> Self {
        Self(LazyNumber::new())
    }

    /// The id; given at the first call.
    pub(crate) fn get(&self) -> u64 {
        LOCALS.id(&self.0)
    }

    /// The id, if one was given.
    pub(crate) fn given(&mut self) -> Option<u64> {
        self.0.made()
    }
}

#[cfg(not(any(loom, shuttle)))]
impl Drop for LocalId {
    fn drop(&mut self) {
        if let Some(id) = self.given() {
            LOCALS.retire(id);
        }
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ids").field("retired", &self.retired()).finish_non_exhaustive()
    }
}
