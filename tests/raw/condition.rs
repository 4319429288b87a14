use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use underthread::raw::{Condition, Deadline, Lock, RLock, RawLock};
use underthread::sys::{Scope, Shared};

use crate::support;

/// Takes `lock`, waits, and releases it.
fn wait<S: Scope>(lock: &Lock<S>, condition: &Condition<S>, deadline: Option<Deadline>) -> bool {
    lock.acquire();
    // SAFETY: the lock is held, and protects nothing.
    let notified = unsafe { condition.wait_until(lock, deadline) };
    lock.release().unwrap();
    notified
}

fn until_waiting<S: Scope>(condition: &Condition<S>, count: u32) {
    while condition.waiting() != count {
        thread::yield_now();
    }
}

/// All is zero but the numbers that wrap: they are about to.
fn about_to_wrap() -> Condition {
    const LAST: u32 = u32::MAX;
    /// Nobody sleeps.
    const UNMARKED: u32 = LAST - 1;
    // SAFETY: nine words in the order of the fields: the lock's two, the groups' four, two to sleep on, waiting.
    unsafe { std::mem::transmute([0, 0, LAST, 0, 0, 0, UNMARKED, UNMARKED, 0]) }
}

fn notify_says_how_many<S: Scope>(lock: &Lock<S>, condition: &Condition<S>) {
    support::watched(|| {
        crate::support::scope(|scope| {
            assert_eq!((condition.notify(1), condition.notify_all()), (0, 0));
            let waiters = [(); 5].map(|()| scope.spawn(|| wait(lock, condition, None)));
            until_waiting(condition, 5);
            assert_eq!(condition.notify(0), 0);
            assert_eq!(condition.notify(2), 2);
            assert_eq!(condition.waiting(), 3);
            assert_eq!(condition.notify(10), 3);
            assert_eq!((condition.notify(1), condition.notify_all()), (0, 0));
            assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
            let waiters = [(); 3].map(|()| scope.spawn(|| wait(lock, condition, None)));
            until_waiting(condition, 3);
            assert_eq!(condition.notify_all(), 3);
            assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
        });
    });
}

#[test]
fn notify_says_how_many_private() {
    notify_says_how_many(&Lock::new(), &Condition::new());
}

#[test]
fn notify_says_how_many_shared() {
    notify_says_how_many(&Lock::shared(), &Condition::shared());
}

#[test]
fn notify_says_how_many_at_the_wrap() {
    notify_says_how_many(&Lock::new(), &about_to_wrap());
}

/// CPython spends the notification on the waiter that has timed out, and both waits say false.
fn a_notification_is_not_spent_on_one_who_has_timed_out<S: Scope>(lock: &Lock<S>, condition: &Condition<S>) {
    let met = |timeout| {
        crate::support::scope(|scope| {
            let timed = scope.spawn(|| wait(lock, condition, Deadline::after(timeout)));
            let untimed = scope.spawn(|| wait(lock, condition, None));
            while condition.waiting() != 2 && !timed.is_finished() {
                thread::yield_now();
            }
            lock.acquire();
            let met = condition.waiting() == 2;
            if met {
                // The lock is held, so the one that times out is still in its wait.
                until_waiting(condition, 1);
                assert_eq!(condition.notify(1), 1);
            }
            lock.release().unwrap();
            while !met && !untimed.is_finished() {
                condition.notify_all();
            }
            assert!(untimed.join().unwrap());
            assert!(!timed.join().unwrap() || !met);
            met
        })
    };
    // On a crowded machine the first may be gone before the second comes.
    assert!(support::watched(|| [20, 200, 2_000, 20_000].map(Duration::from_millis).into_iter().any(met)));
}

#[test]
fn a_notification_is_not_spent_on_one_who_has_timed_out_private() {
    a_notification_is_not_spent_on_one_who_has_timed_out(&Lock::new(), &Condition::new());
}

#[test]
fn a_notification_is_not_spent_on_one_who_has_timed_out_shared() {
    a_notification_is_not_spent_on_one_who_has_timed_out(&Lock::shared(), &Condition::shared());
}

