//! Where a [`Ring`](super::Ring) of one process keeps its items: on the heap, in segments that come and go.
//!
//! ```text
//!   get cursor                           put cursor
//!       ▼                                    ▼
//!   ┌─ segment ─┐ next  ┌─ segment ─┐ next ┌─ segment ─┐          spare: the last one emptied
//!   │ ░░░ x x x ├──────►│ x x x x x ├─────►│ x x ░ ░ ░ │          ┌─ segment ─┐
//!   └───────────┘       └───────────┘      └───────────┘          └───────────┘
//! ```
//!
//! The first segment has 8 slots, the second 64, all others 128, or less: what `MOST_BYTES` allow, and never more than
//! the ring's capacity. One that is as long as that has no next: both cursors go round in it. A full ring of 1024 has
//! 1096 slots when it is first filled, and 1152 while its items move on; segments of 512 were no faster.
//!
//! A ring of one slot has its item at [`Home`], if it fits there, and no segment. There each item must wait for the
//! cache lines of both positions to come over from the other CPU; a slot on a line of its own is a third, after the put
//! side's.
//!
//! I1  The put side links a next segment before it publishes the first item in it; the get side goes there only for
//!     such an item. So `first` and `next` are read after they were written, and nobody looks back at a segment that
//!     the get side has left.
//! I2  Only the get side sets `spare`, only the put side clears it; the swap gives the segment to one of them.
//!
//! A segment that is left takes the place of the spare, which is freed; a new one is the spare if that is as long as
//! wanted. So a queue in the steady state does not allocate, and after a burst all but two segments go back.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr;
use std::alloc::{alloc, dealloc, handle_alloc_error};

use super::storage::{Slot, Storage};
use crate::sys::atomic::{AtomicPtr, UnsafeCell, make_empty};
use crate::sys::const_fn;

/// The longest segment; the model's is short, to be crossed often.
const MOST_SLOTS: usize = if cfg!(any(loom, shuttle)) { 2 } else { 128 };
/// The longest segment of big items: there is always one slot.
const MOST_BYTES: usize = 16 * 1024;
/// The first segment's length, and by how much the next is longer.
const FIRST_SLOTS: usize = if cfg!(any(loom, shuttle)) { 2 } else { 8 };

/// Slots on the heap; `capacity` says only how many may be there, never how many are.
#[repr(C)]
pub struct Segments<T> {
    capacity: usize,
    first: AtomicPtr<Segment<T>>,
    spare: AtomicPtr<Segment<T>>,
}

/// A side's place in [`Segments`].
pub struct Cursor<T> {
    segment: *mut Segment<T>,
    /// Behind the segment's last slot.
    end: *mut Slot<T>,
    /// How many slots of the segment this side has still before it.
    left: usize,
}

/// A slot for an item of at most 56 bytes, aligned to 8 at most: together with a position that is a cache line.
#[repr(C)]
pub struct Home<T> {
    #[cfg(not(any(loom, shuttle)))]
    slot: Slot<[u64; 7]>,
    /// A model's cell is an object, of a type.
    #[cfg(any(loom, shuttle))]
    slot: Slot<T>,
    items: PhantomData<T>,
}

/// The head of an allocation that goes on with `length` slots.
#[repr(C)]
struct Segment<T> {
    next: AtomicPtr<Segment<T>>,
    length: usize,
    slots: [Slot<T>; 0],
}

impl<T> Home<T> {
    const FITS: bool = size_of::<Slot<T>>() <= size_of::<Self>() && align_of::<Slot<T>>() <= align_of::<Self>();

    const_fn! {
        /// Empty.
        pub(super) fn new() -> Self {
            Self { slot: UnsafeCell::new(MaybeUninit::uninit()), items: PhantomData }
        }
    }
}

impl<T> Segment<T> {
    const MOST: usize = {
        let fitting = MOST_BYTES / if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        if fitting == 0 {
            1
        } else if fitting < MOST_SLOTS {
            fitting
        } else {
            MOST_SLOTS
        }
    };

    fn layout(length: usize) -> Layout {
        let slots = Layout::array::<Slot<T>>(length);
        let whole = slots.and_then(|slots| Layout::new::<Self>().extend(slots));
        whole.expect("an item is as big as the address space").0.pad_to_align()
    }

