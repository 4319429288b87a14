//! A child that is traced by single steps, between breakpoints of its own.

use std::arch::asm;
use std::mem::offset_of;
use std::ptr::without_provenance_mut;
use std::{env, io};

use crate::support::{Child, fork};

/// What was run between two breakpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) instructions: u64,
    /// Those that lock the bus or drain the store buffer: with a lock prefix, `xchg` with memory, `mfence`.
    pub(crate) locked: u64,
    pub(crate) system_calls: u64,
}

/// Opens and ends what is counted.
#[inline(always)]
pub(crate) fn breakpoint() {
    // SAFETY: the tracer goes on behind it.
    unsafe { asm!("int3") };
}

/// Says why tracing is not possible: a failure, unless the environment allows it.
pub(crate) fn refuse(why: &str) {
    let allowed = env::var_os("UNDERTHREAD_UNTRACED").is_some();
    assert!(allowed, "{why}: the instructions cannot be counted; UNDERTHREAD_UNTRACED=1 goes on without");
    println!("{why}: the instructions are not counted, which UNDERTHREAD_UNTRACED allows");
}

/// Forks a child that runs `body`, and counts what it runs between its first and second breakpoint, its third and
/// fourth, and so on. `None` where tracing is forbidden and that is allowed.
pub(crate) fn count(body: impl FnOnce()) -> Option<Vec<Count>> {
    const FORBIDDEN: libc::c_int = 77;
    let child = fork(|| {
        if request(libc::PTRACE_TRACEME, 0, 0, 0) != 0 {
            // SAFETY: nothing is to be cleaned up.
            unsafe { libc::_exit(FORBIDDEN) };
        }
        body();
    });
    let mut counts = Vec::new();
    loop {
        match until_stopped(&child) {
            Ok(()) => {}
            Err(0) => return Some(counts),
            Err(FORBIDDEN) => {
                refuse("ptrace is forbidden");
                return None;
            }
            Err(status) => panic!("the traced child failed: {status}"),
        }
        counts.push(steps(&child));
        // Onto the second breakpoint, and past it.
        go(&child, libc::PTRACE_CONT);
        assert_eq!(until_stopped(&child), Ok(()), "a second breakpoint");
        go(&child, libc::PTRACE_CONT);
    }
}

/// From behind one breakpoint to the next.
fn steps(child: &Child) -> Count {
    let (mut count, mut last) = (Count::default(), 0);
    loop {
        let at = request(libc::PTRACE_PEEKUSER, child.id(), offset_of!(libc::user, regs.rip), 0);
        let bytes = request(libc::PTRACE_PEEKTEXT, child.id(), at as usize, 0).to_le_bytes();
        if bytes[0] == 0xcc {
            return count;
        }
        // A repeated string instruction stops before each repetition.
        if at != last {
            count.instructions += 1;
            count.locked += u64::from(is_locked(&bytes));
            count.system_calls += u64::from(bytes.starts_with(&[0x0f, 0x05]));
        }
        last = at;
        go(child, libc::PTRACE_SINGLESTEP);
        assert_eq!(until_stopped(child), Ok(()), "a step");
    }
}

fn is_locked(bytes: &[u8; 8]) -> bool {
    const LOCK: u8 = 0xf0;
    let is_prefix = |byte: &&u8| matches!(**byte, LOCK | 0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67 | 0xf2 | 0xf3);
    let prefixes = bytes.iter().take_while(is_prefix).count();
    let is_rex = |byte: u8| byte & 0xf0 == 0x40;
    let code = prefixes + usize::from(prefixes < 8 && is_rex(bytes[prefixes]));
    let has_memory = |modrm: u8| modrm >> 6 != 3;
    bytes[..prefixes].contains(&LOCK)
        || match bytes[code..] {
            [0x86 | 0x87, modrm, ..] => has_memory(modrm),
            [0x0f, 0xae, 0xf0, ..] => true,
            _ => false,
        }
}

/// Waits for the child's next trap; the status of one that has ended.
fn until_stopped(child: &Child) -> Result<(), libc::c_int> {
    let mut status = 0;
    // SAFETY: the child is ours, and not yet waited for.
    assert_eq!(unsafe { libc::waitpid(child.id(), &raw mut status, 0) }, child.id());
    if libc::WIFEXITED(status) {
        return Err(libc::WEXITSTATUS(status));
    }
    let trapped = libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGTRAP;
    if trapped { Ok(()) } else { Err(status) }
}

fn go(child: &Child, how: libc::c_uint) {
    assert_eq!(request(how, child.id(), 0, 0), 0, "{}", io::Error::last_os_error());
}

fn request(what: libc::c_uint, child: libc::pid_t, address: usize, data: usize) -> libc::c_long {
    let [address, data] = [address, data].map(without_provenance_mut::<libc::c_void>);
    // SAFETY: it touches no memory of ours: the addresses are the child's.
    unsafe { libc::ptrace(what, child, address, data) }
}

#[test]
fn a_known_block_is_counted_exactly() {
    let counts = count(|| {
        for _ in 0..2 {
            let (mut word, mut bytes) = (0_u64, [1_u8; 3]);
            // SAFETY: it writes the word, the bytes, and registers that it says it does.
            unsafe {
                asm!("int3",
                    "nop",
                    "lock inc dword ptr [{word}]",
                    "lock cmpxchg qword ptr [{word}], {word}", // another prefix behind it
                    "xchg eax, ecx", "xchg ecx, r11d", // no memory: not locked
                    "xchg dword ptr [{word}], eax",
                    "mfence",
                    "lfence",
                    "mov ecx, 3",
                    "rep stosb", // counted once
                    "mov eax, 39", "syscall", // getpid
                    "int3",
                    word = in(reg) &raw mut word,
                    inout("rdi") &raw mut bytes => _, inout("rax") 0_u64 => _, out("rcx") _, out("r11") _);
            }
        }
    });
    let Some(counts) = counts else { return };
    assert_eq!(counts, [Count { instructions: 12, locked: 4, system_calls: 1 }; 2]);
}
