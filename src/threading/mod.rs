//! Python's `threading`: raw primitives with guards, `Duration`s and bookkeeping.
//!
//! | | type | given back by |
//! |---|---|---|
//! | one at a time | [`Lock`], [`RLock`] | dropping the guard |
//! | so many at a time | [`Semaphore`], [`BoundedSemaphore`] | dropping the [`Permit`] |
//! | until something holds | [`Condition`], with the guard of a lock | |
//! | until told | [`Event`] | |
//! | until all are there | [`Barrier`] | |
//! | a thread, and its end | [`Thread`], [`scope`], [`Timer`] | |
//! | a value for each thread | [`Local`] | |
//!
//! A method called `…_timeout` takes a `Duration`: zero looks once, and what no clock can name, such as
//! `Duration::MAX`, is for ever. It is never early. A thread that waits spins and yields for some microseconds and then
//! sleeps. A panic releases what it unwinds; nothing is poisoned. When the process exits it waits for every [`Thread`]
//! that is no daemon: see [`register_atexit`].
#![forbid(unsafe_code)]

mod barrier;
mod condition;
mod event;
mod excepthook;
mod exit;
mod local;
mod lock;
mod outcome;
mod record;
mod registry;
mod rlock;
mod scope;
mod semaphore;
mod thread;
mod timer;
mod work;

pub use crate::raw::{StackTooSmall, TIMEOUT_MAX, get_ident, get_native_id, stack_size};
pub use barrier::{Barrier, BrokenBarrier};
pub use condition::Condition;
pub use event::Event;
pub use excepthook::{ExceptHook, ExceptHookArgs, set_excepthook};
pub use exit::{Finalizing, register_atexit, shutdown_timeout};
pub use local::{AccessError, Local};
pub use lock::{Lock, LockGuard};
pub use outcome::{JoinError, NoResult, StartError};
pub use registry::{active_count, current_thread, enumerate, main_thread};
pub use rlock::{RLock, RLockGuard};
pub use scope::{Scope, ScopedThread, scope};
pub use semaphore::{BoundedSemaphore, OverRelease, Permit, Semaphore};
pub use thread::Thread;
pub use timer::Timer;
