//! What does a lock cost alone, and what do many threads get through it? And the unluckiest of them?

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use underthread::threading::Lock;

use crate::measure::{Effort, Goal, Kind, Sample, Subject, points};
use crate::monitor::{Mutex, Ours, ParkingLot, Pthread, Std, Usync};
use crate::place::{Apart, Place, each, team, work};
use crate::table::Page;

impl Mutex<u64> for spin::Mutex<u64> {
    const NAME: (&'static str, Kind) = ("spin", Kind::Spins);
    fn new(value: u64) -> Self {
        spin::Mutex::new(value)
    }
    fn with<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.lock())
    }
}

/// pthread's, always for writing.
struct ReadWrite(UnsafeCell<libc::pthread_rwlock_t>, UnsafeCell<u64>);

// SAFETY: the value is reached under the lock alone.
unsafe impl Sync for ReadWrite {}

impl Mutex<u64> for ReadWrite {
    const NAME: (&'static str, Kind) = ("pthread rwlock", Kind::Peer);
    fn new(value: u64) -> Self {
        ReadWrite(libc::PTHREAD_RWLOCK_INITIALIZER.into(), value.into())
    }
    fn with<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        // SAFETY: initialised, and not moved while in use: it is borrowed.
        unsafe { libc::pthread_rwlock_wrlock(self.0.get()) };
        // SAFETY: the lock is ours.
        let result = f(unsafe { &mut *self.1.get() });
        // SAFETY: it is ours.
        unsafe { libc::pthread_rwlock_unlock(self.0.get()) };
        result
    }
}

/// A lock with a timeout that is not reached.
trait Timed {
    const NAME: (&'static str, Kind);
    fn new() -> Self;
    fn add(&self);
}

const LONG: Duration = Duration::from_secs(60);

impl Timed for Lock<u64> {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new() -> Self {
        Lock::new(0)
    }
    fn add(&self) {
        *self.acquire_timeout(LONG).unwrap() += 1;
    }
}

struct Untimed(Lock<u64>);

impl Timed for Untimed {
    const NAME: (&'static str, Kind) = ("ours, untimed", Kind::Floor);
    fn new() -> Self {
        Untimed(Lock::new(0))
    }
    fn add(&self) {
        *self.0.acquire() += 1;
    }
}

impl Timed for parking_lot::Mutex<u64> {
    const NAME: (&'static str, Kind) = ("parking_lot", Kind::Peer);
    fn new() -> Self {
        parking_lot::Mutex::new(0)
    }
    fn add(&self) {
        *self.try_lock_for(LONG).unwrap() += 1;
    }
}

#[derive(Clone, Copy)]
enum Load {
    Alone,
    /// Nanoseconds of work inside and outside.
    Contended {
        threads: usize,
        inside: u64,
        outside: u64,
    },
    /// The same; the sample is the longest wait, in microseconds.
    LongestWait {
        threads: usize,
        inside: u64,
        outside: u64,
    },
}

fn run<M: Mutex<u64>>(load: Load) -> Sample {
    let mutex = Apart(M::new(0));
    match load {
        Load::Alone => each(|| black_box(&mutex).with(|count| *count += 1)),
        Load::Contended { threads, inside, outside } => {
            let turns = AtomicU64::new(0);
            let sample = team(
                threads,
                Place::of(threads),
                |member| {
                    let mut own = 0;
                    while !member.over() {
                        mutex.with(|count| {
                            *count += 1;
                            work(inside);
                        });
                        work(outside);
                        own += 1;
                    }
                    turns.fetch_add(own, Relaxed);
                    own
                },
                || {},
            );
            assert_eq!(mutex.with(|count| *count), turns.into_inner(), "a turn was lost: no mutual exclusion");
            sample
        }
        Load::LongestWait { threads, inside, outside } => {
            let longest = AtomicU64::new(0);
            team(
                threads,
                Place::of(threads),
                |member| {
                    let mut own = Duration::ZERO;
                    while !member.over() {
                        let asked = Instant::now();
                        mutex.with(|count| {
                            own = own.max(asked.elapsed());
                            *count += 1;
                            work(inside);
                        });
                        work(outside);
                    }
                    longest.fetch_max(own.as_nanos() as u64, Relaxed);
                    1
                },
                || {},
            );
            Sample { value: longest.into_inner() as f64 / 1e3, ..Sample::default() }
        }
    }
}

fn of<M: Mutex<u64>>(load: Load) -> Subject<'static> {
    Subject::new(M::NAME, move || run::<M>(load))
}

fn subjects(load: Load) -> Vec<Subject<'static>> {
    vec![
        of::<Ours<u64>>(load),
        of::<Std<u64>>(load),
        of::<ParkingLot<u64>>(load),
        of::<Usync<u64>>(load),
        of::<Pthread<u64>>(load),
        of::<spin::Mutex<u64>>(load),
    ]
}

fn timed<M: Timed>() -> Subject<'static> {
    Subject::new(M::NAME, || {
        let lock = Apart(M::new());
        each(|| black_box(&lock).add())
    })
}

fn grid() -> impl Iterator<Item = (usize, u64, u64)> {
    let cells = |threads| [0, 100, 1000].map(|inside| [0, 100, 1000].map(|outside| (threads, inside, outside)));
    points(&[2, 4, 8, 32]).iter().copied().flat_map(cells).flatten()
}

fn named((threads, inside, outside): (usize, u64, u64)) -> String {
    let inside = if inside == 0 { "tiny".to_owned() } else { format!("{inside} ns") };
    format!("{threads} threads, section {inside}, {outside} ns outside")
}

pub fn bench(page: &mut Page) {
    let mut table = page.table("One thread", "ns", Effort::Short);
    let mut alone = subjects(Load::Alone);
    alone.push(of::<ReadWrite>(Load::Alone));
    table.row("Lock, acquire and release", Goal::Best(0.6), alone);
    let mut table = page.table("One thread, with a timeout", "ns", Effort::Short);
    let same = Goal::Of("ours, untimed", 1.05);
    let subjects_timed = vec![timed::<Lock<u64>>(), timed::<Untimed>(), timed::<parking_lot::Mutex<u64>>()];
    table.row("Lock, acquire with a timeout and release", same, subjects_timed);

    let mut table = page.table("Contended", "ns", Effort::Contended);
    for cell @ (threads, inside, outside) in grid() {
        table.row(&named(cell), Goal::Best(1.1), subjects(Load::Contended { threads, inside, outside }));
    }
    table.mean(0.9);
    table.costs();

    let mut table = page.table("Contended: the longest wait of any thread", "µs", Effort::Few);
    for cell @ (threads, inside, outside) in grid() {
        table.row(&named(cell), Goal::Std(1.0), subjects(Load::LongestWait { threads, inside, outside }));
    }

    let counts = points(&[1, 2, 4, 8, 16, 32, 64]);
    let mut table = page.table("How cost grows with threads: tiny section, 100 ns outside", "ns", Effort::Curve);
    for &threads in counts {
        let load = Load::Contended { threads, inside: 0, outside: 100 };
        table.row(&format!("{threads} threads"), Goal::None, subjects(load));
    }
    table.costs();
    table.plot("lock-threads", "threads", counts);
}
