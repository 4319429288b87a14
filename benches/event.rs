//! What does an event cost when nobody waits, how fast does it wake one thread, and many?

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::thread;
use std::time::{Duration, Instant};

use event_listener::{Listener as _, listener};
use underthread::threading;

use crate::measure::{Effort, Goal, Kind, Sample, Subject};
use crate::monitor::{self, Monitor, Mutex};
use crate::place::{Apart, Place, each, team, window};
use crate::table::Page;

pub trait Event: Sync {
    const NAME: (&'static str, Kind);
    fn new() -> Self;
    fn set(&self);
    fn clear(&self);
    fn is_set(&self) -> bool;
    fn wait(&self);
}

impl Event for threading::Event {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new() -> Self {
        threading::Event::new()
    }
    fn set(&self) {
        self.set();
    }
    fn clear(&self) {
        self.clear();
    }
    fn is_set(&self) -> bool {
        self.is_set()
    }
    fn wait(&self) {
        self.wait();
    }
}

/// A flag under a lock with a condition: what users of a crate without events write.
impl<M: Monitor<bool>> Event for M {
    const NAME: (&'static str, Kind) = <M as Mutex<bool>>::NAME;
    fn new() -> Self {
        M::new(false)
    }
    fn set(&self) {
        self.with(|set| *set = true);
        self.notify_all();
    }
    fn clear(&self) {
        self.with(|set| *set = false);
    }
    fn is_set(&self) -> bool {
        self.with(|set| *set)
    }
    fn wait(&self) {
        self.until(|set| set.then_some(()));
    }
}

/// event-listener wakes; the state is a flag beside it.
struct Listened(AtomicBool, event_listener::Event);

impl Event for Listened {
    const NAME: (&'static str, Kind) = ("event-listener", Kind::Peer);
    fn new() -> Self {
        Listened(AtomicBool::new(false), event_listener::Event::new())
    }
    fn set(&self) {
        self.0.store(true, Release);
        self.1.notify(usize::MAX);
    }
    fn clear(&self) {
        self.0.store(false, Relaxed);
    }
    fn is_set(&self) -> bool {
        self.0.load(Acquire)
    }
    fn wait(&self) {
        while !self.is_set() {
            listener!(self.1 => listener);
            if !self.is_set() {
                listener.wait();
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Load {
    IsSet,
    WaitSet,
    SetClear,
    PingPong(Place),
    /// To so many.
    Broadcast(usize),
}

fn run<E: Event>(load: Load) -> Sample {
    let event = Apart(E::new());
    match load {
        Load::IsSet => each(|| black_box(&event).is_set()),
        Load::WaitSet => {
            event.set();
            each(|| black_box(&event).wait())
        }
        Load::SetClear => each(|| {
            black_box(&event).set();
            black_box(&event).clear();
        }),
        Load::PingPong(place) => ping_pong::<E>(place),
        Load::Broadcast(waiters) => broadcast(&*event, waiters),
    }
}

/// An operation is a round trip.
pub fn ping_pong<E: Event>(place: Place) -> Sample {
    let (ping, pong, last) = (Apart(E::new()), Apart(E::new()), AtomicBool::new(false));
    let answers = AtomicU32::new(0);
    let trips = AtomicU32::new(0);
    let sample = team(
        2,
        place,
        |member| {
            let mut own = 0;
            if member.index == 0 {
                while !member.over() {
                    ping.set();
                    pong.wait();
                    pong.clear();
                    own += 1;
                }
                // Relaxed: the set publishes it.
                last.store(true, Relaxed);
                ping.set();
                trips.store(own, Relaxed);
                return own.into();
            }
            loop {
                ping.wait();
                ping.clear();
                if last.load(Relaxed) {
                    break;
                }
                own += 1;
                pong.set();
            }
            answers.store(own, Relaxed);
            0
        },
        || {},
    );
    assert_eq!(answers.into_inner(), trips.into_inner(), "a ping without its pong");
    sample
}

/// From the call of `set` until the last of all waiters runs.
fn broadcast<E: Event>(event: &E, waiters: usize) -> Sample {
    let (ready, ran, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let door = Barrier::new(waiters + 1);
    let setter = thread::current();
    let (begun, mut time, mut times) = (Instant::now(), Duration::ZERO, 0);
    let waiter = || {
        loop {
            door.wait();
            // Relaxed: the door publishes it.
            if over.load(Relaxed) {
                return;
            }
            ready.fetch_add(1, Relaxed);
            event.wait();
            if ran.fetch_add(1, Release) + 1 == waiters {
                setter.unpark();
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..waiters {
            scope.spawn(waiter);
        }
        while times == 0 || begun.elapsed() < window(4) {
            door.wait();
            while ready.load(Relaxed) < waiters {
                thread::sleep(Duration::from_micros(20));
            }
            // They are about to sleep; now they do, unless the machine is very busy.
            thread::sleep(Duration::from_micros(200));
            let set = Instant::now();
            event.set();
            while ran.load(Acquire) < waiters {
                thread::park();
            }
            time += set.elapsed();
            times += 1;
            event.clear();
            ready.store(0, Relaxed);
            ran.store(0, Relaxed);
        }
        over.store(true, Relaxed);
        door.wait();
    });
    Sample { value: time.as_nanos() as f64 / f64::from(times), ..Sample::default() }
}

fn subjects(load: Load) -> Vec<Subject<'static>> {
    fn of<E: Event>(load: Load) -> Subject<'static> {
        Subject::new(E::NAME, move || run::<E>(load))
    }
    vec![
        of::<threading::Event>(load),
        of::<monitor::Std<bool>>(load),
        of::<monitor::ParkingLot<bool>>(load),
        of::<monitor::Usync<bool>>(load),
        of::<Listened>(load),
    ]
}

/// The subjects, and a plain load of a word.
pub fn and_one_load<'a>(mut subjects: Vec<Subject<'a>>) -> Vec<Subject<'a>> {
    subjects.push(Subject::new(("one load", Kind::Floor), || {
        let word = AtomicU32::new(0);
        each(|| black_box(&word).load(Acquire))
    }));
    subjects
}

pub fn bench(page: &mut Page) {
    page.say("std, parking_lot and usync have no event: theirs is a flag under a mutex with a condition.");
    let mut table = page.table("One thread", "ns", Effort::Short);
    let load = Goal::Of("one load", 1.1);
    table.row("Event, is_set", load, and_one_load(subjects(Load::IsSet)));
    table.row("Event, wait when set", load, and_one_load(subjects(Load::WaitSet)));
    table.row("Event, set and clear", Goal::Best(0.75), and_one_load(subjects(Load::SetClear)));

    let mut table = page.table("From thread to thread and back", "ns", Effort::Short);
    table.row("Event, ping-pong, 2 cores", Goal::Best(0.05), subjects(Load::PingPong(Place::TwoCores)));
    table.row("Event, ping-pong, 1 core", Goal::Best(1.0), subjects(Load::PingPong(Place::OneCore)));
    table.costs();

    let mut table = page.table("From the call of set until the last of all waiters runs", "ns", Effort::Short);
    for waiters in [1, 8, 64] {
        table.row(&format!("Event, broadcast to {waiters}"), Goal::Best(1.0), subjects(Load::Broadcast(waiters)));
    }
}
