//! A place where a number of threads wait for each other, again and again.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::boxed::Box;

pub use crate::raw::BrokenBarrier;
use crate::raw::{self, Deadline, Guarded, Lock};

/// A place where a number of threads wait for each other, again and again.
///
/// A cycle is complete when all have arrived and the action, if there is one, has run; then all leave, and the barrier
/// fills again. What comes after that cannot spoil it: who was in a complete cycle leaves it with success. A cycle that
/// cannot be complete is *broken*: by [`abort`](Self::abort), by the timeout of one who waits, or by a panic of the
/// action. The barrier then stays broken until [`reset`](Self::reset). That a thread ends without waiting breaks
/// nothing; the others then wait for whoever comes instead.
///
/// A waiting thread spins and yields for some microseconds, then sleeps and uses no CPU. No allocation but for the
/// action; 72 bytes on 64-bit systems.
///
/// # Order
///
/// What came before any arrival of a cycle, and then the action, is visible after every return from that cycle.
///
/// ```
/// use underthread::threading::Barrier;
///
/// let barrier = Barrier::new(2);
/// std::thread::scope(|scope| {
///     let other = scope.spawn(|| barrier.wait().unwrap());
///     let own = barrier.wait().unwrap();
///     assert_eq!(own + other.join().unwrap(), 1);
/// });
/// ```
pub struct Barrier {
    raw: raw::Barrier,
    action: Option<Guarded<Lock, Box<dyn FnMut() + Send>>>,
    timeout: Option<Duration>,
}

// A panic of the action breaks the barrier, and nobody else sees what it has left.
impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

impl Barrier {
    /// A barrier for so many threads.
    ///
    /// # Panics
    ///
    /// If `parties` is 0: nobody could be the last to arrive.
    #[track_caller]
    pub const fn new(parties: u32) -> Self {
        assert!(parties > 0, "a barrier for nobody");
        Self { raw: raw::Barrier::new(parties), action: None, timeout: None }
    }

    /// What the last thread to arrive does before anyone leaves.
    ///
    /// It may use the barrier, but not wait at it: that would be for ever. If it panics, the panic goes on in that
    /// thread, and the barrier is broken.
    ///
    /// ```
    /// use underthread::threading::Barrier;
    ///
    /// let (report, reports) = std::sync::mpsc::channel();
    /// let barrier = Barrier::new(1).action(move || report.send("all are here").unwrap());
    /// barrier.wait().unwrap();
    /// assert_eq!(reports.recv(), Ok("all are here"));
    /// ```
    pub fn action(self, action: impl FnMut() + Send + 'static) -> Self {
        Self { action: Some(Guarded::new(Lock::new(), Box::new(action))), ..self }
    }

    /// How long [`wait`](Self::wait) waits at most; without this it waits for ever.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits until all have arrived, and gives the place in the order of arrival.
    ///
    /// The places of a cycle are the numbers from 0 to `parties - 1`, so one thread of each cycle, say the one with 0,
    /// may do what is to be done once.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`] if the barrier is broken, or if it is aborted or reset before the cycle is complete, or
    /// after the barrier's own [`timeout`](Self::timeout), as for [`wait_timeout`](Self::wait_timeout).
    ///
    /// # Panics
    ///
    /// If this call runs the action, and that panics.
    pub fn wait(&self) -> Result<u32, BrokenBarrier> {
        self.wait_until(self.timeout.and_then(Deadline::after))
    }

    /// As [`wait`](Self::wait), at most for `timeout` instead of the barrier's own. [`Duration::MAX`] is for ever.
    ///
    /// # Errors
    ///
    /// As for `wait`. A timeout breaks the barrier for all who wait in this cycle, unless the cycle was complete
    /// before; also while the action runs. It covers the whole call: one who could not arrive in time, because those of
    /// a cycle before it had not left yet or ran their action, gets the error too, but breaks nothing.
    ///
    /// # Panics
    ///
    /// As `wait`.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<u32, BrokenBarrier> {
        self.wait_until(Deadline::after(timeout))
    }

    fn wait_until(&self, deadline: Option<Deadline>) -> Result<u32, BrokenBarrier> {
        self.raw.wait_until(deadline, || {
            if let Some(action) = &self.action {
                // Free: of one barrier no two actions run at once.
                (*action.acquire())();
            }
        })
    }

    /// Breaks the barrier until it is [`reset`](Self::reset): all who wait in a cycle that is not complete, and all who
    /// come, get [`BrokenBarrier`]. From within the action it breaks the cycle of that action.
    pub fn abort(&self) {
        self.raw.abort();
    }

    /// Empties the barrier, and repairs it if it is broken: all who wait get [`BrokenBarrier`], and who comes next
    /// waits until they have left. While the action runs it does nothing.
    pub fn reset(&self) {
        self.raw.reset();
    }

    /// How many have to arrive.
    pub const fn parties(&self) -> u32 {
        self.raw.parties()
    }

    /// How many have arrived and wait for the rest, a moment ago.
    pub fn n_waiting(&self) -> u32 {
        self.raw.n_waiting()
    }

    /// Whether the barrier is broken, a moment ago.
    pub fn broken(&self) -> bool {
        self.raw.broken()
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(formatter)
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Barrier>() == 72);
