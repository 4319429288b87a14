//! A lock that its owner may take again: an owner and a depth over [`Lock`].
//!
//! | `lock` | `owner` | `depth` | |
//! |---|---|---|---|
//! | free | `NOBODY` | 0 | free |
//! | held | `NOBODY` | 0 | being taken or given up, by the thread that holds `lock` |
//! | held | a thread's id | n | that thread has acquired n times more than it has released |
//!
//! ```text
//!         acquire                  acquire
//!   free ─────────► owner, depth 1 ─────────► owner, depth 2 …
//!        ◄─────────                ◄─────────
//!         release                  release
//! ```
//!
//! I1  Only the thread that holds `lock` stores to `owner` and `depth`.
//! I2  A thread's id is in `owner` only while that thread holds `lock`.
//!
//! # Order
//!
//! `owner` and `depth` are Relaxed. A thread that compares `owner` with its own id needs no order: by I1 and I2 the
//! last thread to store that id was itself, and before it gave the lock up it stored `NOBODY` over it; a thread never
//! reads a value that is older than its own last store. So it finds its id exactly if it is the owner. Any other
//! value, however stale, says the same: not me. `depth` is read by the owner alone, and `lock` orders owners. That the
//! kernel gives a number again changes nothing: it orders the end of its old thread before the start of the new one,
//! which is to the new thread as if it had made those stores itself.
//!
//! A nested acquire or release is two loads and a store; the outermost ones are `lock`'s.

use crate::sys::atomic::Ordering::Relaxed;
use core::fmt;

use super::{Lock, RawLock, Waitable};
use crate::sys::atomic::AtomicU32;
use crate::sys::identity::owner_id;
use crate::sys::{Deadline, Private, Scope, Shared, const_fn};

const NOBODY: u32 = 0;

/// A mutual-exclusion lock that the thread which holds it may take again, without data.
///
/// It is free again after as many releases as acquires, all by that thread. Waiting, fairness and order are
/// [`Lock`]'s. A thread that ends while it holds the lock leaves it held: for ever if the scope is
/// [`Private`]; if it is [`Shared`], until the kernel gives a later thread the same number, which is then the owner.
/// A forked child owns its copy of a private lock that the forking thread held.
///
/// ```
/// use underthread::raw::{NotOwner, RLock};
///
/// static LOCK: RLock = RLock::new();
/// LOCK.acquire().unwrap();
/// LOCK.acquire().unwrap();
/// assert_eq!(LOCK.recursion_count(), 2);
/// LOCK.release().unwrap();
/// LOCK.release().unwrap();
/// assert_eq!(LOCK.release(), Err(NotOwner));
/// ```
#[repr(C)]
pub struct RLock<S: Scope = Private> {
    lock: Lock<S>,
    owner: AtomicU32,
    depth: AtomicU32,
}

/// A lock was to be released by a thread that does not hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOwner;

/// A lock was acquired 2^32 - 1 times by one thread, and then once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountOverflow;

impl RLock {
    const_fn! {
        /// A free lock, for the threads of this process.
        pub fn new() -> Self {
            Self { lock: Lock::new(), owner: AtomicU32::new(NOBODY), depth: AtomicU32::new(0) }
        }
    }
}

impl RLock<Shared> {
    const_fn! {
        /// A free lock, for the threads of every process that maps it.
        pub fn shared() -> Self {
            Self { lock: Lock::shared(), owner: AtomicU32::new(NOBODY), depth: AtomicU32::new(0) }
        }
    }
}

impl<S: Scope> RLock<S> {
    /// Takes the lock if it is free or the caller's.
    ///
    /// # Errors
    ///
    /// [`CountOverflow`], with nothing changed, if the caller has taken it 2^32 - 1 times.
    #[inline]
    pub fn try_acquire(&self) -> Result<bool, CountOverflow> {
        self.enter(|| self.lock.try_acquire())
    }

