//! Threads that borrow from the stack of the one that waits for them.
//!
//! I1  Whatever a closure borrows outlives `'scope`, and [`scope`] returns, or unwinds, only after every thread of the
//!     scope has been joined, which is to say is gone with its thread-local destructors: nothing of a thread is left
//!     that could look at what was borrowed, or at the scope itself.

use core::fmt;
use core::marker::PhantomData;
use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, resume_unwind};

use super::thread::start_borrowing;
use super::{Guarded, Handle, Lock, Options, StartError};

/// Where threads that borrow are started; made by [`scope`].
pub struct Scope<'scope, 'env: 'scope> {
    threads: Guarded<Lock, Vec<Handle>>,
    /// Invariant, so that a closure cannot be shown a shorter or a longer scope than its own.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Calls `body` with a scope, and then waits for every thread that was started in it, also if `body` panics.
///
/// Threads may borrow what outlives the call:
///
/// ```
/// use underthread::raw::{Options, scope};
///
/// let text = String::from("borrowed");
/// scope(|s| {
///     s.start(Options::new(), || assert_eq!(text, "borrowed")).unwrap();
/// });
/// ```
///
/// and not what does not:
///
/// ```compile_fail,E0373
/// use underthread::raw::{Options, scope};
///
/// scope(|s| {
///     let text = String::from("gone too soon");
///     s.start(Options::new(), || assert_eq!(text, "")).unwrap();
/// });
/// ```
pub fn scope<'env, F, T>(body: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope { threads: Guarded::new(Lock::new(), Vec::new()), scope: PhantomData, env: PhantomData };
    let outcome = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    // One at a time, and again: a thread that is waited for may start another. The guard is gone before the join.
    while let Some(thread) = { scope.threads.acquire().pop() } {
        // I1. `Itself` cannot be: a thread of the scope is not the one that is here.
        thread.join().unwrap_or_else(|_| std::process::abort());
    }
    outcome.unwrap_or_else(|payload| resume_unwind(payload))
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that runs `f`, and is gone before [`scope`] returns.
    ///
    /// # Errors
    ///
    /// What the system said, and `f` back.
    pub fn start<F: FnOnce() + Send + 'scope>(&'scope self, options: Options, f: F) -> Result<Handle, StartError<F>> {
        // Before the thread exists: if there is no memory for it, no thread is left behind.
        let mut threads = self.threads.acquire();
        // The list holds who may still run; a join of one that has ended is short.
        threads.retain(|thread| !thread.is_done() || thread.join().is_err());
        threads.reserve(1);
        // SAFETY: I1: what is borrowed outlives `'scope`, and the handle is in the list before anyone can wait.
        let thread = unsafe { start_borrowing(options, f) }?;
        threads.push(thread.clone());
        Ok(thread)
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Scope").field("threads", &self.threads).finish()
    }
}
