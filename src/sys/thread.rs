//! Threads of pthread.
//!
//! A thread goes through: start routine, its thread-local destructors, the destructors of pthread keys in up to
//! `ROUNDS` rounds, and then what was asked for by `at_end`. That stands in a key of its own, whose destructor puts
//! itself off from round to round, so that it comes after every destructor that could look at a lock of ours.

use core::any::Any;
use core::cell::Cell;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::panic::AssertUnwindSafe;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::io;

use super::LazyNumber;

/// One less than the rounds that every pthread grants the destructors of keys (`PTHREAD_DESTRUCTOR_ITERATIONS`, 4): the
/// last is left to the tools that end with the thread themselves. ThreadSanitizer does so there, and instrumented code
/// of ours crashed after it. A join waits for the system's own end of the thread all the same.
const ROUNDS: u32 = 3;

type End = Box<dyn FnOnce()>;

/// What a thread does at its end; the value of the key.
struct Ends {
    round: u32,
    ends: Vec<End>,
}

struct Launch<A> {
    run: fn(A),
    argument: A,
    ends: Box<Ends>,
}

thread_local! {
    // Constant and without a destructor, for the fork handler.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
}

static RUNNING: AtomicU32 = AtomicU32::new(0);
static STACK_SIZE: AtomicU64 = AtomicU64::new(0);

/// The stack of threads whose start names none, in bytes; 0 is the system's default.
pub fn stack_size() -> usize {
    // Relaxed: a number by itself.
    STACK_SIZE.load(Relaxed) as usize
}

/// Sets it, for threads started from now on, and gives what it was.
pub fn set_stack_size(bytes: usize) -> usize {
    // Relaxed: a number by itself.
    STACK_SIZE.swap(bytes as u64, Relaxed) as usize
}

/// The threads that run now and were made by [`start`].
pub fn count() -> u32 {
    // Relaxed: a snapshot.
    RUNNING.load(Relaxed)
}

/// In a forked child: there is nobody but the caller.
pub(super) fn forget_other_threads() {
    // Relaxed: see `count`.
    RUNNING.store(IS_OURS.get().into(), Relaxed);
}

/// Lets other threads that are ready on this CPU run first. False where that means nothing, as in the models.
pub fn give_way() -> bool {
    // SAFETY: it touches no memory of ours.
    unsafe { libc::sched_yield() == 0 }
}

/// A thread that has been started, to be joined or detached once.
#[derive(Debug)]
pub struct Native(libc::pthread_t);

// SAFETY: every thread may use the handle, a pointer in some C libraries, until the thread is joined or detached.
unsafe impl Send for Native {}
// SAFETY: as for `Send`.
unsafe impl Sync for Native {}

impl Native {
    /// Waits until the thread is gone, its stack with it. False if the system refuses, as the thread is itself joining
    /// the caller.
    ///
    /// # Safety
    ///
    /// `detach` has not been called before, nor this with success; nobody else is calling this; and the caller is not
    /// the thread itself.
    pub unsafe fn join(&self) -> bool {
        // SAFETY: joinable, by our caller.
        let failed = unsafe { libc::pthread_join(self.0, ptr::null_mut()) };
        assert!(failed == 0 || failed == libc::EDEADLK, "a thread could not be joined");
        failed == 0
    }

    /// As `join`, but false if the thread is not gone yet, or if the system cannot tell.
    ///
    /// # Safety
    ///
    /// As for `join`.
    pub unsafe fn try_join(&self) -> bool {
        #[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
        // SAFETY: joinable, by our caller.
        unsafe {
            libc::pthread_tryjoin_np(self.0, ptr::null_mut()) == 0
        }
        #[cfg(not(all(target_os = "linux", any(target_env = "gnu", target_env = "musl"))))]
        false
    }

