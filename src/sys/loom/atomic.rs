//! loom's atomics, with the caller's source line on every operation, each operation one step of the search.
//!
//! Stock loom keeps one last access for each atomic, so that a thread's load hides an earlier load of another thread
//! from a later store, and the interleaving in which that store comes first is never run (tokio-rs/loom#392, #166).
//! The cure needs no copy of loom: beside each atomic stands a *shadow marker* for every thread. A load by thread i
//! also loads marker i; a store or read-modify-write by thread j also tries a compare-exchange, which always fails,
//! on the markers of the threads whose loads loom has forgotten. Two loads never meet on a marker; a forgotten load and
//! a later store always do.
//!
//! What loom stores is not the value but its place in the list of all values the atomic has had, so that the [`search`]
//! knows which store a load has read, where two stores were of the same value.

use core::panic::Location;
use core::sync::atomic::Ordering::{self, Relaxed};
use std::cell::{Cell, RefCell};

use loom::sync::atomic::AtomicU64 as Place;

use super::membarrier;
use super::model::{self, thread_index, threads};
use super::planted::{Site, Slot};
use super::search::{self, Object};
use super::trace::{self, Event};

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
    search::meets_all();
    model::gives_way();
    loom::hint::spin_loop();
    model::runs_again();
}

/// loom's atomic of a `T`; see the module.
#[derive(Debug)]
pub struct Atomic<T> {
    place: Place,
    values: RefCell<Vec<T>>,
    object: Object,
    markers: Vec<Place>,
    /// The place of the latest value.
    latest: Cell<u64>,
    /// A bit for each thread that has loaded since the last store.
    loaded: Cell<u32>,
    /// The bit of the last of them: the one load that loom itself still knows of.
    known: Cell<u32>,
}

/// As core's.
pub type AtomicU32 = Atomic<u32>;
/// As core's.
pub type AtomicU64 = Atomic<u64>;
/// As core's.
pub type AtomicPtr<T> = Atomic<*mut T>;

// SAFETY: all of loom's threads are coroutines on one OS thread, switched only inside loom's own operations; the
// cells are never borrowed across one.
unsafe impl<T> Send for Atomic<T> {}
// SAFETY: as for `Send`.
unsafe impl<T> Sync for Atomic<T> {}

/// loom does not say which of two stores of one word is the later one unless one is ordered before the other; our
/// programs have no such stores.
pub(super) const UNORDERED: &str = "two stores of one word are not ordered: not modelled";

/// No value has this place.
const NOWHERE: u64 = u64::MAX;

/// A compare-exchange that fails: a read-modify-write to the scheduler, of no effect on memory but what `order` says of
/// the read. Gives the latest place.
pub(super) fn look(place: &Place, order: Ordering) -> u64 {
    place.compare_exchange(NOWHERE, NOWHERE, Relaxed, order).expect_err("no value has this place")
}

/// What an atomic may hold.
pub trait Value: Copy + PartialEq {
    /// Whether it is.
    const IS_A_POINTER: bool = false;

    /// As a trace shows it.
    fn number(self) -> u64;
}

impl Value for u32 {
    fn number(self) -> u64 {
        self.into()
    }
}

impl Value for u64 {
    fn number(self) -> u64 {
        self
    }
}

impl<T> Value for *mut T {
    const IS_A_POINTER: bool = true;

    fn number(self) -> u64 {
        self.addr() as u64
    }
}

