//! `Futex` without the system call: a table of pthread mutexes, and a condition variable for each sleeper.
//!
//! A private word's address chooses a bucket. Whoever waits links a node of its own stack there; whoever wakes
//! unlinks nodes of that address and of its bitset, oldest first.
//!
//! I1  A bucket's list, and the `next` and `woken` of what is linked in it, are touched only under its mutex.
//! I2  A node is linked only during its owner's `wait`. The owner returns only after it has held the mutex and found
//!     itself unlinked, or unlinked itself; a waker is done with the node before it lets go of the mutex. So no waker
//!     touches a node that is gone.
//! I3  A node is unlinked by one thread: by a waker, that makes its wait true, or by its owner. So a wait that gives
//!     `false` has had no wake spent on it.
//!
//! The look at the word comes under the mutex, and so does the wake: one that comes after a change of the word either
//! holds the mutex first, which shows the change to the look, or finds the sleeper linked.
//!
//! Shared words: this table is not seen by other processes, and a lock that a dying process could leave behind held
//! would be no ground to stand on. So a shared wait sleeps for at most [`SLICE`] and returns, and its caller looks
//! again; a shared wake has nothing to do.
//!
//! Unlike the system call, a private wake takes a mutex: it may not be made by a signal handler. A fork takes all of
//! them and empties the child's table: the sleepers stay behind, and their stacks are used again.
//!
//! After Linux's own futex table and WebKit's parking lot.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::io;

use super::Deadline;
use super::atomic::AtomicU32;

/// The longest that a shared word's change may go unseen.
const SLICE: Duration = Duration::from_millis(1);

const BUCKETS: usize = 256;

static TABLE: [Bucket; BUCKETS] = [const { Bucket::new() }; BUCKETS];

struct Bucket {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    first: Link,
}

// SAFETY: `first` is used only under `mutex` (I1), which is made to be shared.
unsafe impl Sync for Bucket {}

/// Null, or a node that is linked and therefore alive (I2).
type Link = Cell<*const Sleeper>;

struct Sleeper {
    address: usize,
    bitset: u32,
    woken: Cell<bool>,
    next: Link,
    condition: UnsafeCell<MaybeUninit<libc::pthread_cond_t>>,
}

pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Deadline>, shared: bool, bitset: u32) -> bool {
    if shared { wait_shared(word, expected, deadline) } else { wait_private(word, expected, deadline, bitset) }
}

fn wait_private(word: &AtomicU32, expected: u32, deadline: Option<Deadline>, bitset: u32) -> bool {
    // Without memory for that the next one tries.
    let _ = watch_forks();
    let sleeper = Sleeper::new(ptr::from_ref(word).addr(), bitset);
    // In place: a condition variable may not move.
    clock::make(sleeper.condition());
    let woken = sleeper.sleep(word, expected, deadline);
    // SAFETY: made above; only this thread has waited on it, and no waker is at it any more (I2).
    unsafe { libc::pthread_cond_destroy(sleeper.condition()) };
    // Neither a wake nor the deadline is a spurious wake.
    woken || !deadline.is_some_and(Deadline::passed)
}

/// Before a bucket is locked, once: a second time would come after who must come between, see `identity::at_fork`. No
/// mutex says who registers: a fork that comes before the handlers would leave it held in the child.
pub(super) fn watch_forks() -> io::Result<()> {
    thread_local! {
        static HANDLERS: Cell<u32> = const { Cell::new(0) };
    }
    /// How many of the calling thread's handlers are between their first and their last part.
    fn change(by: i32) -> u32 {
        HANDLERS.set(HANDLERS.get().wrapping_add_signed(by));
        HANDLERS.get()
    }
    extern "C" fn before() {
        if change(1) == 1 {
            TABLE.iter().for_each(Bucket::lock);
        }
    }
    extern "C" fn in_parent() {
        if change(-1) == 0 {
            TABLE.iter().for_each(Bucket::unlock);
        }
    }
    extern "C" fn in_child() {
        if change(-1) == 0 {
            for bucket in &TABLE {
                bucket.first.set(ptr::null());
                bucket.unlock();
            }
        }
    }
    const WATCHED: u32 = u32::MAX;
    // 0, the process one of whose threads registers, or `WATCHED`.
    static BY: AtomicU32 = AtomicU32::new(0);
    loop {
        // Relaxed, all of them: it says who registers, and guards nothing.
        let by = BY.load(Relaxed);
        if by == WATCHED {
            return Ok(());
        }
        let own = std::process::id();
        match by {
            by if by == own => {
                // SAFETY: gives the CPU to that thread.
                unsafe { libc::sched_yield() };
            }
            // A parent's thread, which is not here, or nobody.
            by if BY.compare_exchange(by, own, Relaxed, Relaxed).is_ok() => {
                // SAFETY: the handlers lock, change and unlock the table, which is theirs between the first and the
                // last.
                let failed = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
                BY.store(if failed == 0 { WATCHED } else { 0 }, Relaxed);
                return if failed == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(failed)) };
            }
            _ => {}
        }
    }
}

