//! `raw::Barrier`.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use underthread::raw::{Barrier, BrokenBarrier, Deadline};
use underthread::sys::{Private, Scope, Shared};

use crate::support::{cpu_time, fork, shared_zeroed, watched};

fn wait<S: Scope>(barrier: &Barrier<S>) -> Result<u32, BrokenBarrier> {
    barrier.wait_until(None, || ())
}

/// Returns once so many wait.
fn until_waiting<S: Scope>(barrier: &Barrier<S>, count: u32) {
    while barrier.n_waiting() != count {
        std::thread::yield_now();
    }
}

/// The generation passes from its last value to 0 on the way, if the barrier began close to it.
fn cycles<S: Scope>(barrier: &Barrier<S>) {
    const ROUNDS: u32 = 500;
    let (parties, actions, arrivals) = (barrier.parties(), AtomicU32::new(0), AtomicU32::new(0));
    watched(|| {
        crate::support::scope(|scope| {
            for _ in 0..parties {
                scope.spawn(|| {
                    for round in 1..=ROUNDS {
                        arrivals.fetch_add(1, Relaxed);
                        let index = barrier.wait_until(None, || {
                            assert_eq!(arrivals.load(Relaxed), round * parties);
                            actions.fetch_add(1, Relaxed);
                        });
                        assert!(index.unwrap() < parties);
                        assert_eq!(actions.load(Relaxed), round);
                        wait(barrier).unwrap();
                    }
                });
            }
        });
    });
    assert_eq!((barrier.n_waiting(), barrier.broken()), (0, false));
}

#[test]
fn nobody_leaves_before_all_have_come_and_the_action_has_run() {
    cycles(&Barrier::new(1));
    cycles(&Barrier::new(4));
    cycles(&Barrier::<Private>::after(3, (1 << 30) - 500));
}

#[test]
fn nobody_leaves_before_all_have_come_and_the_action_has_run_shared() {
    cycles(&Barrier::shared(1));
    cycles(&Barrier::shared(4));
}

fn places<S: Scope>(barrier: &Barrier<S>) {
    watched(|| {
        crate::support::scope(|scope| {
            let others: Vec<_> = (0..3)
                .map(|place| {
                    until_waiting(barrier, place);
                    scope.spawn(|| wait(barrier))
                })
                .collect();
            until_waiting(barrier, 3);
            assert_eq!(wait(barrier), Ok(3));
            let places: Vec<_> = others.into_iter().map(|other| other.join().unwrap().unwrap()).collect();
            assert_eq!(places, [0, 1, 2]);
        });
    });
}

#[test]
fn the_places_are_the_order_of_arrival() {
    places(&Barrier::new(4));
}

#[test]
fn the_places_are_the_order_of_arrival_shared() {
    places(&Barrier::shared(4));
}

fn breaks<S: Scope>(barrier: &Barrier<S>, end: fn(&Barrier<S>), broken: bool) {
    watched(|| {
        crate::support::scope(|scope| {
            let others = [(); 2].map(|()| scope.spawn(|| wait(barrier)));
            until_waiting(barrier, 2);
            end(barrier);
            assert!(others.into_iter().all(|other| other.join().unwrap() == Err(BrokenBarrier)));
        });
        assert_eq!((barrier.broken(), barrier.n_waiting()), (broken, 0));
        if broken {
            assert_eq!(wait(barrier), Err(BrokenBarrier));
            barrier.reset();
            assert!(!barrier.broken());
        }
    });
    cycles(barrier);
}

fn panics<S: Scope>(barrier: &Barrier<S>) {
    let payload = catch_unwind(AssertUnwindSafe(|| barrier.wait_until(None, || panic!("on purpose")))).unwrap_err();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "on purpose");
}

fn times_out<S: Scope>(barrier: &Barrier<S>) {
    // As one of those inside, so with one more party than there are threads.
    let (start, cpu) = (Instant::now(), cpu_time());
    assert_eq!(barrier.wait_until(Deadline::after(Duration::from_millis(50)), || ()), Err(BrokenBarrier));
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert!(cpu_time() - cpu < Duration::from_millis(20));
}

#[test]
fn abort_reset_timeout_and_panic_fail_for_all_inside() {
    breaks(&Barrier::new(3), Barrier::abort, true);
    breaks(&Barrier::new(3), Barrier::reset, false);
    breaks(&Barrier::new(3), panics, true);
    breaks(&Barrier::new(4), times_out, true);
}

