//! A first-in-first-out queue whose two ends share nothing but two positions.
//!
//! The two-lock queue of Michael and Scott (*Simple, Fast, and Practical Non-Blocking and Blocking Concurrent Queue
//! Algorithms*, PODC 1996), with slots in [`Segments`] or in place for its list.
//!
//! | word | says | stored by |
//! |---|---|---|
//! | `tail` = `put.position` | how many items have been put, ever | who holds the put lock |
//! | `head` = `get.position` | how many have been got, ever | who holds the get lock |
//! | `done` | how many tasks are done, ever | anyone, by compare-exchange |
//!
//! ```text
//!   positions   ... ░ ░ ░ x x x x x x ░ ░ ░ ...          x: an item
//!                         ▲           ▲      ▲
//!                       head        tail   head + capacity
//!                   gets go on    puts go on   and end here
//! ```
//!
//! I1  head ≤ tail ≤ head + capacity, and done ≤ tail; all three only grow, modulo 2^64.
//! I2  Each side keeps a limit, from a copy of the other's position, which is never ahead of that: what the limit
//!     allows is allowed. Only when that is less than is asked for is the other side's cache line read.
//! I3  "Full", "empty" and "closed" are found under the side's lock, by the position the other side has at that moment.
//!
//! # Order
//!
//! `tail` is stored with Release after the slots were written, and loaded with Acquire before they are read; `head` is
//! stored with Release after they were read, and loaded with Acquire before they are written again.
//!
//! No code of the item's type runs under either lock: items are moved in and out, and dropped outside. The allocator
//! may run under one.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::fmt;
use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;

use super::{BiasedLock, Buffer, Flow, Guard, Guarded, Refused, TooManyTaskDone};
use crate::sys::atomic::AtomicU64;
use crate::sys::{Deadline, Private, Scope, const_fn};
use segments::{Cursor, Home, Segments};
use storage::Storage;

pub mod segments;
mod side;
pub mod storage;

pub use side::{RingRoom, RingStock};

/// A bounded first-in-first-out queue, with closing and a count of tasks. Its verbs are [`Buffer`]'s.
///
/// It allocates as items come, never ahead, and gives the memory back after a burst: any capacity costs 512 bytes when
/// empty, and `usize::MAX` stands for none. With a capacity of 1, an item of at most 56 bytes, aligned to 8 at
/// most, lies in them.
///
/// Dropping it drops its items. If the `Drop` of one panics, the others are dropped all the same; if another's does
/// too, the process aborts, as with a `Vec`.
///
/// [`Inline`](super::Inline) storage with the scope [`Shared`](crate::sys::Shared) is a ring for several processes, for
/// which an all-zero mapping is the only constructor; whoever casts one must see to it that the items mean the same
/// in all of them: no pointers, no handles.
///
/// ```
/// use underthread::raw::{Buffer, Refused, Ring};
///
/// static RING: Ring<u32> = Ring::new(2);
/// RING.try_put(1).unwrap();
/// RING.put_until(2, None).unwrap();
/// assert_eq!(RING.try_put(3), Err((Refused::NotNow, 3)));
/// assert_eq!(RING.get_until(None), Ok(1));
/// ```
#[repr(C)]
pub struct Ring<T, M: Storage<T> = Segments<T>, S: Scope = Private> {
    put: Lane<M::Cursor, S, M::Home>,
    get: Lane<M::Cursor, S>,
    done: Line<AtomicU64>,
    flow: Flow<S>,
    store: M,
    items: PhantomData<T>,
}

/// On a cache line of its own, and of the pair that the CPU fetches together.
#[repr(C, align(128))]
struct Line<W>(W);

#[repr(C, align(128))]
struct Lane<C, S: Scope, H = ()> {
    side: Guarded<BiasedLock<S>, Side<C>>,
    /// Who looks at the position does not take the lock's cache line from who works there.
    line: NextLine,
    /// As in `side`, for the others.
    position: AtomicU64,
    /// On the position's cache line: who has seen the one has the other.
    home: H,
}

