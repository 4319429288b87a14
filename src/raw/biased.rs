//! A lock that stays with the thread that alone uses it: that one takes and releases it without an atomic
//! read-modify-write, and the first other one who comes ends that, for good.
//!
//! Lock reservation (Kawachiya, Koseki and Onodera, *Lock Reservation: Java Locks Can Mostly Do without Atomic
//! Operations*, OOPSLA 2002), with an asymmetric fence in the place of stopping the owner (Vasudevan, Namjoshi and
//! Edwards, *Simple and Fast Biased Locks*, PACT 2010). For locks of which most have one user, as either end of a
//! queue: not for every [`Lock`], since to end a bias costs up to tens of microseconds.
//!
//! | `bias` | the lock | `idle` |
//! |---|---|---|
//! | `NONE` | an ordinary one: what its word says | 0 |
//! | a thread, the owner | held by the bias, whoever is inside | 0 while the owner is, or is about to look at `bias` |
//! | `REVOKED` | the same; another wants it | the same |
//! | `OVER` | an ordinary one, for ever | says nothing |
//!
//! ```text
//!            STREAK releases in a row          another comes
//!    NONE ──────────────────────────► a thread ─────────────► REVOKED ──► OVER
//!                                        └── or sleeps at the lock ──▲
//! ```
//!
//! I1  While `bias` is a thread or `REVOKED`, the lock is held, and by the bias: only the owner may be inside. Who makes
//!     it `OVER`, by a compare-exchange, owns the lock from there: the owner as it enters, or who has found it idle.
//! I2  The owner goes inside by storing 0 to `idle` and then seeing itself in `bias`; it is found idle by storing
//!     `REVOKED`, or seeing it, and then seeing 1. Who leaves stores 1 and then looks for `REVOKED`. So either who comes
//!     sees that the owner is idle, or who leaves sees that somebody has come; it then finds the owner idle as everyone
//!     must, and releases the lock. (It may be another thread, with the owner inside once more.)
//! I3  Who sleeps at the lock, but for a nap, has announced itself there and then looked at `bias`; who makes itself the
//!     owner has stored that and then looks for sleepers. So nobody sleeps while the lock stays with a thread that may
//!     never come back.
//! I4  There is one bias in a lock's life: a thread that was stopped before it stored 0 may do so at any later time.
//!
//! # Order
//!
//! I2 and I3 are store–load orders between a frequent side and a rare one, so [asymmetric fences](crate::sys::fence):
//! the owner has the light ones, who revokes the bias or goes to sleep a heavy one. Where both would be full fences the
//! bias would gain nothing, and none begins.
//!
//! What the owner wrote is visible to who takes the lock from it by `idle`, whose 1 is stored with Release, first when the
//! bias begins, and loaded with Acquire; to the rest by the lock.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::cell::Cell;
use core::fmt;
use core::panic::RefUnwindSafe;

use super::{Exclusive, Lock, RawLock};
use crate::sys::atomic::{AtomicU32, UnsafeCell};
use crate::sys::identity::owner_id;
#[cfg(loom)]
use crate::sys::model;
use crate::sys::{Deadline, Private, Scope, const_fn, fence};

// No thread has such a number.
const NONE: u32 = 0;
const REVOKED: u32 = u32::MAX;
const OVER: u32 = u32::MAX - 1;

/// How many releases in a row of one thread make it the owner. To revoke costs as much as some thousand
/// read-modify-writes at most.
const STREAK: u32 = if cfg!(any(loom, shuttle)) {
    1
} else if cfg!(underthread_chaos) {
    // So that every test of a queue is one of this.
    2
} else {
    1000
};

