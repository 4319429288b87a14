//! A flag that threads wait for.

use core::fmt;
use core::time::Duration;

use crate::raw::{self, Deadline};

/// A flag that threads wait for, at first unset.
///
/// A [`set`](Self::set) releases everyone who waits at that moment, even if a [`clear`](Self::clear) follows at once,
/// and everyone who comes until the next `clear`. No operation but `wait` blocks, and none fails; nothing of it depends
/// on which threads live. In what order the released run nobody promises. A waiting thread spins and yields for some
/// microseconds, then sleeps and uses no CPU. Four bytes, no allocation.
///
/// # Order
///
/// What came before a `set` is visible after every `wait` and `is_set` that it made true, and after the `clear` that
/// erased it. So one who clears, looks at what the event stands for, and then waits, misses nothing.
///
/// ```
/// use underthread::threading::Event;
///
/// static READY: Event = Event::new();
/// let waiter = std::thread::spawn(|| READY.wait());
/// READY.set();
/// waiter.join().unwrap();
/// assert!(READY.is_set());
/// ```
pub struct Event {
    raw: raw::Event,
}

impl Event {
    /// An unset event.
    pub const fn new() -> Self {
        Self { raw: raw::Event::new() }
    }

    /// Sets the event and wakes everyone who waits for it; setting it again changes nothing.
    ///
    /// On Linux it may be called in a signal handler.
    #[inline]
    pub fn set(&self) {
        self.raw.set();
    }

    /// Unsets the event. Whoever waited at the `set` before it is released all the same.
    #[inline]
    pub fn clear(&self) {
        self.raw.clear();
    }

    /// Whether the event is set, a moment ago.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.raw.is_set()
    }

    /// Waits until the event is set, as long as it takes.
    #[inline]
    pub fn wait(&self) {
        self.raw.wait_until(None);
    }

    /// Waits until the event is set, at most for `timeout`; gives whether it was.
    ///
    /// [`Duration::ZERO`] only looks, [`Duration::MAX`] is for ever. False means that the event was not set in all
    /// that time: a `set` that comes just in time is not overlooked.
    #[inline]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.raw.is_set() || self.raw.wait_until(Deadline::after(timeout))
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(formatter)
    }
}

const _: () = assert!(size_of::<Event>() == 4);
