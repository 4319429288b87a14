//! `raw::Lock` and the waiting protocol under it, `raw::Sleepers`.

use std::rc::Rc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use underthread::raw::{Deadline, Lock, ReleaseUnlocked, Sleepers};
use underthread::sys::atomic::AtomicU32;
use underthread::sys::{Futex, Private, Scope};

use crate::account::Account;
use crate::{Counted, later, of_four, of_three, of_two, soon, sooner, soonest, with};

impl Account<Lock> {
    fn add_one_by(&self, deadline: Option<Deadline>) -> u32 {
        let acquired = self.lock.acquire_until(deadline);
        if acquired {
            self.add_one_held();
            // As anyone may.
            self.lock.release().unwrap();
        }
        acquired.into()
    }
}

fn two_threads_exclude_each_other() {
    let account = Rc::new(Account::<Lock>::default());
    let other = with(&account, Account::add_one);
    account.add_one();
    other.join();
    account.assert_balance(2);
}

fn two_threads_twice() {
    let account = Rc::new(Account::<Lock>::default());
    let other = with(&account, |account| {
        account.add_one();
        account.add_one();
    });
    account.add_one();
    other.join();
    account.assert_balance(3);
}

fn three_threads_exclude_each_other() {
    let account = Rc::new(Account::<Lock>::default());
    let others = [(); 2].map(|()| with(&account, Account::add_one));
    account.add_one();
    for other in others {
        other.join();
    }
    account.assert_balance(3);
}

fn four_threads_exclude_each_other() {
    let account = Rc::new(Account::<Lock>::default());
    let others = [(); 3].map(|()| with(&account, Account::add_one));
    account.add_one();
    for other in others {
        other.join();
    }
    account.assert_balance(4);
}

fn a_timed_out_waiter_takes_nothing_with_it() {
    let account = Rc::new(Account::<Lock>::default());
    let other = with(&account, |account| account.add_one_by(soon()));
    account.add_one();
    let more = other.join();
    account.assert_balance(1 + more);
}

fn a_timed_out_waiter_leaves_the_others_a_wake() {
    let account = Rc::new(Account::<Lock>::default());
    let timed = with(&account, |account| account.add_one_by(soon()));
    let untimed = with(&account, Account::add_one);
    account.add_one();
    untimed.join();
    let more = timed.join();
    account.assert_balance(2 + more);
}

/// Who gives up has perhaps been woken, in vain, and begun another nap.
fn a_waiter_who_gives_up_in_its_nap_leaves_the_others_a_wake() {
    let account = Rc::new(Account::<Lock>::default());
    let timed = with(&account, |account| account.add_one_by(soonest()));
    let untimed = with(&account, Account::add_one);
    account.add_one();
    account.add_one();
    untimed.join();
    let more = timed.join();
    account.assert_balance(3 + more);
}

/// Who finds the lock held when it has just released it, and then acquires it, does so after the other.
fn it_is_seen_held_only_for_one_who_gets_it() {
    let account = Rc::new(Account::<Lock>::default());
    account.lock.acquire();
    let other = with(&account, Account::add_one);
    account.release();
    let held = account.lock.locked();
    account.lock.acquire();
    assert!(!held || account.balance_held() == 1, "nobody had it");
    account.release();
    other.join();
    account.assert_balance(1);
}

/// While a grant is made to one who starves, another goes to sleep.
fn a_newcomer_beside_a_grant<S: Scope>(sleepers: Sleepers<S>, deadline: fn() -> Option<Deadline>) {
    let unit = Rc::new((AtomicU32::new(0), sleepers, Futex::<Private>::new(0)));
    let take = |unit: &AtomicU32| unit.compare_exchange(1, 0, Relaxed, Relaxed).is_ok();
    let starving = with(&unit, move |(unit, sleepers, attempts)| {
        let attempt = || {
            attempts.fetch_add(1, Relaxed);
            Futex::wake(attempts, 1);
            take(unit).then_some(())
        };
        sleepers.sleep(None, true, attempt).came()
    });
    let (word, sleepers, attempts) = &*unit;
    // So the one who starves goes on, without a preemption, until it sleeps; then again, woken for nothing.
    while attempts.load(Relaxed) == 0 {
        attempts.wait(0, None);
    }
    sleepers.wake();
    while attempts.load(Relaxed) == 1 {
        attempts.wait(1, None);
    }
    let newcomer = with(&unit, move |(unit, sleepers, _)| {
        take(unit) || sleepers.sleep(deadline(), true, || take(unit).then_some(())).came()
    });
    let release = || {
        word.store(1, Relaxed);
        sleepers.released(|| word.store(1, Relaxed), || take(word));
    };
    release();
    if newcomer.join() {
        release();
    }
    assert!(starving.join());
}

