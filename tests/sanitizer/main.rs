//! The sanitizers of `.ci/run` report: each test here is a child process with a planted bug, which must fail. They look
//! only where `UNDERTHREAD_SANITIZER` says which sanitizer this was built with.
#![cfg(not(loom))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use underthread::raw::{Options, scope};

#[path = "../support/mod.rs"]
mod support;

const PLANTED: &str = "UNDERTHREAD_PLANTED";

/// In the parent, built with `sanitizer`: asserts that `test` alone in a child fails with a report of `what`, or passes
/// where there is nothing to report. In that child: `bug`.
fn child(sanitizer: &str, test: &str, what: Option<&str>, bug: impl FnOnce()) {
    if std::env::var_os("UNDERTHREAD_SANITIZER").is_none_or(|built_with| built_with != sanitizer) {
        return;
    }
    if std::env::var_os(PLANTED).is_some() {
        return bug();
    }
    let output = support::rerun(test, PLANTED);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), what.is_none(), "{said}");
    assert!(said.contains(what.unwrap_or_default()), "{said}");
}

/// Two threads count under a lock of the plainest kind, with such orders.
fn count_under_a_spin_lock(acquire: Ordering, release: Ordering) {
    // Not both within 8 bytes, for which ThreadSanitizer remembers few accesses.
    struct Counter(AtomicBool, UnsafeCell<u64>);
    // SAFETY: the number is used under the lock; whether that is enough is the test.
    unsafe impl Sync for Counter {}
    let counter = Counter(AtomicBool::new(false), UnsafeCell::new(0));
    let (shared, here) = (&counter, &AtomicU32::new(0));
    scope(|s| {
        for _ in 0..2 {
            let count = move || {
                // One that had ended before the other began would be joined in between, which is an order.
                here.fetch_add(1, Relaxed);
                while here.load(Relaxed) < 2 {
                    std::thread::yield_now();
                }
                for _ in 0..1000 {
                    while shared.0.swap(true, acquire) {
                        std::thread::yield_now();
                    }
                    // SAFETY: as above.
                    unsafe { *shared.1.get() += 1 };
                    shared.0.store(false, release);
                }
            };
            s.start(Options::new(), count).unwrap();
        }
    });
    assert_eq!(counter.1.into_inner(), 2000);
}

#[test]
fn a_lock_without_its_orders_is_a_data_race() {
    let what = Some("WARNING: ThreadSanitizer: data race");
    child("thread", "a_lock_without_its_orders_is_a_data_race", what, || count_under_a_spin_lock(Relaxed, Relaxed));
}

#[test]
fn a_lock_with_its_orders_is_none() {
    child("thread", "a_lock_with_its_orders_is_none", None, || count_under_a_spin_lock(Acquire, Release));
}

#[test]
fn a_use_after_the_free_is_reported() {
    let what = Some("AddressSanitizer: heap-use-after-free");
    child("address", "a_use_after_the_free_is_reported", what, || {
        let freed = black_box(&raw const *Box::new(1_u8));
        // SAFETY: none, which is the test.
        assert_ne!(unsafe { freed.read_volatile() }, 0);
    });
}

#[test]
fn what_nobody_frees_is_reported() {
    let what = Some("LeakSanitizer: detected memory leaks");
    child("address", "what_nobody_frees_is_reported", what, || {
        for _ in 0..100 {
            std::mem::forget(black_box(Box::new([1_u8; 100])));
        }
    });
}
