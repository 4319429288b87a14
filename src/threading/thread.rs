//! `Thread`: a record that handles share, and the closure's result.
//!
//! Locks, in the order in which they may be taken: a record's `life`, then the registry. A result's own lock is never
//! held with another. No user code runs under any of them.

use std::any::Any;
use std::fmt;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::exit::Finalizing;
use super::{excepthook, registry};
use crate::raw::{self, Deadline, Guarded, Handle, Lock, Options, Stage};

/// What all handles of a thread share, whatever its result.
pub(super) struct Record {
    life: Guarded<Lock, Life>,
    /// Stage 0 until a thread that was not started here has ended.
    gone: Stage,
}

struct Life {
    name: Arc<str>,
    daemon: bool,
    stack_size: Option<usize>,
    origin: Origin,
}

enum Origin {
    New,
    Started(Handle),
    Main,
    Dummy { ident: u64, native_id: u32 },
}

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

pub(super) type SharedWork<'a, T> = Arc<Guarded<Lock, Work<'a, T>>>;

/// A thread: described by [`new`](Self::new), set going by [`start`](Self::start), waited for by [`join`](Self::join).
///
/// A handle, cheap to clone; clones are of the same thread. Dropping all of them lets the thread go on by itself.
/// A thread that is no daemon is waited for when the process ends; see [`register_atexit`](super::register_atexit).
/// A panic in the closure goes to the excepthook ([`set_excepthook`](super::set_excepthook)), and then to whoever takes
/// the result.
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

/// Why a thread was not started. It may be tried again, unless it was `AlreadyStarted`.
#[derive(Debug)]
pub enum StartError {
    /// It has been started before; it may have ended since.
    AlreadyStarted,
    /// The process is at its end.
    Finalizing,
    /// The system refused; most often no memory for the stack, or too many threads.
    System(io::Error),
}

/// Why a thread cannot be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// It has not been started.
    NotStarted,
    /// It is the caller, who would wait for ever.
    Itself,
    /// It was not started by this module.
    Foreign,
}

/// Why there is no result.
#[derive(Debug)]
pub enum NoResult {
    /// The thread cannot be joined.
    NotJoined(JoinError),
    /// The closure panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// The thread ended by [`raw::exit`].
    Exited,
    /// Another handle has taken it, or this one carries none.
    Taken,
}

