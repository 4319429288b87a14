//! Threads that the scheduler treats differently, on all CPUs and on one.

use std::io;
use std::thread;

use crate::child::child;
use crate::works::{Crew, all_come_to_their_end};

/// The threads on which the rest of a test depends: this one, and those it starts.
fn bind_to_one_cpu(thread: libc::pid_t) {
    // SAFETY: all-zero bytes are an empty set.
    let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: sched_getcpu reads a number.
    let here = usize::try_from(unsafe { libc::sched_getcpu() }).unwrap();
    // SAFETY: a CPU that exists is within the set.
    unsafe { libc::CPU_SET(here, &mut one) };
    // SAFETY: the pointer is to a live set of that size.
    assert_eq!(unsafe { libc::sched_setaffinity(thread, size_of_val(&one), &raw const one) }, 0);
}

/// Free; then on one CPU, with the crate spinning as if there were more.
fn free_and_bound(crew: &Crew<'_>) {
    all_come_to_their_end(crew);
    bind_to_one_cpu(0);
    all_come_to_their_end(crew);
}

/// So that a thread that never sleeps ends its process, and not the machine's day.
fn schedule(policy: libc::c_int, priority: libc::c_int) -> io::Result<()> {
    const SECONDS: libc::rlim_t = 30;
    let limit = libc::rlimit { rlim_cur: SECONDS * 1_000_000, rlim_max: SECONDS * 1_000_000 };
    // SAFETY: the pointer is to a live limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) }, 0);
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the pointer is to live parameters; 0 is the calling thread.
    match unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[test]
fn totals_are_right_among_nice_threads() {
    child(|| {
        let around = |number: u32, body: &mut dyn FnMut()| {
            let nice = [0, 5, 10, 19][number as usize % 4];
            // SAFETY: sets a number of the calling thread.
            assert_eq!(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) }, 0);
            body();
        };
        free_and_bound(&Crew { threads: 8, each: 100, around: &around });
    });
}

#[test]
fn totals_are_right_among_threads_of_real_time() {
    child(|| {
        if let Err(refused) = thread::spawn(|| schedule(libc::SCHED_FIFO, 1)).join().unwrap() {
            return eprintln!("not tested: SCHED_FIFO is refused here: {refused}");
        }
        let around = |number: u32, body: &mut dyn FnMut()| {
            if let priority @ 1.. = (number % 3).cast_signed() {
                schedule(libc::SCHED_FIFO, priority).unwrap();
            }
            body();
        };
        free_and_bound(&Crew { threads: 6, each: 100, around: &around });
    });
}
