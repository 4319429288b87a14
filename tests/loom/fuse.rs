//! `raw::Fuse`, which is `threading::Timer` without its thread. It is made of a lock and a stage, whose orderings are
//! planted by `lock` and `thread`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::{Fuse, Options, start_joinable_thread};
use underthread::sys::Deadline;

use crate::{Counted, check_each, of_three, of_two, soon, with};

/// A timer whose call adds its charge, which is 1, to what it leaves behind; loom watches that for data races.
struct Timer {
    fuse: Fuse<u32>,
    calls: UnsafeCell<u32>,
}

// SAFETY: loom's threads are coroutines of one thread, and its cell reports a race where there would be one.
unsafe impl Sync for Timer {}

impl Timer {
    fn new() -> Self {
        Self { fuse: Fuse::new(1), calls: UnsafeCell::new(0) }
    }

    /// What the timer's thread does.
    fn run(&self, deadline: Option<Deadline>) {
        self.fuse.burn(deadline, |charge| {
            assert!(!self.fuse.is_finished());
            // SAFETY: only the call writes, once; loom checks that nobody reads meanwhile.
            self.calls.with_mut(|calls| unsafe { *calls += charge });
        });
    }

    /// True if the call never comes.
    fn cancel(&self) -> bool {
        self.fuse.cut().is_some()
    }

    fn is_finished(&self) -> bool {
        self.fuse.is_finished()
    }

    /// Once the call is over, or will not come.
    fn calls(&self) -> u32 {
        // SAFETY: see `run`.
        self.calls.with(|calls| unsafe { *calls })
    }
}

std::thread_local! {
    /// What came of the cancels.
    static SEEN: RefCell<BTreeSet<bool>> = RefCell::default();
}

/// Else the scenarios would be of a timer that always wins, or never.
#[test]
fn the_race_goes_either_way() {
    check_each(module_path!(), &SCENARIOS[..1], 2..=2, 0, 1);
    assert_eq!(SEEN.take(), BTreeSet::from([false, true]));
}

fn it_calls_unless_it_is_cancelled_in_time() {
    let timer = Rc::new(Timer::new());
    let thread = with(&timer, |timer| timer.run(soon()));
    let cancelled = timer.cancel();
    SEEN.with_borrow_mut(|seen| seen.insert(cancelled));
    if cancelled {
        assert!(timer.is_finished());
        assert_eq!(timer.calls(), 0);
    }
    thread.join();
    assert!(timer.is_finished());
    assert_eq!(timer.calls(), u32::from(!cancelled));
    assert!(!timer.cancel());
}

/// No deadline: without the wake its thread would wait for ever.
fn a_cancel_ends_the_wait() {
    let timer = Rc::new(Timer::new());
    let thread = with(&timer, |timer| timer.run(None));
    assert!(timer.cancel());
    thread.join();
    assert_eq!(timer.calls(), 0);
}

fn who_finds_it_finished_sees_what_the_call_did() {
    let timer = Rc::new(Timer::new());
    let thread = with(&timer, |timer| timer.run(soon()));
    if timer.is_finished() {
        assert_eq!(timer.calls(), 1);
    }
    thread.join();
}

fn a_timer_that_was_cancelled_before_its_start_ends_at_once() {
    let timer = Rc::new(Timer::new());
    assert!(timer.cancel());
    let thread = with(&timer, |timer| timer.run(None));
    thread.join();
    assert_eq!(timer.calls(), 0);
}

/// With the thread that ships, and its join.
fn a_join_after_a_late_cancel_sees_what_the_call_did() {
    // Leaked, a few words for each execution: `start_joinable_thread` asks for `Send + 'static`.
    let timer: &'static Timer = Box::leak(Box::new(Timer::new()));
    let thread = start_joinable_thread(Options::new(), || timer.run(soon())).unwrap();
    let cancelled = timer.cancel();
    thread.join().unwrap();
    assert_eq!(timer.calls(), u32::from(!cancelled));
}

fn of_two_who_cancel_and_the_call_one_comes_first() {
    let timer = Rc::new(Timer::new());
    let thread = with(&timer, |timer| timer.run(soon()));
    let other = with(&timer, Timer::cancel);
    let cancelled = timer.cancel();
    let too = other.join();
    thread.join();
    assert!(!(cancelled && too));
    assert_eq!(timer.calls(), u32::from(!cancelled && !too));
}

fn once_its_thread_has_ended_it_is_finished() {
    let timer = Rc::new(Timer::new());
    let thread = with(&timer, |timer| timer.run(soon()));
    let other = with(&timer, Timer::cancel);
    thread.join();
    assert!(timer.is_finished());
    assert_eq!(timer.calls(), u32::from(!other.join()));
}

const SCENARIOS: [Counted; 7] = [
    of_two("timer: it calls unless it is cancelled in time", None, it_calls_unless_it_is_cancelled_in_time),
    of_two("timer: a cancel ends the wait", None, a_cancel_ends_the_wait),
    of_two("timer: finished, its call is visible", None, who_finds_it_finished_sees_what_the_call_did),
    of_two("timer: cancelled before its start", None, a_timer_that_was_cancelled_before_its_start_ends_at_once),
    of_two("timer: a join after a late cancel", None, a_join_after_a_late_cancel_sees_what_the_call_did),
    of_three(
        "timer: of two who cancel and the call one is first",
        Some(3),
        of_two_who_cancel_and_the_call_one_comes_first,
    ),
    of_three("timer: its thread has ended", Some(3), once_its_thread_has_ended_it_is_finished),
];

model!(SCENARIOS, []);
