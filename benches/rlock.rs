//! What does each level of a reentrant lock cost?
//!
//! std's `ReentrantLock` is not stable. In its place stands what its users write: a `Mutex` and the owner's id beside
//! it.

use std::cell::{Cell, UnsafeCell};
use std::hint::black_box;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use underthread::threading::RLock;

use crate::measure::{Effort, Goal, Kind, Sample, Subject};
use crate::place::{Apart, each};
use crate::table::Page;

trait Reentrant {
    const NAME: (&'static str, Kind);
    fn new() -> Self;
    fn with(&self, f: impl FnOnce(&Cell<u64>));
}

impl Reentrant for RLock<Cell<u64>> {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new() -> Self {
        RLock::new(Cell::new(0))
    }
    fn with(&self, f: impl FnOnce(&Cell<u64>)) {
        f(&self.acquire());
    }
}

/// The owner is the address of a thread-local of its thread.
#[derive(Default)]
struct Built {
    mutex: std::sync::Mutex<()>,
    owner: AtomicUsize,
    depth: Cell<u32>,
    value: Cell<u64>,
}

impl Reentrant for Built {
    const NAME: (&'static str, Kind) = ("std Mutex + owner", Kind::Std);
    fn new() -> Self {
        Built::default()
    }
    fn with(&self, f: impl FnOnce(&Cell<u64>)) {
        thread_local!(static ME: u8 = const { 0 });
        let me = ME.with(|me| &raw const *me as usize);
        // Relaxed: only this thread stores its own id, and takes it back.
        if self.owner.load(Relaxed) == me {
            self.depth.set(self.depth.get().checked_add(1).unwrap());
            f(&self.value);
            self.depth.set(self.depth.get() - 1);
            return;
        }
        let _guard = self.mutex.lock().unwrap();
        self.owner.store(me, Relaxed);
        f(&self.value);
        self.owner.store(0, Relaxed);
    }
}

impl Reentrant for parking_lot::ReentrantMutex<Cell<u64>> {
    const NAME: (&'static str, Kind) = ("parking_lot", Kind::Peer);
    fn new() -> Self {
        parking_lot::ReentrantMutex::new(Cell::new(0))
    }
    fn with(&self, f: impl FnOnce(&Cell<u64>)) {
        f(&self.lock());
    }
}

impl Reentrant for usync::ReentrantMutex<Cell<u64>> {
    const NAME: (&'static str, Kind) = ("usync", Kind::Peer);
    fn new() -> Self {
        usync::ReentrantMutex::new(Cell::new(0))
    }
    fn with(&self, f: impl FnOnce(&Cell<u64>)) {
        f(&self.lock());
    }
}

struct Pthread(Box<UnsafeCell<libc::pthread_mutex_t>>, Cell<u64>);

impl Reentrant for Pthread {
    const NAME: (&'static str, Kind) = ("pthread, recursive", Kind::Peer);
    fn new() -> Self {
        let mutex: Box<UnsafeCell<_>> = Box::new(libc::PTHREAD_MUTEX_INITIALIZER.into());
        // SAFETY: zeros are room for attributes, which are initialised below.
        let mut kind = unsafe { mem::zeroed() };
        // SAFETY: room for attributes.
        unsafe { libc::pthread_mutexattr_init(&raw mut kind) };
        // SAFETY: initialised.
        unsafe { libc::pthread_mutexattr_settype(&raw mut kind, libc::PTHREAD_MUTEX_RECURSIVE) };
        // SAFETY: a mutex that nobody uses, and initialised attributes.
        unsafe { libc::pthread_mutex_init(mutex.get(), &raw const kind) };
        Pthread(mutex, Cell::new(0))
    }
    fn with(&self, f: impl FnOnce(&Cell<u64>)) {
        // SAFETY: initialised.
        unsafe { libc::pthread_mutex_lock(self.0.get()) };
        f(&self.1);
        // SAFETY: this thread's.
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }
}

fn nested<M: Reentrant>(mutex: &M, depth: u32) {
    fn add(value: &Cell<u64>) {
        value.set(value.get() + 1);
    }
    match depth {
        1 => mutex.with(add),
        _ => mutex.with(|_| mutex.with(|_| mutex.with(|_| mutex.with(add)))),
    }
}

fn run<M: Reentrant>(depth: u32) -> Sample {
    let mutex = Apart(M::new());
    let mut times = 0;
    let sample = each(|| {
        nested(black_box(&*mutex), depth);
        times += 1;
    });
    mutex.with(|value| assert_eq!(value.get(), times, "a turn was lost"));
    sample
}

fn subjects(depth: u32) -> Vec<Subject<'static>> {
    fn of<M: Reentrant>(depth: u32) -> Subject<'static> {
        Subject::new(M::NAME, move || run::<M>(depth))
    }
    vec![
        of::<RLock<Cell<u64>>>(depth),
        of::<Built>(depth),
        of::<parking_lot::ReentrantMutex<Cell<u64>>>(depth),
        of::<usync::ReentrantMutex<Cell<u64>>>(depth),
        of::<Pthread>(depth),
    ]
}

pub fn bench(page: &mut Page) {
    let mut table = page.table("One thread", "ns", Effort::Short);
    table.row("RLock, depth 1: acquire and release", Goal::Best(0.7), subjects(1));
    table.row("RLock, depth 4: four acquires, four releases", Goal::Best(0.7), subjects(4));
}