/// Two acquire, and keep it, also where one starves and is granted it; whoever releases is neither of them.
fn two_releases_let_two_acquire() {
    let shared = Rc::new((Lock::new(), Futex::<Private>::new(0)));
    let (lock, acquired) = &*shared;
    lock.acquire();
    let acquiring = [(); 2].map(|()| {
        with(&shared, |(lock, acquired)| {
            lock.acquire();
            // Release: pairs with Acquire below.
            acquired.fetch_add(1, Release);
            Futex::wake(acquired, 1);
        })
    });
    lock.release().unwrap();
    // Again as soon as it does not fail, perhaps before the first is back.
    if lock.release().is_err() {
        while acquired.load(Acquire) == 0 {
            acquired.wait(0, None);
        }
        lock.release().unwrap();
    }
    for one in acquiring {
        one.join();
    }
    assert_eq!((lock.locked(), lock.release(), lock.release()), (true, Ok(()), Err(ReleaseUnlocked)));
}

/// Nobody holds it twice, so one release fails.
fn one_of_two_releases_fails() {
    let lock = Rc::new(Lock::new());
    lock.acquire();
    let other = with(&lock, Lock::release);
    let own = lock.release();
    assert_eq!(other.join().is_ok(), own.is_err());
    assert!(!lock.locked());
}

/// It waits for less than its own patience.
fn a_newcomer_who_gives_up_keeps_no_grant_from_the_other() {
    a_newcomer_beside_a_grant(Sleepers::new(), sooner);
}

/// It may take the grant, as the other may be gone, and gives it back.
fn a_newcomer_with_patience_keeps_no_grant_from_the_other() {
    a_newcomer_beside_a_grant(Sleepers::shared(), later);
}

const SCENARIOS: [Counted; 12] = [
    of_two("lock: two threads exclude each other", None, two_threads_exclude_each_other),
    of_two("lock: two threads, one of them twice", None, two_threads_twice),
    of_two("lock: a timed-out waiter takes nothing with it", None, a_timed_out_waiter_takes_nothing_with_it),
    of_two("lock: it is seen held only for one who gets it", None, it_is_seen_held_only_for_one_who_gets_it),
    of_three("lock: three threads exclude each other", Some(3), three_threads_exclude_each_other),
    of_three("lock: a timed-out waiter leaves the others a wake", Some(3), a_timed_out_waiter_leaves_the_others_a_wake),
    of_three(
        "lock: a waiter who gives up in its nap leaves the others a wake",
        Some(3),
        a_waiter_who_gives_up_in_its_nap_leaves_the_others_a_wake,
    ),
    of_three(
        "sleepers: a newcomer who gives up keeps no grant from the other",
        Some(3),
        a_newcomer_who_gives_up_keeps_no_grant_from_the_other,
    ),
    of_three(
        "sleepers: a newcomer with patience keeps no grant from the other",
        Some(3),
        a_newcomer_with_patience_keeps_no_grant_from_the_other,
    ),
    of_two("lock: one of two releases fails", None, one_of_two_releases_fails),
    of_three("lock: two releases let two acquire", Some(3), two_releases_let_two_acquire),
    of_four("lock: four threads exclude each other", Some(1), four_threads_exclude_each_other),
];

model!(SCENARIOS, ["raw/lock.rs", "raw/sleepers.rs"]);
