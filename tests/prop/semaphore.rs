//! `threading::Semaphore` and `threading::BoundedSemaphore` beside a number.

use std::time::Duration;

use proptest::prelude::*;
use underthread::threading::{BoundedSemaphore, OverRelease, Semaphore};

#[derive(Clone, Copy, Debug)]
enum Step {
    Try(u32),
    Timed(u32),
    Forget(u32),
    Release(u32),
    Drop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4u32).prop_map(Step::Try),
        (0..4u32).prop_map(Step::Timed),
        (0..4u32).prop_map(Step::Forget),
        (0..4u32).prop_map(Step::Release),
        Just(Step::Drop),
    ]
}

fn follows_a_number(semaphore: &Semaphore, limit: u32, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut value, mut permits) = (semaphore.value(), Vec::new());
    for step in steps {
        match step {
            Step::Try(n) | Step::Timed(n) | Step::Forget(n) => {
                let permit = match step {
                    Step::Timed(n) => semaphore.acquire_many_timeout(n, Duration::ZERO),
                    _ => semaphore.try_acquire_many(n),
                };
                prop_assert_eq!(permit.is_some(), n <= value);
                value -= permit.as_ref().map_or(0, |permit| permit.count());
                match (step, permit) {
                    (Step::Forget(_), Some(permit)) => permit.forget(),
                    (_, permit) => permits.extend(permit),
                }
            }
            Step::Release(n) => {
                let sum = value.checked_add(n).filter(|sum| *sum <= limit);
                prop_assert_eq!(semaphore.release(n), sum.map(|_| ()).ok_or(OverRelease));
                value = sum.unwrap_or(value);
            }
            Step::Drop => {
                let count = permits.pop().map_or(0, |permit| permit.count());
                value = value.saturating_add(count).min(limit);
            }
        }
        prop_assert_eq!(semaphore.value(), value);
    }
    Ok(())
}

properties! {
    #[test]
    fn one_thread_sees_a_number(start in 0..6u32, steps in prop::collection::vec(step(), 0..64)) {
        follows_a_number(&Semaphore::new(start), u32::MAX, steps.clone())?;
        follows_a_number(&Semaphore::new(u32::MAX - start), u32::MAX, steps.clone())?;
        follows_a_number(&BoundedSemaphore::new(start), start, steps)?;
    }
}