/// A [`Lock`] for one user at most times; see the module's text. 24 bytes.
///
/// Between processes it is an ordinary one. Whoever tries to acquire it counts as one who comes, also for [`fmt::Debug`] of
/// the data. A guard that a signal handler acquires must end with the handler.
///
/// ```
/// use underthread::raw::{BiasedLock, Guarded};
///
/// static COUNT: Guarded<BiasedLock, u32> = Guarded::new(BiasedLock::new(), 0);
/// for _ in 0..5000 {
///     *COUNT.acquire() += 1;
/// }
/// std::thread::spawn(|| *COUNT.acquire() += 1).join().unwrap();
/// assert_eq!(*COUNT.acquire(), 5001);
/// ```
#[repr(C)]
pub struct BiasedLock<S: Scope = Private> {
    lock: Lock<S>,
    bias: AtomicU32,
    idle: AtomicU32,
    /// Who released the lock last, and how often in a row; under the lock, and not while there is a bias.
    last: UnsafeCell<Last>,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Last {
    thread: u32,
    streak: u32,
}

// SAFETY: `last` is reached under the lock.
unsafe impl<S: Scope> Sync for BiasedLock<S> {}

impl BiasedLock {
    const_fn! {
        /// A free lock, for the threads of this process.
        pub fn new() -> Self {
            Self {
                lock: Lock::new(),
                bias: AtomicU32::new(NONE),
                idle: AtomicU32::new(0),
                last: UnsafeCell::new(Last { thread: 0, streak: 0 }),
            }
        }
    }
}

/// Whether there may be a bias at all.
fn may_be<S: Scope>() -> bool {
    #[cfg(loom)]
    if model::locks_are_assumed() {
        return false;
    }
    !S::SHARED
}

impl<S: Scope> BiasedLock<S> {
    /// Takes the lock by a bias for the caller.
    #[inline]
    fn enter(&self) -> bool {
        if !may_be::<S>() {
            return false;
        }
        // Relaxed: what the owner itself stored it sees; what is older or newer is of others.
        let me = self.bias.load(Relaxed);
        // Acquire: pairs with Release in `leave`, which another thread may have called for us. 0: it is inside already.
        if me == NONE || me == OVER || me != owner_id::<Private>() || self.idle.load(Acquire) == 0 {
            return false;
        }
        // Relaxed: publishes nothing.
        self.idle.store(0, Relaxed);
        // I2; partner: the heavy fence in `revoke`.
        fence::light::<Private>();
        // Relaxed: the fence orders it.
        self.bias.load(Relaxed) == me || self.end()
    }

    /// Of the owner, and those who find it idle, the first one owns the lock (I1).
    #[cold]
    fn end(&self) -> bool {
        // Relaxed: the owner needs nothing of the other's, and who came has acquired.
        self.bias.compare_exchange(REVOKED, OVER, Relaxed, Relaxed).is_ok()
    }

    /// The owner goes, or another for it.
    #[inline]
    fn leave(&self) {
        // Release: pairs with Acquire in `take_if_idle` and `enter`.
        self.idle.store(1, Release);
        // I2; partner: the heavy fence in `revoke`.
        fence::light::<Private>();
        // Relaxed: the fence orders it.
        if self.bias.load(Relaxed) == REVOKED {
            self.give_up();
        }
    }

    #[cold]
    fn give_up(&self) {
        if self.revoke() {
            self.lock.release_held();
        }
    }

    /// Takes the lock from its bias, if there is one and the owner is idle; if it is not, it will release the lock.
    #[cold]
    fn revoke(&self) -> bool {
        // Relaxed: tells of nothing but itself.
        let bias = self.bias.load(Relaxed);
        if bias == NONE || bias == OVER {
            return false;
        }
        // Who finds it revoked goes on for who did that, and may have been left behind in a fork's parent.
        // Relaxed: the fence orders it.
        if bias != REVOKED && self.bias.compare_exchange(bias, REVOKED, Relaxed, Relaxed) == Err(OVER) {
            return false;
        }
        // I2; partner: the light fences in `enter` and `leave`.
        fence::heavy::<Private>();
        self.take_if_idle()
    }

    /// Behind a heavy fence behind `REVOKED`.
    fn take_if_idle(&self) -> bool {
        // Acquire: pairs with Release in `leave`.
        self.idle.load(Acquire) != 0 && self.end()
    }

