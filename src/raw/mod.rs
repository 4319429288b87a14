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
pub use crate::sys::identity::{MAIN_IDENT, ident as get_ident, native_id as get_native_id};
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
pub use scope::{ThreadScope, scope};
pub use segments::{Cursor, Inline, Segments, Storage};
pub use semaphore::{OverRelease, Semaphore};
pub use sleepers::{Sleepers, Turn};
pub(crate) use stage::Stage;
#[cfg(not(loom))]
pub use system::*;
#[cfg(not(loom))]
pub(crate) use system::{forks, stayed_behind};
pub use thread::{Handle, Itself, Options, StartError, discard, start_joinable_thread, start_new_thread};
