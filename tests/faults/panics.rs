//! Panics in what the crate is given to call or to drop: what is reported, and what goes on.
//!
//! | given | goes on, and is tested in |
//! |---|---|
//! | a thread's closure | `threading/thread.rs`, `raw/thread.rs`; dropped unrun, or its captures: here |
//! | a thread's result, a panic's payload | here; `raw/thread.rs` |
//! | an excepthook | `threading/thread.rs`; what it writes, and its drop: here |
//! | a scope's body, its threads | `raw/thread.rs`, `threading/thread.rs` |
//! | a callback for the exit | `threading/exit.rs`; one whose payload cannot be dropped: here |
//! | an end (`raw::at_end`) | ends the process: here |
//! | a Barrier's action | `raw/barrier.rs`, `threading/barrier.rs` |
//! | a Timer's function | `threading/timer.rs`; dropped by `cancel`: here |
//! | a Condition's predicate | `threading/condition.rs` |
//! | a Local's initialiser | `threading/local.rs`; its values' drop: here |
//! | items' `Ord` | `queue/priority.rs` |
//! | items' drop, an iterator of items | `raw/ring.rs`; here |
//! | `Debug` of data under a lock | here |

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use underthread::queue::{LifoQueue, PriorityQueue, Queue};
use underthread::raw::{self, Buffer, Ring, at_end};
use underthread::threading::{
    Local, Lock, NoResult, RLock, Thread, Timer, active_count, register_atexit, set_excepthook,
};

use crate::child::{child, outcome_of};

/// Panics when it is dropped, the first time that one of its kind is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bomb(&'static str);

static DROPS: AtomicU32 = AtomicU32::new(0);

impl Drop for Bomb {
    fn drop(&mut self) {
        if DROPS.fetch_add(1, Relaxed) == 0 {
            panic!("{}", self.0);
        }
    }
}

fn panics<R>(body: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(body)) else { panic!("no panic") };
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref().map(|text: &&str| (*text).to_owned()))
        .unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stderr.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn what_a_thread_captures_may_panic_when_it_is_dropped() {
    child(|| {
        let alive = active_count();
        let bomb = Bomb("captured");
        let thread = Thread::new(move || drop(bomb));
        thread.start().unwrap();
        assert!(matches!(thread.into_result(), Err(NoResult::Panicked(_))));
        // One that is never started.
        DROPS.store(0, Relaxed);
        let bomb = Bomb("never run");
        let thread = Thread::new(move || drop(bomb));
        assert_eq!(panics(|| drop(thread)), "never run");
        assert_eq!(active_count(), alive);
    });
}

#[test]
fn a_result_that_nobody_takes_may_panic_when_it_is_dropped() {
    child(|| {
        let alive = active_count();
        let (say, hear) = std::sync::mpsc::channel::<()>();
        let thread = Thread::new(move || {
            hear.recv().unwrap_err();
            Bomb("result")
        });
        thread.start().unwrap();
        let (ident, listed) = (thread.ident(), underthread::threading::enumerate());
        let untyped = listed.iter().find(|listed| listed.ident() == ident).unwrap();
        // The thread's own is the last that knows of the result.
        drop(thread);
        drop(say);
        untyped.join().unwrap();
        assert_eq!((DROPS.load(Relaxed), untyped.is_alive(), active_count()), (1, false, alive));
    });
}

#[test]
fn an_excepthook_that_panics_is_named_and_the_thread_ends() {
    let output = outcome_of(|| {
        let bomb = Bomb("the hook's drop");
        set_excepthook(Some(Arc::new(move |args| {
            let _bomb = &bomb;
            if args.message() == Some("first") {
                panic_any(Bomb("the hook's payload"));
            }
        })));
        DROPS.store(0, Relaxed);
        let run = |message: &'static str| {
            let thread: Thread<()> = Thread::new(move || panic!("{message}")).name(message);
            thread.start().unwrap();
            assert!(matches!(thread.into_result(), Err(NoResult::Panicked(_))));
        };
        run("first");
        assert_eq!(DROPS.swap(0, Relaxed), 1);
        // The hook takes itself out: the thread that called it drops it.
        set_excepthook(Some(Arc::new({
            let hook = set_excepthook(None);
            move |_| {
                let _hook = &hook;
                drop(set_excepthook(None));
            }
        })));
        run("second");
        assert_eq!(DROPS.load(Relaxed), 1);
        run("third");
    });
    let lines = lines(&output);
    let own: Vec<_> = lines
        .iter()
        .filter(|line| {
            line.starts_with("thread first") || line.starts_with("thread second") || line.starts_with("thread third")
        })
        .collect();
    assert_eq!(output.status.code(), Some(42), "{lines:#?}");
    assert_eq!(
        own,
        [
            "thread first panicked, and then its excepthook: first",
            "thread second panicked, and then its excepthook: second",
            "thread third panicked: third",
        ]
    );
}

#[test]
fn a_callback_for_the_exit_with_a_payload_that_panics_keeps_nothing_back() {
    let output = outcome_of(|| {
        register_atexit(|| eprintln!("> older")).unwrap();
        register_atexit(|| panic_any(Bomb("payload"))).unwrap();
    });
    assert_eq!(output.status.code(), Some(42));
    assert!(lines(&output).contains(&"> older".to_owned()));
}

