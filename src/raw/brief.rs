//! A lock for what the crate keeps of its own: held for a moment only, and by nobody when the process is forked.
//!
//! A forked child has one thread. What another thread had locked would stay locked there, and might be half changed. So
//! a fork waits until nobody is *inside*, which is to say has such a lock or waits for one, and then lets nobody in
//! until it is done (glibc does the like for its own locks).
//!
//! I1  Who is inside has a permit of the gate. The thread that forks has all of them, and is inside: handlers of others
//!     that run in it meanwhile may use the crate.
//! I2  Who is inside takes further locks without another permit: a fork that waits for it keeps it from nothing.
//! I3  No user code but the allocator runs inside. So nobody forks there, unless in a signal handler: that fork does
//!     not wait, and what its child goes on with never waits for a fork.
//!
//! A fork's handlers are registered at the first use, not when the library is loaded: the younger ones run first, and
//! an allocator's, registered by its own constructor, have to be older. Were they younger, a fork would take its locks
//! and then wait for who is inside and asks for memory. So a fork that began before the first use does not wait.

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
        gate::try_enter() && self.entered(self.0.try_acquire())
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
    use crate::sys::atomic::{AtomicU32, Ordering::Relaxed};
    use crate::sys::{LazyNumber, identity};

    const ALL: u32 = 1 << 30;
    static PERMITS: Semaphore = Semaphore::bounded(ALL);
    /// One fork at a time: two that collect permits would leave a child with a turn that nobody ends.
    static FORK: Lock = Lock::new();
    static WATCHED: LazyNumber = LazyNumber::new();
    /// 1 in a child that was forked inside: others who were there will not give their permits back.
    static IS_OFF: AtomicU32 = AtomicU32::new(0);

    thread_local! {
        /// How many of the locks the thread has, or waits for; and the handlers of its fork. Constant and without a
        /// destructor, for these.
        static INSIDE: Cell<u32> = const { Cell::new(0) };
        static HAS_ALL: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn enter() {
        if is_outside() {
            PERMITS.acquire_until(1, None);
        }
    }

    pub(super) fn try_enter() -> bool {
        let entered = !is_outside() || PERMITS.try_acquire(1);
        if !entered {
            INSIDE.set(0);
        }
        entered
    }

    /// Until now.
    fn is_outside() -> bool {
        let outside = INSIDE.replace(INSIDE.get() + 1) == 0;
        if outside {
            // Without memory for the handlers a fork does not wait, and the next one tries. To have them twice does no
            // harm: they nest.
            let _ = WATCHED.get(|| identity::at_fork(before, in_parent, in_child).map(|()| 1), drop);
        }
        outside
    }

    pub(super) fn leave() {
        if INSIDE.get() == 1 {
            PERMITS.put_back(1);
        }
        INSIDE.set(INSIDE.get() - 1);
    }

    extern "C" fn before() {
        // Relaxed: it has been set before this process had a second thread.
        if INSIDE.replace(INSIDE.get() + 1) == 0 && IS_OFF.load(Relaxed) == 0 {
            FORK.acquire();
            PERMITS.acquire_until(ALL, None);
            HAS_ALL.set(true);
        }
    }

    extern "C" fn in_parent() {
        // Some systems call handlers that were registered during the fork.
        let Some(inside) = INSIDE.get().checked_sub(1) else { return };
        if inside == 0 && HAS_ALL.replace(false) {
            PERMITS.put_back(ALL);
            FORK.release_held();
        }
        // Last: until here a fork in a signal handler must not wait for this one.
        INSIDE.set(inside);
    }

    extern "C" fn in_child() {
        if !HAS_ALL.get() {
            // Relaxed: the child has one thread.
            IS_OFF.store(1, Relaxed);
            PERMITS.put_back(ALL);
        }
        in_parent();
    }
}

#[cfg(any(loom, shuttle))]
mod gate {
    pub(super) fn enter() {}
    pub(super) fn leave() {}
    pub(super) fn try_enter() -> bool {
        true
    }
}
