//! A condition variable whose notifications are counted: each one given is returned by exactly one wait.
//!
//! Those who wait form *groups*, numbered in order; there is no list of waiters. A newcomer joins the group that is
//! `gathering`. Notifications are given to the *open* group, the one before it, until that has had one for each
//! member; then the groups *turn*: the next one is open, and newcomers gather in a fresh one.
//!
//! | group | its members | they look at, and sleep on | counted by |
//! |---|---|---|---|
//! | `gathering` | have no notification | `words[gathering & 1]` | `fresh` |
//! | `gathering - 1`, *open* | share `signals`, first come, first served | the other word | `open`, `signals` |
//! | older, *released* | have one each; some have not noticed yet | nothing: I4 | nobody |
//!
//! ```text
//!   wait ──► gathering ─────── turn ───────► open ────────── turn ─────────► released ──► true
//!                │    a notification finds   │  │   each member has had its
//!                │    nobody else to go to   │  │   own, and one is left over
//!                │                           │  └── takes a signal ──► true
//!                └── deadline ──► false      └── deadline, and no signal ──► false
//! ```
//!
//! | bits of a word | name | says |
//! |---|---|---|
//! | 0 | `ASLEEP` | perhaps some sleep on it: who notifies wakes |
//! | 1.. | count | how often members of its groups were notified |
//!
//! All numbers are kept under `groups`, a [`Lock`] of our own, which is never held while anything is waited for.
//! Only the look whether anybody waits at all is made without it.
//!
//! I1  `signals <= open`. A notification counts only where there is a member that has none; a member leaves with a
//!     signal (both sink by 1), or without one when there is none. So as many waits return `true` as `notify` said:
//!     each signal is taken once, and at a turn `signals == open`, which is how many return `true` as released.
//! I2  A notification never goes to a later wait: signals are given to a group that nobody joins any more, and are
//!     0 when the next one opens. It never goes to one that has timed out: that one looks, under `groups`, and takes
//!     a signal if there is one, or is counted out.
//! I3  Of the open group's members, at least `signals` are awake: not asleep, or about to find that their word has
//!     changed. Giving n signals changes the count and wakes n, under `groups`: then n more are awake, or all are,
//!     and `signals <= open`. An awake member goes back to sleep only if it sees no signal, and with the word's
//!     value of that moment. So no signal waits for a thread that sleeps.
//! I4  Nobody sleeps in a released group: at its turn `signals == open`, so by I3 all its members were awake, and one
//!     that looks again finds itself released. So a word can serve every second group: wakes for the open group meet
//!     only its members, and because they are made under `groups`, none is on its way when the groups turn.
//! I5  Whoever sleeps set `ASLEEP`, or saw it, in the value that it sleeps on, and the mark stands as long as it
//!     sleeps: a notification takes it off only if `signals == open` then, which by I3 wakes all. Where it does not
//!     stand the wake of I3 would find nobody. Both are read-modify-writes of one word: if the mark comes first, the
//!     notification sees it; else the mark's compare-exchange fails. A mark that outlasts those who gave up costs a
//!     wake of nobody.
//!
//! I3 to I5 hold of a thread that is stopped just before it sleeps unless exactly 2^31 notifications pass its word
//! meanwhile; a released member is told by its distance from `gathering`, so likewise 2^32 turns.
//!
//! # Order
//!
//! A notification publishes nothing: the caller's lock does. The numbers are ordered by `groups`; a word only says
//! that it is time to look at them, or to wake, and is Relaxed. `waiting` is
//! Relaxed: whoever is to be notified stored it before releasing the caller's lock, so one who has held that lock since
//! reads that store or a later one. That is the promise; one who notifies without ever having held the lock may be
//! taken to have come before the wait.
//!
//! # Fairness
//!
//! First come, first served by groups: whoever waited when a group was opened is served before whoever came later.
//! Within a group those who have just come and do not sleep yet may be first; then the kernel's order of waking
//! decides, which is first come, first served in practice. When those who are notified get the caller's lock is that
//! lock's affair.

use crate::sys::atomic::Ordering::Relaxed;
use core::fmt;
use core::ptr;