#[test]
fn an_end_that_panics_ends_the_process() {
    let output = outcome_of(|| {
        let end = || at_end(|| panic!("at the end"));
        raw::start_joinable_thread(raw::Options::new(), end).unwrap().join().unwrap();
    });
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    assert!(lines(&output).contains(&"at the end".to_owned()));
}

#[test]
fn a_timers_function_may_panic_when_it_is_dropped() {
    child(|| {
        let bomb = Bomb("cancelled");
        let timer = Timer::new(Duration::MAX, move || drop(bomb));
        timer.start().unwrap();
        assert_eq!(panics(|| timer.cancel()), "cancelled");
        timer.join().unwrap();
        assert!(timer.is_finished() && !timer.cancel());
    });
}

#[test]
fn a_value_of_a_local_may_panic_when_it_is_dropped() {
    child(|| {
        // With its object.
        let local = Local::new(|| Bomb("own"));
        let other = Local::new(|| 5);
        local.with(|_| other.with(|value| assert_eq!(*value, 5)));
        assert_eq!(panics(|| drop(local)), "own");
        other.with(|value| assert_eq!(*value, 5));
        // With its object, which another thread dropped: at this thread's next use of any.
        DROPS.store(0, Relaxed);
        let local = Local::new(|| Bomb("late"));
        local.with(|_| ());
        std::thread::scope(|scope| scope.spawn(|| drop(local)).join().unwrap());
        assert_eq!(panics(|| other.with(|_| ())), "late");
        other.with(|value| assert_eq!(*value, 5));
        assert_eq!(DROPS.load(Relaxed), 1);
    });
}

#[test]
fn a_value_of_a_local_that_panics_at_a_threads_end_ends_the_process() {
    let output = outcome_of(|| {
        static LOCAL: Local<Bomb> = Local::new(|| Bomb("at its end"));
        let thread = Thread::new(|| LOCAL.with(|_| ()));
        thread.start().unwrap();
        thread.join().unwrap();
    });
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    assert!(lines(&output).contains(&"at its end".to_owned()));
}

fn items_may_panic<B: Buffer<Item = Bomb>>(make: fn() -> underthread::queue::BaseQueue<B>) {
    let fill = |queue: &underthread::queue::BaseQueue<B>| {
        DROPS.store(1, Relaxed);
        (0..3).for_each(|_| queue.put(Bomb("item")).unwrap());
        DROPS.store(0, Relaxed);
    };
    // Each is dropped, whichever panics.
    let queue = make();
    fill(&queue);
    assert_eq!(panics(|| drop(queue)), "item");
    assert_eq!(DROPS.load(Relaxed), 3);
    // What is given back is the caller's to drop.
    let queue = make();
    fill(&queue);
    assert_eq!(panics(|| drop(queue.shutdown(true))), "item");
    assert_eq!((DROPS.load(Relaxed), queue.qsize(), queue.is_shutdown()), (3, 0, true));
    queue.join();
    DROPS.store(0, Relaxed);
    assert_eq!(panics(|| drop(queue.put(Bomb("refused")))), "refused");
    // An iterator is run to its end before anything is put.
    let queue = make();
    let three = ["a", "b", "c"].into_iter();
    assert_eq!(
        panics(|| queue.put_many(three.map(|name| if name == "c" { panic!("iterator") } else { Bomb(name) }))),
        "iterator"
    );
    assert_eq!((queue.qsize(), queue.task_done().is_err()), (0, true));
    queue.put(Bomb("item")).unwrap();
    assert_eq!(queue.get().unwrap().0, "item");
}

#[test]
fn items_may_panic_when_they_are_dropped_or_made() {
    child(|| {
        items_may_panic(|| Queue::new(3));
        items_may_panic(|| LifoQueue::new(3));
        items_may_panic(|| PriorityQueue::new(3));
    });
}

#[test]
fn two_items_that_panic_when_a_queue_is_dropped_end_the_process() {
    struct Each;
    impl Drop for Each {
        fn drop(&mut self) {
            panic!("item");
        }
    }
    let output = outcome_of(|| {
        let queue = Queue::new(0);
        (0..2).for_each(|_| queue.put(Each).unwrap());
        let _ = catch_unwind(AssertUnwindSafe(|| drop(queue)));
    });
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    assert_eq!(lines(&output).iter().filter(|line| *line == "item").count(), 2);
}

#[test]
fn a_panic_releases_a_side_of_a_ring() {
    child(|| {
        let ring = Ring::new(1);
        let aside = |side: &str| -> ! { panic!("with the {side} side") };
        assert_eq!(panics(|| ring.room().map(|_room| aside("put")).ok()), "with the put side");
        ring.try_put(1).unwrap();
        assert_eq!(panics(|| ring.stock_until(None).map(|_stock| aside("get")).ok()), "with the get side");
        assert_eq!(ring.try_get(), Ok(1));
    });
}

#[test]
fn data_that_cannot_be_shown_leaves_its_lock_free() {
    struct Unshowable;
    impl fmt::Debug for Unshowable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("not to be shown")
        }
    }
    child(|| {
        let (lock, rlock) = (Lock::new(Unshowable), RLock::new(Unshowable));
        assert_eq!(panics(|| format!("{lock:?}")), "not to be shown");
        assert_eq!(panics(|| format!("{rlock:?}")), "not to be shown");
        assert!(!lock.locked() && !rlock.locked());
    });
}
