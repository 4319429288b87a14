use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use underthread::raw::{Deadline, Lock, RawLock, ReleaseUnlocked};
use underthread::sys::{Scope, Shared};

use crate::support;

const EACH: u32 = 20_000;

/// Loses increments where two threads are inside at once.
#[derive(Default)]
struct Tally(AtomicU32);

impl Tally {
    fn add_one(&self) {
        self.0.store(self.0.load(Relaxed) + 1, Relaxed);
    }
}

fn four_threads_exclude_each_other<S: Scope>(lock: &Lock<S>) {
    let tally = Tally::default();
    support::watched(|| {
        crate::support::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        lock.acquire();
                        tally.add_one();
                        lock.release().unwrap();
                    }
                });
            }
        });
    });
    assert_eq!(tally.0.into_inner(), 4 * EACH);
    assert!(!lock.locked());
}

#[test]
fn four_threads_exclude_each_other_private() {
    four_threads_exclude_each_other(&Lock::new());
}

#[test]
fn four_threads_exclude_each_other_shared() {
    four_threads_exclude_each_other(&Lock::shared());
}

fn a_timeout_ends_a_wait_but_not_before_its_time<S: Scope>(lock: &Lock<S>) {
    lock.acquire();
    support::watched(|| {
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(20)] {
            let start = Instant::now();
            assert!(!lock.acquire_until(Deadline::after(timeout)));
            assert!(start.elapsed() >= timeout);
        }
    });
    lock.release().unwrap();
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX - Duration::from_nanos(1), Duration::MAX] {
        assert!(lock.acquire_until(Deadline::after(timeout)));
        lock.release().unwrap();
    }
}

#[test]
fn a_timeout_ends_a_wait_but_not_before_its_time_private() {
    a_timeout_ends_a_wait_but_not_before_its_time(&Lock::new());
}

#[test]
fn a_timeout_ends_a_wait_but_not_before_its_time_shared() {
    a_timeout_ends_a_wait_but_not_before_its_time(&Lock::shared());
}

fn the_longest_timeouts_wait<S: Scope>(lock: &Lock<S>) {
    for timeout in [Duration::MAX - Duration::from_nanos(1), Duration::MAX] {
        lock.acquire();
        support::watched(|| {
            crate::support::scope(|scope| {
                let waiter = scope.spawn(|| lock.acquire_until(Deadline::after(timeout)));
                while format!("{lock:?}").contains("none") {
                    thread::yield_now();
                }
                lock.release().unwrap();
                assert!(waiter.join().unwrap());
            });
        });
        lock.release().unwrap();
    }
}

#[test]
fn the_longest_timeouts_wait_private() {
    the_longest_timeouts_wait(&Lock::new());
}

#[test]
fn the_longest_timeouts_wait_shared() {
    the_longest_timeouts_wait(&Lock::shared());
}

/// Without the hand-off the loop below wins nearly every time: its releases and acquires are nanoseconds apart.
fn a_loop_with_long_holds_cannot_starve_a_waiter<S: Scope>(lock: &Lock<S>) {
    const HOLDS: u32 = 500;
    let served = AtomicBool::new(false);
    let waits = AtomicBool::new(false);
    lock.acquire();
    let holds = support::watched(|| {
        crate::support::scope(|scope| {
            scope.spawn(|| {
                waits.store(true, Relaxed);
                lock.acquire();
                served.store(true, Relaxed);
                lock.release().unwrap();
            });
            while !waits.load(Relaxed) {
                thread::yield_now();
            }
            let mut holds = 0;
            while !served.load(Relaxed) && holds < HOLDS {
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(2) {
                    thread::yield_now();
                }
                lock.release().unwrap();
                lock.acquire();
                holds += 1;
            }
            lock.release().unwrap();
            holds
        })
    });
    assert!(holds < HOLDS, "not served within {holds} holds");
}

#[test]
fn a_loop_with_long_holds_cannot_starve_a_waiter_private() {
    a_loop_with_long_holds_cannot_starve_a_waiter(&Lock::new());
}

#[test]
fn a_loop_with_long_holds_cannot_starve_a_waiter_shared() {
    a_loop_with_long_holds_cannot_starve_a_waiter(&Lock::shared());
}

/// The next release would be a hand-over, and there is none before the timeout.
fn one_who_starves_and_is_late_has_nothing<S: Scope>(lock: &Lock<S>) {
    let starved = || {
        lock.acquire();
        let starved = crate::support::scope(|scope| {
            let waiter = scope.spawn(|| {
                let acquired = lock.acquire_until(Deadline::after(Duration::from_millis(50)));
                if acquired {
                    lock.release().unwrap();
                }
                acquired
            });
            let starves = || {
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(2) {
                    if format!("{lock:?}").contains("starving") {
                        return true;
                    }
                    thread::yield_now();
                }
                false
            };
            let mut starved = starves();
            while !starved && !waiter.is_finished() {
                // It is woken, most often in vain.
                lock.release().unwrap();
                lock.acquire();
                starved = starves();
            }
            assert!(!waiter.join().unwrap() || !starved);
            starved
        });
        lock.release().unwrap();
        assert!(!lock.locked());
        starved
    };
    // It may be served, or late, before it starves.
    support::watched(|| while !starved() {});
}

#[test]
fn one_who_starves_and_is_late_has_nothing_private() {
    one_who_starves_and_is_late_has_nothing(&Lock::new());
}

#[test]
fn one_who_starves_and_is_late_has_nothing_shared() {
    one_who_starves_and_is_late_has_nothing(&Lock::shared());
}

