//! A closure on its way to its outcome.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::outcome::NoResult;
use super::thread::Thread;
use super::{excepthook, registry};
use crate::raw::{self, Brief, Guarded};

/// What came of a closure.
pub(super) enum Outcome<T> {
    Returned(T),
    Panicked(Box<dyn Any + Send>),
    Exited,
}

/// A closure on its way to its outcome.
pub(super) enum Work<'a, T> {
    Waiting(Box<dyn FnOnce() -> T + Send + 'a>),
    Running,
    Done(Outcome<T>),
    Taken,
}

pub(super) type SharedWork<'a, T> = Arc<Guarded<Brief, Work<'a, T>>>;

/// In the new thread: the closure, from where it waited to its outcome.
pub(super) fn perform<T>(work: &Guarded<Brief, Work<'_, T>>, thread: &Thread) {
    let ident = raw::get_ident();
    raw::at_end(move || registry::leave(ident));
    let Work::Waiting(f) = mem::replace(&mut *work.acquire(), Work::Running) else { return };
    let outcome = match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Outcome::Returned(value),
        Err(payload) if raw::is_exit(&*payload) => Outcome::Exited,
        Err(payload) => {
            excepthook::call(&*payload, thread);
            Outcome::Panicked(payload)
        }
    };
    *work.acquire() = Work::Done(outcome);
}

impl<T> Work<'_, T> {
    pub(super) fn take(this: &Guarded<Brief, Self>) -> Result<T, NoResult> {
        let work = mem::replace(&mut *this.acquire(), Work::Taken);
        match work {
            Work::Done(Outcome::Returned(value)) => Ok(value),
            Work::Done(Outcome::Panicked(payload)) => Err(NoResult::Panicked(payload)),
            Work::Done(Outcome::Exited) => Err(NoResult::Exited),
            _ => Err(NoResult::Taken),
        }
    }

    /// Whether the closure has panicked and nobody has taken that.
    pub(super) fn has_panic(&self) -> bool {
        matches!(self, Work::Done(Outcome::Panicked(_)))
    }
}
