//! How long until all have arrived, and all know?
//!
//! Not here: usync 0.2's barrier, which opens once and then stays open; hurdles 1.0, which never sleeps.

use std::cell::UnsafeCell;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use underthread::threading;

use crate::measure::{Effort, Goal, Kind, Sample, Subject};
use crate::monitor::{Monitor, ParkingLot};
use crate::place::{Apart, Place, team};
use crate::table::Page;

trait Barrier: Sync {
    const NAME: (&'static str, Kind);
    fn new(parties: u32) -> Self;
    fn wait(&self);
}

impl Barrier for threading::Barrier {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new(parties: u32) -> Self {
        threading::Barrier::new(parties)
    }
    fn wait(&self) {
        self.wait().unwrap();
    }
}

impl Barrier for std::sync::Barrier {
    const NAME: (&'static str, Kind) = ("std", Kind::Std);
    fn new(parties: u32) -> Self {
        std::sync::Barrier::new(parties as usize)
    }
    fn wait(&self) {
        self.wait();
    }
}

impl Barrier for spin::Barrier {
    const NAME: (&'static str, Kind) = ("spin", Kind::Spins);
    fn new(parties: u32) -> Self {
        spin::Barrier::new(parties as usize)
    }
    fn wait(&self) {
        self.wait();
    }
}

/// Those who are awaited, and the cycle, under a lock with a condition.
struct Built<M> {
    parties: u32,
    state: M,
}

impl<M: Monitor<(u32, u64)>> Barrier for Built<M> {
    const NAME: (&'static str, Kind) = M::NAME;
    fn new(parties: u32) -> Self {
        Built { parties, state: M::new((parties, 0)) }
    }
    fn wait(&self) {
        let (last, mine) = self.state.with(|(awaited, cycle)| {
            let mine = *cycle;
            *awaited -= 1;
            let last = *awaited == 0;
            if last {
                (*awaited, *cycle) = (self.parties, mine + 1);
            }
            (last, mine)
        });
        if last {
            return self.state.notify_all();
        }
        self.state.until(|(_, cycle)| (*cycle != mine).then_some(()));
    }
}

struct Pthread(Box<UnsafeCell<libc::pthread_barrier_t>>);

// SAFETY: it is made to be shared.
unsafe impl Sync for Pthread {}

impl Barrier for Pthread {
    const NAME: (&'static str, Kind) = ("pthread", Kind::Peer);
    fn new(parties: u32) -> Self {
        // SAFETY: zeros are room for a barrier, which is initialised below.
        let barrier: Box<UnsafeCell<libc::pthread_barrier_t>> = Box::new(unsafe { mem::zeroed() });
        // SAFETY: room that nobody uses.
        unsafe { libc::pthread_barrier_init(barrier.get(), ptr::null(), parties) };
        Pthread(barrier)
    }
    fn wait(&self) {
        // SAFETY: initialised.
        unsafe { libc::pthread_barrier_wait(self.0.get()) };
    }
}

impl Drop for Pthread {
    fn drop(&mut self) {
        // SAFETY: nobody waits: it is owned. It waits for those who are on their way out.
        unsafe { libc::pthread_barrier_destroy(self.0.get()) };
    }
}

/// An operation is a cycle.
fn run<B: Barrier>(threads: usize) -> Sample {
    let barrier = Apart(B::new(threads as u32));
    // The last cycle. Not a flag: one who is late from the cycle before would take it for its own.
    let last = AtomicU64::new(u64::MAX);
    let arrived = AtomicU64::new(0);
    team(
        threads,
        Place::of(threads),
        |member| {
            for cycle in 1.. {
                if member.index == 0 && member.over() {
                    last.store(cycle, Relaxed);
                }
                barrier.wait();
                if last.load(Relaxed) <= cycle {
                    arrived.fetch_add(cycle, Relaxed);
                    barrier.wait();
                    assert_eq!(arrived.load(Relaxed), cycle * threads as u64, "some were a cycle ahead");
                    return if member.index == 0 { cycle + 1 } else { 0 };
                }
            }
            unreachable!("it is over at some time")
        },
        || {},
    )
}

fn subjects(threads: usize) -> Vec<Subject<'static>> {
    fn of<B: Barrier>(threads: usize) -> Subject<'static> {
        Subject::new(B::NAME, move || run::<B>(threads))
    }
    vec![
        of::<threading::Barrier>(threads),
        of::<std::sync::Barrier>(threads),
        of::<Built<ParkingLot<(u32, u64)>>>(threads),
        of::<Pthread>(threads),
        of::<spin::Barrier>(threads),
    ]
}

pub fn bench(page: &mut Page) {
    page.say("parking_lot has no barrier: its is a count under a mutex with a condition.");
    let mut table = page.table("One cycle", "ns", Effort::Contended);
    for threads in [2, 4, 8] {
        table.row(&format!("Barrier of {threads}"), Goal::Best(1.0), subjects(threads));
    }
    table.costs();
}
