//! Where threads run, and for how long: teams of threads that start together, and work of a known length.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::arch::asm;
use std::hint::black_box;
use std::mem;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Barrier, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::calls;
use crate::measure::{Sample, mode};

#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// Where the system puts them.
    Free,
    /// All on one core.
    OneCore,
    /// In turn on one and on another, which is not its sibling if the system says so.
    TwoCores,
}

impl Place {
    /// Two threads that sleep and wake each other would else be on one core in one round, on two in the next.
    pub fn of(threads: usize) -> Place {
        if threads == 2 { Place::TwoCores } else { Place::Free }
    }
}

/// The CPUs that this process may run on.
pub static CPUS: LazyLock<Vec<usize>> = LazyLock::new(|| {
    // SAFETY: a `cpu_set_t` of zeros is an empty one.
    let mut set = unsafe { mem::zeroed::<libc::cpu_set_t>() };
    // SAFETY: it writes a set of this size; 0 is the calling thread, which is never bound.
    let failed = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) };
    assert_eq!(failed, 0, "sched_getaffinity");
    // SAFETY: below the size of the set.
    (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect()
});

/// The two cores of `TwoCores`; the same one twice where there is one.
static TWO: LazyLock<[usize; 2]> = LazyLock::new(|| {
    let siblings = |cpu| {
        std::fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings"))
            .unwrap_or_default()
    };
    // The last: the first has most of the machine's interrupts.
    let one = *CPUS.last().unwrap();
    let other = CPUS.iter().copied().find(|&cpu| cpu != one && siblings(cpu) != siblings(one));
    [one, other.unwrap_or(CPUS[0])]
});

fn bind(cpu: usize) {
    // SAFETY: a `cpu_set_t` of zeros is an empty one.
    let mut set = unsafe { mem::zeroed::<libc::cpu_set_t>() };
    // SAFETY: the number came out of such a set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: a set of this size; 0 is the calling thread.
    let failed = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    assert_eq!(failed, 0, "sched_setaffinity");
}

/// What the calling thread has used: nanoseconds of processor, context switches, system calls.
fn used() -> [f64; 3] {
    // SAFETY: numbers, for which zeros are valid.
    let (mut time, mut usage) = unsafe { mem::zeroed::<(libc::timespec, libc::rusage)>() };
    // SAFETY: it writes a time.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    // SAFETY: it writes a usage.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    let switches = usage.ru_nvcsw + usage.ru_nivcsw;
    [time.tv_sec as f64 * 1e9 + time.tv_nsec as f64, switches as f64, calls::made() as f64]
}

/// How long `threads` threads are watched: several turns of the scheduler, of about 3 ms, for each of them.
pub fn window(threads: usize) -> Duration {
    Duration::from_micros(3750 * (threads.max(3) as u64)).mul_f64(mode().scale)
}

/// Alone on its cache lines, whatever the frame holds beside it: two of the smallest events would fit into one.
#[repr(align(128))]
pub struct Apart<T>(pub T);

impl<T> Deref for Apart<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// What a member of a team is told.
pub struct Member<'a> {
    pub index: usize,
    over: &'a AtomicBool,
}

impl Member<'_> {
    /// Whether the window has passed.
    pub fn over(&self) -> bool {
        self.over.load(Relaxed)
    }
}

/// `threads` threads start together and run `body` until the window has passed; it gives the number of its operations.
/// The sample is per operation of all; `ending` is called, by a thread beside them, when the window has passed.
pub fn team(threads: usize, place: Place, body: impl Fn(Member<'_>) -> u64 + Sync, ending: impl FnOnce()) -> Sample {
    let (over, start) = (Apart(AtomicBool::new(false)), Barrier::new(threads + 1));
    let run = |index| {
        match place {
            Place::Free => {}
            Place::OneCore => bind(TWO[0]),
            Place::TwoCores => bind(TWO[index % 2]),
        }
        start.wait();
        let (before, begin) = (used(), Instant::now());
        let operations = body(Member { index, over: &over });
        let (end, after) = (Instant::now(), used());
        (begin, end, operations, [0, 1, 2].map(|i| after[i] - before[i]))
    };
    let run = &run;
    let ran: Vec<_> = thread::scope(|scope| {
        let members: Vec<_> = (0..threads).map(|index| scope.spawn(move || run(index))).collect();
        start.wait();
        thread::sleep(window(threads));
        over.store(true, Relaxed);
        ending();
        members.into_iter().map(|member| member.join().expect("a member of the team")).collect()
    });
    let time = ran.iter().map(|ran| ran.1).max().unwrap() - ran.iter().map(|ran| ran.0).min().unwrap();
    let operations = ran.iter().map(|ran| ran.2).sum::<u64>().max(1) as f64;
    let [cpu, switches, calls] = [0, 1, 2].map(|i| ran.iter().map(|ran| ran.3[i]).sum::<f64>() / operations);
    Sample { value: time.as_nanos() as f64 / operations, cpu, switches, calls }
}

/// `body`, beside a thread for each CPU that computes, and never waits: strangers to what is measured.
pub fn beside_strangers<R>(body: impl FnOnce() -> R) -> R {
    /// Also where `body` panics: they would be waited for.
    struct Ends<'a>(&'a AtomicBool);

    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _ends = Ends(&over);
        for _ in &*CPUS {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    chain(1000);
                }
            });
        }
        body()
    })
}

/// Nanoseconds for one call of `body`, made by this thread alone.
pub fn each<R>(mut body: impl FnMut() -> R) -> Sample {
    let budget = Duration::from_millis(6).mul_f64(mode().scale);
    let mut times = 16_u64;
    loop {
        let begin = Instant::now();
        for _ in 0..times {
            black_box(body());
        }
        let time = begin.elapsed();
        if time >= budget {
            return Sample { value: time.as_nanos() as f64 / times as f64, ..Sample::default() };
        }
        times *= if time * 8 < budget { 8 } else { 2 };
    }
}

/// A chain of multiplications that stays in registers: a loop through memory changes its speed with the layout of the
/// code.
fn chain(steps: u64) {
    if steps == 0 {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    // SAFETY: registers only.
    unsafe {
        asm!("2:", "imul {x}, {x}", "dec {n}", "jnz 2b", x = inout(reg) 3_u64 => _, n = inout(reg) steps => _,
            options(nomem, nostack));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: registers only.
    unsafe {
        asm!("2:", "mul {x}, {x}, {x}", "subs {n}, {n}, #1", "b.ne 2b", x = inout(reg) 3_u64 => _,
            n = inout(reg) steps => _, options(nomem, nostack));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    black_box((0..steps).fold(3_u64, |x, _| black_box(x.wrapping_mul(x))));
}

/// Of the chain, in a nanosecond. To be asked for first while nothing else runs.
pub static STEPS: LazyLock<f64> = LazyLock::new(|| {
    // The quickest of many: the rest were interrupted.
    let one = |_| {
        let begin = Instant::now();
        chain(100_000);
        begin.elapsed()
    };
    100_000.0 / (0..50).map(one).min().unwrap().as_nanos() as f64
});

/// Busy for about so many nanoseconds.
pub fn work(nanoseconds: u64) {
    if nanoseconds > 0 {
        chain((nanoseconds as f64 * *STEPS) as u64);
    }
}
