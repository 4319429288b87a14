//! The contract of `sys::Futex`, whichever backend keeps it.
//!
//! That a thread is asleep is read from `/proc`: no step here depends on how long anything takes.

use std::hint;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use underthread::sys::identity::native_id;
use underthread::sys::{Deadline, Futex, Private, Scope, Shared};

use crate::support::{fork, shared_zeroed, watched};

/// Waits until the kernel says that the thread sleeps.
fn until_asleep(thread: u32) {
    let stat = format!("/proc/self/task/{thread}/stat");
    // The state is the field after the name, which is in parentheses and may hold anything.
    let state = || std::fs::read_to_string(&stat).ok().and_then(|stat| stat.rsplit(')').next()?.trim().chars().next());
    while state() != Some('S') {
        thread::yield_now();
    }
}

pub(crate) fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// Threads that wait on a word once each; `body` gets the count of those that have returned.
pub(crate) fn with_sleepers<S: Scope>(word: &Futex<S>, sleepers: u32, body: impl FnOnce(&AtomicU32)) {
    let returned = &AtomicU32::new(0);
    let ids: Vec<AtomicU32> = (0..sleepers).map(|_| AtomicU32::new(0)).collect();
    watched(|| {
        crate::support::scope(|scope| {
            for id in &ids {
                scope.spawn(move || {
                    id.store(native_id(), Relaxed);
                    assert!(word.wait(0, None));
                    returned.fetch_add(1, Relaxed);
                });
                until(|| id.load(Relaxed) != 0);
                until_asleep(id.load(Relaxed));
            }
            body(returned);
        });
    });
    assert_eq!(returned.load(Relaxed), sleepers);
}

fn a_word_that_differs_is_not_waited_for<S: Scope>() {
    let word = Futex::<S>::new(1);
    watched(|| {
        assert!(word.wait(0, None));
        assert!(word.wait(0, Deadline::after(Duration::ZERO)));
        assert!(word.wait(2, Deadline::after(Duration::from_secs(3600))));
    });
}

#[test]
fn a_private_word_that_differs_is_not_waited_for() {
    a_word_that_differs_is_not_waited_for::<Private>();
}

#[test]
fn a_shared_word_that_differs_is_not_waited_for() {
    a_word_that_differs_is_not_waited_for::<Shared>();
}

fn a_wait_gives_up_at_its_deadline_and_not_before<S: Scope>() {
    let word = Futex::<S>::new(0);
    for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_micros(1500), Duration::from_millis(30)] {
        let deadline = Deadline::after(timeout).unwrap();
        let mut returns = 0;
        watched(|| {
            while word.wait(0, Some(deadline)) {
                returns += 1;
            }
        });
        assert!(deadline.passed(), "gave up {:?} too early", deadline.remaining());
        // One for each millisecond at most, where it must look for itself: it sleeps, and does not spin.
        assert!(returns <= 100, "{returns} returns for no reason");
        // A deadline in the past.
        watched(|| while word.wait(0, Some(deadline)) {});
    }
}

#[test]
fn a_private_wait_gives_up_at_its_deadline_and_not_before() {
    a_wait_gives_up_at_its_deadline_and_not_before::<Private>();
}

#[test]
fn a_shared_wait_gives_up_at_its_deadline_and_not_before() {
    a_wait_gives_up_at_its_deadline_and_not_before::<Shared>();
}

#[test]
fn a_timeout_that_the_clock_cannot_name_is_for_ever() {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    assert_eq!(Deadline::after(Duration::MAX), None);
    assert_eq!(Deadline::after(6 * CENTURY), None);
    // One that it can name is waited for as it stands.
    let now = Deadline::now();
    let far = Deadline::after(CENTURY).unwrap();
    assert!(far > now && !far.passed() && far.remaining() > CENTURY / 2);
    let word = Futex::<Private>::new(0);
    watched(|| {
        crate::support::scope(|scope| {
            let waiter = scope.spawn(|| while word.load(Relaxed) == 0 && word.wait(0, Some(far)) {});
            word.store(1, Relaxed);
            Futex::wake(&word, 1);
            waiter.join().unwrap();
        });
    });
    assert!(!far.passed());
}

fn a_wake_of_so_many_wakes_so_many<S: Scope>(word: Futex<S>) {
    with_sleepers(&word, 2, |returned| {
        Futex::wake(&word, 0);
        assert_eq!(returned.load(Relaxed), 0);
        Futex::wake(&word, 1);
        until(|| returned.load(Relaxed) >= 1);
        assert_eq!(returned.load(Relaxed), 1);
        Futex::wake(&word, 1);
    });
    with_sleepers(&word, 5, |returned| {
        Futex::wake(&word, 3);
        until(|| returned.load(Relaxed) >= 3);
        assert_eq!(returned.load(Relaxed), 3);
        Futex::wake(&word, u32::MAX);
    });
    // Nobody is left, and a wake is not kept for later.
    Futex::wake(&word, u32::MAX);
    with_sleepers(&word, 1, |returned| {
        assert_eq!(returned.load(Relaxed), 0);
        Futex::wake(&word, 7);
    });
}

