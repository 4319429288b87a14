//! `raw::Event`.

use core::sync::atomic::Ordering::Relaxed;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::Event;
use underthread::sys::atomic::AtomicU32;

use crate::{Counted, of_three, of_two, soon, with};

/// News that loom watches for data races, and the event that announces them.
#[derive(Default)]
struct News {
    event: Event,
    text: UnsafeCell<u32>,
}

impl News {
    fn publish(&self) {
        // SAFETY: nobody reads before the event is set.
        self.text.with_mut(|text| unsafe { *text = 1 });
        self.event.set();
    }

    /// Once the event has been seen set.
    fn read(&self) {
        // SAFETY: the event is set, and nobody writes after that.
        self.text.with(|text| assert_eq!(unsafe { *text }, 1));
    }
}

fn a_waiter_sees_what_came_before_the_set() {
    let news = Rc::new(News::default());
    let waiter = with(&news, |news| {
        assert!(news.event.wait_until(None));
        news.read();
    });
    news.publish();
    waiter.join();
}

fn a_look_sees_what_came_before_the_set() {
    let news = Rc::new(News::default());
    let looker = with(&news, |news| {
        if news.event.is_set() {
            news.read();
        }
    });
    news.publish();
    looker.join();
}

fn a_timed_waiter_that_was_released_sees_what_came_before_the_set() {
    let news = Rc::new(News::default());
    let waiter = with(&news, |news| {
        if news.event.wait_until(soon()) {
            news.read();
        }
    });
    news.publish();
    waiter.join();
}

/// The flag itself may be gone when the waiter comes, but then it was not waiting yet: a second `set` releases it.
fn a_clear_takes_no_release_back() {
    let news = Rc::new(News::default());
    let waiter = with(&news, |news| {
        assert!(news.event.wait_until(None));
        news.read();
    });
    news.publish();
    news.event.clear();
    news.event.set();
    waiter.join();
}

/// Once the waiter's mark is seen it waits, and there is no second `set`.
fn a_set_that_is_cleared_at_once_releases_who_waited() {
    let news = Rc::new(News::default());
    let waiter = with(&news, |news| {
        assert!(news.event.wait_until(None));
        news.read();
    });
    let waits = format!("{:?}", news.event).contains("waiters: true");
    news.publish();
    if waits {
        news.event.clear();
    }
    waiter.join();
}

fn a_waiter_may_wait_again() {
    let event = Rc::new(Event::default());
    let waiter = with(&event, |event| {
        event.wait_until(soon());
        event.wait_until(None);
    });
    event.set();
    event.clear();
    event.set();
    waiter.join();
}

/// The flag is Relaxed, so all depends on the event, which is set at first.
fn who_clears_looks_and_waits_misses_no_set() {
    let work = Rc::new((Event::new(), AtomicU32::new(0)));
    work.0.set();
    let taker = with(&work, |(event, flag)| {
        event.clear();
        if flag.load(Relaxed) == 0 {
            event.wait_until(None);
            assert_eq!(flag.load(Relaxed), 1, "released before the work was given");
        }
    });
    work.1.store(1, Relaxed);
    work.0.set();
    taker.join();
}

/// Of two that clear, one erases the set, and only once: the waiter, who came after both, sleeps until the next.
fn two_clears_erase_one_set() {
    let event = Rc::new(Event::default());
    event.set();
    let other = with(&event, Event::clear);
    event.clear();
    other.join();
    assert!(!event.is_set());
    let setter = with(&event, Event::set);
    assert!(event.wait_until(None));
    setter.join();
}

/// The set that releases the waiter lies between the other clear's look and its step.
fn a_clear_that_is_overtaken_takes_no_release_back() {
    let event = Rc::new(Event::default());
    event.set();
    let other = with(&event, Event::clear);
    event.clear();
    let waiter = with(&event, |event| assert!(event.wait_until(None)));
    let waits = format!("{event:?}").contains("waiters: true");
    event.set();
    other.join();
    if !waits {
        event.set();
    }
    waiter.join();
}

fn a_set_wakes_everyone() {
    let event = Rc::new(Event::default());
    let waiters = [(); 2].map(|()| with(&event, |event| assert!(event.wait_until(None))));
    event.set();
    for waiter in waiters {
        waiter.join();
    }
}

fn of_two_sets_one_wakes() {
    let event = Rc::new(Event::default());
    let other = with(&event, |event| event.set());
    let waiter = with(&event, |event| assert!(event.wait_until(None)));
    event.set();
    other.join();
    waiter.join();
}

const SCENARIOS: [Counted; 11] = [
    of_two("event: a waiter sees what came before the set", None, a_waiter_sees_what_came_before_the_set),
    of_two("event: a look sees what came before the set", None, a_look_sees_what_came_before_the_set),
    of_two(
        "event: so does a timed waiter that was released",
        None,
        a_timed_waiter_that_was_released_sees_what_came_before_the_set,
    ),
    of_two("event: a clear takes no release back", None, a_clear_takes_no_release_back),
    of_two(
        "event: a set that is cleared at once releases who waited",
        None,
        a_set_that_is_cleared_at_once_releases_who_waited,
    ),
    of_two("event: a waiter may wait again", None, a_waiter_may_wait_again),
    of_two("event: who clears, looks and waits misses no set", None, who_clears_looks_and_waits_misses_no_set),
    of_three("event: two clears erase one set", None, two_clears_erase_one_set),
    of_three("event: a set wakes everyone", Some(3), a_set_wakes_everyone),
    of_three("event: of two sets one wakes", Some(3), of_two_sets_one_wakes),
    of_three(
        "event: a clear that is overtaken takes no release back",
        Some(3),
        a_clear_that_is_overtaken_takes_no_release_back,
    ),
];

model!(SCENARIOS, ["raw/event.rs"]);
