//! How many bytes of heap are held, and how often some are asked for: the system's allocator, counted while somebody
//! asks.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed};

struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;
// Read by all and, while time is measured, written by nobody.
static ASKED: AtomicBool = AtomicBool::new(false);
static HELD: AtomicIsize = AtomicIsize::new(0);
static GIVEN: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: isize) {
    if ASKED.load(Relaxed) {
        HELD.fetch_add(bytes, Relaxed);
        GIVEN.fetch_add(usize::from(bytes > 0), Relaxed);
    }
}

// SAFETY: it is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: by our caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: by our caller.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: by our caller.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// What `make` made, and the bytes of heap that it holds, by then, for it.
pub fn held_by<R>(make: impl FnOnce() -> R) -> (R, f64) {
    let before = HELD.load(Relaxed);
    ASKED.store(true, Relaxed);
    let made = make();
    ASKED.store(false, Relaxed);
    (made, (HELD.load(Relaxed) - before) as f64)
}

/// How often memory was asked for while `f` ran.
pub fn allocations(f: impl FnOnce()) -> f64 {
    let before = GIVEN.load(Relaxed);
    held_by(f);
    (GIVEN.load(Relaxed) - before) as f64
}
