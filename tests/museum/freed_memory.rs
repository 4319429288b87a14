//! Museum, section 1: memory that is touched after the step that lets another free it.
//!
//! Such a touch goes unnoticed as long as the memory is still there. So the child that runs the scenario has an
//! allocator that gives each allocation pages of its own and, once it is freed, takes all rights to them away, for
//! good: a touch ends the child by a signal.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use underthread::queue::Queue;
use underthread::raw::{Buffer, Options, Ring, start_joinable_thread};
use underthread::threading::{self, Event, Local, Thread, Timer};

use crate::support::{rerun, watched};

struct Fenced;

#[global_allocator]
static ALLOCATOR: Fenced = Fenced;

const PAGE: usize = 4096;
const SPACE: usize = 1 << 36;

/// Where the pages begin; 0 until [`fence`].
static BASE: AtomicUsize = AtomicUsize::new(0);
static USED: AtomicUsize = AtomicUsize::new(0);
static FREED: AtomicUsize = AtomicUsize::new(0);

fn pages(layout: Layout) -> usize {
    layout.size().max(1).next_multiple_of(PAGE)
}

/// From here on, memory is fenced.
fn fence() {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    // SAFETY: a fresh anonymous mapping, of no fixed address.
    let space = unsafe { libc::mmap(ptr::null_mut(), SPACE, protection, flags, -1, 0) };
    assert_ne!(space, libc::MAP_FAILED);
    BASE.store(space.addr(), SeqCst);
}

// SAFETY: the system's; once fenced, pages that are given once.
unsafe impl GlobalAlloc for Fenced {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = BASE.load(SeqCst);
        if base == 0 || layout.align() > PAGE {
            // SAFETY: by our caller.
            return unsafe { System.alloc(layout) };
        }
        let offset = USED.fetch_add(pages(layout), SeqCst);
        assert!(offset + pages(layout) <= SPACE);
        ptr::with_exposed_provenance_mut(base + offset)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let base = BASE.load(SeqCst);
        if base == 0 || !(base..base + SPACE).contains(&memory.addr()) {
            // SAFETY: by our caller; it came from there.
            return unsafe { System.dealloc(memory, layout) };
        }
        FREED.fetch_add(1, SeqCst);
        // SAFETY: pages of this allocation alone, which is not used any more.
        assert_eq!(unsafe { libc::mprotect(memory.cast(), pages(layout), libc::PROT_NONE) }, 0);
    }
}

/// In the parent: that a fenced child which runs the test alone comes to its end. In the child: true.
fn is_fenced(test: &str) -> bool {
    const CHILD: &str = "UNDERTHREAD_MUSEUM_FENCE";
    if std::env::var_os(CHILD).is_some() {
        fence();
        return true;
    }
    let output = watched(|| rerun(&format!("freed_memory::{test}"), CHILD));
    assert!(output.status.success(), "{output:?}");
    false
}

/// Of the fence itself: what is freed cannot be touched.
#[test]
fn the_fence_stops_a_touch() {
    const CHILD: &str = "UNDERTHREAD_MUSEUM_TOUCH";
    if std::env::var_os(CHILD).is_some() {
        fence();
        let freed = ptr::from_ref(&*std::hint::black_box(Box::new(7)));
        // SAFETY: none: that is what the fence is for.
        println!("{}", unsafe { freed.read_volatile() });
        return;
    }
    let output = rerun("freed_memory::the_fence_stops_a_touch", CHILD);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(libc::SIGSEGV), "{output:?}");
}

/// M02 and M05, std's scoped threads (<https://github.com/rust-lang/rust/issues/98498>) and a wait group
/// (<https://github.com/oven-sh/bun/pull/38330>): the last worker counted down, and then used memory that the one it
/// released had left. Here a thread holds what it ends with by a count of its own.
#[test]
fn a_thread_touches_nothing_that_was_freed_once_it_was_found_done() {
    if !is_fenced("a_thread_touches_nothing_that_was_freed_once_it_was_found_done") {
        return;
    }
    for round in 0..500 {
        let handle = start_joinable_thread(Options::new().name("short"), || ()).unwrap();
        match round % 3 {
            0 => {
                while !handle.is_done() {
                    std::thread::yield_now();
                }
            }
            1 => assert_eq!(handle.join_until(underthread::raw::Deadline::after(Duration::from_secs(60))), Ok(true)),
            _ => {}
        }
        // The record with it, if the thread has let go of its own.
        drop(handle);
    }
    for round in 0..200 {
        let borrowed = Box::new(AtomicU32::new(0));
        threading::scope(|s| {
            let thread = s.start(|| borrowed.fetch_add(1, SeqCst)).unwrap();
            if round % 2 == 0 {
                drop(thread);
            } else {
                thread.into_result().unwrap();
            }
        });
        assert_eq!(Box::leak(borrowed).load(SeqCst), 1);
    }
    assert!(FREED.load(SeqCst) > 1000);
}

/// M04, kanal (<https://github.com/fereidani/kanal/issues/4>): a sender marked the signal done, and then unparked
/// through a handle that lay in the receiver's frame. Here a wake goes by address, and is the last there is.
#[test]
fn whoever_is_released_last_may_free_all_of_it() {
    if !is_fenced("whoever_is_released_last_may_free_all_of_it") {
        return;
    }
    static LOCAL: Local<Box<u32>> = Local::new(|| Box::new(3));
    let started = |f: Box<dyn FnOnce() + Send>| {
        let thread = Thread::new(f);
        thread.start().unwrap();
        thread
    };
    for _ in 0..100 {
        // The last handle of each goes in either thread.
        let event = Arc::new(Event::new());
        let own = Arc::clone(&event);
        let setter = started(Box::new(move || own.set()));
        event.wait();
        drop(event);
        drop(setter);

        let queue = Arc::new(Queue::new(1));
        let own = Arc::clone(&queue);
        let putter = started(Box::new(move || own.put_many((0..5).map(Box::new)).unwrap()));
        (0..5).for_each(|item| assert_eq!(*queue.get().unwrap(), item));
        drop(queue);
        drop(putter);

        let timer = Timer::new(Duration::from_secs(3600), || ());
        timer.start().unwrap();
        assert!(timer.cancel());
        drop(timer);
        let called = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&called);
        let timer = Timer::new(Duration::ZERO, move || own.store(LOCAL.with(|value| **value) == 3, SeqCst));
        timer.start().unwrap();
        timer.join().unwrap();
        assert!(called.load(SeqCst));
    }
}

/// M34 beside the model: segments that are left, kept as a spare, taken again and freed, while the other side goes on.
#[test]
fn no_segment_is_touched_after_it_was_freed() {
    if !is_fenced("no_segment_is_touched_after_it_was_freed") {
        return;
    }
    for (capacity, immediate) in [(1, false), (40, false), (40, true), (usize::MAX, false), (usize::MAX, true)] {
        let ring = Ring::new(capacity);
        std::thread::scope(|scope| {
            // It ends with what it has at the close.
            scope.spawn(|| (0..3000).all(|item| ring.put_until(Box::new(item), None).is_ok()));
            for item in 0..1500 {
                assert_eq!(*ring.get_until(None).unwrap(), item);
            }
            drop(ring.close(immediate));
        });
    }
}
