//! Who a thread is: its ident, its kernel's number, its name, whether it is main; and whether there is more than one
//! CPU for all of them.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::ffi::CString;
use std::io;

use super::thread::{check, forget_other_threads};
use super::{LazyNumber, Scope};

/// The longest name of a thread that Linux keeps, in bytes.
const NAME_BYTES: usize = 15;

/// The ident of the thread that runs `main`; after a fork, see `raw::main_ident`.
pub const MAIN_IDENT: u64 = 1;

thread_local! {
    // Constant and without a destructor: readable from every thread-local destructor and from signal handlers.
    static IDENT: Cell<u64> = const { Cell::new(0) };
    static NATIVE_ID: Cell<u32> = const { Cell::new(0) };
}

static NEXT_IDENT: AtomicU64 = AtomicU64::new(MAIN_IDENT + 1);

/// A fresh ident, never given before in this process. Its low half is never 0, which stands for "nobody", nor that of
/// the main thread, which outlives 2^32 others, nor one of the last two, which are no owners ([`MOST_OWNER`]).
pub fn reserve_ident() -> u64 {
    loop {
        // Relaxed: only that no two threads get the same number matters.
        let ident = NEXT_IDENT.fetch_add(1, Relaxed);
        if (MAIN_IDENT as u32 + 1..=MOST_OWNER).contains(&(ident as u32)) {
            return ident;
        }
    }
}

/// The calling thread's ident: 1 for the main thread, else a number that no other thread of this process ever
/// has.
#[inline]
pub fn ident() -> u64 {
    match IDENT.get() {
        0 => adopt_ident(if began() { MAIN_IDENT } else { reserve_ident() }),
        ident => ident,
    }
}

/// Gives the calling thread the ident that was reserved for it. Called before anybody asks for one.
#[cold]
pub fn adopt_ident(ident: u64) -> u64 {
    debug_assert_eq!(IDENT.get(), 0, "the thread has an ident already");
    IDENT.set(ident);
    ident
}

/// The kernel's number of the calling thread, unique in the system while it lives.
#[inline]
pub fn native_id() -> u32 {
    match NATIVE_ID.get() {
        0 => ask_native_id(),
        id => id,
    }
}

#[cold]
fn ask_native_id() -> u32 {
    watch_forks().expect("no memory for a fork handler");
    let id = system_thread_id();
    NATIVE_ID.set(id);
    id
}

/// A number that changes at a fork; from [`watch_forks`] on.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// The ident of the main thread.
static MAIN: AtomicU64 = AtomicU64::new(MAIN_IDENT);

/// Has forked children know that they are: the thread that forked is their main one, and all there is.
///
/// # Errors
///
/// The system's: no memory.
pub fn watch_forks() -> io::Result<()> {
    extern "C" fn before() {
        // Now, when it is known who is main.
        ident();
    }
    extern "C" fn in_child() {
        NATIVE_ID.set(0);
        // Relaxed, both: the child has one thread.
        MAIN.store(ident(), Relaxed);
        FORKS.fetch_add(1, Relaxed);
        forget_other_threads();
    }
    // 1: who sees it may fork, and the child is told.
    static WATCHED: LazyNumber = LazyNumber::new();
    let watch = || {
        // SAFETY: the handlers use atomics and thread-locals without destructors.
        check(unsafe { libc::pthread_atfork(Some(before), None, Some(in_child)) })?;
        Ok(1)
    };
    // To have the handlers twice does no harm: a fork is counted by two then.
    WATCHED.get(watch, drop).map(drop)
}

/// Has a thread that forks call `before`, and then `in_parent` and `in_child`. They may wait and wake: the futex's own
/// handlers, where it has any, come between them.
///
/// # Errors
///
/// The system's: no memory.
pub(crate) fn at_fork(
    before: extern "C" fn(),
    in_parent: extern "C" fn(),
    in_child: extern "C" fn(),
) -> io::Result<()> {
    // First, as some systems let nobody register while another thread forks, which waits for who has our locks.
    watch_forks()?;
    super::system::watch_forks()?;
    // SAFETY: what the handlers may do is up to our caller, who may do it anywhere.
    check(unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) })
}

/// The process of the first [`note_process`]; 0 before.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Has this process's children know by [`is_forked`] that they are. Without a fork's handlers: it cannot fail, and may
/// be done where another thread forks.
pub fn note_process() {
    // Relaxed, both: a child has what its parent stored before the fork. The first one stays.
    let _ = PROCESS.compare_exchange(0, std::process::id(), Relaxed, Relaxed);
}

/// Whether [`note_process`] was called in a process of which this is a forked child; not if it has the number of that
/// one again.
pub fn is_forked() -> bool {
    // Relaxed: as in `note_process`.
    let noted = PROCESS.load(Relaxed);
    noted != 0 && noted != std::process::id()
}

/// A number that changes at a fork: it is greater in a child than in its parent, by how much is not said.
pub fn forks() -> u32 {
    // Relaxed: changes only in a process that has one thread.
    FORKS.load(Relaxed)
}

