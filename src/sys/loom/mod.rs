//! The model's side of `sys`: loom's atomics, each operation a named *site*, under a kernel that promises a sleeper
//! nothing but what `futex(2)` does.
//!
//! * [`atomic`]: the atomics. Each operation knows the source line that made it, so that a run can weaken one
//!   ordering, or drop one fence or wake, without a mark in the source (a *mutant*).
//! * [`kernel`]: wait and wake. A wake lends no memory order: a sleeper that trusts it without an acquiring load is
//!   caught. The look before a sleep is a relaxed read of the word, which a later fence may take up.
//! * [`membarrier`]: a fence in every thread, with the system's promise and no more. There is one in a run of its own.
//! * [`planted`]: bugs put into the source, one at a time, that some scenario must find.
//! * [`search`]: which executions need not be run, as they equal others.
//! * [`trace`]: the steps of the current one, printed when it fails.
//! * [`thread`]: loom's threads, by the names of the real ones.
//! * [`model`]: runs a scenario through every interleaving, then again with each wait in turn woken for no reason,
//!   with the last sleeper woken first, with membarrier, and with a clock that has run out for all, for none, or
//!   for one thread.

pub(super) mod atomic;
mod kernel;
pub(super) mod membarrier;
pub mod model;
mod planted;
mod search;
pub mod thread;
mod trace;

pub(super) use kernel::{wait, wake};
pub(crate) use loom::thread_local;
pub(super) use membarrier::{CurrentMode, full_fence};

use core::time::Duration;

/// The model's time, in which all that happens happens at one moment: a wait for it ends when the schedule says so, and
/// whether it *has* passed, when a thread asks, is the same for a whole execution; scenarios run with both answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// The moment `timeout` from now; `None`, for ever, for [`Duration::MAX`].
    pub fn after(timeout: Duration) -> Option<Self> {
        (timeout != Duration::MAX).then_some(Self(timeout))
    }

    /// Whether the moment has come.
    pub fn passed(self) -> bool {
        model::clock_has_run_out()
    }
}
