use std::collections::VecDeque;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use underthread::raw::{Condition, Deadline, Lock};
use underthread::sys::Scope;

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait,
    WaitInVain,
    Notify(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        prop_oneof![4 => Just(Step::Wait), 1 => Just(Step::WaitInVain), 3 => (0..4u32).prop_map(Step::Notify)],
        0..24,
    )
}

fn wait<S: Scope>(lock: &Lock<S>, condition: &Condition<S>, deadline: Option<Deadline>) -> bool {
    lock.acquire();
    // SAFETY: the lock is held, and protects nothing.
    let notified = unsafe { condition.wait_until(lock, deadline) };
    lock.release().unwrap();
    notified
}

/// The model: waits in line, in groups that end where a notification came between.
fn serves_groups_in_order<S: Scope>(lock: &Lock<S>, condition: &Condition<S>, steps: Vec<Step>) {
    let (served, line) = mpsc::channel();
    let mut groups: VecDeque<Vec<usize>> = VecDeque::new();
    let mut closed = true;
    crate::support::scope(|scope| {
        for (name, step) in steps.into_iter().chain([Step::Notify(u32::MAX)]).enumerate() {
            let before = condition.waiting();
            assert_eq!(before as usize, groups.iter().map(Vec::len).sum::<usize>());
            match step {
                Step::WaitInVain => assert!(!wait(lock, condition, Deadline::after(Duration::from_nanos(1)))),
                Step::Wait => {
                    let served = served.clone();
                    scope.spawn(move || {
                        assert!(wait(lock, condition, None));
                        served.send(name).unwrap();
                    });
                    while condition.waiting() == before {
                        thread::yield_now();
                    }
                    if closed {
                        groups.push_back(Vec::new());
                        closed = false;
                    }
                    groups.back_mut().unwrap().push(name);
                }
                Step::Notify(count) => {
                    let given = condition.notify(count);
                    assert_eq!(given, count.min(before));
                    let mut names: Vec<usize> = (0..given).map(|_| line.recv().unwrap()).collect();
                    // Only a notification that was given to the last group closes it.
                    closed |= groups.back().is_some_and(|last| last.iter().any(|name| names.contains(name)));
                    // Whole groups from the front, and of the next one anybody.
                    while let Some(first) = groups.pop_front() {
                        let left: Vec<usize> = first.iter().copied().filter(|name| !names.contains(name)).collect();
                        names.retain(|name| !first.contains(name));
                        if !left.is_empty() {
                            assert!(names.is_empty(), "{names:?} served before {left:?}");
                            groups.push_front(left);
                            break;
                        }
                    }
                    assert!(names.is_empty());
                }
            }
        }
    });
    assert!(line.try_recv().is_err());
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn serves_groups_in_order_private(steps in steps()) {
        serves_groups_in_order(&Lock::new(), &Condition::new(), steps);
    }

    #[test]
    fn serves_groups_in_order_shared(steps in steps()) {
        serves_groups_in_order(&Lock::shared(), &Condition::shared(), steps);
    }
}
