//! What is held for good: by a guard that is forgotten, or by a thread that has ended. No type is poisoned, and none
//! gives anything back by itself.

use std::fmt::Debug;
use std::mem::forget;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use underthread::raw::{self, Buffer, Deadline, NotOwner, Options, Order, Pile, Refused, Ring, start_joinable_thread};
use underthread::sys::{Scope, Shared};
use underthread::threading::{self, BoundedSemaphore, Lock, OverRelease, RLock, Semaphore, Thread};

use crate::child::{child, shown};
use crate::support::shared_zeroed;
use crate::waits::until;

const SHORT: Duration = Duration::from_millis(5);

/// In a thread that has ended before this returns.
fn elsewhere<R: Send>(body: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(body).join().unwrap())
}

/// That an attempt with a deadline gives up, and not before.
fn is_in_vain(attempt: impl FnOnce(Duration) -> bool) {
    let start = Instant::now();
    assert!(!attempt(SHORT));
    assert!(start.elapsed() >= SHORT);
}

fn does_not_block(value: &dyn Debug) -> String {
    format!("{value:?}")
}

#[test]
fn a_lock_whose_guard_is_forgotten_stays_held() {
    child(|| {
        let lock = shown("lock", Lock::new(1));
        // By this thread, or by one that has ended: a Lock knows no owner.
        elsewhere(|| forget(lock.acquire()));
        assert!(lock.locked() && lock.try_acquire().is_none());
        is_in_vain(|timeout| lock.acquire_timeout(timeout).is_some());
        assert_eq!(does_not_block(lock), "Lock(<locked>)");
        // Who has the lock to itself has the data.
        let mut own = Lock::new(1);
        forget(own.acquire());
        *own.get_mut() += 1;
        assert_eq!(own.into_inner(), 2);
    });
}

fn any_thread_releases_it<S: Scope>(lock: &raw::Lock<S>) {
    elsewhere(|| lock.acquire());
    is_in_vain(|timeout| lock.acquire_until(Deadline::after(timeout)));
    lock.release().unwrap();
    assert!(lock.try_acquire());
}

#[test]
fn a_raw_lock_of_a_thread_that_has_ended_is_anyones_to_release() {
    child(|| {
        any_thread_releases_it(shown("private", raw::Lock::new()));
        any_thread_releases_it(shown("shared", raw::Lock::shared()));
    });
}

#[test]
fn an_rlock_of_a_thread_that_has_ended_is_nobodys() {
    child(|| {
        let lock = shown("lock", RLock::new(()));
        elsewhere(|| {
            forget(lock.acquire());
            forget(lock.acquire());
        });
        assert!(lock.locked() && !lock.is_owned());
        is_in_vain(|timeout| lock.acquire_timeout(timeout).is_some());
        // Later threads have other idents.
        (0..100).for_each(|_| elsewhere(|| assert!(!lock.is_owned() && lock.try_acquire().is_none())));
        let lock = shown("raw", raw::RLock::new());
        elsewhere(|| lock.acquire().unwrap());
        assert_eq!((lock.release(), lock.recursion_count()), (Err(NotOwner), 0));
        // SAFETY: all-zero is a free lock.
        let shared: &raw::RLock<Shared> = unsafe { shared_zeroed() };
        elsewhere(|| shared.acquire().unwrap());
        assert_eq!((shared.locked(), shared.release()), (true, Err(NotOwner)));
        is_in_vain(|timeout| shared.acquire_until(Deadline::after(timeout)).unwrap());
    });
}

#[test]
fn an_rlock_whose_guard_is_forgotten_is_deeper_by_one() {
    child(|| {
        let lock = shown("lock", RLock::new(()));
        forget(lock.acquire());
        drop(lock.acquire());
        assert!(lock.is_owned() && lock.recursion_count() == 1);
        elsewhere(|| is_in_vain(|timeout| lock.acquire_timeout(timeout).is_some()));
    });
}