fn wait_shared(word: &AtomicU32, expected: u32, deadline: Option<Deadline>) -> bool {
    // Relaxed: a futex promises no order.
    if word.load(Relaxed) != expected {
        return true;
    }
    let slice = deadline.map_or(SLICE, |deadline| deadline.remaining().min(SLICE));
    let slice = libc::timespec { tv_sec: 0, tv_nsec: slice.subsec_nanos() as _ };
    // SAFETY: the pointer is to a live timespec; the second may be null. An interrupted sleep is a spurious wake.
    unsafe { libc::nanosleep(&raw const slice, ptr::null_mut()) };
    !deadline.is_some_and(Deadline::passed)
}

pub(super) fn wake(word: *const AtomicU32, count: u32, shared: bool, bitset: u32) {
    if shared {
        return;
    }
    // As above.
    let _ = watch_forks();
    let bucket = Bucket::of(word.addr());
    bucket.lock();
    let is_wanted = |sleeper: &Sleeper| sleeper.address == word.addr() && sleeper.bitset & bitset != 0;
    for _ in 0..count {
        let Some(sleeper) = bucket.unlink(is_wanted) else { break };
        sleeper.woken.set(true);
        // SAFETY: the owner destroys the condition only after it has held the mutex, which is ours (I2).
        let failed = unsafe { libc::pthread_cond_signal(sleeper.condition()) };
        debug_assert_eq!(failed, 0);
    }
    bucket.unlock();
}

impl Bucket {
    const fn new() -> Self {
        Self { mutex: UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER), first: Cell::new(ptr::null()) }
    }

    fn of(address: usize) -> &'static Self {
        // Fibonacci hashing (Knuth, volume 3, 6.4): the upper bits of the product depend on all of the address's.
        let product = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &TABLE[(product >> (u64::BITS - BUCKETS.ilog2())) as usize]
    }

    fn lock(&self) {
        // SAFETY: a static mutex; no caller holds it already.
        must(unsafe { libc::pthread_mutex_lock(self.mutex.get()) }, "a bucket's mutex cannot be locked");
    }

    fn unlock(&self) {
        // SAFETY: every caller holds the mutex.
        let failed = unsafe { libc::pthread_mutex_unlock(self.mutex.get()) };
        debug_assert_eq!(failed, 0);
    }

    /// Links `sleeper` as the youngest. The caller holds the mutex.
    fn append(&self, sleeper: &Sleeper) {
        let mut link = &self.first;
        // SAFETY: what is linked is alive (I2).
        while let Some(linked) = unsafe { link.get().as_ref() } {
            link = &linked.next;
        }
        link.set(sleeper);
    }

    /// Unlinks the oldest that is `wanted`. The caller holds the mutex, which keeps it alive.
    fn unlink(&self, wanted: impl Fn(&Sleeper) -> bool) -> Option<&Sleeper> {
        let mut link = &self.first;
        loop {
            // SAFETY: what is linked is alive (I2).
            let linked = unsafe { link.get().as_ref() }?;
            if wanted(linked) {
                link.set(linked.next.get());
                return Some(linked);
            }
            link = &linked.next;
        }
    }
}

impl Sleeper {
    fn new(address: usize, bitset: u32) -> Self {
        let condition = UnsafeCell::new(MaybeUninit::uninit());
        Self { address, bitset, woken: Cell::new(false), next: Cell::new(ptr::null()), condition }
    }

    fn condition(&self) -> *mut libc::pthread_cond_t {
        self.condition.get().cast()
    }

