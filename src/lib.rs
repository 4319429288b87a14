#![doc = include_str!("../README.md")]

#[cfg(all(not(any(loom, shuttle)), any(feature = "lock_api", feature = "lock_api_04")))]
pub mod lock_api;
#[cfg(not(any(loom, shuttle)))]
pub mod queue;
pub mod raw;
#[cfg(not(any(loom, shuttle)))]
pub mod spec;
pub mod sys;
#[cfg(not(any(loom, shuttle)))]
pub mod threading;
