//! Museum, section 8: what a process leaves behind that is killed.

use std::time::Duration;

use underthread::raw::{Buffer, Condition, Event, Inline, Lock, RLock, Refused, Ring, Semaphore};
use underthread::sys::{Deadline, Shared};

use crate::support::{Child, fork, shared_zeroed, watched};

const SHORT: Duration = Duration::from_millis(5);

fn soon() -> Option<Deadline> {
    Deadline::after(SHORT)
}

/// Never returns: for a child that is to be killed.
fn pause() -> ! {
    loop {
        // SAFETY: waits for a signal.
        unsafe { libc::pause() };
    }
}

/// Forks a child that does `first`, and then sleeps in it or after it until it is killed; which is done once `ready`.
fn killed<R>(ready: impl Fn(&Child) -> bool, first: impl FnOnce() -> R) {
    let child = fork(|| {
        first();
        pause();
    });
    while !ready(&child) {
        std::thread::yield_now();
    }
    child.kill();
}

/// M73, multiprocessing (<https://github.com/python/cpython/issues/75158>): `notify_all` waits until each sleeper has
/// acknowledged, also a dead one. Here who notifies waits for nobody; a notification may be spent on the dead.
#[test]
fn a_notification_does_not_wait_for_the_dead() {
    #[repr(C)]
    struct Stage {
        lock: Lock<Shared>,
        condition: Condition<Shared>,
        event: Event<Shared>,
        semaphore: Semaphore<Shared>,
    }
    // SAFETY: all-zero bytes are a stage: free, nobody, unset, none.
    let stage = unsafe { shared_zeroed::<Stage>() };
    let wait = || {
        stage.lock.acquire();
        // SAFETY: the lock is held, and protects nothing.
        let notified = unsafe { stage.condition.wait_until(&stage.lock, None) };
        stage.lock.release().unwrap();
        notified
    };
    watched(|| {
        let waits = |child: &Child| stage.condition.waiting() == 1 && child.sleeps();
        killed(waits, wait);
        killed(|child| child.sleeps(), || stage.event.wait_until(None));
        killed(|child| child.sleeps(), || stage.semaphore.acquire_until(1, None));

        assert_eq!(stage.condition.notify_all(), 1);
        stage.event.set();
        stage.semaphore.release(1).unwrap();
        assert!(stage.event.is_set());
        // A permit may be granted to the dead, if it had starved; it is not lost.
        assert!(stage.semaphore.acquire_until(1, None));

        // The living are reached, past those who died.
        killed(waits, wait);
        stage.event.clear();
        killed(|child| child.sleeps(), || stage.event.wait_until(None));
        killed(|child| child.sleeps(), || stage.semaphore.acquire_until(1, None));
        let living = fork(|| {
            assert!(wait());
            assert!(stage.event.wait_until(None));
            assert!(stage.semaphore.acquire_until(1, None));
        });
        while stage.condition.waiting() != 2 {
            std::thread::yield_now();
        }
        assert_eq!(stage.condition.notify_all(), 2);
        stage.event.set();
        stage.semaphore.release(1).unwrap();
        living.join();
    });
}

/// M74, multiprocessing and its users (<https://github.com/python/cpython/issues/87971>): a holder that is killed hangs
/// everybody. Here too nobody notices the death; but whoever came with a deadline leaves by it, and nobody who only
/// looks is stopped.
#[test]
fn a_killed_holder_does_not_outlast_a_deadline() {
    #[repr(C)]
    struct Held {
        lock: Lock<Shared>,
        rlock: RLock<Shared>,
        semaphore: Semaphore<Shared>,
        all: Event<Shared>,
    }
    // SAFETY: all-zero bytes are free locks, no permits, an unset event.
    let held = unsafe { shared_zeroed::<Held>() };
    held.semaphore.release(1).unwrap();
    watched(|| {
        killed(
            |_| held.all.is_set(),
            || {
                held.lock.acquire();
                held.rlock.acquire().unwrap();
                assert!(held.semaphore.try_acquire(1));
                held.all.set();
            },
        );
        assert!(!held.lock.acquire_until(soon()));
        assert_eq!(held.rlock.acquire_until(soon()), Ok(false));
        assert!(!held.semaphore.acquire_until(1, soon()));
        assert!(held.lock.locked() && held.rlock.locked());
        assert!(format!("{:?} {:?}", held.lock, held.rlock).contains("locked: true"));
    });
}

/// M75, birdnet (<https://github.com/birdnet-team/birdnet/issues/77>): a get with a timeout blocked for ever, since the
/// timeout covered the lock and not what came after it. Here a deadline covers everything on the way, also the lock of
/// a side whose holder was killed in the midst of a put or of a get.
#[test]
fn a_deadline_covers_a_side_whose_holder_was_killed() {
    type Mapped = Ring<u64, Inline<u64, 4>, Shared>;
    #[repr(C)]
    struct Half {
        ring: Mapped,
        held: Event<Shared>,
    }
    watched(|| {
        // SAFETY: all-zero bytes are an empty ring and an unset event.
        let half = unsafe { shared_zeroed::<Half>() };
        killed(
            |_| half.held.is_set(),
            || {
                let _side = half.ring.room();
                half.held.set();
                pause();
            },
        );
        assert_eq!(half.ring.get_until(soon()), Err(Refused::NotNow));
        assert_eq!(half.ring.put_until(1, soon()), Err((Refused::NotNow, 1)));

        // SAFETY: as above.
        let half = unsafe { shared_zeroed::<Half>() };
        half.ring.try_put(1).unwrap();
        killed(
            |_| half.held.is_set(),
            || {
                let _side = half.ring.stock();
                half.held.set();
                pause();
            },
        );
        assert_eq!(half.ring.put_until(2, soon()), Ok(()));
        assert_eq!(half.ring.get_until(soon()), Err(Refused::NotNow));
    });
}
