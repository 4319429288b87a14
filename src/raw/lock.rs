//! A mutual-exclusion lock whose uncontended acquire and owner's release are one atomic read-modify-write together.
//!
//! | `word` | lock |
//! |---|---|
//! | `FREE` | nobody holds it; anyone may take it, also past those who sleep (*barging*) |
//! | `HELD` | somebody holds it; anyone may release it |
//! | `PASSING` | it is on its way to one who waits; nobody may release it yet |
//!
//! ```text
//!            acquire                    back from `sleepers`
//!   FREE ◄─────────────► HELD ◄────────────────────────────── PASSING ──┐
//!    ▲ │     release                                           ▲  │  ▲  │ the grant travels
//!    │ │                                                       │  │  │  │ through `sleepers`
//!    │ └─ a sleeper takes it, or a release, back, to grant it ─┘  │  └──┘
//!    └─────── that release found nobody to grant it to ───────────┘
//! ```
//!
//! I1  `FREE` ends by a compare-exchange. Whoever made it `PASSING` is the only one to store to `word` next, or hands
//!     that over with a grant. While it is `HELD`, only the owner stores; others must compare and exchange.
//! I2  A thread sleeps, in `sleepers`, only after it has announced itself there and then seen that it is not `FREE`,
//!     or has seen a grant, during which it is `PASSING`.
//! I3  Who was in `sleepers` makes the lock `HELD` only when it has left: until then its announcement may be missing
//!     there, and one who released the lock would not see that others sleep.
//!
//! # Order
//!
//! Acquiring is Acquire, releasing is Release: what the last owner wrote is visible to the next. The owner's release is
//! a plain store followed by a look for sleepers; that store–load order is the light side of the
//! [asymmetric fence](crate::sys::fence), so the heavy one, in [`Sleepers::sleep`], pays for it. That look must not miss
//! what the one who acquired has left in `sleepers`: its owner knows; anyone else has it from the word (I3), or, if a
//! wait had ended by its deadline before, by the heavy fence in that.
//!
//! That look comes when the lock may already be another's. So a lock may be freed once its last release has
//! *returned*, which a borrow sees to; that it could be taken since is not enough.
//!
//! # Fairness
//!
//! Barging, for throughput; but once a thread that has waited for 1 ms is woken and finds the lock taken, the next
//! release hands it to one of those who sleep, past everyone who comes later (CPython 3.13, Go and WebKit do the
//! like). Sleepers are woken in the kernel's order, which is first come, first served in practice and promised by
//! nobody; one who was woken in vain comes last again.

use crate::sys::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use core::fmt;

use super::{RawLock, Sleepers, spin};
use crate::sys::atomic::AtomicU32;
#[cfg(loom)]
use crate::sys::model;
use crate::sys::{Deadline, Private, Scope, Shared, const_fn};

const FREE: u32 = 0;
const HELD: u32 = 1;
const PASSING: u32 = 2;

/// A mutual-exclusion lock without owner or data: any thread may release it.
///
/// Acquiring it twice in one thread waits until another thread releases it. A thread that waits spins for a few
/// microseconds and then sleeps. Whatever came before a release is visible after the acquire that follows it.
///
/// ```
/// use underthread::raw::Lock;
///
/// static LOCK: Lock = Lock::new();
/// LOCK.acquire();
/// assert!(!LOCK.try_acquire());
/// LOCK.release().unwrap();
/// assert!(LOCK.release().is_err());
/// ```
#[repr(C)]
pub struct Lock<S: Scope = Private> {
    word: AtomicU32,
    sleepers: Sleepers<S>,
}

/// A lock was to be released that nobody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseUnlocked;

impl Lock {
    const_fn! {
        /// A free lock, for the threads of this process.
        pub fn new() -> Self {
            Self { word: AtomicU32::new(FREE), sleepers: Sleepers::new() }
        }
    }
}

impl Lock<Shared> {
    const_fn! {
        /// A free lock, for the threads of every process that maps it.
        pub fn shared() -> Self {
            Self { word: AtomicU32::new(FREE), sleepers: Sleepers::shared() }
        }
    }
}

impl<S: Scope> Lock<S> {
    /// Takes the lock if it is free.
    #[inline]
    pub fn try_acquire(&self) -> bool {
        self.take(HELD)
    }

    #[inline]
    fn take(&self, to: u32) -> bool {
        // Acquire: pairs with Release in `release` and `make_free`; what the last owner wrote is visible from here on.
        // Relaxed on failure: nothing is read before another attempt.
        self.word.compare_exchange(FREE, to, Acquire, Relaxed).is_ok()
    }

