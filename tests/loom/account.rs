//! A counter that loom watches for data races, under a lock.

use loom::cell::UnsafeCell;
use underthread::raw::RawLock;

#[derive(Default)]
pub(crate) struct Account<L> {
    pub(crate) lock: L,
    balance: UnsafeCell<u32>,
}

impl<L: RawLock> Account<L> {
    pub(crate) fn add_one(&self) {
        assert!(self.lock.acquire_until(None));
        self.add_one_held();
        self.release();
    }

    /// By the holder of the lock.
    pub(crate) fn add_one_held(&self) {
        // SAFETY: the lock is held.
        self.balance.with_mut(|balance| unsafe { *balance += 1 });
    }

    /// By the holder of the lock.
    pub(crate) fn balance_held(&self) -> u32 {
        // SAFETY: the lock is held.
        self.balance.with(|balance| unsafe { *balance })
    }

    /// By the holder of the lock, or for it.
    pub(crate) fn release(&self) {
        // SAFETY: by our caller, and nothing is borrowed.
        unsafe { self.lock.release() };
    }

    /// Once every other thread has been joined.
    pub(crate) fn assert_balance(&self, expected: u32) {
        assert!(!self.lock.locked());
        // Nobody else is left; loom checks that.
        assert_eq!(self.balance_held(), expected);
    }
}
