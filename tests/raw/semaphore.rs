//! `raw::Semaphore`.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use underthread::raw::{Deadline, OverRelease, Semaphore};
use underthread::sys::{Scope, Shared};

use crate::support::{cpu_time, fork, shared_zeroed, watched};

/// Returns once somebody has announced that it sleeps on `semaphore`.
fn until_waited_for<S: Scope>(semaphore: &Semaphore<S>) {
    while format!("{semaphore:?}").contains("none") {
        std::thread::yield_now();
    }
}

fn never_more_inside<S: Scope>(semaphore: &Semaphore<S>) {
    let permits = semaphore.value();
    let inside = AtomicU32::new(0);
    watched(|| {
        crate::support::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        assert!(semaphore.acquire_until(1, None));
                        assert!(inside.fetch_add(1, Relaxed) < permits);
                        inside.fetch_sub(1, Relaxed);
                        semaphore.release(1).unwrap();
                    }
                });
            }
        });
    });
    assert_eq!(semaphore.value(), permits);
}

#[test]
fn never_more_are_inside_than_there_are_permits() {
    never_more_inside(&Semaphore::new(1));
    never_more_inside(&Semaphore::new(3));
    never_more_inside(&Semaphore::bounded(2));
}

#[test]
fn never_more_are_inside_than_there_are_permits_shared() {
    never_more_inside(&Semaphore::shared(1));
    never_more_inside(&Semaphore::shared_bounded(2));
}

fn one_release_for_all<S: Scope>(semaphore: &Semaphore<S>) {
    watched(|| {
        for _ in 0..200 {
            crate::support::scope(|scope| {
                let takers: Vec<_> = (0..4).map(|_| scope.spawn(|| semaphore.acquire_until(1, None))).collect();
                until_waited_for(semaphore);
                semaphore.release(4).unwrap();
                assert!(takers.into_iter().all(|taker| taker.join().unwrap()));
            });
            assert_eq!(semaphore.value(), 0);
        }
    });
}

#[test]
fn a_release_of_many_lets_as_many_go() {
    one_release_for_all(&Semaphore::new(0));
}

#[test]
fn a_release_of_many_lets_as_many_go_shared() {
    one_release_for_all(&Semaphore::shared(0));
}

/// Each wants more than half: one at a time can have it, and with singles in between nobody starves.
fn many_at_once<S: Scope>(semaphore: &Semaphore<S>) {
    watched(|| {
        crate::support::scope(|scope| {
            for n in [1, 1, 2, 3, 3] {
                scope.spawn(move || {
                    for _ in 0..1000 {
                        assert!(semaphore.acquire_until(n, None));
                        semaphore.release(n).unwrap();
                    }
                });
            }
        });
    });
    assert_eq!(semaphore.value(), 3);
}

#[test]
fn those_who_collect_do_not_block_each_other() {
    many_at_once(&Semaphore::new(3));
}

#[test]
fn those_who_collect_do_not_block_each_other_shared() {
    many_at_once(&Semaphore::shared(3));
}

fn timeouts<S: Scope>(semaphore: &Semaphore<S>) {
    assert_eq!(semaphore.value(), 1);
    watched(|| {
        assert!(semaphore.acquire_until(1, Deadline::after(Duration::ZERO)));
        for n in [1, 2] {
            let (start, cpu) = (Instant::now(), cpu_time());
            assert!(!semaphore.acquire_until(n, Deadline::after(Duration::from_millis(50))));
            assert!(start.elapsed() >= Duration::from_millis(50));
            assert!(cpu_time() - cpu < Duration::from_millis(20));
            assert!(!semaphore.acquire_until(n, Deadline::after(Duration::ZERO)));
        }
        assert!(semaphore.acquire_until(0, Deadline::after(Duration::ZERO)));
        crate::support::scope(|scope| {
            let taker = scope.spawn(|| semaphore.acquire_until(1, Deadline::after(Duration::MAX)));
            semaphore.release(1).unwrap();
            assert!(taker.join().unwrap());
        });
        semaphore.release(1).unwrap();
        assert!(!semaphore.acquire_until(3, Deadline::after(Duration::from_millis(1))));
    });
    assert_eq!(semaphore.value(), 1, "a collection in vain was not given back");
}

