//! A count of permits that threads take and give back.
//!
//! | field | says |
//! |---|---|
//! | `permits` | how many may be taken now |
//! | `spare` | how far below `u32::MAX` the most is that `permits` may reach |
//! | `sleepers` | who sleeps for one, and a permit on its way to one who has waited too long |
//! | `turn` | held by the one thread that *collects*: needs more than one permit and takes them as they come |
//!
//! ```text
//!            release n                        acquire 1, or n at once
//!   ─────────────────────────► permits ────────────────────────────────►
//!                                │  ▲                             ▲
//!             hand over: take 1  ▼  │ put back                    │ has n
//!                              a starving sleeper ──► collector ──┘
//! ```
//!
//! I1  `permits` never exceeds its limit, and changes by compare-exchange alone. A release that would pass the limit
//!     changes nothing. What a waiter puts back (a grant it has no use for, a collection that ended by its deadline)
//!     is cut off at the limit: permits that were released by hand meanwhile, and never acquired, stand in its place.
//! I2  One woken sleeper is in flight for many permits (I3 of [`Sleepers`]): whoever leaves `sleep` with a permit and
//!     sees more of them wakes the next.
//! I3  Only one thread at a time holds permits while it sleeps for more: the one whose `turn` it is. So two that
//!     collect cannot each wait for what the other has.
//!
//! # Order
//!
//! A release is Release and taking is Acquire; every change is a read-modify-write, so one who takes a permit sees
//! what came before all the releases that made up the count. A permit that is handed over travels through `sleepers`.
//!
//! I2 needs a look at `permits` that does not miss a release which left the waking to the sleeper in flight. It has
//! done so if it saw the word of `sleepers` `NONE` or `GRANTED`. `NONE`: the one in flight announces itself after that
//! look, and a heavy fence behind its announcement brings the permit before its own look. `GRANTED`: so does one behind
//! the taking of the grant. Where `sleep` has made none, `collect` does.
//!
//! # Fairness
//!
//! As [`Lock`]'s: barging, but a permit is handed over to a sleeper that has waited for 1 ms, past everyone who
//! comes later.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::fmt;

use super::{Lock, Sleepers, spin};
use crate::sys::atomic::AtomicU32;
use crate::sys::{Deadline, Private, Scope, Shared, const_fn};

/// A count of permits that threads take and give back.
///
/// A permit belongs to nobody: any thread may release, also one that has acquired none. A thread that waits spins for
/// a few microseconds and then sleeps. What came before a release is visible after the acquire that takes its permit.
/// Twenty bytes; all-zero is a semaphore without permits and without limit.
///
/// ```
/// use underthread::raw::Semaphore;
///
/// static ITEMS: Semaphore = Semaphore::new(0);
/// assert!(!ITEMS.try_acquire(1));
/// ITEMS.release(3).unwrap();
/// assert!(ITEMS.try_acquire(2));
/// assert_eq!(ITEMS.value(), 1);
/// ```
#[repr(C)]
pub struct Semaphore<S: Scope = Private> {
    permits: AtomicU32,
    spare: u32,
    sleepers: Sleepers<S>,
    turn: Lock<S>,
}

/// More permits were to be released than the semaphore may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverRelease;

impl Semaphore {
    const_fn! {
        /// A semaphore of so many permits, without limit, for the threads of this process.
        pub fn new(permits: u32) -> Self {
            Self { permits: AtomicU32::new(permits), spare: 0, sleepers: Sleepers::new(), turn: Lock::new() }
        }
    }

    const_fn! {
        /// As [`new`](Self::new); it may never hold more than these.
        pub fn bounded(permits: u32) -> Self {
            Self { spare: u32::MAX - permits, ..Self::new(permits) }
        }
    }
}

impl Semaphore<Shared> {
    const_fn! {
        /// A semaphore of so many permits, without limit, for the threads of every process that maps it.
        pub fn shared(permits: u32) -> Self {
            Self { permits: AtomicU32::new(permits), spare: 0, sleepers: Sleepers::shared(), turn: Lock::shared() }
        }
    }

    const_fn! {
        /// As [`shared`](Self::shared); it may never hold more than these.
        pub fn shared_bounded(permits: u32) -> Self {
            Self { spare: u32::MAX - permits, ..Self::shared(permits) }
        }
    }
}

impl<S: Scope> Semaphore<S> {
    /// Takes `n` permits at once if so many are there; none is always there.
    #[inline]
    pub fn try_acquire(&self, n: u32) -> bool {
        self.take(n, n).is_some()
    }