    /// Takes the lock, waiting for it as long as it takes.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn acquire(&self) -> Result<(), CountOverflow> {
        self.acquire_until(None).map(drop)
    }

    /// Takes the lock, or gives `false` once `deadline` has passed.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn acquire_until(&self, deadline: Option<Deadline>) -> Result<bool, CountOverflow> {
        self.enter(|| self.lock.acquire_until(deadline))
    }

    #[inline]
    fn enter(&self, acquire: impl FnOnce() -> bool) -> Result<bool, CountOverflow> {
        if self.is_owned() {
            // Relaxed: our own words, see Order.
            let depth = self.depth.load(Relaxed).checked_add(1).ok_or(CountOverflow)?;
            self.depth.store(depth, Relaxed);
            return Ok(true);
        }
        let acquired = acquire();
        if acquired {
            self.own(1);
        }
        Ok(acquired)
    }

    /// By the thread that has just acquired `lock`.
    #[inline]
    fn own(&self, depth: u32) {
        // Relaxed: see Order.
        self.owner.store(owner_id::<S>(), Relaxed);
        self.depth.store(depth, Relaxed);
    }

    /// Undoes one acquire of the caller's.
    ///
    /// # Errors
    ///
    /// [`NotOwner`] if the caller does not hold the lock.
    #[inline]
    pub fn release(&self) -> Result<(), NotOwner> {
        if !self.is_owned() {
            return Err(NotOwner);
        }
        self.release_owned(1);
        Ok(())
    }

    /// Undoes `times` acquires, by the owner.
    #[inline]
    fn release_owned(&self, times: u32) {
        // Relaxed: our own words, see Order.
        let depth = self.depth.load(Relaxed) - times;
        self.depth.store(depth, Relaxed);
        if depth == 0 {
            // I2: before the lock goes. Relaxed: see Order.
            self.owner.store(NOBODY, Relaxed);
            self.lock.release_held();
        }
    }

    /// Whether somebody holds the lock, a moment ago.
    pub fn locked(&self) -> bool {
        self.lock.locked()
    }

    /// Whether the caller holds the lock.
    #[inline]
    pub fn is_owned(&self) -> bool {
        // Relaxed: see Order.
        self.owner.load(Relaxed) == owner_id::<S>()
    }

    /// How often the caller has taken the lock and not released it; 0 if another thread holds it.
    pub fn recursion_count(&self) -> u32 {
        // Relaxed: our own word, see Order.
        if self.is_owned() { self.depth.load(Relaxed) } else { 0 }
    }
}

/// For the callers that have no way to hand an error on.
fn misuse<R>(_: CountOverflow) -> R {
    panic!("{CountOverflow}");
}

// SAFETY: another thread acquires through `Lock`, or finds its own id in `owner`, which it does exactly if it is the
// owner (see Order); `Lock` is released at depth 0 only.
unsafe impl<S: Scope> RawLock for RLock<S> {
    /// Only the owner may release.
    type Marker = *const ();

    #[inline]
    fn acquire_until(&self, deadline: Option<Deadline>) -> bool {
        RLock::acquire_until(self, deadline).unwrap_or_else(misuse)
    }

    #[inline]
    fn try_acquire(&self) -> bool {
        RLock::try_acquire(self).unwrap_or_else(misuse)
    }

    fn try_acquire_quietly(&self) -> bool {
        RLock::try_acquire(self).unwrap_or(false)
    }

    #[inline]
    unsafe fn release(&self) {
        self.release_owned(1);
    }

    fn locked(&self) -> bool {
        RLock::locked(self)
    }

    unsafe fn release_all(&self) -> u32 {
        // Relaxed: our own word, see Order.
        let depth = self.depth.load(Relaxed);
        self.release_owned(depth);
        depth
    }

    fn reacquire(&self, depth: u32) {
        self.lock.acquire();
        self.own(depth);
    }
}

// SAFETY: `Sync` is what `Waitable` asks for where other guards of the thread may be alive.
unsafe impl<S: Scope, T: ?Sized + Sync> Waitable<T> for RLock<S> {}

impl Default for RLock {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for RLock<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RLock")
            .field("lock", &self.lock)
            .field("is_owned", &self.is_owned())
            .field("recursion_count", &self.recursion_count())
            .finish()
    }
}

impl fmt::Display for NotOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("release of a lock that the calling thread does not hold")
    }
}

impl core::error::Error for NotOwner {}

impl fmt::Display for CountOverflow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a lock was acquired more than 2^32 - 1 times by one thread")
    }
}

impl core::error::Error for CountOverflow {}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<RLock>() == 16 && size_of::<RLock<Shared>>() == 16);
