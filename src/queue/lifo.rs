//! `LifoQueue`: a stack.

use super::BaseQueue;
use super::queue::capacity;
use crate::raw::{Order, Pile};

/// A queue that gives the item that came last. One lock; its memory grows with the items and stays until it is dropped
/// or drained. When empty, 72 bytes on 64-bit systems.
///
/// ```
/// let queue = underthread::queue::LifoQueue::new(0);
/// queue.put_many([1, 2, 3]).unwrap();
/// assert_eq!(queue.get(), Ok(3));
/// ```
pub type LifoQueue<T> = BaseQueue<Pile<Stack<T>>>;

/// The order of a [`LifoQueue`].
#[derive(Debug)]
pub struct Stack<T> {
    items: Vec<T>,
}

impl<T> LifoQueue<T> {
    /// An empty queue for at most `maxsize` items; 0 is no limit.
    pub const fn new(maxsize: usize) -> Self {
        Self::over(Pile::new(Stack { items: Vec::new() }, capacity(maxsize)))
    }
}

impl<T> Default for LifoQueue<T> {
    /// Without limit, as in Python.
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T> Default for Stack<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> Order for Stack<T> {
    type Item = T;

    fn put(&mut self, item: &mut Option<T>) {
        self.items.extend(item.take());
    }

    fn take(&mut self) -> Option<T> {
        self.items.pop()
    }

    fn into_vec(mut self) -> Vec<T> {
        self.items.reverse();
        self.items
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<LifoQueue<u64>>() == 72);
