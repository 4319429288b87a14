//! `raw::BiasedLock`: its owner, and those who come.

use std::rc::Rc;

use underthread::raw::{BiasedLock, Deadline, RawLock};
use underthread::sys::fence::make_symmetric;

use crate::account::Account;
use crate::{Counted, of_three, of_two, soon, with, with_membarrier};

impl Account<BiasedLock> {
    /// Biased to the caller, of whom one release is enough.
    fn own() -> Rc<Self> {
        let account = Rc::new(Self::default());
        account.add_one();
        account
    }

    fn add_one_by(&self, deadline: Option<Deadline>) -> u32 {
        self.add_one_if(self.lock.acquire_until(deadline))
    }

    fn try_to_add_one(&self) -> u32 {
        self.add_one_if(self.lock.try_acquire())
    }

    fn add_one_if(&self, acquired: bool) -> u32 {
        if acquired {
            self.add_one_held();
            self.release();
        }
        acquired.into()
    }
}

fn its_owner_and_another_exclude_each_other() {
    let account = Account::own();
    let other = with(&account, Account::add_one);
    account.add_one();
    other.join();
    account.assert_balance(3);
}

fn its_owner_comes_again() {
    let account = Account::own();
    let other = with(&account, Account::try_to_add_one);
    account.add_one();
    account.add_one();
    let more = other.join();
    account.assert_balance(3 + more);
}

/// Nobody else will.
fn an_owner_that_has_gone_is_not_waited_for() {
    let account = Rc::new(Account::<BiasedLock>::default());
    with(&account, Account::add_one).join();
    account.add_one();
    account.assert_balance(2);
}

fn nobody_sleeps_through_the_beginning_of_a_bias() {
    let account = Rc::new(Account::<BiasedLock>::default());
    let other = with(&account, Account::add_one);
    account.add_one();
    other.join();
    account.assert_balance(2);
}

/// Also by the store to `idle`, with which it begins, is visible what was done before.
fn a_bias_begins_once_the_fences_are_symmetric() {
    let account = Rc::new(Account::<BiasedLock>::default());
    make_symmetric();
    let other = with(&account, Account::add_one);
    account.add_one();
    other.join();
    account.assert_balance(2);
}

fn one_who_gives_up_leaves_it_to_its_owner() {
    let account = Account::own();
    let other = with(&account, |account| account.add_one_by(soon()));
    account.add_one();
    let more = other.join();
    account.assert_balance(2 + more);
    account.add_one();
}

fn who_only_tries_takes_it_or_leaves_it() {
    let account = Account::own();
    let other = with(&account, Account::try_to_add_one);
    account.add_one();
    let more = other.join();
    account.assert_balance(2 + more);
    assert_eq!(account.try_to_add_one(), 1);
}

fn another_may_release_for_the_owner() {
    let account = Account::own();
    account.lock.acquire_until(None);
    account.add_one_held();
    let other = with(&account, |account| {
        account.add_one_held();
        account.release();
    });
    account.add_one();
    other.join();
    account.assert_balance(4);
}

/// And the owner is inside again meanwhile.
fn another_releases_for_the_owner_while_one_comes() {
    let account = Account::own();
    account.lock.acquire_until(None);
    let releases = with(&account, |account| {
        account.add_one_held();
        account.release();
    });
    let comes = with(&account, Account::add_one);
    let more = account.try_to_add_one();
    releases.join();
    comes.join();
    account.assert_balance(3 + more);
}

fn the_owner_is_inside_again_while_another_releases_for_it() {
    let account = Account::own();
    account.lock.acquire_until(None);
    let releases = with(&account, |account| {
        account.release();
        account.try_to_add_one()
    });
    let tries = with(&account, Account::try_to_add_one);
    let more = account.try_to_add_one();
    let more = more + releases.join() + tries.join();
    account.assert_balance(1 + more);
}

fn the_fences_become_symmetric_while_another_comes() {
    let account = Account::own();
    let other = with(&account, Account::try_to_add_one);
    let switch = with(&account, |_| make_symmetric());
    account.add_one();
    switch.join();
    let more = other.join();
    account.assert_balance(2 + more);
}

fn two_come_to_an_owner_that_has_gone() {
    let account = Rc::new(Account::<BiasedLock>::default());
    with(&account, Account::add_one).join();
    let other = with(&account, Account::add_one);
    account.add_one();
    other.join();
    account.assert_balance(3);
}

/// Of whom one perhaps revokes the bias and gives up.
fn one_tries_and_one_comes() {
    let account = Account::own();
    let tries = with(&account, Account::try_to_add_one);
    let other = with(&account, Account::add_one);
    account.add_one();
    other.join();
    let more = tries.join();
    account.assert_balance(3 + more);
}

const SCENARIOS: [Counted; 13] = [
    of_two("biased: its owner and another exclude each other", None, its_owner_and_another_exclude_each_other),
    of_two("biased: its owner comes again", None, its_owner_comes_again),
    of_two("biased: an owner that has gone is not waited for", None, an_owner_that_has_gone_is_not_waited_for),
    of_two("biased: nobody sleeps through the beginning", None, nobody_sleeps_through_the_beginning_of_a_bias),
    with_membarrier(of_two(
        "biased: it begins when fences are symmetric",
        None,
        a_bias_begins_once_the_fences_are_symmetric,
    )),
    of_two("biased: one who gives up leaves it to its owner", None, one_who_gives_up_leaves_it_to_its_owner),
    of_two("biased: who only tries takes it or leaves it", None, who_only_tries_takes_it_or_leaves_it),
    of_two("biased: another may release for the owner", None, another_may_release_for_the_owner),
    of_three("biased: two come to an owner that has gone", Some(3), two_come_to_an_owner_that_has_gone),
    of_three("biased: another releases while one comes", Some(3), another_releases_for_the_owner_while_one_comes),
    of_three("biased: the owner is inside again", Some(3), the_owner_is_inside_again_while_another_releases_for_it),
    with_membarrier(of_three("biased: the fences switch", Some(3), the_fences_become_symmetric_while_another_comes)),
    of_three("biased: one tries and one comes", Some(3), one_tries_and_one_comes),
];

model!(SCENARIOS, ["raw/biased.rs"]);
