//! Wakes for no reason, at every word.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;

use crate::child::{child, words};
use crate::support::AtEnd;
use crate::waits::{hold_under, sleeps_on};
use crate::works::{Crew, all_come_to_their_end};

/// Wakes whoever sleeps on the word, in this process or in others, and says how many that were.
fn wake(word: usize) -> u32 {
    let woken = |operation: libc::c_int| {
        // SAFETY: FUTEX_WAKE uses the address as a key and does not read through it.
        unsafe { libc::syscall(libc::SYS_futex, word, operation, i32::MAX) }
    };
    let woken = [libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, libc::FUTEX_WAKE].map(woken);
    woken.into_iter().map(|count| u32::try_from(count).unwrap_or(0)).sum()
}

/// Does `body` while a thread wakes whoever sleeps on the words that are shown, and says how often it woke one.
pub(crate) fn disturbed(body: impl FnOnce()) -> u32 {
    let (done, woken) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                woken.fetch_add(words().into_iter().map(wake).sum(), Relaxed);
                thread::yield_now();
            }
        });
        // Also where it panics.
        let _end = AtEnd(|| done.store(true, Relaxed));
        body();
    });
    woken.into_inner()
}

#[test]
fn a_wake_for_no_reason_neither_shortens_nor_ends_a_wait() {
    if std::fs::read_to_string("/proc/self/syscall").is_err() || cfg!(underthread_pthread) {
        // Past libtest, which shows nothing of a test that passes.
        _ = writeln!(std::io::stderr(), "not tested: where threads sleep is not known here");
        return;
    }
    child(|| hold_under(|thread| words().into_iter().chain(sleeps_on(thread)).map(wake).sum()));
}

#[test]
fn totals_are_right_under_wakes_for_no_reason() {
    child(|| {
        let woken = disturbed(|| all_come_to_their_end(&Crew { threads: 4, each: 300, around: &|_, body| body() }));
        assert!(cfg!(underthread_pthread) || woken > 0);
    });
}
