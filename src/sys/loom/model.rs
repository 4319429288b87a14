//! Runs a scenario through every interleaving the model has, and can plant one bug first.

use core::panic::Location;
use core::sync::atomic::{AtomicBool, Ordering};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Instant;

use super::atomic::{AtomicU32, UNORDERED};
use super::{kernel, search, trace};

/// Which of an operation's parts a [`Site`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// A load's ordering.
    Load,
    /// A store's ordering.
    Store,
    /// A read-modify-write's ordering, or a compare-exchange's when it succeeds.
    Rmw,
    /// A compare-exchange's ordering when it fails.
    Failure,
    /// A fence.
    Fence,
    /// A futex wake.
    Wake,
}

/// One source token that says how strong an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The source file.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    column: u32,
    /// Which part of the operation there.
    pub slot: Slot,
    /// Without a pointer's store the program would be undefined.
    stores_a_pointer: bool,
}

/// What stands at a site, or is planted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A memory order.
    Order(Ordering),
    /// A wake of so many.
    Wake(u32),
    /// Nothing: the store, the fence or the wake is left out, or the read-modify-write only reads.
    Dropped,
}

impl Strength {
    /// Everything weaker that could stand in its place.
    fn weaker(self, site: Site) -> Vec<Self> {
        use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
        let orders: &[Ordering] = match (self, site.slot) {
            (Self::Order(SeqCst), Slot::Fence) => &[AcqRel],
            (Self::Order(AcqRel), _) => &[Acquire, Release, Relaxed],
            (Self::Order(Acquire | Release), _) => &[Relaxed],
            _ => &[],
        };
        let mut weaker: Vec<Self> = orders.iter().copied().map(Self::Order).collect();
        if let Self::Wake(count @ 2..) = self {
            weaker.push(Self::Wake(count.min(2) / 2));
        }
        if !matches!(site.slot, Slot::Load | Slot::Failure) && !site.stores_a_pointer {
            weaker.push(Self::Dropped);
        }
        weaker
    }
}

#[derive(Debug, Default)]
struct Run {
    mutant: Option<(Site, Strength)>,
    sites: BTreeMap<Site, Strength>,
    /// The wait that is woken for nothing: whose, and the how-manieth of that thread's.
    spurious: Option<(usize, usize)>,
    waits: [usize; loom::MAX_THREADS],
    most_waits: [usize; loom::MAX_THREADS],
    most_threads: usize,
    lifo: bool,
    wakes_had_a_choice: bool,
    clock_has_run_out: bool,
    clock_was_asked: bool,
    executions: usize,
    limit: usize,
}

thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

fn run<R>(body: impl FnOnce(&mut Run) -> R) -> R {
    RUN.with(|run| body(&mut run.borrow_mut()))
}

impl Site {
    pub(super) fn new(caller: &'static Location<'static>, slot: Slot) -> Self {
        Self { file: caller.file(), line: caller.line(), column: caller.column(), slot, stores_a_pointer: false }
    }

    pub(super) fn of_a_pointer(self, stores_a_pointer: bool) -> Self {
        Self { stores_a_pointer, ..self }
    }

    fn strength(self, written: Strength) -> Strength {
        run(|run| match run.mutant {
            Some((site, planted)) if site == self => planted,
            _ => {
                let seen = run.sites.entry(self).or_insert(written);
                // Of a wake whose count varies, the largest.
                if let (Strength::Wake(most), Strength::Wake(count)) = (seen, written) {
                    *most = count.max(*most);
                }
                written
            }
        })
    }

    /// `None`: nothing is stored, or there is no fence.
    pub(super) fn order(self, written: Ordering) -> Option<Ordering> {
        match self.strength(Strength::Order(written)) {
            Strength::Order(order) => Some(order),
            _ => None,
        }
    }

    pub(super) fn wake(self, count: u32) -> Option<u32> {
        match self.strength(Strength::Wake(count)) {
            // A mutant that wakes one stands for every count that was to be more.
            Strength::Wake(planted) => Some(planted.min(count)),
            _ => None,
        }
    }
}

