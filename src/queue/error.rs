//! Why an operation on a queue came to nothing; what could not be put comes back.

use core::error::Error;
use core::fmt;

use crate::raw::Refused;

/// The queue was shut down; for a get: and is empty. Holds what was to be put.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShutDown<T = ()>(pub T);

/// Why an item was not put; it is in here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// No room, or not in time.
    Full(T),
    /// The queue was shut down.
    ShutDown(T),
}

/// Why no item was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// No item, or not in time.
    Empty,
    /// The queue was shut down, and is empty.
    ShutDown,
}

/// No item, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Empty;

impl<T> PutError<T> {
    /// What was to be put.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::ShutDown(item) => item,
        }
    }
}

impl<T> From<(Refused, T)> for PutError<T> {
    fn from((why, item): (Refused, T)) -> Self {
        match why {
            Refused::NotNow => Self::Full(item),
            Refused::Closed => Self::ShutDown(item),
        }
    }
}

impl From<Refused> for GetError {
    fn from(why: Refused) -> Self {
        match why {
            Refused::NotNow => Self::Empty,
            Refused::Closed => Self::ShutDown,
        }
    }
}

const FULL: &str = "the queue is full";
const EMPTY: &str = "the queue is empty";
const SHUT_DOWN: &str = "the queue was shut down";

impl<T> fmt::Display for ShutDown<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SHUT_DOWN)
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full(_) => FULL,
            Self::ShutDown(_) => SHUT_DOWN,
        })
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => EMPTY,
            Self::ShutDown => SHUT_DOWN,
        })
    }
}

impl fmt::Display for Empty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(EMPTY)
    }
}

impl<T> fmt::Debug for ShutDown<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ShutDown")
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Full(_) => "Full",
            Self::ShutDown(_) => "ShutDown",
        })
    }
}

impl<T> Error for ShutDown<T> {}
impl<T> Error for PutError<T> {}
impl Error for GetError {}
impl Error for Empty {}
