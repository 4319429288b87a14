//! The museum: what went wrong in other libraries, as scenarios over our types. `docs/museum.md` is its catalogue, with
//! the link of each entry, the tests that stand elsewhere, and what was planted to see each scenario fail.
//!
//! With `--cfg loom` it holds those that need every interleaving, and otherwise the rest.
#![cfg(not(shuttle))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

#[cfg(not(loom))]
#[path = "../support/names.rs"]
mod names;
#[cfg(not(loom))]
#[path = "../support/mod.rs"]
mod support;

#[cfg(not(loom))]
mod catalogue;
#[cfg(not(loom))]
mod fairness;
#[cfg(not(loom))]
mod freed_memory;
#[cfg(not(loom))]
mod processes;
#[cfg(not(loom))]
mod queues;
#[cfg(not(loom))]
mod rules;
#[cfg(not(loom))]
mod threads;
#[cfg(not(loom))]
mod timeouts;

#[cfg(loom)]
mod queues_model;
#[cfg(all(loom, target_os = "linux", target_pointer_width = "64"))]
#[path = "../loom/stacks.rs"]
mod stacks;
