//! What all queues with a `maxsize` promise, in bodies that run over each of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use underthread::queue::{
    BaseQueue, GetError, LifoQueue, PriorityQueue, PutError, Queue, ShutDown, SimpleQueue, TooManyTaskDone,
};
use underthread::raw::Buffer;

use crate::heap::HELD;
use crate::support::{cpu_time, watched};

const SHORT: Duration = Duration::from_millis(2);

/// A body for queues of any kind, made by `new(maxsize)`.
trait Body<T> {
    fn run<B: Buffer<Item = T> + Send + Sync + 'static>(&self, new: impl Fn(usize) -> BaseQueue<B>);
}

fn for_each_kind<T: Ord + Send + 'static>(body: impl Body<T>) {
    watched(|| {
        body.run(Queue::new);
        body.run(LifoQueue::new);
        body.run(PriorityQueue::new);
    });
}

macro_rules! bodies {
    ($($(#[$attribute:meta])* fn $name:ident($new:ident: Kind<$item:ty>) $body:block)*) => {
        $(
            $(#[$attribute])*
            #[test]
            fn $name() {
                struct This;
                impl Body<$item> for This {
                    fn run<B: Buffer<Item = $item> + Send + Sync + 'static>(&self, $new: impl Fn(usize) -> BaseQueue<B>) {
                        $body
                    }
                }
                for_each_kind(This);
            }
        )*
    };
}

bodies! {
    fn it_holds_maxsize_items_and_says_so(new: Kind<u32>) {
        for maxsize in [1, 2, 3, 10] {
            let queue = new(maxsize);
            assert_eq!((queue.maxsize(), queue.qsize(), queue.empty(), queue.full()), (maxsize, 0, true, false));
            for item in 0..maxsize {
                assert_eq!((queue.qsize(), queue.full()), (item, false));
                queue.put_nowait(7).unwrap();
            }
            assert_eq!((queue.qsize(), queue.empty(), queue.full()), (maxsize, false, true));
            assert_eq!(queue.put_nowait(8), Err(PutError::Full(8)));
            assert_eq!(queue.put_timeout(8, Duration::ZERO), Err(PutError::Full(8)));
            (0..maxsize).for_each(|_| assert_eq!(queue.get_nowait(), Ok(7)));
            assert_eq!(queue.get_nowait(), Err(GetError::Empty));
            assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty));
        }
    }

    fn without_a_limit_it_is_never_full(new: Kind<u32>) {
        for queue in [new(0), new(usize::MAX)] {
            queue.put_many(0..10_000).unwrap();
            assert_eq!((queue.maxsize(), queue.qsize(), queue.full()), (0, 10_000, false));
        }
    }

    fn a_timeout_is_waited_out_in_full(new: Kind<u32>) {
        let queue = new(1);
        let start = Instant::now();
        assert_eq!(queue.get_timeout(SHORT), Err(GetError::Empty));
        assert!(start.elapsed() >= SHORT);
        queue.put_timeout(1, Duration::MAX).unwrap();
        let start = Instant::now();
        assert_eq!(queue.put_timeout(2, SHORT), Err(PutError::Full(2)));
        assert_eq!(queue.put_many_timeout([3, 4], SHORT).map_err(PutError::into_inner), Err(vec![3, 4]));
        assert!(!queue.join_timeout(SHORT));
        assert!(start.elapsed() >= 3 * SHORT);
        assert_eq!(queue.get_timeout(Duration::MAX), Ok(1));
        assert_eq!(queue.get_many_timeout(3, SHORT), Err(GetError::Empty));
        queue.task_done().unwrap();
        assert!(queue.join_timeout(Duration::ZERO));
    }

    fn running_join_waits_for_every_task(new: Kind<u32>) {
        let queue = Arc::new(new(0));
        queue.join();
        assert_eq!(queue.task_done(), Err(TooManyTaskDone));
        let done = Arc::new(AtomicUsize::new(0));
        // A task may be marked before its item is got: it is puts that are counted.
        queue.put(1).unwrap();
        queue.task_done().unwrap();
        queue.join();
        queue.put_many(0..20).unwrap();
        assert!(!queue.join_timeout(Duration::ZERO));
        let workers = [(); 3].map(|()| {
            let (queue, done) = (queue.clone(), done.clone());
            thread::spawn(move || queue.iter().for_each(|_| {
                done.fetch_add(1, Relaxed);
                queue.task_done().unwrap_or(());
            }))
        });
        let joiners = [(); 2].map(|()| {
            let (queue, done) = (queue.clone(), done.clone());
            thread::spawn(move || {
                queue.join();
                assert!(done.load(Relaxed) >= 20);
            })
        });
        joiners.into_iter().for_each(|joiner| joiner.join().unwrap());
        drop(queue.shutdown(false));
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        // 21 items were put, and one mark came before its item.
        assert_eq!(queue.task_done(), Err(TooManyTaskDone));
    }

    fn after_a_shutdown_items_are_got_and_then_shut_down_is_said(new: Kind<u32>) {
        let queue = new(3);
        queue.put_many([5, 5]).unwrap();
        assert!(!queue.is_shutdown());
        assert_eq!(queue.shutdown(false), []);
        assert!(queue.is_shutdown());
        assert_eq!(queue.qsize(), 2);
        assert_eq!(queue.put(6), Err(ShutDown(6)));
        assert_eq!(queue.put_nowait(6), Err(PutError::ShutDown(6)));
        assert_eq!(queue.put_timeout(6, SHORT), Err(PutError::ShutDown(6)));
        assert_eq!(queue.put_many([6, 7]), Err(ShutDown(vec![6, 7])));
        assert_eq!(queue.get(), Ok(5));
        assert_eq!(queue.get_many(9), Ok(vec![5]));
        assert_eq!(queue.get(), Err(ShutDown(())));
        assert_eq!(queue.get_nowait(), Err(GetError::ShutDown));
        assert_eq!(queue.get_timeout(SHORT), Err(GetError::ShutDown));
        assert_eq!(queue.get_many(9), Err(ShutDown(())));
        // Both tasks are still to be done.
        assert!(!queue.join_timeout(SHORT));
        queue.task_done().unwrap();
        queue.task_done().unwrap();
        assert_eq!(queue.task_done(), Err(TooManyTaskDone));
        queue.join();
    }

    fn an_immediate_shutdown_drains_and_keeps_the_tasks_handed_out(new: Kind<u32>) {
        let queue = new(0);
        queue.put_many([5, 5, 5]).unwrap();
        queue.get().unwrap();
        assert_eq!(queue.shutdown(true), [5, 5]);
        assert_eq!(queue.qsize(), 0);
        assert_eq!(queue.put(6), Err(ShutDown(6)));
        assert_eq!(queue.get(), Err(ShutDown(())));
        assert_eq!(queue.get_nowait(), Err(GetError::ShutDown));
        assert!(!queue.join_timeout(SHORT));
        queue.task_done().unwrap();
        assert_eq!(queue.task_done(), Err(TooManyTaskDone));
        queue.join();
    }

    fn a_join_waits_for_the_last_task(new: Kind<u32>) {
        let queue = Arc::new(new(0));
        queue.put_many([5, 5]).unwrap();
        queue.task_done().unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let (joined, seen) = (queue.clone(), done.clone());
        let joiner = asleep(move || {
            joined.join();
            assert!(seen.load(SeqCst));
        });
        done.store(true, SeqCst);
        queue.task_done().unwrap();
        joiner.join().unwrap();
    }

    fn a_drain_after_early_task_dones_leaves_the_count_at_zero(new: Kind<u32>) {
        let queue = new(0);
        queue.put_many([5, 5]).unwrap();
        queue.task_done().unwrap();
        assert_eq!(queue.shutdown(true), [5, 5]);
        queue.join();
        assert_eq!(queue.task_done(), Err(TooManyTaskDone));
    }

    fn graceful_then_immediate_drains_and_then_nothing_changes(new: Kind<u32>) {
        let queue = new(0);
        queue.put_many([5, 5]).unwrap();
        assert_eq!(queue.shutdown(false), []);
        assert_eq!(queue.shutdown(false), []);
        assert_eq!(queue.shutdown(true), [5, 5]);
        assert_eq!(queue.shutdown(true), []);
        assert_eq!(queue.shutdown(false), []);
        assert!(queue.is_shutdown());
        queue.join();
    }

    fn a_shutdown_wakes_every_blocked_role(new: Kind<u32>) {
        for immediate in [false, true] {
            // Getters, of an empty queue.
            let queue = Arc::new(new(1));
            let getters = [(); 3].map(|()| {
                let queue = queue.clone();
                asleep(move || assert_eq!(queue.get(), Err(ShutDown(()))))
            });
            assert_eq!(queue.shutdown(immediate), []);
            getters.into_iter().for_each(|getter| getter.join().unwrap());

            // Putters, of a full one, and joiners.
            let queue = Arc::new(new(1));
            queue.put(1).unwrap();
            let putters = [(); 3].map(|()| {
                let queue = queue.clone();
                asleep(move || assert_eq!(queue.put(2), Err(ShutDown(2))))
            });
            let joiners = [(); 2].map(|()| {
                let queue = queue.clone();
                asleep(move || queue.join())
            });
            assert_eq!(queue.shutdown(immediate).len(), usize::from(immediate));
            putters.into_iter().for_each(|putter| putter.join().unwrap());
            if !immediate {
                assert_eq!(queue.get(), Ok(1));
                queue.task_done().unwrap();
            }
            joiners.into_iter().for_each(|joiner| joiner.join().unwrap());
        }
    }

    fn waiting_uses_no_processor(new: Kind<u32>) {
        let queue = Arc::new(new(1));
        let waiter = {
            let queue = queue.clone();
            thread::spawn(move || {
                let before = cpu_time();
                assert_eq!(queue.get_timeout(Duration::from_millis(300)), Err(GetError::Empty));
                cpu_time() - before
            })
        };
        assert!(waiter.join().unwrap() < Duration::from_millis(100));
    }

    fn waits_in_vain_leave_no_trace(new: Kind<u32>) {
        let queue = new(1);
        let before = HELD.get();
        // Each is a system call that interrupts the other threads of the process: 20 µs or so.
        (0..1000).for_each(|_| assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetError::Empty)));
        assert_eq!(HELD.get(), before);
        queue.put(1).unwrap();
        let before = HELD.get();
        (0..1000).for_each(|_| assert_eq!(queue.put_timeout(2, Duration::ZERO), Err(PutError::Full(2))));
        assert_eq!(HELD.get(), before);
        assert_eq!(queue.get(), Ok(1));
    }

    fn many_go_in_and_out_in_pieces(new: Kind<u32>) {
        let queue = Arc::new(new(3));
        let putter = {
            let queue = queue.clone();
            thread::spawn(move || queue.put_many(0..1000).unwrap())
        };
        let mut got = Vec::new();
        while got.len() < 1000 {
            let some = queue.get_many(5).unwrap();
            assert!((1..=3).contains(&some.len()));
            got.extend(some);
        }
        putter.join().unwrap();
        got.sort_unstable();
        assert!(got.into_iter().eq(0..1000));
        assert_eq!(queue.get_many(0), Ok(vec![]));
        queue.put_many([]).unwrap();
    }

    /// With random timeouts and batches, and a shutdown in the middle.
    fn every_item_is_in_one_place(new: Kind<Tracked>) {
        for (seed, immediate) in [(1, false), (2, true), (3, false), (4, true)] {
            let alive = Arc::new(AtomicUsize::new(0));
            let queue = Arc::new(new(5));
            let stop = Arc::new(AtomicBool::new(false));
            let putters = [0, 1, 2, 3].map(|putter| {
                let (queue, alive, stop) = (queue.clone(), alive.clone(), stop.clone());
                thread::spawn(move || {
                    let mut random = Random(seed * 100 + putter);
                    let (mut put, mut back) = (0, 0);
                    while !stop.load(Relaxed) {
                        let batch = 1 + random.below(4);
                        let items = (0..batch).map(|_| Tracked::new(&alive));
                        let returned = if batch == 1 {
                            let timeout = Duration::from_micros(random.below(50) as u64);
                            let outcome = queue.put_timeout(Tracked::new(&alive), timeout);
                            outcome.map_err(|why| vec![why.into_inner()])
                        } else {
                            queue.put_many_timeout(items, Duration::from_micros(20)).map_err(PutError::into_inner)
                        };
                        put += batch;
                        back += returned.map_or_else(|rest| rest.len(), |()| 0);
                    }
                    (put, back)
                })
            });
            let getters = [4, 5, 6, 7].map(|getter| {
                let queue = queue.clone();
                thread::spawn(move || {
                    let mut random = Random(seed * 100 + getter);
                    let mut got = 0;
                    loop {
                        let timeout = Duration::from_micros(random.below(50) as u64);
                        match queue.get_many_timeout(1 + random.below(3), timeout) {
                            Ok(items) => got += items.len(),
                            Err(GetError::Empty) => {}
                            Err(GetError::ShutDown) => return got,
                        }
                    }
                })
            });
            // As many as are put and got when the machine is slow; the shutdown falls into the midst of it.
            while alive.load(Relaxed) < 3 {
                thread::yield_now();
            }
            (0..200).for_each(|_| thread::yield_now());
            let drained = queue.shutdown(immediate).len();
            stop.store(true, Relaxed);
            let (mut put, mut back) = (0, 0);
            for putter in putters {
                let (its, returned) = putter.join().unwrap();
                put += its;
                back += returned;
            }
            let got: usize = getters.into_iter().map(|getter| getter.join().unwrap()).sum();
            assert_eq!(put, back + got + drained);
            assert_eq!(alive.load(SeqCst), 0);
            // Each that was not drained and not put back is still a task.
            (0..got).for_each(|_| queue.task_done().unwrap());
            assert_eq!(queue.task_done(), Err(TooManyTaskDone));
            queue.join();
        }
    }

    fn a_dropped_queue_drops_its_items(new: Kind<Tracked>) {
        let alive = Arc::new(AtomicUsize::new(0));
        let queue = new(0);
        (0..100).for_each(|_| queue.put(Tracked::new(&alive)).unwrap());
        drop(queue.get());
        assert_eq!(alive.load(Relaxed), 99);
        drop(queue);
        assert_eq!(alive.load(Relaxed), 0);
    }

    fn debug_shows_no_item_and_does_not_block(new: Kind<Tracked>) {
        let queue = new(2);
        assert_eq!(format!("{queue:?}"), "Queue { qsize: 0, maxsize: 2, shutdown: false }");
        assert_eq!(format!("{:?}", queue.iter()), format!("Iter({queue:?})"));
        let refused = PutError::Full(Tracked::new(&Arc::default()));
        assert_eq!(format!("{refused:?}: {refused}"), "Full: the queue is full");
        let down = ShutDown(Tracked::new(&Arc::default()));
        assert_eq!(format!("{down:?}: {down}"), "ShutDown: the queue was shut down");
    }
}

