//! Runs a scenario through every interleaving the model has.

use core::sync::atomic::Ordering;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Instant;

use super::Deadline;
use super::atomic::AtomicU32;
pub use super::planted::{Found, PLANTED, Site, Slot, Strength, mutants};
use super::{kernel, membarrier, search, trace};
use crate::sys::fence;

#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) mutant: Option<(Site, Strength)>,
    /// Where bugs may be planted, if that is asked for.
    pub(super) sites: Option<BTreeMap<Site, Strength>>,
    /// The wait that is woken for nothing: whose, and the how-manieth of that thread's.
    spurious: Option<(usize, usize)>,
    waits: [usize; loom::MAX_THREADS],
    most_waits: [usize; loom::MAX_THREADS],
    most_threads: usize,
    lifo: bool,
    wakes_had_a_choice: bool,
    /// Whose deadlines have passed, a bit for each thread; and who has asked.
    late: u32,
    asked: u32,
    has_membarrier: bool,
    may_switch: bool,
    /// Whether somebody makes full fences, for which membarrier may do.
    fences: bool,
    assumes_locks: bool,
    pub(super) executions: usize,
    limit: usize,
}

thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
    pub(super) static QUIET: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn run<R>(body: impl FnOnce(&mut Run) -> R) -> R {
    RUN.with(|run| body(&mut run.borrow_mut()))
}

pub(super) fn wait_is_woken_for_nothing() -> bool {
    let thread = thread_index();
    let this = run(|run| {
        run.waits[thread] += 1;
        run.most_waits[thread] = run.most_waits[thread].max(run.waits[thread]);
        run.waits[thread] - 1
    });
    // Here, and not by loom's limit on steps, which may be met while locks are held: their release would be one step
    // more.
    assert!(this < MOST_WAITS, "a livelock: a thread goes to sleep again and again");
    run(|run| run.spurious == Some((thread, this)))
}

pub(super) fn last_comes_first(choice: bool) -> bool {
    run(|run| {
        run.wakes_had_a_choice |= choice;
        run.lifo
    })
}

pub(super) fn clock_has_run_out() -> bool {
    let thread = 1 << thread_index();
    run(|run| {
        run.asked |= thread;
        run.late & thread != 0
    })
}

/// Whether the mode of the fences may change.
pub(super) fn may_switch() -> bool {
    run(|run| run.may_switch)
}

pub(super) fn has_membarrier() -> bool {
    run(|run| run.has_membarrier)
}

/// The running thread makes a full fence.
pub(super) fn fences() {
    run(|run| run.fences = true);
}

/// As a filter of system calls may do: from here on membarrier is refused.
pub fn forbid_membarrier() {
    membarrier::forbid();
}

/// A scenario: one property of one primitive, a few threads.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The property.
    pub name: &'static str,
    /// How often a thread may be stopped where it could have gone on; `None` is every interleaving.
    pub preemptions: Option<usize>,
    /// Whether the locks in it are what they promise to be, each acquire and each release one step, and not run as they
    /// are written; see [`locks_are_assumed`].
    pub assumes_locks: bool,
    /// Whether membarrier is there from the first; otherwise a variation has it.
    pub has_membarrier: bool,
    /// The body, run once for each execution by the main thread.
    pub body: fn(),
}

impl Scenario {
    /// `body`, explored with so many preemptions.
    pub const fn new(name: &'static str, preemptions: Option<usize>, body: fn()) -> Self {
        Self { name, preemptions, assumes_locks: false, has_membarrier: false, body }
    }

    /// The same, built on locks that are assumed.
    pub const fn assuming_locks(self) -> Self {
        Self { assumes_locks: true, ..self }
    }

    /// The same, with membarrier.
    pub const fn with_membarrier(self) -> Self {
        Self { has_membarrier: true, ..self }
    }

    fn run(self) -> Run {
        let Self { assumes_locks, has_membarrier, .. } = self;
        Run { limit: EXECUTIONS, assumes_locks, has_membarrier, may_switch: has_membarrier, ..Run::default() }
    }

    pub(super) fn with_at_most(self, bound: usize) -> Self {
        Self { preemptions: Some(self.preemptions.unwrap_or(bound).min(bound)), ..self }
    }
}

/// The executions after which a scenario counts as cut, which is a failure: a bound that was never reached proves
/// nothing.
pub const EXECUTIONS: usize = 50_000_000;

