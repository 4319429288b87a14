//! `threading.Condition`.

use core::time::Duration;

use crate::raw::{self, Deadline, Guard, Waitable};

/// Lets threads wait, with a lock given up meanwhile, until another one notifies them.
///
/// It works with the guards of [`Lock`](super::Lock) and [`RLock`](super::RLock), and owns neither: one lock may have
/// several conditions. Waiting releases the lock, spins and yields for some microseconds and then sleeps, and has the
/// lock again when it returns, however long that takes. An `RLock` is released whole, and has its depth again
/// afterwards; its data must then be `Sync`, see below.
///
/// No wait ends without reason, and a notification is never lost on one that has timed out: as many waits say that
/// they were notified as the notifier was told. A notification goes to those who wait at that moment, and is not
/// stored: so what is waited for is kept in the lock's data, and changed under the lock. Whether the notifier still
/// holds the lock makes no difference. Those who wait are notified in groups, first come, first served: when all of one
/// group have been notified, whoever waits at the next notification is the next group. Within a group those who do not
/// sleep yet may be first; then the system's order of waking decides.
///
/// A predicate only looks (`&T`), so that it is the same for both locks. A panic in one leaves the lock with the
/// guard, as anywhere else. A forked child's copy counts its parent's waiters, and may spend notifications on them.
///
/// 36 bytes; allocates nothing; may be a `static`.
///
/// # Order
///
/// A notification orders nothing by itself: what was written before the lock was released is visible to those who
/// wait when they have the lock again.
///
/// # Why an `RLock`'s data must be `Sync`
///
/// A thread may hold a second guard, and a borrow through it, while it waits with the first one; meanwhile another
/// thread takes the lock and borrows too. Two threads then have a `&T` at once, which is what `Sync` allows. That
/// they never run at once is not enough without it: a cell may be opened by a token of which each thread has its own
/// (`TLCell` of the crate `qcell` is `Send` and not `Sync` for that reason), and would be open twice.
///
/// ```
/// use underthread::threading::{Condition, Lock};
///
/// static READY: Lock<bool> = Lock::new(false);
/// static CHANGED: Condition = Condition::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         *READY.acquire() = true;
///         CHANGED.notify_one();
///     });
///     let mut ready = READY.acquire();
///     CHANGED.wait_for(&mut ready, |ready| *ready);
///     assert!(*ready);
/// });
/// ```
///
/// ```compile_fail,E0277
/// use std::cell::Cell;
/// use underthread::threading::{Condition, RLock};
///
/// let lock = RLock::new(Cell::new(1));
/// Condition::new().wait(&mut lock.acquire());
/// ```
#[derive(Debug, Default)]
pub struct Condition(raw::Condition);

impl Condition {
    /// A condition for which nobody waits.
    pub const fn new() -> Self {
        Self(raw::Condition::new())
    }

    /// Waits until notified.
    pub fn wait<R: Waitable<T>, T: ?Sized>(&self, guard: &mut Guard<'_, R, T>) {
        self.0.wait_guard_until(guard, None);
    }

    /// Waits until notified, at most for `timeout`; true if notified. [`Duration::MAX`] is for ever.
    ///
    /// Even [`Duration::ZERO`] releases the lock and takes it again.
    pub fn wait_timeout<R: Waitable<T>, T: ?Sized>(&self, guard: &mut Guard<'_, R, T>, timeout: Duration) -> bool {
        self.0.wait_guard_until(guard, Deadline::after(timeout))
    }

    /// Waits until `predicate` holds. It is called with the lock held: at first, and after each notification.
    pub fn wait_for<R: Waitable<T>, T: ?Sized>(&self, guard: &mut Guard<'_, R, T>, predicate: impl FnMut(&T) -> bool) {
        self.wait_for_timeout(guard, Duration::MAX, predicate);
    }

    /// As [`wait_for`](Self::wait_for), at most for `timeout`; true if `predicate` holds at the end.
    ///
    /// The time runs from the first call of `predicate` that gave `false`. It is called once more when the time has
    /// passed.
    pub fn wait_for_timeout<R: Waitable<T>, T: ?Sized>(
        &self,
        guard: &mut Guard<'_, R, T>,
        timeout: Duration,
        mut predicate: impl FnMut(&T) -> bool,
    ) -> bool {
        if predicate(guard) {
            return true;
        }
        let deadline = Deadline::after(timeout);
        loop {
            let notified = self.0.wait_guard_until(guard, deadline);
            if predicate(guard) {
                return true;
            }
            if !notified {
                return false;
            }
        }
    }

    /// Waits while `predicate` holds: [`wait_for`](Self::wait_for) its opposite.
    pub fn wait_while<R: Waitable<T>, T: ?Sized>(
        &self,
        guard: &mut Guard<'_, R, T>,
        mut predicate: impl FnMut(&T) -> bool,
    ) {
        self.wait_for(guard, |data| !predicate(data));
    }

    /// As [`wait_while`](Self::wait_while), at most for `timeout`; true if `predicate` does not hold at the end.
    pub fn wait_while_timeout<R: Waitable<T>, T: ?Sized>(
        &self,
        guard: &mut Guard<'_, R, T>,
        timeout: Duration,
        mut predicate: impl FnMut(&T) -> bool,
    ) -> bool {
        self.wait_for_timeout(guard, timeout, |data| !predicate(data))
    }

    /// Notifies one of those who wait; gives how many that are, 0 or 1.
    pub fn notify_one(&self) -> usize {
        self.notify(1)
    }

    /// Notifies `count` of those who wait, or all if there are fewer; gives their number.
    pub fn notify(&self, count: usize) -> usize {
        // There cannot be more waiters than that.
        self.0.notify(u32::try_from(count).unwrap_or(u32::MAX)) as usize
    }

    /// Notifies all that wait; gives their number.
    pub fn notify_all(&self) -> usize {
        self.0.notify_all() as usize
    }
}

const _: () = assert!(size_of::<Condition>() == 36);
