//! What every queue has in common: who waits for whom. A [`Buffer`] says how items go in and out under its own locks;
//! waiting for room, for items and for the end of all tasks is written once, here and in [`passage`].
//!
//! | who | sleeps in | until | and is woken by |
//! |---|---|---|---|
//! | getter | `not_empty` | there is an item, or closed | a put; a getter that leaves more; `close` |
//! | putter | `not_full` | there is room, or closed | a get; a putter that leaves more; `close` |
//! | joiner | `all_done` | as many tasks are done as were put | the last `task_done`; `close` that drains; a joiner |
//!
//! I1  Whoever makes one of these true stores that first, then wakes one: however many may go on, each wakes the next.
//! I2  One who has been in [`Sleepers::sleep`] and leaves the thing true, be it by a panic of the items' code, wakes
//!     the next (I3 of that module): its mark may have kept a wake from another, or brought another to sleep past one.
//! I3  `closed` goes from 0 to 1, once, under all of the buffer's locks; so whoever holds one of them knows for sure.
//!
//! # Order
//!
//! The words of [`Flow`] publish nothing: items and tasks travel by the buffer's locks and positions.

use crate::sys::atomic::Ordering::Relaxed;
use core::fmt;
use std::vec;

use super::Sleepers;
use crate::sys::atomic::AtomicU32;
use crate::sys::{Deadline, Private, Scope, const_fn};

pub mod passage;

pub use passage::Passage;
use passage::{Role, Waiter};

/// Why nothing was put or got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No room, or no item; with a deadline: not until then.
    NotNow,
    /// The buffer is closed; for a getter: and empty.
    Closed,
}

/// More tasks were to be marked done than items were put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTaskDone;

/// The sleepers of a buffer, and whether it is closed. Nobody writes here in the steady state.
#[repr(C)]
#[derive(Debug)]
pub struct Flow<S: Scope = Private> {
    not_empty: Sleepers<S>,
    not_full: Sleepers<S>,
    all_done: Sleepers<S>,
    closed: AtomicU32,
}

impl Flow {
    const_fn! {
        /// Nobody sleeps, open.
        pub(super) fn new() -> Self {
            Self { not_empty: Sleepers::new(), not_full: Sleepers::new(), all_done: Sleepers::new(), closed: AtomicU32::new(0) }
        }
    }
}

impl<S: Scope> Flow<S> {
    /// Items are there that were not.
    #[inline]
    #[cfg_attr(loom, track_caller)]
    pub(super) fn items_came(&self) {
        self.not_empty.wake();
    }

    /// There is room that was not.
    #[inline]
    #[cfg_attr(loom, track_caller)]
    pub(super) fn items_went(&self) {
        self.not_full.wake();
    }

    #[cfg_attr(loom, track_caller)]
    pub(super) fn all_is_done(&self) {
        self.all_done.wake_all();
    }

    /// Whether the buffer is closed: for sure under one of its locks, else a moment ago.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: the lock orders it, or it is a snapshot.
        self.closed.load(Relaxed) != 0
    }

    /// Under all of the buffer's locks; [`wake_both`](Self::wake_both) is to follow, outside of them.
    pub(super) fn close(&self) {
        // Relaxed: as above.
        self.closed.store(1, Relaxed);
    }

    pub(super) fn wake_both(&self) {
        self.not_empty.wake_all();
        self.not_full.wake_all();
    }
}

/// Items on their way from those who put to those who get.
///
/// Everything before a put is visible after the get of its item, everything before a `task_done` after the join that
/// it lets go, and everything before the close to who is refused by it. A thread that waits looks for a few
/// microseconds, also for more than the one that it is after while more comes, and then sleeps. Newcomers may take an
/// item, or room, before one who was woken for it; sleepers are woken in the kernel's order.
pub trait Buffer {
    /// What passes through.
    type Item;
    /// Whose threads.
    type Scope: Scope;
    /// What [`room`](Self::room) gives.
    type Room<'a>: Room<Item = Self::Item>
    where
        Self: 'a;
    /// What [`stock`](Self::stock) gives.
    type Stock<'a>: Stock<Item = Self::Item>
    where
        Self: 'a;

    /// Who sleeps.
    fn flow(&self) -> &Flow<Self::Scope>;

    /// How many items there may be at a time.
    fn capacity(&self) -> usize;

    /// How many items there are, a moment ago; never more than [`capacity`](Self::capacity).
    fn qsize(&self) -> usize;

    /// The put side, locked, if there is room.
    fn room(&self) -> Result<Self::Room<'_>, Refused>;

    /// The get side, locked, if there is an item.
    fn stock(&self) -> Result<Self::Stock<'_>, Refused>;

    /// Marks one of the items that were put as done with, whoever got it, and even if nobody has yet.
    ///
    /// # Errors
    ///
    /// [`TooManyTaskDone`] if as many are marked as were put.
    fn task_done(&self) -> Result<(), TooManyTaskDone>;

    /// How many more were put than are done, a moment ago.
    fn unfinished(&self) -> u64;

    /// Whether as many are done as were put.
    fn is_all_done(&self) -> bool {
        self.unfinished() == 0
    }

