use std::time::Duration;

use proptest::prelude::*;
use underthread::raw::{Deadline, NotOwner, RLock, RawLock};
use underthread::sys::Scope;

#[derive(Clone, Copy, Debug)]
enum Step {
    Try,
    Timed,
    Release,
    ReleaseAllAndReacquire,
    OtherThread,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Step::{OtherThread, Release, ReleaseAllAndReacquire, Timed, Try};
    prop::collection::vec(prop::sample::select(vec![Try, Timed, Release, ReleaseAllAndReacquire, OtherThread]), 0..40)
}

fn behaves_like_a_count<S: Scope>(lock: &RLock<S>, steps: Vec<Step>) {
    let soon = || Deadline::after(Duration::from_nanos(1));
    let mut depth = 0;
    for step in steps {
        match step {
            Step::Try | Step::Timed => {
                depth += 1;
                let acquired = if matches!(step, Step::Try) { lock.try_acquire() } else { lock.acquire_until(soon()) };
                assert_eq!(acquired, Ok(true));
            }
            Step::Release if depth == 0 => assert_eq!(lock.release(), Err(NotOwner)),
            Step::Release => {
                depth -= 1;
                assert_eq!(lock.release(), Ok(()));
            }
            Step::ReleaseAllAndReacquire if depth == 0 => {}
            Step::ReleaseAllAndReacquire => {
                // SAFETY: held, and it protects nothing.
                assert_eq!(unsafe { lock.release_all() }, depth);
                assert!(!lock.locked());
                lock.reacquire(depth);
            }
            Step::OtherThread => crate::support::scope(|scope| {
                scope.spawn(|| {
                    assert_eq!((lock.release(), lock.recursion_count()), (Err(NotOwner), 0));
                    let acquired = lock.try_acquire().unwrap() || lock.acquire_until(soon()).unwrap();
                    assert_eq!(acquired, depth == 0);
                    assert_eq!(lock.release().is_ok(), acquired);
                });
            }),
        }
        assert_eq!((lock.recursion_count(), lock.is_owned(), lock.locked()), (depth, depth > 0, depth > 0));
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_like_a_count_private(steps in steps()) {
        behaves_like_a_count(&RLock::new(), steps);
    }

    #[test]
    fn behaves_like_a_count_shared(steps in steps()) {
        behaves_like_a_count(&RLock::shared(), steps);
    }
}
