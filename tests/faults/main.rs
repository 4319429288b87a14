//! Faults: what goes wrong around a primitive, and what it does then. Each test runs in a child process, which a
//! watchdog ends, with the state of what it waits for, should it hang; a file per family of faults.
#![cfg(all(not(any(loom, shuttle)), target_os = "linux"))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

#[path = "../support/mod.rs"]
mod support;

mod child;
mod crowd;
mod forget;
mod fork;
mod memory;
mod panics;
mod scheduling;
mod signals;
mod spurious;
mod waits;
mod works;
