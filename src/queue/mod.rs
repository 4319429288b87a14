//! Python's `queue`: what threads hand to each other.
#![forbid(unsafe_code)]

mod error;
mod lifo;
mod priority;
#[expect(clippy::module_inception, reason = "the file is named after its type, as every other")]
mod queue;
mod simple;
