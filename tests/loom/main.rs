//! The models: `RUSTFLAGS="--cfg loom" cargo test --release --test loom`.
//!
//! Each scenario is explored plainly and with a clock that has run out, with the bound on preemptions beside it; then,
//! with at most two, with each wait in turn woken for nothing, last sleeper first, with asymmetric fences, and with a
//! clock that has run out for one thread. One not explored to the end fails. Then every ordering of the primitive is
//! weakened, and every store, read-modify-write, fence and wake left out, one at a time, and some scenario must fail.
//! [`litmus`] checks the checker.
#![cfg(loom)]

use core::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use underthread::raw::Buffer;
use underthread::sys::Deadline;
use underthread::sys::model::{self, JoinHandle, Scenario};

/// The tests of a model: its scenarios in `$table`, and the bugs planted in the source files whose names end so.
macro_rules! model {
    ($table:ident, [$($planted:literal),*]) => {
        // Halves, so that two cores are busy to the end.
        #[test]
        fn two_even() {
            crate::check_each(module_path!(), &$table, 2..=2, 0, 2);
        }

        #[test]
        fn two_odd() {
            crate::check_each(module_path!(), &$table, 2..=2, 1, 2);
        }

        /// Or more.
        #[test]
        fn three() {
            crate::check_each(module_path!(), &$table, 3..=4, 0, 1);
        }

        planted!($table, [$($planted),*]);
    };
}

macro_rules! planted {
    ($table:ident, []) => {};
    ($table:ident, [$($planted:literal),+]) => {
        #[test]
        fn every_planted_bug_is_found() {
            crate::find_planted(module_path!(), &$table, &[$($planted),+]);
        }
    };
}

mod account;
mod barrier;
mod biased;
mod brief;
mod condition;
mod event;
mod fence;
mod fuse;
mod lazy;
mod litmus;
mod local;
mod lock;
mod page;
mod pile;
mod ring;
mod rlock;
mod semaphore;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod stacks;
mod thread;

/// A scenario with its number of threads, the main one among them.
type Counted = (usize, Scenario);

const fn of_two(name: &'static str, preemptions: Option<usize>, body: fn()) -> Counted {
    (2, Scenario::new(name, preemptions, body))
}

const fn of_three(name: &'static str, preemptions: Option<usize>, body: fn()) -> Counted {
    (3, Scenario::new(name, preemptions, body))
}

/// Too many for the planted bugs.
const fn of_four(name: &'static str, preemptions: Option<usize>, body: fn()) -> Counted {
    (4, Scenario::new(name, preemptions, body))
}

/// Its fences are asymmetric at first.
const fn with_membarrier((threads, scenario): Counted) -> Counted {
    (threads, scenario.with_membarrier())
}

/// What is built on locks assumes them: each acquire and each release is one step. [`lock`] checks what is assumed.
fn those(model: &str, scenarios: &[Counted], threads: RangeInclusive<usize>) -> Vec<Counted> {
    let assumes = !["::lock", "::biased"].iter().any(|as_written| model.ends_with(as_written));
    let those = scenarios.iter().filter(|(count, _)| threads.contains(count));
    those.map(|&(count, scenario)| (count, if assumes { scenario.assuming_locks() } else { scenario })).collect()
}

/// Of those with so many `threads` the one at the place `first`, and each that is `step` further.
///
/// With `UNDERTHREAD_MODELS=whole`, two threads without bound, three with three preemptions at least, four with two;
/// with `UNDERTHREAD_MODELS=written`, with the locks as they are written, and four, two and one at most. With
/// `UNDERTHREAD_SCENARIO`, the one of that name.
fn check_each(model: &str, scenarios: &[Counted], threads: RangeInclusive<usize>, first: usize, step: usize) {
    let which = std::env::var("UNDERTHREAD_MODELS").unwrap_or_default();
    let only = std::env::var_os("UNDERTHREAD_SCENARIO");
    if let Some(only) = &only {
        assert!(scenarios.iter().any(|(_, scenario)| only == scenario.name), "none of these is called {only:?}");
    }
    for (count, mut scenario) in those(model, scenarios, threads).into_iter().skip(first).step_by(step) {
        if only.as_ref().is_some_and(|only| only != scenario.name) {
            continue;
        }
        match &*which {
            "" => {}
            "written" => {
                let most = [0, 0, 4, 2, 1][count];
                scenario.assumes_locks = false;
                scenario.preemptions = Some(scenario.preemptions.map_or(most, |bound| bound.min(most)));
            }
            "whole" => {
                let least = [None, None, None, Some(3), Some(2)][count];
                scenario.preemptions = least.and_then(|least| scenario.preemptions.map(|bound| bound.max(least)));
            }
            _ => panic!("UNDERTHREAD_MODELS is neither whole nor written but {which:?}"),
        }
        model::check(scenario);
        assert_eq!(model::threads(), count, "{} has another number of threads", scenario.name);
    }
}

fn find_planted(model: &str, scenarios: &[Counted], files: &[&str]) {
    let scenarios: Vec<_> = those(model, scenarios, 2..=3).into_iter().map(|(_, scenario)| scenario).collect();
    page::section(model, &model::mutants(files, &scenarios));
}

/// A thread of the model that has `shared` too.
fn with<T: 'static, R: 'static>(shared: &Rc<T>, body: impl FnOnce(&T) -> R + 'static) -> JoinHandle<R> {
    let shared = Rc::clone(shared);
    model::spawn(move || body(&shared))
}

/// A deadline that passes when the schedule says so.
fn soon() -> Option<Deadline> {
    Deadline::after(Duration::from_millis(1))
}

/// One that is earlier than a starving thread's patience, where both count from one moment.
fn sooner() -> Option<Deadline> {
    Deadline::after(Duration::from_micros(500))
}

/// One that is earlier than the end of a nap.
fn soonest() -> Option<Deadline> {
    Deadline::after(Duration::from_micros(50))
}

/// One that is later than its patience.
fn later() -> Option<Deadline> {
    Deadline::after(Duration::from_millis(2))
}

fn put<B: Buffer>(buffer: &B, item: B::Item) {
    assert!(buffer.put_until(item, None).is_ok());
}

fn get<B: Buffer>(buffer: &B) -> B::Item {
    buffer.get_until(None).unwrap_or_else(|why| panic!("{why:?}"))
}
