//! A number that is made when it is first asked for.
//!
//! I1  0 is "none yet". The first to store its number has made it for everybody, and for good; one who comes second
//!     undoes its own.
//!
//! # Order
//!
//! What was done to make the number is visible to everyone who has it.

use super::atomic::AtomicU64;
use super::atomic::Ordering::{Acquire, Relaxed, Release};

/// The number, or none yet; see the module's text.
#[derive(Debug)]
pub struct LazyNumber(AtomicU64);

impl LazyNumber {
    super::const_fn! {
        /// None yet.
        pub fn new() -> Self {
            Self(AtomicU64::new(0))
        }
    }

    /// The number. If there is none, `make` makes one, which is not 0; if another thread was faster, `undo` has it
    /// back.
    ///
    /// # Errors
    ///
    /// That of `make`.
    #[inline]
    pub fn get<E>(&self, make: impl FnOnce() -> Result<u64, E>, undo: impl FnOnce(u64)) -> Result<u64, E> {
        // Acquire: pairs with Release in `make`; a number that is seen has been made.
        match self.0.load(Acquire) {
            0 => self.make(make, undo),
            known => Ok(known),
        }
    }

    #[cold]
    fn make<E>(&self, make: impl FnOnce() -> Result<u64, E>, undo: impl FnOnce(u64)) -> Result<u64, E> {
        let ours = make()?;
        // Release: pairs with Acquire in `get`, and with that on failure: the other's number is used.
        match self.0.compare_exchange(0, ours, Release, Acquire) {
            Ok(_) => Ok(ours),
            Err(other) => {
                undo(ours);
                Ok(other)
            }
        }
    }

    /// The number, if there is one.
    pub fn made(&mut self) -> Option<u64> {
        // Relaxed: nobody else has it now.
        let number = self.0.load(Relaxed);
        (number != 0).then_some(number)
    }
}

impl Default for LazyNumber {
    fn default() -> Self {
        Self::new()
    }
}