/// A thread that is about to run `body`, which waits for the caller. Whether it sleeps by then is the scheduler's
/// choice.
fn asleep(body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let (ready, waits) = channel();
    let thread = thread::spawn(move || {
        ready.send(()).unwrap();
        body();
    });
    waits.recv().unwrap();
    (0..20).for_each(|_| thread::yield_now());
    thread
}

/// Counts how many there are.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Tracked(u32, Alive);

struct Alive(Arc<AtomicUsize>);

impl PartialEq for Alive {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Alive {}
impl PartialOrd for Alive {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Alive {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Tracked {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Relaxed);
        Self(0, Alive(alive.clone()))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        // A test may make one without a count.
        if Arc::strong_count(&self.0) > 1 || self.0.load(Relaxed) > 0 {
            self.0.fetch_sub(1, Relaxed);
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX generator.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

#[test]
fn each_putters_items_stay_in_order() {
    watched(|| {
        for maxsize in [1, 3, 1000, 0] {
            let queue = Arc::new(Queue::new(maxsize));
            let putters = [0, 1].map(|putter| {
                let queue = queue.clone();
                thread::spawn(move || (0..5000).for_each(|item| queue.put((putter, item)).unwrap()))
            });
            let getters = [(); 2].map(|()| {
                let queue = queue.clone();
                thread::spawn(move || {
                    let mut last = [-1; 2];
                    for (putter, item) in queue.iter() {
                        assert!(last[putter] < item);
                        last[putter] = item;
                    }
                })
            });
            putters.into_iter().for_each(|putter| putter.join().unwrap());
            assert_eq!(queue.shutdown(false), []);
            getters.into_iter().for_each(|getter| getter.join().unwrap());
        }
    });
}

/// What its drop does is done to the queue that it came from.
struct Reenters(&'static Queue<Self>, bool);

impl Drop for Reenters {
    fn drop(&mut self) {
        if self.1 {
            let _ = self.0.put_nowait(Self(self.0, false));
            drop(self.0.get_nowait());
            let _ = self.0.task_done();
        }
    }
}

#[test]
fn a_drop_may_use_the_queue() {
    watched(|| {
        static QUEUE: Queue<Reenters> = Queue::new(2);
        for _ in 0..3 {
            QUEUE.put_many([Reenters(&QUEUE, true), Reenters(&QUEUE, true)]).unwrap();
            drop(QUEUE.put_nowait(Reenters(&QUEUE, true)));
            drop(QUEUE.get_many(2));
        }
        QUEUE.put(Reenters(&QUEUE, true)).ok().unwrap();
        drop(QUEUE.shutdown(true));
        drop(QUEUE.put(Reenters(&QUEUE, true)));
    });
}

#[test]
fn big_items_do_not_overflow_a_small_stack() {
    const KIB: usize = 1024;
    type Big = [u8; 24 * KIB];
    #[inline(never)]
    fn put(queue: &Queue<Big>, item: u8) {
        assert!(queue.put([item; 24 * KIB]).is_ok());
    }
    #[inline(never)]
    fn get(queue: &Queue<Big>, item: u8) {
        assert!(matches!(&queue.get(), Ok(big) if big[5] == item));
    }
    let small = thread::Builder::new().stack_size(256 * KIB);
    let body = || {
        // Unoptimised, each call on the way from the caller to the slot has one of them on its stack; there is room for
        // ten.
        let queue = Queue::new(0);
        (0..100).for_each(|item| put(&queue, item));
        (0..100u8).for_each(|item| get(&queue, item));
        let boxed = Queue::new(2);
        boxed.put(vec![1u8; 1024 * KIB].into_boxed_slice()).unwrap();
        assert_eq!(boxed.get().unwrap().len(), 1024 * KIB);
    };
    small.spawn(body).unwrap().join().unwrap();
}

#[test]
fn an_error_says_why() {
    fn says(error: impl std::error::Error, text: &str) {
        assert_eq!(error.to_string(), text);
    }
    says(ShutDown(()), "the queue was shut down");
    says(PutError::Full(1), "the queue is full");
    says(PutError::ShutDown(1), "the queue was shut down");
    says(GetError::Empty, "the queue is empty");
    says(GetError::ShutDown, "the queue was shut down");
    says(underthread::queue::Empty, "the queue is empty");
    says(TooManyTaskDone, "task_done called more often than items were put");
}

#[test]
fn a_shared_queue_may_be_used_in_catch_unwind() {
    fn put_and_get<B: Buffer<Item = Box<u8>>>(queue: &BaseQueue<B>)
    where
        BaseQueue<B>: std::panic::RefUnwindSafe + std::panic::UnwindSafe,
    {
        let outcome = std::panic::catch_unwind(|| {
            queue.put(Box::new(1)).unwrap();
            assert_ne!(*queue.get().unwrap(), 1, "on purpose");
        });
        drop(outcome.unwrap_err());
        queue.put(Box::new(2)).unwrap();
        assert_eq!(queue.get(), Ok(Box::new(2)));
    }
    put_and_get(&Queue::default());
    put_and_get(&LifoQueue::default());
    put_and_get(&PriorityQueue::default());
    let simple = SimpleQueue::default();
    std::panic::catch_unwind(|| simple.put(std::cell::Cell::new(1))).unwrap();
    assert_eq!(simple.get().get(), 1);
}

#[test]
fn a_loop_over_a_queue_ends_with_its_shutdown() {
    let queue = Queue::default();
    queue.put_many(0..3).unwrap();
    drop(queue.shutdown(false));
    let mut got = Vec::new();
    for item in &queue {
        got.push(item);
    }
    assert_eq!(got, [0, 1, 2]);
}

#[test]
fn items_lie_as_they_are_aligned() {
    #[repr(align(256))]
    struct Aligned(u8);
    #[repr(align(64))]
    struct Nothing;
    let queue = Queue::new(0);
    queue.put_many((0..100).map(Aligned)).unwrap();
    for number in 0..100 {
        let item = queue.get().unwrap();
        assert_eq!((item.0, (&raw const item).addr() % 256), (number, 0));
    }
    let queue = Queue::new(3);
    queue.put_many([Nothing, Nothing, Nothing]).unwrap();
    assert_eq!(queue.shutdown(true).len(), 3);
}
