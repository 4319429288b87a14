//! The one cell-plus-guard that lends data under any raw lock.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::sys::Deadline;
use crate::sys::atomic::UnsafeCell;

/// What [`Guarded`] asks of a lock.
///
/// # Safety
///
/// Between an acquire that succeeded and the matching release, no acquire succeeds in another thread; nor in the
/// same thread, if the lock is [`Exclusive`]. What was done before a release is visible after the next acquire.
/// [`reacquire`](Self::reacquire) does not unwind: whoever calls it has a guard.
pub unsafe trait RawLock {
    /// What a [`Guard`] carries: a type that is `Send` only if a holding may be released by another thread.
    type Marker;

    /// Acquires, or gives `false` once `deadline` has passed; `None` is for ever.
    fn acquire_until(&self, deadline: Option<Deadline>) -> bool;

    /// Acquires if that needs no waiting.
    fn try_acquire(&self) -> bool;

    /// As [`try_acquire`](Self::try_acquire), but `false` where that panics.
    fn try_acquire_quietly(&self) -> bool {
        self.try_acquire()
    }

    /// Undoes one acquire.
    ///
    /// # Safety
    ///
    /// The caller holds the lock, and gives up what that allowed. Nobody else releases the same holding, by a call that
    /// is safe ([`Lock::release`](super::Lock::release)) or by this one.
    unsafe fn release(&self);

    /// Frees the lock of which nobody has a guard any more: what a guard that was forgotten holds, or a fork's parent.
    ///
    /// # Safety
    ///
    /// Nobody will release it but by guards that are yet to be made.
    unsafe fn take_back(&mut self) {
        if self.locked() {
            // SAFETY: it is held, and by our caller nobody else releases it.
            unsafe { self.release() };
        }
    }

    /// Whether somebody holds the lock, or has it on its way.
    fn locked(&self) -> bool;

    /// Releases however often the caller holds the lock, and says how often.
    ///
    /// # Safety
    ///
    /// As for [`release`](Self::release), for all the caller's acquires.
    unsafe fn release_all(&self) -> u32;

    /// Acquires as often as [`release_all`](Self::release_all) said.
    fn reacquire(&self, depth: u32);
}

/// Marks a lock that also excludes the thread that holds it, so that its guard may lend `&mut`.
///
/// # Safety
///
/// An acquire by the thread that holds the lock does not succeed.
pub unsafe trait Exclusive: RawLock {}

// SAFETY: `Lock` knows no owner: its word excludes everyone.
unsafe impl<S: crate::sys::Scope> Exclusive for super::Lock<S> {}

/// Marks a lock whose guards can wait with a [`Condition`](super::Condition), which releases *all* that the thread
/// holds of it.
///
/// # Safety
///
/// [`release_all`](RawLock::release_all), by the holder of a guard that is borrowed as `&mut`, leaves no borrow of the
/// `T` alive, or only such as may live while another thread has one: those of a `T` that is `Sync`.
pub unsafe trait Waitable<T: ?Sized>: RawLock {}

// SAFETY: an exclusive lock has one guard, and that is borrowed as `&mut`.
unsafe impl<S: crate::sys::Scope, T: ?Sized> Waitable<T> for super::Lock<S> {}

/// Data that is reached only under a lock.
#[derive(Default)]
#[repr(C)]
pub struct Guarded<R, T: ?Sized> {
    lock: R,
    data: UnsafeCell<T>,
}

// SAFETY: the lock admits one thread at a time, and orders what they do; so sharing the whole is sending the data.
unsafe impl<R: Sync, T: ?Sized + Send> Sync for Guarded<R, T> {}

// A panic in a critical section releases the lock, and other threads find the data as it was left, whether the panic is
// caught or not. So a lock that is seen again after `catch_unwind` shows nothing new.
impl<R: UnwindSafe, T: ?Sized> UnwindSafe for Guarded<R, T> {}
impl<R: RefUnwindSafe, T: ?Sized> RefUnwindSafe for Guarded<R, T> {}

impl<R, T> Guarded<R, T> {
    crate::sys::const_fn! {
        /// `data`, under `lock`.
        pub fn new(lock: R, data: T) -> Self {
            Self { lock, data: UnsafeCell::new(data) }
        }
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<R: RawLock, T: ?Sized> Guarded<R, T> {
    /// Acquires the lock, waiting for it as long as it takes.
    #[inline]
    pub fn acquire(&self) -> Guard<'_, R, T> {
        self.lock.acquire_until(None);
        self.guard()
    }

    /// Acquires the lock if that needs no waiting.
    #[inline]
    pub fn try_acquire(&self) -> Option<Guard<'_, R, T>> {
        self.lock.try_acquire().then(|| self.guard())
    }

