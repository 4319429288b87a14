use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use underthread::threading::RLock;

use crate::support;

#[test]
fn threads_exclude_each_other_at_every_depth() {
    static TOTAL: RLock<Cell<u64>> = RLock::new(Cell::new(0));
    fn add(depth: u64) {
        let total = TOTAL.acquire();
        if depth > 0 {
            add(depth - 1);
        }
        total.set(total.get() + 1);
    }
    support::watched(|| {
        crate::support::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..3_000).for_each(|turn| add(turn % 5)));
            }
        });
    });
    assert_eq!(TOTAL.acquire().get(), 4 * 3_000 * 3);
}

#[test]
fn guards_may_end_in_any_order() {
    let lock = RLock::new(());
    let (first, second) = (lock.acquire(), lock.try_acquire().unwrap());
    drop(first);
    assert_eq!((lock.is_owned(), lock.recursion_count()), (true, 1));
    drop(second);
    assert_eq!((lock.is_owned(), lock.locked(), lock.recursion_count()), (false, false, 0));
}

#[test]
fn a_panic_releases_what_it_unwinds() {
    let lock = RLock::new(RefCell::new(vec![1]));
    let outer = lock.acquire();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let inner = lock.acquire();
        inner.borrow_mut().push(2);
        panic!("in the critical section");
    }));
    assert!(outcome.is_err());
    assert_eq!((lock.recursion_count(), outer.borrow().len()), (1, 2));
}

#[test]
fn another_thread_waits_and_times_out_not_before_its_time() {
    let lock = RLock::new(());
    let _guard = lock.acquire_timeout(Duration::ZERO).unwrap();
    crate::support::scope(|scope| {
        scope.spawn(|| {
            assert!(lock.locked() && !lock.is_owned() && lock.try_acquire().is_none());
            for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(5)] {
                let start = Instant::now();
                assert!(lock.acquire_timeout(timeout).is_none());
                assert!(start.elapsed() >= timeout);
            }
            assert_eq!(format!("{lock:?}"), "RLock(<locked>)");
        });
    });
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX - Duration::from_nanos(1), Duration::MAX] {
        assert!(lock.acquire_timeout(timeout).is_some());
    }
}

#[test]
fn debug_shows_what_the_caller_may_see() {
    let mut lock = RLock::from(7);
    let guard = lock.acquire();
    assert_eq!(format!("{lock:?} {guard:?}"), "RLock(7) 7");
    drop(guard);
    *lock.get_mut() += 1;
    assert_eq!(lock.into_inner(), 8);
}