/// Both go out of time: who was notified says so, and the other does not.
fn one_notification_ends_one_wait_of_two<S: Scope>(lock: &Lock<S>, condition: &Condition<S>) {
    support::watched(|| {
        for _ in 0..20 {
            crate::support::scope(|scope| {
                let waiter =
                    || scope.spawn(|| u32::from(wait(lock, condition, Deadline::after(Duration::from_millis(5)))));
                let waiters = [waiter(), waiter()];
                while condition.waiting() != 2 && !waiters.iter().any(thread::ScopedJoinHandle::is_finished) {
                    thread::yield_now();
                }
                let given = condition.notify(1);
                assert_eq!(waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum::<u32>(), given);
                assert_eq!(condition.waiting(), 0);
            });
        }
    });
}

#[test]
fn one_notification_ends_one_wait_of_two_private() {
    one_notification_ends_one_wait_of_two(&Lock::new(), &Condition::new());
}

#[test]
fn one_notification_ends_one_wait_of_two_shared() {
    one_notification_ends_one_wait_of_two(&Lock::shared(), &Condition::shared());
}

fn whoever_waited_before_a_notification_comes_before_who_waits_after<S: Scope>(
    lock: &Lock<S>,
    condition: &Condition<S>,
) {
    support::watched(|| {
        crate::support::scope(|scope| {
            let earlier = [(); 3].map(|()| scope.spawn(|| wait(lock, condition, None)));
            until_waiting(condition, 3);
            assert_eq!(condition.notify(1), 1);
            let later = scope.spawn(|| wait(lock, condition, None));
            until_waiting(condition, 3);
            assert_eq!(condition.notify(2), 2);
            // These would hang if the later one had been served.
            assert!(earlier.into_iter().all(|waiter| waiter.join().unwrap()));
            assert_eq!(condition.waiting(), 1);
            let latest = scope.spawn(|| wait(lock, condition, None));
            until_waiting(condition, 2);
            assert_eq!(condition.notify(5), 2);
            assert!(later.join().unwrap() && latest.join().unwrap());
        });
    });
}

#[test]
fn whoever_waited_before_a_notification_comes_before_who_waits_after_private() {
    whoever_waited_before_a_notification_comes_before_who_waits_after(&Lock::new(), &Condition::new());
}

#[test]
fn whoever_waited_before_a_notification_comes_before_who_waits_after_shared() {
    whoever_waited_before_a_notification_comes_before_who_waits_after(&Lock::shared(), &Condition::shared());
}

#[test]
fn whoever_waited_before_a_notification_comes_before_who_waits_after_at_the_wrap() {
    whoever_waited_before_a_notification_comes_before_who_waits_after(&Lock::new(), &about_to_wrap());
}

/// xorshift: enough to mix timeouts.
fn next(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

fn as_many_waits_end_by_a_notification_as_notify_said<S: Scope>(lock: &Lock<S>, condition: &Condition<S>) {
    const WAITERS: u32 = 6;
    const WAITS: u32 = 3_000;
    let working = AtomicU32::new(WAITERS);
    let (given, taken) = support::watched(|| {
        crate::support::scope(|scope| {
            let working = &working;
            let waiters: Vec<_> = (1..=WAITERS)
                .map(|seed| {
                    scope.spawn(move || {
                        let (mut state, mut taken) = (seed * 7919, 0);
                        for _ in 0..WAITS {
                            let timeout = Duration::from_micros(u64::from(next(&mut state) % 150));
                            taken += u32::from(wait(lock, condition, Deadline::after(timeout)));
                        }
                        working.fetch_sub(1, Relaxed);
                        taken
                    })
                })
                .collect();
            let notifiers: Vec<_> = (1..=2)
                .map(|seed| {
                    scope.spawn(move || {
                        let (mut state, mut given) = (seed * 104_729, 0);
                        while working.load(Relaxed) > 0 {
                            let (count, held) = (next(&mut state) % 4, next(&mut state).is_multiple_of(2));
                            if held {
                                lock.acquire();
                            }
                            given += condition.notify(count);
                            if held {
                                lock.release().unwrap();
                            }
                            thread::yield_now();
                        }
                        given
                    })
                })
                .collect();
            let taken: u32 = waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum();
            let given: u32 = notifiers.into_iter().map(|notifier| notifier.join().unwrap()).sum();
            (given, taken)
        })
    });
    assert_eq!(given, taken);
    assert!(given > 0);
    assert_eq!((condition.waiting(), condition.notify_all()), (0, 0));
}

#[test]
fn as_many_waits_end_by_a_notification_as_notify_said_private() {
    as_many_waits_end_by_a_notification_as_notify_said(&Lock::new(), &Condition::new());
}

#[test]
fn as_many_waits_end_by_a_notification_as_notify_said_shared() {
    as_many_waits_end_by_a_notification_as_notify_said(&Lock::shared(), &Condition::shared());
}

#[test]
fn as_many_waits_end_by_a_notification_as_notify_said_at_the_wrap() {
    as_many_waits_end_by_a_notification_as_notify_said(&Lock::new(), &about_to_wrap());
}

fn a_timeout_ends_a_wait_but_not_before_its_time<S: Scope>(lock: &Lock<S>, condition: &Condition<S>) {
    support::watched(|| {
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(20)] {
            let start = Instant::now();
            assert!(!wait(lock, condition, Deadline::after(timeout)));
            assert!(start.elapsed() >= timeout);
        }
        for timeout in [Duration::MAX - Duration::from_nanos(1), Duration::MAX] {
            crate::support::scope(|scope| {
                let waiter = scope.spawn(|| wait(lock, condition, Deadline::after(timeout)));
                until_waiting(condition, 1);
                assert_eq!(condition.notify(1), 1);
                assert!(waiter.join().unwrap());
            });
        }
    });
}

