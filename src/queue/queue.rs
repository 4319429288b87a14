//! `Queue`, and the one text of the three queues that have a `maxsize`, tasks and a shutdown.

use core::fmt;
use core::iter::FusedIterator;
use core::time::Duration;

use super::{GetError, PutError, ShutDown, TooManyTaskDone};
use crate::raw::{Buffer, Deadline, Ring, Room, Stock};

/// A queue that gives its items in the order they came, exactly, for each putter and among putters.
///
/// 512 bytes when empty, whatever its `maxsize`; the items' memory comes and goes with them.
///
/// ```
/// use underthread::queue::Queue;
///
/// static JOBS: Queue<u32> = Queue::new(10);
/// let worker = std::thread::spawn(|| {
///     for job in JOBS.iter() {
///         println!("{job}");
///         JOBS.task_done().unwrap();
///     }
/// });
/// JOBS.put_many(0..100).unwrap();
/// JOBS.join();
/// assert!(JOBS.shutdown(false).is_empty());
/// worker.join().unwrap();
/// ```
pub type Queue<T> = BaseQueue<Ring<T>>;

/// What [`Queue`], [`LifoQueue`](super::LifoQueue) and [`PriorityQueue`](super::PriorityQueue) are: they differ in the
/// order of the items only.
///
/// Dropping it drops its items. If the `Drop` of one panics, the others are dropped all the same; if another's does
/// too, the process aborts, as with a `Vec`.
pub struct BaseQueue<B> {
    buffer: B,
}

impl<T> Queue<T> {
    /// An empty queue for at most `maxsize` items; 0 is no limit.
    pub const fn new(maxsize: usize) -> Self {
        Self::over(Ring::new(capacity(maxsize)))
    }
}

/// What a buffer calls `maxsize`.
pub(super) const fn capacity(maxsize: usize) -> usize {
    if maxsize == 0 { usize::MAX } else { maxsize }
}

impl<B> BaseQueue<B> {
    pub(super) const fn over(buffer: B) -> Self {
        Self { buffer }
    }
}

impl<B: Buffer> BaseQueue<B> {
    /// Puts `item`, waiting for room as long as it takes.
    ///
    /// # Errors
    ///
    /// [`ShutDown`] if the queue is, or while waiting is, shut down; the item is in it.
    #[inline]
    pub fn put(&self, item: B::Item) -> Result<(), ShutDown<B::Item>> {
        self.buffer.put_until(item, None).map_err(|(_, item)| ShutDown(item))
    }

    /// Puts `item` if there is room.
    ///
    /// # Errors
    ///
    /// [`PutError::Full`] or [`PutError::ShutDown`]; the item is in it.
    #[inline]
    pub fn put_nowait(&self, item: B::Item) -> Result<(), PutError<B::Item>> {
        match self.buffer.room() {
            Ok(room) => {
                room.put(item);
                Ok(())
            }
            Err(why) => Err((why, item).into()),
        }
    }

    /// Puts `item`, waiting for room for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`put_nowait`](Self::put_nowait).
    pub fn put_timeout(&self, item: B::Item, timeout: Duration) -> Result<(), PutError<B::Item>> {
        Ok(self.buffer.put_until(item, Deadline::after(timeout))?)
    }

    /// Puts all of `items`, in order, as many at a time as there is room for, waiting for more room as long as it
    /// takes.
    ///
    /// The iterator is run to its end first. Other puts may come between, where it waits.
    ///
    /// # Errors
    ///
    /// [`ShutDown`] with those that were not put: the last ones.
    pub fn put_many(&self, items: impl IntoIterator<Item = B::Item>) -> Result<(), ShutDown<Vec<B::Item>>> {
        self.buffer.put_many_until(items.into_iter().collect(), None).map_err(|(_, rest)| ShutDown(rest))
    }

    /// As [`put_many`](Self::put_many), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`PutError`] with those that were not put: the last ones.
    pub fn put_many_timeout(
        &self,
        items: impl IntoIterator<Item = B::Item>,
        timeout: Duration,
    ) -> Result<(), PutError<Vec<B::Item>>> {
        let items = items.into_iter().collect();
        Ok(self.buffer.put_many_until(items, Deadline::after(timeout))?)
    }

    /// Gets the next item, waiting for one as long as it takes.
    ///
    /// # Errors
    ///
    /// [`ShutDown`] if the queue is, or while waiting is, shut down and empty.
    #[inline]
    pub fn get(&self) -> Result<B::Item, ShutDown> {
        self.buffer.get_until(None).map_err(|_| ShutDown(()))
    }

