//! More threads than CPUs, and than the system allows.

use std::io::ErrorKind;

use underthread::threading::{JoinError, StartError, Thread, active_count};

use crate::child::child;
use crate::works::{Crew, all_come_to_their_end};

#[test]
fn totals_are_right_in_a_crowd() {
    child(|| all_come_to_their_end(&Crew { threads: 64, each: 60, around: &|_, body| body() }));
}

#[test]
fn totals_are_right_in_a_crowd_of_hundreds() {
    child(|| all_come_to_their_end(&Crew { threads: 200, each: 6, around: &|_, body| body() }));
}

#[test]
fn a_start_that_is_one_thread_too_many_leaves_the_thread_as_it_was() {
    child(|| {
        // The limit is a user's, and does not bind root.
        // SAFETY: asks for a number.
        let is_root = unsafe { libc::geteuid() } == 0;
        // SAFETY: changes who this process is, nobody, of whom nothing is wanted that is root's.
        if is_root && unsafe { libc::setuid(65534) } != 0 {
            return eprintln!("not tested: root cannot become nobody here");
        }
        let (alive, thread) = (active_count(), Thread::new(|| "ran"));
        let before = limit_threads(0);
        for _ in 0..3 {
            let Err(StartError::System(error)) = thread.start() else { panic!("started one too many") };
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            assert!(!thread.is_alive() && thread.ident().is_none());
            assert_eq!((thread.join(), active_count()), (Err(JoinError::NotStarted), alive));
        }
        limit_threads(before);
        thread.start().unwrap();
        assert_eq!(thread.into_result().unwrap(), "ran");
    });
}

/// Limits how many threads the user may have; gives what the limit was.
fn limit_threads(most: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live rlimit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit) }, 0);
    let before = std::mem::replace(&mut limit.rlim_cur, most);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) }, 0);
    before
}
