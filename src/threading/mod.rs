//! Python's `threading`: raw primitives with guards, `Duration`s and bookkeeping.
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
