//! `raw::BiasedLock`.

use std::rc::Rc;

use underthread::raw::{BiasedLock, Deadline, RawLock};
use underthread::sys::model::check;

use crate::{Account, soon_or_never, team};

#[derive(Default)]
struct Bank {
    lock: BiasedLock,
    account: Account,
}

impl Bank {
    fn add_one_by(&self, deadline: Option<Deadline>) -> u32 {
        let acquired = self.lock.acquire_until(deadline);
        if acquired {
            self.account.add(1);
            // SAFETY: the lock is held.
            unsafe { self.lock.release() };
        }
        acquired.into()
    }

    fn assert_balance(&self, expected: u32) {
        assert!(!self.lock.locked());
        assert_eq!(self.account.balance(), expected);
    }
}

/// One release makes an owner, whom the others find at work or gone.
#[test]
fn eight_threads_exclude_each_other() {
    check("biased: eight threads, three times each", || {
        let bank = Rc::new(Bank::default());
        let came = team(&bank, 8, |bank, _| (0..3).map(|_| bank.add_one_by(None)).sum::<u32>());
        assert_eq!(came.into_iter().sum::<u32>(), 24);
        bank.assert_balance(24);
    });
}

#[test]
fn those_who_give_up_take_nothing_with_them() {
    check("biased: eight threads, half of them timed", || {
        let bank = Rc::new(Bank::default());
        let came = team(&bank, 8, |bank, number| (0..2).map(|_| bank.add_one_by(soon_or_never(number))).sum::<u32>());
        bank.assert_balance(came.into_iter().sum());
    });
}