    /// Lets the system reap the thread at its end.
    ///
    /// # Safety
    ///
    /// Neither this has been called before, nor `join` with success.
    pub unsafe fn detach(&self) {
        // SAFETY: joinable, by our caller.
        let failed = unsafe { libc::pthread_detach(self.0) };
        debug_assert_eq!(failed, 0, "a thread could not be detached");
    }
}

/// Starts a thread that calls `run`, which does not unwind, with `argument`, and `end` at its very end. A
/// `stack_size` of 0 is the system's default, `None` this process's; other sizes are rounded up to whole pages, and to
/// the least that the system takes.
///
/// # Errors
///
/// What the system said, and `argument` back. `end` is dropped.
///
/// # Safety
///
/// What `argument` borrows lives until the thread has been joined.
pub unsafe fn start<A: Send>(
    stack_size: Option<usize>,
    run: fn(A),
    argument: A,
    end: impl FnOnce() + Send + 'static,
) -> Result<Native, (io::Error, A)> {
    if let Err(error) = prepare() {
        return Err((error, argument));
    }
    let mut ends: Vec<End> = Vec::with_capacity(4);
    ends.push(Box::new(end));
    let launch = Box::into_raw(Box::new(Launch { run, argument, ends: Box::new(Ends { round: 0, ends }) }));
    // Relaxed: a tally, see `count`; up before the thread can be down.
    RUNNING.fetch_add(1, Relaxed);
    create(stack_size.unwrap_or_else(self::stack_size), routine::<A>, launch.cast()).map_err(|error| {
        // Relaxed: as above.
        RUNNING.fetch_sub(1, Relaxed);
        // SAFETY: made above by into_raw; no thread was made to take it.
        let launch = unsafe { Box::from_raw(launch) };
        (error, launch.argument)
    })
}

/// What the first start may fail at, before there is anything to undo.
fn prepare() -> io::Result<()> {
    super::identity::watch_forks()?;
    try_key().map(drop)
}

fn create(
    stack_size: usize,
    routine: extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> io::Result<Native> {
    let stack_size = round_stack_size(stack_size)?;
    let attributes = Attributes::new()?;
    if stack_size != 0 {
        attributes.set_stack_size(stack_size)?;
    }
    let mut thread = MaybeUninit::uninit();
    // SAFETY: the attributes are initialised, `thread` is written on success, the routine fits its argument.
    check(unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), routine, argument) })?;
    // SAFETY: written by the call that succeeded.
    Ok(Native(unsafe { thread.assume_init() }))
}

/// `pthread_attr_t`, destroyed on every path. In a box, as it may not be moved.
struct Attributes(Box<MaybeUninit<libc::pthread_attr_t>>);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut attributes = Box::new(MaybeUninit::uninit());
        // SAFETY: the pointer is to memory for one.
        check(unsafe { libc::pthread_attr_init(attributes.as_mut_ptr()) })?;
        Ok(Self(attributes))
    }

    fn as_ptr(&self) -> *const libc::pthread_attr_t {
        self.0.as_ptr()
    }

    fn set_stack_size(&self, size: usize) -> io::Result<()> {
        // SAFETY: initialised in `new`.
        check(unsafe { libc::pthread_attr_setstacksize(self.as_ptr().cast_mut(), size) })
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { libc::pthread_attr_destroy(self.0.as_mut_ptr()) };
    }
}

pub(super) fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// The least stack that the system gives a thread, in bytes.
pub fn least_stack_size() -> usize {
    // SAFETY: sysconf reads a number.
    let least = unsafe { libc::sysconf(libc::_SC_THREAD_STACK_MIN) };
    usize::try_from(least).unwrap_or(0).max(libc::PTHREAD_STACK_MIN)
}

fn round_stack_size(size: usize) -> io::Result<usize> {
    if size == 0 {
        return Ok(0);
    }
    // SAFETY: sysconf reads a number.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "no address space has room for such a stack");
    size.max(least_stack_size()).checked_next_multiple_of(page).ok_or_else(too_large)
}

