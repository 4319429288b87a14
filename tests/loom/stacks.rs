//! Keeps the stacks of loom's threads from one execution to the next.
//!
//! loom maps and unmaps a stack for each thread of each execution, which is more than half of a run's time. These
//! definitions stand before the C library's in this program; what is not such a stack they hand on to the system. A
//! stack is mapped and unmapped by one thread of the test harness, as loom has it, and what is kept at its end leaks.

use std::cell::RefCell;
use std::ptr;

use libc::{
    MAP_ANON, MAP_PRIVATE, MAP_STACK, PROT_NONE, SYS_mmap, SYS_mprotect, SYS_munmap, c_int, c_long, c_void, off_t,
};

/// A mapping for a stack; in use, or kept.
#[derive(Clone, Copy)]
struct Stack {
    bottom: *mut c_void,
    size: usize,
    may: c_int,
    in_use: bool,
    has_a_guard: bool,
}

/// As many as loom has threads.
const KEPT: usize = loom::MAX_THREADS;

thread_local! {
    // An array, as what allocates may map.
    static STACKS: RefCell<[Option<Stack>; KEPT]> = const { RefCell::new([None; KEPT]) };
}

/// Calls `found` with the first stack that is so.
fn with<R>(is_so: impl Fn(&Stack) -> bool, found: impl FnOnce(&mut Stack) -> R) -> Option<R> {
    STACKS.with_borrow_mut(|stacks| stacks.iter_mut().flatten().find(|stack| is_so(stack)).map(found))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    at: *mut c_void,
    size: usize,
    may: c_int,
    flags: c_int,
    file: c_int,
    from: off_t,
) -> *mut c_void {
    let is_a_stack = at.is_null() && flags == MAP_PRIVATE | MAP_ANON | MAP_STACK;
    let kept = with(
        |stack| is_a_stack && !stack.in_use && stack.size == size && stack.may == may,
        |stack| {
            stack.in_use = true;
            stack.bottom
        },
    );
    kept.unwrap_or_else(|| {
        // SAFETY: our caller's promise.
        let bottom = unsafe { libc::syscall(SYS_mmap, at, size, long(may), long(flags), long(file), from) };
        let bottom = ptr::with_exposed_provenance_mut(bottom as usize);
        if is_a_stack && bottom != libc::MAP_FAILED {
            let stack = Stack { bottom, size, may, in_use: true, has_a_guard: false };
            STACKS.with_borrow_mut(|stacks| {
                if let Some(room) = stacks.iter_mut().find(|stack| stack.is_none()) {
                    *room = Some(stack);
                }
            });
        }
        bottom
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mprotect(at: *mut c_void, size: usize, may: c_int) -> c_int {
    let is_a_guard = |stack: &Stack| may == PROT_NONE && stack.bottom == at;
    if with(is_a_guard, |stack| stack.has_a_guard) == Some(true) {
        return 0;
    }
    // SAFETY: our caller's promise.
    let failed = result(unsafe { libc::syscall(SYS_mprotect, at, size, long(may)) });
    with(is_a_guard, |stack| stack.has_a_guard = failed == 0);
    failed
}

#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(at: *mut c_void, size: usize) -> c_int {
    let kept = with(|stack| stack.bottom == at && stack.size == size, |stack| stack.in_use = false);
    // SAFETY: our caller's promise.
    if kept.is_some() { 0 } else { result(unsafe { libc::syscall(SYS_munmap, at, size) }) }
}

/// As the system call takes it.
fn long(value: c_int) -> c_long {
    value.into()
}

/// 0, or -1.
fn result(result: c_long) -> c_int {
    c_int::from(result != 0).wrapping_neg()
}
