//! `sys::fence` in processes of every kind. Those that change the process for good run in a child: this test binary
//! again, with one test chosen by name and a role by the environment.
#![cfg(target_os = "linux")]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

use underthread::raw::Lock;
use underthread::sys::Private;
use underthread::sys::fence::{Kind, heavy, kind, make_symmetric};

use crate::support;

const ROLE: &str = "UNDERTHREAD_FENCE_ROLE";
const WITHOUT_MEMBARRIER: &str = "without membarrier";
const SWITCHING: &str = "switching";
const FORBIDDING: &str = "forbidding";

/// Two threads contend for a lock, with `meanwhile` in the middle.
fn stress(meanwhile: impl FnOnce()) {
    const EACH: u32 = 100_000;
    let (lock, tally) = (Lock::new(), AtomicU32::new(0));
    support::watched(|| {
        crate::support::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        lock.acquire();
                        tally.store(tally.load(Relaxed) + 1, Relaxed);
                        lock.release().unwrap();
                    }
                });
            }
            while tally.load(Relaxed) < EACH / 2 {
                thread::yield_now();
            }
            meanwhile();
        });
    });
    assert_eq!(tally.into_inner(), 2 * EACH);
}

/// Other threads are at their heavy fences, before and after.
fn switch_and_forbid() {
    const EACH: u32 = 1_000;
    let fences = [const { AtomicU32::new(0) }; 3];
    let all_past = |count| fences.iter().all(|fences| fences.load(Relaxed) >= count);
    support::watched(|| {
        crate::support::scope(|scope| {
            for fences in &fences {
                scope.spawn(|| {
                    while !all_past(2 * EACH) {
                        heavy::<Private>();
                        fences.fetch_add(1, Relaxed);
                    }
                });
            }
            while !all_past(EACH) {
                thread::yield_now();
            }
            make_symmetric();
            if let Err(refused) = forbid_membarrier(libc::SECCOMP_FILTER_FLAG_TSYNC) {
                eprintln!("not tested: a seccomp filter is refused here: {refused}");
            }
        });
    });
}

/// Does nothing unless it has a role.
#[test]
fn role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    match role.as_str() {
        WITHOUT_MEMBARRIER => {
            assert_eq!(kind(), Kind::Symmetric);
            stress(|| {});
            make_symmetric();
        }
        SWITCHING => stress(make_symmetric),
        FORBIDDING => switch_and_forbid(),
        _ => panic!("no such role: {role}"),
    }
    assert_eq!(kind(), Kind::Symmetric);
}

fn child(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "fence::role", "--nocapture"]).env(ROLE, role);
    command
}

fn assert_success(mut command: Command) -> io::Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{said}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "the role's test was not run:\n{said}");
    Ok(())
}

/// From here on, also past an exec, `membarrier(2)` is not there for the calling thread; with `TSYNC`, for none.
fn forbid_membarrier(flags: libc::c_ulong) -> io::Result<()> {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let mut filter = [
        // The system call's number is the first word of what a filter sees.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter {
            jf: 1,
            ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_membarrier as u32)
        },
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: sets a flag of the calling thread.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `program` and its filter live through the call, which copies them.
    if unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[test]
fn without_membarrier_both_sides_are_full_fences() {
    let mut command = child(WITHOUT_MEMBARRIER);
    // SAFETY: between fork and exec only system calls are made, and no memory is allocated.
    unsafe { command.pre_exec(|| forbid_membarrier(0)) };
    if let Err(refused) = assert_success(command) {
        eprintln!("not tested: a seccomp filter is refused here: {refused}");
    }
}

#[test]
fn a_running_process_may_switch_to_full_fences() {
    assert_success(child(SWITCHING)).unwrap();
}

/// A heavy side may have decided for membarrier just before it is switched off and forbidden.
#[test]
fn membarrier_may_be_forbidden_to_all_once_the_fences_are_full() {
    for _ in 0..20 {
        assert_success(child(FORBIDDING)).unwrap();
    }
}

#[test]
fn the_fence_is_asymmetric_where_membarrier_is_granted() {
    const QUERY: libc::c_int = 0;
    const PRIVATE_EXPEDITED: libc::c_long = 1 << 3;
    // SAFETY: a query touches no memory.
    let granted = unsafe { libc::syscall(libc::SYS_membarrier, QUERY, 0, 0) };
    let expected = if granted > 0 && granted & PRIVATE_EXPEDITED != 0 { Kind::Asymmetric } else { Kind::Symmetric };
    assert_eq!(kind(), expected);
    stress(|| {});
}

#[test]
fn a_forked_child_keeps_the_fence_it_had() {
    let before = kind();
    support::fork(|| {
        assert_eq!(kind(), before);
        stress(|| {});
    })
    .join();
}