extern "C" fn routine<A>(launch: *mut c_void) -> *mut c_void {
    // SAFETY: `start` made it for this thread alone.
    let Launch { run, argument, mut ends } = *unsafe { Box::from_raw(launch.cast::<Launch<A>>()) };
    // The first to be asked for, so the last to run but for the end that `start` was given.
    ends.ends.push(Box::new(|| {
        // Relaxed: see `count`.
        RUNNING.fetch_sub(1, Relaxed);
    }));
    set(ends);
    IS_OURS.set(true);
    run(argument);
    ptr::null_mut()
}

/// Runs `end` in the calling thread at its very end: after its thread-local destructors, before a join of it
/// returns. The last one asked for runs first. Not at all, if the process ends before the thread, or if a thread that
/// was not started here asks for its first only in the destructor of a pthread key. A panic in it ends the process.
pub fn at_end(end: impl FnOnce() + 'static) {
    let mut ends = take();
    ends.ends.push(Box::new(end));
    set(ends);
}

/// Takes out what is in the key, or makes it.
fn take() -> Box<Ends> {
    // SAFETY: the key is valid.
    let ends = unsafe { libc::pthread_getspecific(key()) }.cast::<Ends>();
    if ends.is_null() {
        return Box::new(Ends { round: 0, ends: Vec::new() });
    }
    // So that no round comes upon what is ours again.
    // SAFETY: the key is valid; nothing is kept in it.
    let failed = unsafe { libc::pthread_setspecific(key(), ptr::null()) };
    assert_eq!(failed, 0, "a thread's own key cannot be set");
    // SAFETY: `set` leaked it, for this thread alone.
    unsafe { Box::from_raw(ends) }
}

fn set(ends: Box<Ends>) {
    // SAFETY: the key is valid; its destructor takes what stands here.
    let failed = unsafe { libc::pthread_setspecific(key(), Box::into_raw(ends).cast()) };
    assert_eq!(failed, 0, "no memory for a thread's end");
}

/// The key's destructor: has had `ends` taken out of the key, in one of `ROUNDS` rounds.
unsafe extern "C" fn round(ends: *mut c_void) {
    // SAFETY: leaked by `set`, and out of the key by now.
    let mut ends = unsafe { Box::from_raw(ends.cast::<Ends>()) };
    ends.round += 1;
    if ends.round < ROUNDS {
        return set(ends);
    }
    // An end may ask for another, which comes next: there is no round after this one.
    while let Some(end) = ends.ends.pop() {
        set(ends);
        end();
        ends = take();
    }
}

fn key() -> libc::pthread_key_t {
    try_key().expect("no pthread key is left")
}

fn try_key() -> io::Result<libc::pthread_key_t> {
    // The key plus one.
    static KEY: LazyNumber = LazyNumber::new();
    let make = || {
        let mut key = 0;
        // SAFETY: the pointer is to a live key; the destructor takes what `set` puts in.
        check(unsafe { libc::pthread_key_create(&raw mut key, Some(round)) })?;
        Ok(u64::from(key) + 1)
    };
    let undo = |number| {
        // SAFETY: ours, and nothing was stored under it.
        unsafe { libc::pthread_key_delete(key_of(number)) };
    };
    KEY.get(make, undo).map(key_of)
}

fn key_of(number: u64) -> libc::pthread_key_t {
    (number - 1) as libc::pthread_key_t
}

/// Calls `f`, and catches its panic: what a thread runs must not unwind into the system.
pub fn contain(f: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    std::panic::catch_unwind(AssertUnwindSafe(f))
}

/// Has `hook` called when the process ends by `exit` or by the return of `main`; hooks run newest first, in the
/// thread that exits. False if there is no memory.
pub fn at_exit(hook: extern "C" fn()) -> bool {
    // SAFETY: a plain function that stays.
    unsafe { libc::atexit(hook) == 0 }
}
