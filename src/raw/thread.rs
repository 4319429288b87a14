//! Threads: started detached or with a [`Handle`], and joined by any number of others.
//!
//! | `life` | thread |
//! |---|---|
//! | `RUNNING` | has been started; it may not have taken its first step |
//! | `ENDED` | has run its closure, its thread-local destructors and those of pthread keys: only the system's part is left |
//!
//! | `reaping` | thread |
//! |---|---|
//! | `UNCLAIMED` | nobody has asked the system for its end |
//! | `CLAIMED` | one joiner has, and waits |
//! | `REAPED` | gone, with its stack |
//!
//! | `native_id` | thread |
//! |---|---|
//! | 0 | has not taken its first step |
//! | the kernel's number of it | has its number and its name |
//!
//! ```text
//!               the thread itself
//!    RUNNING ──────────────────────► ENDED
//!               the first joiner              the same, after pthread_join
//!  UNCLAIMED ──────────────────────► CLAIMED ──────────────────────────────► REAPED
//!               the thread's first step
//!          0 ──────────────────────► the kernel's number
//! ```
//!
//! A joiner with a deadline waits for `ENDED` before it claims, as the system's join cannot be given up. One without
//! claims at once: it sleeps once, where two steps would be two sleeps.
//!
//! I1  The system's join succeeds once: for whoever claims. If nobody has when the last handle is dropped, that drop
//!     detaches the thread, and there is nobody left to claim.
//! I2  The thread holds its record until its last access to it, so no joiner can free what it wakes by.
//! I3  A join that succeeds has seen `REAPED`: what it returns to is a process without that thread. It can be joined
//!     again, by anyone, and finds the same.
//! I4  In a forked child, the system's handle of a thread that stayed behind names nothing, or another thread: it is
//!     not used. Such a thread counts as gone. Who forked is still itself.

use core::any::Any;
use core::fmt;
use std::io;
use std::sync::Arc;

use super::{Stage, spin};
use crate::sys::thread::{self, Native};
use crate::sys::{Deadline, identity};

const RUNNING: u32 = 0;
const ENDED: u32 = 1;

const UNCLAIMED: u32 = 0;
const CLAIMED: u32 = 1;
const REAPED: u32 = 2;

/// How a thread is to be started. Each is for one thread: the ident is reserved here.
#[derive(Debug)]
pub struct Options {
    ident: u64,
    stack_size: Option<usize>,
    name: Option<Arc<str>>,
}

impl Options {
    /// A stack of the size that [`stack_size`](super::stack_size) says, and the name of the process.
    pub fn new() -> Self {
        Self { ident: identity::reserve_ident(), stack_size: None, name: None }
    }

    /// The stack's size in bytes, rounded up to what the system can give; 0 is the system's default.
    #[must_use]
    pub fn stack_size(self, bytes: usize) -> Self {
        Self { stack_size: Some(bytes), ..self }
    }

