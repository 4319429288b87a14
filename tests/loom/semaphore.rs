//! `raw::Semaphore`.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::Semaphore;
use underthread::sys::Deadline;

use crate::{Counted, of_three, of_two, soon, with};

/// What one permit guards; loom watches it for data races.
struct Account {
    semaphore: Semaphore,
    balance: UnsafeCell<u32>,
}

impl Account {
    fn new() -> Rc<Self> {
        Rc::new(Self { semaphore: Semaphore::new(1), balance: UnsafeCell::new(0) })
    }

    fn add_one(&self, deadline: Option<Deadline>) -> u32 {
        if !self.semaphore.acquire_until(1, deadline) {
            return 0;
        }
        // SAFETY: the only permit is ours.
        self.balance.with_mut(|balance| unsafe { *balance += 1 });
        self.semaphore.release(1).unwrap();
        1
    }

    /// Once every other thread has been joined.
    fn assert_balance(&self, expected: u32) {
        assert_eq!(self.semaphore.value(), 1);
        // SAFETY: no other thread is left; loom checks that.
        self.balance.with(|balance| assert_eq!(unsafe { *balance }, expected));
    }
}

fn one_permit_excludes() {
    let account = Account::new();
    let other = with(&account, |account| account.add_one(None));
    account.add_one(None);
    other.join();
    account.assert_balance(2);
}

fn a_timed_out_waiter_takes_nothing_with_it() {
    let account = Account::new();
    let other = with(&account, |account| account.add_one(soon()));
    account.add_one(None);
    let more = other.join();
    account.assert_balance(1 + more);
}

fn a_permit_carries_what_came_before_its_release() {
    let account = Rc::new((Semaphore::new(0), UnsafeCell::new(0)));
    let taker = with(&account, |(semaphore, news)| {
        semaphore.acquire_until(1, None);
        // SAFETY: written before the release.
        news.with(|news| assert_eq!(unsafe { *news }, 1));
    });
    // SAFETY: nobody reads before the release.
    account.1.with_mut(|news| unsafe { *news = 1 });
    account.0.release(1).unwrap();
    taker.join();
}

fn several_are_collected_as_they_come() {
    let semaphore = Rc::new(Semaphore::new(0));
    let collector = with(&semaphore, |semaphore| assert!(semaphore.acquire_until(2, None)));
    semaphore.release(1).unwrap();
    semaphore.release(1).unwrap();
    collector.join();
    assert_eq!(semaphore.value(), 0);
}

fn who_collects_in_vain_gives_back() {
    let semaphore = Rc::new(Semaphore::new(1));
    let collector = with(&semaphore, |semaphore| assert!(!semaphore.acquire_until(2, soon())));
    assert!(semaphore.acquire_until(1, None));
    collector.join();
    assert_eq!(semaphore.value(), 0);
}

fn who_collects_in_vain_gives_back_what_came_meanwhile() {
    let semaphore = Rc::new(Semaphore::new(0));
    let collector = with(&semaphore, |semaphore| assert!(!semaphore.acquire_until(2, soon())));
    semaphore.release(1).unwrap();
    collector.join();
    assert_eq!(semaphore.value(), 1);
}

fn a_release_of_two_lets_two_sleepers_go() {
    let semaphore = Rc::new(Semaphore::new(0));
    let takers = [(); 2].map(|()| with(&semaphore, |semaphore| semaphore.acquire_until(1, None)));
    semaphore.release(2).unwrap();
    for taker in takers {
        assert!(taker.join());
    }
    assert_eq!(semaphore.value(), 0);
}

fn two_releases_let_two_sleepers_go() {
    let semaphore = Rc::new(Semaphore::new(0));
    let takers = [(); 2].map(|()| with(&semaphore, |semaphore| semaphore.acquire_until(1, None)));
    semaphore.release(1).unwrap();
    semaphore.release(1).unwrap();
    for taker in takers {
        assert!(taker.join());
    }
    assert_eq!(semaphore.value(), 0);
}

fn a_timed_out_waiter_leaves_the_others_a_wake() {
    let semaphore = Rc::new(Semaphore::new(0));
    let timed = with(&semaphore, |semaphore| semaphore.acquire_until(1, soon()));
    let untimed = with(&semaphore, |semaphore| semaphore.acquire_until(1, None));
    semaphore.release(1).unwrap();
    if timed.join() {
        semaphore.release(1).unwrap();
    }
    untimed.join();
    assert_eq!(semaphore.value(), 0);
}

fn two_that_collect_do_not_block_each_other() {
    let semaphore = Rc::new(Semaphore::new(2));
    let others = [(); 2].map(|()| {
        with(&semaphore, |semaphore| {
            semaphore.acquire_until(2, None);
            semaphore.release(2).unwrap();
        })
    });
    for other in others {
        other.join();
    }
    assert_eq!(semaphore.value(), 2);
}

/// If each could have one of the two, both would wait for ever.
fn of_two_that_collect_one_has_its_turn() {
    let semaphore = Rc::new(Semaphore::new(1));
    let collect = |semaphore: &Semaphore| {
        semaphore.acquire_until(2, None);
        semaphore.release(2).unwrap();
    };
    let other = with(&semaphore, collect);
    semaphore.release(1).unwrap();
    collect(&semaphore);
    other.join();
    assert_eq!(semaphore.value(), 2);
}

const SCENARIOS: [Counted; 11] = [
    of_two("semaphore: one permit excludes", None, one_permit_excludes),
    of_two("semaphore: a timed-out waiter takes nothing with it", None, a_timed_out_waiter_takes_nothing_with_it),
    of_two("semaphore: what came before its release", None, a_permit_carries_what_came_before_its_release),
    of_two("semaphore: several are collected as they come", None, several_are_collected_as_they_come),
    of_two("semaphore: who collects in vain gives back", None, who_collects_in_vain_gives_back),
    of_two(
        "semaphore: who collects in vain gives back what came meanwhile",
        None,
        who_collects_in_vain_gives_back_what_came_meanwhile,
    ),
    of_three("semaphore: a release of two lets two sleepers go", Some(3), a_release_of_two_lets_two_sleepers_go),
    of_three("semaphore: two releases let two sleepers go", Some(3), two_releases_let_two_sleepers_go),
    of_three("semaphore: a timed-out waiter leaves a wake", Some(3), a_timed_out_waiter_leaves_the_others_a_wake),
    of_three("semaphore: two that collect", Some(3), two_that_collect_do_not_block_each_other),
    of_two("semaphore: of two that collect one has its turn", None, of_two_that_collect_one_has_its_turn),
];

model!(SCENARIOS, ["raw/semaphore.rs", "raw/turn.rs"]);
