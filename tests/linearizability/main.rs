//! The types under real threads: what generated programs answer is explained by a sequential spec; and the checker that
//! says so is checked in turn.
#![cfg(not(any(loom, shuttle)))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

#[path = "../support/mod.rs"]
mod support;

mod barrier;
mod checker;
mod corrupted;
mod event;
mod lock;
mod planted;
mod program;
mod queue;
mod rival;
mod semaphore;
