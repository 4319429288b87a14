//! Who a thread is: its ident, its kernel's number, its name, whether it is main; and whether there is more than one
//! CPU for all of them.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use std::ffi::CString;
use std::io;

use super::Scope;
use super::thread::check;

/// The longest name of a thread that Linux keeps, in bytes.
const NAME_BYTES: usize = 15;

/// The ident of the thread that runs `main`.
pub const MAIN_IDENT: u64 = 1;

thread_local! {
    // Constant and without a destructor: readable from every thread-local destructor and from signal handlers.
    static IDENT: Cell<u64> = const { Cell::new(0) };
    static NATIVE_ID: Cell<u32> = const { Cell::new(0) };
}

static NEXT_IDENT: AtomicU64 = AtomicU64::new(MAIN_IDENT + 1);

/// A fresh ident, never given before in this process. Its low half is never 0, which stands for "nobody".
pub fn reserve_ident() -> u64 {
    loop {
        // Relaxed: only that no two threads get the same number matters.
        let ident = NEXT_IDENT.fetch_add(1, Relaxed);
        if ident as u32 != 0 {
            return ident;
        }
    }
}

/// The calling thread's ident: 1 for the main thread, else a number that no other thread of this process ever
/// has.
#[inline]
pub fn ident() -> u64 {
    match IDENT.get() {
        0 => adopt_ident(if is_main() { MAIN_IDENT } else { reserve_ident() }),
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
    forget_native_id_in_children();
    let id = system_thread_id();
    NATIVE_ID.set(id);
    id
}

/// A forked child's only thread has a new number.
fn forget_native_id_in_children() {
    extern "C" fn forget() {
        NATIVE_ID.set(0);
    }
    static REGISTERED: AtomicU32 = AtomicU32::new(0);
    // Relaxed: it decides who registers, and guards nothing; a fork by another thread in this very moment forks
    // that thread, which has cached nothing or has registered itself.
    if REGISTERED.swap(1, Relaxed) == 0 {
        // SAFETY: the handler only stores to a thread-local without destructor.
        let failed = unsafe { libc::pthread_atfork(None, None, Some(forget)) };
        assert_eq!(failed, 0, "no memory for a fork handler");
    }
}

/// Who holds a lock of scope `S`: not 0, and for as long as the holder lives nobody else's. Private numbers come
/// again only after 2^32 threads; shared ones are the kernel's.
#[inline]
pub fn owner_id<S: Scope>() -> u32 {
    if S::SHARED { native_id() } else { ident() as u32 }
}

/// Whether the caller is the thread that the process began with, or after a fork the one that forked.
pub fn is_main() -> bool {
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

/// Whether this process may run on one CPU only, so that spinning is waste. Asked of the system once.
pub fn has_one_cpu() -> bool {
    static CPUS: AtomicU32 = AtomicU32::new(0);
    // Relaxed: every thread would find the same number.
    let mut cpus = CPUS.load(Relaxed);
    if cpus == 0 {
        // SAFETY: sysconf reads a number.
        let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
        cpus = u32::try_from(online).unwrap_or(1).max(1);
        CPUS.store(cpus, Relaxed);
    }
    cpus == 1
}
