//! `PriorityQueue`'s own order, and comparisons that panic.

use std::cmp::{Ordering, Reverse};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use underthread::queue::{PriorityQueue, TooManyTaskDone};

use crate::support::watched;

/// `$type` in the order of its `$key`, whose comparisons call `$compared` first, with the left one.
macro_rules! ordered {
    ($type:ty, $key:tt, $compared:expr) => {
        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }
        impl Eq for $type {}
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                let compared: fn(&Self) = $compared;
                compared(self);
                self.$key.cmp(&other.$key)
            }
        }
    };
}

/// Compared by its first part only.
#[derive(Debug)]
struct Job(u32, u32);

ordered!(Job, 0, |_| ());

#[test]
fn the_smallest_comes_first_and_of_equals_the_first() {
    let queue = PriorityQueue::new(0);
    for number in 0..500 {
        queue.put(Job(number * 7919 % 13, number)).unwrap();
        if number % 5 == 4 {
            queue.put(queue.get().unwrap()).unwrap();
            queue.get().unwrap();
        }
    }
    let mut last = (0, 0);
    for _ in 0..200 {
        let Job(priority, _) = queue.get().unwrap();
        assert!(last.0 <= priority);
        last = (priority, 0);
    }
    let queue = PriorityQueue::new(0);
    queue.put_many((0..500).map(|number| Job(number * 7919 % 13, number))).unwrap();
    let mut got: Vec<_> = queue.get_many(250).unwrap();
    got.extend(queue.shutdown(true));
    assert_eq!(got.len(), 500);
    assert!(got.is_sorted_by_key(|job| (job.0, job.1)));
}

#[test]
fn reverse_gives_the_largest() {
    let queue = PriorityQueue::new(3);
    queue.put_many([1, 3, 2].map(Reverse)).unwrap();
    assert_eq!(queue.get(), Ok(Reverse(3)));
}

/// Panics when it is compared while `armed`; counts its drops.
struct Touchy<'a> {
    priority: u32,
    armed: &'a AtomicBool,
    drops: &'a AtomicUsize,
}

impl Drop for Touchy<'_> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Relaxed);
    }
}
ordered!(Touchy<'_>, priority, |it| assert!(!it.armed.load(Relaxed), "compared while armed"));

#[test]
fn a_comparison_that_panics_changes_nothing() {
    let (armed, drops) = (AtomicBool::new(false), AtomicUsize::new(0));
    let queue = PriorityQueue::new(0);
    let item = |priority| Touchy { priority, armed: &armed, drops: &drops };
    for priority in [4, 2, 3, 1, 5] {
        queue.put(item(priority)).unwrap();
    }
    armed.store(true, Relaxed);
    // The item of the put that panicked is dropped, and not counted.
    catch_unwind(AssertUnwindSafe(|| queue.put(item(0)))).map_err(drop).unwrap_err();
    assert_eq!((queue.qsize(), drops.load(Relaxed)), (5, 1));
    catch_unwind(AssertUnwindSafe(|| queue.get())).map_err(drop).map(drop).unwrap_err();
    catch_unwind(AssertUnwindSafe(|| queue.get_many(9))).map_err(drop).map(drop).unwrap_err();
    assert_eq!((queue.qsize(), drops.load(Relaxed)), (5, 1));
    armed.store(false, Relaxed);
    let got = queue.get_many(9).unwrap();
    assert!(got.iter().map(|item| item.priority).eq(1..=5));
    (0..5).for_each(|_| queue.task_done().unwrap());
    assert_eq!(queue.task_done(), Err(TooManyTaskDone));
    queue.join();
    // A drain loses nothing either.
    queue.put_many([item(2), item(1)]).unwrap();
    armed.store(true, Relaxed);
    assert_eq!(queue.shutdown(true).len(), 2);
    drop(got);
    assert_eq!(drops.load(Relaxed), 8);
}

#[test]
fn a_batch_that_panics_keeps_what_it_has() {
    let comparisons = Arc::new(AtomicUsize::new(usize::MAX / 2));
    let queue = PriorityQueue::new(0);
    queue.put_many((0..8).map(|priority| Late(priority, comparisons.clone()))).unwrap();
    // The first take of eight makes at most six comparisons, each of the next fewer.
    comparisons.store(7, Relaxed);
    let got = queue.get_many(8).unwrap();
    assert!(!got.is_empty() && got.len() < 8);
    comparisons.store(usize::MAX / 2, Relaxed);
    let rest = queue.get_many(8).unwrap();
    assert!(got.iter().chain(&rest).map(|item| item.0).eq(0..8));
}

/// Panics once its number of comparisons is used up.
struct Late(u32, Arc<AtomicUsize>);

ordered!(Late, 0, |it| assert_ne!(it.1.fetch_sub(1, Relaxed), 0, "no comparison left"));

/// Calls its function whenever it is compared.
struct Loaded(u32, fn());

ordered!(Loaded, 0, |it| (it.1)());

/// What a panic carries, whose drop panics in turn: with nothing, as that payload is never freed.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new(()));
    }
}