    /// Refuses puts from now on, and gets once it is empty. `immediate` empties it: the items come back, and count as
    /// done. May be called again.
    fn close(&self, immediate: bool) -> Vec<Self::Item>;

    /// Whether it was closed, a moment ago.
    fn is_closed(&self) -> bool {
        self.flow().is_closed()
    }

    /// As [`room`](Self::room). Between processes it gives `NotNow` also if the side is held until `deadline`, as by
    /// one that was killed; between threads a side is held for a few steps.
    #[inline]
    fn room_by(&self, _deadline: Option<Deadline>) -> Result<Self::Room<'_>, Refused> {
        self.room()
    }

    /// As [`stock`](Self::stock), and as [`room_by`](Self::room_by).
    #[inline]
    fn stock_by(&self, _deadline: Option<Deadline>) -> Result<Self::Stock<'_>, Refused> {
        self.stock()
    }

    /// As [`room`](Self::room), waiting for it until `deadline`.
    #[inline]
    fn room_until(&self, deadline: Option<Deadline>) -> Result<Passage<'_, Self, Self::Room<'_>>, Refused> {
        match self.room_by(deadline) {
            Ok(side) => Ok(Passage::at_once(side)),
            Err(Refused::NotNow) => Waiter::new(self, Role::Putter).room(deadline),
            Err(why) => Err(why),
        }
    }

    /// As [`stock`](Self::stock), waiting for it until `deadline`.
    #[inline]
    fn stock_until(&self, deadline: Option<Deadline>) -> Result<Passage<'_, Self, Self::Stock<'_>>, Refused> {
        match self.stock_by(deadline) {
            Ok(side) => Ok(Passage::at_once(side)),
            Err(Refused::NotNow) => Waiter::new(self, Role::Getter).stock(deadline),
            Err(why) => Err(why),
        }
    }

    /// Puts `item` if there is room.
    #[inline]
    fn try_put(&self, item: Self::Item) -> Result<(), (Refused, Self::Item)> {
        match self.room() {
            Ok(room) => {
                room.put(item);
                Ok(())
            }
            Err(why) => Err((why, item)),
        }
    }

    /// Puts `item`, waiting for room until `deadline`.
    #[inline]
    fn put_until(&self, item: Self::Item, deadline: Option<Deadline>) -> Result<(), (Refused, Self::Item)> {
        match self.room_by(deadline) {
            Ok(room) => {
                room.put(item);
                Ok(())
            }
            Err(Refused::NotNow) => Waiter::new(self, Role::Putter).put(item, deadline),
            Err(Refused::Closed) => Err((Refused::Closed, item)),
        }
    }

    /// Puts all of `items`, in order, waiting for room until `deadline`. What could not be put comes back: the end of
    /// it.
    fn put_many_until(
        &self,
        items: Vec<Self::Item>,
        deadline: Option<Deadline>,
    ) -> Result<(), (Refused, Vec<Self::Item>)> {
        let mut items = items.into_iter();
        while items.len() != 0 {
            match self.room_until(deadline) {
                Ok(passage) => passage.put_many(&mut items),
                Err(why) => return Err((why, items.collect())),
            }
        }
        Ok(())
    }

    /// Gets an item if there is one.
    #[inline]
    fn try_get(&self) -> Result<Self::Item, Refused> {
        Ok(self.stock()?.get())
    }

    /// Gets an item, waiting for it until `deadline`.
    #[inline]
    fn get_until(&self, deadline: Option<Deadline>) -> Result<Self::Item, Refused> {
        match self.stock_by(deadline) {
            Ok(stock) => Ok(stock.get()),
            Err(Refused::NotNow) => Waiter::new(self, Role::Getter).get(deadline),
            Err(Refused::Closed) => Err(Refused::Closed),
        }
    }

    /// Gets what there is, at most `most` items (none if that is 0), waiting for the first until `deadline`.
    fn get_many_until(&self, most: usize, deadline: Option<Deadline>) -> Result<Vec<Self::Item>, Refused> {
        if most == 0 { Ok(Vec::new()) } else { Ok(self.stock_until(deadline)?.get_many(most)) }
    }

    /// Waits until every item that was put is done with, or gives `false` at `deadline`.
    fn join_until(&self, deadline: Option<Deadline>) -> bool {
        self.is_all_done() || Waiter::new(self, Role::Joiner).join(deadline)
    }
}

/// The put side of a buffer, locked, with room. To use it, or to drop it, releases the lock; be quick.
pub trait Room {
    /// What passes through.
    type Item;

    /// Puts `item`, straight into its place.
    fn put(self, item: Self::Item);

    /// Puts as many of `items`, which has some, as there is room for.
    fn put_many(self, items: &mut vec::IntoIter<Self::Item>);
}

/// The get side of a buffer, locked, with an item. To use it, or to drop it, releases the lock; be quick.
pub trait Stock {
    /// What passes through.
    type Item;

    /// Gets the next item.
    fn get(self) -> Self::Item;

    /// Gets what there is, at most `most`, which is not 0.
    fn get_many(self, most: usize) -> Vec<Self::Item>;
}

impl fmt::Display for TooManyTaskDone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("task_done called more often than items were put")
    }
}

impl core::error::Error for TooManyTaskDone {}