#[test]
fn a_timed_acquire_lasts_its_time_uses_no_cpu_and_takes_nothing() {
    timeouts(&Semaphore::new(1));
}

#[test]
fn a_timed_acquire_lasts_its_time_uses_no_cpu_and_takes_nothing_shared() {
    timeouts(&Semaphore::shared(1));
}

fn over_release<S: Scope>(free: &Semaphore<S>, bounded: &Semaphore<S>) {
    assert_eq!(free.release(2), Err(OverRelease));
    assert_eq!(free.value(), u32::MAX - 1);
    assert_eq!(free.release(1), Ok(()));
    assert_eq!(free.release(1), Err(OverRelease));
    assert_eq!(free.release(0), Ok(()));
    assert_eq!((bounded.limit(), bounded.release(1)), (3, Err(OverRelease)));
    assert!(bounded.try_acquire(2));
    assert_eq!(bounded.release(3), Err(OverRelease));
    assert_eq!(bounded.value(), 1);
    bounded.put_back(u32::MAX);
    assert_eq!(bounded.value(), 3);
}

#[test]
fn a_release_past_the_limit_changes_nothing() {
    over_release(&Semaphore::new(u32::MAX - 1), &Semaphore::bounded(3));
}

#[test]
fn a_release_past_the_limit_changes_nothing_shared() {
    over_release(&Semaphore::shared(u32::MAX - 1), &Semaphore::shared_bounded(3));
}

/// One thread takes the only permit again as soon as it has released it; only a hand-over gets it out of there.
fn hands_over<S: Scope>(semaphore: &Semaphore<S>) {
    let served = AtomicU32::new(0);
    watched(|| {
        crate::support::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert!(semaphore.acquire_until(1, None));
                    served.fetch_add(1, Relaxed);
                    semaphore.release(1).unwrap();
                }
            });
            while served.load(Relaxed) < 20 {
                assert!(semaphore.acquire_until(1, None));
                semaphore.release(1).unwrap();
            }
        });
    });
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn a_sleeper_gets_a_permit_past_one_who_keeps_taking_it() {
    hands_over(&Semaphore::new(1));
}

#[test]
fn a_sleeper_gets_a_permit_past_one_who_keeps_taking_it_shared() {
    hands_over(&Semaphore::shared(1));
}

/// Between a release and the next acquire there is no time for one who sleeps, and each hold outlasts its patience.
fn long_holds<S: Scope>(semaphore: &Semaphore<S>) {
    let served = AtomicU32::new(0);
    assert!(semaphore.try_acquire(1));
    watched(|| {
        crate::support::scope(|scope| {
            scope.spawn(|| {
                assert!(semaphore.acquire_until(1, None));
                served.store(1, Relaxed);
                semaphore.release(1).unwrap();
            });
            until_waited_for(semaphore);
            while served.load(Relaxed) == 0 {
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(2) {
                    std::thread::yield_now();
                }
                semaphore.release(1).unwrap();
                assert!(semaphore.acquire_until(1, None));
            }
        });
    });
    semaphore.release(1).unwrap();
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn long_holds_cannot_starve_a_waiter() {
    long_holds(&Semaphore::new(1));
}

#[test]
fn long_holds_cannot_starve_a_waiter_shared() {
    long_holds(&Semaphore::shared(1));
}

#[test]
fn two_processes_pass_permits_from_zeroed_memory() {
    const ROUNDS: u32 = 1000;
    // SAFETY: all-zero bytes are semaphores without permits.
    let [there, back] = unsafe { shared_zeroed::<[Semaphore<Shared>; 2]>() };
    let child = fork(|| {
        for _ in 0..ROUNDS {
            assert!(there.acquire_until(3, None));
            back.release(2).unwrap();
        }
    });
    watched(|| {
        for _ in 0..ROUNDS {
            there.release(1).unwrap();
            there.release(2).unwrap();
            assert!(back.acquire_until(1, None) && back.acquire_until(1, None));
        }
        child.join();
    });
    assert_eq!((there.value(), back.value()), (0, 0));
}