    /// A segment with empty slots, built in place. Without memory the process is ended, as by `Box` and `Vec`.
    fn allocate(length: usize) -> *mut Self {
        let layout = Self::layout(length);
        // SAFETY: the layout has a head, so its size is not zero.
        let segment = unsafe { alloc(layout) }.cast::<Self>();
        if segment.is_null() {
            handle_alloc_error(layout);
        }
        let head = Self { next: AtomicPtr::new(ptr::null_mut()), length, slots: [] };
        // SAFETY: fresh memory, of this layout.
        unsafe { segment.write(head) };
        // SAFETY: allocated.
        let slots = unsafe { Self::slots(segment) };
        for index in 0..length {
            // SAFETY: the layout has `length` slots there.
            let slot = unsafe { slots.add(index) };
            // SAFETY: fresh memory, aligned by the layout.
            unsafe { make_empty(slot) };
        }
        segment
    }

    /// # Safety
    ///
    /// The segment is allocated, its slots hold nothing that is to be dropped, and nobody uses it any more.
    unsafe fn free(segment: *mut Self) {
        // SAFETY: allocated, by our caller.
        let layout = Self::layout(unsafe { (*segment).length });
        // SAFETY: the head is not used any more; slots need no drop.
        unsafe { ptr::drop_in_place(segment) };
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(segment.cast(), layout) };
    }

    /// # Safety
    ///
    /// The segment is allocated.
    unsafe fn slots(segment: *mut Self) -> *mut Slot<T> {
        // SAFETY: by our caller; no reference is made, so the pointer is good for the whole allocation.
        unsafe { &raw mut (*segment).slots }.cast()
    }
}

impl<T> Cursor<T> {
    /// Before the first segment.
    pub(super) const START: Self = Self { segment: ptr::null_mut(), end: ptr::null_mut(), left: 0 };

    /// # Safety
    ///
    /// The segment is allocated.
    unsafe fn enter(&mut self, segment: *mut Segment<T>) {
        // SAFETY: by our caller.
        let slots = unsafe { Segment::slots(segment) };
        // SAFETY: as above.
        let left = unsafe { (*segment).length };
        // SAFETY: the segment has so many.
        let end = unsafe { slots.add(left) };
        *self = Self { segment, end, left };
    }

    /// Enters the home, if an item fits there, for one step: after that the ring may move.
    fn stay(&mut self, home: &Home<T>) -> bool {
        if Home::<T>::FITS {
            let slot = ptr::from_ref(&home.slot).cast_mut().cast::<Slot<T>>();
            *self = Self { segment: ptr::null_mut(), end: slot.wrapping_add(1), left: 1 };
        }
        Home::<T>::FITS
    }

    /// # Safety
    ///
    /// `left` is not zero; the segment, or the home, outlives the use of the slot.
    #[inline]
    unsafe fn step<'a>(&mut self) -> &'a Slot<T> {
        // SAFETY: so many slots of the segment, or of the home, are before its end.
        let slot = unsafe { self.end.sub(self.left) };
        self.left -= 1;
        // SAFETY: a slot of the segment, made by `allocate`, or the home, which is one for any type that fits.
        unsafe { &*slot }
    }
}

