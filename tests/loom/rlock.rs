//! `raw::RLock`. Its own words are Relaxed throughout, so there is no weaker ordering to plant in its file; those of
//! the lock under it are planted by `lock`.

use std::rc::Rc;

use underthread::raw::{NotOwner, RLock, RawLock};

use crate::account::Account;
use crate::{Counted, of_three, of_two, soon, with};

impl Account<RLock> {
    fn add_one_nested(&self) {
        self.lock.acquire().unwrap();
        assert!(self.lock.try_acquire().unwrap());
        self.add_one_held();
        self.lock.release().unwrap();
        self.lock.release().unwrap();
        assert!(!self.lock.is_owned());
    }
}

fn two_threads_exclude_each_other_at_every_depth() {
    let account = Rc::new(Account::<RLock>::default());
    let other = with(&account, Account::add_one_nested);
    account.add_one_nested();
    other.join();
    account.assert_balance(2);
}

fn only_the_owner_releases() {
    let account = Rc::new(Account::<RLock>::default());
    let other = with(&account, |account| {
        assert_eq!(account.lock.release(), Err(NotOwner));
        if account.lock.acquire_until(soon()).unwrap() {
            account.lock.release().unwrap();
        }
    });
    account.add_one_nested();
    other.join();
    account.assert_balance(1);
}

fn a_whole_release_lets_another_in_and_the_depth_comes_back() {
    let account = Rc::new(Account::<RLock>::default());
    let other = with(&account, Account::add_one_nested);
    account.lock.acquire().unwrap();
    account.lock.acquire().unwrap();
    // SAFETY: the lock is held, and nothing borrowed.
    let depth = unsafe { account.lock.release_all() };
    account.lock.reacquire(depth);
    assert_eq!(account.lock.recursion_count(), 2);
    account.lock.release().unwrap();
    account.lock.release().unwrap();
    other.join();
    account.assert_balance(1);
}

fn three_threads_exclude_each_other() {
    let account = Rc::new(Account::<RLock>::default());
    let timed = with(&account, |account| {
        let acquired = account.lock.acquire_until(soon()).unwrap();
        if acquired {
            account.lock.release().unwrap();
        }
    });
    let untimed = with(&account, Account::add_one_nested);
    account.add_one_nested();
    timed.join();
    untimed.join();
    account.assert_balance(2);
}

const SCENARIOS: [Counted; 4] = [
    of_two("rlock: two threads exclude each other at every depth", None, two_threads_exclude_each_other_at_every_depth),
    of_two("rlock: only the owner releases", None, only_the_owner_releases),
    of_two(
        "rlock: a whole release lets another in, and the depth comes back",
        None,
        a_whole_release_lets_another_in_and_the_depth_comes_back,
    ),
    of_three("rlock: three threads exclude each other", Some(3), three_threads_exclude_each_other),
];

model!(SCENARIOS, ["raw/rlock.rs"]);