/// The waits of one thread in an execution; no scenario has a tenth of it.
const MOST_WAITS: usize = 1000;

/// The bound on preemptions of the variations: spurious wakes, and sleepers woken last first.
pub const VARIED: usize = 2;

/// Explores `scenario`: in full, also with a clock that has run out if one was read; then, with [`VARIED`] preemptions
/// at most, with each wait in turn woken for nothing, with sleepers woken last first where a wake had a choice, with
/// membarrier, and with a clock that has run out for one thread only. Prints the executions; panics on the first that
/// fails, and when [`EXECUTIONS`] do not suffice.
pub fn check(scenario: Scenario) {
    let start = Instant::now();
    let executions = explore(scenario, None);
    println!(
        "{:<64} {:>8} executions, preemptions {:>9}, complete, {:.1} s",
        scenario.name,
        executions,
        scenario.preemptions.map_or("unbounded".into(), |bound| bound.to_string()),
        start.elapsed().as_secs_f64(),
    );
}

pub(super) fn explore(scenario: Scenario, mutant: Option<(Site, Strength)>) -> usize {
    run(|run| {
        let sites = core::mem::take(&mut run.sites);
        *run = Run { mutant, sites, ..scenario.run() };
    });
    let varied = scenario.with_at_most(VARIED);
    let last_first = || {
        if run(|run| run.wakes_had_a_choice) {
            run(|run| run.lifo = true);
            once(varied);
            run(|run| run.lifo = false);
        }
    };
    for late in [0, u32::MAX] {
        if late != 0 && run(|run| run.asked) == 0 {
            break;
        }
        run(|run| {
            run.late = late;
            run.most_waits = Default::default();
        });
        search::begin(scenario.preemptions.is_none(), true, false);
        once(scenario);
        search::begin(false, true, false);
        for (thread, waits) in run(|run| run.most_waits).into_iter().enumerate() {
            for wait in 0..waits {
                run(|run| run.spurious = Some((thread, wait)));
                once(varied);
            }
        }
        run(|run| run.spurious = None);
        last_first();
        if !scenario.has_membarrier && run(|run| run.fences) {
            run(|run| run.has_membarrier = true);
            once(varied);
            last_first();
            run(|run| run.has_membarrier = false);
        }
    }
    for thread in 0..loom::MAX_THREADS {
        let late = 1 << thread;
        if run(|run| run.asked) & late != 0 {
            run(|run| run.late = late);
            once(varied);
            last_first();
        }
    }
    run(|run| run.executions)
}

/// The executions of `scenario`, one number for all that are equal: those of the pruned search, as [`check`] has it, or
/// of loom's own.
pub fn executions(scenario: Scenario, pruned: bool) -> BTreeSet<u64> {
    run(|run| *run = scenario.run());
    search::begin(pruned && scenario.preemptions.is_none(), pruned, true);
    once(scenario);
    search::told()
}

fn once(scenario: Scenario) {
    /// For every way out but a panic, there is nothing to show.
    struct PrintsOnPanic;

    impl Drop for PrintsOnPanic {
        fn drop(&mut self) {
            if std::thread::panicking() && !QUIET.with(Cell::get) {
                trace::print();
            }
        }
    }

    let _prints_on_panic = PrintsOnPanic;
    // Until the first execution has told, there may be as many threads as loom has.
    NEXT_INDEX.with(|next| next.set(0));
    run(|run| run.most_threads = 0);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = scenario.preemptions;
    builder.max_branches = 100_000;
    builder.check(move || {
        let started = NEXT_INDEX.with(|next| next.replace(1));
        run(|run| {
            run.waits = Default::default();
            run.most_threads = run.most_threads.max(started);
            run.executions += 1;
            assert!(run.executions <= run.limit, "cut after {} executions", run.limit);
        });
        trace::begin();
        STACKS.set([0; loom::MAX_THREADS]);
        is_thread(0);
        runs_again();
        search::execution();
        membarrier::boot();
        kernel::boot();
        fence::decide_early();
        (scenario.body)();
        search::ends();
    });
}

/// Whether a lock is what it promises, and no more: who finds it held sleeps until it is released, and nothing but its
/// own word orders anything. So what is built on locks is checked against that promise, and the lock against it by
/// scenarios of its own; of both together there are too many interleavings, and a full fence in a lock's release would
/// hide that there is none where the fence is light.
pub fn locks_are_assumed() -> bool {
    run(|run| run.assumes_locks)
}

