//! Threads of the system and their identity.

#[cfg(not(loom))]
mod real {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

    use crate::sys::Scope;

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
}

#[cfg(not(loom))]
pub use real::*;

/// Threads of pthread.
///
/// A thread goes through: start routine, its thread-local destructors, the destructors of pthread keys in up to
/// `ROUNDS` rounds, and then what was asked for by `at_end`. That stands in a key of its own, whose destructor puts
/// itself off from round to round, so that it comes after every destructor that could look at a lock of ours.
#[cfg(not(loom))]
mod native {
    use core::any::Any;
    use core::ffi::c_void;
    use core::mem::MaybeUninit;
    use core::panic::AssertUnwindSafe;
    use core::ptr;
    use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
    use std::ffi::CString;
    use std::io;

    use super::real::native_id;

    /// The rounds that every pthread grants the destructors of keys (`PTHREAD_DESTRUCTOR_ITERATIONS`).
    const ROUNDS: u32 = 4;

    /// The longest name of a thread that Linux keeps, in bytes.
    const NAME_BYTES: usize = 15;

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

    /// A thread that has been started, to be joined or detached once.
    #[derive(Debug)]
    pub struct Native(libc::pthread_t);

    impl Native {
        /// Waits until the thread is gone, its stack with it.
        ///
        /// # Safety
        ///
        /// Neither this nor `detach` has been called before, and the caller is not the thread itself.
        pub unsafe fn join(&self) {
            // SAFETY: joinable, by our caller.
            let failed = unsafe { libc::pthread_join(self.0, ptr::null_mut()) };
            assert_eq!(failed, 0, "a thread could not be joined");
        }

        /// Lets the system reap the thread at its end.
        ///
        /// # Safety
        ///
        /// Neither this nor `join` has been called before.
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
        key();
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

    fn check(code: libc::c_int) -> io::Result<()> {
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
        run(argument);
        ptr::null_mut()
    }

    /// Runs `end` in the calling thread at its very end: after its thread-local destructors, before a join of it
    /// returns. The last one asked for runs first. Not at all, if the process ends before the thread.
    pub fn at_end(end: impl FnOnce() + 'static) {
        // SAFETY: the key is valid.
        let ends = unsafe { libc::pthread_getspecific(key()) }.cast::<Ends>();
        let mut ends = if ends.is_null() {
            Box::new(Ends { round: 0, ends: Vec::new() })
        } else {
            // SAFETY: the key holds what `set` leaked, for this thread alone, and gets it back below.
            unsafe { Box::from_raw(ends) }
        };
        ends.ends.push(Box::new(end));
        set(ends);
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
        while let Some(end) = ends.ends.pop() {
            end();
        }
    }

    fn key() -> libc::pthread_key_t {
        // The key plus one; 0 is "none yet".
        static KEY: AtomicU64 = AtomicU64::new(0);
        // Acquire: pairs with Release below; a key that is seen has been made.
        let known = KEY.load(Acquire);
        if known != 0 {
            return (known - 1) as libc::pthread_key_t;
        }
        let mut key = 0;
        // SAFETY: the pointer is to a live key; the destructor takes what `set` puts in.
        let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(round)) };
        assert_eq!(failed, 0, "no pthread key is left");
        // Release: as above. Acquire on failure: the other's key is used.
        match KEY.compare_exchange(0, u64::from(key) + 1, Release, Acquire) {
            Ok(_) => key,
            Err(other) => {
                // SAFETY: ours, and nothing was stored under it.
                unsafe { libc::pthread_key_delete(key) };
                (other - 1) as libc::pthread_key_t
            }
        }
    }

    /// Calls `f`, and catches its panic: what a thread runs must not unwind into the system.
    pub fn contain(f: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
        std::panic::catch_unwind(AssertUnwindSafe(f))
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

    /// Has `hook` called when the process ends by `exit` or by the return of `main`; hooks run newest first, in the
    /// thread that exits. False if there is no memory.
    pub fn at_exit(hook: extern "C" fn()) -> bool {
        // SAFETY: a plain function that stays.
        unsafe { libc::atexit(hook) == 0 }
    }
}

#[cfg(not(loom))]
pub use native::*;

#[cfg(loom)]
mod modelled {
    use std::any::Any;
    use std::cell::{Cell, RefCell};
    use std::io;

    use crate::sys::{Scope, model};

    loom::thread_local! {
        static IDENT: Cell<u64> = Cell::new(MAIN_IDENT);
    }

    thread_local! {
        static NEXT_IDENT: Cell<u64> = const { Cell::new(MAIN_IDENT + 1) };
    }

    /// The ident of the model's main thread.
    pub const MAIN_IDENT: u64 = 1;

    /// As the system's.
    pub fn reserve_ident() -> u64 {
        NEXT_IDENT.with(|next| next.replace(next.get() + 1))
    }

    /// As the system's.
    pub fn ident() -> u64 {
        IDENT.with(Cell::get)
    }

    /// As the system's.
    pub fn adopt_ident(ident: u64) -> u64 {
        IDENT.with(|own| own.set(ident));
        ident
    }

    /// As the system's.
    pub fn native_id() -> u32 {
        model::thread_index() as u32 + 1
    }

    /// Calls `f`. Its panic is a scenario that has failed, and goes on.
    pub fn contain(f: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
        f();
        Ok(())
    }

    /// Nothing: the model's threads have no names.
    pub fn set_os_name(_: u32, _: &str) -> io::Result<()> {
        Ok(())
    }

    /// A thread of the model.
    #[derive(Debug)]
    pub struct Native(RefCell<Option<model::JoinHandle<()>>>);

    // SAFETY: all of loom's threads are coroutines on one OS thread; the cell is never borrowed across a switch.
    unsafe impl Send for Native {}
    // SAFETY: as for `Send`.
    unsafe impl Sync for Native {}

    impl Native {
        /// As the system's.
        ///
        /// # Safety
        ///
        /// None here: a second call panics.
        pub unsafe fn join(&self) {
            self.0.take().expect("joined or detached before").join();
        }

        /// As the system's.
        ///
        /// # Safety
        ///
        /// None here: a second call panics.
        pub unsafe fn detach(&self) {
            drop(self.0.take().expect("joined or detached before"));
        }
    }

    /// As the system's, but never refused.
    ///
    /// # Safety
    ///
    /// As the system's.
    pub unsafe fn start<A>(
        _: Option<usize>,
        run: fn(A),
        argument: A,
        end: impl FnOnce() + 'static,
    ) -> Result<Native, (io::Error, A)> {
        let body: Box<dyn FnOnce() + '_> = Box::new(move || run(argument));
        // SAFETY: the lifetime alone changes; what is borrowed outlives the thread, by our caller.
        let body: Box<dyn FnOnce()> = unsafe { core::mem::transmute(body) };
        let handle = model::spawn(move || {
            body();
            end();
        });
        Ok(Native(RefCell::new(Some(handle))))
    }

    /// As the system's, but the number in this execution.
    pub fn owner_id<S: Scope>() -> u32 {
        model::thread_index() as u32 + 1
    }

    /// The model runs one thread at a time: a spin would only be more interleavings of the same looks.
    pub fn has_one_cpu() -> bool {
        true
    }
}

#[cfg(loom)]
pub use modelled::*;
