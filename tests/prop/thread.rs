//! The handles of a `threading::Thread` beside a small state; the thread ends when the test lets it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use underthread::raw;
use underthread::threading::{Event, JoinError, NoResult, StartError, Thread, set_excepthook};

#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    LetGo,
    JoinNow,
    Join,
    IsAlive,
    IntoResult,
    SetName(u8),
    Daemon(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Returns,
    Panics,
    Exits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    New,
    /// Until it is let go, it is certainly there.
    Started,
    /// Somebody has found it dead.
    Ended,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Start),
        1 => Just(Step::LetGo),
        3 => Just(Step::JoinNow),
        2 => Just(Step::Join),
        3 => Just(Step::IsAlive),
        2 => Just(Step::IntoResult),
        1 => any::<u8>().prop_map(Step::SetName),
        2 => any::<bool>().prop_map(Step::Daemon),
    ];
    prop::collection::vec(step, 0..40)
}

/// Lets the thread go also if the test fails: the process waits for it.
struct LetGo(Arc<Event>);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.set();
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_handles_tell_of_one_life(
        end in prop::sample::select(&[End::Returns, End::Panics, End::Exits][..]),
        steps in steps(),
    ) {
        set_excepthook(Some(Arc::new(|_| {})));
        let event = Arc::new(Event::new());
        let waited = Arc::clone(&event);
        let let_go = LetGo(event);
        let thread = Thread::new(move || {
            waited.wait();
            match end {
                End::Returns => 42,
                End::Panics => std::panic::resume_unwind(Box::new("on purpose")),
                End::Exits => raw::exit(),
            }
        });
        let thread = thread.name("first").daemon(false);

        let (mut life, mut gone, mut taken) = (Life::New, false, false);
        let (mut name, mut daemon) = ("first".to_owned(), false);
        for step in steps {
            // Each step through a clone, of which nothing is kept.
            let handle = thread.clone();
            prop_assert!(handle.is_same(&thread));
            // Who would have to wait for a thread that waits for us.
            let waits = life == Life::Started && !gone;
            match step {
                Step::Start => {
                    let started = handle.start();
                    if life == Life::New {
                        prop_assert!(started.is_ok());
                        life = Life::Started;
                    } else {
                        prop_assert!(matches!(started, Err(StartError::AlreadyStarted)));
                    }
                }
                Step::LetGo => {
                    let_go.0.set();
                    gone = true;
                }
                Step::JoinNow => {
                    let joined = handle.join_timeout(Duration::ZERO);
                    match life {
                        Life::New => prop_assert_eq!(joined, Err(JoinError::NotStarted)),
                        Life::Started if gone => prop_assert!(joined.is_ok()),
                        _ => prop_assert_eq!(joined, Ok(life == Life::Ended)),
                    }
                    if joined == Ok(true) {
                        life = Life::Ended;
                    }
                }
                Step::Join if !waits => {
                    let joined = handle.join();
                    if life == Life::New {
                        prop_assert_eq!(joined, Err(JoinError::NotStarted));
                    } else {
                        prop_assert_eq!(joined, Ok(()));
                        life = Life::Ended;
                    }
                }
                Step::IsAlive => {
                    let alive = handle.is_alive();
                    if life == Life::Started && gone {
                        life = if alive { Life::Started } else { Life::Ended };
                    }
                    prop_assert_eq!(alive, life == Life::Started);
                }
                Step::IntoResult if !waits => {
                    let result = handle.into_result();
                    if life == Life::New {
                        prop_assert!(matches!(result, Err(NoResult::NotJoined(JoinError::NotStarted))));
                    } else {
                        match result {
                            Ok(value) => prop_assert!(!taken && end == End::Returns && value == 42),
                            Err(NoResult::Panicked(payload)) => {
                                prop_assert!(!taken && end == End::Panics);
                                prop_assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
                            }
                            Err(NoResult::Exited) => prop_assert!(!taken && end == End::Exits),
                            Err(NoResult::Taken) => prop_assert!(taken),
                            Err(other) => prop_assert!(false, "{other:?}"),
                        }
                        (life, taken) = (Life::Ended, true);
                    }
                }
                Step::Join | Step::IntoResult => {}
                Step::SetName(number) => {
                    name = format!("thread {number}");
                    handle.set_name(&*name);
                }
                Step::Daemon(wanted) => {
                    let described = catch_unwind(AssertUnwindSafe(|| drop(handle.daemon(wanted))));
                    prop_assert_eq!(described.is_ok(), life == Life::New);
                    if life == Life::New {
                        daemon = wanted;
                    }
                }
            }
            prop_assert_eq!(&*thread.get_name(), &*name);
            prop_assert_eq!(thread.is_daemon(), daemon);
            prop_assert_eq!(thread.ident().is_some(), life != Life::New);
        }
        drop(let_go);
        prop_assert_eq!(thread.join().is_ok(), life != Life::New);
        prop_assert!(!thread.is_alive());
    }
}
