//! `raw::Lock` and the waiting protocol under it, `raw::Sleepers`.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::{Lock, RawLock};
use underthread::sys::Deadline;
use underthread::sys::model::{Scenario, check, mutants, spawn};

/// A counter that loom watches for data races, under a lock.
#[derive(Default)]
struct Account {
    lock: Lock,
    balance: UnsafeCell<u32>,
}

impl Account {
    fn add_one(&self) {
        self.lock.acquire();
        self.add_one_held();
    }

    fn add_one_held(&self) {
        // SAFETY: the lock is held.
        self.balance.with_mut(|balance| unsafe { *balance += 1 });
        // SAFETY: as above.
        unsafe { RawLock::release(&self.lock) };
    }

    fn add_one_if_in_time(&self) -> u32 {
        let deadline = Deadline::after(std::time::Duration::from_millis(1));
        let acquired = self.lock.acquire_until(deadline);
        if acquired {
            self.add_one_held();
        }
        acquired.into()
    }

    /// Once every other thread has been joined.
    fn assert_balance(&self, expected: u32) {
        assert!(!self.lock.locked());
        // SAFETY: no other thread is left; loom checks that.
        self.balance.with(|balance| assert_eq!(unsafe { *balance }, expected));
    }
}

fn two_threads_exclude_each_other() {
    let account = Rc::new(Account::default());
    let other = spawn({
        let account = account.clone();
        move || account.add_one()
    });
    account.add_one();
    other.join();
    account.assert_balance(2);
}

fn two_threads_twice() {
    let account = Rc::new(Account::default());
    let other = spawn({
        let account = account.clone();
        move || {
            account.add_one();
            account.add_one();
        }
    });
    account.add_one();
    other.join();
    account.assert_balance(3);
}

fn three_threads_exclude_each_other() {
    let account = Rc::new(Account::default());
    let others = [(); 2].map(|()| {
        let account = account.clone();
        spawn(move || account.add_one())
    });
    account.add_one();
    for other in others {
        other.join();
    }
    account.assert_balance(3);
}

fn four_threads_exclude_each_other() {
    let account = Rc::new(Account::default());
    let others = [(); 3].map(|()| {
        let account = account.clone();
        spawn(move || account.add_one())
    });
    account.add_one();
    for other in others {
        other.join();
    }
    account.assert_balance(4);
}

fn a_timed_out_waiter_takes_nothing_with_it() {
    let account = Rc::new(Account::default());
    let other = spawn({
        let account = account.clone();
        move || account.add_one_if_in_time()
    });
    account.add_one();
    let more = other.join();
    account.assert_balance(1 + more);
}

fn a_timed_out_waiter_leaves_the_others_a_wake() {
    let account = Rc::new(Account::default());
    let timed = spawn({
        let account = account.clone();
        move || account.add_one_if_in_time()
    });
    let untimed = spawn({
        let account = account.clone();
        move || account.add_one()
    });
    account.add_one();
    untimed.join();
    let more = timed.join();
    account.assert_balance(2 + more);
}

const TWO: [Scenario; 3] = [
    Scenario { name: "lock: two threads exclude each other", preemptions: None, body: two_threads_exclude_each_other },
    Scenario { name: "lock: two threads, one of them twice", preemptions: Some(4), body: two_threads_twice },
    Scenario {
        name: "lock: a timed-out waiter takes nothing with it",
        preemptions: None,
        body: a_timed_out_waiter_takes_nothing_with_it,
    },
];

const THREE: [Scenario; 2] = [
    Scenario {
        name: "lock: three threads exclude each other",
        preemptions: Some(3),
        body: three_threads_exclude_each_other,
    },
    Scenario {
        name: "lock: a timed-out waiter leaves the others a wake",
        preemptions: Some(3),
        body: a_timed_out_waiter_leaves_the_others_a_wake,
    },
];

const FOUR: Scenario = Scenario {
    name: "lock: four threads exclude each other",
    preemptions: Some(2),
    body: four_threads_exclude_each_other,
};

#[test]
fn two() {
    TWO.iter().copied().for_each(check);
}

#[test]
fn three() {
    THREE.iter().copied().for_each(check);
}

#[test]
fn four() {
    check(FOUR);
}

#[test]
fn every_planted_bug_is_found() {
    mutants(&["raw/lock.rs", "raw/sleepers.rs"], &[&TWO[..], &THREE].concat(), &[]);
}
