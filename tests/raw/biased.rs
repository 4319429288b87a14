//! `raw::BiasedLock`, and the ring's ends, which are behind one each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use underthread::raw::{BiasedLock, Buffer, Deadline, Guarded, RawLock, Ring};

use crate::support;

/// More than make an owner.
const MANY: u32 = 3000;

type Count = Guarded<BiasedLock, u32>;

/// With the caller for its owner.
fn owned() -> Count {
    let count = Count::default();
    (0..MANY).for_each(|_| *count.acquire() += 1);
    count
}

#[test]
fn four_threads_exclude_each_other() {
    let count = Count::default();
    support::watched(|| {
        support::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..4 * MANY).for_each(|_| *count.acquire() += 1));
            }
        });
    });
    assert_eq!(count.into_inner(), 4 * 4 * MANY);
}

/// At any moment: the owner works on, whether it has been asked or not.
#[test]
fn another_takes_it_from_an_owner_at_work() {
    const ROUNDS: u32 = if cfg!(underthread_chaos) { 20 } else { 300 };
    support::watched(|| {
        for round in 0..ROUNDS {
            let (count, starts) = (owned(), AtomicBool::new(false));
            support::scope(|scope| {
                scope.spawn(|| {
                    while !starts.load(Relaxed) {
                        thread::yield_now();
                    }
                    (0..round).for_each(|_| *count.acquire() += 1);
                });
                starts.store(true, Relaxed);
                (0..MANY).for_each(|_| *count.acquire() += 1);
            });
            assert_eq!(count.into_inner(), 2 * MANY + round);
        }
    });
}

#[test]
fn an_owner_that_is_inside_is_waited_for() {
    let count = owned();
    let inside = count.acquire();
    support::scope(|scope| {
        scope.spawn(|| {
            let soon = || Deadline::after(Duration::from_millis(5));
            // Also a second time, when the bias has been revoked.
            for _ in 0..2 {
                assert!(count.try_acquire().is_none());
                assert!(count.acquire_until(soon()).is_none());
            }
        });
    });
    drop(inside);
    support::scope(|scope| {
        scope.spawn(|| assert_eq!(*count.try_acquire().unwrap(), MANY));
    });
    assert_eq!(*count.acquire(), MANY);
}

#[test]
fn its_owner_does_not_acquire_it_twice() {
    let count = owned();
    let inside = count.acquire();
    assert!(count.try_acquire().is_none());
    assert!(count.acquire_until(Deadline::after(Duration::from_millis(5))).is_none());
    drop(inside);
    assert!(count.try_acquire().is_some());
}

#[test]
fn another_thread_may_release_for_the_owner() {
    let count = owned();
    for _ in 0..MANY {
        let guard = count.acquire();
        support::scope(|scope| {
            scope.spawn(move || drop(guard));
        });
        *count.acquire() += 1;
    }
    assert_eq!(count.into_inner(), 2 * MANY);
}

#[test]
fn it_says_whether_it_is_held() {
    let lock = BiasedLock::new();
    for _ in 0..MANY {
        assert!(!lock.locked() && lock.acquire_until(None) && lock.locked());
        // SAFETY: acquired above.
        unsafe { lock.release() };
    }
    assert!(format!("{lock:?}").starts_with("BiasedLock { locked: false"), "{lock:?}");
}

/// Each end by one thread, by others, and by all.
#[test]
fn the_ends_of_a_ring_change_hands() {
    for capacity in [1, 16, usize::MAX] {
        let ring = Ring::new(capacity);
        let sum = support::watched(|| {
            let put = || (1..=u64::from(MANY)).for_each(|item| ring.put_until(item, None).unwrap());
            let get = || (1..=u64::from(MANY)).map(|_| ring.get_until(None).unwrap()).sum::<u64>();
            let mut sum = 0;
            for threads in [1, 1, 3] {
                sum += support::scope(|scope| {
                    let getters: Vec<_> = (0..threads).map(|_| scope.spawn(get)).collect();
                    (0..threads).for_each(|_| drop(scope.spawn(put)));
                    getters.into_iter().map(|getter| getter.join().unwrap()).sum::<u64>()
                });
            }
            sum
        });
        assert_eq!(sum, 5 * u64::from(MANY) * u64::from(MANY + 1) / 2);
        assert_eq!(ring.qsize(), 0);
    }
}

#[test]
fn a_ring_with_owners_drops_its_items() {
    let item = Arc::new(());
    let ring = Ring::new(usize::MAX);
    (0..MANY).for_each(|_| ring.try_put(Arc::clone(&item)).unwrap());
    (1..MANY).for_each(|_| drop(ring.try_get()));
    support::scope(|scope| {
        scope.spawn(|| ring.room().map(std::mem::forget).unwrap());
        scope.spawn(|| ring.stock().map(std::mem::forget).unwrap());
    });
    drop(ring);
    assert_eq!(Arc::strong_count(&item), 1);
}