#[test]
#[cfg_attr(underthread_chaos, ignore = "counts returns, of which some are for no reason there")]
fn a_private_wake_of_so_many_wakes_so_many() {
    a_wake_of_so_many_wakes_so_many(Futex::<Private>::new(0));
}

// Without the system call a shared wait returns every so often for no reason.
#[cfg(not(underthread_pthread))]
#[test]
#[cfg_attr(underthread_chaos, ignore = "counts returns, of which some are for no reason there")]
fn a_shared_wake_of_so_many_wakes_so_many() {
    a_wake_of_so_many_wakes_so_many(Futex::<Shared>::new(0));
}

/// Two sleepers, of different bitsets; each wake is for one of them.
fn a_wake_passes_by_those_without_its_bits<S: Scope>(word: &Futex<S>) {
    let sleepers = [0b01, 0b10].map(|bitset| (bitset, AtomicU32::new(0), AtomicBool::new(false)));
    watched(|| {
        crate::support::scope(|scope| {
            for (bitset, id, returned) in &sleepers {
                scope.spawn(move || {
                    id.store(native_id(), Relaxed);
                    assert!(word.wait_bitset(0, None, *bitset));
                    returned.store(true, Relaxed);
                });
                until(|| id.load(Relaxed) != 0);
                until_asleep(id.load(Relaxed));
            }
            let [(_, first, woken), (_, _, other)] = &sleepers;
            Futex::wake_bitset(word, 1, 0b100);
            // The older is passed by.
            Futex::wake_bitset(word, u32::MAX, 0b110);
            until(|| other.load(Relaxed));
            assert!(!woken.load(Relaxed));
            until_asleep(first.load(Relaxed));
            Futex::wake(word, 1);
            until(|| woken.load(Relaxed));
        });
    });
}

#[test]
#[cfg_attr(underthread_chaos, ignore = "counts returns, of which some are for no reason there")]
fn a_private_wake_passes_by_those_without_its_bits() {
    a_wake_passes_by_those_without_its_bits(&Futex::<Private>::new(0));
}

// As above.
#[cfg(not(underthread_pthread))]
#[test]
#[cfg_attr(underthread_chaos, ignore = "counts returns, of which some are for no reason there")]
fn a_shared_wake_passes_by_those_without_its_bits() {
    a_wake_passes_by_those_without_its_bits(&Futex::<Shared>::new(0));
}

/// More words than the fallback's table has buckets: some share one, and the last to sleep there is woken first.
#[test]
#[cfg_attr(underthread_chaos, ignore = "counts returns, of which some are for no reason there")]
fn a_wake_reaches_only_its_own_word() {
    const WORDS: usize = 300;
    let words: Vec<Futex<Private>> = (0..WORDS).map(|_| Futex::new(0)).collect();
    let returned: Vec<AtomicBool> = (0..WORDS).map(|_| AtomicBool::new(false)).collect();
    let ids: Vec<AtomicU32> = (0..WORDS).map(|_| AtomicU32::new(0)).collect();
    watched(|| {
        crate::support::scope(|scope| {
            for ((word, returned), id) in words.iter().zip(&returned).zip(&ids) {
                scope.spawn(move || {
                    id.store(native_id(), Relaxed);
                    assert!(word.wait(0, None));
                    returned.store(true, Relaxed);
                });
                until(|| id.load(Relaxed) != 0);
                until_asleep(id.load(Relaxed));
            }
            for (index, word) in words.iter().enumerate().rev() {
                assert!(!returned[index].load(Relaxed));
                Futex::wake(word, u32::MAX);
                until(|| returned[index].load(Relaxed));
            }
        });
    });
}

/// One sleeper has a deadline, the other has none; one wake comes at about the deadline. Were it spent on a wait that
/// gives `false`, the other would sleep for ever.
#[test]
#[cfg_attr(underthread_chaos, ignore = "counts returns, of which some are for no reason there")]
fn no_wake_is_spent_on_a_wait_that_gives_up() {
    for round in 0..300 {
        let word = Futex::<Private>::new(0);
        let untimed_returned = AtomicBool::new(false);
        let (timed, untimed) = (AtomicU32::new(0), AtomicU32::new(0));
        watched(|| {
            crate::support::scope(|scope| {
                let waiter = scope.spawn(|| {
                    let deadline = Deadline::after(Duration::from_micros(200 + 5 * round));
                    timed.store(native_id(), Relaxed);
                    word.wait(0, deadline)
                });
                until(|| timed.load(Relaxed) != 0);
                scope.spawn(|| {
                    untimed.store(native_id(), Relaxed);
                    assert!(word.wait(0, None));
                    untimed_returned.store(true, Relaxed);
                });
                until(|| untimed.load(Relaxed) != 0);
                until_asleep(untimed.load(Relaxed));
                Futex::wake(&word, 1);
                if waiter.join().unwrap() {
                    Futex::wake(&word, 1);
                }
                until(|| untimed_returned.load(Relaxed));
            });
        });
    }
}

