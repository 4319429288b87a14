use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use underthread::threading::{Condition, Lock, LockGuard, RLock, RLockGuard};

use crate::support;

/// Whether `T` is `Send` and `Sync`: the inherent constants are there only if it is, and hide the trait's.
struct Is<T: ?Sized>(PhantomData<T>);

trait Not {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T: ?Sized> Not for Is<T> {}

impl<T: ?Sized + Send> Is<T> {
    const SEND: bool = true;
}

mod sync {
    pub(super) struct Is<T: ?Sized>(std::marker::PhantomData<T>);

    impl<T: ?Sized> super::Not for Is<T> {}

    impl<T: ?Sized + Sync> Is<T> {
        pub(super) const SYNC: bool = true;
    }
}

/// (Send, Sync) of the lock, its guard, the recursive lock, and its guard.
macro_rules! marks {
    ($data:ty) => {
        [
            (Is::<Lock<$data>>::SEND, sync::Is::<Lock<$data>>::SYNC),
            (Is::<LockGuard<'static, $data>>::SEND, sync::Is::<LockGuard<'static, $data>>::SYNC),
            (Is::<RLock<$data>>::SEND, sync::Is::<RLock<$data>>::SYNC),
            (Is::<RLockGuard<'static, $data>>::SEND, sync::Is::<RLockGuard<'static, $data>>::SYNC),
        ]
    };
}

#[test]
fn every_lock_and_guard_may_be_sent_and_shared_exactly_as_its_data_allows() {
    const BOTH: (bool, bool) = (true, true);
    const NEITHER: (bool, bool) = (false, false);
    // Send and Sync.
    assert_eq!(marks!(i32), [BOTH, BOTH, BOTH, (false, true)]);
    // Send only.
    assert_eq!(marks!(Cell<i32>), [BOTH, (true, false), BOTH, NEITHER]);
    // Sync only.
    assert_eq!(marks!(MutexGuard<'static, i32>), [NEITHER, (false, true), NEITHER, (false, true)]);
    assert_eq!(marks!(Rc<i32>), [NEITHER; 4]);
    assert_eq!((Is::<Condition>::SEND, sync::Is::<Condition>::SYNC), BOTH);
}

#[test]
fn threads_exclude_each_other() {
    static TOTAL: Lock<u64> = Lock::new(0);
    support::watched(|| {
        crate::support::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| *TOTAL.acquire() += 1));
            }
        });
    });
    assert_eq!(*TOTAL.acquire(), 40_000);
}

#[test]
fn locks_and_conditions_are_unwind_safe_whatever_the_data() {
    fn assert_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    assert_unwind_safe::<Lock<Cell<i32>>>();
    assert_unwind_safe::<Lock<&mut i32>>();
    assert_unwind_safe::<RLock<Cell<i32>>>();
    assert_unwind_safe::<Condition>();
}

#[test]
fn a_panic_releases_the_lock_and_leaves_the_data() {
    let lock = Lock::new(1);
    let outcome = catch_unwind(|| {
        *lock.acquire() = 2;
        let _guard = lock.acquire();
        panic!("in the critical section");
    });
    assert!(outcome.is_err());
    assert_eq!(*lock.try_acquire().unwrap(), 2);
}

#[test]
fn a_guard_may_be_dropped_by_another_thread() {
    let lock = Lock::new(Cell::new(0));
    let guard = lock.acquire();
    crate::support::scope(|scope| {
        scope.spawn(move || guard.set(1));
    });
    assert_eq!(lock.into_inner().get(), 1);
}

#[test]
fn a_timeout_ends_a_wait_but_not_before_its_time() {
    let lock = Lock::new(());
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX - Duration::from_nanos(1), Duration::MAX] {
        assert!(lock.acquire_timeout(timeout).is_some());
    }
    let _guard = lock.acquire();
    assert!(lock.locked());
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(5)] {
        let start = Instant::now();
        assert!(lock.acquire_timeout(timeout).is_none());
        assert!(start.elapsed() >= timeout);
    }
}

#[test]
fn debug_does_not_block() {
    let mut lock = Lock::from(7);
    assert_eq!(format!("{lock:?}"), "Lock(7)");
    let guard = lock.acquire();
    assert_eq!(format!("{lock:?} {guard:?} {guard}"), "Lock(<locked>) 7 7");
    drop(guard);
    *lock.get_mut() += 1;
    assert_eq!(lock.into_inner(), 8);
}

#[test]
fn a_lock_of_something_unsized_works_through_a_reference() {
    let lock = Lock::new([1, 2, 3]);
    let slice: &Lock<[i32]> = &lock;
    slice.acquire()[0] = 5;
    assert_eq!(*lock.acquire(), [5, 2, 3]);
}