    /// Acquires the lock, or gives `None` once `deadline` has passed.
    #[inline]
    pub fn acquire_until(&self, deadline: Option<Deadline>) -> Option<Guard<'_, R, T>> {
        self.lock.acquire_until(deadline).then(|| self.guard())
    }

    /// Made only once the lock has been acquired: to drop it releases.
    #[inline]
    fn guard(&self) -> Guard<'_, R, T> {
        Guard { owner: self, marker: PhantomData }
    }

    /// For [`fmt::Debug`] of a type called `name`. Never blocks: what another holds, or the caller as often as can be,
    /// shows as `<locked>`.
    pub(crate) fn debug(&self, name: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        T: fmt::Debug,
    {
        match self.lock.try_acquire_quietly().then(|| self.guard()) {
            Some(data) => formatter.debug_tuple(name).field(&&*data).finish(),
            None => write!(formatter, "{name}(<locked>)"),
        }
    }

    /// The lock itself. Not for everyone: to release it past its guards is a safe call.
    #[cfg_attr(any(loom, shuttle), expect(dead_code, reason = "models leave out the layer that asks"))]
    pub(crate) fn raw(&self) -> &R {
        &self.lock
    }

    /// The data, without locking: `&mut` excludes everyone else.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.with_mut(|data| {
            // SAFETY: `&mut self` excludes every guard.
            unsafe { &mut *data }
        })
    }
}

impl<R: Exclusive, T: ?Sized> Guarded<R, T> {
    /// Frees the lock, if a guard that was forgotten holds it.
    pub(crate) fn take_back(&mut self) {
        // SAFETY: a guard that is alive would borrow what is here as `&mut`. So it is held by one that nobody has any
        // more; or, in a fork's child, on its way to one that is not here, and nobody releases it.
        unsafe { self.lock.take_back() };
    }
}

/// The right to the data of a [`Guarded`], until it is dropped.
///
/// It may be sent to another thread if its lock may be released by one, and the data sent; it may be shared if the
/// data may. Forgetting it leaves the lock held.
///
/// Under a [`Lock`](super::Lock) any thread may release, so the guard goes where the data may go:
///
/// ```
/// use underthread::raw::{Guard, Lock};
///
/// fn send<T: Send>() {}
/// send::<Guard<'_, Lock, std::cell::Cell<u8>>>();
/// ```
///
/// ```compile_fail,E0277
/// use underthread::raw::{Guard, Lock};
///
/// fn send<T: Send>() {}
/// send::<Guard<'_, Lock, std::rc::Rc<u8>>>();
/// ```
///
/// A shared guard lends `&T`:
///
/// ```compile_fail,E0277
/// use underthread::raw::{Guard, Lock};
///
/// fn share<T: Sync>() {}
/// share::<Guard<'_, Lock, std::cell::Cell<u8>>>();
/// ```
///
/// Under an [`RLock`](super::RLock) only the owner may release, so the guard stays, whatever the data is:
///
/// ```compile_fail,E0277
/// use underthread::raw::{Guard, RLock};
///
/// fn send<T: Send>() {}
/// send::<Guard<'_, RLock, u8>>();
/// ```
#[must_use = "the lock is released at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct Guard<'a, R: RawLock, T: ?Sized> {
    owner: &'a Guarded<R, T>,
    /// As a `&mut T` would be, and bound to its thread if the lock is.
    marker: PhantomData<(&'a mut T, R::Marker)>,
}

// SAFETY: a shared guard gives `&T`, and the lock by `&R`; nothing that is done through `&Guard` releases.
unsafe impl<R: RawLock + Sync, T: ?Sized + Sync> Sync for Guard<'_, R, T> {}

impl<'a, R: RawLock, T: ?Sized> Guard<'a, R, T> {
    /// The lock that this guard holds; see [`Guarded::raw`].
    pub(crate) fn raw(guard: &Self) -> &'a R {
        &guard.owner.lock
    }
}

impl<R: RawLock, T: ?Sized> Deref for Guard<'_, R, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.owner.data.with(|data| {
            // SAFETY: the guard holds the lock, and lends `&mut` only through itself borrowed as `&mut`.
            unsafe { &*data }
        })
    }
}

impl<R: Exclusive, T: ?Sized> DerefMut for Guard<'_, R, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.owner.data.with_mut(|data| {
            // SAFETY: the guard holds a lock that excludes every other guard, and is itself borrowed as `&mut`.
            unsafe { &mut *data }
        })
    }
}

impl<R: RawLock, T: ?Sized> Drop for Guard<'_, R, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard is the proof of one acquire, and ends here.
        unsafe { self.owner.lock.release() };
    }
}

impl<R: RawLock, T: ?Sized + fmt::Debug> fmt::Debug for Guarded<R, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Guarded", formatter)
    }
}

impl<R: RawLock, T: ?Sized + fmt::Debug> fmt::Debug for Guard<'_, R, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

impl<R: RawLock, T: ?Sized + fmt::Display> fmt::Display for Guard<'_, R, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}
