//! Threads that borrow, with names, results and a place in the registry.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::outcome::{NoResult, StartError};
use super::record::Record;
use super::thread::Thread;
use super::work::{SharedWork, Work, perform};
use crate::raw::{self, Brief, Guarded, Lock};

/// How many threads of a scope have panicked without anyone's having taken that.
#[derive(Debug)]
pub struct Unclaimed(Arc<Guarded<Lock, usize>>);

/// Where threads that borrow are started; made by [`scope`].
pub type Scope<'scope, 'env> = raw::ThreadScope<'scope, 'env, Unclaimed>;

/// Calls `body` with a scope, and then waits until every thread that was started in it is gone, also if `body` panics.
///
/// # Panics
///
/// With `body`'s own panic, or else if a thread has panicked and nobody has taken its result.
///
/// ```
/// use underthread::threading;
///
/// let words = ["some", "words"];
/// let lengths = threading::scope(|s| {
///     let threads = [0, 1].map(|i| s.start(move || words[i].len()).unwrap());
///     threads.map(|thread| thread.into_result().unwrap())
/// });
/// assert_eq!(lengths, [4, 5]);
/// ```
///
/// What is borrowed must outlive the scope:
///
/// ```compile_fail,E0373
/// use underthread::threading;
///
/// threading::scope(|s| {
///     let word = String::from("gone too soon");
///     s.start(|| println!("{word}")).unwrap();
/// });
/// ```
#[track_caller]
pub fn scope<'env, F, T>(body: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let panics = Arc::new(Guarded::new(Lock::new(), 0));
    let value = raw::scope_with(Unclaimed(Arc::clone(&panics)), body);
    let panics = *panics.acquire();
    assert_eq!(panics, 0, "threads of a scope panicked");
    value
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that runs `f`, and is gone before [`scope`] returns. Otherwise as
    /// [`Thread::new`](crate::threading::Thread::new) makes it.
    ///
    /// # Errors
    ///
    /// [`StartError`]; `f` is dropped.
    pub fn start<T: Send + 'scope>(
        &'scope self,
        f: impl FnOnce() -> T + Send + 'scope,
    ) -> Result<ScopedThread<'scope, T>, StartError> {
        let unclaimed = &self.extra.0;
        let work: SharedWork<'scope, T> = Arc::new(Guarded::new(Brief::new(), Work::Waiting(Box::new(f))));
        let thread = Thread::of(Arc::new(Record::new()));
        let own = Arc::clone(&work);
        thread.start_with(|options, thread| {
            let body = move || {
                perform(&own, &thread);
                if own.acquire().has_panic() {
                    *unclaimed.acquire() += 1;
                }
            };
            self.start_raw(options, body).map_err(|refused| refused.error)
        })?;
        Ok(ScopedThread { thread, work, unclaimed })
    }
}

/// A thread of a [`scope`]: a [`Thread`] that also carries the result.
///
/// Any thread of the scope may take the result, so it must be `Send`; then the `ScopedThread` is `Send` and `Sync`.
///
/// ```compile_fail,E0277
/// underthread::threading::scope(|s| {
///     s.start(|| std::rc::Rc::new(1)).unwrap();
/// });
/// ```
///
/// ```compile_fail,E0277
/// fn send<T: Send>() {}
/// send::<underthread::threading::ScopedThread<'_, std::rc::Rc<u8>>>();
/// ```
///
/// ```compile_fail,E0277
/// fn share<T: Sync>() {}
/// share::<underthread::threading::ScopedThread<'_, std::rc::Rc<u8>>>();
/// ```
pub struct ScopedThread<'scope, T> {
    thread: Thread,
    work: SharedWork<'scope, T>,
    unclaimed: &'scope Guarded<Lock, usize>,
}

impl<T> ScopedThread<'_, T> {
    /// Joins the thread, and gives what the closure returned.
    ///
    /// # Errors
    ///
    /// [`NoResult`]; a panic that is taken so does not make the scope panic.
    pub fn into_result(self) -> Result<T, NoResult> {
        self.thread.join().map_err(NoResult::NotJoined)?;
        let result = Work::take(&self.work);
        if let Err(NoResult::Panicked(_)) = result {
            *self.unclaimed.acquire() -= 1;
        }
        result
    }
}

impl<T> Deref for ScopedThread<'_, T> {
    type Target = Thread;

    fn deref(&self) -> &Thread {
        &self.thread
    }
}

impl<T> fmt::Debug for ScopedThread<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.thread.fmt(formatter)
    }
}