/// A putter that waits for room in the full `queue`; true if it was refused.
fn waiting(queue: &'static PriorityQueue<Loaded>) -> std::thread::JoinHandle<bool> {
    std::thread::spawn(|| queue.put(Loaded(9, || {})).is_err())
}

#[test]
fn a_shutdown_whose_sort_panics_with_a_bomb_gives_the_items_and_lets_others_go() {
    static QUEUE: PriorityQueue<Loaded> = PriorityQueue::new(5);
    static ARMED: AtomicBool = AtomicBool::new(false);
    fn compared() {
        if ARMED.swap(false, Relaxed) {
            resume_unwind(Box::new(Bomb));
        }
    }
    watched(|| {
        QUEUE.put_many((0..5).map(|number| Loaded(number, compared))).ok().unwrap();
        let putter = waiting(&QUEUE);
        ARMED.store(true, Relaxed);
        assert_eq!(QUEUE.shutdown(true).len(), 5);
        assert!(putter.join().unwrap());
        assert_eq!((QUEUE.qsize(), QUEUE.unfinished_tasks()), (0, 0));
    });
}

#[test]
fn what_a_sort_that_panics_carries_may_use_the_queue() {
    static QUEUE: PriorityQueue<Loaded> = PriorityQueue::new(5);
    static ARMED: AtomicBool = AtomicBool::new(false);
    struct Guest;
    impl Drop for Guest {
        fn drop(&mut self) {
            assert_eq!(QUEUE.task_done(), Err(TooManyTaskDone), "all were drained");
        }
    }
    fn compared() {
        if ARMED.swap(false, Relaxed) {
            resume_unwind(Box::new(Guest));
        }
    }
    watched(|| {
        QUEUE.put_many((0..5).map(|number| Loaded(number, compared))).ok().unwrap();
        ARMED.store(true, Relaxed);
        assert_eq!(QUEUE.shutdown(true).len(), 5);
    });
}

#[test]
fn a_batch_that_panics_with_a_bomb_keeps_what_it_has() {
    static QUEUE: PriorityQueue<Loaded> = PriorityQueue::new(8);
    static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX / 2);
    fn compared() {
        if LEFT.fetch_sub(1, Relaxed) == 0 {
            resume_unwind(Box::new(Bomb));
        }
    }
    watched(|| {
        QUEUE.put_many((0..8).map(|number| Loaded(number, compared))).ok().unwrap();
        let putter = waiting(&QUEUE);
        // As above: the second take comes to it.
        LEFT.store(7, Relaxed);
        let got = QUEUE.get_many(8).unwrap();
        assert!(!got.is_empty() && got.len() < 8);
        assert!(!putter.join().unwrap(), "there was room");
        let rest = QUEUE.get_many(9).unwrap();
        assert!(got.iter().chain(&rest).map(|item| item.0).eq((0..8).chain([9])));
    });
}
