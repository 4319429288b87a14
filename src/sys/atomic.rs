//! Atomics, cells and hints: core's, and under `--cfg loom` or `--cfg shuttle` the model's. Everything above takes them
//! from here.
//!
//! Left out on purpose: `AtomicBool` and the signed integers (a word that sleepers may watch is a `u32`), and
//! `SeqCst` accesses, which loom cannot tell from `AcqRel`: a store–load order is asked of
//! [`fence`](super::fence) by name.

pub use core::sync::atomic::Ordering;

#[cfg(not(any(loom, shuttle)))]
mod real {
    pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

    /// `core::cell::UnsafeCell` in loom's closure form, so that models run the text that ships.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// Wraps `value`.
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Unwraps the value.
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Lends a pointer for reading.
        #[inline]
        pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        /// Lends a pointer for writing.
        #[inline]
        pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }

        /// A pointer that outlives the call; the model cannot watch what is done through it.
        #[inline]
        pub const fn get(&self) -> *mut T {
            self.0.get()
        }
    }

    /// Makes the memory at `place` a cell without a value.
    ///
    /// # Safety
    ///
    /// `place` is aligned and valid for writes.
    pub unsafe fn make_empty<T>(_: *mut UnsafeCell<core::mem::MaybeUninit<T>>) {
        // Any bytes are such a cell; a write would go over the stack in debug builds.
    }

    /// Tells the CPU that this is a spin loop.
    #[inline]
    pub fn spin_hint() {
        core::hint::spin_loop();
    }
}

#[cfg(not(any(loom, shuttle)))]
pub use real::*;

#[cfg(any(loom, shuttle))]
pub use super::backend::atomic::*;
