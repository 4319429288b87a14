//! Each test runs itself again, alone in a child, and looks at what the child has written.

use std::process;
use std::sync::mpsc;
use std::time::Duration;

use underthread::raw;
use underthread::threading::{
    Event, Finalizing, JoinError, Local, StartError, Thread, current_thread, main_thread, register_atexit,
    shutdown_timeout,
};

use crate::support::rerun;

const CHILD: &str = "UNDERTHREAD_EXIT";

/// In the parent: the lines that the child has written by `say`, after it exited with 0. In the child: `None`.
fn child(test: &str) -> Option<Vec<String>> {
    if std::env::var_os(CHILD).is_some() {
        return None;
    }
    let output = rerun(&format!("exit::{test}"), CHILD);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    Some(said.lines().filter_map(|line| line.strip_prefix("> ")).map(str::to_owned).collect())
}

fn say(line: &str) {
    eprintln!("> {line}");
}

/// Starts a thread that is waited for, which ends only after the exit has begun: it waits for the main thread's end.
fn start_patient(name: &'static str, then: impl FnOnce() + Send + 'static) -> Thread {
    let thread = Thread::new(move || {
        main_thread().join().unwrap();
        then();
        say(name);
    })
    .name(name)
    .daemon(false);
    thread.start().unwrap();
    thread
}

#[test]
fn the_return_of_main_waits_for_threads_and_for_those_they_start() {
    let Some(said) = child("the_return_of_main_waits_for_threads_and_for_those_they_start") else {
        start_patient("first", || drop(start_patient("second", || ())));
        return;
    };
    assert_eq!(said.len(), 2);
    assert!(said.contains(&"first".into()) && said.contains(&"second".into()));
}

#[test]
fn process_exit_runs_callbacks_newest_first_and_then_waits() {
    let Some(said) = child("process_exit_runs_callbacks_newest_first_and_then_waits") else {
        start_patient("thread", || assert_eq!(register_atexit(|| ()), Err(Finalizing)));
        register_atexit(|| say("oldest")).unwrap();
        register_atexit(|| panic!("keeps nothing back")).unwrap();
        register_atexit(|| say("newest")).unwrap();
        process::exit(0);
    };
    assert_eq!(said, ["newest", "oldest", "thread"]);
}

#[cfg(target_env = "gnu")]
#[test]
fn callbacks_run_after_the_exiting_threads_values_are_dropped() {
    let Some(said) = child("callbacks_run_after_the_exiting_threads_values_are_dropped") else {
        struct Value;
        impl Drop for Value {
            fn drop(&mut self) {
                say("dropped");
            }
        }
        static LOCAL: Local<Value> = Local::new(|| Value);
        LOCAL.with(|_| ());
        register_atexit(|| say(if LOCAL.try_with(|_| ()).is_err() { "gone" } else { "there" })).unwrap();
        process::exit(0);
    };
    assert_eq!(said, ["dropped", "gone"]);
}

#[test]
fn a_thread_that_exits_is_not_waited_for_nor_are_daemons_and_raw_threads() {
    let Some(said) = child("a_thread_that_exits_is_not_waited_for_nor_are_daemons_and_raw_threads") else {
        let (_keep, wait) = mpsc::channel::<()>();
        let daemon = Thread::new(move || wait.recv().unwrap()).daemon(true);
        daemon.start().unwrap();
        raw::start_new_thread(|| main_thread().join().map_or((), |()| loop_for_ever())).unwrap();
        let exits = Thread::new(|| {
            say("exits");
            process::exit(0);
        })
        .daemon(false);
        exits.start().unwrap();
        exits.join().unwrap();
        unreachable!("the process has ended");
    };
    assert_eq!(said, ["exits"]);
}

fn loop_for_ever() {
    let (_keep, wait) = mpsc::channel::<()>();
    wait.recv().unwrap();
}

#[test]
fn a_bounded_shutdown_gives_the_stragglers_and_then_nothing_starts() {
    let Some(said) = child("a_bounded_shutdown_gives_the_stragglers_and_then_nothing_starts") else {
        let straggler = Thread::new(loop_for_ever).name("straggler").daemon(false);
        straggler.start().unwrap();
        assert!(main_thread().is_alive());
        let left = shutdown_timeout(Duration::from_millis(5));
        assert!(left.len() == 1 && left[0].is_same(&straggler) && straggler.is_alive());
        assert!(!main_thread().is_alive());
        assert_eq!(register_atexit(|| ()), Err(Finalizing));
        assert!(matches!(Thread::new(|| ()).start(), Err(StartError::Finalizing)));
        assert!(shutdown_timeout(Duration::ZERO).is_empty());
        assert_ne!(current_thread().join(), Ok(()));
        assert_eq!(current_thread().join(), Err(JoinError::Foreign));
        say("straggler is abandoned");
        return;
    };
    assert_eq!(said, ["straggler is abandoned"]);
}

#[test]
fn raw_threads_start_also_when_no_other_does() {
    let Some(said) = child("raw_threads_start_also_when_no_other_does") else {
        assert!(shutdown_timeout(Duration::MAX).is_empty());
        assert!(matches!(Thread::new(|| ()).start(), Err(StartError::Finalizing)));
        raw::start_joinable_thread(raw::Options::new(), || say("raw")).unwrap().join().unwrap();
        return;
    };
    assert_eq!(said, ["raw"]);
}

/// What is asked of a daemon, in the exit's last steps, and answered.
static ASKED: Event = Event::new();
static ANSWERED: Event = Event::new();

#[test]
fn the_systems_callbacks_are_called_before_or_after_ours_and_daemons_run_through_all() {
    let Some(said) = child("the_systems_callbacks_are_called_before_or_after_ours_and_daemons_run_through_all") else {
        extern "C" fn older() {
            say("older");
            ASKED.set();
            ANSWERED.wait();
        }
        extern "C" fn newer() {
            say("newer");
        }
        raw::at_exit(older);
        let daemon = Thread::new(|| {
            ASKED.wait();
            say("daemon");
            ANSWERED.set();
        });
        daemon.daemon(true).start().unwrap();
        // The first that is waited for: from now on the exit calls us.
        start_patient("thread", || ());
        raw::at_exit(newer);
        return;
    };
    assert_eq!(said, ["newer", "thread", "older", "daemon"]);
}

#[test]
fn an_exit_while_daemons_hold_locks_comes_to_its_end() {
    let Some(said) = child("an_exit_while_daemons_hold_locks_comes_to_its_end") else {
        static LOCK: raw::Guarded<raw::Lock, u64> = raw::Guarded::new(raw::Lock::new(), 0);
        let (ready, is_ready) = mpsc::channel();
        for _ in 0..100 {
            let ready = ready.clone();
            let daemon = Thread::new(move || {
                *LOCK.acquire() += 1;
                ready.send(()).unwrap();
                loop {
                    *LOCK.acquire() += 1;
                }
            });
            daemon.daemon(true).start().unwrap();
        }
        is_ready.iter().take(100).for_each(drop);
        start_patient("waited for", || *LOCK.acquire() += 1);
        return;
    };
    assert_eq!(said, ["waited for"]);
}