impl<T: Value> Atomic<T> {
    /// Holding `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self {
            place: Place::new(0),
            values: RefCell::new(vec![value]),
            object: Object::new(Location::caller()),
            markers: (0..threads()).map(|_| Place::new(0)).collect(),
            latest: Cell::new(0),
            loaded: Cell::new(0),
            known: Cell::new(0),
        }
    }

    fn value(&self, place: u64) -> T {
        self.values.borrow()[place as usize]
    }

    fn add(&self, value: T) -> u64 {
        let mut values = self.values.borrow_mut();
        values.push(value);
        values.len() as u64 - 1
    }

    /// After a store or read-modify-write, in the same step: meets the loads that loom has forgotten.
    fn meet_the_forgotten(&self) {
        let forgotten = self.loaded.take() & !self.known.take() & !(1 << thread_index());
        for (index, marker) in self.markers.iter().enumerate() {
            if forgotten & 1 << index != 0 {
                look(marker, Relaxed);
            }
        }
    }

    fn update(
        &self,
        caller: &'static Location<'static>,
        success: Option<Ordering>,
        failure: Ordering,
        new: impl FnOnce(T) -> Option<T>,
    ) -> Result<T, T> {
        membarrier::before_a_step();
        let latest = look(&self.place, Relaxed);
        search::step(Some(self.object), true, latest);
        search::within_a_step(|| {
            self.meet_the_forgotten();
            let old = self.value(latest);
            let new = new(old);
            let is_left_out = new.is_some() && success.is_none();
            let (order, new) = match (success, new) {
                (Some(success), Some(new)) => (success, Some(new)),
                _ => (failure, None),
            };
            let event = Event::Update { word: self.object, order, old: old.number(), new: new.map(Value::number) };
            trace::note(event, caller);
            let Some(new) = new else {
                if order != Relaxed {
                    look(&self.place, order);
                }
                return if is_left_out { Ok(old) } else { Err(old) };
            };
            let place = self.add(new);
            search::made(place);
            let done = self.place.compare_exchange(latest, place, order, Relaxed);
            assert_eq!(done, Ok(latest), "{UNORDERED}");
            self.latest.set(place);
            Ok(old)
        })
    }

    /// As core's.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> T {
        let caller = Location::caller();
        let order = Site::new(caller, Slot::Load).order(order).unwrap_or(Relaxed);
        membarrier::before_a_step();
        let place = self.place.load(order);
        search::step(Some(self.object), false, place);
        let index = thread_index();
        let marker = self.markers.get(index).expect("a scenario starts as many threads in every execution");
        search::within_a_step(|| marker.load(Relaxed));
        self.loaded.set(self.loaded.get() | 1 << index);
        self.known.set(1 << index);
        let (value, stale) = (self.value(place), place != self.latest.get());
        trace::note(Event::Load { word: self.object, order, value: value.number(), stale }, caller);
        value
    }

    /// As core's.
    #[track_caller]
    pub fn store(&self, value: T, order: Ordering) {
        let caller = Location::caller();
        let Some(order) = Site::new(caller, Slot::Store).of_a_pointer(T::IS_A_POINTER).order(order) else {
            self.update(caller, None, Relaxed, |_| None).unwrap_or(value);
            return;
        };
        membarrier::before_a_step();
        let place = self.add(value);
        self.place.store(place, order);
        search::step(Some(self.object), true, place);
        search::made(place);
        search::within_a_step(|| self.meet_the_forgotten());
        self.latest.set(place);
        trace::note(Event::Store { word: self.object, order, value: value.number() }, caller);
    }

    /// As core's.
    #[track_caller]
    pub fn swap(&self, value: T, order: Ordering) -> T {
        self.always(Location::caller(), order, |_| value)
    }

    fn always(&self, caller: &'static Location<'static>, order: Ordering, new: impl FnOnce(T) -> T) -> T {
        let order = Site::new(caller, Slot::Rmw).of_a_pointer(T::IS_A_POINTER).order(order);
        self.update(caller, order, Relaxed, |old| Some(new(old))).unwrap_or_else(|old| old)
    }

    /// As core's.
    #[track_caller]
    pub fn compare_exchange(&self, current: T, new: T, success: Ordering, failure: Ordering) -> Result<T, T> {
        let caller = Location::caller();
        let success = Site::new(caller, Slot::Rmw).of_a_pointer(T::IS_A_POINTER).order(success);
        let failure = Site::new(caller, Slot::Failure).order(failure).unwrap_or(Relaxed);
        self.update(caller, success, failure, |old| (old == current).then_some(new))
    }

    /// As core's, but never failing spuriously: a retry loop is then a loop of the model, not of the program.
    #[track_caller]
    pub fn compare_exchange_weak(&self, current: T, new: T, success: Ordering, failure: Ordering) -> Result<T, T> {
        self.compare_exchange(current, new, success, failure)
    }

    /// As core's.
    pub fn get_mut(&mut self) -> T {
        // SAFETY: `&mut` excludes every other access.
        let place = unsafe { self.place.unsync_load() };
        self.value(place)
    }

    pub(super) fn object(&self) -> Object {
        self.object
    }

    /// The latest value, as the kernel sees it, in the course of a step: a plain load of the model may be stale.
    pub(super) fn latest(&self) -> T {
        search::step_is_also_at(self.object);
        search::within_a_step(|| {
            self.meet_the_forgotten();
            assert_eq!(look(&self.place, Relaxed), self.latest.get(), "{UNORDERED}");
        });
        self.value(self.latest.get())
    }
}

impl<T: Value + Default> Default for Atomic<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

macro_rules! arithmetic {
    ($integer:ty) => {
        impl Atomic<$integer> {
            /// As core's.
            #[track_caller]
            pub fn fetch_add(&self, value: $integer, order: Ordering) -> $integer {
                self.always(Location::caller(), order, |old| old.wrapping_add(value))
            }

            /// As core's.
            #[track_caller]
            pub fn fetch_sub(&self, value: $integer, order: Ordering) -> $integer {
                self.always(Location::caller(), order, |old| old.wrapping_sub(value))
            }

            /// As core's.
            #[track_caller]
            pub fn fetch_max(&self, value: $integer, order: Ordering) -> $integer {
                self.always(Location::caller(), order, |old| old.max(value))
            }

            /// As core's.
            #[track_caller]
            pub fn fetch_or(&self, value: $integer, order: Ordering) -> $integer {
                self.always(Location::caller(), order, |old| old | value)
            }
        }
    };
}

arithmetic!(u32);
arithmetic!(u64);
