//! A queue under one lock, in whatever order a container gives: for stacks and heaps.
//!
//! I1  The items, the count of those put and not done, and `length` change together, under the lock; also when an
//!     [`Order`] panics, which then has changed nothing.
//! I2  `length` is the number of items, counted by us: an order is asked for nothing that could panic after a change.
//!     Those who only look read it without the lock.
//!
//! # Order
//!
//! The lock orders everything; `length` publishes nothing.

use crate::sys::atomic::Ordering::Relaxed;
use core::fmt;
use core::mem;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};
use std::vec;

use super::{Buffer, Flow, Guard, Guarded, Lock, Refused, Room, Stock, TooManyTaskDone, discard};
use crate::sys::Private;
use crate::sys::atomic::AtomicU64;
use crate::sys::const_fn;

/// Items in an order of their own; by default, none. Where a method panics, it must have changed nothing.
pub trait Order: Default {
    /// What is kept.
    type Item;

    /// Puts in what `item` holds, and leaves `None` there.
    fn put(&mut self, item: &mut Option<Self::Item>);

    /// Takes out the next; there is one.
    fn take(&mut self) -> Option<Self::Item>;

    /// Everything, in order if it can: under no lock. If it panics, the items are dropped.
    fn into_vec(self) -> Vec<Self::Item>;
}

/// A bounded queue in the order `C`, with closing and a count of tasks. Its verbs are [`Buffer`]'s.
///
/// The order's own code, such as a comparison, runs under the lock: it must not use the queue. If it panics, the
/// queue is as before the call, and usable. On 64-bit systems 48 bytes besides `C`.
pub struct Pile<C> {
    state: Guarded<Lock, State<C>>,
    length: AtomicU64,
    capacity: usize,
    flow: Flow,
}

struct State<C> {
    items: C,
    /// Put, and not done.
    unfinished: u64,
}

/// Tells the getters when it is dropped: after the lock was released, and also if the order has panicked, when perhaps
/// for nothing.
struct Came<'a>(&'a Flow);

impl Drop for Came<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.items_came();
    }
}

// I1: a panic leaves it as it was.
impl<C> UnwindSafe for Pile<C> {}
impl<C> RefUnwindSafe for Pile<C> {}

impl<C> Pile<C> {
    const_fn! {
        /// `items`, which is empty, as a queue for at most `capacity`.
        pub fn new(items: C, capacity: usize) -> Self {
            let state = State { items, unfinished: 0 };
            Self { state: Guarded::new(Lock::new(), state), length: AtomicU64::new(0), capacity, flow: Flow::new() }
        }
    }
}

impl<C: Order> Pile<C> {
    fn note_length(&self, length: usize) {
        // Relaxed: under the lock, which orders it.
        self.length.store(length as u64, Relaxed);
    }

    fn put(&self, state: &mut Guard<'_, Lock, State<C>>, item: &mut Option<C::Item>) {
        state.items.put(item);
        state.unfinished += 1;
        self.note_length(self.qsize() + 1);
    }

    fn take(&self, state: &mut Guard<'_, Lock, State<C>>) -> C::Item {
        let item = state.items.take().expect("an order gives what was put");
        self.note_length(self.qsize() - 1);
        item
    }

    /// Marks up to `most` tasks as done; says how many there were to mark.
    fn finish(&self, mut state: Guard<'_, Lock, State<C>>, most: u64) -> u64 {
        let count = most.min(state.unfinished);
        state.unfinished -= count;
        let all = state.unfinished == 0;
        drop(state);
        if count != 0 && all {
            self.flow.all_is_done();
        }
        count
    }
}

impl<C: Order> Buffer for Pile<C> {
    type Item = C::Item;
    type Scope = Private;
    type Room<'a>
        = PileSide<'a, C>
    where
        Self: 'a;
    type Stock<'a>
        = PileSide<'a, C>
    where
        Self: 'a;

