//! Waiting at a [`Buffer`]: how long to look before sleeping, and whom one wakes who leaves.
//!
//! One who finds no room, or no item, looks for a few microseconds before it sleeps, and while more comes, it goes on
//! to look until there is *enough*: a quarter of the capacity, at most `ENOUGH`. One that goes at the first sight of
//! one slot meets the other side there: from then on the two go in lockstep, and each item costs both the way of a
//! position from one CPU to the other. Lead in place of lockstep is the *temporal slipping* of Giacomoni, Moseley and
//! Vachharajani (*FastForward for Efficient Pipeline Parallelism*, PPoPP 2008).
//!
//! As soon as no more has come since the last look, or the looks are at their end, anything is enough. So nobody waits
//! for what may never come, and capacities below 8 know nothing of it. A getter's second look comes soon, as a lone
//! item is late by it: by about 0.1 µs. Who does not wait does not look, and who sleeps is woken for one.

use core::fmt;
use core::mem::replace;
use std::vec;

use super::super::{Sleepers, spin};
use super::{Buffer, Refused, Room, Stock};
use crate::sys::Deadline;
use crate::sys::atomic::spin_hint;

/// A [`Room`] or [`Stock`] that was perhaps waited for. One who has slept wakes the next when it is done with it.
#[must_use = "the lock is released at once if the side is not kept"]
pub struct Passage<'a, B: Buffer + ?Sized, G> {
    // In this order: the lock is released before the next is woken.
    side: G,
    slept: Option<Waiter<'a, B>>,
}

impl<B: Buffer + ?Sized, G> Passage<'_, B, G> {
    #[inline]
    pub(super) fn at_once(side: G) -> Self {
        Self { side, slept: None }
    }
}

impl<B: Buffer + ?Sized, G: Room> Passage<'_, B, G> {
    /// Puts `item`, straight into its place.
    #[inline]
    pub fn put(self, item: G::Item) {
        let Self { side, slept: _slept } = self;
        side.put(item);
    }

    /// Puts as many of `items`, which has some, as there is room for.
    pub fn put_many(self, items: &mut vec::IntoIter<G::Item>) {
        let Self { side, slept: _slept } = self;
        side.put_many(items);
    }
}

impl<B: Buffer + ?Sized, G: Stock> Passage<'_, B, G> {
    /// Gets the next item.
    #[inline]
    pub fn get(self) -> G::Item {
        let Self { side, slept: _slept } = self;
        side.get()
    }

    /// Gets what there is, at most `most`, which is not 0.
    pub fn get_many(self, most: usize) -> Vec<G::Item> {
        let Self { side, slept: _slept } = self;
        side.get_many(most)
    }
}

/// One who waits: when it leaves, also by a panic, and others may go on, it wakes one of them (I2 of the
/// [buffer](super)).
pub(super) struct Waiter<'a, B: Buffer + ?Sized> {
    buffer: &'a B,
    role: Role,
}

/// How much room, or how many items, are worth no further look: with 1 the streams of `cargo bench -- queue` over 1024
/// slots took more than twice as long, with 128 as long, with 256 longer from one thread to one.
const ENOUGH: usize = 64;
/// A getter's pauses between two looks at what grows: where one item is all that comes, it has them to wait for
/// nothing.
const BETWEEN: u32 = 3;

/// As what.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Putter,
    Getter,
    Joiner,
}

impl<'a, B: Buffer + ?Sized> Waiter<'a, B> {
    pub(super) fn new(buffer: &'a B, role: Role) -> Self {
        Self { buffer, role }
    }

    fn sleepers(&self) -> &'a Sleepers<B::Scope> {
        let flow = self.buffer.flow();
        match self.role {
            Role::Putter => &flow.not_full,
            Role::Getter => &flow.not_empty,
            Role::Joiner => &flow.all_done,
        }
    }

    /// How many may go on, a moment ago: a look, without a lock.
    fn at_hand(&self) -> usize {
        match self.role {
            Role::Joiner => usize::from(self.buffer.is_all_done()),
            _ if self.buffer.is_closed() => usize::MAX,
            Role::Putter => self.buffer.capacity() - self.buffer.qsize(),
            Role::Getter => self.buffer.qsize(),
        }
    }

    #[cold]
    pub(super) fn room(self, deadline: Option<Deadline>) -> Result<Passage<'a, B, B::Room<'a>>, Refused> {
        let buffer = self.buffer;
        self.wait(deadline, || buffer.room_by(deadline))
    }

    #[cold]
    pub(super) fn stock(self, deadline: Option<Deadline>) -> Result<Passage<'a, B, B::Stock<'a>>, Refused> {
        let buffer = self.buffer;
        self.wait(deadline, || buffer.stock_by(deadline))
    }

    /// Out of line, so that who need not wait carries nothing of it.
    #[cold]
    #[inline(never)]
    pub(super) fn put(self, item: B::Item, deadline: Option<Deadline>) -> Result<(), (Refused, B::Item)> {
        match self.room(deadline) {
            Ok(passage) => {
                passage.put(item);
                Ok(())
            }
            Err(why) => Err((why, item)),
        }
    }

    /// As [`put`](Self::put).
    #[cold]
    #[inline(never)]
    pub(super) fn get(self, deadline: Option<Deadline>) -> Result<B::Item, Refused> {
        Ok(self.stock(deadline)?.get())
    }

    /// Sleeps until all is done.
    pub(super) fn join(self, deadline: Option<Deadline>) -> bool {
        let turn = self.sleepers().sleep(deadline, false, || self.buffer.is_all_done().then_some(()));
        // For the look in `drop`.
        turn.fence::<B::Scope>();
        turn.came()
    }

    /// Looks for a while whether it may go on, then sleeps.
    fn wait<G>(
        self,
        deadline: Option<Deadline>,
        attempt: impl Fn() -> Result<G, Refused>,
    ) -> Result<Passage<'a, B, G>, Refused> {
        let attempt = || match attempt() {
            Err(Refused::NotNow) => None,
            done => Some(done),
        };
        let enough = ENOUGH.min(self.buffer.capacity() / 4);
        let hurried = matches!(self.role, Role::Getter);
        let (mut before, mut seen) = (0, 0);
        let mut done = None;
        spin::yielding(deadline, || {
            let mut grows = || {
                before = replace(&mut seen, self.at_hand());
                before < seen && seen < enough
            };
            let mut more = grows();
            while hurried && more {
                (0..BETWEEN).for_each(|_| spin_hint());
                more = grows();
            }
            done = if more || seen == 0 { None } else { attempt() };
            done.is_some()
        });
        if done.is_none() && seen != 0 {
            done = attempt();
        }
        let done = done.or_else(|| {
            let turn = self.sleepers().sleep(deadline, false, attempt);
            // For the look in `drop`.
            turn.fence::<B::Scope>();
            turn.taken
        });
        Ok(Passage { side: done.unwrap_or(Err(Refused::NotNow))?, slept: Some(self) })
    }
}

impl<B: Buffer + ?Sized> Drop for Waiter<'_, B> {
    #[cold]
    fn drop(&mut self) {
        if self.at_hand() != 0 {
            self.sleepers().wake();
        }
    }
}

impl<B: Buffer + ?Sized, G: fmt::Debug> fmt::Debug for Passage<'_, B, G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Passage").field("side", &self.side).field("slept", &self.slept.is_some()).finish()
    }
}