impl core::fmt::Display for Site {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{}:{}:{} {:?}", self.file, self.line, self.column, self.slot)
    }
}

pub(super) fn wait_is_woken_for_nothing() -> bool {
    let thread = thread_index();
    run(|run| {
        let this = run.waits[thread];
        run.waits[thread] += 1;
        run.most_waits[thread] = run.most_waits[thread].max(run.waits[thread]);
        run.spurious == Some((thread, this))
    })
}

pub(super) fn last_comes_first(choice: bool) -> bool {
    run(|run| {
        run.wakes_had_a_choice |= choice;
        run.lifo
    })
}

pub(super) fn clock_has_run_out() -> bool {
    run(|run| {
        run.clock_was_asked = true;
        run.clock_has_run_out
    })
}

/// A scenario: one property of one primitive, a few threads.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The property.
    pub name: &'static str,
    /// How often a thread may be stopped where it could have gone on; `None` is every interleaving.
    pub preemptions: Option<usize>,
    /// The body, run once for each execution by the main thread.
    pub body: fn(),
}

impl Scenario {
    /// `body`, explored with so many preemptions.
    pub const fn new(name: &'static str, preemptions: Option<usize>, body: fn()) -> Self {
        Self { name, preemptions, body }
    }

    fn with_at_most(self, bound: usize) -> Self {
        Self { preemptions: Some(self.preemptions.unwrap_or(bound).min(bound)), ..self }
    }
}

/// The executions after which a scenario counts as cut, which is a failure: a bound that was never reached proves
/// nothing.
pub const EXECUTIONS: usize = 50_000_000;

/// The bound on preemptions of the variations: spurious wakes, and sleepers woken last first.
pub const VARIED: usize = 2;

/// Explores `scenario`: in full, also with a clock that has run out if one was read; then, with [`VARIED`] preemptions
/// at most, with each wait in turn woken for nothing, and with sleepers woken last first where a wake had a choice.
/// Prints the executions; panics on the first that fails, and when [`EXECUTIONS`] do not suffice.
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

fn explore(scenario: Scenario, mutant: Option<(Site, Strength)>) -> usize {
    run(|run| {
        let sites = core::mem::take(&mut run.sites);
        *run = Run { mutant, sites, limit: EXECUTIONS, ..Run::default() };
    });
    for clock in [false, true] {
        if clock && !run(|run| run.clock_was_asked) {
            break;
        }
        run(|run| {
            run.clock_has_run_out = clock;
            run.most_waits = Default::default();
            run.spurious = None;
        });
        search::begin(scenario.preemptions.is_none(), false);
        once(scenario);
        search::begin(false, false);
        let varied = scenario.with_at_most(VARIED);
        for (thread, waits) in run(|run| run.most_waits).into_iter().enumerate() {
            for wait in 0..waits {
                run(|run| run.spurious = Some((thread, wait)));
                once(varied);
            }
        }
        run(|run| run.spurious = None);
        if run(|run| run.wakes_had_a_choice) {
            run(|run| run.lifo = true);
            once(varied);
            run(|run| run.lifo = false);
        }
    }
    run(|run| run.executions)
}

/// The executions of `body`, without bound, one number for all that are equal: those of the pruned search, or of loom's
/// own.
pub fn executions(body: fn(), pruned: bool) -> BTreeSet<u64> {
    run(|run| *run = Run { limit: EXECUTIONS, ..Run::default() });
    search::begin(pruned, true);
    once(Scenario::new("", None, body));
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
        INDEX.with(|index| index.set(0));
        search::execution();
        kernel::boot();
        (scenario.body)();
        search::ends();
    });
}

/// The bound on preemptions under which planted bugs are looked for first: weak orders show at small bounds.
pub const PLANTED: usize = 2;