#[test]
fn abort_reset_timeout_and_panic_fail_for_all_inside_shared() {
    breaks(&Barrier::shared(3), Barrier::abort, true);
    breaks(&Barrier::shared(3), Barrier::reset, false);
    breaks(&Barrier::shared(3), panics, true);
    breaks(&Barrier::shared(4), times_out, true);
}

/// The waiter is likely to be still on its way out of the cycle when the abort comes, and the reset after it.
fn complete_cycles<S: Scope>(barrier: &Barrier<S>) {
    watched(|| {
        for _ in 0..300 {
            crate::support::scope(|scope| {
                let other = scope.spawn(|| wait(barrier));
                until_waiting(barrier, 1);
                assert_eq!(wait(barrier), Ok(1));
                barrier.abort();
                barrier.reset();
                assert_eq!(other.join().unwrap(), Ok(0));
            });
        }
    });
}

#[test]
fn an_abort_does_not_spoil_a_complete_cycle() {
    complete_cycles(&Barrier::new(2));
}

#[test]
fn an_abort_does_not_spoil_a_complete_cycle_shared() {
    complete_cycles(&Barrier::shared(2));
}

fn timeouts<S: Scope>(barrier: &Barrier<S>) {
    watched(|| {
        crate::support::scope(|scope| {
            let other = scope.spawn(|| barrier.wait_until(Deadline::after(Duration::MAX), || ()));
            until_waiting(barrier, 1);
            assert_eq!(barrier.wait_until(Deadline::after(Duration::ZERO), || ()), Ok(1), "the last waits for nobody");
            assert_eq!(other.join().unwrap(), Ok(0));
        });
        assert_eq!(barrier.wait_until(Deadline::after(Duration::ZERO), || ()), Err(BrokenBarrier));
        assert!(barrier.broken());
    });
}

#[test]
fn zero_and_endless_timeouts() {
    timeouts(&Barrier::new(2));
}

#[test]
fn zero_and_endless_timeouts_shared() {
    timeouts(&Barrier::shared(2));
}

/// While the action runs: a newcomer that cannot wait breaks nothing, a reset does nothing, an abort fails for all.
fn while_the_action_runs<S: Scope>(barrier: &Barrier<S>) {
    watched(|| {
        let result = barrier.wait_until(None, || {
            assert_eq!(barrier.wait_until(Deadline::after(Duration::from_millis(1)), || ()), Err(BrokenBarrier));
            barrier.reset();
            assert_eq!((barrier.broken(), barrier.n_waiting()), (false, 0));
        });
        assert_eq!(result, Ok(0));
        let result = barrier.wait_until(None, || {
            barrier.abort();
            barrier.reset();
            assert_eq!(barrier.wait_until(Deadline::after(Duration::from_millis(1)), || ()), Err(BrokenBarrier));
        });
        assert_eq!(result, Err(BrokenBarrier));
        assert_eq!(wait(barrier), Ok(0), "the reset is complete when the last has left");
    });
}

#[test]
fn an_action_may_use_the_barrier() {
    while_the_action_runs(&Barrier::new(1));
}

#[test]
fn an_action_may_use_the_barrier_shared() {
    while_the_action_runs(&Barrier::shared(1));
}

#[test]
fn zeroed_memory_is_a_barrier_for_one() {
    // SAFETY: all-zero bytes are a barrier for one.
    let barrier = unsafe { shared_zeroed::<Barrier<Shared>>() };
    assert_eq!((barrier.parties(), wait(barrier), wait(barrier)), (1, Ok(0), Ok(0)));
}

struct Place(UnsafeCell<Barrier<Shared>>);

// SAFETY: written before anybody else sees it.
unsafe impl Sync for Place {}

#[test]
fn two_processes_meet_in_shared_memory() {
    const ROUNDS: u32 = 1000;
    // SAFETY: all-zero bytes are a barrier for one.
    let place = unsafe { shared_zeroed::<Place>() }.0.get();
    // SAFETY: the mapping is alive for good, and nobody else knows it yet.
    unsafe { place.write(Barrier::shared(2)) };
    // SAFETY: as above; it is only shared from here on.
    let barrier = unsafe { &*place };
    let meet = || {
        for _ in 0..ROUNDS {
            assert!(wait(barrier).unwrap() < 2);
        }
    };
    let child = fork(meet);
    watched(|| {
        meet();
        child.join();
    });
}

#[test]
fn nobody_counts_as_one() {
    assert_eq!((Barrier::new(0).parties(), wait(&Barrier::new(0))), (1, Ok(0)));
    assert_eq!(Barrier::new(u32::MAX).parties(), u32::MAX);
}