#[repr(C, align(64))]
struct NextLine;

#[repr(C)]
struct Side<C> {
    position: u64,
    /// How far this side may go, by the other's position when that was last looked at.
    limit: u64,
    cursor: C,
}

// SAFETY: items go from thread to thread by value, under locks, and are never lent.
unsafe impl<T: Send, M: Storage<T>, S: Scope> Send for Ring<T, M, S> {}
// SAFETY: as for `Send`.
unsafe impl<T: Send, M: Storage<T>, S: Scope> Sync for Ring<T, M, S> {}

// No code of the items runs inside, so a panic of theirs finds every position as it should be.
impl<T, M: Storage<T>, S: Scope> UnwindSafe for Ring<T, M, S> {}
impl<T, M: Storage<T>, S: Scope> RefUnwindSafe for Ring<T, M, S> {}

impl<T, H> Lane<Cursor<T>, Private, H> {
    const_fn! {
        fn new(position: u64, home: H) -> Self {
            let side = Side { position, limit: position, cursor: Cursor::START };
            Self { side: Guarded::new(BiasedLock::new(), side), line: NextLine, position: AtomicU64::new(position), home }
        }
    }
}

impl<T> Ring<T> {
    const_fn! {
        /// An empty ring for at most `capacity` items. With 0, every put is refused.
        pub fn new(capacity: usize) -> Self {
            Self::starting_at(capacity, 0)
        }
    }

    const_fn! {
        /// One that seems to have been used a long time.
        #[doc(hidden)]
        pub fn starting_at(capacity: usize, position: u64) -> Self {
            Self {
                put: Lane::new(position, Home::new()),
                get: Lane::new(position, ()),
                done: Line(AtomicU64::new(position)),
                flow: Flow::new(),
                store: Segments::new(capacity),
                items: PhantomData,
            }
        }
    }
}

impl<C, S: Scope, H> Lane<C, S, H> {
    /// The side; `None` if it was held until `deadline`, perhaps by a process that was killed. Threads are waited for:
    /// an item that is there is not to be missed because another holds the side for a moment.
    #[inline]
    fn lock(&self, deadline: Option<Deadline>) -> Option<Guard<'_, BiasedLock<S>, Side<C>>> {
        if S::SHARED { self.side.acquire_until(deadline) } else { Some(self.side.acquire()) }
    }
}

/// For one who will not wait: between processes, the time after which a side is taken to be held by one that was
/// killed. Longer than the millisecond after which a side that was handed to such a one may be had.
fn soon<S: Scope>() -> Option<Deadline> {
    if S::SHARED { Deadline::after(Duration::from_millis(2)) } else { None }
}

impl<T, M: Storage<T>, S: Scope> Ring<T, M, S> {
    #[inline]
    fn has_room(&self, put: &mut Side<M::Cursor>) -> bool {
        if put.position == put.limit {
            // Acquire: pairs with Release in `get` and `take_many`; the slots that came free have been read.
            put.limit = self.get.position.load(Acquire).wrapping_add(self.store.capacity());
        }
        put.position != put.limit
    }

    /// How many items there are, if less than `most`; else `most` or more.
    #[inline]
    fn has_items(&self, get: &mut Side<M::Cursor>, most: u64) -> u64 {
        if get.limit.wrapping_sub(get.position) < most {
            // Acquire: pairs with Release in `filled`; the slots before it have been filled.
            get.limit = self.put.position.load(Acquire);
        }
        get.limit.wrapping_sub(get.position)
    }

    /// Moves `item` into the next slot. [`filled`](Self::filled) is to follow.
    ///
    /// # Safety
    ///
    /// `has_room` was true of this side, which is locked, and has not been used since.
    #[inline]
    unsafe fn fill(&self, put: &mut Side<M::Cursor>, item: T) {
        // SAFETY: the side is locked, and there is room by a head that was acquired.
        let slot = unsafe { self.store.to_put(&self.put.home, &mut put.cursor) };
        // The item is not captured: that would be a copy of it where nothing is inlined.
        let place = slot.with_mut(<*mut _>::cast::<T>);
        // SAFETY: nobody else has this slot: getters end before it, and it was emptied.
        unsafe { place.write(item) };
        put.position = put.position.wrapping_add(1);
    }

