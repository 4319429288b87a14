//! The end of the process: callbacks, then every thread that is no daemon is waited for.
//!
//! | phase | `start` | `register_atexit` | what goes on |
//! |---|---|---|---|
//! | `Open` | yes | yes | the program |
//! | `Closing` | yes | no | callbacks, newest first; then joins, oldest first, until there is nobody left to join |
//! | `Closed` | no | no | the rest of the process's exit; daemons run until it ends them |
//!
//! The phases pass when the process exits, by the return of `main` or by `std::process::exit`, or before that in
//! [`shutdown_timeout`]. The thread that exits is not waited for. A process that is ended otherwise (`_exit`, a
//! signal, an abort) waits for nobody. A thread that is waited for must not call `std::process::exit` itself: std
//! stops every thread but the first that does, so the two would wait for each other.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::registry::{Phase, Registry, registry};
use super::thread::Thread;
use crate::raw::{self, Deadline};

/// It is too late: the process is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finalizing;

/// Has `f` called when the process exits, before threads are waited for: the place to tell them to stop.
///
/// Callbacks run newest first, in the thread that exits. One that panics keeps back neither the others nor the joins.
///
/// # Errors
///
/// [`Finalizing`] once the process is at its end.
pub fn register_atexit(f: impl FnOnce() + Send + 'static) -> Result<(), Finalizing> {
    let f = Box::new(f);
    let mut registry = registry();
    if registry.phase != Phase::Open {
        return Err(Finalizing);
    }
    arm(&mut registry);
    registry.callbacks.push(f);
    Ok(())
}

/// Does now what the process's exit does, but waits at most for `timeout`, and gives those threads that were still
/// running then: the exit will not wait for them.
pub fn shutdown_timeout(timeout: Duration) -> Vec<Thread> {
    shutdown_until(Deadline::after(timeout))
}

/// Makes the process's exit call us.
pub(super) fn arm(registry: &mut Registry) {
    extern "C" fn hook() {
        shutdown_until(None);
    }
    registry.hooked = registry.hooked || raw::at_exit(hook);
}

fn shutdown_until(deadline: Option<Deadline>) -> Vec<Thread> {
    let main = {
        let mut registry = registry();
        if registry.phase == Phase::Closed {
            return Vec::new();
        }
        registry.phase = Phase::Closing;
        registry.main()
    };
    while let Some(callback) = pop_callback() {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(callback)) {
            raw::discard(payload);
        }
    }
    main.end();
    loop {
        let waiting = who_is_waited_for();
        let Some(oldest) = waiting.first() else { return waiting };
        // An error is of a start that failed meanwhile: look again.
        if oldest.join_until(deadline) == Ok(false) {
            registry().phase = Phase::Closed;
            return waiting;
        }
    }
}

fn pop_callback() -> Option<Box<dyn FnOnce() + Send>> {
    registry().callbacks.pop()
}

/// Oldest first. Once there is nobody, nobody can be started any more.
fn who_is_waited_for() -> Vec<Thread> {
    let caller = raw::get_ident();
    let mut registry = registry();
    let others = registry
        .threads
        .iter()
        .filter(|(ident, entry)| !entry.daemon && **ident != caller && **ident != raw::main_ident());
    let waiting: Vec<_> = others.map(|(_, entry)| Thread::of(entry.record.clone())).collect();
    if waiting.is_empty() {
        registry.phase = Phase::Closed;
    }
    waiting
}

impl fmt::Display for Finalizing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the process is at its end")
    }
}

impl std::error::Error for Finalizing {}