impl<T> Segments<T> {
    const_fn! {
        /// No memory yet.
        pub(super) fn new(capacity: usize) -> Self {
            Self { capacity, first: AtomicPtr::new(ptr::null_mut()), spare: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// # Safety
    ///
    /// As for [`Storage::to_put`].
    #[cold]
    unsafe fn extend(&self, home: &Home<T>, cursor: &mut Cursor<T>) {
        if self.capacity == 1 && cursor.stay(home) {
            return;
        }
        let full = cursor.segment;
        let next = if full.is_null() {
            let first = Segment::allocate(FIRST_SLOTS.min(Segment::<T>::MOST).min(self.capacity));
            // Relaxed: published with the first item (I1).
            self.first.store(first, Relaxed);
            first
        } else {
            // SAFETY: the put side's own segment: the get side leaves it after the put side only.
            let length = unsafe { (*full).length };
            if length == self.capacity {
                full
            } else {
                let next = self.renew((length * FIRST_SLOTS).min(Segment::<T>::MOST).min(self.capacity));
                // Relaxed: published with the first item in `next` (I1).
                // SAFETY: as above.
                unsafe { &(*full).next }.store(next, Relaxed);
                next
            }
        };
        // SAFETY: allocated; its first slot is fresh, left by the get side, or free by our caller.
        unsafe { cursor.enter(next) };
    }

    fn renew(&self, length: usize) -> *mut Segment<T> {
        // Acquire: pairs with Release in `leave`; the get side's looks at the slots come before our writes.
        let spare = self.spare.swap(ptr::null_mut(), Acquire);
        if spare.is_null() {
            return Segment::allocate(length);
        }
        // SAFETY: the swap made it ours (I2).
        if unsafe { (*spare).length } == length {
            return spare;
        }
        // SAFETY: it is ours, and empty.
        unsafe { Segment::free(spare) };
        Segment::allocate(length)
    }

    /// # Safety
    ///
    /// As for [`Storage::to_get`].
    #[cold]
    unsafe fn leave(&self, home: &Home<T>, cursor: &mut Cursor<T>) {
        if self.capacity == 1 && cursor.stay(home) {
            return;
        }
        let empty = cursor.segment;
        // SAFETY: the get side's own segment.
        let next = if empty.is_null() {
            // Relaxed: published with the first item (I1).
            self.first.load(Relaxed)
        } else if unsafe { (*empty).length } == self.capacity {
            empty
        } else {
            // Relaxed: published with the first item in `next` (I1).
            // SAFETY: as above.
            let next = unsafe { &(*empty).next }.load(Relaxed);
            // SAFETY: linked before the item that we are after was published.
            let goes_round = unsafe { (*next).length } == self.capacity;
            // No segment is wanted after one that goes round.
            let (spare, waste) = if goes_round { (ptr::null_mut(), empty) } else { (empty, ptr::null_mut()) };
            // Release: pairs with Acquire in `renew`. What comes out was put there by the get side itself.
            for waste in [waste, self.spare.swap(spare, Release)] {
                if !waste.is_null() {
                    // SAFETY: the swap made it ours (I2), or it never was there, and it is empty.
                    unsafe { Segment::free(waste) };
                }
            }
            next
        };
        // SAFETY: allocated, and not left yet.
        unsafe { cursor.enter(next) };
    }
}

// SAFETY: the get cursor goes from `first` by the same links, in segments of the same lengths, as the put cursor did.
// The slots of one segment are different, so are those of two linked ones; a segment comes again, as its own next if it
// is as long as the capacity, or as the spare after the get side has left it. With the one slot at home it is always
// that.
unsafe impl<T> Storage<T> for Segments<T> {
    type Cursor = Cursor<T>;
    type Home = Home<T>;

    #[inline]
    fn capacity(&self) -> u64 {
        self.capacity as u64
    }

    #[inline]
    unsafe fn to_put<'a>(&'a self, home: &'a Home<T>, cursor: &mut Cursor<T>) -> &'a Slot<T> {
        if cursor.left == 0 {
            // SAFETY: by our caller.
            unsafe { self.extend(home, cursor) };
        }
        // SAFETY: there is one now; the home is borrowed, and a segment that the put side is in is not freed.
        unsafe { cursor.step() }
    }

    #[inline]
    unsafe fn to_get<'a>(&'a self, home: &'a Home<T>, cursor: &mut Cursor<T>) -> &'a Slot<T> {
        if cursor.left == 0 {
            // SAFETY: by our caller.
            unsafe { self.leave(home, cursor) };
        }
        // SAFETY: there is one now; the home is borrowed, and a segment that the get side is in is not freed.
        unsafe { cursor.step() }
    }

    unsafe fn free(&mut self, put: &Cursor<T>, get: &Cursor<T>) {
        // Relaxed: nobody else is left.
        let mut segment = if get.segment.is_null() { self.first.load(Relaxed) } else { get.segment };
        while !segment.is_null() {
            let last = segment == put.segment;
            // Relaxed: as above.
            // SAFETY: allocated, and not left by the get side.
            let next = unsafe { &(*segment).next }.load(Relaxed);
            // SAFETY: nobody uses the storage any more.
            unsafe { Segment::free(segment) };
            segment = if last { ptr::null_mut() } else { next };
        }
        // Relaxed: as above.
        let spare = self.spare.swap(ptr::null_mut(), Relaxed);
        if !spare.is_null() {
            // SAFETY: as above.
            unsafe { Segment::free(spare) };
        }
    }
}

impl<T> fmt::Debug for Segments<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Segments").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Home<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Home").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Cursor<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cursor").field("left", &self.left).finish_non_exhaustive()
    }
}
