//! A count of permits, with guards that give them back.

use core::fmt;
use core::mem;
use core::ops::Deref;
use core::time::Duration;

pub use crate::raw::OverRelease;
use crate::raw::{self, Deadline};

/// A count of permits that threads take and give back.
///
/// An acquire gives a [`Permit`], which is given back when it is dropped, also by a panic; [`Permit::forget`] keeps it
/// from that, and any thread may [`release`](Self::release), as in Python. What a thread has taken by `forget` and not
/// released when it ends stays taken. A waiting thread spins for some microseconds, then sleeps and uses no CPU.
/// Timeouts: [`Duration::ZERO`] takes what is there, [`Duration::MAX`] waits for ever. 20 bytes, no allocation.
///
/// Newcomers may overtake those who sleep, but once one that has waited for a millisecond is woken in vain, the next
/// permit is handed to one of those who sleep.
///
/// # Order
///
/// What came before a release is visible after the acquire that takes its permit.
///
/// ```
/// use underthread::threading::Semaphore;
///
/// static SEATS: Semaphore = Semaphore::new(2);
/// let first = SEATS.acquire();
/// let second = SEATS.acquire();
/// assert!(SEATS.try_acquire().is_none());
/// drop(first);
/// SEATS.acquire().forget();
/// drop(second);
/// SEATS.release(1).unwrap();
/// assert_eq!(SEATS.value(), 2);
/// ```
pub struct Semaphore {
    raw: raw::Semaphore,
}

/// A [`Semaphore`] that may never hold more permits than at its start: what passes that is a mistake, and an error.
///
/// It dereferences to a `Semaphore`, all whose methods it has, and is as large.
///
/// ```
/// use underthread::threading::{BoundedSemaphore, OverRelease};
///
/// let seats = BoundedSemaphore::new(2);
/// let permit = seats.acquire();
/// assert_eq!(seats.release(2), Err(OverRelease));
/// assert_eq!(seats.value(), 1);
/// # drop(permit);
/// ```
pub struct BoundedSemaphore {
    semaphore: Semaphore,
}

/// Permits of a semaphore, given back when this is dropped.
///
/// Should somebody have released them by hand meanwhile, a [`BoundedSemaphore`] is full before; what has no room in it
/// is then dropped silently, since a drop must not panic.
///
/// A semaphore knows no owner: a permit may be sent to another thread, and given back there, or shared. Two pointers in
/// size.
#[must_use = "the permit is given back at once if it is not kept"]
#[clippy::has_significant_drop]
pub struct Permit<'a> {
    semaphore: &'a raw::Semaphore,
    count: u32,
}

impl Semaphore {
    /// A semaphore of so many permits. More may be released, up to [`u32::MAX`].
    pub const fn new(permits: u32) -> Self {
        Self { raw: raw::Semaphore::new(permits) }
    }

    /// Takes one permit, waiting for it as long as it takes.
    ///
    /// # Panics
    ///
    /// On a [`BoundedSemaphore`] of no permits, which never has one.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Permit<'_> {
        self.acquire_many(1)
    }

    /// Takes one permit if that needs no waiting.
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes one permit, or gives `None` after `timeout`.
    #[inline]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.acquire_many_timeout(1, timeout)
    }

    /// Takes `n` permits as one step, waiting for them as long as it takes.
    ///
    /// They are collected as they come, by one thread at a time, so that two that want several do not block each
    /// other for ever. What is collected, nobody else can have meanwhile.
    ///
    /// # Panics
    ///
    /// If `n` is more than a [`BoundedSemaphore`] ever has: it would wait for ever.
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, n: u32) -> Permit<'_> {
        assert!(n <= self.raw.limit(), "acquire of more permits than the semaphore ever has");
        self.raw.acquire_until(n, None);
        Permit { semaphore: &self.raw, count: n }
    }

    /// Takes `n` permits if that needs no waiting; of none it always succeeds.
    #[inline]
    pub fn try_acquire_many(&self, n: u32) -> Option<Permit<'_>> {
        self.raw.try_acquire(n).then(|| Permit { semaphore: &self.raw, count: n })
    }

    /// Takes `n` permits as [`acquire_many`](Self::acquire_many) does, or gives `None`, having taken none, after
    /// `timeout`.
    #[inline]
    pub fn acquire_many_timeout(&self, n: u32, timeout: Duration) -> Option<Permit<'_>> {
        self.try_acquire_many(n).or_else(|| {
            let acquired = self.raw.acquire_until(n, Deadline::after(timeout));
            acquired.then(|| Permit { semaphore: &self.raw, count: n })
        })
    }

    /// Adds `n` permits, by whatever thread, and wakes who waits for them. Of none it changes nothing.
    ///
    /// It never blocks; on Linux it may be called in a signal handler.
    ///
    /// # Errors
    ///
    /// [`OverRelease`] if there would then be more than [`u32::MAX`], or than a [`BoundedSemaphore`] had at its start;
    /// nothing has changed.
    #[inline]
    pub fn release(&self, n: u32) -> Result<(), OverRelease> {
        self.raw.release(n)
    }

    /// How many permits may be taken, a moment ago.
    pub fn value(&self) -> u32 {
        self.raw.value()
    }
}

impl BoundedSemaphore {
    /// A semaphore of so many permits, and never more.
    pub const fn new(permits: u32) -> Self {
        Self { semaphore: Semaphore { raw: raw::Semaphore::bounded(permits) } }
    }
}

impl Deref for BoundedSemaphore {
    type Target = Semaphore;

    #[inline]
    fn deref(&self) -> &Semaphore {
        &self.semaphore
    }
}

impl Permit<'_> {
    /// How many permits these are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Keeps the permits taken; whoever then releases them does it by hand.
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.put_back(self.count);
    }
}

impl Default for Semaphore {
    /// Of one permit, as in Python.
    fn default() -> Self {
        Self::new(1)
    }
}

impl Default for BoundedSemaphore {
    /// Of one permit, as in Python.
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(formatter)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("BoundedSemaphore");
        fields.field("value", &self.value()).field("limit", &self.raw.limit()).finish()
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Permit").field("count", &self.count).finish()
    }
}

const _: () = assert!(size_of::<Semaphore>() == 20 && size_of::<BoundedSemaphore>() == 20);
const _: () = assert!(size_of::<Permit<'_>>() == 2 * size_of::<usize>());
