//! `threading.RLock`, with the data that it protects.

use core::fmt;
use core::time::Duration;

use crate::raw::{self, Deadline, Guarded};

/// Data that one thread at a time may use, and that thread as deep as it likes.
///
/// As [`Lock`](super::Lock), but the thread that holds it may take it again, at the price of two loads and a store.
/// Since several guards may then be alive at once, they lend `&T` only; what is to change goes into a `Cell`, a
/// `RefCell` or an atomic. A thread that ends while it holds the lock leaves it held. 16 bytes besides the data.
///
/// # Order
///
/// Whatever came before the outermost release is visible after the next acquire by another thread.
///
/// # Panics
///
/// Acquiring panics, with nothing changed, if the thread has done so 2^32 - 1 times without releasing, as by
/// forgetting its guards.
///
/// ```
/// use std::cell::Cell;
/// use underthread::threading::RLock;
///
/// static DEPTH: RLock<Cell<u32>> = RLock::new(Cell::new(0));
/// let outer = DEPTH.acquire();
/// let inner = DEPTH.acquire();
/// outer.set(inner.get() + 2);
/// assert_eq!((inner.get(), DEPTH.recursion_count()), (2, 2));
/// ```
#[derive(Default)]
pub struct RLock<T: ?Sized = ()>(Guarded<raw::RLock, T>);

/// The right to look at the data of an [`RLock`], until it is dropped.
///
/// It stays in the thread that acquired it; it may be shared if the data is `Sync`.
///
/// ```compile_fail,E0277
/// fn assert_send<T: Send>() {}
/// assert_send::<underthread::threading::RLockGuard<'_, i32>>();
/// ```
///
/// ```compile_fail,E0277
/// fn assert_sync<T: Sync>() {}
/// assert_sync::<underthread::threading::RLockGuard<'_, std::cell::Cell<i32>>>();
/// ```
///
/// ```compile_fail,E0596
/// let lock = underthread::threading::RLock::new(1);
/// *lock.acquire() = 2;
/// ```
pub type RLockGuard<'a, T = ()> = raw::Guard<'a, raw::RLock, T>;

impl<T> RLock<T> {
    /// `data`, under a free lock.
    pub const fn new(data: T) -> Self {
        Self(Guarded::new(raw::RLock::new(), data))
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> RLock<T> {
    /// Waits until the lock is free or the caller's, and takes it.
    #[inline]
    pub fn acquire(&self) -> RLockGuard<'_, T> {
        self.0.acquire()
    }

    /// Takes the lock if it is free or the caller's.
    #[inline]
    pub fn try_acquire(&self) -> Option<RLockGuard<'_, T>> {
        self.0.try_acquire()
    }

    /// Waits at most `timeout` until the lock is free or the caller's, and takes it. [`Duration::MAX`] is for ever.
    #[inline]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<RLockGuard<'_, T>> {
        // The clock is read only if there is something to wait for.
        self.try_acquire().or_else(|| self.0.acquire_until(Deadline::after(timeout)))
    }

    /// Whether some thread holds the lock, a moment ago.
    pub fn locked(&self) -> bool {
        self.0.raw().locked()
    }

    /// Whether the calling thread holds the lock.
    pub fn is_owned(&self) -> bool {
        self.0.raw().is_owned()
    }

    /// How often the calling thread has taken the lock and not released it; 0 if another thread holds it.
    pub fn recursion_count(&self) -> u32 {
        self.0.raw().recursion_count()
    }

    /// The data, without locking: `&mut` excludes everyone else.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T> From<T> for RLock<T> {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RLock<T> {
    /// Neither blocks nor panics: what another holds, or the caller as often as can be, shows as `<locked>`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("RLock", formatter)
    }
}

const _: () = assert!(size_of::<RLock>() == 16);
