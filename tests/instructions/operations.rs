//! The operations that are counted, in an order in which each finds what it needs.

use std::hint::black_box;
use std::mem::forget;
use std::time::Duration;

use underthread::queue::{LifoQueue, PriorityQueue, Queue, SimpleQueue};
use underthread::raw::{self, RawLock};
use underthread::threading::{Barrier, Condition, Event, Local, Lock, RLock, Semaphore, Thread, current_thread};

/// Each operation has its own, so that none depends on another's place in the list.
pub(crate) struct Objects {
    raw_lock: raw::Lock,
    taken: raw::Lock,
    lock: Lock<u64>,
    raw_rlock: raw::RLock,
    rlock: RLock<u64>,
    /// Held by this thread.
    held: RLock<u64>,
    event: Event,
    condition: Condition,
    semaphore: Semaphore,
    barrier: Barrier,
    queue: Queue<u64>,
    /// Others have used each of its ends.
    visited: Queue<u64>,
    simple: SimpleQueue<u64>,
    lifo: LifoQueue<u64>,
    priority: PriorityQueue<u64>,
    local: Local<u64>,
    thread: Thread,
}

impl Objects {
    pub(crate) fn new() -> Self {
        let held = RLock::new(0);
        forget(held.acquire());
        let taken = raw::Lock::new();
        taken.acquire();
        let visited = Queue::new(64);
        let visit = || {
            for _ in 0..2000 {
                visited.put(7).unwrap();
                visited.get().unwrap();
            }
        };
        visit();
        std::thread::scope(|scope| drop(scope.spawn(visit)));
        Objects {
            raw_lock: raw::Lock::new(),
            taken,
            lock: Lock::new(0),
            raw_rlock: raw::RLock::new(),
            rlock: RLock::new(0),
            held,
            event: Event::new(),
            condition: Condition::new(),
            semaphore: Semaphore::new(3),
            barrier: Barrier::new(1),
            queue: Queue::new(64),
            visited,
            simple: SimpleQueue::new(),
            lifo: LifoQueue::new(64),
            priority: PriorityQueue::new(64),
            local: Local::new(|| 7),
            thread: current_thread(),
        }
    }
}

pub(crate) type Operation = (&'static str, fn(&Objects));

const LONG: Duration = Duration::from_secs(60);

pub(crate) const OPERATIONS: &[Operation] = &[
    ("raw::Lock: acquire, release", |its| {
        its.raw_lock.acquire();
        its.raw_lock.release().unwrap();
    }),
    ("raw::Lock: acquire, release by its owner", |its| {
        its.raw_lock.acquire();
        // SAFETY: acquired above.
        unsafe { RawLock::release(&its.raw_lock) };
    }),
    ("raw::Lock: try_acquire, release", |its| {
        assert!(its.raw_lock.try_acquire());
        its.raw_lock.release().unwrap();
    }),
    ("raw::Lock: try_acquire of one that is held", |its| assert!(!its.taken.try_acquire())),
    ("raw::RLock: acquire, release", |its| {
        its.raw_rlock.acquire().unwrap();
        its.raw_rlock.release().unwrap();
    }),
    ("Lock: acquire, add, release", |its| *its.lock.acquire() += 1),
    ("Lock: acquire_timeout, add, release", |its| *its.lock.acquire_timeout(LONG).unwrap() += 1),
    ("Lock: try_acquire, add, release", |its| *its.lock.try_acquire().unwrap() += 1),
    ("RLock: acquire, release", |its| drop(its.rlock.acquire())),
    ("RLock: acquire, release, of one's own", |its| drop(its.held.acquire())),
    ("Event: set", |its| its.event.set()),
    ("Event: set of one that is set", |its| its.event.set()),
    ("Event: is_set", |its| assert!(its.event.is_set())),
    ("Event: wait of one that is set", |its| its.event.wait()),
    ("Event: wait_timeout of one that is set", |its| assert!(its.event.wait_timeout(LONG))),
    ("Event: clear", |its| its.event.clear()),
    ("Condition: notify_one, nobody waits", |its| assert_eq!(its.condition.notify_one(), 0)),
    ("Condition: notify_all, nobody waits", |its| assert_eq!(its.condition.notify_all(), 0)),
    ("Semaphore: acquire, release", |its| drop(its.semaphore.acquire())),
    ("Semaphore: try_acquire, release", |its| drop(its.semaphore.try_acquire().unwrap())),
    ("Semaphore: acquire_timeout, release", |its| drop(its.semaphore.acquire_timeout(LONG).unwrap())),
    ("Semaphore: acquire_many of two, release", |its| drop(its.semaphore.acquire_many(2))),
    ("Barrier of one: wait", |its| assert_eq!(its.barrier.wait(), Ok(0))),
    ("Queue: put", |its| its.queue.put(7).unwrap()),
    ("Queue: get", |its| assert_eq!(its.queue.get(), Ok(7))),
    ("Queue: put_nowait", |its| its.queue.put_nowait(7).unwrap()),
    ("Queue: get_nowait", |its| assert_eq!(its.queue.get_nowait(), Ok(7))),
    ("Queue: get_nowait of an empty one", |its| assert!(its.queue.get_nowait().is_err())),
    ("Queue: task_done", |its| its.queue.task_done().unwrap()),
    ("Queue: put, where others have put", |its| its.visited.put(7).unwrap()),
    ("Queue: get, where others have got", |its| assert_eq!(its.visited.get(), Ok(7))),
    ("SimpleQueue: put", |its| its.simple.put(7)),
    ("SimpleQueue: get", |its| assert_eq!(its.simple.get(), 7)),
    ("SimpleQueue: get_nowait of an empty one", |its| assert!(its.simple.get_nowait().is_err())),
    ("LifoQueue: put", |its| its.lifo.put(7).unwrap()),
    ("LifoQueue: get", |its| assert_eq!(its.lifo.get(), Ok(7))),
    ("LifoQueue: put_nowait", |its| its.lifo.put_nowait(7).unwrap()),
    ("LifoQueue: get_nowait", |its| assert_eq!(its.lifo.get_nowait(), Ok(7))),
    ("PriorityQueue: put", |its| its.priority.put(7).unwrap()),
    ("PriorityQueue: get", |its| assert_eq!(its.priority.get(), Ok(7))),
    ("PriorityQueue: put_nowait", |its| its.priority.put_nowait(7).unwrap()),
    ("PriorityQueue: get_nowait", |its| assert_eq!(its.priority.get_nowait(), Ok(7))),
    ("PriorityQueue: task_done", |its| its.priority.task_done().unwrap()),
    ("Local: with", |its| {
        black_box(its.local.with(|value| *value));
    }),
    ("raw::get_ident", |_| {
        black_box(raw::get_ident());
    }),
    ("Thread: ident", |its| {
        black_box(its.thread.ident());
    }),
    ("current_thread, and drop it", |_| drop(black_box(current_thread()))),
];