    /// The name by which the operating system shows the thread; it keeps the first 15 bytes.
    #[must_use]
    pub fn name(self, name: impl Into<Arc<str>>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The ident that the thread will have.
    pub fn ident(&self) -> u64 {
        self.ident
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// What a thread and its handles share.
#[derive(Debug)]
struct Record {
    life: Stage,
    native_id: Stage,
}

#[derive(Debug)]
struct Joinable {
    ident: u64,
    /// In which process it was started; see [`identity::stayed_behind`].
    forks: u32,
    record: Arc<Record>,
    native: Native,
    reaping: Stage,
}

impl Joinable {
    fn stayed_behind(&self) -> bool {
        identity::stayed_behind(self.ident, self.forks)
    }
}

impl Drop for Joinable {
    fn drop(&mut self) {
        if self.reaping.get() != REAPED && !self.stayed_behind() {
            // SAFETY: not joined, as the handle that called join would be alive until `REAPED` (I1); of this process
            // (I4); dropped once.
            unsafe { self.native.detach() };
        }
    }
}

/// A thread that has been started: a pointer to its record. Clones are of the same thread; once all are dropped, it
/// goes on by itself.
///
/// Any thread may have one, or share one, and join through it: it carries nothing of what the closure took or gave.
#[derive(Clone)]
pub struct Handle(Arc<Joinable>);

/// The thread to be joined is the caller: it would wait for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Itself;

/// The system refused a thread.
pub struct StartError<F> {
    /// What the system said.
    pub error: io::Error,
    /// What was to run, not called.
    pub f: F,
}

/// Starts a thread that runs `f`, and is never waited for: neither by anyone nor at the process's end.
///
/// Gives its ident. A panic in `f` ends the thread only, after the process's panic hook has run.
///
/// # Errors
///
/// The system's, above all `WouldBlock` (`EAGAIN`): no memory for a stack, or too many threads.
pub fn start_new_thread(f: impl FnOnce() + Send + 'static) -> io::Result<u64> {
    let handle = start_joinable_thread(Options::new(), f).map_err(|refused| refused.error)?;
    Ok(handle.ident())
}

/// Starts a thread that runs `f`. What was done before is visible to it.
///
/// A panic in `f` ends the thread only, after the process's panic hook has run; its payload is dropped there.
/// `raw::exit` ends it too; `pthread_exit` cannot: its unwinding ends the process where panics are caught.
///
/// # Errors
///
/// What the system said, and `f` back: nothing has happened.
///
/// ```
/// use underthread::raw::{Options, start_joinable_thread};
///
/// let thread = start_joinable_thread(Options::new(), || ()).unwrap();
/// thread.join().unwrap();
/// assert!(thread.is_done());
/// ```
pub fn start_joinable_thread<F: FnOnce() + Send + 'static>(options: Options, f: F) -> Result<Handle, StartError<F>> {
    // SAFETY: nothing is borrowed.
    unsafe { start_borrowing(options, f) }
}

/// As [`start_joinable_thread`], for a closure that borrows.
///
/// # Safety
///
/// What `f` borrows lives until the thread has been joined.
pub(super) unsafe fn start_borrowing<F: FnOnce() + Send>(options: Options, f: F) -> Result<Handle, StartError<F>> {
    let (ident, forks) = (options.ident, identity::forks());
    let record = Arc::new(Record { life: Stage::new(), native_id: Stage::new() });
    // I2: this clone is the thread's own until after the wake.
    let ending = Arc::clone(&record);
    let stack_size = options.stack_size;
    let argument = (f, options, Arc::clone(&record));
    // SAFETY: by our caller.
    let started = unsafe { thread::start(stack_size, run, argument, move || ending.life.advance(ENDED)) };
    match started {
        Ok(native) => Ok(Handle(Arc::new(Joinable { ident, forks, record, native, reaping: Stage::new() }))),
        Err((error, (f, ..))) => Err(StartError { error, f }),
    }
}

/// The first and the last step of a thread in our text.
fn run<F: FnOnce()>((f, options, record): (F, Options, Arc<Record>)) {
    identity::adopt_ident(options.ident);
    let native_id = identity::native_id();
    if let Some(name) = options.name {
        // A thread without its name is still a thread.
        let _ = identity::set_os_name(native_id, &name);
    }
    // After the name: who waits for the number in order to rename us comes second.
    record.native_id.advance(native_id);
    drop(record);
    if let Err(payload) = thread::contain(f) {
        discard(payload);
    }
}

/// Drops a panic's payload. A panic in that drop goes no further, nor does that panic's payload, which is never freed.
pub fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = thread::contain(|| drop(payload)) {
        core::mem::forget(again);
    }
}

impl Handle {
    /// The thread's ident, which no other thread of this process ever has.
    pub fn ident(&self) -> u64 {
        self.0.ident
    }

    /// The kernel's number of the thread. Waits for the thread's first step, if need be; 0 in a forked child, if that
    /// step had not come before the fork; there it is the number that the thread had in the parent, also of who forked.
    pub fn native_id(&self) -> u32 {
        if !self.0.stayed_behind() {
            self.0.record.native_id.wait_past(0, None);
        }
        self.0.record.native_id.get()
    }

    /// Whether the thread has come to its end; what it did is visible then.
    pub fn is_done(&self) -> bool {
        self.0.record.life.get() != RUNNING || self.0.stayed_behind()
    }

    /// Waits until the thread is gone: its thread-local destructors have run, and the system has reaped it.
    ///
    /// # Errors
    ///
    /// [`Itself`] if the thread joins itself.
    pub fn join(&self) -> Result<(), Itself> {
        self.join_until(None).map(drop)
    }

    /// As [`join`](Self::join), or gives `false` once `deadline` has passed.
    ///
    /// The one joiner that asks the system may be late by what the system takes to reap a thread that has ended.
    ///
    /// # Errors
    ///
    /// [`Itself`] if the thread joins itself.
    pub fn join_until(&self, deadline: Option<Deadline>) -> Result<bool, Itself> {
        if identity::ident() == self.0.ident {
            return Err(Itself);
        }
        if self.0.stayed_behind() {
            return Ok(true);
        }
        let Joinable { record, native, reaping, .. } = &*self.0;
        if deadline.is_some() && !record.life.wait_past(RUNNING, deadline) {
            return Ok(false);
        }
        if reaping.claim(UNCLAIMED, CLAIMED) {
            // SAFETY: claimed, so nobody else does, and none has succeeded (I1); another thread, as checked above.
            if !spin::yielding(deadline, || unsafe { native.try_join() }) {
                // SAFETY: as above.
                while !unsafe { native.join() } {
                    // The system sees two threads that join each other; so do we wait, until one of them ends after
                    // all.
                    record.life.wait_past(RUNNING, None);
                }
            }
            reaping.advance(REAPED);
        }
        Ok(reaping.wait_past(CLAIMED, deadline))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Handle").field("ident", &self.ident()).field("is_done", &self.is_done()).finish()
    }
}

impl<F> fmt::Debug for StartError<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StartError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for StartError<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the system refused a thread: {}", self.error)
    }
}

impl<F> core::error::Error for StartError<F> {}

impl fmt::Display for Itself {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a thread cannot join itself")
    }
}

impl core::error::Error for Itself {}

const _: () = assert!(size_of::<Handle>() == size_of::<usize>());