    /// Gets the next item if there is one.
    ///
    /// # Errors
    ///
    /// [`GetError::ShutDown`] if the queue is shut down and empty, else [`GetError::Empty`].
    #[inline]
    pub fn get_nowait(&self) -> Result<B::Item, GetError> {
        Ok(self.buffer.stock()?.get())
    }

    /// Gets the next item, waiting for one for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`get_nowait`](Self::get_nowait).
    pub fn get_timeout(&self, timeout: Duration) -> Result<B::Item, GetError> {
        Ok(self.buffer.get_until(Deadline::after(timeout))?)
    }

    /// Gets what there is, at most `most` items, waiting for the first as long as it takes. With 0, gets none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_many(&self, most: usize) -> Result<Vec<B::Item>, ShutDown> {
        self.buffer.get_many_until(most, None).map_err(|_| ShutDown(()))
    }

    /// As [`get_many`](Self::get_many), waiting for the first for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`get_nowait`](Self::get_nowait).
    pub fn get_many_timeout(&self, most: usize, timeout: Duration) -> Result<Vec<B::Item>, GetError> {
        Ok(self.buffer.get_many_until(most, Deadline::after(timeout))?)
    }

    /// The items as they are got, waiting for each, until the queue is shut down and empty.
    pub const fn iter(&self) -> Iter<'_, B> {
        Iter { queue: self }
    }

    /// How many items there were a moment ago; never more than [`maxsize`](Self::maxsize).
    pub fn qsize(&self) -> usize {
        self.buffer.qsize()
    }

    /// Whether there was no item, a moment ago.
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether there was no room, a moment ago.
    pub fn full(&self) -> bool {
        self.qsize() == self.buffer.capacity()
    }

    /// How many items there may be at a time; 0 is no limit, as is `usize::MAX`, which becomes 0.
    pub fn maxsize(&self) -> usize {
        match self.buffer.capacity() {
            usize::MAX => 0,
            maxsize => maxsize,
        }
    }

    /// Says that the work that an item stood for is done. By anyone; it is puts that are counted.
    ///
    /// # Errors
    ///
    /// [`TooManyTaskDone`] if that was said of every item that was put.
    pub fn task_done(&self) -> Result<(), TooManyTaskDone> {
        self.buffer.task_done()
    }

    /// How many items were put for which nobody has said so yet, a moment ago; with those that a shutdown drained left
    /// out.
    pub fn unfinished_tasks(&self) -> u64 {
        self.buffer.unfinished()
    }

    /// Waits until [`task_done`](Self::task_done) was called for every item that was put; what came before those calls
    /// is visible then. At once if none was put. A shutdown does not end the wait, but for the items that it drains.
    pub fn join(&self) {
        self.buffer.join_until(None);
    }

    /// As [`join`](Self::join), for at most `timeout`; then gives `false`.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.buffer.join_until(Deadline::after(timeout))
    }

    /// Shuts the queue down, for good: puts fail from now on, and gets once the queue is empty; those who wait for
    /// either are woken.
    ///
    /// `immediate` empties the queue too: the items come back, in order, and count as done. Without it they stay,
    /// and the `Vec` is empty. May be called again, also to empty it after all.
    #[must_use = "the items that were drained are in here"]
    pub fn shutdown(&self, immediate: bool) -> Vec<B::Item> {
        self.buffer.close(immediate)
    }

    /// Whether the queue was shut down, a moment ago.
    pub fn is_shutdown(&self) -> bool {
        self.buffer.is_closed()
    }
}

impl<T> Default for Queue<T> {
    /// Without limit, as in Python.
    fn default() -> Self {
        Self::new(0)
    }
}

/// The items of a queue as they are got; see [`BaseQueue::iter`].
pub struct Iter<'a, B> {
    queue: &'a BaseQueue<B>,
}

impl<B: Buffer> Iterator for Iter<'_, B> {
    type Item = B::Item;

    fn next(&mut self) -> Option<B::Item> {
        self.queue.get().ok()
    }
}

// A shutdown is for good.
impl<B: Buffer> FusedIterator for Iter<'_, B> {}

impl<'a, B: Buffer> IntoIterator for &'a BaseQueue<B> {
    type Item = B::Item;
    type IntoIter = Iter<'a, B>;

    fn into_iter(self) -> Iter<'a, B> {
        self.iter()
    }
}

impl<B: Buffer> fmt::Debug for Iter<'_, B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Iter").field(self.queue).finish()
    }
}

impl<B: Buffer> fmt::Debug for BaseQueue<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Queue")
            .field("qsize", &self.qsize())
            .field("maxsize", &self.maxsize())
            .field("shutdown", &self.is_shutdown())
            .finish()
    }
}

const _: () = assert!(size_of::<Queue<u64>>() == 512);
