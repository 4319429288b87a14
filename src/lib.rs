#![doc = include_str!("../README.md")]

#[cfg(all(not(loom), any(feature = "lock_api", feature = "lock_api_04")))]
pub mod lock_api;
#[cfg(not(loom))]
pub mod queue;
pub mod raw;
#[cfg(not(loom))]
pub mod spec;
pub mod sys;
#[cfg(not(loom))]
pub mod threading;