/// Plants every weaker ordering, every store, read-modify-write, fence and wake left out, and every wake of many made a
/// wake of one, one at a time, in the source files whose names end in one of `files`; and explores the `scenarios` that
/// reach it, with [`PLANTED`] preemptions at most and then as they are, until one fails.
///
/// Gives what was found. Panics if a planted bug survives.
pub fn mutants(files: &[&str], scenarios: &[Scenario]) -> Vec<Found> {
    let mut reach: Vec<(Scenario, BTreeMap<Site, Strength>)> = Vec::new();
    for scenario in scenarios {
        run(|run| run.sites.clear());
        explore(scenario.with_at_most(PLANTED), None);
        reach.push((*scenario, run(|run| core::mem::take(&mut run.sites))));
    }
    let sites: BTreeMap<Site, Strength> = reach
        .iter()
        .flat_map(|(_, sites)| sites.iter().map(|(site, seen)| (*site, *seen)))
        .filter(|(site, _)| files.iter().any(|file| site.file.ends_with(file)))
        .collect();
    let (mut found, mut survivors) = (Vec::new(), Vec::new());
    for (site, written) in sites {
        for weaker in written.weaker(site) {
            let reached = || reach.iter().filter(|(_, sites)| sites.contains_key(&site)).map(|(scenario, _)| *scenario);
            let killer = reached()
                .map(|scenario| scenario.with_at_most(PLANTED))
                .chain(reached())
                .find_map(|scenario| fails_quietly(scenario, (site, weaker)).map(|how| (scenario, how)));
            let change = format!("{site} {written:?} -> {weaker:?}");
            match killer {
                Some((scenario, how)) => {
                    let executions = run(|run| run.executions);
                    println!("{change}: found by {}, execution {executions}: {how}", scenario.name);
                    found.push(Found { site, written, planted: weaker, by: scenario.name, how, executions });
                }
                None => survivors.push(change),
            }
        }
    }
    println!("{} bugs planted, {} found", found.len() + survivors.len(), found.len());
    assert!(!found.is_empty(), "no site of {files:?} was reached");
    assert!(survivors.is_empty(), "no scenario found: {survivors:#?}");
    found
}

/// A planted bug, and what found it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it was planted.
    pub site: Site,
    /// What stands there.
    pub written: Strength,
    /// What was planted in its place.
    pub planted: Strength,
    /// The scenario that failed.
    pub by: &'static str,
    /// How it failed: the first words of its panic.
    pub how: String,
    /// In which of its executions.
    pub executions: usize,
}

/// How it fails, in the first words of its panic. What says that the model is at its limits finds nothing.
fn fails_quietly(scenario: Scenario, mutant: (Site, Strength)) -> Option<String> {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    // Relaxed: it decides who installs the hook, and guards nothing.
    if !HOOKED.swap(true, Ordering::Relaxed) {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.with(Cell::get) {
                loud(info);
            }
        }));
    }
    QUIET.with(|quiet| quiet.set(true));
    let outcome = std::panic::catch_unwind(|| explore(scenario, Some(mutant)));
    QUIET.with(|quiet| quiet.set(false));
    let payload = outcome.err()?;
    let message = payload.downcast_ref::<String>().cloned();
    let message = message.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
    let message = message.unwrap_or_else(|| "a panic of the scenario's own".into());
    let is_a_limit = message.contains(UNORDERED) || message.starts_with("cut after");
    (!is_a_limit).then(|| message.lines().next().unwrap_or_default().chars().take(60).collect())
}

loom::thread_local! {
    static INDEX: Cell<usize> = Cell::new(0);
}

thread_local! {
    static NEXT_INDEX: Cell<usize> = const { Cell::new(1) };
}

/// The caller's number in this execution: 0 for the main thread, then in order of starting.
pub(in crate::sys) fn thread_index() -> usize {
    INDEX.with(Cell::get)
}

/// How many threads there are in an execution, as far as is known.
pub(super) fn threads() -> usize {
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
            INDEX.with(|own| own.set(index));
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
