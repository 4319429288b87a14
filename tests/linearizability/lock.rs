//! The locks, by their guards.

use proptest::prelude::*;
use underthread::spec::lock::{Call, Lock as Model};
use underthread::spec::{History, Log};
use underthread::threading::{Lock, RLock};

use crate::program::{Patience, Pause, Planned, Program, config, explore, programs, run};

/// In the end each thread has released as often as it may have acquired.
pub(crate) fn balanced() -> impl Strategy<Value = Vec<Program<Call>>> {
    let call = prop_oneof![
        2 => Just(Call::Acquire),
        4 => Just(Call::TryAcquire),
        4 => Just(Call::Release),
        1 => Just(Call::Locked),
    ];
    programs(call).prop_map(|mut programs| {
        for program in &mut programs {
            let acquires =
                program.iter().filter(|planned| matches!(planned.call, Call::Acquire | Call::TryAcquire)).count();
            program.extend((0..acquires).map(|_| Planned {
                pause: Pause::Yields(0),
                call: Call::Release,
                patience: Patience::Try,
            }));
        }
        programs
    })
}

/// Makes a worker over a lock whose guards are in a `Vec`.
macro_rules! worker {
    ($lock:expr, $reentrant:expr) => {
        |_| {
            let (lock, mut guards) = ($lock, Vec::new());
            move |log: &mut Log<'_, Call, bool>, call, patience| {
                // It would wait for itself.
                let call =
                    if call == Call::Acquire && !$reentrant && !guards.is_empty() { Call::TryAcquire } else { call };
                log.record(call, || {
                    let guard = match (call, patience) {
                        (Call::Release, _) => return guards.pop().is_some(),
                        (Call::Locked, _) => return lock.locked(),
                        (Call::Acquire, _) => Some(lock.acquire()),
                        (Call::TryAcquire, Patience::Try) => lock.try_acquire(),
                        (Call::TryAcquire, Patience::For(timeout)) => lock.acquire_timeout(timeout),
                    };
                    let taken = guard.is_some();
                    guards.extend(guard);
                    taken
                });
            }
        }
    };
}

pub(crate) fn run_on_lock(programs: &[Program<Call>]) -> History<Call, bool> {
    let lock = Lock::new(());
    run(programs, worker!(&lock, false))
}

#[test]
fn a_lock_is_linearizable() {
    let config = config("a_lock_is_linearizable");
    explore(config, balanced(), |_| Model::new(), |programs| run_on_lock(programs)).assert_saw(&["true", "false"]);
}

#[test]
fn a_reentrant_lock_is_linearizable() {
    let config = config("a_reentrant_lock_is_linearizable");
    explore(
        config,
        balanced(),
        |_| Model::reentrant(),
        |programs| {
            let lock = RLock::new(());
            run(programs, worker!(&lock, true))
        },
    )
    .assert_saw(&["true", "false"]);
}
