//! Signals whose handler restarts nothing, to threads that wait and to threads that work.

use std::fs;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use underthread::raw::get_native_id;
use underthread::threading::Timer;

use crate::child::child;
use crate::support::AtEnd;
use crate::waits::{asleep, hold_under};
use crate::works::{Crew, all_come_to_their_end};

static HANDLED: AtomicU32 = AtomicU32::new(0);

fn handle() {
    extern "C" fn handler(_: libc::c_int) {
        HANDLED.fetch_add(1, Relaxed);
    }
    // SAFETY: all-zero bytes are a sigaction: no flags (so no SA_RESTART), no blocked signals.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the action lives through the call; its handler only counts.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) }, 0);
}

fn send(thread: u32) {
    // SAFETY: a signal to a thread of this process, or to nobody if it has just ended.
    unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), thread, libc::SIGUSR1) };
}

/// Runs `body` while every thread of the process but one is sent signals, of which some have been handled.
fn in_a_storm(body: impl FnOnce()) {
    handle();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
                    let thread = task.file_name().to_str().unwrap().parse().unwrap();
                    if thread != get_native_id() {
                        send(thread);
                    }
                }
                thread::yield_now();
            }
        });
        // Also where the body panics.
        let _end = AtEnd(|| done.store(true, Relaxed));
        while HANDLED.load(Relaxed) == 0 {
            thread::yield_now();
        }
        body();
    });
}

#[test]
fn a_signal_neither_shortens_nor_ends_a_wait() {
    child(|| {
        handle();
        hold_under(|thread| {
            let hit = asleep(thread);
            if hit {
                send(thread);
            }
            hit.into()
        });
        assert_ne!(HANDLED.load(Relaxed), 0);
    });
}

#[test]
fn totals_are_right_in_a_storm_of_signals() {
    child(|| in_a_storm(|| all_come_to_their_end(&Crew { threads: 4, each: 300, around: &|_, body| body() })));
}

#[test]
fn a_timer_in_a_storm_of_signals_does_not_call_before_its_time() {
    child(|| {
        in_a_storm(|| {
            let (start, interval) = (Instant::now(), Duration::from_millis(20));
            let timer = Timer::new(interval, move || assert!(start.elapsed() >= interval));
            timer.start().unwrap();
            timer.join().unwrap();
            assert!(timer.is_finished() && start.elapsed() >= interval);
        });
    });
}
