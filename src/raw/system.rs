//! What a process says of its threads, and they of themselves. Not modelled: plain numbers, and the system's hooks.

use core::any::Any;
use core::fmt;
use core::time::Duration;
use std::panic::resume_unwind;

use crate::sys::thread;

pub(crate) use crate::sys::identity::{forks, stayed_behind};
pub use crate::sys::identity::{is_main, main_ident, main_native_id, set_os_name};
pub use crate::sys::thread::{at_end, at_exit, count};

/// The longest timeout: every [`Duration`] is one, and those that the clock cannot reach are for ever.
pub const TIMEOUT_MAX: Duration = Duration::MAX;

/// A stack too small for any thread was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackTooSmall {
    /// The least that the system takes, in bytes.
    pub least: usize,
}

/// Gives the stack size, in bytes, of threads whose start names none; with a number, sets it first, for threads
/// started from now on in the whole process, and gives what it was. 0 is the system's default.
///
/// # Errors
///
/// [`StackTooSmall`] for a number that the system takes for no thread. There is no greatest one: what is too large is
/// refused when a thread is started.
pub fn stack_size(bytes: Option<usize>) -> Result<usize, StackTooSmall> {
    let least = thread::least_stack_size();
    match bytes {
        None => Ok(thread::stack_size()),
        Some(bytes) if bytes != 0 && bytes < least => Err(StackTooSmall { least }),
        Some(bytes) => Ok(thread::set_stack_size(bytes)),
    }
}

struct Exit;

/// Ends the calling thread, silently, by unwinding it.
///
/// For threads started by this crate. In any other it is a panic without a message: in the main thread it ends the
/// program, with the status of a panic.
pub fn exit() -> ! {
    resume_unwind(Box::new(Exit))
}

/// Whether a panic's payload is that of [`exit`].
pub fn is_exit(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Exit>()
}

impl fmt::Display for StackTooSmall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a thread's stack cannot be smaller than {} bytes", self.least)
    }
}

impl core::error::Error for StackTooSmall {}
