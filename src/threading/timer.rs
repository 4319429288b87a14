//! `Timer`: a thread that waits, and then calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::{JoinError, StartError};
use super::thread::Thread;
use crate::raw::{Deadline, Fuse};

type Call = Box<dyn FnOnce() + Send>;

/// Calls a closure once, in a thread of its own, some time after [`start`](Self::start), unless
/// [cancelled](Self::cancel) before.
///
/// The thread is as [`Thread::new`] makes it: no daemon, unless made by one, so a process waits at its exit for
/// timers that have not fired. A waiting timer uses no CPU. Dropping the timer does not cancel it. Three pointers
/// in size.
///
/// ```
/// use std::time::Duration;
/// use underthread::threading::Timer;
///
/// let timer = Timer::new(Duration::from_secs(3600), || println!("an hour has passed"));
/// timer.start().unwrap();
/// assert!(timer.cancel());
/// timer.join().unwrap();
/// ```
pub struct Timer {
    thread: Thread,
    /// Burnt by the thread.
    fuse: Arc<Fuse<Call>>,
}

impl Timer {
    /// A timer that will call `f` `interval` after its start. One beyond the clock's reach never does.
    pub fn new(interval: Duration, f: impl FnOnce() + Send + 'static) -> Self {
        let call: Call = Box::new(f);
        let fuse = Arc::new(Fuse::new(call));
        let own = Arc::clone(&fuse);
        // A panic of the call is the excepthook's.
        let thread = Thread::new(move || own.burn(Deadline::after(interval), |call| call()));
        Self { thread, fuse }
    }

    /// Starts the interval. A timer that was cancelled before ends at once, without a call.
    ///
    /// # Errors
    ///
    /// As [`Thread::start`].
    pub fn start(&self) -> Result<(), StartError> {
        self.thread.start()
    }

    /// Prevents the call, and drops the closure; false if it is too late for that, or done already.
    ///
    /// After `true` the closure never runs; after `false` it may be running.
    pub fn cancel(&self) -> bool {
        self.fuse.cut().is_some()
    }

    /// Whether the timer has called, and the call has ended, or has been cancelled.
    pub fn is_finished(&self) -> bool {
        self.fuse.is_finished()
    }

    /// Waits until the timer's thread has ended: after the call, or soon after it was cancelled.
    ///
    /// # Errors
    ///
    /// As [`Thread::join`].
    pub fn join(&self) -> Result<(), JoinError> {
        self.thread.join()
    }

    /// As [`join`](Self::join), but `false` if that takes longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Thread::join`].
    pub fn join_timeout(&self, timeout: Duration) -> Result<bool, JoinError> {
        self.thread.join_timeout(timeout)
    }

    /// The timer's thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Timer").field("thread", &self.thread).field("finished", &self.is_finished()).finish()
    }
}

const _: () = assert!(size_of::<Timer>() == 3 * size_of::<usize>());
