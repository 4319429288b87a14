//! The two sides of a [`Ring`], each locked and with what it takes for a put or a get.

use crate::sys::atomic::Ordering::Release;
use core::fmt;
use std::vec;

use super::super::{BiasedLock, Guard, Room, Stock, Storage};
use super::{Ring, Side};
use crate::sys::Scope;

/// What [`Ring`] has for a [`Room`].
///
/// Over [`Segments`](crate::raw::Segments) it stays in its thread: it holds its side's place there, which is pointers.
///
/// ```compile_fail,E0277
/// use underthread::raw::{Buffer, Ring};
///
/// fn send<T: Send>(_: T) {}
/// let ring = Ring::<u8>::new(1);
/// send(ring.room().ok());
/// ```
#[must_use = "the lock is released at once if the side is not kept"]
pub struct RingRoom<'a, T, M: Storage<T>, S: Scope> {
    pub(super) ring: &'a Ring<T, M, S>,
    pub(super) put: Guard<'a, BiasedLock<S>, Side<M::Cursor>>,
}

/// What [`Ring`] has for a [`Stock`].
///
/// Over [`Segments`](crate::raw::Segments) it stays in its thread: it holds its side's place there, which is pointers.
///
/// ```compile_fail,E0277
/// use underthread::raw::{Buffer, Ring};
///
/// fn send<T: Send>(_: T) {}
/// let ring = Ring::<u8>::new(1);
/// send(ring.stock().ok());
/// ```
#[must_use = "the lock is released at once if the side is not kept"]
pub struct RingStock<'a, T, M: Storage<T>, S: Scope> {
    pub(super) ring: &'a Ring<T, M, S>,
    pub(super) get: Guard<'a, BiasedLock<S>, Side<M::Cursor>>,
}

impl<T, M: Storage<T>, S: Scope> Room for RingRoom<'_, T, M, S> {
    type Item = T;

    #[inline]
    fn put(mut self, item: T) {
        // SAFETY: made only where there is room, and used up here.
        unsafe { self.ring.fill(&mut self.put, item) };
        self.ring.filled(self.put);
    }

    fn put_many(mut self, items: &mut vec::IntoIter<T>) {
        while items.len() != 0 && self.ring.has_room(&mut self.put) {
            let Some(item) = items.next() else { break };
            // SAFETY: there is room, by the line above.
            unsafe { self.ring.fill(&mut self.put, item) };
        }
        self.ring.filled(self.put);
    }
}

impl<T, M: Storage<T>, S: Scope> Stock for RingStock<'_, T, M, S> {
    type Item = T;

    #[inline]
    fn get(mut self) -> T {
        let Ring { put, store, .. } = self.ring;
        // SAFETY: made only where there is an item, and used up here.
        let item = unsafe { Ring::<T, M, S>::take(store, &put.home, &mut self.get) };
        // Release: pairs with Acquire in `has_room`.
        self.ring.get.position.store(self.get.position, Release);
        drop(self.get);
        self.ring.flow.items_went();
        item
    }

    fn get_many(mut self, most: usize) -> Vec<T> {
        let items = self.ring.take_many(&mut self.get, most);
        drop(self.get);
        self.ring.flow.items_went();
        items
    }
}

impl<T, M: Storage<T>, S: Scope> fmt::Debug for RingRoom<'_, T, M, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RingRoom").field(self.ring).finish()
    }
}

impl<T, M: Storage<T>, S: Scope> fmt::Debug for RingStock<'_, T, M, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RingStock").field(self.ring).finish()
    }
}