/// Most of them give up within the millisecond after which one starves: they sleep beside a grant that is not for them,
/// and its wake must not end with them.
#[test]
fn one_who_waits_is_served_beside_many_who_give_up() {
    static LOCK: Lock = Lock::new();
    let hold = |round: u32| {
        let until = Instant::now() + Duration::from_micros(u64::from(100 + round * 37 % 400));
        while Instant::now() < until {
            if round.is_multiple_of(2) { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        LOCK.release().unwrap();
    };
    support::watched(|| {
        let over = AtomicBool::new(false);
        support::scope(|scope| {
            for number in 1..=6 {
                let over = &over;
                scope.spawn(move || {
                    for round in (0..).map(|round| round * 101 + number).take_while(|_| !over.load(Relaxed)) {
                        let limit = Duration::from_micros(u64::from(100 + round % 800));
                        if LOCK.acquire_until(Deadline::after(limit)) {
                            hold(round);
                        }
                    }
                });
            }
            for round in 0..400 {
                LOCK.acquire();
                hold(round);
            }
            over.store(true, Relaxed);
        });
    });
}

/// As if the one it is for had been killed.
#[test]
fn between_processes_a_grant_that_nobody_takes_goes_to_a_newcomer() {
    for deadline in [None, Deadline::after(support::LONG)] {
        // SAFETY: two words in the order of the fields: passing, and granted.
        let lock: Lock<Shared> = unsafe { std::mem::transmute([2, 3]) };
        assert!(lock.locked() && !lock.try_acquire());
        assert_eq!(lock.release(), Err(ReleaseUnlocked));
        assert!(support::watched(|| lock.acquire_until(deadline)));
        lock.release().unwrap();
        assert!(lock.try_acquire());
    }
}

/// However late it takes it.
#[test]
fn in_a_process_a_grant_is_left_to_whom_it_is_for() {
    // SAFETY: two words in the order of the fields: passing, and granted.
    let lock: Lock = unsafe { std::mem::transmute([2, 3]) };
    assert!(!lock.acquire_until(Deadline::after(Duration::from_millis(5))));
    assert!(lock.locked());
}

/// As if the one who takes it had been killed, or were in a fork's parent.
#[test]
fn a_lock_on_its_way_to_nobody_is_held_for_ever() {
    // SAFETY: two words in the order of the fields: passing, and no mark.
    let lock: Lock = unsafe { std::mem::transmute([2, 0]) };
    assert!(!lock.acquire_until(Deadline::after(Duration::from_millis(5))));
    assert!(lock.locked() && !lock.try_acquire());
    assert_eq!(lock.release(), Err(ReleaseUnlocked));
}

#[test]
fn any_thread_releases() {
    let lock = Lock::new();
    lock.acquire();
    crate::support::scope(|scope| scope.spawn(|| lock.release()).join().unwrap()).unwrap();
    assert!(lock.try_acquire());
}

#[test]
fn a_release_of_a_free_lock_is_an_error() {
    let lock = Lock::new();
    assert_eq!(lock.release(), Err(ReleaseUnlocked));
    lock.acquire();
    assert_eq!(lock.release(), Ok(()));
    assert_eq!(lock.release(), Err(ReleaseUnlocked));
}

/// Those who release are others than those who acquire, and come whenever they like.
fn as_many_releases_succeed_as_acquires<S: Scope>(lock: &Lock<S>) {
    const TIMES: u32 = 5_000;
    let acquires = AtomicBool::new(true);
    let released: u32 = support::watched(|| {
        crate::support::scope(|scope| {
            let releasing = [(); 2].map(|()| {
                scope.spawn(|| {
                    let mut released = 0;
                    while acquires.load(Relaxed) {
                        match lock.release() {
                            Ok(()) => released += 1,
                            Err(ReleaseUnlocked) => thread::yield_now(),
                        }
                    }
                    released
                })
            });
            let acquiring = [(); 3].map(|()| scope.spawn(|| (0..TIMES).for_each(|_| lock.acquire())));
            for one in acquiring {
                one.join().unwrap();
            }
            acquires.store(false, Relaxed);
            releasing.map(|one| one.join().unwrap()).iter().sum()
        })
    });
    assert_eq!(released + u32::from(lock.locked()), 3 * TIMES);
}

#[test]
fn as_many_releases_succeed_as_acquires_private() {
    as_many_releases_succeed_as_acquires(&Lock::new());
}

#[test]
fn as_many_releases_succeed_as_acquires_shared() {
    as_many_releases_succeed_as_acquires(&Lock::shared());
}

#[test]
fn as_a_raw_lock_it_says_whether_it_is_held() {
    let lock = Lock::new();
    assert!(!RawLock::locked(&lock));
    lock.acquire();
    assert!(RawLock::locked(&lock));
}

#[test]
fn waiting_uses_no_cpu() {
    let lock = Lock::new();
    lock.acquire();
    let before = support::cpu_time();
    assert!(!lock.acquire_until(Deadline::after(Duration::from_millis(200))));
    let used = support::cpu_time() - before;
    assert!(used < Duration::from_millis(20), "{used:?}");
}

#[test]
fn processes_exclude_each_other() {
    struct Area {
        lock: Lock<Shared>,
        tally: Tally,
    }
    // SAFETY: all-zero is a free lock and a zero.
    let area: &Area = unsafe { support::shared_zeroed() };
    let work = || {
        for _ in 0..EACH {
            area.lock.acquire();
            area.tally.add_one();
            area.lock.release().unwrap();
        }
    };
    support::watched(|| {
        let children = [(); 3].map(|()| support::fork(work));
        work();
        children.into_iter().for_each(support::Child::join);
    });
    assert_eq!(area.tally.0.load(Relaxed), 4 * EACH);
}
