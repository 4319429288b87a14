//! Tests of the raw layer; a file per source file, and one for them all.
#![cfg(not(any(loom, shuttle)))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

#[path = "../support/heap.rs"]
mod heap;
#[path = "../support/mod.rs"]
mod support;

mod barrier;
mod biased;
mod condition;
mod crossing;
mod event;
mod fence;
mod futex;
mod lock;
mod pile;
#[cfg(underthread_pthread)]
mod pthread;
mod ring;
mod rlock;
mod semaphore;
mod shown;
mod thread;