#[test]
fn a_timeout_ends_a_wait_but_not_before_its_time_private() {
    a_timeout_ends_a_wait_but_not_before_its_time(&Lock::new(), &Condition::new());
}

#[test]
fn a_timeout_ends_a_wait_but_not_before_its_time_shared() {
    a_timeout_ends_a_wait_but_not_before_its_time(&Lock::shared(), &Condition::shared());
}

#[test]
fn waiting_uses_no_cpu() {
    let before = support::cpu_time();
    assert!(!wait(&Lock::new(), &Condition::new(), Deadline::after(Duration::from_millis(200))));
    let used = support::cpu_time() - before;
    assert!(used < Duration::from_millis(20), "{used:?}");
}

#[test]
fn waits_with_different_locks_do_not_disturb_each_other() {
    let (one, other, condition) = (Lock::new(), RLock::new(), Condition::new());
    support::watched(|| {
        crate::support::scope(|scope| {
            let first = scope.spawn(|| wait(&one, &condition, None));
            let second = scope.spawn(|| {
                other.acquire().unwrap();
                other.acquire().unwrap();
                // SAFETY: the lock is held, and protects nothing.
                let notified = unsafe { condition.wait_until(&other, None) };
                assert_eq!(other.recursion_count(), 2);
                // SAFETY: as above.
                unsafe { other.release_all() };
                notified
            });
            until_waiting(&condition, 2);
            // A wait is counted before it gives its lock up.
            while one.locked() || other.locked() {
                std::thread::yield_now();
            }
            assert_eq!(condition.notify_all(), 2);
            assert!(first.join().unwrap() && second.join().unwrap());
        });
    });
}

#[test]
fn processes_wait_for_each_other() {
    struct Area {
        lock: Lock<Shared>,
        condition: Condition<Shared>,
        turn: AtomicU32,
    }
    const TURNS: u32 = 2_000;
    // SAFETY: all-zero is a free lock, a condition for which nobody waits, and zeros.
    let area: &Area = unsafe { support::shared_zeroed() };
    // Each waits for its turn, and gives the turn to the other one.
    let work = |own: u32| {
        area.lock.acquire();
        for _ in 0..TURNS {
            while area.turn.load(Relaxed) % 2 != own {
                // SAFETY: the lock is held, and protects atomics.
                assert!(unsafe { area.condition.wait_until(&area.lock, None) });
            }
            area.turn.store(area.turn.load(Relaxed) + 1, Relaxed);
            area.condition.notify(1);
        }
        area.lock.release().unwrap();
    };
    support::watched(|| {
        let child = support::fork(|| work(1));
        work(0);
        child.join();
    });
    assert_eq!((area.turn.load(Relaxed), area.condition.waiting()), (2 * TURNS, 0));
}
