//! `threading.Lock`, with the data that it protects.

use core::fmt;
use core::time::Duration;

use crate::raw::{self, Deadline, Guarded};

/// Data that one thread at a time may use.
///
/// [`acquire`](Self::acquire) waits until the lock is free, without using CPU after a few microseconds. It knows no
/// owner: taking it twice in one thread waits for ever. Threads may overtake each other, but once one that has waited
/// for a millisecond is woken in vain, the next release hands the lock to one of those who sleep.
///
/// A panic in a critical section releases the lock, like any other way out: the data is as the panic left it. There is
/// no poison, and a lock is unwind safe whatever its data. A forked child whose parent had the lock held by another
/// thread finds it held, as a rule for ever. The lock itself is 8 bytes, allocates nothing, and may be a `static`.
///
/// # Order
///
/// Whatever came before a release is visible after the next acquire.
///
/// ```
/// use underthread::threading::Lock;
///
/// static TOTAL: Lock<u64> = Lock::new(0);
/// *TOTAL.acquire() += 2;
/// let mut total = TOTAL.acquire();
/// *total += 3;
/// assert!(TOTAL.try_acquire().is_none());
/// drop(total);
/// assert_eq!(*TOTAL.acquire(), 5);
/// ```
#[derive(Default)]
pub struct Lock<T: ?Sized = ()>(Guarded<raw::Lock, T>);

/// The right to the data of a [`Lock`], until it is dropped.
///
/// It may be sent to another thread, and released there, if the data is `Send`; shared if the data is `Sync`.
///
/// ```
/// fn assert_send<T: Send>() {}
/// assert_send::<underthread::threading::LockGuard<'_, std::cell::Cell<i32>>>();
/// ```
///
/// ```compile_fail,E0277
/// fn assert_sync<T: Sync>() {}
/// assert_sync::<underthread::threading::LockGuard<'_, std::cell::Cell<i32>>>();
/// ```
pub type LockGuard<'a, T = ()> = raw::Guard<'a, raw::Lock, T>;

impl<T> Lock<T> {
    /// `data`, under a free lock.
    pub const fn new(data: T) -> Self {
        Self(Guarded::new(raw::Lock::new(), data))
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Waits until the lock is free, and takes it.
    #[inline]
    pub fn acquire(&self) -> LockGuard<'_, T> {
        self.0.acquire()
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        self.0.try_acquire()
    }

    /// Waits at most `timeout` until the lock is free, and takes it. [`Duration::MAX`] is for ever.
    #[inline]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        // The clock is read only if there is something to wait for.
        self.try_acquire().or_else(|| self.0.acquire_until(Deadline::after(timeout)))
    }

    /// Whether somebody holds the lock, a moment ago.
    pub fn locked(&self) -> bool {
        self.0.raw().locked()
    }

    /// The data, without locking: `&mut` excludes everyone else.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T> From<T> for Lock<T> {
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    /// Never blocks: what another holds shows as `<locked>`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Lock", formatter)
    }
}

const _: () = assert!(size_of::<Lock>() == 8);
