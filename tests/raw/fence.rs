//! `sys::fence` in processes of every kind. Those that change the process for good run in a child: this test binary
//! again, with one test chosen by name and a role by the environment.
#![cfg(target_os = "linux")]

use std::hint::black_box;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::thread;

use underthread::raw::Lock;
use underthread::sys::fence::{Kind, heavy, heavy_is_dear, kind, light, make_symmetric};
use underthread::sys::{Private, Scope, Shared};

use crate::support;

const ROLE: &str = "UNDERTHREAD_FENCE_ROLE";
const WITHOUT_MEMBARRIER: &str = "without membarrier";
const SWITCHING: &str = "switching";
const FORBIDDING: &str = "forbidding";
const SYMMETRIC: &str = "symmetric";

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

/// Two of the CPUs that the calling thread may use, or the same one twice.
fn two_cpus() -> [usize; 2] {
    // SAFETY: all-zero bytes are an empty set.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live set of that size.
    assert_eq!(unsafe { libc::sched_getaffinity(0, size_of_val(&allowed), &raw mut allowed) }, 0);
    // SAFETY: each is within the set.
    let mut cpus = (0..8 * size_of_val(&allowed)).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &allowed) });
    let first = cpus.next().unwrap();
    [first, cpus.next().unwrap_or(first)]
}

/// Has the calling thread stay on that CPU.
fn bind(cpu: usize) {
    // SAFETY: all-zero bytes are an empty set.
    let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: it is within the set.
    unsafe { libc::CPU_SET(cpu, &mut one) };
    // SAFETY: the pointer is to a live set of that size.
    assert_eq!(unsafe { libc::sched_setaffinity(0, size_of_val(&one), &raw const one) }, 0);
}

/// A line of memory of its own, also where lines come in pairs.
#[derive(Default)]
#[repr(align(128))]
struct Line(AtomicU32);

#[derive(Default)]
struct Side {
    /// The round that it has come to.
    round: Line,
    backlog: [Line; 12],
    word: Line,
}

/// Store buffering: a light side and a heavy one, each of which stores to its word, fences, and looks at the other's.
/// Never do both see nothing.
///
/// Without its fence a side fails only if it looks before its own store has left the CPU, and at about the moment when
/// the other does. So each has a CPU of its own; before each store come others that nobody reads, to lines which the
/// other side has; and random delays scan how far apart the two begin.
fn one_side_sees_the_other<S: Scope>() {
    const ROUNDS: u32 = 20_000;
    let sides: [Side; 2] = Default::default();
    let [first, second] = two_cpus();
    // Whether it saw nothing, round by round.
    let run = |cpu, own: usize, fence: fn()| -> Vec<bool> {
        bind(cpu);
        let (own, other, mut seed) = (&sides[own], &sides[1 - own], own as u32 + 1);
        let round = |round| {
            // Xorshift, after Marsaglia.
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            // Release: pairs with Acquire below; whoever is here has looked in the last round.
            own.round.0.store(round, Release);
            let mut looks = 0_u32;
            while other.round.0.load(Acquire) < round {
                looks += 1;
                if looks.is_multiple_of(4096) {
                    thread::yield_now();
                }
            }
            (0..seed % 64).for_each(|step| _ = black_box(step));
            own.backlog.iter().for_each(|line| line.0.store(round, Relaxed));
            own.word.0.store(round, Relaxed);
            fence();
            let saw_nothing = other.word.0.load(Relaxed) != round;
            other.backlog.iter().for_each(|line| _ = line.0.load(Relaxed));
            saw_nothing
        };
        (1..=ROUNDS).map(round).collect()
    };
    let (light, heavy) = support::watched(|| {
        crate::support::scope(|scope| {
            let light = scope.spawn(|| run(first, 0, light::<S>));
            let heavy = scope.spawn(|| run(second, 1, heavy::<S>));
            (light.join().unwrap(), heavy.join().unwrap())
        })
    });
    let both = light.iter().zip(&heavy).filter(|(light, heavy)| **light && **heavy).count();
    assert_eq!(both, 0, "of {ROUNDS} rounds, those in which neither side saw the other");
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
        SYMMETRIC => {
            make_symmetric();
            one_side_sees_the_other::<Private>();
        }
        _ => panic!("no such role: {role}"),
    }
    assert_eq!(kind(), Kind::Symmetric);
    assert!(!heavy_is_dear::<Private>());
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

/// In whichever mode the process has begun.
#[test]
#[cfg_attr(underthread_chaos, ignore = "a delay beside a fence does its work, and rounds of them take minutes")]
fn of_a_light_and_a_heavy_side_one_sees_the_other() {
    one_side_sees_the_other::<Private>();
}

#[test]
#[cfg_attr(underthread_chaos, ignore = "a delay beside a fence does its work, and rounds of them take minutes")]
fn of_a_light_and_a_heavy_side_one_sees_the_other_when_shared() {
    one_side_sees_the_other::<Shared>();
}

#[test]
#[cfg_attr(underthread_chaos, ignore = "a delay beside a fence does its work, and rounds of them take minutes")]
fn of_a_light_and_a_heavy_side_one_sees_the_other_with_full_fences() {
    assert_success(child(SYMMETRIC)).unwrap();
}

/// What the kernel says.
fn membarrier_is_granted() -> bool {
    const QUERY: libc::c_int = 0;
    const PRIVATE_EXPEDITED: libc::c_long = 1 << 3;
    // SAFETY: a query touches no memory.
    let granted = unsafe { libc::syscall(libc::SYS_membarrier, QUERY, 0, 0) };
    granted > 0 && granted & PRIVATE_EXPEDITED != 0
}

#[test]
fn the_fence_is_asymmetric_where_membarrier_is_granted() {
    let expected = if membarrier_is_granted() { Kind::Asymmetric } else { Kind::Symmetric };
    assert_eq!(kind(), expected);
    assert_eq!(heavy_is_dear::<Private>(), expected == Kind::Asymmetric);
    assert!(!heavy_is_dear::<Shared>());
    stress(|| {});
}

/// The mode was decided before `main`, so that membarrier is asked for again only where a heavy side needs it.
#[test]
fn where_membarrier_is_refused_later_a_heavy_side_ends_the_process() {
    const CHILD: &str = "UNDERTHREAD_REFUSED";
    if std::env::var_os(CHILD).is_none() {
        let output = support::rerun("fence::where_membarrier_is_refused_later_a_heavy_side_ends_the_process", CHILD);
        let said = String::from_utf8_lossy(&output.stderr);
        match said.lines().find(|line| line.starts_with("not tested")) {
            Some(line) => eprintln!("{line}"),
            None => {
                assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{said}");
                let last = "shared words do without\nunderthread: membarrier was granted at start and is refused now";
                assert!(said.contains(last), "{said}");
            }
        }
        return;
    }
    if !membarrier_is_granted() {
        return eprintln!("not tested: membarrier is not granted here");
    }
    if let Err(refused) = forbid_membarrier(libc::SECCOMP_FILTER_FLAG_TSYNC) {
        return eprintln!("not tested: a seccomp filter is refused here: {refused}");
    }
    assert_eq!(kind(), Kind::Asymmetric);
    light::<Private>();
    heavy::<Shared>();
    eprintln!("shared words do without");
    let lock = Lock::new();
    lock.acquire();
    lock.acquire();
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
