//! Children with a watchdog.

use std::any::type_name;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::panic::catch_unwind;
use std::process::{self, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use underthread::raw::Lock;

use crate::support::{self, LONG};

/// With what a child ends that has come to the end of its body. Not 0: so ends one that runs no body.
const DONE: i32 = 42;

/// Runs `body` in a child process, which must come to its end. To be called by the test itself: it is run again for
/// the child, and found by the closure's name.
pub(crate) fn child<F: FnOnce()>(body: F) {
    let output = outcome_of(body);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(DONE), "{}\n{said}", output.status);
    // Past libtest, which shows nothing of a test that passes.
    said.lines().filter(|line| line.starts_with("not tested")).for_each(|line| {
        _ = writeln!(std::io::stderr(), "{line}");
    });
}

/// As [`child`], for one that is to end otherwise.
pub(crate) fn outcome_of<F: FnOnce()>(body: F) -> Output {
    const CHILD: &str = "UNDERTHREAD_FAULT";
    let closure = type_name::<F>();
    let (_, test) = closure.split_once("::").unwrap();
    if std::env::var_os(CHILD).is_none() {
        return support::rerun(test.split("::{{closure}}").next().unwrap(), CHILD);
    }
    watch(LONG, body);
    process::exit(DONE)
}

/// A forked child, also watched.
pub(crate) fn forked(body: impl FnOnce()) {
    support::fork(|| watch(LONG, body)).join();
}

/// Runs `body`; if that takes longer than `limit`, or any of its parts (see [`show_nothing`]) longer than twice that,
/// writes what is known of the process and ends it.
pub(crate) fn watch<R>(limit: Duration, body: impl FnOnce() -> R) -> R {
    arm(limit);
    let (done, watched) = channel::<()>();
    let (say, begun) = channel();
    let dog = thread::spawn(move || {
        say.send(()).unwrap();
        let mut seen = PARTS.load(Relaxed);
        while watched.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let parts = PARTS.load(Relaxed);
            if parts == seen {
                // That may panic.
                _ = catch_unwind(write_state);
                process::abort();
            }
            seen = parts;
        }
    });
    // A thread of std's that begins or ends holds a lock of std's, which a fork in `body` would keep for ever.
    begun.recv().unwrap();
    let result = body();
    drop(done);
    dog.join().unwrap();
    result
}

/// Ends the process should the watchdog get no CPU, or should the exit, which nobody watches, hang. So it stays armed.
fn arm(limit: Duration) {
    // SAFETY: arms a timer.
    unsafe { libc::alarm(2 * u32::try_from(limit.as_secs()).unwrap() + 10) };
}

struct State {
    name: &'static str,
    value: &'static (dyn Debug + Sync),
    bytes: usize,
}

/// How many parts of a body have begun.
static PARTS: AtomicU32 = AtomicU32::new(0);

static STATES: Mutex<Vec<State>> = Mutex::new(Vec::new());

/// Keeps `value` for good, in the sight of the watchdog.
pub(crate) fn shown<T: Debug + Sync + 'static>(name: &'static str, value: T) -> &'static T {
    show(name, Box::leak(Box::new(value)))
}

/// Puts `value` in the sight of the watchdog.
pub(crate) fn show<T: Debug + Sync>(name: &'static str, value: &'static T) -> &'static T {
    STATES.lock().unwrap().push(State { name, value, bytes: size_of::<T>() });
    value
}

/// Takes out of sight what is there: another part of the body begins, with a limit of its own.
pub(crate) fn show_nothing() {
    PARTS.fetch_add(1, Relaxed);
    arm(LONG);
    STATES.lock().unwrap().clear();
}

/// The addresses of all words in sight.
pub(crate) fn words() -> Vec<usize> {
    let words = |state: &State| {
        let first = (&raw const *state.value).addr();
        (first..first + state.bytes).step_by(4)
    };
    STATES.lock().unwrap().iter().flat_map(words).collect()
}

fn write_state() {
    eprintln!("{} hangs", process::id());
    let memory = File::open("/proc/self/mem").unwrap();
    for State { name, value, bytes } in &*STATES.lock().unwrap() {
        let address = (&raw const **value).addr();
        // By the kernel: some of it may be written at this moment, or never have been.
        let mut copy = vec![0; *bytes];
        memory.read_exact_at(&mut copy, address as u64).unwrap();
        let words: Vec<_> = copy.as_chunks().0.iter().map(|word| u32::from_ne_bytes(*word)).collect();
        eprintln!("{name} at {address:#x}: {words:x?}: {value:?}");
    }
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        let says = |file| fs::read_to_string(task.join(file)).unwrap_or_default().trim().to_owned();
        eprintln!("{} {}: {}", task.file_name().unwrap().display(), says("comm"), says("syscall"));
    }
}

#[test]
fn a_child_that_hangs_is_reported_with_its_state() {
    let output = outcome_of(|| {
        let lock = shown("the lock", Lock::new());
        lock.acquire();
        watch(Duration::ZERO, || lock.acquire());
    });
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    assert!(said.contains("hangs\nthe lock at 0x") && said.contains(": [1, "), "{said}");
    assert!(said.contains("Lock { locked: true, sleepers: "), "{said}");
}

#[test]
fn a_child_that_runs_no_body_or_half_of_one_has_failed() {
    catch_unwind(|| support::rerun("no_such_test", "UNDERTHREAD_NOBODY")).unwrap_err();
    assert_ne!(DONE, 0);
    let output = outcome_of(|| panic!("half way"));
    assert_eq!(output.status.code(), Some(101));
}
