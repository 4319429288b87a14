//! `threading::Barrier`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use underthread::threading::{Barrier, BrokenBarrier};

use crate::support::watched;

const PARTIES: u32 = 4;

/// What `wait` gives to each of `parties` threads.
fn all_wait(barrier: &Barrier, parties: u32) -> Vec<Result<u32, BrokenBarrier>> {
    watched(|| {
        crate::support::scope(|scope| {
            let threads: Vec<_> = (0..parties).map(|_| scope.spawn(|| barrier.wait())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    })
}

fn until_waiting(barrier: &Barrier, count: u32) {
    while barrier.n_waiting() != count {
        std::thread::yield_now();
    }
}

#[test]
fn the_places_of_a_cycle_are_distinct() {
    static BARRIER: Barrier = Barrier::new(PARTIES);
    for _ in 0..50 {
        let mut places = all_wait(&BARRIER, PARTIES);
        places.sort_by_key(|place| place.unwrap());
        assert_eq!(places, (0..PARTIES).map(Ok).collect::<Vec<_>>());
    }
    assert_eq!((BARRIER.parties(), BARRIER.n_waiting(), BARRIER.broken()), (PARTIES, 0, false));
}

#[test]
fn one_party_never_waits() {
    let barrier = Barrier::new(1);
    assert_eq!([(); 3].map(|()| barrier.wait()), [Ok(0); 3]);
}

#[test]
#[should_panic(expected = "a barrier for nobody")]
fn a_barrier_for_nobody_panics() {
    let _ = Barrier::new(0);
}

#[test]
fn the_action_runs_once_a_cycle_before_anyone_leaves() {
    let runs = Arc::new(AtomicU32::new(0));
    let barrier = Barrier::new(PARTIES).action({
        let (runs, mut count) = (runs.clone(), 0);
        move || {
            count += 1;
            runs.store(count, Relaxed);
        }
    });
    for round in 1..=50 {
        assert!(all_wait(&barrier, PARTIES).iter().all(Result::is_ok));
        assert_eq!(runs.load(Relaxed), round);
    }
}

#[test]
fn a_panic_of_the_action_breaks_the_barrier_until_it_is_reset() {
    let mut first = true;
    let barrier = Barrier::new(2).action(move || assert!(!std::mem::replace(&mut first, false), "on purpose"));
    watched(|| {
        crate::support::scope(|scope| {
            let other = scope.spawn(|| barrier.wait());
            until_waiting(&barrier, 1);
            assert!(catch_unwind(AssertUnwindSafe(|| barrier.wait())).is_err());
            assert_eq!(other.join().unwrap(), Err(BrokenBarrier));
        });
    });
    assert!(barrier.broken());
    assert_eq!(barrier.wait(), Err(BrokenBarrier));
    barrier.reset();
    assert!(all_wait(&barrier, 2).iter().all(Result::is_ok));
}

#[test]
fn an_abort_fails_for_all_present_and_to_come() {
    let barrier = Barrier::new(3);
    watched(|| {
        crate::support::scope(|scope| {
            let others = [(); 2].map(|()| scope.spawn(|| barrier.wait()));
            until_waiting(&barrier, 2);
            barrier.abort();
            assert!(others.into_iter().all(|other| other.join().unwrap() == Err(BrokenBarrier)));
        });
    });
    assert!(barrier.broken() && barrier.wait() == Err(BrokenBarrier));
}

#[test]
fn a_reset_fails_for_those_inside_and_leaves_it_usable() {
    let barrier = Barrier::new(3);
    watched(|| {
        crate::support::scope(|scope| {
            let others = [(); 2].map(|()| scope.spawn(|| barrier.wait()));
            until_waiting(&barrier, 2);
            barrier.reset();
            assert!(others.into_iter().all(|other| other.join().unwrap() == Err(BrokenBarrier)));
        });
    });
    barrier.reset();
    assert!(!barrier.broken());
    assert!(all_wait(&barrier, 3).iter().all(Result::is_ok));
}

#[test]
fn an_abort_and_a_reset_repair() {
    let barrier = Barrier::new(2);
    barrier.abort();
    assert_eq!(all_wait(&barrier, 2), [Err(BrokenBarrier); 2]);
    barrier.reset();
    assert!(all_wait(&barrier, 2).iter().all(Result::is_ok));
}

#[test]
fn a_timeout_breaks_it_for_all() {
    let barrier = Barrier::new(3);
    let start = Instant::now();
    watched(|| {
        crate::support::scope(|scope| {
            let other = scope.spawn(|| barrier.wait());
            assert_eq!(barrier.wait_timeout(Duration::from_millis(20)), Err(BrokenBarrier));
            assert!(start.elapsed() >= Duration::from_millis(20));
            assert_eq!(other.join().unwrap(), Err(BrokenBarrier));
        });
    });
    assert!(barrier.broken());
}

#[test]
fn its_own_timeout_is_for_wait_and_can_be_overridden() {
    let barrier = Barrier::new(2).timeout(Duration::from_millis(20));
    let start = Instant::now();
    assert_eq!(barrier.wait(), Err(BrokenBarrier));
    assert!(start.elapsed() >= Duration::from_millis(20));
    barrier.reset();
    watched(|| {
        crate::support::scope(|scope| {
            let other = scope.spawn(|| barrier.wait_timeout(Duration::MAX));
            until_waiting(&barrier, 1);
            assert_eq!(barrier.wait_timeout(Duration::ZERO), Ok(1));
            assert_eq!(other.join().unwrap(), Ok(0));
        });
    });
}

#[test]
fn an_action_may_look_abort_and_reset() {
    let barrier = Arc::new_cyclic(|weak: &std::sync::Weak<Barrier>| {
        let weak = weak.clone();
        Barrier::new(1).action(move || {
            let barrier = weak.upgrade().unwrap();
            barrier.reset();
            assert_eq!((barrier.n_waiting(), barrier.broken()), (0, false));
            barrier.abort();
        })
    });
    watched(|| assert_eq!(barrier.wait(), Err(BrokenBarrier)));
    assert!(barrier.broken());
}

#[test]
fn shows_its_state_and_may_be_shared() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let barrier = Barrier::new(2).action(|| ());
    shared(&barrier);
    assert_eq!(format!("{barrier:?}"), "Barrier { parties: 2, status: filling, inside: 0 }");
    assert_eq!(BrokenBarrier.to_string(), "the barrier is broken, or the wait took too long");
}

/// Asks the barrier whenever it is written to.
struct Asks<'a>(&'a Barrier, String);

impl std::fmt::Write for Asks<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.1.push_str(text);
        assert_eq!(self.0.n_waiting(), 0);
        Ok(())
    }
}

#[test]
fn debug_writes_without_the_lock() {
    watched(|| {
        let barrier = Barrier::new(2);
        let mut asks = Asks(&barrier, String::new());
        std::fmt::write(&mut asks, format_args!("{barrier:?}")).unwrap();
        assert!(asks.1.contains("filling"));
    });
}

#[test]
fn a_shared_primitive_may_be_used_in_catch_unwind() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn safe<T: UnwindSafe + RefUnwindSafe>() {}
    safe::<underthread::threading::Event>();
    safe::<underthread::threading::Semaphore>();
    safe::<underthread::threading::BoundedSemaphore>();
    let barrier = Barrier::new(1).action(|| panic!("on purpose"));
    drop(catch_unwind(|| barrier.wait()).unwrap_err());
    assert!(barrier.broken());
    barrier.reset();
    assert!(!barrier.broken());
}