    /// Sleeps once, linked, while the word is `expected`; false if no wake came and the word had not changed.
    fn sleep(&self, word: &AtomicU32, expected: u32, deadline: Option<Deadline>) -> bool {
        let bucket = Bucket::of(self.address);
        bucket.lock();
        // Relaxed: a change that a wake follows is ordered before us by the mutex.
        let changed = word.load(Relaxed) != expected;
        if !changed {
            bucket.append(self);
            clock::wait(self.condition(), bucket.mutex.get(), deadline);
            // I3: a wake that came before the mutex was ours again counts.
            if !self.woken.get() {
                bucket.unlink(|linked| ptr::eq(linked, self));
            }
        }
        let woken = self.woken.get();
        bucket.unlock();
        changed || woken
    }
}

/// Ends the process where the system has refused what sleeping needs. No panic: a condition waits with its caller's
/// lock given up, and to unwind through it would drop a guard whose lock another thread holds.
fn must(failed: libc::c_int, otherwise: &str) {
    if failed != 0 {
        eprintln!("underthread: {otherwise}: {}", std::io::Error::from_raw_os_error(failed));
        std::process::abort();
    }
}

/// Condition variables that take an absolute deadline on the monotonic clock.
#[cfg(not(target_vendor = "apple"))]
mod clock {
    use core::mem::MaybeUninit;

    use super::{Deadline, must};

    /// Makes a condition variable at `place`, which holds none yet.
    pub(super) fn make(place: *mut libc::pthread_cond_t) {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: fresh attributes to be initialised.
        must(unsafe { libc::pthread_condattr_init(attributes.as_mut_ptr()) }, "no condition attributes");
        // SAFETY: initialised above.
        let failed = unsafe { libc::pthread_condattr_setclock(attributes.as_mut_ptr(), libc::CLOCK_MONOTONIC) };
        must(failed, "no condition variables on the monotonic clock");
        // SAFETY: the place is the caller's; the attributes are initialised.
        must(unsafe { libc::pthread_cond_init(place, attributes.as_ptr()) }, "no condition variable");
        // SAFETY: initialised above, and not used again.
        unsafe { libc::pthread_condattr_destroy(attributes.as_mut_ptr()) };
    }

    /// Waits, at most until `deadline`. The caller holds `mutex`, then and afterwards.
    pub(super) fn wait(
        condition: *mut libc::pthread_cond_t,
        mutex: *mut libc::pthread_mutex_t,
        deadline: Option<Deadline>,
    ) {
        // The result says less than the caller sees for itself.
        match deadline.map(Deadline::timespec) {
            // SAFETY: the caller holds the mutex; the condition is settled, and nobody else waits on it.
            None => unsafe { libc::pthread_cond_wait(condition, mutex) },
            // SAFETY: as above; `until` lives through the call.
            Some(until) => unsafe { libc::pthread_cond_timedwait(condition, mutex, &raw const until) },
        };
    }
}

/// Condition variables that take only a remainder.
#[cfg(target_vendor = "apple")]
mod clock {
    use core::ptr;
    use core::time::Duration;

    use super::{Deadline, must};

    /// As far as one wait goes; the end of it is a spurious wake.
    const FAR: Duration = Duration::from_secs(1 << 24);

    /// Makes a condition variable at `place`, which holds none yet.
    pub(super) fn make(place: *mut libc::pthread_cond_t) {
        // SAFETY: the place is the caller's; no attributes are the default ones.
        must(unsafe { libc::pthread_cond_init(place, ptr::null()) }, "no condition variable");
    }

    /// Waits, at most until `deadline`. The caller holds `mutex`, then and afterwards.
    pub(super) fn wait(
        condition: *mut libc::pthread_cond_t,
        mutex: *mut libc::pthread_mutex_t,
        deadline: Option<Deadline>,
    ) {
        // The result says less than the caller sees for itself.
        match deadline.map(|deadline| deadline.remaining().min(FAR)) {
            // SAFETY: the caller holds the mutex; the condition is settled, and nobody else waits on it.
            None => unsafe { libc::pthread_cond_wait(condition, mutex) },
            Some(left) => {
                let left = libc::timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos() as _ };
                // SAFETY: as above; `left` lives through the call.
                unsafe { libc::pthread_cond_timedwait_relative_np(condition, mutex, &raw const left) }
            }
        };
    }
}
