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
///
/// `X` is what the layer above keeps about its threads.
pub struct ThreadScope<'scope, 'env: 'scope, X = ()> {
    threads: Guarded<Lock, Vec<Handle>>,
    #[cfg_attr(any(loom, shuttle), expect(dead_code, reason = "the layer above is not modelled"))]
    pub(crate) extra: X,
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
    F: for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env>) -> T,
{
    scope_with((), body)
}

/// As [`scope`], with `extra` in the scope.
pub(crate) fn scope_with<'env, F, T, X>(extra: X, body: F) -> T
where
    F: for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env, X>) -> T,
{
    let threads = Guarded::new(Lock::new(), Vec::new());
    let scope = ThreadScope { threads, extra, scope: PhantomData, env: PhantomData };
    let outcome = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    // One at a time, and again: a thread that is waited for may start another.
    while let Some(thread) = pop(&scope.threads) {
        // I1. A thread of the scope is not the one that is here; should it be, nothing may go on.
        thread.join().unwrap_or_else(|_| std::process::abort());
    }
    outcome.unwrap_or_else(|payload| resume_unwind(payload))
}

/// The lock is free again before anyone is waited for.
fn pop(threads: &Guarded<Lock, Vec<Handle>>) -> Option<Handle> {
    threads.acquire().pop()
}

impl<'scope> ThreadScope<'scope, '_> {
    /// Starts a thread that runs `f`, and is gone before [`scope`] returns.
    ///
    /// # Errors
    ///
    /// What the system said, and `f` back.
    pub fn start<F: FnOnce() + Send + 'scope>(&'scope self, options: Options, f: F) -> Result<Handle, StartError<F>> {
        self.start_raw(options, f)
    }
}

impl<'scope, X> ThreadScope<'scope, '_, X> {
    pub(crate) fn start_raw<F>(&'scope self, options: Options, f: F) -> Result<Handle, StartError<F>>
    where
        F: FnOnce() + Send + 'scope,
    {
        let mut threads = self.threads.acquire();
        // The list holds who may still run; a join of one that has ended is short.
        threads.retain(|thread| !thread.is_done() || thread.join().is_err());
        // Before the thread exists: where there is no memory, none is left behind.
        threads.reserve(1);
        // SAFETY: I1: what is borrowed outlives `'scope`, and the lock is held until the handle is in the list.
        let thread = unsafe { start_borrowing(options, f) }?;
        threads.push(thread.clone());
        Ok(thread)
    }
}

impl<X> fmt::Debug for ThreadScope<'_, '_, X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ThreadScope").field("threads", &self.threads).finish_non_exhaustive()
    }
}
