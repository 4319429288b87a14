//! `threading::Semaphore` and `threading::BoundedSemaphore`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use underthread::threading::{BoundedSemaphore, OverRelease, Permit, Semaphore};

use crate::support::watched;

static SEMAPHORE: Semaphore = Semaphore::new(7);

#[test]
fn permits_come_back_when_they_are_dropped() {
    let first = SEMAPHORE.acquire();
    let many = SEMAPHORE.acquire_many(4);
    assert_eq!((first.count(), many.count(), SEMAPHORE.value()), (1, 4, 2));
    assert!(SEMAPHORE.try_acquire_many(3).is_none());
    assert_eq!(SEMAPHORE.value(), 2);
    drop(SEMAPHORE.try_acquire_many(2).unwrap());
    drop((first, many));
    assert_eq!(SEMAPHORE.value(), 7);
}

#[test]
fn a_panic_gives_the_permit_back() {
    let semaphore = Semaphore::default();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _permit = semaphore.acquire();
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn forgotten_permits_are_released_by_hand_by_any_thread() {
    let semaphore = Semaphore::new(0);
    watched(|| {
        crate::support::scope(|scope| {
            let taker = scope.spawn(|| semaphore.acquire_many(2).forget());
            scope.spawn(|| semaphore.release(2).unwrap());
            taker.join().unwrap();
        });
    });
    assert_eq!(semaphore.value(), 0);
    assert!(semaphore.release(5).is_ok() && semaphore.release(0).is_ok());
    assert_eq!(semaphore.value(), 5, "an unbounded semaphore may grow past its start");
}

#[test]
fn timeouts_take_what_is_there_and_nothing_else() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire_timeout(Duration::ZERO).unwrap();
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.acquire_timeout(Duration::from_millis(2)).is_none());
    drop(permit);
    assert!(semaphore.acquire_many_timeout(2, Duration::from_millis(2)).is_none());
    assert_eq!(semaphore.value(), 1);
    drop(semaphore.acquire_many_timeout(1, Duration::MAX).unwrap());
    drop(semaphore.acquire_many(0));
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn a_bounded_one_refuses_all_of_a_release_that_is_too_much() {
    let bounded = BoundedSemaphore::new(3);
    assert_eq!(bounded.release(1), Err(OverRelease));
    bounded.acquire_many(2).forget();
    assert_eq!(bounded.release(3), Err(OverRelease));
    assert_eq!(bounded.value(), 1);
    assert_eq!(bounded.release(2), Ok(()));
    assert_eq!(OverRelease.to_string(), "release of more permits than the semaphore may hold");
    assert_eq!(Semaphore::new(u32::MAX).release(1), Err(OverRelease));
}

#[test]
fn a_permit_that_has_no_room_any_more_is_dropped_silently() {
    let bounded = BoundedSemaphore::default();
    let permit = bounded.acquire();
    bounded.release(1).unwrap();
    drop(permit);
    assert_eq!(bounded.value(), 1);
}

#[test]
fn to_want_more_than_there_ever_is_panics() {
    let bounded = BoundedSemaphore::new(2);
    let message = catch_unwind(AssertUnwindSafe(|| bounded.acquire_many(3).forget())).unwrap_err();
    assert_eq!(*message.downcast::<&str>().unwrap(), "acquire of more permits than the semaphore ever has");
    assert!(bounded.try_acquire_many(3).is_none());
    assert!(bounded.acquire_many_timeout(3, Duration::from_millis(1)).is_none());
    assert_eq!(bounded.value(), 2);
}

#[test]
fn what_came_before_a_release_is_there_after_the_acquire() {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    let (full, empty, cell) = (Semaphore::new(0), Semaphore::new(1), AtomicU32::new(0));
    watched(|| {
        crate::support::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=10_000 {
                    empty.acquire().forget();
                    cell.store(number, Relaxed);
                    full.release(1).unwrap();
                }
            });
            for number in 1..=10_000 {
                full.acquire().forget();
                assert_eq!(cell.load(Relaxed), number);
                empty.release(1).unwrap();
            }
        });
    });
}

#[test]
fn shows_its_state_and_may_be_shared() {
    fn shared<T: Send + Sync>(_: &T) {}
    let (semaphore, bounded) = (Semaphore::new(2), BoundedSemaphore::new(2));
    shared(&semaphore);
    shared(&bounded);
    let permit: Permit<'_> = bounded.acquire();
    shared(&permit);
    assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 2, sleepers: none }");
    assert_eq!(format!("{bounded:?} {permit:?}"), "BoundedSemaphore { value: 1, limit: 2 } Permit { count: 1 }");
}

#[test]
fn a_permit_that_is_there_is_had_at_once() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire();
    assert!(permit.is_some() && semaphore.try_acquire().is_none());
    drop(permit);
    assert!(semaphore.try_acquire().is_some());
}
