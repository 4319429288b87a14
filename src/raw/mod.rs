//! The algorithms, like Python's `_thread`: words and verbs.
//!
//! Each primitive is a few words for which all-zero means free, unset or empty, made by a `const fn new()` (for
//! the threads of this process) or `shared()` (to be placed in a mapping that several processes see). One text serves
//! both, and the models.
//!
//! The names are used from here. Each module is public for the text at its head: states, invariants, memory order and
//! fairness, which is where to study a primitive.
//!
//! | protocol | bytes | words | sleeps on |
//! |---|---|---|---|
//! | [`lock`] | 8 | the lock, its sleepers | its sleepers |
//! | [`biased`] | 24 | a lock, who keeps it and whether that one is idle, who had it last | the lock's |
//! | [`rlock`] | 16 | a lock, owner, depth | the lock's |
//! | [`event`] | 4 | flags and generation | that word |
//! | [`semaphore`] | 20 | permits, limit, sleepers, a lock | its sleepers; who wants several, first on the lock |
//! | [`barrier`] | 20 | parties, phase, a lock, a count | the phase |
//! | [`condition`] | 36 | a lock, four numbers, two words, a count | one of the two words |
//! | [`ring`], over [`segments`](ring::segments) | 512, and the items | two positions, each behind a lock; tasks; three sleepers | room, items, the end of all tasks |
//! | [`pile`] | | a stack or a heap behind one lock | as a ring |
//! | [`thread`], by [`stage`] | 8, and a record | the stage of its end | the stage |
//! | [`fuse`] | 12, and the charge | a lock, a stage | the stage |
//!
//! [`sleepers`] is the waiting protocol of all that hands out units, [`turn`] what comes of it; [`guarded`] puts data
//! under a lock; [`buffer`] has the verbs of every queue; [`local`] says which ids are in use; `brief` is the lock of
//! what the crate keeps of its own, which a fork waits for; [`spin`] says how long to look before sleeping; threads
//! that borrow are in a [`scope`](mod@scope).
//!
//! Every wait goes through [`Futex::wait`](crate::sys::Futex::wait): a thread that waits uses no CPU after the looks of
//! [`spin`], some tens of microseconds at most. Nothing here is undone by a panic or by the end of a thread: a word
//! that says "held" stays so. Queues, ids, the start of a thread, `scope`, `at_end` and `set_os_name` allocate; nothing
//! else does.

pub mod barrier;
pub mod biased;
#[cfg_attr(not(any(loom, shuttle)), expect(unreachable_pub, reason = "public in the models"))]
mod brief;
pub mod buffer;
pub mod condition;
pub mod event;
pub mod fuse;
pub mod guarded;
pub mod local;
pub mod lock;
pub mod pile;
pub mod ring;
pub mod rlock;
pub mod scope;
pub mod semaphore;
pub mod sleepers;
pub mod spin;
pub mod stage;
#[cfg(not(any(loom, shuttle)))]
mod system;
pub mod thread;
pub mod turn;

pub(crate) use brief::Brief;
#[cfg(any(loom, shuttle))]
pub use brief::Gate;

pub use crate::sys::Deadline;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use crate::sys::atomic::{AtomicU64, Ordering};
pub use crate::sys::identity::{MAIN_IDENT, ident as get_ident, native_id as get_native_id};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use local::{LOCALS, LocalId};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use scope::scope_with;
pub(crate) use stage::Stage;
#[cfg(not(any(loom, shuttle)))]
pub use system::*;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use system::{forks, stayed_behind};

#[doc(inline)]
pub use self::{
    barrier::{Barrier, BrokenBarrier},
    biased::BiasedLock,
    buffer::{Buffer, Flow, Passage, Refused, Room, Stock, TooManyTaskDone},
    condition::Condition,
    event::Event,
    fuse::Fuse,
    guarded::{Exclusive, Guard, Guarded, RawLock, Waitable},
    local::Ids,
    lock::{Lock, ReleaseUnlocked},
    pile::{Order, Pile, PileSide},
    ring::{
        Ring, RingRoom, RingStock,
        segments::{Cursor, Home, Segments},
        storage::{Inline, Storage},
    },
    rlock::{CountOverflow, NotOwner, RLock},
    scope::{ThreadScope, scope},
    semaphore::{OverRelease, Semaphore},
    sleepers::Sleepers,
    thread::{Handle, Itself, Options, StartError, discard, start_joinable_thread, start_new_thread},
    turn::Turn,
};
