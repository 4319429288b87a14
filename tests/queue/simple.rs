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
    let (start, timeout) = (Instant::now(), Duration::from_millis(2));
    assert_eq!(queue.get_timeout(timeout), Err(Empty));
    assert!(start.elapsed() >= timeout);
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(Empty));
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
