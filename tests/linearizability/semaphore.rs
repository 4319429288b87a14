//! The semaphores, also where several permits are taken at a time.
//!
//! No wait is meant to last the millisecond after which a permit is handed over: who gets one so just when it takes
//! another puts that back, and until then it is missing from the count, which the spec does not say.

use proptest::prelude::*;
use underthread::spec::semaphore::{Answer, Call, Semaphore as Model};
use underthread::spec::{History, Log};
use underthread::threading::{BoundedSemaphore, Permit, Semaphore};

use crate::program::{Patience, Program, SHORT, config, explore, programs, run};

/// None that could wait for ever.
fn call() -> impl Strategy<Value = Call> + Clone {
    prop_oneof![
        3 => (1..=3u32).prop_map(Call::TryAcquire),
        6 => (1..=3u32).prop_map(Call::AcquireTimeout),
        6 => (1..=3u32).prop_map(Call::Release),
        2 => Just(Call::Value),
    ]
}

pub(crate) fn started() -> impl Strategy<Value = (u32, Vec<Program<Call>>)> {
    (0..=4u32, programs(call()))
}

fn perform(semaphore: &Semaphore, call: Call, patience: Patience) -> Answer {
    let taken = |permit: Option<Permit<'_>>| Answer::Is(permit.map(Permit::forget).is_some());
    match (call, patience) {
        (Call::TryAcquire(n), _) => taken(semaphore.try_acquire_many(n)),
        (Call::AcquireTimeout(n), Patience::For(timeout)) => taken(semaphore.acquire_many_timeout(n, timeout)),
        (Call::AcquireTimeout(n), Patience::Try) => taken(semaphore.acquire_many_timeout(n, SHORT)),
        (Call::Acquire(n), _) => taken(Some(semaphore.acquire_many(n))),
        (Call::Release(n), _) => Answer::Is(semaphore.release(n).is_ok()),
        (Call::Value, _) => Answer::Value(semaphore.value()),
    }
}

pub(crate) fn run_on(semaphore: &Semaphore, programs: &[Program<Call>]) -> History<Call, Answer> {
    run(programs, |_| {
        |log: &mut Log<'_, _, _>, call, patience| {
            log.record(call, || perform(semaphore, call, patience));
        }
    })
}

#[test]
fn a_semaphore_is_linearizable() {
    let spec = |(permits, _): &(u32, _)| Model::new(*permits, u32::MAX);
    explore(config("a_semaphore_is_linearizable"), started(), spec, |(permits, programs)| {
        run_on(&Semaphore::new(*permits), programs)
    })
    .assert_saw(&["Is", "Value"]);
}

#[test]
fn a_bounded_semaphore_is_linearizable() {
    let spec = |(permits, _): &(u32, _)| Model::new(*permits, *permits);
    explore(config("a_bounded_semaphore_is_linearizable"), started(), spec, |(permits, programs)| {
        run_on(&BoundedSemaphore::new(*permits), programs)
    })
    .assert_saw(&["Is", "Value"]);
}