impl<T: Send + 'static> Thread<T> {
    /// Describes a thread that will run `f`. Nothing starts.
    ///
    /// It is called `Thread-N`, has the stack size that [`stack_size`](super::stack_size) says, and is a daemon if the
    /// calling thread is one.
    pub fn new(f: impl FnOnce() -> T + Send + 'static) -> Self {
        let work = Guarded::new(Lock::new(), Work::Waiting(Box::new(f)));
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

/// In the new thread: the closure, from where it waited to its outcome.
pub(super) fn perform<T>(work: &Guarded<Lock, Work<'_, T>>, thread: &Thread) {
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
    pub(super) fn take(this: &Guarded<Lock, Self>) -> Result<T, NoResult> {
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

impl Record {
    fn of(name: Arc<str>, daemon: bool, origin: Origin) -> Self {
        let life = Life { name, daemon, stack_size: None, origin };
        Self { life: Guarded::new(Lock::new(), life), gone: Stage::new() }
    }

    pub(super) fn new() -> Self {
        let (number, daemon) = registry::number_and_daemon();
        Self::of(format!("Thread-{number}").into(), daemon, Origin::New)
    }

    pub(super) fn main() -> Self {
        Self::of("MainThread".into(), false, Origin::Main)
    }

    pub(super) fn dummy(name: Arc<str>, ident: u64, native_id: u32) -> Self {
        Self::of(name, true, Origin::Dummy { ident, native_id })
    }

    pub(super) fn start(
        this: &Arc<Self>,
        create: impl FnOnce(Options, Thread) -> io::Result<Handle>,
    ) -> Result<(), StartError> {
        // Held until the system has answered: whoever wants to join waits for the handle here.
        let mut life = this.life.acquire();
        if !matches!(life.origin, Origin::New) {
            return Err(StartError::AlreadyStarted);
        }
        let mut options = Options::new().name(Arc::clone(&life.name));
        if let Some(bytes) = life.stack_size {
            options = options.stack_size(bytes);
        }
        let ident = options.ident();
        registry::enter(ident, this, life.daemon).map_err(|Finalizing| StartError::Finalizing)?;
        match create(options, Thread::of(Arc::clone(this))) {
            Ok(handle) => life.origin = Origin::Started(handle),
            Err(error) => {
                registry::leave(ident);
                return Err(StartError::System(error));
            }
        }
        Ok(())
    }

    #[track_caller]
    fn describe(&self, change: impl FnOnce(&mut Life)) {
        let mut life = self.life.acquire();
        let new = matches!(life.origin, Origin::New);
        if new {
            change(&mut life);
        }
        drop(life);
        assert!(new, "a thread is described before it is started");
    }

    /// Ends one that was not started here.
    pub(super) fn end(&self) {
        self.gone.advance(1);
    }

    pub(super) fn join_until(&self, deadline: Option<Deadline>) -> Result<bool, JoinError> {
        let handle = match &self.life.acquire().origin {
            Origin::New => return Err(JoinError::NotStarted),
            Origin::Dummy { .. } => return Err(JoinError::Foreign),
            Origin::Main => None,
            Origin::Started(handle) => Some(handle.clone()),
        };
        match handle {
            Some(handle) => handle.join_until(deadline).map_err(|raw::Itself| JoinError::Itself),
            None if raw::is_main() => Err(JoinError::Itself),
            None => Ok(self.gone.wait_past(0, deadline)),
        }
    }

    fn is_alive(&self) -> bool {
        match &self.life.acquire().origin {
            Origin::New => false,
            Origin::Started(handle) => !handle.is_done(),
            Origin::Main | Origin::Dummy { .. } => self.gone.get() == 0,
        }
    }
}

impl Life {
    fn ident(&self) -> Option<u64> {
        match &self.origin {
            Origin::New => None,
            Origin::Started(handle) => Some(handle.ident()),
            Origin::Main => Some(raw::MAIN_IDENT),
            Origin::Dummy { ident, .. } => Some(*ident),
        }
    }

    fn native_id(&self) -> Option<u32> {
        match &self.origin {
            Origin::New => None,
            Origin::Started(handle) => Some(handle.native_id()),
            Origin::Main => raw::main_native_id(),
            Origin::Dummy { native_id, .. } => Some(*native_id),
        }
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

    /// The kernel's number of the thread, once started; may wait for the thread's first step. `None` for the main thread
    /// where the system does not tell.
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
        if matches!(&life.origin, Origin::Started(handle) if handle.is_done()) {
            return;
        }
        if let Some(id) = life.native_id() {
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
        match self.record.life.try_acquire() {
            Some(life) => debug.field("name", &life.name).field("ident", &life.ident()).field("daemon", &life.daemon),
            None => debug.field("name", &"<locked>"),
        };
        debug.finish_non_exhaustive()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => formatter.write_str("the thread has been started before"),
            Self::Finalizing => Finalizing.fmt(formatter),
            Self::System(error) => write!(formatter, "the system refused a thread: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::System(error) = self { Some(error) } else { None }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotStarted => "join of a thread that has not been started",
            Self::Itself => "a thread cannot join itself",
            Self::Foreign => "join of a thread that was not started by this module",
        })
    }
}

impl std::error::Error for JoinError {}

impl fmt::Display for NoResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJoined(error) => error.fmt(formatter),
            Self::Panicked(payload) => {
                write!(formatter, "the thread panicked: {}", excepthook::message(&**payload).unwrap_or("no message"))
            }
            Self::Exited => formatter.write_str("the thread has exited"),
            Self::Taken => formatter.write_str("the result is not here any more"),
        }
    }
}

impl std::error::Error for NoResult {}
