//! A lock for what the crate keeps of its own: held for a moment only, and by nobody when the process is forked.
//!
//! A forked child has one thread. What another thread had locked would stay locked there, and might be half changed. So a
//! fork waits until nobody is *inside*, which is to say has such a lock or waits for one, and lets nobody in until it is
//! done (glibc does the like for its own locks).
//!
//! I1  Who is inside has a permit of the gate; the thread that forks has all of them.
//! I2  Who is inside takes further locks without another permit: a fork that waits for it keeps it from nothing.
//! I3  No user code runs inside. So nobody forks there, unless in a signal handler: that fork does not wait.

use super::{Exclusive, Lock, RawLock};
use crate::sys::{Deadline, const_fn};

/// A [`Lock`] that no fork finds held; see the module's text.
#[derive(Debug)]
pub(crate) struct Brief(Lock);

impl Brief {
    const_fn! {
        /// A free lock.
        pub(crate) fn new() -> Self {
            Self(Lock::new())
        }
    }

    fn entered(&self, acquired: bool) -> bool {
        if !acquired {
            gate::leave();
        }
        acquired
    }
}

// SAFETY: `Lock` is one; who has it is inside, and is counted as such by its own thread.
unsafe impl RawLock for Brief {
    /// Only who entered can leave.
    type Marker = *const ();

    fn acquire_until(&self, deadline: Option<Deadline>) -> bool {
        gate::enter();
        self.entered(self.0.acquire_until(deadline))
    }

    fn try_acquire(&self) -> bool {
        gate::enter();
        self.entered(self.0.try_acquire())
    }

    unsafe fn release(&self) {
        self.0.release_held();
        gate::leave();
    }

    fn locked(&self) -> bool {
        self.0.locked()
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

// SAFETY: as for `Lock`.
unsafe impl Exclusive for Brief {}

#[cfg(not(any(loom, shuttle)))]
mod gate {
    use core::cell::Cell;

    use crate::raw::{Lock, Semaphore};
    use crate::sys::{LazyNumber, identity};

    static PERMITS: Semaphore = Semaphore::new(u32::MAX);
    /// One fork at a time: two that collect permits would leave a child with a turn that nobody ends.
    static FORK: Lock = Lock::new();
    static WATCHED: LazyNumber = LazyNumber::new();

    thread_local! {
        /// How many of the locks the thread has, or waits for. Constant and without a destructor, for the fork handler.
        static INSIDE: Cell<u32> = const { Cell::new(0) };
    }

    pub(super) fn enter() {
        let inside = INSIDE.replace(INSIDE.get() + 1);
        if inside == 0 {
            // Without memory for the handlers a fork does not wait, and the next one tries.
            let _ = WATCHED.get(|| identity::at_fork(before, after).map(|()| 1), drop);
            PERMITS.acquire_until(1, None);
        }
    }

    pub(super) fn leave() {
        if INSIDE.get() == 1 {
            PERMITS.put_back(1);
        }
        INSIDE.set(INSIDE.get() - 1);
    }

    extern "C" fn before() {
        if INSIDE.get() == 0 {
            FORK.acquire();
            PERMITS.acquire_until(u32::MAX, None);
        }
    }

    /// In parent and child.
    extern "C" fn after() {
        if INSIDE.get() == 0 {
            PERMITS.put_back(u32::MAX);
            FORK.release_held();
        }
    }
}

#[cfg(any(loom, shuttle))]
mod gate {
    pub(super) fn enter() {}
    pub(super) fn leave() {}
}
