//! Museum, section 5: timeouts; and the park token of section 2, which takes the same table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use underthread::queue::{LifoQueue, PriorityQueue, Queue, SimpleQueue};
use underthread::sys::identity::native_id;
use underthread::threading::{Barrier, Condition, Event, Lock, RLock, Semaphore, Thread};

use crate::support::watched;

/// One method with a timeout: how it is called, giving whether it came in time, and what ends the wait.
struct Wait {
    name: &'static str,
    call: Box<dyn FnOnce(Duration) -> bool + Send>,
    end: Box<dyn FnOnce()>,
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn wait(
    name: &'static str,
    call: impl FnOnce(Duration) -> bool + Send + 'static,
    end: impl FnOnce() + 'static,
) -> Wait {
    Wait { name, call: Box::new(call), end: Box::new(end) }
}

/// Every method with a timeout, each over an object of its own on which it has to wait.
fn waits() -> Vec<Wait> {
    let mut waits = Vec::new();

    let lock = leak(Lock::new(()));
    let held = lock.acquire();
    waits.push(wait("Lock", |timeout| lock.acquire_timeout(timeout).is_some(), || drop(held)));
    let lock = leak(RLock::new(()));
    let held = lock.acquire();
    waits.push(wait("RLock", |timeout| lock.acquire_timeout(timeout).is_some(), || drop(held)));

    let one = leak(Semaphore::new(0));
    waits.push(wait("Semaphore", |timeout| one.acquire_timeout(timeout).is_some(), || one.release(1).unwrap()));
    let two = leak(Semaphore::new(0));
    waits.push(wait(
        "Semaphore, 2",
        |timeout| two.acquire_many_timeout(2, timeout).is_some(),
        || two.release(2).unwrap(),
    ));

    let event = leak(Event::new());
    waits.push(wait("Event", |timeout| event.wait_timeout(timeout), || event.set()));

    let (lock, condition) = (leak(Lock::new(())), leak(Condition::new()));
    let call = |timeout| condition.wait_timeout(&mut lock.acquire(), timeout);
    waits.push(wait("Condition", call, || assert_eq!(condition.notify_all(), 1)));
    let (lock, condition) = (leak(Lock::new(false)), leak(Condition::new()));
    let call = |timeout| condition.wait_for_timeout(&mut lock.acquire(), timeout, |came| *came);
    let end = || {
        *lock.acquire() = true;
        condition.notify_all();
    };
    waits.push(wait("Condition, predicate", call, end));

    let barrier = leak(Barrier::new(2));
    waits.push(wait("Barrier", |timeout| barrier.wait_timeout(timeout).is_ok(), || assert!(barrier.wait().is_ok())));

    macro_rules! queues {
        ($($kind:ident)*) => {$(
            let empty = leak($kind::new(1));
            let call = |timeout| empty.get_timeout(timeout).is_ok();
            waits.push(wait(concat!(stringify!($kind), ", get"), call, || empty.put_nowait(1).unwrap()));
            let empty = leak($kind::new(1));
            let call = |timeout| empty.get_many_timeout(2, timeout).is_ok();
            waits.push(wait(concat!(stringify!($kind), ", get_many"), call, || empty.put_nowait(1).unwrap()));
            let full = leak($kind::new(1));
            full.put_nowait(1).unwrap();
            let call = |timeout| full.put_timeout(2, timeout).is_ok();
            waits.push(wait(concat!(stringify!($kind), ", put"), call, || assert_eq!(full.get_nowait(), Ok(1))));
            let full = leak($kind::new(1));
            full.put_nowait(1).unwrap();
            let call = |timeout| full.put_many_timeout([2], timeout).is_ok();
            waits.push(wait(concat!(stringify!($kind), ", put_many"), call, || assert_eq!(full.get_nowait(), Ok(1))));
            let busy = leak($kind::new(1));
            busy.put_nowait(1).unwrap();
            let call = |timeout| busy.join_timeout(timeout);
            waits.push(wait(concat!(stringify!($kind), ", join"), call, || busy.task_done().unwrap()));
        )*};
    }
    queues!(Queue LifoQueue PriorityQueue);
    let empty = leak(SimpleQueue::new());
    waits.push(wait("SimpleQueue", |timeout| empty.get_timeout(timeout).is_ok(), || empty.put(1)));

    let go = leak(Event::new());
    let thread = Thread::new(|| go.wait());
    thread.start().unwrap();
    waits.push(wait("Thread", move |timeout| thread.join_timeout(timeout).unwrap(), || go.set()));
    waits
}

/// Whether the kernel says that the thread sleeps.
fn sleeps(thread: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat"));
    // The state is the field after the name, which is in parentheses and may hold anything.
    stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S')))
}

/// Each wait, in a thread that sleeps nowhere else; ended once it is asleep.
fn each_lasts_until_it_is_ended(timeout: Duration, before: fn(), after: fn()) {
    for Wait { name, call, end } in waits() {
        let id = Arc::new(AtomicU32::new(0));
        let own = Arc::clone(&id);
        let waiter = thread::spawn(move || {
            before();
            own.store(native_id(), Relaxed);
            let came = call(timeout);
            after();
            came
        });
        while id.load(Relaxed) == 0 || !(sleeps(id.load(Relaxed)) || waiter.is_finished()) {
            thread::yield_now();
        }
        if !waiter.is_finished() {
            end();
        }
        assert!(waiter.join().unwrap(), "{name} did not wait for {timeout:?}");
    }
}

/// M49, parking_lot (<https://github.com/Amanieu/parking_lot/issues/111>), crossbeam
/// (<https://github.com/crossbeam-rs/crossbeam/issues/798>) and others: `Duration::MAX` panicked or returned at once,
/// as a moment was computed that no clock can name. Here there is one function that does so, and "for ever" is what it
/// says of those. With it M53: a moment beyond 2038.
#[test]
fn the_longest_timeouts_are_waited_out_by_every_method() {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    watched(|| {
        for timeout in [100 * YEAR, 600 * YEAR, Duration::MAX - Duration::from_nanos(1), Duration::MAX] {
            each_lasts_until_it_is_ended(timeout, || (), || ());
        }
    });
}

#[test]
fn the_shortest_timeouts_end_every_method() {
    watched(|| {
        for timeout in [Duration::ZERO, Duration::from_nanos(1)] {
            for Wait { name, call, end } in waits() {
                // Not in this thread, which holds the recursive lock.
                let came = thread::spawn(move || call(timeout)).join().unwrap();
                assert!(!came, "{name} had what it waited for after {timeout:?}");
                drop(end);
            }
        }
    });
}

/// A signal to the calling thread every millisecond, from the kernel, whatever else runs; until dropped.
struct Signals(libc::timer_t);

impl Signals {
    fn start() -> Self {
        extern "C" fn handle(_: libc::c_int) {}
        // SAFETY: the handler does nothing, and SIGUSR1 is used by nothing else here.
        unsafe { libc::signal(libc::SIGUSR1, handle as extern "C" fn(libc::c_int) as libc::sighandler_t) };
        // SAFETY: all-zero bytes are a sigevent.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = libc::SIGUSR1;
        event.sigev_notify_thread_id = native_id().cast_signed();
        let mut timer = std::ptr::null_mut();
        // SAFETY: both pointers are to live values.
        let failed = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
        assert_eq!(failed, 0);
        let millisecond = libc::timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        let times = libc::itimerspec { it_interval: millisecond, it_value: millisecond };
        // SAFETY: the timer was made above; the pointers are to a live value, and to nothing.
        assert_eq!(unsafe { libc::timer_settime(timer, 0, &raw const times, std::ptr::null_mut()) }, 0);
        Self(timer)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // SAFETY: made by `start`, deleted once.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// M50, CPython (<https://github.com/python/cpython/issues/74953>): a wait that a signal interrupted began again with
/// the whole timeout. Here what is waited for is a moment. With the mistake, no wait below would end.
#[test]
fn a_signal_every_millisecond_does_not_begin_a_timeout_again() {
    const TIMEOUT: Duration = Duration::from_millis(100);
    let waiting = |call: Box<dyn FnOnce(Duration) -> bool + Send>| {
        thread::spawn(move || {
            let _signals = Signals::start();
            let start = Instant::now();
            assert!(!call(TIMEOUT));
            assert!(start.elapsed() >= TIMEOUT);
        })
    };
    watched(|| {
        let (calls, ends): (Vec<_>, Vec<_>) = waits().into_iter().map(|wait| (wait.call, wait.end)).unzip();
        let waiters: Vec<_> = calls.into_iter().map(waiting).collect();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        drop(ends);
    });
}

/// M26, reqwest (<https://github.com/seanmonstar/reqwest/pull/1131>): a library parked on the thread's public token,
/// and ate an unpark that was meant for somebody else. Here the words are our own.
#[test]
fn no_wait_takes_the_park_token() {
    // Without the token the second would wait for ever.
    watched(|| each_lasts_until_it_is_ended(Duration::MAX, || thread::current().unpark(), thread::park));
}