    #[cold]
    fn acquire_contended(&self, deadline: Option<Deadline>) -> bool {
        // One fence is enough for one who comes: the owner, and who leaves for it, see `REVOKED` from there on.
        let has_revoked = Cell::new(false);
        let take = || {
            // Relaxed: tells of nothing but itself.
            match self.bias.load(Relaxed) {
                NONE | OVER => false,
                _ if has_revoked.replace(true) => self.take_if_idle(),
                _ => self.revoke(),
            }
        };
        take() || self.lock.acquire_or(deadline, take)
    }

    /// Whether a bias that was revoked before has its owner inside: to ask again is in vain.
    #[cold]
    fn is_awaited(&self) -> bool {
        // Relaxed, both: a snapshot, as a failed try is.
        self.bias.load(Relaxed) == REVOKED && self.idle.load(Relaxed) == 0
    }

    /// By the holder of a lock that has had no bias yet: is it the only one?
    #[inline(never)]
    fn release_counting(&self) {
        let me = owner_id::<Private>();
        let streak = self.last.with_mut(|last| {
            // SAFETY: the caller holds the lock, not by a bias.
            let last = unsafe { &mut *last };
            let streak = if last.thread == me { last.streak.wrapping_add(1) } else { 1 };
            *last = Last { thread: me, streak };
            streak
        });
        if streak == STREAK && (cfg!(any(loom, shuttle)) || fence::heavy_is_dear::<S>()) {
            self.begin(me);
        } else {
            self.lock.release_held();
        }
    }

    /// The caller, who holds the lock, keeps it for next time.
    #[cold]
    fn begin(&self, me: u32) {
        // Relaxed: `leave` publishes what was done under the lock.
        self.bias.store(me, Relaxed);
        self.leave();
        // I3: between our store and the look for sleepers; partner: the heavy fence in `Sleepers::sleep`.
        if self.lock.has_sleepers() {
            self.give_up();
        }
    }
}

// SAFETY: as for `Lock`, where there is no bias. While there is one, the lock is held, so nobody takes it as such; its
// owner is inside for one acquire at a time (`idle`), and not once another has taken the lock from it (I2).
unsafe impl<S: Scope> RawLock for BiasedLock<S> {
    type Marker = ();

    #[inline]
    fn acquire_until(&self, deadline: Option<Deadline>) -> bool {
        self.enter() || self.lock.try_acquire() || self.acquire_contended(deadline)
    }

    #[inline]
    fn try_acquire(&self) -> bool {
        self.enter() || self.lock.try_acquire() || (!self.is_awaited() && self.revoke())
    }

    #[inline]
    unsafe fn release(&self) {
        if may_be::<S>() {
            // Relaxed: whether the lock is held by a bias who holds it has seen, or done.
            match self.bias.load(Relaxed) {
                NONE => return self.release_counting(),
                OVER => {}
                _ => return self.leave(),
            }
        }
        self.lock.release_held();
    }

    unsafe fn take_back(&mut self) {
        // Relaxed: nobody else is left. The lock is held by the bias, or by who was forgotten.
        self.bias.store(OVER, Relaxed);
        // SAFETY: by our caller.
        unsafe { self.lock.take_back() };
    }

    fn locked(&self) -> bool {
        // Relaxed, both: a snapshot.
        match self.bias.load(Relaxed) {
            NONE | OVER => self.lock.locked(),
            _ => self.idle.load(Relaxed) == 0,
        }
    }

    unsafe fn release_all(&self) -> u32 {
        // SAFETY: by our caller.
        unsafe { self.release() };
        1
    }

    fn reacquire(&self, _: u32) {
        self.acquire_until(None);
    }
}

// SAFETY: the word of the lock excludes everyone, and `idle` the owner.
unsafe impl<S: Scope> Exclusive for BiasedLock<S> {}

// A lock has nothing that a panic could leave half done.
impl<S: Scope> RefUnwindSafe for BiasedLock<S> {}

impl Default for BiasedLock {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for BiasedLock<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BiasedLock").field("locked", &self.locked()).field("lock", &self.lock).finish()
    }
}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<BiasedLock>() == 24 && OVER > crate::sys::identity::MOST_OWNER);