    #[inline]
    fn filled(&self, put: Guard<'_, BiasedLock<S>, Side<M::Cursor>>) {
        // Release: pairs with Acquire in `has_items`.
        self.put.position.store(put.position, Release);
        drop(put);
        self.flow.items_came();
    }

    /// Moves the next item out of its slot. The position is to be published.
    ///
    /// # Safety
    ///
    /// `has_items` was not 0 for this side of the ring, which is locked, and that many have not been taken since.
    #[inline]
    unsafe fn take(store: &M, home: &M::Home, get: &mut Side<M::Cursor>) -> T {
        // SAFETY: the side is locked, and the position is below `tail`, which was acquired.
        let slot = unsafe { store.to_get(home, &mut get.cursor) };
        get.position = get.position.wrapping_add(1);
        slot.with(|slot| {
            // SAFETY: filled by `fill`, and read this once: the cursor and the position go on.
            unsafe { slot.cast::<T>().read() }
        })
    }

    fn take_many(&self, get: &mut Side<M::Cursor>, most: usize) -> Vec<T> {
        let count = self.has_items(get, most as u64).min(most as u64);
        // SAFETY: there are so many, and `get` is borrowed from a guard.
        let items = (0..count).map(|_| unsafe { Self::take(&self.store, &self.put.home, get) }).collect();
        // Release: pairs with Acquire in `has_room`.
        self.get.position.store(get.position, Release);
        items
    }

    /// Marks up to `most` tasks as done; says how many there were to mark.
    fn finish(&self, most: u64) -> u64 {
        loop {
            // Acquire: pairs with Release below; who brought `done` here had seen at least as many puts, so `tail`,
            // which is read after it, is not behind.
            let done = self.done.0.load(Acquire);
            // Relaxed: the items themselves are not looked at.
            let tail = self.put.position.load(Relaxed);
            let count = most.min(tail.wrapping_sub(done));
            if count == 0 {
                return 0;
            }
            let now = done.wrapping_add(count);
            // Release: pairs with Acquire above and in `unfinished`. Relaxed on failure: it is read again.
            if self.done.0.compare_exchange(done, now, Release, Relaxed).is_ok() {
                // If `tail` has grown since, another `task_done` is the last.
                if now == tail {
                    self.flow.all_is_done();
                }
                return count;
            }
        }
    }
}

impl<T, M: Storage<T>, S: Scope> Buffer for Ring<T, M, S> {
    type Item = T;
    type Scope = S;
    type Room<'a>
        = RingRoom<'a, T, M, S>
    where
        Self: 'a;
    type Stock<'a>
        = RingStock<'a, T, M, S>
    where
        Self: 'a;

    fn flow(&self) -> &Flow<S> {
        &self.flow
    }

    fn capacity(&self) -> usize {
        self.store.capacity() as usize
    }

    fn qsize(&self) -> usize {
        loop {
            // Acquire: pairs with Release in `filled`; who stored it had seen a head that is at most the capacity
            // behind, so ours is not older.
            let tail = self.put.position.load(Acquire);
            // Acquire: pairs with Release in `get` and `take_many`; who stored it had seen a tail that is not behind
            // it, so our second look at that is not older.
            let head = self.get.position.load(Acquire);
            // Relaxed: see above. Unchanged, it was the same when `head` was read.
            if self.put.position.load(Relaxed) == tail {
                return tail.wrapping_sub(head) as usize;
            }
        }
    }

