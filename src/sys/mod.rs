//! All that differs by operating system, CPU or model checker: the ladder that chooses, and nothing else.
//!
//! | module | gives | linux | macOS, or `--cfg underthread_pthread` | `--cfg loom` | `--cfg shuttle` |
//! |---|---|---|---|---|---|
//! | [`atomic`] | atomics, cells | core's | core's | loom's, each operation a named site | shuttle's; cells that catch two at once |
//! | [`Futex`] | sleep on a word | system call | hashed mutex + condition buckets | a kernel that gives no order | a kernel that chooses at random |
//! | [`fence`] | store–load order, paid by the sleeper | membarrier | full fences | both, and membarrier's contract | nothing: every step is in order |
//! | [`Deadline`] | a point in time | `CLOCK_MONOTONIC` | the same | has passed, or never will | passes at random |
//! | [`thread`] | threads | pthread | pthread | loom's threads | shuttle's threads |
//! | [`identity`] | who a thread is, how many CPUs | system calls | libc, what it has | loom's numbers | shuttle's numbers |
//!
//! The column of pthread is tested on Linux. For macOS it passes `cargo check` and was never run; on other Unixes it
//! does not compile.
//!
//! For tests, `--cfg underthread_chaos` disturbs [`Futex`] and [`fence`] in all that they allow.
//!
//! The layers above use these names only. This one is public so that other primitives can be built, and
//! model-checked, on the same ground; its names may change in any minor release.

/// `const fn` everywhere but under loom, whose atomics cannot be made in a constant.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$attribute])* $visibility const fn $($rest)*
        #[cfg(loom)]
        $(#[$attribute])* $visibility fn $($rest)*
    };
}
pub(crate) use const_fn;

pub mod atomic;
#[cfg(all(not(any(loom, shuttle)), underthread_chaos))]
#[path = "fence.rs"]
#[expect(unreachable_pub, reason = "public where it is not disturbed")]
mod calm_fence;
#[cfg(all(not(any(loom, shuttle)), underthread_chaos))]
mod chaos;
mod deadline;
#[cfg(any(loom, not(any(shuttle, underthread_chaos))))]
pub mod fence;
mod futex;
#[cfg(not(any(loom, shuttle)))]
pub mod identity;
mod lazy;
#[cfg(not(any(loom, shuttle)))]
mod membarrier;
#[cfg(not(any(loom, shuttle)))]
pub mod thread;

#[cfg(loom)]
#[path = "loom/mod.rs"]
mod backend;
#[cfg(shuttle)]
#[path = "shuttle/mod.rs"]
mod backend;
#[cfg(all(not(any(loom, shuttle)), target_os = "linux", not(underthread_pthread)))]
#[path = "linux.rs"]
mod system;
#[cfg(all(not(any(loom, shuttle)), any(not(target_os = "linux"), underthread_pthread)))]
#[path = "pthread.rs"]
mod system;

#[cfg(all(not(any(loom, shuttle)), underthread_chaos))]
use chaos::futex as backend;
#[cfg(not(any(loom, shuttle, underthread_chaos)))]
use system as backend;

#[cfg(shuttle)]
pub use backend::fence;
#[cfg(loom)]
use backend::membarrier;
#[cfg(any(loom, shuttle))]
pub(crate) use backend::thread_local;
#[cfg(any(loom, shuttle))]
pub use backend::{model, thread, thread as identity};
#[cfg(all(not(any(loom, shuttle)), underthread_chaos))]
pub use chaos::fence;
pub use deadline::Deadline;
pub use futex::{Futex, MATCH_ANY};
pub use lazy::LazyNumber;

/// Who may wait on a word: the threads of this process, or those of every process that maps it.
///
/// Sealed: [`Private`] and [`Shared`] are all there is.
pub trait Scope: sealed::Sealed + core::fmt::Debug + Send + Sync + 'static {
    /// Whether waiters may be in other processes.
    const SHARED: bool;
}

/// Threads of this process only: the cheaper futex, and releases without a fence.
#[derive(Debug)]
pub enum Private {}

/// Threads of every process that maps the word.
///
/// A shared primitive lives in a mapping that all of them see (all-zero bytes are a valid start), and holds no
/// pointers. Nobody notices when a process dies while it holds one; and what was just then on its way to that process,
/// not granted yet, nobody can release.
#[derive(Debug)]
pub enum Shared {}

impl Scope for Private {
    const SHARED: bool = false;
}

impl Scope for Shared {
    const SHARED: bool = true;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Private {}
    impl Sealed for super::Shared {}
}
