//! `membarrier(2)`, which makes one thread run a full fence on every CPU of the process.

#[cfg(target_os = "linux")]
mod ways {
    const CMD_PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const CMD_REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    /// Asks for the right to call [`fence`]; false where the kernel or a sandbox does not grant it.
    pub(in crate::sys) fn register() -> bool {
        call(CMD_REGISTER_PRIVATE_EXPEDITED)
    }

    /// A full fence on every CPU that runs a thread of this process; false if it did not happen.
    pub(in crate::sys) fn fence() -> bool {
        call(CMD_PRIVATE_EXPEDITED)
    }

    fn call(command: libc::c_int) -> bool {
        // SAFETY: membarrier takes a command, flags and a CPU number, and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }
}

#[cfg(not(target_os = "linux"))]
mod ways {
    pub(in crate::sys) fn register() -> bool {
        false
    }

    pub(in crate::sys) fn fence() -> bool {
        false
    }
}

pub(super) use ways::{fence, register};
