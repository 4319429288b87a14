//! A point on the monotonic clock: the only form that time takes below the public methods.

#[cfg(not(any(loom, shuttle)))]
pub use real::Deadline;

#[cfg(any(loom, shuttle))]
pub use super::backend::Deadline;

#[cfg(not(any(loom, shuttle)))]
mod real {
    use core::num::NonZeroU64;
    use core::time::Duration;

    const NANOSECONDS: u64 = 1_000_000_000;

    /// A point in time, by the system's monotonic clock; "for ever" is `None` of `Option<Deadline>`, which is as
    /// small as the deadline itself.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Deadline {
        /// Since the clock's start, which lies no 584 years back.
        nanoseconds: NonZeroU64,
    }

    impl Deadline {
        /// The present moment.
        pub fn now() -> Self {
            // SAFETY: all-zero bytes are a timespec.
            let mut now: libc::timespec = unsafe { core::mem::zeroed() };
            // SAFETY: the pointer is to a live timespec.
            let failed = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
            assert_eq!(failed, 0, "CLOCK_MONOTONIC cannot be read");
            // A monotonic clock's parts are not negative.
            let nanoseconds = now.tv_sec as u64 * NANOSECONDS + now.tv_nsec as u64;
            Self { nanoseconds: NonZeroU64::new(nanoseconds).unwrap_or(NonZeroU64::MIN) }
        }

        /// The moment `timeout` from now; `None`, for ever, when it lies further away than the clock can name.
        pub fn after(timeout: Duration) -> Option<Self> {
            let timeout = u64::try_from(timeout.as_nanos()).ok()?;
            let nanoseconds = Self::now().nanoseconds.checked_add(timeout)?;
            // The kernel counts nanoseconds as signed.
            i64::try_from(nanoseconds.get()).ok()?;
            Some(Self { nanoseconds })
        }

        /// Whether the moment has come.
        pub fn passed(self) -> bool {
            Self::now() >= self
        }

        /// What is left until the moment; zero once it has come.
        pub fn remaining(self) -> Duration {
            Duration::from_nanos(self.nanoseconds.get().saturating_sub(Self::now().nanoseconds.get()))
        }

        /// In the kernel's form.
        pub(in crate::sys) fn timespec(self) -> libc::timespec {
            // SAFETY: all-zero bytes are a timespec; a 32-bit target may have padding to clear.
            let mut spec: libc::timespec = unsafe { core::mem::zeroed() };
            let nanoseconds = self.nanoseconds.get();
            // Saturates on targets whose time_t ends in 2038: a wait that returns early is looked at again.
            spec.tv_sec = libc::time_t::try_from(nanoseconds / NANOSECONDS).unwrap_or(libc::time_t::MAX);
            spec.tv_nsec = (nanoseconds % NANOSECONDS) as _;
            spec
        }
    }
}
