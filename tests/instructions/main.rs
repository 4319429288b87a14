//! How many instructions the fast paths run, and how many of them lock: docs/instructions.md, held within its slack.
//!
//! `cargo test --release --test instructions`; with `UPDATE=1` it writes the page. A forked child runs each operation
//! between two breakpoints, and is traced instruction by instruction: no tool is needed, and no clock. That is for
//! x86-64 Linux, an optimised build and the system's own futex; elsewhere it says so and checks nothing. Where tracing
//! or membarrier is forbidden it fails, unless `UNDERTHREAD_UNTRACED` is set.
#![cfg(not(any(loom, shuttle)))]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "std's threads are the watchdog of the tests")]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../support/mod.rs"]
mod support;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod operations;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod page;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod trace;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[test]
fn nothing_is_counted_here() {
    println!("the instructions are not counted: that needs x86-64 Linux");
}
