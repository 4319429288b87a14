//! `SimpleQueue`.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use underthread::queue::{Empty, SimpleQueue};

use crate::support::watched;

#[test]
fn it_gives_its_items_in_order() {
    let queue = SimpleQueue::default();
    assert!(queue.empty());
    (0..5000).for_each(|item| queue.put(item));
    assert_eq!((queue.qsize(), queue.empty()), (5000, false));
    (0..5000).for_each(|item| assert_eq!(queue.get(), item));
    assert_eq!(queue.get_nowait(), Err(Empty));
    assert_eq!(format!("{queue:?}"), "SimpleQueue { qsize: 0 }");
}

#[test]
fn a_timeout_is_waited_out_in_full() {
    let queue = SimpleQueue::<u32>::new();
    let timeout = Duration::from_millis(2);
    let start = Instant::now();
    assert_eq!(queue.get_timeout(timeout), Err(Empty));
    assert!(start.elapsed() >= timeout);
    let start = Instant::now();
    assert_eq!(queue.get_many_timeout(1, timeout), Err(Empty));
    assert!(start.elapsed() >= timeout);
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(Empty));
}

#[test]
fn many_go_in_at_once_and_out_in_pieces() {
    let queue = SimpleQueue::new();
    queue.put_many([]);
    queue.put_many(0..500);
    queue.put_nowait(500);
    assert_eq!((queue.get_many(0), queue.qsize()), (vec![], 501));
    assert_eq!(queue.get_many(200), (0..200).collect::<Vec<_>>());
    assert_eq!(queue.get_many_timeout(usize::MAX, Duration::ZERO), Ok((200..=500).collect()));
    assert_eq!(queue.get_many_timeout(0, Duration::MAX), Ok(vec![]));
}

#[test]
fn an_iterator_is_run_to_its_end_before_its_items_go_in() {
    let queue = SimpleQueue::new();
    queue.put_many([1, 2].map(|item| (item, true)).into_iter().inspect(|(item, _)| queue.put((*item, false))));
    assert_eq!(queue.get_many(5), [(1, false), (2, false), (1, true), (2, true)]);
}

#[test]
fn a_batch_comes_to_who_waits_for_one() {
    watched(|| {
        let queue = Arc::new(SimpleQueue::new());
        let putter = thread::spawn({
            let queue = queue.clone();
            move || (0..2000).for_each(|batch| queue.put_many(5 * batch..5 * (batch + 1)))
        });
        let mut got = Vec::new();
        while got.len() != 10_000 {
            got.extend(queue.get_many(7));
        }
        putter.join().unwrap();
        assert!(got.into_iter().eq(0..10_000));
    });
}

#[test]
fn each_putters_items_stay_in_order() {
    watched(|| {
        let queue = Arc::new(SimpleQueue::new());
        let putters = [0, 1].map(|putter| {
            let queue = queue.clone();
            thread::spawn(move || (0..20_000).for_each(|item| queue.put((putter, item))))
        });
        let mut next = [0; 2];
        for _ in 0..40_000 {
            let (putter, item) = queue.get();
            assert_eq!(item, next[putter]);
            next[putter] += 1;
        }
        putters.into_iter().for_each(|putter| putter.join().unwrap());
        assert!(queue.empty());
    });
}

#[test]
fn a_drop_may_put() {
    struct Again(&'static SimpleQueue<Again>, bool);
    impl Drop for Again {
        fn drop(&mut self) {
            if self.1 {
                self.0.put(Again(self.0, false));
            }
        }
    }
    static QUEUE: SimpleQueue<Again> = SimpleQueue::new();
    QUEUE.put(Again(&QUEUE, true));
    drop(QUEUE.get());
    assert_eq!(QUEUE.qsize(), 1);
}
