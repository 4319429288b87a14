//! A lock for what the crate keeps of its own: held for a moment only, and by nobody when the process is forked.
//!
//! A forked child has one thread. What another thread had locked would stay locked there, and might be half changed. So
//! a fork waits until nobody is *inside*, which is to say has such a lock or waits for one, and then lets nobody in
//! until it is done (glibc does the like for its own locks).
//!
//! I1  Who is inside has a permit of the gate, but for the moments in which it comes and goes. The thread that forks has
//!     all of them, and is inside: handlers of others that run in it meanwhile may use the crate. (Not so in a fork by a
//!     signal handler that has interrupted one of those moments.)
//! I2  Who is inside takes further locks without another permit: a fork that waits for it keeps it from nothing.
//! I3  No user code but the allocator runs inside. So nobody forks there, unless in a signal handler: that fork does
//!     not wait if its thread is inside or on the way, and what its child goes on with, perhaps a fork that waited for
//!     another, never waits for a fork. (So it is on Linux. On pthread nobody wakes who sleeps on in such a child.)
//!
//! A fork's handlers are registered at the first use, not when the library is loaded: the younger ones run first, and
//! an allocator's, registered by its own constructor, have to be older. Were they younger, a fork would take its locks
//! and then wait for who is inside and asks for memory. So a fork that began before the first use does not wait, nor is
//! its child *told*. The child sees that by its process's id, at its own first fork or where it finds the gate shut. If
//! anybody has a permit then, it may be one who is not here: no fork waits from there on, nor in its children.
//!
//! In the models a scenario has a gate of its own, and calls the handlers itself.

use core::cell::Cell;

use super::{Exclusive, Lock, RawLock, Semaphore};
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::Ordering::Relaxed;
use crate::sys::{Deadline, const_fn};
use process::{GATE, OWN, process_id, watch};

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
}

// SAFETY: `Lock` is one; who has it is inside, and is counted as such by its own thread.
unsafe impl RawLock for Brief {
    /// Only who entered can leave.
    type Marker = *const ();

    fn acquire_until(&self, deadline: Option<Deadline>) -> bool {
        GATE.acquire_until(&self.0, deadline)
    }

    fn try_acquire(&self) -> bool {
        GATE.try_acquire(&self.0)
    }

