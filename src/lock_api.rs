//! `lock_api`'s raw traits, so that [`raw::Lock`](crate::raw::Lock) can stand under its `Mutex` and `ReentrantMutex`.
//!
//! Feature `lock_api` is version 0.5 of that crate, `lock_api_04` version 0.4; both may be on.
//!
//! | name there | is |
//! |---|---|
//! | `lock_api::Mutex<raw::Lock, T>` | a mutex whose guard may be sent to another thread: our lock has no owner |
//! | `lock_api::ReentrantMutex<raw::Lock, ThreadId, T>` | the counterpart of our `RLock` |
//!
//! Left out on purpose: `RawMutex` for `RLock`, whose `Mutex` would lend one thread two `&mut` to the same data; and
//! `RawMutexFair`, which promises that a waiting thread gets the lock at the release. Ours hands itself over only to
//! one who has waited for a millisecond.
//!
//! A timeout or an instant that the clock cannot name is for ever.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::time::Instant;

use crate::raw::{Lock, RawLock};
use crate::sys::{Deadline, identity};

/// The calling thread's ident, for `ReentrantMutex`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadId;

impl ThreadId {
    fn current() -> NonZeroUsize {
        // Idents are given once, and their low half is never 0: on a 32-bit machine it is unique for as long as fewer
        // than 2^32 threads are started.
        NonZeroUsize::new(identity::ident() as usize).expect("an ident's low half is not 0")
    }
}

fn acquire_for(lock: &Lock, timeout: Duration) -> bool {
    lock.try_acquire() || lock.acquire_until(Deadline::after(timeout))
}

fn acquire_by(lock: &Lock, moment: Instant) -> bool {
    acquire_for(lock, moment.saturating_duration_since(Instant::now()))
}

/// # Safety
///
/// The lock is held, and the caller gives up what that allowed.
unsafe fn release(lock: &Lock) {
    // SAFETY: by our caller.
    unsafe { RawLock::release(lock) };
}

#[cfg(feature = "lock_api")]
mod version_05 {
    use super::{Duration, Instant, Lock, NonZeroUsize, ThreadId, acquire_by, acquire_for, release};
    use lock_api::{GetThreadId, GuardSend, RawMutex, RawMutexTimed};

    // SAFETY: `Lock` excludes by its word, Acquire and Release at both ends (see its `RawLock`); nothing here unwinds.
    unsafe impl RawMutex for Lock {
        const INIT: Self = Self::new();
        type Guard = GuardSend;

        #[inline]
        fn lock(&self) -> GuardSend {
            self.acquire();
            GuardSend::new()
        }

        #[inline]
        fn try_lock(&self) -> Option<GuardSend> {
            self.try_acquire().then(GuardSend::new)
        }

        #[inline]
        unsafe fn unlock(&self, _: GuardSend) {
            // SAFETY: the guard is the proof of one acquire.
            unsafe { release(self) };
        }

        fn is_locked(&self) -> bool {
            self.locked()
        }
    }

    // SAFETY: as for `RawMutex`.
    unsafe impl RawMutexTimed for Lock {
        type Duration = Duration;
        type Instant = Instant;

        fn try_lock_for(&self, timeout: Duration) -> Option<GuardSend> {
            acquire_for(self, timeout).then(GuardSend::new)
        }

        fn try_lock_until(&self, moment: Instant) -> Option<GuardSend> {
            acquire_by(self, moment).then(GuardSend::new)
        }
    }

    // SAFETY: a thread's ident stays the same, and is no other living thread's.
    unsafe impl GetThreadId for ThreadId {
        const INIT: Self = Self;

        fn nonzero_thread_id(&self) -> NonZeroUsize {
            Self::current()
        }
    }
}

#[cfg(feature = "lock_api_04")]
mod version_04 {
    use super::{Duration, Instant, Lock, NonZeroUsize, ThreadId, acquire_by, acquire_for, release};
    use lock_api_04::{GetThreadId, GuardSend, RawMutex, RawMutexTimed};

    // SAFETY: `Lock` excludes by its word, Acquire and Release at both ends (see its `RawLock`).
    unsafe impl RawMutex for Lock {
        const INIT: Self = Self::new();
        type GuardMarker = GuardSend;

        #[inline]
        fn lock(&self) {
            self.acquire();
        }

        #[inline]
        fn try_lock(&self) -> bool {
            self.try_acquire()
        }

        #[inline]
        unsafe fn unlock(&self) {
            // SAFETY: the lock is held, by our caller.
            unsafe { release(self) };
        }

        fn is_locked(&self) -> bool {
            self.locked()
        }
    }

    // SAFETY: as for `RawMutex`.
    unsafe impl RawMutexTimed for Lock {
        type Duration = Duration;
        type Instant = Instant;

        fn try_lock_for(&self, timeout: Duration) -> bool {
            acquire_for(self, timeout)
        }

        fn try_lock_until(&self, moment: Instant) -> bool {
            acquire_by(self, moment)
        }
    }

    // SAFETY: a thread's ident stays the same, and is no other living thread's.
    unsafe impl GetThreadId for ThreadId {
        const INIT: Self = Self;

        fn nonzero_thread_id(&self) -> NonZeroUsize {
            Self::current()
        }
    }
}
