//! `raw::Lock` under `lock_api`'s types, of both versions.
#![cfg(all(not(any(loom, shuttle)), any(feature = "lock_api", feature = "lock_api_04")))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

#[path = "support/mod.rs"]
mod support;

/// The same text over each version: their types share names and no trait.
macro_rules! conformance {
    ($version:ident, $lock_api:ident) => {
        mod $version {
            use std::cell::Cell;
            use std::time::{Duration, Instant};

            use underthread::lock_api::ThreadId;
            use underthread::raw::Lock;

            use crate::support::watched;

            type Mutex<T> = $lock_api::Mutex<Lock, T>;
            type ReentrantMutex<T> = $lock_api::ReentrantMutex<Lock, ThreadId, T>;

            static COUNT: Mutex<u64> = Mutex::new(0);

            #[test]
            fn a_mutex_excludes() {
                watched(|| {
                    crate::support::scope(|scope| {
                        for _ in 0..4 {
                            scope.spawn(|| {
                                for _ in 0..10_000 {
                                    let mut count = COUNT.lock();
                                    let seen = *count;
                                    *count = seen + 1;
                                }
                            });
                        }
                    });
                });
                assert_eq!(*COUNT.lock(), 40_000);
            }

            #[test]
            fn a_held_mutex_is_neither_taken_nor_waited_for() {
                let mutex = Mutex::new(1);
                let guard = mutex.lock();
                assert!(mutex.is_locked());
                assert!(mutex.try_lock().is_none());
                let timeout = Duration::from_millis(5);
                for timeout in [Duration::ZERO, timeout] {
                    let start = Instant::now();
                    assert!(mutex.try_lock_for(timeout).is_none());
                    assert!(start.elapsed() >= timeout);
                    let until = Instant::now() + timeout;
                    assert!(mutex.try_lock_until(until).is_none());
                    assert!(Instant::now() >= until);
                }
                drop(guard);
                assert!(!mutex.is_locked());
                assert_eq!(mutex.try_lock().as_deref(), Some(&1));
                assert!(mutex.try_lock_for(Duration::ZERO).is_some());
                assert!(mutex.try_lock_until(Instant::now()).is_some());
            }

            #[test]
            fn a_timeout_beyond_the_clock_is_for_ever() {
                let mutex = Mutex::new(1);
                watched(|| {
                    crate::support::scope(|scope| {
                        let guard = mutex.lock();
                        let waiter = scope.spawn(|| mutex.try_lock_for(Duration::MAX).is_some());
                        drop(guard);
                        assert!(waiter.join().unwrap());
                    });
                });
            }

            #[test]
            fn a_guard_may_be_released_by_another_thread() {
                let mutex = Mutex::new(1);
                let guard = mutex.lock();
                watched(|| {
                    crate::support::scope(|scope| {
                        scope.spawn(move || drop(guard));
                    });
                });
                assert!(!mutex.is_locked());
            }

            #[test]
            fn a_reentrant_mutex_excludes_other_threads_only() {
                let mutex = ReentrantMutex::new(Cell::new(0));
                let add_one = |depth: u32| {
                    let outer = mutex.lock();
                    let inner = mutex.try_lock().expect("the owner may take it again");
                    assert!(mutex.is_owned_by_current_thread());
                    let seen = outer.get();
                    inner.set(seen + depth);
                };
                watched(|| {
                    crate::support::scope(|scope| {
                        for _ in 0..4 {
                            scope.spawn(|| (0..1000).for_each(|_| add_one(1)));
                        }
                    });
                    let guard = mutex.lock();
                    crate::support::scope(|scope| {
                        scope.spawn(|| assert!(mutex.try_lock().is_none()));
                    });
                    assert_eq!(guard.get(), 4000);
                });
                assert!(!mutex.is_locked());
            }
        }
    };
}

#[cfg(feature = "lock_api")]
conformance!(version_05, lock_api);
#[cfg(feature = "lock_api_04")]
conformance!(version_04, lock_api_04);
