//! The algorithms, like Python's `_thread`: words and verbs, no data, no guards, no allocation.
//!
//! Each primitive is a few `u32` words for which all-zero means free, unset or empty, made by a `const fn new()` (for
//! the threads of this process) or `shared()` (to be placed in a mapping that several processes see). One text serves
//! both, and the models.
//!
//! Every wait goes through [`Futex::wait`](crate::sys::Futex::wait): a thread that waits uses no CPU after a spin of
//! at most [`spin::LIMIT`] looks. Nothing here is undone by a panic or by the end of a thread: a word that says
//! "held" stays so.

mod barrier;
mod buffer;
mod condition;
mod event;
mod guarded;
mod lock;
mod pile;
mod ring;
mod rlock;
mod segments;
mod semaphore;
mod sleepers;
pub mod spin;
mod thread;

pub use crate::sys::Deadline;
pub use condition::Condition;
pub use guarded::{Exclusive, Guard, Guarded, RawLock, Waitable};
pub use lock::{Lock, ReleaseUnlocked};
pub use rlock::{CountOverflow, NotOwner, RLock};
pub use sleepers::{Sleepers, Turn};

pub use crate::sys::Deadline;

pub use barrier::{Barrier, BrokenBarrier};
pub use event::Event;
pub use semaphore::{OverRelease, Semaphore};
pub use buffer::{Buffer, Flow, Refused, TooManyTaskDone};
pub use guarded::{Exclusive, Guard, Guarded, RawLock};
pub use lock::{Lock, ReleaseUnlocked};
pub use pile::{Order, Pile};
pub use ring::Ring;
pub use segments::{Cursor, Inline, Segments, Storage};
pub use sleepers::{Sleepers, Turn};

pub use crate::sys::Deadline;