use super::{Guard, Guarded, Lock, RawLock, Waitable, spin};
use crate::sys::atomic::AtomicU32;
use crate::sys::{Deadline, Futex, Private, Scope, Shared, const_fn};

const ASLEEP: u32 = 1;
/// Of the count.
const ONE: u32 = 2;

/// A condition variable: threads give up a lock, wait to be notified, and have the lock again.
///
/// A wait returns because it was notified, or because its deadline has passed; never without reason, and the two are
/// told apart: as many waits return `true` as [`notify`](Self::notify) said. A notification goes to those who wait at
/// that moment, and is not stored. The notifier need not hold the lock. Threads may wait with different locks at once:
/// a notification goes to any of them.
///
/// 36 bytes, no allocation. A thread that waits spins and yields for some microseconds and then sleeps. One that dies
/// while it waits, in another process or by a fork (the child's copy still counts its parent's waiters), may have a
/// notification spent on it.
///
/// ```
/// use underthread::raw::{Condition, Lock};
///
/// static LOCK: Lock = Lock::new();
/// static CONDITION: Condition = Condition::new();
/// let waiter = std::thread::spawn(|| {
///     LOCK.acquire();
///     // SAFETY: the lock is held.
///     let notified = unsafe { CONDITION.wait_until(&LOCK, None) };
///     LOCK.release().unwrap();
///     notified
/// });
/// while CONDITION.notify(1) == 0 {
///     std::thread::yield_now(); // nobody waits yet
/// }
/// assert!(waiter.join().unwrap());
/// ```
#[repr(C)]
pub struct Condition<S: Scope = Private> {
    groups: Guarded<Lock<S>, Groups>,
    /// Where the members of even and of odd groups sleep; stored to under `groups`, but for the mark.
    words: [Futex<S>; 2],
    /// [`Groups::waiting`], for those who only look; stored to under `groups`.
    waiting: AtomicU32,
}

/// See the module's table.
#[derive(Debug, Default)]
#[repr(C)]
struct Groups {
    gathering: u32,
    fresh: u32,
    open: u32,
    signals: u32,
}

impl Groups {
    const_fn! {
        fn none() -> Self {
            Self { gathering: 0, fresh: 0, open: 0, signals: 0 }
        }
    }

    /// How many wait and have no notification.
    fn waiting(&self) -> u32 {
        self.fresh + (self.open - self.signals)
    }

    /// Opens the next group if the open one has all it can have.
    fn turn(&mut self) {
        if self.signals == self.open {
            *self = Self { gathering: self.gathering.wrapping_add(1), fresh: 0, open: self.fresh, signals: 0 };
        }
    }

    /// Gives a member of `group` its notification, if there is one.
    fn take(&mut self, group: u32) -> bool {
        match self.gathering.wrapping_sub(group) {
            0 => false,
            1 if self.signals == 0 => false,
            1 => {
                self.signals -= 1;
                self.open -= 1;
                true
            }
            _ => true,
        }
    }

    /// Counts a member of `group` out that has no notification.
    fn leave(&mut self, group: u32) {
        let members = if group == self.gathering { &mut self.fresh } else { &mut self.open };
        *members -= 1;
    }
}

impl Condition {
    const_fn! {
        /// Nobody waits; for the threads of this process.
        pub fn new() -> Self {
            Self {
                groups: Guarded::new(Lock::new(), Groups::none()),
                words: [Futex::new(0), Futex::new(0)],
                waiting: AtomicU32::new(0),
            }
        }
    }
}

impl Condition<Shared> {
    const_fn! {
        /// Nobody waits; for the threads of every process that maps it.
        pub fn shared() -> Self {
            Self {
                groups: Guarded::new(Lock::shared(), Groups::none()),
                words: [Futex::new(0), Futex::new(0)],
                waiting: AtomicU32::new(0),
            }
        }
    }
}

