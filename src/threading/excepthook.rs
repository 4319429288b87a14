//! What is done about a panic that ends a thread.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::thread::Thread;
use crate::raw::{self, Brief, Guarded};

/// What an excepthook is told.
pub struct ExceptHookArgs<'a> {
    /// The panic's payload. It goes on to whoever takes the thread's result.
    pub payload: &'a (dyn Any + Send),
    /// The thread that dies of it: the one that calls the hook, still current and registered.
    pub thread: &'a Thread,
}

impl ExceptHookArgs<'_> {
    /// The payload's text, if it is one, as that of every `panic!` is.
    pub fn message(&self) -> Option<&str> {
        message(self.payload)
    }
}

impl fmt::Debug for ExceptHookArgs<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ExceptHookArgs").field("message", &self.message()).field("thread", self.thread).finish()
    }
}

/// What [`set_excepthook`] takes.
pub type ExceptHook = Arc<dyn Fn(&ExceptHookArgs<'_>) + Send + Sync>;

static HOOK: Guarded<Brief, Option<ExceptHook>> = Guarded::new(Brief::new(), None);

/// Sets what is called when a panic ends a thread of this module, in that thread; `None` is the default again, which
/// writes one line that names the thread to stderr. Gives the hook before.
///
/// The process's own panic hook has run before, at the panic. A hook that panics itself is named on stderr, and the
/// thread ends as if it had not.
pub fn set_excepthook(hook: Option<ExceptHook>) -> Option<ExceptHook> {
    std::mem::replace(&mut *HOOK.acquire(), hook)
}

pub(super) fn call(payload: &(dyn Any + Send), thread: &Thread) {
    let hook = HOOK.acquire().clone();
    let args = ExceptHookArgs { payload, thread };
    let Some(hook) = hook else {
        return say(&args, "panicked");
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        hook(&args);
        // Perhaps the last: its drop is the user's, too.
        drop(hook);
    }));
    if let Err(again) = outcome {
        say(&args, "panicked, and then its excepthook");
        raw::discard(again);
    }
}

fn say(args: &ExceptHookArgs<'_>, what: &str) {
    let (name, message) = (args.thread.get_name(), args.message().unwrap_or("no message"));
    // Without a stderr there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "thread {name} {what}: {message}");
}

pub(super) fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
