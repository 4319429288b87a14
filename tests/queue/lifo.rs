//! `LifoQueue`'s own order.

use underthread::queue::LifoQueue;

#[test]
fn the_last_comes_first() {
    let queue = LifoQueue::new(0);
    queue.put_many([1, 2, 3]).unwrap();
    assert_eq!(queue.get(), Ok(3));
    queue.put(4).unwrap();
    assert_eq!(queue.get_many(2), Ok(vec![4, 2]));
    queue.put_many([5, 6]).unwrap();
    assert_eq!(queue.shutdown(true), [6, 5, 1]);
}
