//! The checker itself: what the model's kernel promises, what it leaves to chance, and bugs that must be found.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use underthread::sys::atomic::{AtomicU32, spin_hint};
use underthread::sys::model::check;
use underthread::sys::{Deadline, Futex, Private};

use crate::{Account, join, soon, start, team};

std::thread_local! {
    static SEEN: RefCell<BTreeSet<Vec<u32>>> = RefCell::default();
}

fn seen(outcome: impl Into<Vec<u32>>) {
    SEEN.with_borrow_mut(|seen| seen.insert(outcome.into()));
}

/// What `body` says that it has seen, over all executions.
fn outcomes(name: &str, body: fn()) -> Vec<Vec<u32>> {
    SEEN.take();
    check(name, body);
    SEEN.take().into_iter().collect()
}

/// How `body` fails, as it must.
fn failure(name: &str, body: fn()) -> String {
    let payload = catch_unwind(|| check(name, body)).expect_err("it should fail");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast::<&str>().map_or_else(|_| String::new(), |message| message.to_string()),
    }
}

/// Where all threads sleep for ever.
fn is_stuck(name: &str, body: fn()) -> bool {
    failure(name, body).starts_with("deadlock!")
}

fn word() -> Rc<Futex<Private>> {
    Rc::new(Futex::new(0))
}

fn wake(word: &Futex<Private>, count: u32) {
    Futex::wake(ptr::from_ref(word), count);
}

#[test]
fn a_word_that_differs_is_not_slept_on() {
    check("litmus: a word that differs", || {
        let word = word();
        word.store(1, Relaxed);
        team(&word, 2, |word, _| assert!(word.wait(0, None) && word.wait(0, soon())));
    });
}

fn sleep_until_changed(change: fn(&Futex<Private>, u32)) {
    let word = word();
    let changer = start(&word, 1, change);
    while word.load(Relaxed) == 0 {
        word.wait(0, None);
    }
    join(changer);
}

#[test]
fn a_wake_after_the_change_is_not_lost_and_one_before_it_is() {
    check("litmus: change, then wake", || {
        sleep_until_changed(|word, _| {
            word.store(1, Relaxed);
            wake(word, 1);
        });
    });
    assert!(is_stuck("litmus: wake, then change", || {
        sleep_until_changed(|word, _| {
            wake(word, 1);
            word.store(1, Relaxed);
        });
    }));
}

#[test]
fn a_timed_wait_ends_either_way() {
    let ends = outcomes("litmus: a timed wait", || {
        let word = word();
        let waker = start(&word, 1, |word, _| wake(word, 1));
        seen([word.wait(0, soon()).into()]);
        join(waker);
    });
    assert_eq!(ends, [[0], [1]]);
}

/// The time that one wait has run out of is past for all.
#[test]
fn a_deadline_that_a_wait_has_met_has_passed() {
    check("litmus: a deadline has passed", || {
        let sooner = soon().unwrap();
        team(&word(), 2, move |word, _| {
            let deadline = soon().unwrap();
            if !word.wait(0, Some(deadline)) {
                assert!(deadline.passed() && sooner.passed());
            }
        });
    });
    let answers = outcomes("litmus: a deadline passes on its way", || {
        let deadline = Deadline::after(Duration::ZERO).unwrap();
        team(&word(), 2, move |_, _| seen([deadline.passed().into(), deadline.passed().into()]));
    });
    assert_eq!(answers, [[0, 0], [0, 1], [1, 1]]);
}

/// With one wake for two: whoever waits for ever gets it, where the other says that it was not woken.
#[test]
fn no_wake_is_spent_on_a_wait_that_times_out() {
    check("litmus: a timeout beside a wake", || {
        let word = word();
        let others = start(&word, 2, |word, number| match number {
            0 if word.wait(0, soon()) => wake(word, 1),
            0 => {}
            _ => {
                word.store(1, Relaxed);
                wake(word, 1);
            }
        });
        word.wait(0, None);
        join(others);
    });
}

#[test]
fn a_wait_may_end_for_nothing() {
    let values = outcomes("litmus: a wait that ends for nothing", || {
        let word = word();
        let changer = start(&word, 1, |word, _| {
            word.store(1, Relaxed);
            wake(word, 1);
        });
        word.wait(0, None);
        seen([word.load(Relaxed)]);
        join(changer);
    });
    assert_eq!(values, [[0], [1]]);
}

/// Three are asleep, or on their way; after each wake the one that was chosen says so.
#[test]
fn a_wake_chooses_any_sleeper() {
    let orders = outcomes("litmus: the order of wakes", || {
        let line = Rc::new((Futex::<Private>::new(0), RefCell::new(Vec::new())));
        let sleepers = start(&line, 3, |line, number| {
            while line.0.load(Relaxed) == 0 {
                line.0.wait(0, None);
            }
            line.1.borrow_mut().push(number);
        });
        line.0.store(1, Relaxed);
        wake(&line.0, u32::MAX);
        join(sleepers);
        seen(line.1.take());
    });
    assert_eq!(orders.len(), 6, "{orders:?}");
}

#[test]
fn a_wake_wakes_no_more_than_it_says() {
    let two_for_three = || {
        let word = word();
        let sleepers = start(&word, 3, |word, _| word.wait(0, None));
        // Not before all three had their chance to sleep.
        (0..20).for_each(|_| spin_hint());
        wake(&word, 2);
        join(sleepers);
    };
    assert!(is_stuck("litmus: a wake of two for three", two_for_three));
}

/// The lost wake-up in its plainest form: the sleeper looks, then announces itself, and does not look again.
#[derive(Default)]
struct Gate {
    open: AtomicU32,
    sleepers: AtomicU32,
}

struct Door {
    gate: Gate,
    word: Futex<Private>,
    looks_again: bool,
}

impl Door {
    fn new(looks_again: bool) -> Rc<Self> {
        Rc::new(Self { gate: Gate::default(), word: Futex::new(0), looks_again })
    }

    fn pass(&self) {
        while self.gate.open.load(Relaxed) == 0 {
            self.gate.sleepers.store(1, Relaxed);
            if self.looks_again && self.gate.open.load(Relaxed) == 1 {
                return;
            }
            self.word.wait(0, None);
        }
    }

    fn open(&self) {
        self.gate.open.store(1, Relaxed);
        if self.gate.sleepers.load(Relaxed) == 1 {
            self.word.store(1, Relaxed);
            wake(&self.word, u32::MAX);
        }
    }
}

fn eight_pass(looks_again: bool) {
    let door = Door::new(looks_again);
    team(&door, 9, |door, number| if number == 4 { door.open() } else { door.pass() });
}

#[test]
fn a_look_before_the_announcement_alone_is_found_to_lose_a_wake() {
    check("litmus: announce, look, sleep", || eight_pass(true));
    assert!(is_stuck("litmus: look, announce, sleep", || eight_pass(false)));
}

#[test]
fn a_cell_catches_two_threads_at_once() {
    check("litmus: two readers of a cell", || {
        let account = Rc::new(Account::default());
        team(&account, 2, |account, _| account.balance());
    });
    let race = failure("litmus: two writers of a cell", || {
        let account = Rc::new(Account::default());
        team(&account, 2, |account, _| account.add(1));
    });
    assert!(race.starts_with("a data race"), "{race}");
    let race = failure("litmus: a reader beside a writer", || {
        let account = Rc::new(Account::default());
        team(&account, 2, |account, number| if number == 0 { account.add(1) } else { account.add(account.balance()) });
    });
    assert!(race.starts_with("a data race"), "{race}");
}