/// Whether the thread, which was there when [`forks`] was `forks`, stayed behind in a parent of this process.
pub fn stayed_behind(ident: u64, forks: u32) -> bool {
    forks != self::forks() && ident != main_ident()
}

/// The ident of the thread that the process began with, or after a fork of the one that forked.
pub fn main_ident() -> u64 {
    // Relaxed: as in `forks`.
    MAIN.load(Relaxed)
}

/// No [`owner_id`] of this process's threads is greater.
pub const MOST_OWNER: u32 = u32::MAX - 2;

/// Who holds a lock of scope `S`: not 0, and for as long as the holder lives nobody else's. Private numbers come
/// again only after 2^32 threads; shared ones are the kernel's.
#[inline]
pub fn owner_id<S: Scope>() -> u32 {
    if S::SHARED { native_id() } else { ident() as u32 }
}

/// Whether the caller is the main thread: see [`main_ident`].
pub fn is_main() -> bool {
    ident() == main_ident()
}

/// Whether the caller is the thread that the process began with.
fn began() -> bool {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: getpid reads a number.
        native_id() == unsafe { libc::getpid() } as u32
    }
    #[cfg(not(target_os = "linux"))]
    {
        // SAFETY: pthread_main_np reads a flag.
        unsafe { libc::pthread_main_np() == 1 }
    }
}

#[cfg(target_os = "linux")]
fn system_thread_id() -> u32 {
    // SAFETY: gettid reads a number; kernel thread ids are positive.
    unsafe { libc::gettid() as u32 }
}

#[cfg(not(target_os = "linux"))]
fn system_thread_id() -> u32 {
    // No other number is portable: the address of the thread's own control block, folded.
    // SAFETY: pthread_self reads a handle.
    let handle = unsafe { libc::pthread_self() } as usize as u64;
    (handle ^ (handle >> 32)) as u32 & (u32::MAX >> 1) | 1
}

/// Gives the thread of this process with that native id a name for debuggers and `ps`: the first 15 bytes, cut
/// where a character ends, and before a NUL.
///
/// # Errors
///
/// The system's, or `Unsupported` where only a thread itself may set its name.
pub fn set_os_name(id: u32, name: &str) -> io::Result<()> {
    let name = name.split('\0').next().unwrap_or_default();
    let name = &name[..name.floor_char_boundary(NAME_BYTES)];
    if id == native_id() {
        let name = CString::new(name)?;
        #[cfg(target_os = "linux")]
        {
            // SAFETY: pthread_self reads a handle.
            let own = unsafe { libc::pthread_self() };
            // SAFETY: the caller is alive, the name ends with a NUL and is not too long.
            check(unsafe { libc::pthread_setname_np(own, name.as_ptr()) })
        }
        #[cfg(not(target_os = "linux"))]
        {
            // SAFETY: the name ends with a NUL.
            check(unsafe { libc::pthread_setname_np(name.as_ptr()) })
        }
    } else if cfg!(target_os = "linux") {
        // By number and not by handle, as the handle of a thread that has ended may be stale.
        std::fs::write(format!("/proc/self/task/{id}/comm"), name)
    } else {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The native id of the main thread, where the system lets others know it.
pub fn main_native_id() -> Option<u32> {
    if cfg!(target_os = "linux") { Some(std::process::id()) } else { None }
}

/// How many CPUs this process may run on: with one, spinning is waste. Asked of the system once: of the main thread, as
/// others may be bound to a CPU each.
pub fn cpus() -> u32 {
    static CPUS: AtomicU32 = AtomicU32::new(0);
    // Relaxed: every thread would find the same number.
    let mut cpus = CPUS.load(Relaxed);
    if cpus == 0 {
        cpus = allowed_cpus().unwrap_or_else(online_cpus).max(1);
        CPUS.store(cpus, Relaxed);
    }
    cpus
}

/// `None` where there are more CPUs than a `cpu_set_t` has room for.
#[cfg(target_os = "linux")]
fn allowed_cpus() -> Option<u32> {
    // SAFETY: all-zero bytes are an empty set.
    let mut allowed: libc::cpu_set_t = unsafe { core::mem::zeroed() };
    // SAFETY: getpid reads a number, which is also the main thread's.
    let main = unsafe { libc::getpid() };
    // SAFETY: the pointer is to a live set of that size.
    check(unsafe { libc::sched_getaffinity(main, size_of_val(&allowed), &raw mut allowed) }).ok()?;
    // SAFETY: counts the bits of a live set.
    u32::try_from(unsafe { libc::CPU_COUNT(&allowed) }).ok()
}

#[cfg(not(target_os = "linux"))]
fn allowed_cpus() -> Option<u32> {
    None
}

fn online_cpus() -> u32 {
    // SAFETY: sysconf reads a number.
    u32::try_from(unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }).unwrap_or(1)
}
