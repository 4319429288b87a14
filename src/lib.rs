//! Python's `_thread`, `threading` and `queue` in Rust, on pthread, futex system calls and atomics.

#[cfg(not(loom))]
pub mod queue;
pub mod raw;
pub mod sys;
#[cfg(not(loom))]
pub mod threading;
