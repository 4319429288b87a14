//! Tests of the prop layer; a file per source file.
#![cfg(not(any(loom, shuttle)))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

#[path = "../support/mod.rs"]
mod support;

/// As `proptest!`, with each case watched.
macro_rules! properties {
    (
        $(#![proptest_config($config:expr)])?
        $($(#[$attribute:meta])* fn $name:ident($($arguments:tt)*) $body:block)*
    ) => {
        proptest! {
            $(#![proptest_config($config)])?
            $($(#[$attribute])* fn $name($($arguments)*) {
                crate::support::watched(|| -> proptest::test_runner::TestCaseResult {
                    $body
                    Ok(())
                })?;
            })*
        }
    };
}

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
