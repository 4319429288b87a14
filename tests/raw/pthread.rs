//! What the backend of that name asks of pthread: its calls come through here.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::io::Write;
use std::mem::transmute;
use std::process::abort;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use std::time::Duration;

use underthread::sys::{Deadline, Futex, Private};

use crate::futex::{until, with_sleepers};
use crate::support::{fork, scope, watched};

thread_local! {
    /// How many mutexes the thread has. Constant and without a destructor, for fork handlers.
    static HELD: Cell<u32> = const { Cell::new(0) };
    /// How many it has taken.
    static TAKEN: Cell<u32> = const { Cell::new(0) };
    /// What another thread does, in effect, before this one's next mutex.
    static OVERTAKES: Cell<Option<fn()>> = const { Cell::new(None) };
    /// How many conditions it has signalled.
    static SIGNALS: Cell<u32> = const { Cell::new(0) };
    /// What passes before its next signal.
    static PASSES: Cell<Option<Deadline>> = const { Cell::new(None) };
}

fn must_hold(what: &str) {
    if HELD.get() == 0 {
        // Past libtest, which would keep it for a report that an abort prevents.
        _ = writeln!(std::io::stderr(), "{what} by a thread that has no mutex");
        abort();
    }
}

/// libc's function of that name, found at its first call.
fn next<T>(known: &AtomicPtr<c_void>, name: &CStr, argument: *mut T) -> c_int {
    let mut next = known.load(Relaxed);
    if next.is_null() {
        // SAFETY: the name ends with a NUL.
        next = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        assert!(!next.is_null());
        known.store(next, Relaxed);
    }
    // SAFETY: our callers have its type.
    let next: extern "C" fn(*mut T) -> c_int = unsafe { transmute(next) };
    next(argument)
}

#[unsafe(no_mangle)]
extern "C" fn pthread_mutex_lock(mutex: *mut libc::pthread_mutex_t) -> c_int {
    static NEXT: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
    if let Some(overtakes) = OVERTAKES.take() {
        overtakes();
    }
    let failed = next(&NEXT, c"pthread_mutex_lock", mutex);
    assert_eq!(failed, 0);
    HELD.set(HELD.get() + 1);
    TAKEN.set(TAKEN.get() + 1);
    failed
}

#[unsafe(no_mangle)]
extern "C" fn pthread_mutex_unlock(mutex: *mut libc::pthread_mutex_t) -> c_int {
    static NEXT: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
    must_hold("an unlock");
    HELD.set(HELD.get() - 1);
    next(&NEXT, c"pthread_mutex_unlock", mutex)
}

#[unsafe(no_mangle)]
extern "C" fn pthread_cond_signal(condition: *mut libc::pthread_cond_t) -> c_int {
    static NEXT: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
    must_hold("a signal");
    SIGNALS.set(SIGNALS.get() + 1);
    if let Some(deadline) = PASSES.take() {
        until(|| deadline.passed());
    }
    next(&NEXT, c"pthread_cond_signal", condition)
}

/// Without it, a sleeper whose deadline has passed could be gone, and its condition with it.
#[test]
fn a_sleeper_is_signalled_under_a_mutex() {
    let word = Futex::<Private>::new(0);
    with_sleepers(&word, 2, |_| {
        let before = SIGNALS.get();
        Futex::wake(&word, u32::MAX);
        assert!(SIGNALS.get() - before >= 2, "the signals do not come through here");
    });
}

#[test]
fn a_change_and_a_wake_that_a_wait_did_not_see_are_seen_before_it_sleeps() {
    static WORD: Futex<Private> = Futex::new(0);
    // So that the handlers of a fork are there.
    Futex::wake(&WORD, 1);
    OVERTAKES.set(Some(|| {
        WORD.store(1, Relaxed);
        Futex::wake(&WORD, 1);
    }));
    watched(|| assert!(WORD.wait(0, None)));
    assert!(OVERTAKES.take().is_none());
}

/// The waker has the sleeper already, and signals when the deadline has passed.
#[test]
fn who_is_woken_before_its_deadline_does_not_give_up_at_it() {
    /// Whether the wake came before the deadline.
    fn woken_within(timeout: Duration) -> bool {
        let word = Futex::<Private>::new(0);
        let deadline = Deadline::after(timeout).unwrap();
        let (signals, is_woken) = scope(|scope| {
            let waiter = scope.spawn(|| word.wait(0, Some(deadline)));
            let before = SIGNALS.get();
            PASSES.set(Some(deadline));
            while SIGNALS.get() == before && !deadline.passed() {
                Futex::wake(&word, 1);
            }
            (SIGNALS.get() - before, waiter.join().unwrap())
        });
        assert!(is_woken || signals == 0, "a wake was spent on a wait that gave up");
        signals != 0
    }
    watched(|| {
        let mut milliseconds = 1;
        while !woken_within(Duration::from_millis(milliseconds)) {
            milliseconds *= 2;
        }
    });
}

#[test]
fn a_fork_has_the_mutexes_that_it_gives_back() {
    Futex::wake(&Futex::<Private>::new(0), 1);
    let (held, taken) = (HELD.get(), TAKEN.get());
    fork(|| assert_eq!(HELD.get(), held)).join();
    assert_eq!(HELD.get(), held);
    assert!(TAKEN.get() - taken > 1, "the table's mutexes are not taken");
}
