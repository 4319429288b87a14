//! loom's atomics, with the caller's source line on every operation.
//!
//! Stock loom keeps one last access for each atomic, so that a thread's load hides an earlier load of another thread
//! from a later store, and the interleaving in which that store comes first is never run (tokio-rs/loom#392, #166).
//! The cure needs no copy of loom: beside each atomic stands a *shadow marker* for every thread. A load by thread i
//! first loads marker i; a store or read-modify-write by thread j first tries a compare-exchange, which always fails,
//! on the markers of the threads whose loads loom has forgotten. Two loads never meet on a marker; a forgotten load and
//! a later store always do.

use core::panic::Location;
use core::sync::atomic::Ordering;
use std::cell::Cell;

use super::model::{Site, Slot, progress, thread_index};

pub use loom::cell::UnsafeCell;

/// Makes the memory at `place` a cell without a value, known to the model.
///
/// # Safety
///
/// `place` is aligned and valid for writes.
pub unsafe fn make_empty<T>(place: *mut UnsafeCell<core::mem::MaybeUninit<T>>) {
    // SAFETY: by our caller.
    unsafe { place.write(UnsafeCell::new(core::mem::MaybeUninit::uninit())) };
}

/// Tells the scheduler to run somebody else.
pub fn spin_hint() {
    loom::hint::spin_loop();
}

#[derive(Debug)]
struct Shadow {
    markers: [loom::sync::atomic::AtomicU32; loom::MAX_THREADS],
    /// A bit for each thread that has loaded since the last store.
    loaded: Cell<u32>,
    /// The bit of the last of them: the one load that loom itself still knows of.
    known: Cell<u32>,
}

// SAFETY: all of loom's threads are coroutines on one OS thread, switched only inside loom's own operations; the
// cells are never borrowed across one.
unsafe impl Send for Shadow {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shadow {}

impl Shadow {
    fn new() -> Self {
        Self {
            markers: core::array::from_fn(|_| loom::sync::atomic::AtomicU32::new(0)),
            loaded: Cell::new(0),
            known: Cell::new(0),
        }
    }

    fn load<R>(&self, load: impl FnOnce() -> R) -> R {
        progress();
        let index = thread_index();
        self.markers[index].load(Ordering::Relaxed);
        let value = load();
        self.loaded.set(self.loaded.get() | 1 << index);
        self.known.set(1 << index);
        value
    }

    fn store<R>(&self, store: impl FnOnce() -> R) -> R {
        progress();
        let forgotten = self.loaded.get() & !self.known.get() & !(1 << thread_index());
        for (index, marker) in self.markers.iter().enumerate() {
            if forgotten & 1 << index != 0 {
                // Always 0, so this fails: an RMW to the scheduler, of no effect on memory.
                let _ = marker.compare_exchange(1, 1, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
        let value = store();
        self.loaded.set(0);
        self.known.set(0);
        value
    }
}

macro_rules! atomic {
    ($name:ident $(<$parameter:ident>)?, $value:ty) => {
        /// loom's atomic of this name; see the module.
        #[derive(Debug)]
        pub struct $name $(<$parameter>)? {
            inner: loom::sync::atomic::$name $(<$parameter>)?,
            shadow: Shadow,
        }

        impl $(<$parameter>)? $name $(<$parameter>)? {
            /// Holding `value`.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self { inner: loom::sync::atomic::$name::new(value), shadow: Shadow::new() }
            }

            /// As core's.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let order = Site::new(Location::caller(), Slot::Load).order(order);
                self.shadow.load(|| self.inner.load(order))
            }

            /// As core's.
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                let order = Site::new(Location::caller(), Slot::Store).order(order);
                self.shadow.store(|| self.inner.store(value, order));
            }

            /// As core's.
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                let order = Site::new(Location::caller(), Slot::Rmw).order(order);
                self.shadow.store(|| self.inner.swap(value, order))
            }

            /// As core's.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let caller = Location::caller();
                let success = Site::new(caller, Slot::Rmw).order(success);
                let failure = Site::new(caller, Slot::Failure).order(failure);
                self.shadow.store(|| self.inner.compare_exchange(current, new, success, failure))
            }

            /// As core's, but never failing spuriously: a retry loop is then a loop of the model, not of the program.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            /// As core's.
            pub fn get_mut(&mut self) -> $value {
                // SAFETY: `&mut` excludes every other access.
                unsafe { self.inner.unsync_load() }
            }
        }
    };
}

macro_rules! arithmetic {
    ($name:ident, $value:ty) => {
        impl $name {
            /// As core's.
            #[track_caller]
            pub fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                let order = Site::new(Location::caller(), Slot::Rmw).order(order);
                self.shadow.store(|| self.inner.fetch_add(value, order))
            }

            /// As core's.
            #[track_caller]
            pub fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                let order = Site::new(Location::caller(), Slot::Rmw).order(order);
                self.shadow.store(|| self.inner.fetch_sub(value, order))
            }

            /// As core's.
            #[track_caller]
            pub fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                let order = Site::new(Location::caller(), Slot::Rmw).order(order);
                self.shadow.store(|| self.inner.fetch_max(value, order))
            }

            /// As core's.
            #[track_caller]
            pub fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                let order = Site::new(Location::caller(), Slot::Rmw).order(order);
                self.shadow.store(|| self.inner.fetch_or(value, order))
            }
        }
    };
}

atomic!(AtomicU32, u32);
atomic!(AtomicU64, u64);
atomic!(AtomicPtr<T>, *mut T);
arithmetic!(AtomicU32, u32);
arithmetic!(AtomicU64, u64);

impl AtomicU32 {
    /// The latest value, as the kernel sees it: a plain load of the model may be stale. No word ever holds
    /// `NEVER_HELD`, so nothing is stored.
    pub(super) fn latest(&self) -> u32 {
        const NEVER_HELD: u32 = 0xdead_beef;
        self.shadow
            .store(|| self.inner.compare_exchange(NEVER_HELD, NEVER_HELD, Ordering::Relaxed, Ordering::Relaxed))
            .unwrap_or_else(|latest| latest)
    }
}
