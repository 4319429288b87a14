use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use underthread::threading::{Condition, Lock, RLock};

use crate::support;

#[test]
fn what_was_written_before_a_notification_is_there_after_the_wait() {
    static LINE: Lock<Vec<u32>> = Lock::new(Vec::new());
    static NOT_EMPTY: Condition = Condition::new();
    let sum = support::watched(|| {
        crate::support::scope(|scope| {
            let takers = [(); 3].map(|()| {
                scope.spawn(|| {
                    let mut sum = 0;
                    for _ in 0..1_000 {
                        let mut line = LINE.acquire();
                        NOT_EMPTY.wait_while(&mut line, Vec::is_empty);
                        sum += line.pop().unwrap();
                    }
                    sum
                })
            });
            for item in 0..3_000 {
                LINE.acquire().push(item);
                assert!(NOT_EMPTY.notify_one() <= 1);
            }
            takers.map(|taker| taker.join().unwrap()).into_iter().sum::<u32>()
        })
    });
    assert_eq!(sum, (0..3_000).sum());
}

#[test]
fn a_wait_that_began_under_the_lock_is_found_by_who_has_it_next() {
    let (waits, condition) = (Lock::new(0), Condition::new());
    support::watched(|| {
        crate::support::scope(|scope| {
            let waiters = [(); 3].map(|()| {
                scope.spawn(|| {
                    let mut waits = waits.acquire();
                    *waits += 1;
                    condition.wait(&mut waits);
                })
            });
            while *waits.acquire() < 3 {
                thread::yield_now();
            }
            assert_eq!((condition.notify(2), condition.notify_all(), condition.notify_one()), (2, 1, 0));
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        });
    });
}

#[test]
fn a_recursive_lock_is_released_whole_and_has_its_depth_again() {
    let (lock, condition) = (RLock::new(AtomicBool::new(false)), Condition::new());
    support::watched(|| {
        crate::support::scope(|scope| {
            let outer = lock.acquire();
            let mut inner = lock.acquire();
            scope.spawn(|| {
                lock.acquire().store(true, Relaxed);
                condition.notify_all();
            });
            condition.wait_for(&mut inner, |ready| ready.load(Relaxed));
            assert_eq!(lock.recursion_count(), 2);
            assert!(outer.load(Relaxed));
        });
    });
    assert!(!lock.locked());
}

#[test]
fn a_timeout_ends_a_wait_but_not_before_its_time() {
    let (lock, condition) = (Lock::new(0), Condition::new());
    let mut guard = lock.acquire();
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(5)] {
        let start = Instant::now();
        assert!(!condition.wait_timeout(&mut guard, timeout));
        assert!(start.elapsed() >= timeout);
        assert!(!condition.wait_for_timeout(&mut guard, timeout, |data| *data == 1));
        assert!(start.elapsed() >= 2 * timeout);
        assert!(!condition.wait_while_timeout(&mut guard, timeout, |data| *data == 0));
        assert!(start.elapsed() >= 3 * timeout);
    }
    assert!(lock.locked());
    for timeout in [Duration::ZERO, Duration::MAX - Duration::from_nanos(1), Duration::MAX] {
        assert!(condition.wait_for_timeout(&mut guard, timeout, |data| *data == 0));
        assert!(condition.wait_while_timeout(&mut guard, timeout, |data| *data == 1));
    }
}

#[test]
fn a_wait_without_time_gives_up_the_lock_all_the_same() {
    let (came, condition) = (Lock::new(false), Condition::new());
    support::watched(|| {
        crate::support::scope(|scope| {
            let mut guard = came.acquire();
            scope.spawn(|| *came.acquire() = true);
            while !*guard {
                assert!(!condition.wait_timeout(&mut guard, Duration::ZERO));
            }
        });
    });
}

#[test]
fn a_wait_that_is_too_late_has_the_lock_again_however_long_that_takes() {
    let (came, condition, held) = (Lock::new(false), Condition::new(), AtomicBool::new(false));
    support::watched(|| {
        crate::support::scope(|scope| {
            let mut guard = came.acquire();
            scope.spawn(|| {
                let mut guard = came.acquire();
                held.store(true, Relaxed);
                // Past the other's deadline: it waits for us now.
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(5) {
                    thread::yield_now();
                }
                *guard = true;
                held.store(false, Relaxed);
            });
            while !*guard {
                assert!(!condition.wait_timeout(&mut guard, Duration::from_micros(100)));
                assert!(!held.load(Relaxed));
            }
        });
    });
}

#[test]
fn a_predicate_that_holds_when_the_time_has_passed_wins() {
    let (lock, condition, calls) = (Lock::new(()), Condition::new(), AtomicU32::new(0));
    let second = |(): &()| calls.fetch_add(1, Relaxed) == 1;
    assert!(condition.wait_for_timeout(&mut lock.acquire(), Duration::ZERO, second));
    assert_eq!(calls.into_inner(), 2);
}

#[test]
fn the_longest_timeouts_wait() {
    let (ready, condition) = (Lock::new(0), Condition::new());
    support::watched(|| {
        for (round, timeout) in [Duration::MAX - Duration::from_nanos(1), Duration::MAX].into_iter().enumerate() {
            crate::support::scope(|scope| {
                let mut guard = ready.acquire();
                scope.spawn(|| {
                    *ready.acquire() += 1;
                    condition.notify_one();
                });
                assert!(condition.wait_for_timeout(&mut guard, timeout, |ready| *ready > round));
            });
        }
    });
}

#[test]
fn a_panic_in_a_predicate_leaves_lock_and_condition_usable() {
    let (ready, condition) = (Lock::new(false), Condition::new());
    let calls = AtomicU32::new(0);
    for panicking_call in 0..2 {
        calls.store(0, Relaxed);
        let outcome = catch_unwind(|| {
            condition.wait_for_timeout(&mut ready.acquire(), Duration::ZERO, |_| {
                assert_ne!(calls.fetch_add(1, Relaxed), panicking_call);
                false
            })
        });
        assert!(outcome.is_err());
        assert!(!ready.locked());
        assert_eq!(condition.notify_all(), 0);
    }
    support::watched(|| {
        crate::support::scope(|scope| {
            let mut guard = ready.acquire();
            scope.spawn(|| {
                *ready.acquire() = true;
                condition.notify_one();
            });
            condition.wait_for(&mut guard, |ready| *ready);
        });
    });
}

#[test]
fn a_wait_while_lasts_while_the_predicate_holds() {
    let (busy, condition) = (Lock::new(true), Condition::new());
    let (ready, waits) = mpsc::channel();
    support::watched(|| {
        crate::support::scope(|scope| {
            let waiter = scope.spawn(|| {
                let mut guard = busy.acquire();
                ready.send(()).unwrap();
                condition.wait_while(&mut guard, |busy| *busy);
                assert!(!*guard);
            });
            waits.recv().unwrap();
            // Free once the other waits.
            *busy.acquire() = false;
            condition.notify_all();
            waiter.join().unwrap();
        });
    });
}