impl<S: Scope> Condition<S> {
    /// Releases `lock`, waits to be notified or until `deadline`, and acquires `lock` again as often as it was held.
    ///
    /// Whoever acquires `lock` after it was released here, and then notifies, finds this wait. The deadline does not
    /// bound the time that `lock` takes to come back. True if a notification was given to this wait.
    ///
    /// # Safety
    ///
    /// The caller holds `lock`, and relies on nothing that it protects to stay as it is; nobody else releases that
    /// holding, as for [`RawLock::release`].
    pub unsafe fn wait_until(&self, lock: &impl RawLock, deadline: Option<Deadline>) -> bool {
        let mut groups = self.groups.acquire();
        let group = groups.gathering;
        groups.fresh += 1;
        self.publish(&groups);
        let word = self.word(group);
        // Relaxed: stored to under `groups`, which is held.
        let mut seen = word.load(Relaxed);
        drop(groups);
        // SAFETY: the caller holds it, and gives up what it protects.
        let depth = unsafe { lock.release_all() };
        let notified = loop {
            // Relaxed: what there is to be had is looked at under `groups`.
            let changed = || (word.load(Relaxed) ^ seen) & !ASLEEP != 0;
            let woken = spin::yielding(deadline, changed) || sleep(word, seen, deadline);
            let mut groups = self.groups.acquire();
            if groups.take(group) {
                break true;
            }
            if !woken {
                groups.leave(group);
                self.publish(&groups);
                break false;
            }
            // I3. Relaxed: as above.
            seen = word.load(Relaxed);
        };
        lock.reacquire(depth);
        notified
    }

    /// As [`wait_until`](Self::wait_until), with the lock that `guard` holds. No borrow of the data outlives the call.
    pub fn wait_guard_until<R: Waitable<T>, T: ?Sized>(
        &self,
        guard: &mut Guard<'_, R, T>,
        deadline: Option<Deadline>,
    ) -> bool {
        let lock = Guard::raw(guard);
        // SAFETY: the guard holds the lock. Borrows of the data were made through this guard, which is borrowed as
        // `&mut`, or are such as `Waitable` allows.
        unsafe { self.wait_until(lock, deadline) }
    }

    /// Notifies `count` of those who wait, the earlier groups first, or all if there are fewer; gives their number.
    pub fn notify(&self, count: u32) -> u32 {
        // Relaxed: see Order.
        if self.waiting.load(Relaxed) == 0 { 0 } else { self.notify_waiting(count) }
    }

    #[cold]
    fn notify_waiting(&self, count: u32) -> u32 {
        let mut groups = self.groups.acquire();
        let given = count.min(groups.waiting());
        let mut left = given;
        while left > 0 {
            groups.turn();
            let signals = left.min(groups.open - groups.signals);
            groups.signals += signals;
            left -= signals;
            let word = self.word(groups.gathering.wrapping_sub(1));
            // Relaxed: all but the mark is stored to under `groups`, which is held; it publishes nothing.
            let now = word.load(Relaxed);
            // I5.
            let before = if groups.signals == groups.open {
                word.swap((now & !ASLEEP).wrapping_add(ONE), Relaxed)
            } else {
                word.fetch_add(ONE, Relaxed)
            };
            // I3: change, then wake.
            if before & ASLEEP != 0 {
                // I4: under `groups`.
                Futex::wake(ptr::from_ref(word), signals);
            }
        }
        self.publish(&groups);
        given
    }

    /// Notifies all that wait; gives their number.
    pub fn notify_all(&self) -> u32 {
        self.notify(u32::MAX)
    }

    /// How many wait and have not been notified, a moment ago.
    pub fn waiting(&self) -> u32 {
        // Relaxed: a snapshot.
        self.waiting.load(Relaxed)
    }

    fn word(&self, group: u32) -> &Futex<S> {
        &self.words[group as usize & 1]
    }

    fn publish(&self, groups: &Groups) {
        // Relaxed: see Order.
        self.waiting.store(groups.waiting(), Relaxed);
    }
}

/// Sleeps while `word` is `seen`, but for the mark; false once `deadline` has passed and no wake was spent on it.
fn sleep<S: Scope>(word: &Futex<S>, seen: u32, deadline: Option<Deadline>) -> bool {
    let marked = seen | ASLEEP;
    // I5. Relaxed: see Order.
    if seen != marked && word.compare_exchange(seen, marked, Relaxed, Relaxed).is_err_and(|now| now != marked) {
        return true;
    }
    word.wait(marked, deadline)
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for Condition<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Condition").field("waiting", &self.waiting()).finish()
    }
}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Condition>() == 36 && size_of::<Condition<Shared>>() == 36);
