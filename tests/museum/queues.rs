//! Museum, section 4: queues.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};
use std::thread;

use underthread::queue::{BaseQueue, LifoQueue, PriorityQueue, PutError, Queue};
use underthread::raw::{Buffer, Ring};

use crate::support::watched;

/// An item that is counted while it lives; dropped twice, the count falls below zero.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Tracked(&'static Tally);

#[derive(Default)]
struct Tally(AtomicIsize);

impl Tally {
    fn leaked() -> &'static Self {
        Box::leak(Box::default())
    }

    fn item(&'static self) -> Tracked {
        self.0.fetch_add(1, SeqCst);
        Tracked(self)
    }

    fn alive(&self) -> isize {
        self.0.load(SeqCst)
    }
}

impl PartialEq for Tally {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Tally {}

impl PartialOrd for Tally {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tally {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

/// M35, std's mpsc (<https://github.com/rust-lang/rust/issues/107466>): items stayed behind when the receivers died in
/// a panic, as the path that drops them was not run on unwind. Here a queue is one object, and its drop is the only
/// path.
#[test]
fn a_consumer_that_panics_takes_the_items_with_it() {
    fn body<B: Buffer<Item = Tracked> + Send + Sync + 'static>(queue: BaseQueue<B>) {
        let tally = Tally::leaked();
        let queue = Arc::new(queue);
        queue.put_many((0..10).map(|_| tally.item())).unwrap();
        let consumer = thread::spawn(move || {
            for (number, item) in queue.iter().enumerate() {
                if number == 3 {
                    // The item and the last handle of the queue are unwound. The hook would print it.
                    resume_unwind(Box::new(item.0.alive()));
                }
            }
        });
        let alive = *consumer.join().unwrap_err().downcast::<isize>().unwrap();
        assert_eq!((alive, tally.alive()), (7, 0));
    }
    watched(|| {
        body(Queue::new(0));
        body(LifoQueue::new(0));
        body(PriorityQueue::new(0));
    });
}

/// M36, crossbeam (<https://github.com/crossbeam-rs/crossbeam/issues/1295>): a selected operation that is leaked leaves
/// a slot reserved and never filled, which is read as an item later. Here nothing is reserved: what a forgotten side
/// leaves behind is a lock, held.
#[test]
fn a_forgotten_side_leaves_no_slot_and_does_not_stop_the_drop() {
    watched(|| {
        for forget in 0..4 {
            let tally = Tally::leaked();
            let ring = Ring::new(3);
            ring.try_put(tally.item()).unwrap_or_else(|_| unreachable!("there is room"));
            match forget {
                0 => mem::forget(ring.room()),
                1 => mem::forget(ring.stock()),
                2 => mem::forget(ring.room_until(None)),
                _ => mem::forget(ring.stock_until(None)),
            }
            assert_eq!((ring.qsize(), tally.alive()), (1, 1));
            if forget % 2 == 0 {
                assert!(ring.try_get().is_ok() && ring.try_get().is_err());
            } else {
                assert!(ring.try_put(tally.item()).is_ok());
            }
            drop(ring);
            assert_eq!(tally.alive(), 0);
        }
    });
}

/// M39, crossbeam (<https://github.com/crossbeam-rs/crossbeam/pull/1301>): a capacity near the limit overflowed in the
/// constructor. Here memory comes with the items, and positions are compared modulo 2^64.
#[test]
fn every_capacity_can_be_asked_for() {
    fn body<B: Buffer<Item = u32>>(queue: &BaseQueue<B>, maxsize: usize) {
        let room = maxsize.min(3);
        for item in 0..room as u32 {
            assert!(!queue.full());
            queue.put_nowait(item).unwrap();
        }
        assert_eq!((queue.full(), queue.qsize()), (room == maxsize, room));
        if room == maxsize {
            assert_eq!(queue.put_nowait(9), Err(PutError::Full(9)));
        }
        assert_eq!(queue.shutdown(true).len(), room);
    }
    for bit in 0..usize::BITS {
        let power = 1 << bit;
        for maxsize in [power - 1, power, power + 1, usize::MAX - power + 1, usize::MAX - power] {
            if maxsize == 0 {
                // No limit: another test's.
                continue;
            }
            body(&Queue::new(maxsize), maxsize);
            body(&LifoQueue::new(maxsize), maxsize);
            body(&PriorityQueue::new(maxsize), maxsize);
            let ring = Ring::starting_at(maxsize, u64::MAX - 1);
            let outcome = catch_unwind(AssertUnwindSafe(|| (0..4).filter(|item| ring.try_put(*item).is_ok()).count()));
            assert_eq!(outcome.unwrap(), maxsize.min(4));
        }
    }
}