#[test]
#[cfg_attr(underthread_chaos, ignore = "the only wake may come in a delay before the wait")]
fn a_wait_that_gives_up_takes_no_wake_from_an_older_or_a_younger_one() {
    /// So far down the stack that what it leaves there stays.
    fn give_up(word: &Futex<Private>) {
        hint::black_box([0u8; 1 << 16]);
        while word.wait(0, Deadline::after(Duration::from_millis(1))) {}
    }
    let word = Futex::new(0);
    give_up(&word);
    with_sleepers(&word, 1, |_| {
        give_up(&word);
        Futex::wake(&word, 1);
    });
}

/// Runs `body` in a thread that is sent signals, whose handler returns and restarts nothing, until it is done.
fn under_a_storm_of_signals<R: Send>(body: impl FnOnce() -> R + Send) -> R {
    extern "C" fn handler(_: libc::c_int) {}
    // SAFETY: all-zero bytes are a sigaction: no flags (so no SA_RESTART), no blocked signals.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the action lives through the call; its handler does nothing.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) }, 0);
    let (target, done) = (AtomicU32::new(0), AtomicBool::new(false));
    watched(|| {
        crate::support::scope(|scope| {
            let body = scope.spawn(|| {
                target.store(native_id(), Relaxed);
                let result = body();
                done.store(true, Relaxed);
                result
            });
            until(|| target.load(Relaxed) != 0);
            while !done.load(Relaxed) && !body.is_finished() {
                let process = std::process::id();
                // SAFETY: a signal to a thread of this process, or to nobody if it has just ended.
                unsafe { libc::syscall(libc::SYS_tgkill, process, target.load(Relaxed), libc::SIGUSR1) };
                thread::yield_now();
            }
            body.join().unwrap()
        })
    })
}

fn signals_neither_shorten_nor_lengthen_a_wait<S: Scope>() {
    let word = Futex::<S>::new(0);
    let deadline = Deadline::after(Duration::from_millis(30)).unwrap();
    // A wait that began again at each signal would never end.
    under_a_storm_of_signals(|| while word.wait(0, Some(deadline)) {});
    assert!(deadline.passed());

    let asleep = AtomicU32::new(0);
    crate::support::scope(|scope| {
        scope.spawn(|| {
            watched(|| until(|| asleep.load(Relaxed) != 0));
            word.store(1, Relaxed);
            Futex::wake(&word, 1);
        });
        under_a_storm_of_signals(|| {
            while word.load(Relaxed) == 0 {
                asleep.store(1, Relaxed);
                assert!(word.wait(0, None));
            }
        });
    });
}

#[test]
fn signals_neither_shorten_nor_lengthen_a_private_wait() {
    signals_neither_shorten_nor_lengthen_a_wait::<Private>();
}

#[test]
fn signals_neither_shorten_nor_lengthen_a_shared_wait() {
    signals_neither_shorten_nor_lengthen_a_wait::<Shared>();
}

#[test]
fn a_shared_word_passes_between_two_processes() {
    const ROUNDS: u32 = 200;
    // SAFETY: a word of zero bytes is a word that holds 0.
    let word: &'static Futex<Shared> = unsafe { shared_zeroed() };
    // Each side raises the word when it finds it of its own parity.
    let play = |parity: u32| {
        for turn in (parity..2 * ROUNDS).step_by(2) {
            let mut seen = word.load(Relaxed);
            while seen != turn {
                assert!(word.wait(seen, None));
                seen = word.load(Relaxed);
            }
            word.store(turn + 1, Relaxed);
            Futex::wake(word, 1);
        }
    };
    let child = fork(|| play(1));
    watched(|| {
        play(0);
        child.join();
    });
    assert_eq!(word.load(Relaxed), 2 * ROUNDS);
}

#[test]
fn a_wake_at_a_word_that_is_gone_is_harmless() {
    let freed: *const Futex<Private> = &*Box::new(Futex::new(0));
    let page = 4096;
    // SAFETY: a fresh anonymous mapping, of no fixed address.
    let unmapped =
        unsafe { libc::mmap(ptr::null_mut(), page, libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    assert_ne!(unmapped, libc::MAP_FAILED);
    // SAFETY: mapped above, and never used.
    assert_eq!(unsafe { libc::munmap(unmapped, page) }, 0);
    for count in [1, 2, u32::MAX] {
        Futex::wake(freed, count);
        Futex::wake(unmapped.cast::<Futex<Private>>(), count);
        Futex::wake(unmapped.cast::<Futex<Shared>>(), count);
    }
}