    #[inline]
    fn room(&self) -> Result<RingRoom<'_, T, M, S>, Refused> {
        self.room_by(soon::<S>())
    }

    #[inline]
    fn room_by(&self, deadline: Option<Deadline>) -> Result<RingRoom<'_, T, M, S>, Refused> {
        let mut put = self.put.lock(deadline).ok_or(Refused::NotNow)?;
        if self.flow.is_closed() {
            Err(Refused::Closed)
        } else if self.has_room(&mut put) {
            Ok(RingRoom { ring: self, put })
        } else {
            Err(Refused::NotNow)
        }
    }

    #[inline]
    fn stock(&self) -> Result<RingStock<'_, T, M, S>, Refused> {
        self.stock_by(soon::<S>())
    }

    #[inline]
    fn stock_by(&self, deadline: Option<Deadline>) -> Result<RingStock<'_, T, M, S>, Refused> {
        let mut get = self.get.lock(deadline).ok_or(Refused::NotNow)?;
        if self.has_items(&mut get, 1) != 0 {
            Ok(RingStock { ring: self, get })
        } else if self.flow.is_closed() {
            Err(Refused::Closed)
        } else {
            Err(Refused::NotNow)
        }
    }

    fn task_done(&self) -> Result<(), TooManyTaskDone> {
        if self.finish(1) == 1 { Ok(()) } else { Err(TooManyTaskDone) }
    }

    fn unfinished(&self) -> u64 {
        loop {
            // Acquire: pairs with Release in `finish`; who brought it here had seen at least as many puts.
            let done = self.done.0.load(Acquire);
            // Acquire: pairs with Release in `filled`; what the putters had seen done our second look does not miss.
            let tail = self.put.position.load(Acquire);
            // Relaxed: see above. Unchanged, it was the same when `tail` was read.
            if self.done.0.load(Relaxed) == done {
                return tail.wrapping_sub(done);
            }
        }
    }

    fn is_all_done(&self) -> bool {
        // One look, `done` first: `tail` was not below it then, and only grows; so if they are equal now, they were.
        // Acquire: pairs with Release in `finish`; what came before those `task_done`s is visible.
        let done = self.done.0.load(Acquire);
        // Relaxed: as in `finish`.
        self.put.position.load(Relaxed) == done
    }

    fn close(&self, immediate: bool) -> Vec<T> {
        let put = self.put.side.acquire();
        let mut get = self.get.side.acquire();
        self.flow.close();
        let drained = if immediate { self.take_many(&mut get, usize::MAX) } else { Vec::new() };
        drop(get);
        drop(put);
        self.finish(drained.len() as u64);
        self.flow.wake_both();
        drained
    }
}

impl<T, M: Storage<T>, S: Scope> Drop for Ring<T, M, S> {
    fn drop(&mut self) {
        /// So that an item whose drop panics does not keep the others, and the memory.
        struct Rest<'a, T, M: Storage<T>, S: Scope>(&'a mut Ring<T, M, S>);

        impl<T, M: Storage<T>, S: Scope> Rest<'_, T, M, S> {
            /// Without guards: nobody else is left, and what was forgotten has been taken back.
            fn drop_items(&mut self) {
                // Nobody else is left. A model that has failed, and unwinds, knows that by the locks only.
                drop((self.0.put.side.try_acquire(), self.0.get.side.try_acquire()));
                let Ring { put, get, store, .. } = &mut *self.0;
                // Relaxed: nobody else is left.
                let (tail, get) = (put.position.load(Relaxed), get.side.get_mut());
                while get.position != tail {
                    // SAFETY: filled, as it is below `tail`; nobody else is left.
                    drop(unsafe { Ring::<T, M, S>::take(store, &put.home, get) });
                }
            }
        }

        impl<T, M: Storage<T>, S: Scope> Drop for Rest<'_, T, M, S> {
            fn drop(&mut self) {
                self.drop_items();
                let Ring { put, get, store, .. } = &mut *self.0;
                // SAFETY: the ring is dropped, so nobody uses it; the cursors are its own.
                unsafe { store.free(&put.side.get_mut().cursor, &get.side.get_mut().cursor) };
            }
        }

        self.put.side.take_back();
        self.get.side.take_back();
        Rest(self).drop_items();
    }
}

impl<T, M: Storage<T>, S: Scope> fmt::Debug for Ring<T, M, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ring")
            .field("qsize", &self.qsize())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Ring<u64>>() == 512);
