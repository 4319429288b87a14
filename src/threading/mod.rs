//! Python's `threading`: raw primitives with guards, `Duration`s and bookkeeping.
#![forbid(unsafe_code)]

mod barrier;
mod condition;
mod event;
mod exit;
mod local;
mod lock;
mod rlock;
mod semaphore;
mod thread;
mod timer;

pub use condition::Condition;
pub use lock::{Lock, LockGuard};
pub use rlock::{RLock, RLockGuard};
pub use barrier::{Barrier, BrokenBarrier};
pub use event::Event;
pub use semaphore::{BoundedSemaphore, OverRelease, Permit, Semaphore};
