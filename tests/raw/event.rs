//! `raw::Event`.

use std::time::Duration;

use underthread::raw::{Deadline, Event};
use underthread::sys::{Private, Scope, Shared};

use crate::support::{cpu_time, fork, shared_zeroed, watched};

/// Returns once somebody has announced that it sleeps on `event`.
fn until_waited_for<S: Scope>(event: &Event<S>) {
    while !format!("{event:?}").contains("waiters: true") {
        std::thread::yield_now();
    }
}

fn releases_all<S: Scope>(event: &Event<S>) {
    watched(|| {
        crate::support::scope(|scope| {
            let waiters: Vec<_> = (0..5).map(|_| scope.spawn(|| event.wait_until(None))).collect();
            until_waited_for(event);
            assert!(!event.is_set());
            event.set();
            event.set();
            assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
            assert!(event.is_set() && event.wait_until(None));
        });
    });
}

#[test]
fn a_set_releases_all_who_wait_and_all_who_come() {
    releases_all(&Event::new());
}

#[test]
fn a_set_releases_all_who_wait_and_all_who_come_shared() {
    releases_all(&Event::shared());
}

/// The generation passes from its last value to 0 on the way.
fn cleared_at_once<S: Scope>(event: &Event<S>) {
    watched(|| {
        for _ in 0..1000 {
            crate::support::scope(|scope| {
                let waiter = scope.spawn(|| event.wait_until(None));
                until_waited_for(event);
                event.set();
                event.clear();
                assert!(waiter.join().unwrap());
                assert!(!event.is_set());
            });
        }
    });
}

#[test]
fn a_set_that_is_cleared_at_once_releases_who_waited() {
    cleared_at_once(&Event::new());
    cleared_at_once(&Event::<Private>::cleared((1 << 30) - 500));
}

#[test]
fn a_set_that_is_cleared_at_once_releases_who_waited_shared() {
    cleared_at_once(&Event::shared());
    cleared_at_once(&Event::<Shared>::cleared((1 << 30) - 500));
}

/// If the timeout is over before the clear comes, there is nothing to see.
fn cleared_while_unset<S: Scope>(event: &Event<S>) {
    watched(|| {
        crate::support::scope(|scope| {
            let waiter = scope.spawn(|| event.wait_until(Deadline::after(Duration::from_millis(50))));
            until_waited_for(event);
            event.clear();
            assert!(!waiter.join().unwrap());
        });
    });
}

#[test]
fn a_clear_of_an_unset_event_releases_nobody() {
    cleared_while_unset(&Event::new());
}

#[test]
fn a_clear_of_an_unset_event_releases_nobody_shared() {
    cleared_while_unset(&Event::shared());
}

#[test]
fn the_generation_wraps_into_no_flag() {
    let event = Event::<Private>::cleared(u32::MAX);
    for _ in 0..2 {
        assert!(!event.is_set());
        event.set();
        assert!(event.is_set());
        event.clear();
        assert_eq!(format!("{event:?}"), "Event { set: false, waiters: false }");
    }
}

fn timeouts<S: Scope>(event: &Event<S>) {
    watched(|| {
        let (start, cpu) = (std::time::Instant::now(), cpu_time());
        assert!(!event.wait_until(Deadline::after(Duration::from_millis(50))));
        assert!(start.elapsed() >= Duration::from_millis(50));
        assert!(cpu_time() - cpu < Duration::from_millis(20));
        assert!(!event.wait_until(Deadline::after(Duration::ZERO)));
        crate::support::scope(|scope| {
            let waiter = scope.spawn(|| event.wait_until(Deadline::after(Duration::MAX)));
            event.set();
            assert!(waiter.join().unwrap());
        });
        assert!(event.wait_until(Deadline::after(Duration::ZERO)));
    });
}

#[test]
fn a_timed_wait_lasts_its_time_and_uses_no_cpu() {
    timeouts(&Event::new());
}

#[test]
fn a_timed_wait_lasts_its_time_and_uses_no_cpu_shared() {
    timeouts(&Event::shared());
}

#[test]
fn two_processes_play_ping_pong_from_zeroed_memory() {
    const ROUNDS: u32 = 1000;
    // SAFETY: all-zero bytes are two unset events.
    let [ping, pong] = unsafe { shared_zeroed::<[Event<Shared>; 2]>() };
    let child = fork(|| {
        for _ in 0..ROUNDS {
            assert!(ping.wait_until(None));
            ping.clear();
            pong.set();
        }
    });
    watched(|| {
        for _ in 0..ROUNDS {
            ping.set();
            assert!(pong.wait_until(None));
            pong.clear();
        }
        child.join();
    });
}

/// Its only waiter is the thread that the signal interrupts, which `set` may not block.
#[test]
fn a_signal_handler_may_set() {
    static EVENT: Event = Event::new();
    extern "C" fn handle(_: libc::c_int) {
        EVENT.set();
    }
    // SAFETY: the handler is async-signal-safe, and SIGUSR2 is used by nothing else here.
    unsafe { libc::signal(libc::SIGUSR2, handle as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    watched(|| {
        let waiter = std::thread::spawn(|| EVENT.wait_until(None));
        until_waited_for(&EVENT);
        // SAFETY: the thread has not been joined, so its handle is valid.
        let failed =
            unsafe { libc::pthread_kill(std::os::unix::thread::JoinHandleExt::as_pthread_t(&waiter), libc::SIGUSR2) };
        assert_eq!(failed, 0);
        assert!(waiter.join().unwrap());
    });
}
