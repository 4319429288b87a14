//! `threading`'s locks and condition, by their guards: a flag, or a depth, and the data under it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use proptest::prelude::*;
use underthread::threading::{Condition, Lock, RLock};

const AT_ONCE: Duration = Duration::ZERO;

#[derive(Clone, Copy, Debug)]
enum Step {
    Try,
    Timed,
    Add,
    Release,
    Notify(usize),
    WaitInVain,
    WaitForEven,
    WaitWhileEven,
    OtherThread,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Try),
        Just(Step::Timed),
        Just(Step::Add),
        Just(Step::Release),
        (0..3usize).prop_map(Step::Notify),
        Just(Step::WaitInVain),
        Just(Step::WaitForEven),
        Just(Step::WaitWhileEven),
        Just(Step::OtherThread),
    ];
    prop::collection::vec(step, 0..60)
}

properties! {
    #[test]
    fn a_lock_and_a_condition_do_as_a_flag_over_a_number(steps in steps()) {
        let (lock, condition) = (Lock::new(0), Condition::new());
        let (mut guard, mut number) = (None, 0);
        for step in steps {
            match (step, &mut guard) {
                (Step::Try, None) => guard = lock.try_acquire(),
                (Step::Try, Some(_)) => prop_assert!(lock.try_acquire().is_none()),
                (Step::Timed, None) => guard = lock.acquire_timeout(AT_ONCE),
                (Step::Timed, Some(_)) => prop_assert!(lock.acquire_timeout(AT_ONCE).is_none()),
                (Step::Release, _) => guard = None,
                (Step::Notify(count), _) => prop_assert_eq!(condition.notify(count) + condition.notify_all(), 0),
                // To this lock every thread is another.
                (Step::OtherThread, _) | (_, None) => {}
                (Step::Add, Some(guard)) => {
                    **guard += 1;
                    number += 1;
                }
                (Step::WaitInVain, Some(guard)) => prop_assert!(!condition.wait_timeout(guard, AT_ONCE)),
                (Step::WaitForEven | Step::WaitWhileEven, Some(guard)) => {
                    let (mut called, ends) = (0, (number % 2 == 0) == matches!(step, Step::WaitForEven));
                    let even = |now: &u32| {
                        called += 1;
                        now.is_multiple_of(2)
                    };
                    let ended = match step {
                        Step::WaitForEven => condition.wait_for_timeout(guard, AT_ONCE, even),
                        _ => condition.wait_while_timeout(guard, AT_ONCE, even),
                    };
                    prop_assert_eq!((ended, called), (ends, if ends { 1 } else { 2 }));
                }
            }
            // What was free has been taken.
            if matches!(step, Step::Try | Step::Timed) {
                prop_assert!(guard.is_some());
            }
            prop_assert_eq!(lock.locked(), guard.is_some());
            let shown = if guard.is_some() { "Lock(<locked>)".to_owned() } else { format!("Lock({number})") };
            prop_assert_eq!(format!("{lock:?}"), shown);
            prop_assert_eq!(guard.as_deref().copied().unwrap_or(number), number);
        }
        drop(guard);
        prop_assert_eq!(lock.into_inner(), number);
    }

    #[test]
    fn a_reentrant_lock_and_a_condition_do_as_a_depth_over_a_number(steps in steps()) {
        let (lock, condition) = (RLock::new(AtomicU32::new(0)), Condition::new());
        let (mut guards, mut number) = (Vec::new(), 0);
        for step in steps {
            match (step, guards.last_mut()) {
                (Step::Try, _) => guards.push(lock.try_acquire().unwrap()),
                (Step::Timed, _) => guards.push(lock.acquire_timeout(AT_ONCE).unwrap()),
                (Step::Notify(count), _) => prop_assert_eq!(condition.notify(count) + condition.notify_all(), 0),
                (Step::OtherThread, _) => {
                    let free = guards.is_empty();
                    crate::support::scope(|scope| {
                        scope.spawn(|| {
                            assert_eq!((lock.recursion_count(), lock.is_owned(), lock.locked()), (0, false, !free));
                            let seen = lock.acquire_timeout(AT_ONCE).map(|number| number.load(Relaxed));
                            assert_eq!(seen, free.then_some(number));
                        });
                    });
                }
                (_, None) => {}
                (Step::Release, Some(_)) => drop(guards.swap_remove(0)),
                (Step::Add, Some(guard)) => {
                    guard.fetch_add(1, Relaxed);
                    number += 1;
                }
                // All of its depth, and back.
                (Step::WaitInVain, Some(guard)) => prop_assert!(!condition.wait_timeout(guard, AT_ONCE)),
                (Step::WaitForEven, Some(guard)) => {
                    let even = condition.wait_for_timeout(guard, AT_ONCE, |now| now.load(Relaxed) % 2 == 0);
                    prop_assert_eq!(even, number % 2 == 0);
                }
                (Step::WaitWhileEven, Some(guard)) => {
                    let odd = condition.wait_while_timeout(guard, AT_ONCE, |now| now.load(Relaxed) % 2 == 0);
                    prop_assert_eq!(odd, number % 2 != 0);
                }
            }
            prop_assert_eq!(lock.recursion_count() as usize, guards.len());
            prop_assert_eq!((lock.locked(), lock.is_owned()), (!guards.is_empty(), !guards.is_empty()));
            prop_assert!(guards.iter().all(|guard| guard.load(Relaxed) == number));
        }
        drop(guards);
        prop_assert_eq!(lock.into_inner().into_inner(), number);
    }
}
