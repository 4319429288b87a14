//! `PriorityQueue`: a binary heap that compares first and moves afterwards, so that a comparison that panics has
//! changed nothing. (std's heap drops the item being popped when that happens.)

use core::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::BaseQueue;
use super::queue::capacity;
use crate::raw::{self, Order, Pile};

/// A queue that gives the smallest item, and of equal ones the one that came first.
///
/// For the largest first, put [`Reverse`](core::cmp::Reverse). One lock, under which items are compared: their
/// `Ord` must not use the queue. If it panics, so does the put or get, which then has changed nothing; a `get_many`
/// that has items already ends with those, and a `put_many` has put those before, and drops the rest. Memory as for
/// [`LifoQueue`](super::LifoQueue), but 80 bytes when empty.
///
/// ```
/// let queue = underthread::queue::PriorityQueue::new(0);
/// queue.put_many([(2, "b"), (1, "a")]).unwrap();
/// assert_eq!(queue.get(), Ok((1, "a")));
/// ```
pub type PriorityQueue<T> = BaseQueue<Pile<Heap<T>>>;

/// The order of a [`PriorityQueue`].
///
/// I1  No item comes before its parent, which is at `(index - 1) / 2`: by `Ord`, then by the number of its put.
#[derive(Debug)]
pub struct Heap<T> {
    items: Vec<(T, u64)>,
    puts: u64,
}

impl<T: Ord> PriorityQueue<T> {
    /// An empty queue for at most `maxsize` items; 0 is no limit.
    pub const fn new(maxsize: usize) -> Self {
        Self::over(Pile::new(Heap { items: Vec::new(), puts: 0 }, capacity(maxsize)))
    }
}

impl<T: Ord> Default for PriorityQueue<T> {
    /// Without limit, as in Python.
    fn default() -> Self {
        Self::new(0)
    }
}

fn parent(index: usize) -> usize {
    (index - 1) / 2
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self { items: Vec::new(), puts: 0 }
    }
}

impl<T: Ord> Order for Heap<T> {
    type Item = T;

    fn put(&mut self, item: &mut Option<T>) {
        let Some(new) = item.as_ref() else { return };
        let mut place = self.items.len();
        // The newest of equals stays behind.
        while place != 0 && new.cmp(&self.items[parent(place)].0).is_lt() {
            place = parent(place);
        }
        let mut hole = self.items.len();
        self.items.extend(item.take().map(|new| (new, self.puts)));
        self.puts += 1;
        while hole != place {
            self.items.swap(hole, parent(hole));
            hole = parent(hole);
        }
    }

    fn take(&mut self) -> Option<T> {
        // The last item fills the place that comes free below the first; until it is found, nothing moves.
        let rest = self.items.len().checked_sub(1)?;
        let mut place = 0;
        loop {
            let children = 2 * place + 1..(2 * place + 3).min(rest);
            match children.min_by(|left, right| self.items[*left].cmp(&self.items[*right])) {
                Some(child) if self.items[child].cmp(&self.items[rest]).is_lt() => place = child,
                _ => break,
            }
        }
        let mut carried = self.items.pop()?;
        if rest != 0 {
            // Up the way that was found, each takes its parent's place.
            mem::swap(&mut carried, &mut self.items[place]);
            while place != 0 {
                place = parent(place);
                mem::swap(&mut carried, &mut self.items[place]);
            }
        }
        Some(carried.0)
    }

    fn into_vec(mut self) -> Vec<T> {
        // A sort that panics leaves every item, in some order.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.items.sort_unstable())) {
            raw::discard(payload);
        }
        self.items.into_iter().map(|(item, _)| item).collect()
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<PriorityQueue<u64>>() == 80);
