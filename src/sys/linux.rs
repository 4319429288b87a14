//! `Futex` by system call.
//!
//! Private untimed waits and wakes go through `atomic-wait`; deadlines, shared words, bitsets and wakes of a few go to
//! `futex(2)` here. `FUTEX_WAIT_BITSET` is the form that takes an absolute monotonic deadline, so an interrupted
//! wait is repeated as it stands, and no remainder is ever computed.

use core::ptr;

use super::Deadline;
use super::atomic::AtomicU32;
use super::futex::MATCH_ANY;

pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Deadline>, shared: bool, bitset: u32) -> bool {
    if deadline.is_none() && !shared && bitset == MATCH_ANY {
        atomic_wait::wait(word, expected);
        return true;
    }
    let until = deadline.map(Deadline::timespec);
    // SAFETY: `word` and `until` live through the call; a null timeout is for ever; the second address is not used
    // by this operation.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            ptr::from_ref(word),
            libc::FUTEX_WAIT_BITSET | flag(shared),
            expected,
            until.as_ref().map_or(ptr::null(), ptr::from_ref),
            ptr::null::<u32>(),
            bitset,
        )
    };
    // EAGAIN (the word differs), EINTR and a plain return all mean: look again. The kernel reports ETIMEDOUT only
    // to a waiter that it took from the queue itself, never to one that a wake had chosen.
    result == 0 || errno() != libc::ETIMEDOUT
}

pub(super) fn wake(word: *const AtomicU32, count: u32, shared: bool, bitset: u32) {
    match (count, shared || bitset != MATCH_ANY) {
        // The kernel takes 0 for 1.
        (0, _) => {}
        (1, false) => atomic_wait::wake_one(word),
        (u32::MAX, false) => atomic_wait::wake_all(word),
        _ => {
            // The kernel counts in i32; there cannot be more waiters than that.
            let count = i32::try_from(count).unwrap_or(i32::MAX);
            // SAFETY: a wake uses the address as a key and does not read through it; its time and its second address
            // are not used.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    word,
                    libc::FUTEX_WAKE_BITSET | flag(shared),
                    count,
                    ptr::null::<libc::timespec>(),
                    ptr::null::<u32>(),
                    bitset,
                )
            };
        }
    }
}

fn flag(shared: bool) -> libc::c_int {
    if shared { 0 } else { libc::FUTEX_PRIVATE_FLAG }
}

fn errno() -> libc::c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The kernel keeps no table here.
pub(super) fn watch_forks() -> std::io::Result<()> {
    Ok(())
}
