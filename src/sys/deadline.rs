//! A point on the monotonic clock: the only form that time takes below the public methods.

#[cfg(not(loom))]
pub use real::Deadline;

#[cfg(loom)]
pub use super::backend::Deadline;

#[cfg(not(loom))]
mod real {
    use core::time::Duration;

    /// A point in time, by the system's monotonic clock; "for ever" is `None` of `Option<Deadline>`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Deadline {
        seconds: libc::time_t,
        nanoseconds: u32,
    }

    impl Deadline {
        /// The present moment.
        pub fn now() -> Self {
            // SAFETY: all-zero bytes are a timespec.
            let mut now: libc::timespec = unsafe { core::mem::zeroed() };
            // SAFETY: the pointer is to a live timespec.
            let failed = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
            assert_eq!(failed, 0, "CLOCK_MONOTONIC cannot be read");
            // `tv_nsec` is below 1e9 by contract, so it fits.
            Self { seconds: now.tv_sec, nanoseconds: now.tv_nsec as u32 }
        }

        /// The moment `timeout` from now; `None`, for ever, when the clock cannot name it.
        pub fn after(timeout: Duration) -> Option<Self> {
            // No clock reading for the timeouts that mean "for ever" anyway.
            let whole = libc::time_t::try_from(timeout.as_secs()).ok()?;
            let now = Self::now();
            let nanoseconds = now.nanoseconds + timeout.subsec_nanos();
            let carry = nanoseconds / 1_000_000_000;
            let seconds = now.seconds.checked_add(whole)?.checked_add(libc::time_t::from(carry))?;
            Some(Self { seconds, nanoseconds: nanoseconds % 1_000_000_000 })
        }

        /// Whether the moment has come.
        pub fn passed(self) -> bool {
            Self::now() >= self
        }

        /// What is left until the moment; zero once it has come.
        pub fn remaining(self) -> Duration {
            let now = Self::now();
            if now >= self {
                return Duration::ZERO;
            }
            // The difference of two readings of one clock, the later first, is not negative.
            let since_boot = |point: Self| Duration::new(point.seconds.max(0) as u64, point.nanoseconds);
            since_boot(self) - since_boot(now)
        }

        /// In the kernel's form.
        pub(in crate::sys) fn timespec(self) -> libc::timespec {
            // SAFETY: all-zero bytes are a timespec; a 32-bit target may have padding to clear.
            let mut spec: libc::timespec = unsafe { core::mem::zeroed() };
            spec.tv_sec = self.seconds;
            spec.tv_nsec = self.nanoseconds as _;
            spec
        }
    }
}
