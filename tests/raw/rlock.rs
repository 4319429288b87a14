use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use underthread::raw::{CountOverflow, Deadline, Guarded, NotOwner, RLock, RawLock};
use underthread::sys::identity::owner_id;
use underthread::sys::{Private, Scope, Shared};

use crate::support;

const EACH: u32 = 10_000;

fn nested<S: Scope>(lock: &RLock<S>, tally: &AtomicU32) {
    for depth in 1..=EACH % 7 + 3 {
        lock.acquire().unwrap();
        assert_eq!(lock.recursion_count(), depth);
    }
    tally.store(tally.load(Relaxed) + 1, Relaxed);
    while lock.release().is_ok() {}
}

fn threads_exclude_each_other_at_every_depth<S: Scope>(lock: &RLock<S>) {
    let tally = AtomicU32::new(0);
    support::watched(|| {
        crate::support::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..EACH).for_each(|_| nested(lock, &tally)));
            }
        });
    });
    assert_eq!(tally.into_inner(), 4 * EACH);
    assert!(!lock.locked() && !lock.is_owned());
}

#[test]
fn threads_exclude_each_other_at_every_depth_private() {
    threads_exclude_each_other_at_every_depth(&RLock::new());
}

#[test]
fn threads_exclude_each_other_at_every_depth_shared() {
    threads_exclude_each_other_at_every_depth(&RLock::shared());
}

fn only_the_owner_has_it<S: Scope>(lock: &RLock<S>) {
    assert_eq!(lock.release(), Err(NotOwner));
    lock.acquire().unwrap();
    lock.acquire().unwrap();
    crate::support::scope(|scope| {
        scope.spawn(|| {
            assert!(lock.locked() && !lock.is_owned());
            assert!(format!("{lock:?}").ends_with("is_owned: false, recursion_count: 0 }"), "{lock:?}");
            assert_eq!((lock.recursion_count(), lock.try_acquire(), lock.release()), (0, Ok(false), Err(NotOwner)));
            for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(5)] {
                let start = Instant::now();
                assert_eq!(lock.acquire_until(Deadline::after(timeout)), Ok(false));
                assert!(start.elapsed() >= timeout);
            }
        });
    });
    assert!(format!("{lock:?}").ends_with("is_owned: true, recursion_count: 2 }"), "{lock:?}");
    assert_eq!((lock.recursion_count(), lock.try_acquire()), (2, Ok(true)));
    for left in [2, 1, 0] {
        lock.release().unwrap();
        assert_eq!((lock.recursion_count(), lock.is_owned(), lock.locked()), (left, left > 0, left > 0));
    }
}

#[test]
fn only_the_owner_has_it_private() {
    only_the_owner_has_it(&RLock::new());
}

#[test]
fn only_the_owner_has_it_shared() {
    only_the_owner_has_it(&RLock::shared());
}

/// A lock that the calling thread has taken so often.
fn taken(times: u32) -> RLock {
    // SAFETY: four words in the order of the module's table: held, nobody asleep, the owner, the depth.
    unsafe { std::mem::transmute([1, 0, owner_id::<Private>(), times]) }
}

#[test]
fn the_deepest_acquire_is_refused_with_nothing_changed() {
    let lock = taken(u32::MAX - 1);
    assert_eq!(lock.acquire(), Ok(()));
    assert_eq!((lock.acquire(), lock.try_acquire()), (Err(CountOverflow), Err(CountOverflow)));
    assert_eq!(lock.recursion_count(), u32::MAX);
    lock.release().unwrap();
    assert_eq!(lock.recursion_count(), u32::MAX - 1);
}

#[test]
#[should_panic(expected = "more than 2^32 - 1 times by one thread")]
fn a_guard_that_cannot_be_had_panics() {
    let guarded = Guarded::new(taken(u32::MAX), ());
    drop(guarded.acquire());
}

#[test]
fn one_that_cannot_be_had_once_more_is_shown_as_locked() {
    let guarded = Guarded::new(taken(u32::MAX), 7);
    assert_eq!(format!("{guarded:?}"), "Guarded(<locked>)");
    let guarded = Guarded::new(taken(u32::MAX - 1), 7);
    assert_eq!(format!("{guarded:?} {guarded:?}"), "Guarded(7) Guarded(7)");
}

#[test]
fn released_whole_and_taken_again_it_is_as_deep() {
    let lock = taken(5);
    // SAFETY: held, and it protects nothing.
    let depth = unsafe { lock.release_all() };
    assert!(!RawLock::locked(&lock));
    lock.reacquire(depth);
    assert!(RawLock::locked(&lock));
    assert_eq!(lock.recursion_count(), 5);
}

#[test]
fn processes_exclude_each_other() {
    struct Area {
        lock: RLock<Shared>,
        tally: AtomicU32,
    }
    // SAFETY: all-zero is a free lock and a zero.
    let area: &Area = unsafe { support::shared_zeroed() };
    let work = || (0..EACH).for_each(|_| nested(&area.lock, &area.tally));
    support::watched(|| {
        let children = [(); 3].map(|()| support::fork(work));
        work();
        children.into_iter().for_each(support::Child::join);
    });
    assert_eq!(area.tally.load(Relaxed), 4 * EACH);
}

#[test]
fn a_forked_child_owns_its_copy_of_a_private_lock_but_not_a_shared_one() {
    let private = RLock::new();
    // SAFETY: all-zero is a free lock.
    let shared: &RLock<Shared> = unsafe { support::shared_zeroed() };
    private.acquire().unwrap();
    shared.acquire().unwrap();
    support::fork(|| {
        assert!(private.is_owned());
        assert_eq!((shared.is_owned(), shared.release()), (false, Err(NotOwner)));
    })
    .join();
    assert!(private.is_owned() && shared.is_owned());
}
