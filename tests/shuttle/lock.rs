//! `raw::Lock` and the waiting protocol under it, `raw::Sleepers`.

use std::rc::Rc;

use underthread::raw::{Lock, RawLock};
use underthread::sys::model::check;

use crate::{Account, soon, soon_or_never, sooner, team};

#[derive(Default)]
struct Bank {
    lock: Lock,
    account: Account,
}

impl Bank {
    fn add_one_held(&self) {
        self.account.add(1);
        // SAFETY: the lock is held.
        unsafe { RawLock::release(&self.lock) };
    }

    fn add_one(&self) {
        self.lock.acquire();
        self.add_one_held();
    }

    fn assert_balance(&self, expected: u32) {
        assert!(!self.lock.locked());
        assert_eq!(self.account.balance(), expected);
    }
}

#[test]
fn eight_threads_exclude_each_other() {
    check("lock: eight threads, three times each", || {
        let bank = Rc::new(Bank::default());
        team(&bank, 8, |bank, _| (0..3).for_each(|_| bank.add_one()));
        bank.assert_balance(24);
    });
}

#[test]
fn sixteen_threads_exclude_each_other() {
    check("lock: sixteen threads", || {
        let bank = Rc::new(Bank::default());
        team(&bank, 16, |bank, _| bank.add_one());
        bank.assert_balance(16);
    });
}

/// Of every two waiters one gives up soon: also with a lock that is being handed over to it.
#[test]
fn those_who_give_up_take_nothing_with_them() {
    check("lock: ten threads, half of them timed", || {
        let bank = Rc::new(Bank::default());
        let came = team(&bank, 10, |bank, number| {
            let once = |_| {
                let acquired = bank.lock.acquire_until(soon_or_never(number));
                if acquired {
                    bank.add_one_held();
                }
                u32::from(acquired)
            };
            (0..2).map(once).sum::<u32>()
        });
        bank.assert_balance(came.into_iter().sum());
    });
}

/// One who gives up before it is entitled to a grant must not have had the wake that came with it.
#[test]
fn no_grant_is_lost_on_those_who_give_up() {
    check("lock: six threads, four of them timed, three times each", || {
        let bank = Rc::new(Bank::default());
        let came = team(&bank, 6, |bank, number| {
            let once = |_| {
                let acquired = bank.lock.acquire_until(if number < 4 { sooner() } else { None });
                if acquired {
                    bank.add_one_held();
                }
                u32::from(acquired)
            };
            (0..3).map(once).sum::<u32>()
        });
        bank.assert_balance(came.into_iter().sum());
    });
}

#[test]
fn a_lock_that_all_give_up_on_is_free_in_the_end() {
    check("lock: eight threads, all of them timed", || {
        let bank = Rc::new(Bank::default());
        let came = team(&bank, 8, |bank, _| {
            let acquired = bank.lock.acquire_until(soon());
            if acquired {
                bank.add_one_held();
            }
            u32::from(acquired)
        });
        assert!(bank.lock.try_acquire());
        bank.lock.release().unwrap();
        bank.assert_balance(came.into_iter().sum());
    });
}

#[test]
fn another_thread_may_release() {
    check("lock: passed on by eight threads", || {
        let bank = Rc::new((Lock::new(), Lock::new(), Account::default()));
        bank.1.acquire();
        // Each opens the second lock for who comes next, and that one the first.
        team(&bank, 8, |(first, second, account), number| {
            let (mine, next) = if number < 4 { (first, second) } else { (second, first) };
            mine.acquire();
            account.add(1);
            next.release().unwrap();
        });
        assert_eq!(bank.2.balance(), 8);
    });
}
