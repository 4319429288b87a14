use std::time::Duration;

use proptest::prelude::*;
use underthread::raw::{Deadline, Lock, ReleaseUnlocked};
use underthread::sys::Scope;

#[derive(Clone, Copy, Debug)]
enum Step {
    Try,
    Timed,
    Release,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(prop::sample::select(vec![Step::Try, Step::Timed, Step::Release]), 0..40)
}

fn behaves_like_a_flag<S: Scope>(lock: &Lock<S>, steps: Vec<Step>) {
    let mut held = false;
    for step in steps {
        match step {
            Step::Try => assert_eq!(lock.try_acquire(), !held),
            Step::Timed => assert_eq!(lock.acquire_until(Deadline::after(Duration::from_nanos(1))), !held),
            Step::Release => assert_eq!(lock.release(), held.then_some(()).ok_or(ReleaseUnlocked)),
        }
        held = !matches!(step, Step::Release);
        assert_eq!(lock.locked(), held);
    }
}

properties! {
    #[test]
    fn behaves_like_a_flag_private(steps in steps()) {
        behaves_like_a_flag(&Lock::new(), steps);
    }

    #[test]
    fn behaves_like_a_flag_shared(steps in steps()) {
        behaves_like_a_flag(&Lock::shared(), steps);
    }
}