#[test]
fn permits_that_are_forgotten_stay_taken_until_they_are_released_by_hand() {
    child(|| {
        let semaphore = shown("semaphore", Semaphore::new(2));
        elsewhere(|| {
            forget(semaphore.acquire());
            semaphore.acquire().forget();
        });
        assert_eq!(semaphore.value(), 0);
        is_in_vain(|timeout| semaphore.acquire_timeout(timeout).is_some());
        semaphore.release(2).unwrap();
        assert!(semaphore.try_acquire_many(2).is_some());
        let bounded = shown("bounded", BoundedSemaphore::new(1));
        forget(bounded.acquire());
        bounded.release(1).unwrap();
        assert_eq!(bounded.release(1), Err(OverRelease));
    });
}

#[test]
fn a_side_of_a_ring_that_is_forgotten_stays_held_and_the_other_goes_on() {
    child(|| {
        let ring = shown("ring", Ring::new(3));
        (1..=2).for_each(|item| ring.try_put(item).unwrap());
        elsewhere(|| forget(ring.room().unwrap()));
        assert_eq!((ring.try_get(), ring.get_until(None)), (Ok(1), Ok(2)));
        assert_eq!(ring.get_until(Deadline::after(SHORT)), Err(Refused::NotNow));
        ring.task_done().unwrap();
        assert!(!ring.join_until(Deadline::after(SHORT)));
        assert_eq!(ring.qsize(), 0);
        does_not_block(ring);

        let ring = shown("ring", Ring::new(3));
        ring.try_put(1).unwrap();
        elsewhere(|| forget(ring.stock().unwrap()));
        (2..=3).for_each(|item| ring.put_until(item, None).unwrap());
        assert_eq!(ring.put_until(4, Deadline::after(SHORT)), Err((Refused::NotNow, 4)));
        assert_eq!(ring.qsize(), 3);
        does_not_block(ring);
    });
}

#[test]
fn a_ring_with_a_forgotten_side_drops_its_items() {
    child(|| {
        let token = Arc::new(());
        let ring = Ring::new(3);
        (0..2).for_each(|_| ring.try_put(token.clone()).unwrap());
        forget(ring.room().unwrap());
        forget(ring.stock().unwrap());
        drop(ring);
        assert_eq!(Arc::strong_count(&token), 1);
    });
}

#[derive(Debug, Default)]
struct Stack(Vec<u32>);

impl Order for Stack {
    type Item = u32;

    fn put(&mut self, item: &mut Option<u32>) {
        self.0.extend(item.take());
    }
    fn take(&mut self) -> Option<u32> {
        self.0.pop()
    }
    fn into_vec(self) -> Vec<u32> {
        self.0
    }
}

#[test]
fn a_pile_whose_side_is_forgotten_can_be_looked_at() {
    child(|| {
        let pile = shown("pile", Pile::new(Stack(Vec::new()), 2));
        pile.try_put(1).unwrap();
        elsewhere(|| forget(pile.stock().unwrap()));
        assert_eq!((pile.qsize(), pile.is_closed()), (1, false));
        does_not_block(pile);
    });
}

/// What was waited for before the side was had is what a `Passage` remembers.
#[test]
fn a_passage_that_is_forgotten_is_a_side_that_is() {
    child(|| {
        let ring = shown("ring", Ring::new(2));
        let getter = thread::spawn(|| forget(ring.stock_until(None).ok().unwrap()));
        until(|| format!("{ring:?}").contains("qsize: 0"));
        ring.try_put(1).unwrap();
        getter.join().unwrap();
        ring.try_put(2).unwrap();
        assert_eq!(ring.try_put(3), Err((Refused::NotNow, 3)));
        assert_eq!(ring.qsize(), 2);
    });
}

#[test]
fn threads_whose_handles_are_forgotten_run_to_their_end() {
    child(|| {
        let ends = shown("ends", AtomicU32::new(0));
        let end = || _ = ends.fetch_add(1, Relaxed);
        let thread = Thread::new(end);
        thread.start().unwrap();
        forget(thread.clone());
        thread.join().unwrap();
        forget(start_joinable_thread(Options::new(), end).unwrap());
        threading::scope(|s| forget(s.start(end).unwrap()));
        raw::scope(|s| forget(s.start(Options::new(), end).unwrap()));
        until(|| ends.load(Relaxed) == 4);
    });
}
