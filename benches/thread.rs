//! What does it cost to start a thread and to join it?

use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};

use underthread::threading::Thread;

use crate::measure::{Effort, Goal, Kind, Sample, Subject};
use crate::place::each;
use crate::table::Page;

/// Counts those that ran.
static RAN: AtomicU64 = AtomicU64::new(0);

fn body() {
    RAN.fetch_add(1, Relaxed);
}

/// With a stack of so many bytes, or of the default size.
trait Spawn: Sized {
    const NAME: (&'static str, Kind);
    fn start(stack: Option<usize>) -> Self;
    fn join(self);
}

impl Spawn for Thread<()> {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn start(stack: Option<usize>) -> Self {
        let mut thread = Thread::new(body);
        if let Some(bytes) = stack {
            thread = thread.stack_size(bytes);
        }
        thread.start().unwrap();
        thread
    }
    fn join(self) {
        Thread::join(&self).unwrap();
    }
}

impl Spawn for JoinHandle<()> {
    const NAME: (&'static str, Kind) = ("std", Kind::Std);
    fn start(stack: Option<usize>) -> Self {
        let mut builder = Builder::new();
        if let Some(bytes) = stack {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(body).unwrap()
    }
    fn join(self) {
        self.join().unwrap();
    }
}

struct Pthread(libc::pthread_t);

impl Spawn for Pthread {
    const NAME: (&'static str, Kind) = ("pthread", Kind::Peer);
    fn start(stack: Option<usize>) -> Self {
        extern "C" fn main(_: *mut c_void) -> *mut c_void {
            body();
            ptr::null_mut()
        }
        // SAFETY: zeros are room for attributes, which are initialised below, and for a thread.
        let (mut attributes, mut thread) = unsafe { mem::zeroed::<(libc::pthread_attr_t, libc::pthread_t)>() };
        // SAFETY: room for attributes.
        unsafe { libc::pthread_attr_init(&raw mut attributes) };
        if let Some(bytes) = stack {
            // SAFETY: initialised.
            unsafe { libc::pthread_attr_setstacksize(&raw mut attributes, bytes) };
        }
        // SAFETY: initialised attributes, and a function that any thread may call.
        let failed = unsafe { libc::pthread_create(&raw mut thread, &raw const attributes, main, ptr::null_mut()) };
        assert_eq!(failed, 0, "pthread_create");
        // SAFETY: initialised.
        unsafe { libc::pthread_attr_destroy(&raw mut attributes) };
        Pthread(thread)
    }
    fn join(self) {
        // SAFETY: joinable, and joined once: `self` is gone.
        unsafe { libc::pthread_join(self.0, ptr::null_mut()) };
    }
}

/// So many starts, then as many joins.
fn run<S: Spawn>(threads: u64, stack: Option<usize>) -> Sample {
    let (before, mut times) = (RAN.load(Relaxed), 0);
    let sample = each(|| {
        if threads == 1 {
            S::start(stack).join();
        } else {
            let started: Vec<_> = (0..threads).map(|_| S::start(stack)).collect();
            started.into_iter().for_each(S::join);
        }
        times += threads;
    });
    assert_eq!(RAN.load(Relaxed) - before, times, "a thread was joined that had not run");
    sample
}

fn subjects(threads: u64, stack: Option<usize>) -> Vec<Subject<'static>> {
    fn of<S: Spawn>(threads: u64, stack: Option<usize>) -> Subject<'static> {
        Subject::new(S::NAME, move || run::<S>(threads, stack))
    }
    vec![of::<Thread<()>>(threads, stack), of::<JoinHandle<()>>(threads, stack), of::<Pthread>(threads, stack)]
}

pub fn bench(page: &mut Page) {
    let mut table = page.table("Start and join", "ns", Effort::Short);
    table.row("Thread, start and join", Goal::Std(0.7), subjects(1, None));
    table.row("Thread, 16 starts, then 16 joins, 64 KiB stacks", Goal::Std(0.55), subjects(16, Some(64 * 1024)));
}
