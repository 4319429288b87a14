//! Tests of the prop layer; a file per source file.
#![cfg(not(any(loom, shuttle)))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

#[path = "../support/mod.rs"]
mod support;

mod barrier;
mod condition;
mod event;
mod guards;
mod local;
mod lock;
mod queue;
mod rlock;
mod semaphore;
mod thread;
mod timer;
