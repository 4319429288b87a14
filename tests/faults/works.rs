//! A work for each primitive, by any number of threads, whose total must be right in the end.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use underthread::queue::{BaseQueue, LifoQueue, PriorityQueue, Queue, SimpleQueue};
use underthread::raw::{
    Barrier, Buffer, Condition, Deadline, Event, Guarded, Lock, Options, RLock, Semaphore, start_joinable_thread,
};
use underthread::sys::Scope;

use crate::child::{show_nothing, shown};

/// So many threads, which do a thing so often, each of them within `around`.
pub(crate) struct Crew<'a> {
    pub(crate) threads: u32,
    pub(crate) each: u32,
    pub(crate) around: &'a (dyn Fn(u32, &mut dyn FnMut()) + Sync),
}

impl Crew<'_> {
    fn run(&self, body: impl Fn(u32) + Sync) {
        let (body, around) = (&body, self.around);
        thread::scope(|scope| {
            for number in 0..self.threads {
                let thread = thread::Builder::new().stack_size(256 << 10);
                thread.spawn_scoped(scope, move || around(number, &mut || body(number))).unwrap();
            }
        });
    }

    fn total(&self) -> u32 {
        self.threads * self.each
    }
}

/// Loses increments where two threads are inside at once.
#[derive(Debug, Default)]
struct Tally(AtomicU32);

impl Tally {
    fn add_one(&self) {
        let seen = self.0.load(Relaxed);
        // Now and then long enough for the others to fall asleep.
        if seen.is_multiple_of(4) {
            thread::yield_now();
        }
        self.0.store(seen + 1, Relaxed);
    }

    fn is(&self, expected: u32) {
        assert_eq!(self.0.load(Relaxed), expected);
    }
}

fn lock<S: Scope>(crew: &Crew<'_>, lock: Lock<S>) {
    let (lock, tally) = (shown("lock", lock), Tally::default());
    crew.run(|_| {
        for round in 0..crew.each {
            // Some give up, and come back.
            let deadline = if round % 2 == 0 { None } else { Deadline::after(Duration::from_micros(50)) };
            assert!(lock.acquire_until(deadline) || lock.acquire_until(None));
            tally.add_one();
            lock.release().unwrap();
        }
    });
    tally.is(crew.total());
    assert!(!lock.locked());
}

fn rlock<S: Scope>(crew: &Crew<'_>, lock: RLock<S>) {
    let (lock, tally) = (shown("rlock", lock), Tally::default());
    crew.run(|_| {
        for _ in 0..crew.each {
            lock.acquire().unwrap();
            lock.acquire().unwrap();
            tally.add_one();
            lock.release().unwrap();
            lock.release().unwrap();
        }
    });
    tally.is(crew.total());
    assert!(!lock.locked());
}

fn semaphore<S: Scope>(crew: &Crew<'_>, semaphore: Semaphore<S>) {
    const PERMITS: u32 = 3;
    let (semaphore, inside, total) = (shown("semaphore", semaphore), AtomicU32::new(0), AtomicU32::new(0));
    semaphore.release(PERMITS).unwrap();
    crew.run(|_| {
        for round in 0..crew.each {
            let wanted = if round % 4 == 0 { 2 } else { 1 };
            // Those who want two give up now and then, perhaps with one of them.
            let deadline = if round % 4 == 0 { Deadline::after(Duration::from_micros(20)) } else { None };
            assert!(semaphore.acquire_until(wanted, deadline) || semaphore.acquire_until(wanted, None));
            assert!(inside.fetch_add(wanted, Relaxed) + wanted <= PERMITS);
            total.fetch_add(1, Relaxed);
            inside.fetch_sub(wanted, Relaxed);
            semaphore.release(wanted).unwrap();
        }
    });
    assert_eq!((total.into_inner(), semaphore.value()), (crew.total(), PERMITS));
}

/// All start at one event; then a token goes round, by an event for each thread.
fn event<S: Scope>(crew: &Crew<'_>, make: impl Fn() -> Event<S>) {
    let start = shown("start", make());
    let events: Vec<_> = (0..crew.threads).map(|_| shown("token", make())).collect();
    let (here, tally) = (AtomicU32::new(0), Tally::default());
    crew.run(|number| {
        if here.fetch_add(1, Relaxed) + 1 == crew.threads {
            events[0].set();
            start.set();
        }
        assert!(start.wait_until(None));
        for _ in 0..crew.each {
            let own = events[number as usize];
            assert!(own.wait_until(Deadline::after(Duration::from_millis(1))) || own.wait_until(None));
            own.clear();
            tally.add_one();
            events[(number + 1) as usize % events.len()].set();
        }
    });
    tally.is(crew.total());
}

