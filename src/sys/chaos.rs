//! `Futex` and `fence`, disturbed: for tests only, by `--cfg underthread_chaos`.
//!
//! Around each wait, wake and fence, a thread now and then gives its CPU away, or stays for a while. A wait may return
//! for no reason, before or after its sleep; a wake may wake everyone, which is to the others a wake for no reason. All
//! of that the contracts of [`Futex`](super::Futex) and [`fence`](super::fence) allow: whoever relies on less comes to
//! grief. A light fence is more often left alone, as a delay between its store and its load does the work of a fence.
//!
//! What a thread does next comes from the process's seed and from the thread's place among those that have been here.
//! The seed is `UNDERTHREAD_CHAOS_SEED`, or else the clock, and is then written to stderr when the process starts, and
//! handed on to the programs that it runs. It gives the same choices again, not the same schedule.

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;

use super::{Deadline, system};

/// Before the start, as in a constructor of another library.
const NO_SEED: u64 = 1;

static SEED: AtomicU64 = AtomicU64::new(NO_SEED);
static THREADS: AtomicU64 = AtomicU64::new(0);

/// Runs before `main`, or when the library is loaded.
#[cfg(target_os = "linux")]
#[used]
// SAFETY: the section holds pointers to functions that take (argc, argv, envp); one that takes nothing may be called
// so under the C calling convention.
#[unsafe(link_section = ".init_array")]
static SEED_EARLY: extern "C" fn() = {
    extern "C" fn seed() {
        let given = std::env::var("UNDERTHREAD_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let seed = Deadline::now().timespec().tv_nsec as u64;
            eprintln!("UNDERTHREAD_CHAOS_SEED={seed}");
            // SAFETY: a test has one thread here, as it has not come to its `main`.
            unsafe { std::env::set_var("UNDERTHREAD_CHAOS_SEED", seed.to_string()) };
            seed
        });
        // Relaxed: the process has one thread.
        SEED.store(seed, Relaxed);
    }
    seed
};

std::thread_local! {
    // Constant and without a destructor: signal handlers may come here.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// True once in so many times.
fn once_in(times: u64) -> bool {
    random().is_multiple_of(times)
}

/// SplitMix64, after Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014.
fn random() -> u64 {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |mut bits: u64| {
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    };
    let state = match STATE.get() {
        // Relaxed: only that no two threads get the same number matters.
        0 => mix(SEED.load(Relaxed).wrapping_add(mix(THREADS.fetch_add(1, Relaxed)))),
        state => state,
    };
    let state = state.wrapping_add(GOLDEN);
    STATE.set(state);
    mix(state)
}

/// Lets others go first, perhaps.
fn pause() {
    match random() % 16 {
        0..3 => {
            // SAFETY: gives the CPU to another thread, if one wants it.
            unsafe { libc::sched_yield() };
        }
        3..6 => (0..random() % 2000).for_each(|_| core::hint::spin_loop()),
        6 if once_in(4) => sleep(Duration::from_micros(random() % 100)),
        _ => {}
    }
}

fn sleep(time: Duration) {
    let time = libc::timespec { tv_sec: 0, tv_nsec: time.subsec_nanos() as _ };
    // SAFETY: the pointer is to a live timespec; the second may be null. It may end early.
    unsafe { libc::nanosleep(&raw const time, core::ptr::null_mut()) };
}

/// [`system`]'s two functions.
pub(super) mod futex {
    use super::super::atomic::AtomicU32;
    use super::super::futex::MATCH_ANY;
    use super::{Deadline, once_in, pause, system};

    pub(in crate::sys) fn wait(
        word: &AtomicU32,
        expected: u32,
        deadline: Option<Deadline>,
        shared: bool,
        bitset: u32,
    ) -> bool {
        pause();
        if once_in(8) {
            return true;
        }
        let woken = system::wait(word, expected, deadline, shared, bitset);
        pause();
        woken
    }

    pub(in crate::sys) fn wake(word: *const AtomicU32, count: u32, shared: bool, bitset: u32) {
        pause();
        let (count, bitset) = if count != 0 && once_in(8) { (u32::MAX, MATCH_ANY) } else { (count, bitset) };
        system::wake(word, count, shared, bitset);
        pause();
    }
}

/// [`calm_fence`](super::calm_fence), by the same names.
pub mod fence {
    pub use super::super::calm_fence::{Kind, heavy_is_dear, kind, make_symmetric};
    use super::super::{Scope, calm_fence};
    use super::{once_in, pause};

    /// The light side: between its store and its load.
    #[inline]
    pub fn light<S: Scope>() {
        let late = once_in(4);
        if late && once_in(2) {
            pause();
        }
        calm_fence::light::<S>();
        if late {
            pause();
        }
    }

    /// The heavy side: between its store and its load.
    pub fn heavy<S: Scope>() {
        pause();
        calm_fence::heavy::<S>();
        pause();
    }
}
