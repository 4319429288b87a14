//! The asymmetric fence: store–load order whose price the rare side pays for both: who is about to sleep, or to take a lock
//! from the thread that keeps it.
//!
//! Two threads each store to a word of their own and then load the other's. That at least one of them sees the
//! other's store needs a full fence on both sides. [`light`] and [`heavy`] promise the same for a light side against
//! a heavy side (two light sides promise nothing): light is a compiler fence, heavy runs a full fence on every CPU
//! that is running a thread of this process, by `membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)`. In the light
//! thread's program order that fence falls before its store (then its load sees ours), after its load (then its
//! store is visible to our load), or between (then both).
//!
//! That holds on any CPU, however weakly it orders: interrupts are precise, so the fence that the kernel runs in one
//! has a place in the program order of what it interrupts, and a CPU that runs no thread of ours has passed a full
//! fence on the way from the last and will pass one on the way to the next. What is left to forbid is the compiler's
//! moves, and that is all the kernel asks of the partner of a membarrier, on every architecture that has it.
//!
//! Without membarrier, and for [`Shared`](super::Shared) words, both sides are `fence(SeqCst)`: the algorithms above are
//! the same text. The models run both forms, with what membarrier promises and no more (`loom/membarrier.rs`).
//!
//! | mode | light | heavy |
//! |---|---|---|
//! | `UNDECIDED` | full fence | decides, then as decided |
//! | `MEMBARRIER` | compiler fence | membarrier |
//! | `SWITCHING` | full fence | membarrier |
//! | `SYMMETRIC` | full fence | full fence |
//!
//! I1  A light side is weak only if it has seen `MEMBARRIER`, after its store: so a membarrier that comes after the end
//!     of `MEMBARRIER` falls behind the store of each side that is weak.
//! I2  A heavy side does without membarrier only if it has seen `SYMMETRIC`, which is stored only where `MEMBARRIER`
//!     never was, or after a membarrier that came after its end. Then what a weak side has stored is visible (I1).
//!
//! The mode is decided before `main`, where there is one thread and registering costs a microsecond; with threads
//! running it would cost milliseconds. Names after C++ P1202, *Asymmetric Fences* (Goldblatt).

#[cfg(not(loom))]
use super::atomic::AtomicU32;
use super::atomic::Ordering::{Relaxed, SeqCst};
use core::sync::atomic::compiler_fence;
#[cfg(not(loom))]
use core::sync::atomic::fence as full_fence;

#[cfg(loom)]
use super::backend::full_fence;
use super::{Scope, membarrier};

const UNDECIDED: u32 = 0;
const MEMBARRIER: u32 = 1;
const SWITCHING: u32 = 2;
const SYMMETRIC: u32 = 3;

// Relaxed everywhere: the mode publishes nothing; I1 and I2 rest on membarrier itself, which orders the mode's
// stores before it and every light side's load of the mode around it.
#[cfg(not(loom))]
static MODE: AtomicU32 = AtomicU32::new(UNDECIDED);
#[cfg(loom)]
const MODE: super::backend::CurrentMode = super::backend::CurrentMode;

/// What a light and a heavy fence are made of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The light side is free, the heavy side asks the kernel to fence every CPU.
    Asymmetric,
    /// Both sides are full fences.
    Symmetric,
}

/// The light side: between its store and its load.
#[inline]
#[cfg_attr(loom, track_caller)]
pub fn light<S: Scope>() {
    if S::SHARED {
        return full_fence(SeqCst);
    }
    // I1: without it a compiler may look at the mode before the caller's store.
    compiler_fence(SeqCst);
    if MODE.load(Relaxed) == MEMBARRIER {
        compiler_fence(SeqCst);
    } else {
        full_fence_out_of_line();
    }
}

/// Where membarrier is at hand, the hot paths carry a jump to this, and no fence.
#[cold]
#[inline(never)]
#[cfg_attr(loom, track_caller)]
fn full_fence_out_of_line() {
    full_fence(SeqCst);
}

/// The heavy side: between its store and its load. About 0.5 µs while no other thread of the process runs, up to
/// tens of microseconds while one does.
#[cfg_attr(loom, track_caller)]
pub fn heavy<S: Scope>() {
    if S::SHARED || decide() == SYMMETRIC {
        full_fence(SeqCst);
    } else {
        fence_every_cpu();
    }
}

/// Whether [`heavy`] costs microseconds, so that it is worth an effort to do without.
pub fn heavy_is_dear<S: Scope>() -> bool {
    !S::SHARED && kind() == Kind::Asymmetric
}

/// Which fences this process uses.
pub fn kind() -> Kind {
    if decide() == MEMBARRIER { Kind::Asymmetric } else { Kind::Symmetric }
}

/// Makes both sides full fences from now on, in this process, for good.
///
/// For processes whose CPUs must not be interrupted (real time), and for those about to forbid themselves the
/// system call: where membarrier was granted once and is refused later, the heavy side can only abort. Every
/// release then costs a full fence.
pub fn make_symmetric() {
    // Where another thread is at it, neither relies on the other's end.
    if decide() == SYMMETRIC || MODE.compare_exchange(MEMBARRIER, SWITCHING, Relaxed, Relaxed) == Err(SYMMETRIC) {
        return;
    }
    // I2: whoever was weak has drained its store before this returns; whoever comes later is not weak.
    fence_every_cpu();
    MODE.store(SYMMETRIC, Relaxed);
}

#[cfg_attr(loom, track_caller)]
fn fence_every_cpu() {
    if membarrier::fence() {
        return;
    }
    // Forbidden since our caller looked, by one who had made the fences symmetric first: I2.
    if MODE.load(Relaxed) == SYMMETRIC {
        return full_fence(SeqCst);
    }
    // Light sides have been weak; without this fence a wake-up could be lost for ever.
    const WHY: &str = "membarrier was granted at start and is refused now; see sys::fence::make_symmetric";
    #[cfg(loom)]
    panic!("{WHY}");
    #[cfg(not(loom))]
    {
        eprintln!("underthread: {WHY}");
        std::process::abort();
    }
}

fn decide() -> u32 {
    match MODE.load(Relaxed) {
        UNDECIDED => {
            let mode = if membarrier::register() { MEMBARRIER } else { SYMMETRIC };
            // Two threads decide alike; the first one's word stands.
            match MODE.compare_exchange(UNDECIDED, mode, Relaxed, Relaxed) {
                Ok(_) => mode,
                Err(decided) => decided,
            }
        }
        mode => mode,
    }
}

/// Runs before `main`, or when the library is loaded. Where it does not, light sides are full fences until the
/// first sleeper decides.
#[cfg(any(target_os = "linux", loom))]
pub(super) extern "C" fn decide_early() {
    decide();
}

#[cfg(all(target_os = "linux", not(loom)))]
#[used]
// SAFETY: the section holds pointers to functions that take (argc, argv, envp); one that takes nothing may be called
// so under the C calling convention.
#[unsafe(link_section = ".init_array")]
static DECIDE_EARLY: extern "C" fn() = decide_early;