fn barrier<S: Scope>(crew: &Crew<'_>, make: impl Fn(u32) -> Barrier<S>) {
    let (barrier, tally, places) = (shown("barrier", make(crew.threads)), Tally::default(), AtomicU64::new(0));
    crew.run(|_| {
        for round in 0..crew.each {
            let place = barrier.wait_until(None, || tally.add_one()).unwrap();
            tally.0.load(Relaxed).checked_sub(round + 1).expect("left before the action");
            places.fetch_add(place.into(), Relaxed);
        }
    });
    tally.is(crew.each);
    let (threads, each) = (u64::from(crew.threads), u64::from(crew.each));
    assert_eq!(places.into_inner(), each * threads * (threads - 1) / 2);
}

/// Makers and takers of things, of which there are two at most.
fn condition<S: Scope>(crew: &Crew<'_>, lock: Lock<S>, conditions: [Condition<S>; 2]) {
    let store = shown("store", Guarded::new(lock, 0));
    let [came, went] = conditions.map(|condition| shown("condition", condition));
    let taken = AtomicU32::new(0);
    crew.run(|number| {
        for _ in 0..crew.each {
            let mut things = store.acquire();
            if number % 2 == 0 {
                while *things == 2 {
                    went.wait_guard_until(&mut things, None);
                }
                *things += 1;
                came.notify(1);
            } else {
                while *things == 0 {
                    came.wait_guard_until(&mut things, Deadline::after(Duration::from_millis(20)));
                }
                *things -= 1;
                taken.fetch_add(1, Relaxed);
                went.notify(1);
            }
        }
    });
    assert_eq!((taken.into_inner(), *store.acquire()), (crew.total() / 2, 0));
}

fn queue<B: Buffer<Item = u32> + Sync + Send + 'static>(crew: &Crew<'_>, queue: BaseQueue<B>) {
    let (queue, sum) = (shown("queue", queue), AtomicU64::new(0));
    crew.run(|number| {
        for round in 0..crew.each {
            if number % 2 == 0 {
                let item = number * crew.each + round;
                if queue.put_timeout(item, Duration::from_micros(50)).is_err() {
                    queue.put(item).unwrap();
                }
            } else {
                let item = queue.get_timeout(Duration::from_micros(50)).or_else(|_| queue.get()).unwrap();
                sum.fetch_add(item.into(), Relaxed);
                queue.task_done().unwrap();
            }
        }
    });
    queue.join();
    let put = (0..crew.threads).step_by(2).flat_map(|number| number * crew.each..(number + 1) * crew.each);
    assert_eq!((sum.into_inner(), queue.qsize()), (put.map(u64::from).sum(), 0));
}

fn simple(crew: &Crew<'_>) {
    let (queue, sum) = (shown("simple", SimpleQueue::new()), AtomicU32::new(0));
    crew.run(|number| {
        for _ in 0..crew.each {
            if number % 2 == 0 {
                queue.put(1);
            } else {
                sum.fetch_add(queue.get(), Relaxed);
            }
        }
    });
    assert_eq!((sum.into_inner(), queue.qsize()), (crew.total() / 2, 0));
}

fn threads(crew: &Crew<'_>) {
    let tally = shown("tally", AtomicU32::new(0));
    let rounds = crew.each.div_ceil(20);
    crew.run(|_| {
        for _ in 0..rounds {
            let options = Options::new().stack_size(64 << 10);
            let thread = start_joinable_thread(options, || _ = tally.fetch_add(1, Relaxed)).unwrap();
            let timely = thread.join_until(Deadline::after(Duration::from_micros(50))).unwrap();
            assert!(timely || thread.join_until(None).unwrap());
        }
    });
    assert_eq!(tally.load(Relaxed), crew.threads * rounds);
}

type Work = fn(&Crew<'_>);

/// Those that need no memory once they have begun.
pub(crate) const FRUGAL: [Work; 11] = [
    |crew| lock(crew, Lock::new()),
    |crew| lock(crew, Lock::shared()),
    |crew| rlock(crew, RLock::new()),
    |crew| rlock(crew, RLock::shared()),
    |crew| semaphore(crew, Semaphore::new(0)),
    |crew| semaphore(crew, Semaphore::shared(0)),
    |crew| event(crew, Event::new),
    |crew| event(crew, Event::shared),
    |crew| barrier(crew, Barrier::new),
    |crew| condition(crew, Lock::new(), [Condition::new(), Condition::new()]),
    |crew| condition(crew, Lock::shared(), [Condition::shared(), Condition::shared()]),
];

const OTHERS: [Work; 5] = [
    |crew| queue(crew, Queue::new(3)),
    |crew| queue(crew, LifoQueue::new(3)),
    |crew| queue(crew, PriorityQueue::new(3)),
    simple,
    threads,
];

/// Has each done, one after the other.
pub(crate) fn all_come_to_their_end(crew: &Crew<'_>) {
    for work in FRUGAL.iter().chain(&OTHERS) {
        show_nothing();
        work(crew);
    }
}
