//! What every queue has in common: who waits for whom. A [`Buffer`] says how items go in and out under its own locks;
//! waiting for room, for items and for the end of all tasks is written here, once.
//!
//! | who | sleeps in | until | and is woken by |
//! |---|---|---|---|
//! | getter | `not_empty` | there is an item, or closed | a put; a getter that leaves more; `close` |
//! | putter | `not_full` | there is room, or closed | a get; a putter that leaves more; `close` |
//! | joiner | `all_done` | as many tasks are done as were put | the last `task_done`; `close` that drains; a joiner |
//!
//! I1  Whoever makes one of these true stores that first, then wakes.
//! I2  One who has been in [`Sleepers::sleep`] and leaves the thing true wakes the next (I3 of that module): its mark may
//!     have kept a wake from another, or brought another to sleep past one.
//! I3  `closed` goes from 0 to 1, once, under all of the buffer's locks; so whoever holds one of them knows for sure.
//!
//! # Order
//!
//! The words of [`Flow`] publish nothing: items and tasks travel by the buffer's locks and positions.

use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

use super::{Sleepers, spin};
use crate::sys::atomic::AtomicU32;
use crate::sys::{Deadline, Private, Scope, const_fn};

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
    /// `count` items are there that were not.
    #[inline]
    pub(super) fn items_came(&self, count: u64) {
        self.not_empty.wake(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// There is room for `count` items more.
    #[inline]
    pub(super) fn items_went(&self, count: u64) {
        self.not_full.wake(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(super) fn all_is_done(&self) {
        self.all_done.wake(u32::MAX);
    }

    /// Whether the buffer is closed: for sure under one of its locks, else a moment ago.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        // Relaxed: the lock orders it, or it is a snapshot.
        self.closed.load(Relaxed) != 0
    }

    /// Under all of the buffer's locks; [`wake_all`](Self::wake_all) is to follow, outside of them.
    pub(super) fn close(&self) {
        // Relaxed: as above.
        self.closed.store(1, Relaxed);
    }

    pub(super) fn wake_all(&self) {
        self.not_empty.wake(u32::MAX);
        self.not_full.wake(u32::MAX);
    }
}

/// Items on their way from those who put to those who get.
///
/// Everything before a put is visible after the get of its item, everything before a `task_done` after the join that
/// it lets go, and everything before the close to who is refused by it. A thread that waits spins for about a
/// microsecond and then sleeps. Newcomers may take an item, or room, before one who was woken for it; sleepers are woken
/// in the kernel's order.
pub trait Buffer {
    /// What passes through.
    type Item;
    /// Whose threads.
    type Scope: Scope;

    /// Who sleeps.
    fn flow(&self) -> &Flow<Self::Scope>;

    /// How many items there may be at a time.
    fn capacity(&self) -> usize;

    /// How many items there are, a moment ago; never more than [`capacity`](Self::capacity).
    fn qsize(&self) -> usize;

    /// Puts as many as there is room for, at least one, under one locking. `items` has some, and is no user's code.
    fn put_some(&self, items: &mut impl ExactSizeIterator<Item = Self::Item>) -> Result<(), Refused>;

    /// Gets at most `most`, at least one, under one locking. `keep` is no user's code.
    fn get_some(&self, most: usize, keep: impl FnMut(Self::Item)) -> Result<(), Refused>;

    /// Marks one of the items that were put as done with, whoever got it, and even if nobody has yet.
    ///
    /// # Errors
    ///
    /// [`TooManyTaskDone`] if as many are marked as were put.
    fn task_done(&self) -> Result<(), TooManyTaskDone>;

    /// Whether as many are done as were put.
    fn is_all_done(&self) -> bool;

    /// Refuses puts from now on, and gets once it is empty. `immediate` empties it: the items come back, and count as
    /// done. May be called again.
    fn close(&self, immediate: bool) -> Vec<Self::Item>;

    /// Whether it was closed, a moment ago.
    fn is_closed(&self) -> bool {
        self.flow().is_closed()
    }

    /// Puts `item` if there is room.
    #[inline]
    fn try_put(&self, item: Self::Item) -> Result<(), (Refused, Self::Item)> {
        let mut one = Some(item).into_iter();
        let refused = self.put_some(&mut one);
        give_back(refused, one)
    }

    /// Puts `item`, waiting for room until `deadline`.
    #[inline]
    fn put_until(&self, item: Self::Item, deadline: Option<Deadline>) -> Result<(), (Refused, Self::Item)> {
        let mut one = Some(item).into_iter();
        let refused = self.put_some_until(&mut one, deadline);
        give_back(refused, one)
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
            if let Err(why) = self.put_some_until(&mut items, deadline) {
                return Err((why, items.collect()));
            }
        }
        Ok(())
    }

    /// Gets an item if there is one.
    #[inline]
    fn try_get(&self) -> Result<Self::Item, Refused> {
        let mut got = None;
        self.get_some(1, |item| got = Some(item))?;
        got.ok_or(Refused::NotNow)
    }

    /// Gets an item, waiting for it until `deadline`.
    #[inline]
    fn get_until(&self, deadline: Option<Deadline>) -> Result<Self::Item, Refused> {
        let mut got = None;
        self.get_some_until(1, |item| got = Some(item), deadline)?;
        got.ok_or(Refused::NotNow)
    }

    /// Gets what there is, at most `most` items (none if that is 0), waiting for the first until `deadline`.
    fn get_many_until(&self, most: usize, deadline: Option<Deadline>) -> Result<Vec<Self::Item>, Refused> {
        let mut got = Vec::new();
        if most != 0 {
            self.get_some_until(most, |item| got.push(item), deadline)?;
        }
        Ok(got)
    }

    /// Waits until every item that was put is done with, or gives `false` at `deadline`.
    fn join_until(&self, deadline: Option<Deadline>) -> bool {
        let done = || self.is_all_done().then_some(Ok(()));
        done().is_some() || sleep(&self.flow().all_done, u32::MAX, deadline, done, || true).is_ok()
    }

    /// As [`put_some`](Self::put_some), waiting for room.
    #[inline]
    fn put_some_until(
        &self,
        items: &mut impl ExactSizeIterator<Item = Self::Item>,
        deadline: Option<Deadline>,
    ) -> Result<(), Refused> {
        match self.put_some(items) {
            Err(Refused::NotNow) => {
                let ready = || self.is_closed() || self.qsize() < self.capacity();
                wait(&self.flow().not_full, deadline, || self.put_some(items), ready)
            }
            done => done,
        }
    }

    /// As [`get_some`](Self::get_some), waiting for an item.
    #[inline]
    fn get_some_until(
        &self,
        most: usize,
        mut keep: impl FnMut(Self::Item),
        deadline: Option<Deadline>,
    ) -> Result<(), Refused> {
        match self.get_some(most, &mut keep) {
            Err(Refused::NotNow) => {
                let ready = || self.is_closed() || self.qsize() != 0;
                wait(&self.flow().not_empty, deadline, || self.get_some(most, &mut keep), ready)
            }
            done => done,
        }
    }
}

#[inline]
fn give_back<T>(outcome: Result<(), Refused>, mut one: impl Iterator<Item = T>) -> Result<(), (Refused, T)> {
    match (outcome, one.next()) {
        (Err(why), Some(item)) => Err((why, item)),
        _ => Ok(()),
    }
}

/// Looks whether it is `ready` for a while, then sleeps.
#[cold]
fn wait<S: Scope>(
    sleepers: &Sleepers<S>,
    deadline: Option<Deadline>,
    mut attempt: impl FnMut() -> Result<(), Refused>,
    ready: impl Fn() -> bool,
) -> Result<(), Refused> {
    let mut attempt = || match attempt() {
        Err(Refused::NotNow) => None,
        done => Some(done),
    };
    let mut done = None;
    spin::until(|| {
        done = if ready() { attempt() } else { None };
        done.is_some()
    });
    done.unwrap_or_else(|| sleep(sleepers, 1, deadline, attempt, ready))
}

/// Sleeps until `attempt` gives something, and wakes `next` of the others if it is `ready` for them too (I2).
fn sleep<S: Scope>(
    sleepers: &Sleepers<S>,
    next: u32,
    deadline: Option<Deadline>,
    attempt: impl FnMut() -> Option<Result<(), Refused>>,
    ready: impl Fn() -> bool,
) -> Result<(), Refused> {
    let done = sleepers.sleep(deadline, false, attempt).taken.unwrap_or(Err(Refused::NotNow));
    match done {
        Ok(()) if ready() => sleepers.wake(next),
        Err(Refused::Closed) => sleepers.wake(u32::MAX),
        _ => {}
    }
    done
}

impl fmt::Display for TooManyTaskDone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("task_done called more often than items were put")
    }
}

impl core::error::Error for TooManyTaskDone {}