    unsafe fn release(&self) {
        GATE.release(&self.0);
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

const ALL: u32 = 1 << 30;

/// Where a fork waits until nobody is inside, and others until it is done; see the module's text.
#[derive(Debug)]
pub struct Gate {
    permits: Semaphore,
    /// One fork at a time: two that collect permits would leave a child with a turn that nobody ends.
    fork: Lock,
    /// The process that all this speaks of: 0 before the first use; a child that was not told has its parent's. And
    /// `OFF`.
    process: AtomicU32,
}

/// Others may have been inside when the process began: these, and who waits for them, will not leave.
const OFF: u32 = 1 << 31;

/// What is each thread's own.
struct Own {
    /// How many of the locks it has, or waits for; and the handlers of its fork.
    inside: Cell<u32>,
    has_all: Cell<bool>,
}

impl Own {
    const fn outside() -> Self {
        Self { inside: Cell::new(0), has_all: Cell::new(false) }
    }

    /// Whether the thread was outside until now.
    fn comes_in() -> bool {
        OWN.with(|own| own.inside.replace(own.inside.get() + 1) == 0)
    }
}

impl Gate {
    const_fn! {
        /// Nobody is inside.
        pub fn new() -> Self {
            Self { permits: Semaphore::bounded(ALL), fork: Lock::new(), process: AtomicU32::new(0) }
        }
    }

    /// At the first use.
    pub fn begin(&self) {
        // Relaxed: nobody has come in yet, or another has said it.
        let _ = self.process.compare_exchange(0, process_id(), Relaxed, Relaxed);
    }

    /// From here on a scenario goes on as a child.
    #[cfg(loom)]
    pub fn is_copied(&self) {
        // Relaxed: nobody is inside, or about to fork, who will go on.
        self.process.fetch_sub(process_id(), Relaxed);
    }

    /// Makes it this process's, if that is a child that was not told.
    fn adopt(&self) {
        let own = process_id();
        // Relaxed: who finds it adopted finds `OFF` in the same word.
        let seen = self.process.load(Relaxed);
        if seen & !OFF == own {
            return;
        }
        // Those who are not here never give back what they have. Nobody who is here has `fork` before this is done.
        let is_stuck = self.fork.locked();
        let some_miss = is_stuck || self.permits.value() != ALL;
        let off = if some_miss { OFF } else { seen & OFF };
        // Relaxed: as above.
        if self.process.compare_exchange(seen, own | off, Relaxed, Relaxed).is_ok() && some_miss {
            self.permits.put_back(ALL);
            if is_stuck {
                self.fork.release_held();
            }
        }
    }

    /// Goes inside, for which a fork that is under way is waited for, and acquires `lock`; or leaves again once `deadline`
    /// has passed.
    pub fn acquire_until(&self, lock: &Lock, deadline: Option<Deadline>) -> bool {
        if Self::is_outside() && !self.permits.try_acquire(1) {
            self.adopt();
            self.permits.acquire_until(1, None);
        }
        self.entered(lock.acquire_until(deadline))
    }

    /// As [`acquire_until`](Self::acquire_until), if that needs no waiting.
    pub fn try_acquire(&self, lock: &Lock) -> bool {
        if Self::is_outside() && !self.permits.try_acquire(1) {
            OWN.with(|own| own.inside.set(0));
            return false;
        }
        self.entered(lock.try_acquire())
    }

    /// Releases `lock`, which the caller has acquired here, and leaves.
    pub fn release(&self, lock: &Lock) {
        lock.release_held();
        self.leave();
    }

    /// Until now.
    fn is_outside() -> bool {
        let outside = Own::comes_in();
        if outside {
            watch();
        }
        outside
    }

    fn entered(&self, acquired: bool) -> bool {
        if !acquired {
            self.leave();
        }
        acquired
    }

    fn leave(&self) {
        let inside = OWN.with(|own| own.inside.get());
        if inside == 1 {
            self.permits.put_back(1);
        }
        OWN.with(|own| own.inside.set(inside - 1));
    }

    /// By a thread that is about to fork.
    pub fn before(&self) {
        if Own::comes_in() {
            self.adopt();
            self.fork.acquire();
            // Relaxed: not older than what `adopt` has seen. Behind the wait, as it may end in a child.
            if self.process.load(Relaxed) & OFF == 0 {
                self.permits.acquire_until(ALL, None);
                OWN.with(|own| own.has_all.set(true));
            } else {
                self.fork.release_held();
            }
        }
    }

    /// By the thread that has forked.
    pub fn in_parent(&self) {
        // Some systems call handlers that were registered during the fork.
        let Some(inside) = OWN.with(|own| own.inside.get().checked_sub(1)) else { return };
        if inside == 0 && OWN.with(|own| own.has_all.replace(false)) {
            self.permits.put_back(ALL);
            self.fork.release_held();
        }
        // Last: until here a fork in a signal handler must not wait for this one.
        OWN.with(|own| own.inside.set(inside));
    }

    /// By the only thread of a child.
    pub fn in_child(&self) {
        let off = if OWN.with(|own| own.has_all.get()) { 0 } else { OFF };
        // Relaxed: there is no other thread. First: a handler of others, or of a signal, may fork.
        self.process.store(process_id() | off, Relaxed);
        if off != 0 {
            // Others may have been inside, or about to fork, who are not here.
            self.permits.put_back(ALL);
            // It may have been on its way to one who is not here, and can be had twice then: by who finds `OFF` behind it,
            // and by the one thread that has looked before, and collects what has been put back.
            self.fork.release_held();
        }
        self.in_parent();
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(not(any(loom, shuttle)))]
mod process {
    use super::{Gate, Own};
    use crate::sys::{LazyNumber, identity};

    pub(super) static GATE: Gate = Gate::new();

    /// (A child that is the first of its namespace, as its parent is of another, has the same.)
    pub(super) fn process_id() -> u32 {
        std::process::id()
    }

    thread_local! {
        /// Constant and without a destructor, for the handlers.
        pub(super) static OWN: Own = const { Own::outside() };
    }

    pub(super) fn watch() {
        extern "C" fn before() {
            GATE.before();
        }
        extern "C" fn in_parent() {
            GATE.in_parent();
        }
        extern "C" fn in_child() {
            GATE.in_child();
        }
        static WATCHED: LazyNumber = LazyNumber::new();
        // Without memory for the handlers a fork does not wait, and the next one tries. To have them twice does no
        // harm: they nest.
        let register = || {
            GATE.begin();
            identity::at_fork(before, in_parent, in_child).map(|()| 1)
        };
        let _ = WATCHED.get(register, drop);
    }
}

#[cfg(any(loom, shuttle))]
mod process {
    use super::{Lock, Own};
    use crate::sys::{self, Deadline};

    /// What is built on brief locks is modelled on locks, as its fences would hide what is missing there.
    pub(super) struct NoGate;
    pub(super) const GATE: NoGate = NoGate;

    impl NoGate {
        pub(super) fn acquire_until(&self, lock: &Lock, deadline: Option<Deadline>) -> bool {
            lock.acquire_until(deadline)
        }

        pub(super) fn try_acquire(&self, lock: &Lock) -> bool {
            lock.try_acquire()
        }

        pub(super) fn release(&self, lock: &Lock) {
            lock.release_held();
        }
    }

    sys::thread_local! {
        pub(super) static OWN: Own = Own::outside();
    }

    pub(super) fn watch() {}

    /// A scenario's own, whose gate has begun there or has not.
    pub(super) fn process_id() -> u32 {
        1
    }
}
