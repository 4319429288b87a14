//! Why a thread does not start, cannot be joined, or has no result.

use std::any::Any;
use std::fmt;
use std::io;

use super::excepthook;
use super::exit::Finalizing;

/// Why a thread was not started. It may be tried again, unless it was `AlreadyStarted`.
#[derive(Debug)]
pub enum StartError {
    /// It has been started before; it may have ended since.
    AlreadyStarted,
    /// The process is at its end.
    Finalizing,
    /// The system refused; most often no memory for the stack, or too many threads.
    System(io::Error),
}

/// Why a thread cannot be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// It has not been started.
    NotStarted,
    /// It is the caller, who would wait for ever.
    Itself,
    /// It was not started by this module.
    Foreign,
}

/// Why there is no result.
#[derive(Debug)]
pub enum NoResult {
    /// The thread cannot be joined.
    NotJoined(JoinError),
    /// The closure panicked, with this payload.
    Panicked(Box<dyn Any + Send>),
    /// The thread ended by [`raw::exit`](crate::raw::exit).
    Exited,
    /// Another handle has taken it, or this one carries none.
    Taken,
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => formatter.write_str("the thread has been started before"),
            Self::Finalizing => Finalizing.fmt(formatter),
            Self::System(error) => write!(formatter, "the system refused a thread: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::System(error) = self { Some(error) } else { None }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotStarted => "join of a thread that has not been started",
            Self::Itself => "a thread cannot join itself",
            Self::Foreign => "join of a thread that was not started by this module",
        })
    }
}

impl std::error::Error for JoinError {}

impl fmt::Display for NoResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJoined(error) => error.fmt(formatter),
            Self::Panicked(payload) => {
                write!(formatter, "the thread panicked: {}", excepthook::message(&**payload).unwrap_or("no message"))
            }
            Self::Exited => formatter.write_str("the thread has exited"),
            Self::Taken => formatter.write_str("the result is not here any more"),
        }
    }
}

impl std::error::Error for NoResult {}