    /// Takes at least `least` and at most `most` permits.
    #[inline]
    fn take(&self, least: u32, most: u32) -> Option<u32> {
        // Relaxed: the compare-exchange decides.
        let mut seen = self.permits.load(Relaxed);
        while seen >= least {
            let taken = seen.min(most);
            // Acquire: pairs with Release in `raise`. Relaxed on failure: look again.
            match self.permits.compare_exchange_weak(seen, seen - taken, Acquire, Relaxed) {
                Ok(_) => return Some(taken),
                Err(now) => seen = now,
            }
        }
        None
    }

    /// Takes `n` permits, or gives `false`, having taken none, once `deadline` has passed.
    ///
    /// More than one are collected as they come, by one thread at a time: the others who want several queue behind
    /// it, and nobody else gets what it has collected, though it may have to give that back.
    #[inline]
    pub fn acquire_until(&self, n: u32, deadline: Option<Deadline>) -> bool {
        self.try_acquire(n) || self.acquire_contended(n, deadline)
    }

    #[cold]
    fn acquire_contended(&self, n: u32, deadline: Option<Deadline>) -> bool {
        // Looks without writing. Relaxed: the attempt after it is Acquire.
        if spin::until(|| self.permits.load(Relaxed) >= n && self.try_acquire(n)) {
            return true;
        }
        if n == 1 {
            return self.collect(1, deadline);
        }
        // I3.
        if !self.turn.acquire_until(deadline) {
            return false;
        }
        let collected = self.collect(n, deadline);
        self.turn.release_held();
        collected
    }

    fn collect(&self, n: u32, deadline: Option<Deadline>) -> bool {
        let mut held = 0;
        while held < n {
            let turn = self.sleepers.sleep(deadline, true, || self.take(1, n - held));
            if !turn.came() {
                if held > 0 {
                    self.put_back(held);
                }
                return false;
            }
            turn.fence::<S>();
            held += turn.taken.unwrap_or(0) + u32::from(turn.granted);
        }
        // A grant may have come besides.
        if held > n {
            self.put_back(held - n);
        }
        // I2. Relaxed: see Order.
        if self.permits.load(Relaxed) > 0 {
            self.sleepers.wake();
        }
        true
    }

    /// Adds `n` permits and wakes sleepers for them. It never blocks. Of none it changes nothing.
    ///
    /// On Linux it may be called in a signal handler: it is atomic steps and futex calls.
    ///
    /// # Errors
    ///
    /// [`OverRelease`] if there would then be more than the semaphore may hold; nothing has changed.
    #[inline]
    pub fn release(&self, n: u32) -> Result<(), OverRelease> {
        if !self.raise(|seen| seen.checked_add(n).filter(|sum| *sum <= self.limit())) {
            return Err(OverRelease);
        }
        self.see_to_sleepers();
        Ok(())
    }

    /// As [`release`](Self::release), but what goes past the limit is dropped (I1).
    #[inline]
    pub fn put_back(&self, n: u32) {
        self.raise_to_limit(n);
        self.see_to_sleepers();
    }

    #[inline]
    fn see_to_sleepers(&self) {
        self.sleepers.released(|| self.raise_to_limit(1), || self.try_acquire(1));
    }

    #[inline]
    fn raise_to_limit(&self, n: u32) {
        self.raise(|seen| Some(seen.saturating_add(n).min(self.limit())));
    }

    #[inline]
    fn raise(&self, sum: impl Fn(u32) -> Option<u32>) -> bool {
        // Relaxed: the compare-exchange decides.
        let mut seen = self.permits.load(Relaxed);
        while let Some(sum) = sum(seen) {
            // Release: pairs with Acquire in `take`. Relaxed on failure: look again.
            match self.permits.compare_exchange_weak(seen, sum, Release, Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// How many permits may be taken, a moment ago.
    pub fn value(&self) -> u32 {
        // Relaxed: a snapshot.
        self.permits.load(Relaxed)
    }

    /// The most permits that may be there.
    pub const fn limit(&self) -> u32 {
        u32::MAX - self.spare
    }
}

impl<S: Scope> fmt::Debug for Semaphore<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Semaphore").field("value", &self.value()).field("sleepers", &self.sleepers).finish()
    }
}

impl fmt::Display for OverRelease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("release of more permits than the semaphore may hold")
    }
}

impl core::error::Error for OverRelease {}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Semaphore>() == 20 && size_of::<Semaphore<Shared>>() == 20);
