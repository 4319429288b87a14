//! The algorithms, like Python's `_thread`: words and verbs.
//!
//! Each primitive is a few words for which all-zero means free, unset or empty, made by a `const fn new()` (for
//! the threads of this process) or `shared()` (to be placed in a mapping that several processes see). One text serves
//! both, and the models.
//!
//! | primitive | bytes | words | sleeps on |
//! |---|---|---|---|
//! | [`Lock`] | 8 | the lock, its sleepers | its sleepers |
//! | [`RLock`] | 16 | a lock, owner, depth | the lock's |
//! | [`Event`] | 4 | flags and generation | that word |
//! | [`Semaphore`] | 20 | permits, limit, sleepers, a lock | its sleepers; who wants several, first on the lock |
//! | [`Barrier`] | 20 | parties, phase, a lock, a count | the phase |
//! | [`Condition`] | 36 | a lock, four numbers, two words, a count | one of the two words |
//! | [`Ring`] | 512, and the items | two positions, each behind a lock; tasks; three sleepers | room, items, the end of all tasks |
//! | a thread's [`Handle`] | 8, and a record | the stage of its end | the stage |
//!
//! [`Sleepers`] is the waiting protocol of all that hands out units. [`Guarded`] puts data under a lock; [`Pile`] puts
//! a stack or a heap behind [`Buffer`], the verbs of every queue.
//!
//! Every wait goes through [`Futex::wait`](crate::sys::Futex::wait): a thread that waits uses no CPU after a spin of
//! at most [`spin::LIMIT`] looks. Nothing here is undone by a panic or by the end of a thread: a word that says
//! "held" stays so. Queues and the start of a thread allocate; nothing else does.

mod barrier;
mod buffer;
mod condition;
mod event;
mod guarded;
#[cfg(not(loom))]
mod local;
mod lock;
mod pile;
mod ring;
mod rlock;
mod scope;
mod segments;
mod semaphore;
mod sleepers;
pub mod spin;
mod stage;
#[cfg(not(loom))]
mod system;
mod thread;

pub use crate::sys::Deadline;
pub use crate::sys::thread::{MAIN_IDENT, ident as get_ident, native_id as get_native_id};
pub use barrier::{Barrier, BrokenBarrier};
pub use buffer::{Buffer, Flow, Refused, TooManyTaskDone};
pub use condition::Condition;
pub use event::Event;
pub use guarded::{Exclusive, Guard, Guarded, RawLock, Waitable};
#[cfg(not(loom))]
pub(crate) use local::{LocalId, is_live, retired};
pub use lock::{Lock, ReleaseUnlocked};
pub use pile::{Order, Pile};
pub use ring::Ring;
pub use rlock::{CountOverflow, NotOwner, RLock};
#[cfg(not(loom))]
pub(crate) use scope::scope_with;
pub use scope::{Scope, scope};
pub use segments::{Cursor, Inline, Segments, Storage};
pub use semaphore::{OverRelease, Semaphore};
pub use sleepers::{Sleepers, Turn};
pub(crate) use stage::Stage;
#[cfg(not(loom))]
pub use system::*;
pub use thread::{Handle, Itself, Options, StartError, discard, start_joinable_thread, start_new_thread};