    fn flow(&self) -> &Flow {
        &self.flow
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn qsize(&self) -> usize {
        // Relaxed: the lock orders it, or it is a snapshot.
        self.length.load(Relaxed) as usize
    }

    fn room(&self) -> Result<PileSide<'_, C>, Refused> {
        let state = self.state.acquire();
        if self.flow.is_closed() {
            Err(Refused::Closed)
        } else if self.qsize() < self.capacity {
            Ok(PileSide { pile: self, state })
        } else {
            Err(Refused::NotNow)
        }
    }

    fn stock(&self) -> Result<PileSide<'_, C>, Refused> {
        let state = self.state.acquire();
        if self.qsize() != 0 {
            Ok(PileSide { pile: self, state })
        } else if self.flow.is_closed() {
            Err(Refused::Closed)
        } else {
            Err(Refused::NotNow)
        }
    }

    fn task_done(&self) -> Result<(), TooManyTaskDone> {
        if self.finish(self.state.acquire(), 1) == 1 { Ok(()) } else { Err(TooManyTaskDone) }
    }

    fn unfinished(&self) -> u64 {
        self.state.acquire().unfinished
    }

    fn close(&self, immediate: bool) -> Vec<C::Item> {
        let mut state = self.state.acquire();
        // First: it is the user's, and may panic.
        let mut drained = C::default();
        self.flow.close();
        let mut count = 0;
        if immediate {
            mem::swap(&mut state.items, &mut drained);
            count = self.qsize();
            self.note_length(0);
        }
        self.finish(state, count as u64);
        self.flow.wake_both();
        drained.into_vec()
    }
}

/// What [`Pile`] has for a [`Room`] and for a [`Stock`].
///
/// It has the items with it, so it may be sent only if they may:
///
/// ```compile_fail,E0277
/// use underthread::raw::{Order, PileSide};
///
/// fn send<T: Send>() {}
/// fn check<C: Order>() {
///     send::<PileSide<'_, C>>();
/// }
/// ```
#[must_use = "the lock is released at once if the side is not kept"]
pub struct PileSide<'a, C: Order> {
    pile: &'a Pile<C>,
    state: Guard<'a, Lock, State<C>>,
}

impl<C: Order> Room for PileSide<'_, C> {
    type Item = C::Item;

    fn put(self, item: C::Item) {
        let Self { pile, state } = self;
        let _came = Came(&pile.flow);
        // Declared before the lock's guard, so dropped after it, if the order panics.
        let mut item = Some(item);
        let mut state = state;
        pile.put(&mut state, &mut item);
    }

    fn put_many(self, items: &mut vec::IntoIter<C::Item>) {
        let Self { pile, state } = self;
        let _came = Came(&pile.flow);
        // Declared before the lock's guard, so dropped after it, if the order panics.
        let mut item;
        let mut state = state;
        while items.len() != 0 && pile.qsize() < pile.capacity {
            item = items.next();
            pile.put(&mut state, &mut item);
        }
    }
}

impl<C: Order> Stock for PileSide<'_, C> {
    type Item = C::Item;

    fn get(mut self) -> C::Item {
        let item = self.pile.take(&mut self.state);
        drop(self.state);
        self.pile.flow.items_went();
        item
    }

    fn get_many(self, most: usize) -> Vec<C::Item> {
        // What was taken in this call must not be lost: a panic then ends the batch, and comes with the next call. What
        // it carries is dropped after the lock is released.
        let mut panic = None;
        let mut items = Vec::new();
        let Self { pile, mut state } = self;
        while items.len() < most && pile.qsize() != 0 {
            match catch_unwind(AssertUnwindSafe(|| pile.take(&mut state))) {
                Ok(item) => items.push(item),
                Err(carried) => {
                    panic = Some(carried);
                    break;
                }
            }
        }
        drop(state);
        if !items.is_empty() {
            pile.flow.items_went();
        }
        match panic {
            Some(panic) if items.is_empty() => resume_unwind(panic),
            Some(panic) => discard(panic),
            None => {}
        }
        items
    }
}

impl<C: Order> fmt::Debug for PileSide<'_, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PileSide").field(self.pile).finish()
    }
}

impl<C: Order> fmt::Debug for Pile<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pile")
            .field("qsize", &self.qsize())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

#[cfg(all(not(any(loom, shuttle)), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Pile<()>>() == 48 && size_of::<Pile<u64>>() == 48 + 8);
