//! `Thread`: a handle, of a record and of the closure's result.

use std::fmt;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::{JoinError, NoResult, StartError};
use super::record::Record;
use super::work::{SharedWork, Work, perform};
use crate::raw::{self, Brief, Deadline, Guarded, Handle, Options};

/// A thread: described by [`new`](Self::new), set going by [`start`](Self::start), waited for by [`join`](Self::join).
///
/// A handle of two pointers, cheap to clone; clones are of the same thread. Dropping all of them lets the thread go on
/// by itself. A thread that is no daemon is waited for when the process ends; see
/// [`register_atexit`](super::register_atexit). A panic in the closure goes to the excepthook
/// ([`set_excepthook`](super::set_excepthook)), and then to whoever takes the result.
///
/// The handles that [`enumerate`](super::enumerate) and [`current_thread`](super::current_thread) give are
/// `Thread<()>`s that carry no result.
///
/// # Order
///
/// What was done before `start` is visible to the closure; everything that the thread did, thread-local destructors
/// included, is visible after a join that succeeded, and to whoever finds [`is_alive`](Self::is_alive) false.
///
/// ```
/// use underthread::threading::Thread;
///
/// let thread = Thread::new(|| 6 * 7).name("worker").daemon(false);
/// thread.start().unwrap();
/// thread.join().unwrap();
/// assert_eq!(thread.into_result().unwrap(), 42);
/// ```
///
/// What the closure captures goes to another thread:
///
/// ```compile_fail,E0277
/// use underthread::threading::Thread;
///
/// let here = std::rc::Rc::new(1);
/// Thread::new(move || println!("{here}"));
/// ```
pub struct Thread<T = ()> {
    record: Arc<Record>,
    work: Option<SharedWork<'static, T>>,
}

impl<T: Send + 'static> Thread<T> {
    /// Describes a thread that will run `f`. Nothing starts.
    ///
    /// It is called `Thread-N`, has the stack size that [`stack_size`](super::stack_size) says, and is a daemon if the
    /// calling thread is one.
    pub fn new(f: impl FnOnce() -> T + Send + 'static) -> Self {
        let work = Guarded::new(Brief::new(), Work::Waiting(Box::new(f)));
        Self { record: Arc::new(Record::new()), work: Some(Arc::new(work)) }
    }

    /// Starts the thread. Once for each thread: of two that try at the same moment, one succeeds.
    ///
    /// # Errors
    ///
    /// [`StartError`]. The thread is as if nobody had tried, so after [`StartError::System`] it can be tried again.
    pub fn start(&self) -> Result<(), StartError> {
        // A handle without the closure is of a thread that runs.
        let work = Arc::clone(self.work.as_ref().ok_or(StartError::AlreadyStarted)?);
        Record::start(&self.record, |options, thread| {
            raw::start_joinable_thread(options, move || perform(&work, &thread)).map_err(|refused| refused.error)
        })
    }
}

impl Thread {
    /// A handle without a result.
    pub(super) fn of(record: Arc<Record>) -> Self {
        Self { record, work: None }
    }

    /// Starts what `create` makes of it.
    pub(super) fn start_with(
        &self,
        create: impl FnOnce(Options, Thread) -> io::Result<Handle>,
    ) -> Result<(), StartError> {
        Record::start(&self.record, create)
    }

    pub(super) fn join_until(&self, deadline: Option<Deadline>) -> Result<bool, JoinError> {
        self.record.join_until(deadline)
    }
}

impl<T> Thread<T> {
    /// Waits until the thread has ended and is gone from the system, its thread-local values with it.
    ///
    /// Any number of threads may join, any number of times. Neither value nor panic is reported here; see
    /// [`into_result`](Self::into_result).
    ///
    /// # Errors
    ///
    /// [`JoinError`].
    pub fn join(&self) -> Result<(), JoinError> {
        self.record.join_until(None).map(drop)
    }

    /// As [`join`](Self::join), but `false` if the thread has not ended after `timeout`.
    ///
    /// # Errors
    ///
    /// [`JoinError`].
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool, JoinError> {
        self.record.join_until(Deadline::after(timeout))
    }

    /// Joins the thread, and gives what the closure returned to whoever asks first.
    ///
    /// # Errors
    ///
    /// [`NoResult`], with the payload if the closure panicked.
    pub fn into_result(self) -> Result<T, NoResult> {
        self.join().map_err(NoResult::NotJoined)?;
        Work::take(self.work.as_ref().ok_or(NoResult::Taken)?)
    }

    /// Whether the thread has been started and has not ended. What it did is visible once it has.
    pub fn is_alive(&self) -> bool {
        self.record.is_alive()
    }

    /// The ident, once started: a number that no other thread of this process ever has.
    pub fn ident(&self) -> Option<u64> {
        self.record.life.acquire().ident()
    }

    /// The kernel's number of the thread, once started; may wait for the thread's first step. `None` for the main
    /// thread where the system does not tell, and in a forked child for that of the parent.
    pub fn native_id(&self) -> Option<u32> {
        self.record.life.acquire().native_id()
    }

    /// Whether the process's end does not wait for the thread.
    pub fn is_daemon(&self) -> bool {
        self.record.life.acquire().daemon
    }

    /// The name. Nothing makes it unique.
    pub fn get_name(&self) -> Arc<str> {
        Arc::clone(&self.record.life.acquire().name)
    }

    /// Renames the thread, also for the operating system if that allows it.
    pub fn set_name(&self, name: impl Into<String>) {
        let mut name: Arc<str> = name.into().into();
        let mut life = self.record.life.acquire();
        mem::swap(&mut life.name, &mut name);
        // The number of one that has ended may be another thread's by now.
        if self.record.lives(&life)
            && let Some(id) = life.native_id()
        {
            // Under the lock, so that the last name is the last also for the system, which may refuse it.
            let _ = raw::set_os_name(id, &life.name);
        }
    }

    /// Whether both are handles of one thread.
    pub fn is_same<U>(&self, other: &Thread<U>) -> bool {
        Arc::ptr_eq(&self.record, &other.record)
    }
}

impl<T> Thread<T> {
    /// Names the thread. The operating system keeps the first 15 bytes.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set_name(name);
        self
    }

    /// Makes the thread a daemon, which the process's end does not wait for, or not.
    ///
    /// # Panics
    ///
    /// If the thread has been started.
    #[must_use]
    #[track_caller]
    pub fn daemon(self, daemon: bool) -> Self {
        self.record.describe(|life| life.daemon = daemon);
        self
    }

    /// The size of the thread's stack in bytes, rounded up to what the system can give; 0 is the system's default.
    ///
    /// # Panics
    ///
    /// If the thread has been started.
    #[must_use]
    #[track_caller]
    pub fn stack_size(self, bytes: usize) -> Self {
        self.record.describe(|life| life.stack_size = Some(bytes));
        self
    }
}

impl<T> Clone for Thread<T> {
    fn clone(&self) -> Self {
        Self { record: Arc::clone(&self.record), work: self.work.clone() }
    }
}

impl<T> fmt::Debug for Thread<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Thread");
        // Copied: nobody's text is written under the lock.
        let life = self.record.life.try_acquire().map(|life| (Arc::clone(&life.name), life.ident(), life.daemon));
        match life {
            Some((name, ident, daemon)) => debug.field("name", &name).field("ident", &ident).field("daemon", &daemon),
            None => debug.field("name", &"<locked>"),
        };
        debug.finish_non_exhaustive()
    }
}

const _: () = assert!(size_of::<Thread>() == 2 * size_of::<usize>());
