//! A heap that counts, for the test crates that ask it.
#![allow(dead_code, unreachable_pub, reason = "each test crate uses a part, under its own path")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what the calling thread holds, and how often it allocates.
struct Counting;

thread_local! {
    /// Bytes that it has allocated and not freed.
    pub static HELD: Cell<isize> = const { Cell::new(0) };
    pub static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: the system's, with a count beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size() as isize);
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as isize);
        // SAFETY: by our caller.
        unsafe { System.dealloc(memory, layout) }
    }
}
