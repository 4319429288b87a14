//! Who is alive: every thread that was started here and has not ended, the main one, and foreign ones that have asked
//! who they are. Keyed by ident, which is by age.
//!
//! A thread enters before the system is asked for it, so no snapshot can miss it, and leaves as the last thing before
//! it counts as ended, after its thread-local destructors.
//!
//! In a forked child, the thread that forked is the main one: it keeps its ident, name and flag, but what it starts is
//! no daemon unless it is told so. The others have left, and count as ended. Callbacks for the exit are the child's
//! too.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::exit::Finalizing;
use super::record::Record;
use super::thread::Thread;
use crate::raw::{self, Brief, Guard, Guarded};

static REGISTRY: Guarded<Brief, Registry> = Guarded::new(
    Brief::new(),
    Registry { threads: BTreeMap::new(), named: 0, phase: Phase::Open, callbacks: Vec::new(), hooked: false, forks: 0 },
);

pub(super) struct Registry {
    pub(super) threads: BTreeMap<u64, Entry>,
    /// The last N of `Thread-N` and `Dummy-N`.
    named: u64,
    pub(super) phase: Phase,
    pub(super) callbacks: Vec<Box<dyn FnOnce() + Send>>,
    /// Whether the process's exit will call us.
    pub(super) hooked: bool,
    /// Whose entries these are: this process's, unless it has been forked since.
    forks: u32,
}

/// How far the end of the process has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Callbacks run, then threads are joined; they may start others.
    Closing,
    /// No thread starts any more.
    Closed,
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) record: Arc<Record>,
    pub(super) daemon: bool,
}

/// The registry, in a forked child without the threads that stayed behind.
pub(super) fn registry() -> Guard<'static, Brief, Registry> {
    let mut registry = REGISTRY.acquire();
    if registry.forks != raw::forks() {
        registry.forks = raw::forks();
        registry.threads.retain(|ident, _| *ident == raw::main_ident());
    }
    registry
}

impl Registry {
    fn number(&mut self) -> u64 {
        self.named += 1;
        self.named
    }

    fn insert(&mut self, ident: u64, record: Arc<Record>, daemon: bool) {
        self.threads.insert(ident, Entry { record, daemon });
    }

    pub(super) fn main(&mut self) -> Arc<Record> {
        let make = || Entry { record: Arc::new(Record::main()), daemon: false };
        Arc::clone(&self.threads.entry(raw::main_ident()).or_insert_with(make).record)
    }
}

/// For a thread that is made by the caller: the next number, and the flag that it inherits.
pub(super) fn number_and_daemon() -> (u64, bool) {
    let ident = raw::get_ident();
    let mut registry = registry();
    // Who is not known is foreign, so would be a dummy, so a daemon.
    let daemon = ident != raw::main_ident() && registry.threads.get(&ident).is_none_or(|entry| entry.daemon);
    (registry.number(), daemon)
}

/// Enters a thread that is about to be started.
pub(super) fn enter(ident: u64, record: &Arc<Record>, daemon: bool) -> Result<(), Finalizing> {
    let mut registry = registry();
    if registry.phase == Phase::Closed {
        return Err(Finalizing);
    }
    if !daemon {
        super::exit::arm(&mut registry);
    }
    registry.insert(ident, Arc::clone(record), daemon);
    Ok(())
}

pub(super) fn leave(ident: u64) {
    // What is dropped with the entry is dropped after the lock.
    let _left = registry().threads.remove(&ident);
}

/// The thread that calls.
///
/// A thread that this module has not started gets a record of its own at its first call: a daemon called `Dummy-N`,
/// which cannot be joined and leaves [`enumerate`] when the thread ends. Never panics, also not in thread-local
/// destructors, where a thread is still itself.
///
/// ```
/// use underthread::threading::{Thread, current_thread};
///
/// let thread = Thread::new(|| current_thread().get_name()).name("a name");
/// thread.start().unwrap();
/// assert_eq!(&*thread.into_result().unwrap(), "a name");
/// ```
pub fn current_thread() -> Thread {
    let ident = raw::get_ident();
    let known = registry().threads.get(&ident).map(|entry| Arc::clone(&entry.record));
    if let Some(record) = known {
        return Thread::of(record);
    }
    if raw::is_main() {
        return main_thread();
    }
    let number = registry().number();
    let record = Arc::new(Record::dummy(format!("Dummy-{number}").into(), ident, raw::get_native_id()));
    registry().insert(ident, Arc::clone(&record), true);
    let gone = Arc::clone(&record);
    raw::at_end(move || {
        leave(ident);
        gone.end();
    });
    Thread::of(record)
}

/// The thread that runs `main`. Its end, for those who join it, is when the process begins to shut down.
pub fn main_thread() -> Thread {
    Thread::of(registry().main())
}

/// Every thread that is alive, oldest first: the main one, daemons, dummies, and those that are just starting.
pub fn enumerate() -> Vec<Thread> {
    let mut registry = registry();
    registry.main();
    registry.threads.values().map(|entry| Thread::of(Arc::clone(&entry.record))).collect()
}

/// How many threads [`enumerate`] would give.
pub fn active_count() -> usize {
    enumerate().len()
}
