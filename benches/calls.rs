//! How many system calls a thread makes: we stand in for libc's `syscall` and `sched_yield`, through which the futex
//! calls of Rust code go, and count. Calls that libc makes for itself (its mutex, condition, semaphore and barrier, and
//! its sleeps) are not seen: of these subjects the table gives no number.

use std::cell::Cell;

thread_local!(static MADE: Cell<u64> = const { Cell::new(0) });

/// Those of the calling thread, since it began.
pub fn made() -> u64 {
    MADE.get()
}

/// Whether they are counted here.
pub const COUNTED: bool = cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod stand_in {
    use std::arch::asm;

    use super::MADE;

    /// The kernel's answer: `-errno` for an error.
    unsafe fn raw(number: i64, arguments: [i64; 6]) -> i64 {
        let [a, b, c, d, e, f] = arguments;
        let answer;
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the kernel's calling convention; the call itself is our caller's affair.
        unsafe {
            asm!("syscall", inlateout("rax") number => answer, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
                in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _);
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        unsafe {
            asm!("svc 0", in("x8") number, inlateout("x0") a => answer, in("x1") b, in("x2") c, in("x3") d,
                in("x4") e, in("x5") f);
        }
        // No thread-local destructor, so this is good at any time in a thread's life.
        MADE.set(MADE.get() + 1);
        answer
    }

    fn answered(answer: i64) -> i64 {
        if answer < 0 {
            // SAFETY: it gives the calling thread's own.
            let errno = unsafe { libc::__errno_location() };
            // SAFETY: valid, and of this thread alone.
            unsafe { *errno = -answer as i32 };
            return -1;
        }
        answer
    }

    /// libc's is variadic; in both conventions a caller passes integers in the same registers.
    // SAFETY: it does what libc's does.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn syscall(number: i64, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64) -> i64 {
        // SAFETY: by our caller.
        answered(unsafe { raw(number, [a, b, c, d, e, f]) })
    }

    // SAFETY: it does what libc's does.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn sched_yield() -> i32 {
        // SAFETY: it takes no arguments.
        answered(unsafe { raw(libc::SYS_sched_yield, [0; 6]) }) as i32
    }
}
