//! `SimpleQueue`: a queue whose put neither waits nor fails.

use core::fmt;
use core::time::Duration;

use super::Empty;
use crate::raw::{Buffer, Deadline, Ring};

/// A first-in-first-out queue without limit, tasks or shutdown; [`Queue`](super::Queue) otherwise, and 512 bytes as
/// that.
///
/// ```
/// use underthread::queue::{Empty, SimpleQueue};
///
/// static QUEUE: SimpleQueue<u32> = SimpleQueue::new();
/// QUEUE.put(1);
/// assert_eq!(QUEUE.get(), 1);
/// assert_eq!(QUEUE.get_nowait(), Err(Empty));
/// ```
pub struct SimpleQueue<T> {
    ring: Ring<T>,
}

impl<T> SimpleQueue<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { ring: Ring::new(usize::MAX) }
    }

    /// Puts `item`. Waits for nothing but another put in progress.
    #[inline]
    pub fn put(&self, item: T) {
        // No limit that memory could hold, never closed: always `Ok`.
        let _ = self.ring.try_put(item);
    }

    /// As [`put`](Self::put), which never waits for room.
    #[inline]
    pub fn put_nowait(&self, item: T) {
        self.put(item);
    }

    /// Puts all of `items`, in order, with no other put between them. The iterator is run to its end first.
    pub fn put_many(&self, items: impl IntoIterator<Item = T>) {
        // As in `put`.
        let _ = self.ring.put_many_until(items.into_iter().collect(), None);
    }

    /// Gets the next item, waiting for one as long as it takes.
    #[inline]
    pub fn get(&self) -> T {
        loop {
            // Without a deadline, on a ring that is never closed, the first one is `Ok`.
            if let Ok(item) = self.ring.get_until(None) {
                return item;
            }
        }
    }

    /// Gets the next item if there is one.
    ///
    /// # Errors
    ///
    /// [`Empty`] if there is none.
    #[inline]
    pub fn get_nowait(&self) -> Result<T, Empty> {
        self.ring.try_get().map_err(|_| Empty)
    }

    /// Gets the next item, waiting for one for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`Empty`] if there was none in time.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, Empty> {
        self.ring.get_until(Deadline::after(timeout)).map_err(|_| Empty)
    }

    /// Gets what there is, at most `most` items, waiting for the first as long as it takes. With 0, gets none.
    pub fn get_many(&self, most: usize) -> Vec<T> {
        loop {
            // As in `get`.
            if let Ok(items) = self.ring.get_many_until(most, None) {
                return items;
            }
        }
    }

    /// As [`get_many`](Self::get_many), waiting for the first for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`get_timeout`](Self::get_timeout).
    pub fn get_many_timeout(&self, most: usize, timeout: Duration) -> Result<Vec<T>, Empty> {
        self.ring.get_many_until(most, Deadline::after(timeout)).map_err(|_| Empty)
    }

    /// How many items there were, a moment ago.
    pub fn qsize(&self) -> usize {
        self.ring.qsize()
    }

    /// Whether there was no item, a moment ago.
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }
}

impl<T> Default for SimpleQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for SimpleQueue<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SimpleQueue").field("qsize", &self.qsize()).finish()
    }
}

const _: () = assert!(size_of::<SimpleQueue<u64>>() == 512);
