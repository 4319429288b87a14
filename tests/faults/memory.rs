//! No memory left. That a start is refused and may be tried again is in `raw/thread.rs` and `threading/thread.rs`;
//! here are the starts above those, and what does not ask for memory, or ends the process where there is none.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use underthread::queue::{LifoQueue, Queue};
use underthread::raw::{self, Options};
use underthread::threading::{self, StartError, Thread, Timer, active_count, stack_size};

use crate::child::{child, outcome_of, show_nothing};
use crate::support::{AtEnd, HUGE_STACK, limit_address_space, set_address_space, without_room_for_stacks};
use crate::waits::until;
use crate::works::{Crew, FRUGAL};

thread_local! {
    static NONE_LEFT: Cell<bool> = const { Cell::new(false) };
    /// What the thread does when it next allocates.
    pub(crate) static AT_NEXT: Cell<Option<fn()>> = const { Cell::new(None) };
}

static HELD: AtomicBool = AtomicBool::new(false);

/// Has nothing for a thread that says so, unless it panics: without memory that would end the process as a put does.
struct Finite;

// SAFETY: the system's, or null.
unsafe impl GlobalAlloc for Finite {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(body) = AT_NEXT.take() {
            body();
        }
        if NONE_LEFT.get() && !thread::panicking() {
            return ptr::null_mut();
        }
        // SAFETY: by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: by our caller.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Finite = Finite;

fn without_memory<R>(body: impl FnOnce() -> R) -> R {
    // Also where the body panics.
    let _end = AtEnd(|| NONE_LEFT.set(false));
    NONE_LEFT.set(true);
    body()
}

/// Runs `body`, which is held where it first asks for memory, until [`let_go`].
pub(crate) fn held<R>(body: impl FnOnce() -> R) -> R {
    AT_NEXT.set(Some(|| {
        HELD.store(true, Relaxed);
        until(|| !HELD.load(Relaxed));
    }));
    body()
}

pub(crate) fn is_held() -> bool {
    HELD.load(Relaxed)
}

pub(crate) fn let_go() {
    HELD.store(false, Relaxed);
}

#[test]
fn nothing_but_queues_and_threads_asks_for_memory() {
    child(|| {
        for work in FRUGAL {
            show_nothing();
            work(&Crew { threads: 4, each: 300, around: &|_, body| without_memory(body) });
        }
    });
}

/// As Rust's collections do: the item is lost with the process, and no put can be half done.
fn a_put_ends_the_process(output: &std::process::Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
    assert!(said.contains("memory allocation of ") && said.contains("bytes failed"), "{said}");
    assert!(!said.contains("panicked at"), "{said}");
}

#[test]
fn a_put_for_which_there_is_no_memory_ends_the_process() {
    a_put_ends_the_process(&outcome_of(|| {
        let queue = Queue::new(0);
        without_memory(|| (0..1_000_000).for_each(|item| queue.put(item).unwrap()));
    }));
}

#[test]
fn a_put_to_a_stack_for_which_there_is_no_memory_ends_the_process() {
    a_put_ends_the_process(&outcome_of(|| {
        let queue = LifoQueue::new(0);
        without_memory(|| (0..1_000_000).for_each(|item| queue.put(item).unwrap()));
    }));
}

/// The segments are there once the most was in it.
#[test]
fn a_bounded_queue_that_was_full_once_needs_no_more_memory() {
    child(|| {
        let queue = Queue::new(100);
        let five_rounds = || {
            for _ in 0..5 {
                (0..100).for_each(|item| queue.put(item).unwrap());
                (0..100).for_each(|item| assert_eq!(queue.get(), Ok(item)));
            }
        };
        five_rounds();
        without_memory(five_rounds);
    });
}

#[test]
fn a_timer_whose_start_is_refused_may_be_started_again() {
    child(|| {
        stack_size(Some(HUGE_STACK)).unwrap();
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let timer = Timer::new(Duration::ZERO, || assert_eq!(CALLS.fetch_add(1, Relaxed), 0));
        for _ in 0..3 {
            assert!(matches!(without_room_for_stacks(|| timer.start()), Err(StartError::System(_))));
            assert!(!timer.is_finished());
        }
        timer.start().unwrap();
        timer.join().unwrap();
        assert!(timer.is_finished() && CALLS.load(Relaxed) == 1);
    });
}

#[test]
fn a_scope_in_which_a_start_is_refused_waits_for_the_others() {
    child(|| {
        stack_size(Some(HUGE_STACK)).unwrap();
        let (go, runs, alive) = (threading::Event::new(), AtomicU32::new(0), active_count());
        let run = || runs.fetch_add(1, Relaxed);
        threading::scope(|s| {
            // While it runs nobody gets its stack.
            s.start(|| {
                go.wait();
                run()
            })
            .unwrap();
            assert!(matches!(without_room_for_stacks(|| s.start(run)), Err(StartError::System(_))));
            go.set();
            s.start(run).unwrap();
        });
        raw::scope(|s| {
            // Larger than those that the system may have kept.
            let larger = || Options::new().stack_size(2 * HUGE_STACK);
            let refused = without_room_for_stacks(|| s.start(larger(), || _ = run())).unwrap_err();
            assert_eq!(refused.error.kind(), std::io::ErrorKind::WouldBlock);
            s.start(larger(), refused.f).unwrap();
        });
        assert_eq!((runs.load(Relaxed), active_count()), (3, alive));
    });
}

#[test]
fn starts_are_refused_one_by_one_and_go_on_when_threads_have_ended() {
    child(|| {
        // Room for some stacks of 256 MiB, and not for a hundred.
        let before = limit_address_space(4 << 30);
        let go = std::sync::Arc::new(threading::Event::new());
        let start = || {
            let go = go.clone();
            let thread = Thread::new(move || go.wait()).stack_size(256 << 20);
            thread.start().map(|()| thread)
        };
        let mut started = Vec::new();
        let refused = loop {
            match start() {
                Ok(thread) => started.push(thread),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, StartError::System(_)) && !started.is_empty() && started.len() < 100);
        go.set();
        started.iter().for_each(|thread| thread.join().unwrap());
        start().unwrap().join().unwrap();
        set_address_space(before);
    });
}
