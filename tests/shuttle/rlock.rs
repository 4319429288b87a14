//! `raw::RLock`.

use std::rc::Rc;

use underthread::raw::{NotOwner, RLock};
use underthread::sys::model::check;

use crate::{Account, soon_or_never, team};

#[derive(Default)]
struct Bank {
    lock: RLock,
    account: Account,
}

#[test]
fn eight_threads_exclude_each_other_at_any_depth() {
    check("rlock: eight threads, two rounds, three deep", || {
        let bank = Rc::new(Bank::default());
        team(&bank, 8, |bank, number| {
            for _ in 0..2 {
                let depth = 1 + number % 3;
                (0..depth).for_each(|_| bank.lock.acquire().unwrap());
                assert_eq!(bank.lock.recursion_count(), depth);
                bank.account.add(1);
                (0..depth).for_each(|_| bank.lock.release().unwrap());
            }
            assert_eq!(bank.lock.release(), Err(NotOwner));
        });
        assert_eq!((bank.account.balance(), bank.lock.locked()), (16, false));
    });
}

#[test]
fn those_who_give_up_take_nothing_with_them() {
    check("rlock: ten threads, half of them timed", || {
        let bank = Rc::new(Bank::default());
        let came = team(&bank, 10, |bank, number| {
            let acquired = bank.lock.acquire_until(soon_or_never(number)).unwrap();
            assert_eq!(bank.lock.is_owned(), acquired);
            if acquired {
                assert_eq!(bank.lock.try_acquire(), Ok(true));
                bank.account.add(1);
                bank.lock.release().unwrap();
                bank.lock.release().unwrap();
            }
            u32::from(acquired)
        });
        assert_eq!((bank.account.balance(), bank.lock.locked()), (came.into_iter().sum(), false));
    });
}
