//! What does a permit cost alone, and what do four threads get through two?

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::mem;

use underthread::threading;

use crate::measure::{Effort, Goal, Kind, Sample, Subject};
use crate::monitor::{Monitor, Mutex, ParkingLot, Std, Usync};
use crate::place::{Apart, Place, each, team, work};
use crate::table::Page;

trait Semaphore: Sync {
    const NAME: (&'static str, Kind);
    fn new(permits: u32) -> Self;
    fn with(&self, f: impl FnOnce());
}

impl Semaphore for threading::Semaphore {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new(permits: u32) -> Self {
        threading::Semaphore::new(permits)
    }
    fn with(&self, f: impl FnOnce()) {
        let _permit = self.acquire();
        f();
    }
}

/// A count under a lock with a condition.
impl<M: Monitor<u32>> Semaphore for M {
    const NAME: (&'static str, Kind) = <M as Mutex<u32>>::NAME;
    fn new(permits: u32) -> Self {
        M::new(permits)
    }
    fn with(&self, f: impl FnOnce()) {
        self.until(|permits| {
            *permits = permits.checked_sub(1)?;
            Some(())
        });
        f();
        Mutex::with(self, |permits| *permits += 1);
        self.notify();
    }
}

struct Posix(Box<UnsafeCell<libc::sem_t>>);

// SAFETY: it is made to be shared.
unsafe impl Sync for Posix {}

impl Semaphore for Posix {
    const NAME: (&'static str, Kind) = ("sem_t", Kind::Peer);
    fn new(permits: u32) -> Self {
        // SAFETY: zeros are room for a semaphore, which is initialised below.
        let semaphore: Box<UnsafeCell<libc::sem_t>> = Box::new(unsafe { mem::zeroed() });
        // SAFETY: room that nobody uses.
        unsafe { libc::sem_init(semaphore.get(), 0, permits) };
        Posix(semaphore)
    }
    fn with(&self, f: impl FnOnce()) {
        // SAFETY: initialised. EINTR: no signals are handled here.
        unsafe { libc::sem_wait(self.0.get()) };
        f();
        // SAFETY: initialised.
        unsafe { libc::sem_post(self.0.get()) };
    }
}

/// By so many threads, of so many permits.
fn run<S: Semaphore>(threads: usize, permits: u32) -> Sample {
    let semaphore = Apart(S::new(permits));
    if threads == 1 {
        return each(|| black_box(&semaphore).with(|| {}));
    }
    let sample = team(
        threads,
        Place::Free,
        |member| {
            let mut own = 0;
            while !member.over() {
                semaphore.with(|| work(100));
                own += 1;
            }
            own
        },
        || {},
    );
    // All permits are back: if not, this hangs, and the watchdog says where.
    semaphore.with(|| semaphore.with(|| {}));
    sample
}

fn subjects(threads: usize, permits: u32) -> Vec<Subject<'static>> {
    fn of<S: Semaphore>(threads: usize, permits: u32) -> Subject<'static> {
        Subject::new(S::NAME, move || run::<S>(threads, permits))
    }
    vec![
        of::<threading::Semaphore>(threads, permits),
        of::<Std<u32>>(threads, permits),
        of::<ParkingLot<u32>>(threads, permits),
        of::<Usync<u32>>(threads, permits),
        of::<Posix>(threads, permits),
    ]
}

pub fn bench(page: &mut Page) {
    page.say("std, parking_lot and usync have no semaphore: theirs is a count under a mutex with a condition.");
    let mut table = page.table("One thread", "ns", Effort::Short);
    table.row("Semaphore, acquire and release", Goal::Best(0.85), subjects(1, 1));
    let mut table = page.table("Contended: 100 ns with a permit", "ns", Effort::Contended);
    table.row("Semaphore, 4 threads on 2 permits", Goal::Best(1.0), subjects(4, 2));
    table.costs();
}
