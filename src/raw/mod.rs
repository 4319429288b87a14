//! The algorithms, like Python's `_thread`: words and verbs, no data, no guards, no allocation.
//!
//! Each primitive is a few `u32` words for which all-zero means free, unset or empty, made by a `const fn new()` (for
//! the threads of this process) or `shared()` (to be placed in a mapping that several processes see). One text serves
//! both, and the models.
//!
//! The names are used from here. Each module is public for the text at its head: states, invariants, memory order and
//! fairness, which is where to study a primitive.
//!
//! | protocol | bytes | |
//! |---|---|---|
//! | [`lock`] | 8 | one holder, any thread releases |
//! | [`rlock`] | 16 | one holder, as deep as it likes |
//! | [`event`] | 4 | a flag to wait for |
//! | [`condition`] | 36 | waits that are notified, and counted |
//! | [`semaphore`] | 20 | permits |
//! | [`barrier`] | 20 | threads that wait for each other |
//! | [`ring`], over [`segments`] | 512 | a queue whose two ends do not meet |
//! | [`pile`] | | a queue under one lock, in a container's order |
//! | [`thread`] | | start, join, end, by [`stage`]; borrowing ones in a [`scope`](mod@scope) |
//! | under all: [`sleepers`], [`guarded`], [`buffer`], [`spin`] | | who sleeps; who may look; what queues share; when not to sleep |
//!
//! Every wait goes through [`Futex::wait`](crate::sys::Futex::wait): a thread that waits uses no CPU after a spin of
//! at most [`spin::LIMIT`] looks. Nothing here is undone by a panic or by the end of a thread: a word that says
//! "held" stays so.

pub mod barrier;
pub mod buffer;
pub mod condition;
pub mod event;
pub mod guarded;
#[cfg(not(loom))]
mod local;
pub mod lock;
pub mod pile;
pub mod ring;
pub mod rlock;
pub mod scope;
pub mod segments;
pub mod semaphore;
pub mod sleepers;
pub mod spin;
pub mod stage;
#[cfg(not(loom))]
mod system;
pub mod thread;

pub use crate::sys::Deadline;
pub use crate::sys::identity::{MAIN_IDENT, ident as get_ident, native_id as get_native_id};
#[cfg(not(loom))]
pub(crate) use local::{LocalId, is_live, retired};
#[cfg(not(loom))]
pub(crate) use scope::scope_with;
pub(crate) use stage::Stage;
#[cfg(not(loom))]
pub use system::*;
#[cfg(not(loom))]
pub(crate) use system::{forks, stayed_behind};

#[doc(inline)]
pub use self::{
    barrier::{Barrier, BrokenBarrier},
    buffer::{Buffer, Flow, Passage, Refused, Room, Stock, TooManyTaskDone},
    condition::Condition,
    event::Event,
    guarded::{Exclusive, Guard, Guarded, RawLock, Waitable},
    lock::{Lock, ReleaseUnlocked},
    pile::{Order, Pile, PileSide},
    ring::{Ring, RingRoom, RingStock},
    rlock::{CountOverflow, NotOwner, RLock},
    scope::{ThreadScope, scope},
    segments::{Cursor, Inline, Segments, Storage},
    semaphore::{OverRelease, Semaphore},
    sleepers::{Sleepers, Turn},
    thread::{Handle, Itself, Options, StartError, discard, start_joinable_thread, start_new_thread},
};