/// For one who has found an assumed lock held: `attempt` again at each release, or once more for one with a deadline.
pub(crate) fn wait_for_the_lock(word: &AtomicU32, deadline: Option<Deadline>, attempt: impl Fn() -> bool) -> bool {
    if deadline.is_some() {
        return attempt();
    }
    loop {
        kernel::wait_for_the_lock(word);
        if attempt() {
            return true;
        }
    }
}

/// After the store that frees an assumed lock.
pub(crate) fn lock_is_released(word: &AtomicU32) {
    kernel::lock_is_released(word);
}

thread_local! {
    static NEXT_INDEX: Cell<usize> = const { Cell::new(1) };
    /// Where each thread's stack begins; loom's own variables of a thread take ten times as long to read.
    static STACKS: Cell<[usize; loom::MAX_THREADS]> = const { Cell::new([0; loom::MAX_THREADS]) };
    /// Whether the thread that ran last could not go on.
    static GAVE_WAY: Cell<bool> = const { Cell::new(false) };
}

/// An address in the running thread's stack, below the frame of the caller.
#[inline(never)]
fn here() -> usize {
    let local = 0_u8;
    core::hint::black_box(&raw const local).addr()
}

/// The running thread is the one with this number, and its stack begins about here.
fn is_thread(index: usize) {
    let mut stacks = STACKS.get();
    // What loom runs in the thread before and after its body lies a little before.
    const BEFORE: usize = 1024;
    stacks[index] = here() + BEFORE;
    STACKS.set(stacks);
}

/// The caller's number in this execution: 0 for the main thread, then in order of starting.
pub(in crate::sys) fn thread_index() -> usize {
    // Stacks grow down, and none of an execution is used again in it: the nearest that begins above.
    let here = here();
    let stacks = STACKS.get();
    let started = stacks.iter().enumerate().filter(|(_, begin)| **begin != 0);
    let nearest = started.min_by_key(|(_, begin)| begin.wrapping_sub(here));
    nearest.expect("the main thread has begun").0
}

/// After each of loom's operations in which another thread may have run.
pub(super) fn runs_again() {
    GAVE_WAY.set(false);
}

/// The running thread sleeps, spins or ends: who runs next has not been preferred to it.
pub(super) fn gives_way() {
    GAVE_WAY.set(true);
}

/// Before `runs_again`: whether this thread runs in the stead of another that could have gone on.
pub(super) fn is_preferred() -> bool {
    !GAVE_WAY.get()
}

/// How many threads there are in an execution, as far as is known.
pub fn threads() -> usize {
    match run(|run| run.most_threads) {
        0 => loom::MAX_THREADS,
        known => known,
    }
}

/// A thread of the model.
#[derive(Debug)]
pub struct JoinHandle<T> {
    index: usize,
    end: Rc<End<T>>,
}

#[derive(Debug)]
struct End<T> {
    word: AtomicU32,
    value: RefCell<Option<T>>,
}

/// Starts a thread of the model; like `std::thread::spawn`, and known to the kernel that looks for lost wake-ups.
#[track_caller]
pub fn spawn<T: 'static>(body: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    let end = Rc::new(End { word: AtomicU32::new(0), value: RefCell::new(None) });
    // Numbers of threads are the same in every execution.
    assert_eq!(thread_index(), 0, "the main thread starts all threads of a scenario");
    let index = NEXT_INDEX.with(|next| next.replace(next.get() + 1));
    kernel::thread_starts();
    // loom's own join would be a step that the search does not see.
    drop(loom::thread::spawn({
        let end = Rc::clone(&end);
        move || {
            is_thread(index);
            runs_again();
            let value = body();
            end.value.replace(Some(value));
            // Release: pairs with Acquire in `join`.
            end.word.store(1, Ordering::Release);
            kernel::thread_ends(index);
        }
    }));
    JoinHandle { index, end }
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end and gives its value.
    pub fn join(self) -> T {
        // Acquire: pairs with Release in `spawn`. A compare-exchange sees the latest value, as the kernel does.
        while self.end.word.compare_exchange(1, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            kernel::wait_for_the_end_of(self.index);
        }
        self.end.value.take().expect("joined once")
    }
}
