//! What a [`Ring`](super::Ring) asks of the place where its items are, and the one that has them in place.

use core::fmt;
use core::mem::MaybeUninit;

use crate::sys::atomic::UnsafeCell;

/// A place for one item.
pub(super) type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// Slots in the order of positions, found by two cursors, one for each side of a ring.
///
/// # Safety
///
/// The n-th slot that [`to_get`](Self::to_get) gives is the n-th that [`to_put`](Self::to_put) gave. No two of
/// [`capacity`](Self::capacity) slots in a row are the same. The start of a cursor is its all-zero form. `to_put` and
/// `to_get` may run at the same time, in two threads: what they share they must share safely. Of each there is one call
/// at a time, and the next one may be in another thread.
pub unsafe trait Storage<T> {
    /// One side's place.
    type Cursor;
    /// What it has on the cache line of the put side's position.
    type Home;

    /// How many items there may be at a time.
    fn capacity(&self) -> u64;

    /// The next slot to be filled.
    ///
    /// # Safety
    ///
    /// One caller at a time, with the one put cursor, and only when there is room; what freed it is visible. The home
    /// is always the same, but moves with the storage.
    unsafe fn to_put<'a>(&'a self, home: &'a Self::Home, cursor: &mut Self::Cursor) -> &'a Slot<T>;

    /// The next slot to be emptied.
    ///
    /// # Safety
    ///
    /// One caller at a time, with the one get cursor, and only when there is an item; what put it is visible. The home
    /// is always the same, but moves with the storage.
    unsafe fn to_get<'a>(&'a self, home: &'a Self::Home, cursor: &mut Self::Cursor) -> &'a Slot<T>;

    /// Frees the memory.
    ///
    /// # Safety
    ///
    /// The cursors are those of this storage, which is not used again.
    unsafe fn free(&mut self, put: &Self::Cursor, get: &Self::Cursor);
}

/// `N` slots in place, without pointers: for a ring that lives in a mapping, where all-zero bytes are an empty one.
#[repr(C, align(128))]
pub struct Inline<T, const N: usize> {
    slots: [Slot<T>; N],
}

// SAFETY: both cursors go round the same slots, in the same order; there are `capacity` of them.
unsafe impl<T, const N: usize> Storage<T> for Inline<T, N> {
    type Cursor = u32;
    type Home = ();

    #[inline]
    fn capacity(&self) -> u64 {
        const { assert!(N != 0 && N as u64 <= u32::MAX as u64, "between 1 and u32::MAX slots") };
        N as u64
    }

    #[inline]
    unsafe fn to_put<'a>(&'a self, _: &'a (), cursor: &mut u32) -> &'a Slot<T> {
        let slot = &self.slots[*cursor as usize];
        *cursor = if *cursor as usize == N - 1 { 0 } else { *cursor + 1 };
        slot
    }

    #[inline]
    unsafe fn to_get<'a>(&'a self, home: &'a (), cursor: &mut u32) -> &'a Slot<T> {
        // SAFETY: by our caller; both sides step alike.
        unsafe { self.to_put(home, cursor) }
    }

    unsafe fn free(&mut self, _: &u32, _: &u32) {}
}

impl<T, const N: usize> fmt::Debug for Inline<T, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inline").field("capacity", &N).finish_non_exhaustive()
    }
}
