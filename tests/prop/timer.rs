//! `threading::Timer` beside a small state: intervals that are over at once, or never.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use proptest::prelude::*;
use underthread::threading::{JoinError, StartError, Timer};

#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Cancel,
    JoinNow,
    Join,
    IsFinished,
}

/// Cancels also if the test fails: the process waits for the timer.
struct Cancelled(Timer);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Start),
        1 => Just(Step::Cancel),
        3 => Just(Step::JoinNow),
        2 => Just(Step::Join),
        3 => Just(Step::IsFinished),
    ];
    prop::collection::vec(step, 0..20)
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_timer_calls_once_or_is_cancelled_once(
        interval in prop::sample::select(vec![Duration::ZERO, Duration::from_secs(1 << 40), Duration::MAX]),
        steps in steps(),
    ) {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let timer = Cancelled(Timer::new(interval, move || {
            counted.fetch_add(1, Relaxed);
        }));
        let timer = &timer.0;
        // `called`: somebody has found the call taken; `finished` and `ended`, the timer or its thread at its end.
        let (mut started, mut cancelled, mut called, mut finished, mut ended) = (false, false, false, false, false);
        for step in steps {
            let may_call = started && !cancelled && interval.is_zero();
            match step {
                Step::Start => match timer.start() {
                    Ok(()) => {
                        prop_assert!(!started);
                        started = true;
                    }
                    Err(error) => prop_assert!(started && matches!(error, StartError::AlreadyStarted)),
                },
                Step::Cancel => {
                    if timer.cancel() {
                        prop_assert!(!cancelled && !called && !finished && !ended);
                        (cancelled, finished) = (true, true);
                    } else {
                        prop_assert!(cancelled || may_call);
                        called = !cancelled;
                    }
                }
                Step::JoinNow => match timer.join_timeout(Duration::ZERO) {
                    Err(error) => prop_assert!(!started && error == JoinError::NotStarted),
                    Ok(joined) => {
                        prop_assert!(started);
                        prop_assert!(joined == ended || joined && (cancelled || may_call));
                        ended |= joined;
                    }
                },
                // An uncancelled one would never end.
                Step::Join if started && !cancelled && !may_call => {}
                Step::Join => {
                    prop_assert_eq!(timer.join(), if started { Ok(()) } else { Err(JoinError::NotStarted) });
                    ended = started;
                }
                Step::IsFinished => {
                    let found = timer.is_finished();
                    prop_assert!(found == finished || found && may_call);
                    finished |= found;
                }
            }
            if ended {
                prop_assert!(timer.is_finished());
                called = !cancelled;
                finished = true;
            }
            if cancelled {
                prop_assert_eq!((calls.load(Relaxed), Arc::strong_count(&calls)), (0, 1));
            } else if finished {
                prop_assert_eq!(calls.load(Relaxed), 1);
            }
        }
        // The rest: whoever is first, the closure is called or dropped, once, and is gone.
        cancelled |= timer.cancel();
        if started {
            prop_assert_eq!(timer.join(), Ok(()));
        }
        prop_assert!(cancelled || started && interval.is_zero());
        prop_assert_eq!((calls.load(Relaxed), Arc::strong_count(&calls)), (u32::from(!cancelled), 1));
    }
}