    /// Takes the lock, waiting for it as long as it takes.
    #[inline]
    pub fn acquire(&self) {
        self.acquire_until(None);
    }

    /// Takes the lock, or gives `false` once `deadline` has passed.
    #[inline]
    pub fn acquire_until(&self, deadline: Option<Deadline>) -> bool {
        self.try_acquire() || self.acquire_or(deadline, || false)
    }

    /// Waits for it, or until `got`, asked at each attempt, says that the caller has it all the same: held, and no other's
    /// to release.
    #[cold]
    pub(super) fn acquire_or(&self, deadline: Option<Deadline>, got: impl Fn() -> bool) -> bool {
        #[cfg(loom)]
        if model::locks_are_assumed() {
            return model::wait_for_the_lock(&self.word, deadline, || self.try_acquire());
        }
        // Looks without writing, so that the owner keeps its cache line. Relaxed: the attempt after it is Acquire.
        let is_free = || self.word.load(Relaxed) == FREE;
        if spin::until(|| is_free() && self.try_acquire()) {
            return true;
        }
        // It cannot be taken and granted as well: while a grant stands, it is `PASSING`.
        let attempt = || ((is_free() && self.take(PASSING)) || got()).then_some(());
        let came = self.sleepers.sleep(deadline, true, attempt).came();
        if came {
            // Release: pairs with Acquire in `release`; what we have left in `sleepers` is visible there (I3).
            self.word.store(HELD, Release);
        }
        came
    }

    /// Releases the lock, whoever took it.
    ///
    /// Of those who release one holding at the same moment, one does. An acquire that has waited does not hold the lock
    /// until it returns. (An owner whom nobody else releases may do without this check, which is half of the locked
    /// instructions of a pair: [`RawLock::release`].)
    ///
    /// # Errors
    ///
    /// [`ReleaseUnlocked`] if nobody holds it: it is free, or on its way to one who waits. So it may fail although
    /// [`locked`](Self::locked) is true, and [`try_acquire`](Self::try_acquire) false.
    #[inline]
    pub fn release(&self) -> Result<(), ReleaseUnlocked> {
        // Acquire: pairs with Release in `acquire_or` (I3). Release: as in `make_free`. Relaxed on failure:
        // nothing has been released.
        self.word.compare_exchange(HELD, FREE, AcqRel, Relaxed).map_err(|_| ReleaseUnlocked)?;
        self.see_to_sleepers();
        Ok(())
    }

    /// As [`release`](Self::release), by its owner.
    #[inline]
    pub(crate) fn release_held(&self) {
        self.make_free();
        self.see_to_sleepers();
    }

    #[inline]
    fn make_free(&self) {
        // Release: pairs with Acquire in `take`.
        self.word.store(FREE, Release);
    }

    #[inline]
    fn see_to_sleepers(&self) {
        #[cfg(loom)]
        if model::locks_are_assumed() {
            return model::lock_is_released(&self.word);
        }
        self.sleepers.released(|| self.make_free(), || self.take(PASSING));
    }

    /// Whether somebody sleeps, or has announced that it will. To be asked between a store that keeps it from that, and
    /// what is done because nobody does.
    #[inline]
    pub(super) fn has_sleepers(&self) -> bool {
        self.sleepers.any()
    }

    /// Whether somebody holds the lock, or it is on its way to one who waits, a moment ago.
    pub fn locked(&self) -> bool {
        // Relaxed: a snapshot.
        self.word.load(Relaxed) != FREE
    }
}

// SAFETY: `word` leaves FREE by compare-exchange, so for one thread at a time, and comes back only by a release, or by
// one who took it and hands it to nobody; a grant is taken by one sleeper. Acquire and Release stand at both ends.
unsafe impl<S: Scope> RawLock for Lock<S> {
    /// No owner is known: any thread may release.
    type Marker = ();

    #[inline]
    fn acquire_until(&self, deadline: Option<Deadline>) -> bool {
        Lock::acquire_until(self, deadline)
    }

    #[inline]
    fn try_acquire(&self) -> bool {
        Lock::try_acquire(self)
    }

    #[inline]
    unsafe fn release(&self) {
        self.release_held();
    }

    fn locked(&self) -> bool {
        Lock::locked(self)
    }

    unsafe fn release_all(&self) -> u32 {
        self.release_held();
        1
    }

    fn reacquire(&self, _: u32) {
        self.acquire();
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for Lock<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lock").field("locked", &self.locked()).field("sleepers", &self.sleepers).finish()
    }
}

impl fmt::Display for ReleaseUnlocked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("release of a lock that nobody holds")
    }
}

impl core::error::Error for ReleaseUnlocked {}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Lock>() == 8 && size_of::<Lock<Shared>>() == 8);
