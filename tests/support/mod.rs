//! What several test crates use: a watchdog, forked children over a shared mapping, CPU time.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "each test crate uses a part, under its own path"
)]
#![allow(missing_debug_implementations, reason = "not a library")]

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Acquire, Ordering::Release};
use std::thread;
use std::time::{Duration, Instant};

/// A table, held to be exact when it is compiled: whether each type is `Send`, and whether it is `Sync`.
macro_rules! crosses {
    ($($type:ty => $send:literal, $sync:literal;)*) => {
        trait Otherwise {
            const SEND: bool = false;
            const SYNC: bool = false;
        }
        impl<T> Otherwise for T {}
        // Its own constants, where they are, come before the trait's.
        struct Probe<T>(std::marker::PhantomData<T>);
        impl<T: Send> Probe<T> {
            const SEND: bool = true;
        }
        impl<T: Sync> Probe<T> {
            const SYNC: bool = true;
        }
        $(
            const { assert!(Probe::<$type>::SEND == $send, concat!("Send: ", stringify!($type))) };
            const { assert!(Probe::<$type>::SYNC == $sync, concat!("Sync: ", stringify!($type))) };
        )*
    };
}
pub(crate) use crosses;

/// Far beyond what any step of a test takes: a test that reaches it hangs.
pub const LONG: Duration = Duration::from_secs(60);

/// Runs `body`, and ends the process with a message if it does not return within [`LONG`]: a hang must fail, not
/// stall the gate.
pub fn watched<R>(body: impl FnOnce() -> R) -> R {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let done = Arc::new(AtomicBool::new(false));
    let dog = thread::spawn({
        let done = Arc::clone(&done);
        move || {
            let start = Instant::now();
            while !done.load(Acquire) {
                let Some(left) = LONG.checked_sub(start.elapsed()) else {
                    // Past libtest, which would keep it for a report that an abort prevents.
                    let _ = writeln!(std::io::stderr(), "{name} hangs");
                    process::abort();
                };
                thread::park_timeout(left);
            }
        }
    });
    let asleep = dog.thread().clone();
    // Also where the body panics.
    let end = AtEnd(|| {
        done.store(true, Release);
        asleep.unpark();
    });
    let result = body();
    drop(end);
    dog.join().unwrap();
    result
}

/// Is called when it goes, also in a panic.
pub struct AtEnd<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// As `std::thread::scope`, whose wait for its threads ThreadSanitizer does not see: std is not instrumented.
pub fn scope<'env, R>(body: impl for<'scope> FnOnce(Scope<'scope, 'env>) -> R) -> R {
    let result = thread::scope(|scope| body(Scope(scope)));
    // Acquire: pairs with Release in `spawn`.
    ENDED.load(Acquire);
    result
}

static ENDED: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Copy)]
pub struct Scope<'scope, 'env>(&'scope thread::Scope<'scope, 'env>);

impl<'scope> Scope<'scope, '_> {
    pub fn spawn<T: Send + 'scope>(self, f: impl FnOnce() -> T + Send + 'scope) -> thread::ScopedJoinHandle<'scope, T> {
        self.0.spawn(|| {
            let _end = AtEnd(|| {
                ENDED.fetch_add(1, Release);
            });
            f()
        })
    }
}

/// A zeroed `T` in memory that forked children share. Never unmapped.
///
/// # Safety
///
/// All-zero bytes are a `T`.
pub unsafe fn shared_zeroed<T: Sync>() -> &'static T {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh anonymous mapping, of no fixed address.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<T>(), protection, flags, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    // SAFETY: mapped for good, page-aligned, zero; all-zero is valid by our caller.
    unsafe { &*memory.cast::<T>() }
}

/// A forked child that runs `body` and exits with 0, or with 1 if it panics.
pub struct Child(libc::pid_t);

/// Forks. The child has one thread, so `body` may use nothing that another thread of the parent could hold; it must
/// not allocate more than glibc's own fork handlers make safe.
pub fn fork(body: impl FnOnce()) -> Child {
    // SAFETY: the child runs `body` and exits, never returning into the test harness.
    match unsafe { libc::fork() } {
        -1 => panic!("fork failed"),
        0 => {
            // Nobody watches a child that hangs: the kernel ends it.
            // SAFETY: a timer, whose signal has no handler here.
            unsafe { libc::alarm(LONG.as_secs() as libc::c_uint) };
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            // SAFETY: _exit ends the child without running the parent's exit handlers.
            unsafe { libc::_exit(outcome.is_err().into()) }
        }
        pid => Child(pid),
    }
}

impl Child {
    pub fn id(&self) -> libc::pid_t {
        self.0
    }

    /// Waits for the child, and asserts that it did not fail.
    pub fn join(self) {
        let mut status = 0;
        // SAFETY: the child is ours, and not yet waited for.
        let waited = unsafe { libc::waitpid(self.0, &raw mut status, 0) };
        assert_eq!((waited, status), (self.0, 0), "the child failed");
    }

    /// Whether the kernel says that the child sleeps.
    pub fn sleeps(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        // The state is the field after the name, which is in parentheses and may hold anything.
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
    }

    /// Kills the child wherever it is, and waits until it is gone.
    pub fn kill(self) {
        let mut status = 0;
        // SAFETY: the child is ours, and not yet waited for.
        assert_eq!(unsafe { libc::kill(self.0, libc::SIGKILL) }, 0);
        // SAFETY: as above.
        assert_eq!(unsafe { libc::waitpid(self.0, &raw mut status, 0) }, self.0);
        assert!(libc::WIFSIGNALED(status), "the child ended by itself: {status}");
    }
}

/// The CPU time that the calling thread has used.
pub fn cpu_time() -> Duration {
    // SAFETY: all-zero bytes are a timespec.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live timespec.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Runs the test called `test` of this binary again, alone in a child process in which `variable` is set, and gives
/// what came of it. The kernel ends a child that hangs, and writes no core of one that is meant to crash.
pub fn rerun(test: &str, variable: &str) -> process::Output {
    let mut child = process::Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(variable, "1");
    let limits = || {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the pointer is to a live limit.
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
        // Sanitizers are slow.
        // SAFETY: a timer, which stays through the exec.
        unsafe { libc::alarm(100) };
        Ok(())
    };
    // SAFETY: two system calls, nothing that another thread could hold.
    unsafe { child.pre_exec(limits) };
    let output = child.output().unwrap();
    // One that finds no test to run ends well.
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("running 1 test\n"), "{test} is not a test: {said}");
    output
}

/// Of this size no stack fits [where there is no room for stacks](without_room_for_stacks).
pub const HUGE_STACK: usize = 512 << 20;

/// Runs `body` where whatever else asks for memory, in any thread, gets it.
pub fn without_room_for_stacks<R>(body: impl FnOnce() -> R) -> R {
    let before = limit_address_space(256 << 20);
    let result = body();
    set_address_space(before);
    result
}

/// Limits the address space of this process to what it uses and so many bytes; gives what the limit was.
pub fn limit_address_space(left: libc::rlim_t) -> libc::rlim_t {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    // SAFETY: asks for a number.
    let page_size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as libc::rlim_t;
    let used = pages.split(' ').next().unwrap().parse::<libc::rlim_t>().unwrap() * page_size;
    set_address_space(used + left)
}

/// Gives what the limit was.
pub fn set_address_space(bytes: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live rlimit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) }, 0);
    let before = limit.rlim_cur;
    limit.rlim_cur = bytes;
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    before
}
