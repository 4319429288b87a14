//! `threading::Event`.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use underthread::threading::Event;

use crate::support::watched;

static EVENT: Event = Event::new();

#[test]
fn is_a_static_that_starts_unset_and_can_be_set_again() {
    watched(|| {
        assert!(!EVENT.is_set());
        EVENT.set();
        EVENT.set();
        assert!(EVENT.is_set());
        EVENT.wait();
        EVENT.clear();
        EVENT.clear();
        assert!(!EVENT.is_set());
    });
}

#[test]
fn a_timeout_gives_whether_it_was_set() {
    let event = Event::default();
    let start = Instant::now();
    assert!(!event.wait_timeout(Duration::from_millis(20)));
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert!(!event.wait_timeout(Duration::ZERO));
    event.set();
    assert!(event.wait_timeout(Duration::ZERO));
    assert!(event.wait_timeout(Duration::MAX));
}

#[test]
fn waiters_with_and_without_timeout_are_released() {
    let event = Event::new();
    watched(|| {
        crate::support::scope(|scope| {
            let timed: Vec<_> = (0..3).map(|_| scope.spawn(|| event.wait_timeout(Duration::MAX))).collect();
            let untimed: Vec<_> = (0..3).map(|_| scope.spawn(|| event.wait())).collect();
            event.set();
            assert!(timed.into_iter().all(|waiter| waiter.join().unwrap()));
            untimed.into_iter().for_each(|waiter| waiter.join().unwrap());
        });
    });
}

#[test]
fn a_set_and_clear_releases_everyone_who_waited() {
    let event = Event::new();
    watched(|| {
        for _ in 0..200 {
            crate::support::scope(|scope| {
                let waiter = scope.spawn(|| event.wait_timeout(Duration::MAX));
                while !format!("{event:?}").contains("waiters: true") {
                    std::thread::yield_now();
                }
                event.set();
                event.clear();
                assert!(waiter.join().unwrap());
            });
        }
    });
}

#[test]
fn who_clears_and_then_looks_misses_nothing() {
    use std::sync::atomic::AtomicU32;
    const LAST: u32 = 100_000;
    let (event, news) = (Event::new(), AtomicU32::new(0));
    watched(|| {
        crate::support::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=LAST {
                    news.store(number, Relaxed);
                    event.set();
                }
            });
            loop {
                event.clear();
                if news.load(Relaxed) == LAST {
                    break;
                }
                event.wait();
            }
        });
    });
}

#[test]
fn shows_its_state_and_may_be_shared() {
    fn shared<T: Send + Sync + UnwindSafe + RefUnwindSafe + 'static>(_: &T) {}
    let event = Event::new();
    shared(&event);
    assert_eq!(format!("{event:?}"), "Event { set: false, waiters: false }");
}

#[test]
fn a_wait_without_a_timeout_lasts_until_the_set() {
    let (event, set) = (Event::new(), AtomicBool::new(false));
    watched(|| {
        crate::support::scope(|scope| {
            let waiter = scope.spawn(|| {
                event.wait();
                assert!(set.load(Relaxed));
            });
            while !format!("{event:?}").contains("waiters: true") && !waiter.is_finished() {
                thread::yield_now();
            }
            set.store(true, Relaxed);
            event.set();
            waiter.join().unwrap();
        });
    });
}
