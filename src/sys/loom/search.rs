//! Prunes loom's search: of executions that differ only in the order of independent steps it runs one.
//!
//! loom finds which steps of an execution race and tries them the other way round (Flanagan and Godefroid, *Dynamic
//! Partial-Order Reduction for Model Checking Software*, POPL 2005), but it lacks *sleep sets* (Godefroid,
//! *Partial-Order Methods for the Verification of Concurrent Systems*, 1996): when at some point a thread's next step
//! has been explored and another thread is tried there, the first one need not be tried again until somebody has made a
//! step that does not commute with its own; until then it sleeps. Here they are added from outside. The facade sees
//! each step; what differs from the execution before tells where loom has turned; an execution in which a sleeping
//! thread makes its step branches no further.
//!
//! A *step* is one operation of an atomic or of the kernel, with all that its thread does until the next one. Two steps
//! commute unless they are of one thread, or meet at an atomic that one of them stores to, or both hold a fence, or both
//! are the kernel's, or one of them meets all: one that spins, by which it yields (then the scheduler's state
//! depends on their order), or a membarrier.
//!
//! With a bound on preemptions nothing is pruned but *stutters*: what is equal to another execution may have cost fewer
//! preemptions, but without a stutter there are fewer. Of two threads it is a sleeper's look for which the other was
//! stopped, and which finds nothing. (A second look in a row that finds nothing new is never followed further, nor in
//! loom's own search.)

use core::hash::{Hash, Hasher};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::DefaultHasher;

use super::trace::Place;
use super::{kernel, model};

/// An atomic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    /// The thread that made it, and the how-manieth of its: the same in every execution.
    pub(super) id: (usize, usize),
    pub(super) made_at: Place,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    thread: usize,
    at: Option<(usize, usize)>,
    stores: bool,
    /// Which store was read, and which was made.
    read: u64,
    made: Option<u64>,
    is_the_kernels: bool,
    fences: bool,
    meets_all: bool,
}

impl Step {
    fn commutes_with(&self, other: &Self) -> bool {
        let meet = self.at.is_some() && self.at == other.at && (self.stores || other.stores);
        !(self.thread == other.thread
            || meet
            || self.is_the_kernels && other.is_the_kernels
            || self.fences && other.fences
            || self.meets_all
            || other.meets_all)
    }
}

/// A step of the current execution, and those of other threads that have been explored in its stead.
#[derive(Debug)]
struct Node {
    step: Step,
    explored: Vec<Step>,
}

#[derive(Debug, Default)]
struct Search {
    /// Executions that equal others are not run to their end.
    prunes: bool,
    /// Nor those with a stutter.
    prunes_stutters: bool,
    /// The others are told.
    tells: bool,
    told: BTreeSet<u64>,
    /// The current execution up to `here`; beyond, the one before it.
    path: Vec<Node>,
    here: usize,
    /// Whether this execution has left the one before.
    is_new: bool,
    asleep: Vec<Step>,
    is_pruned: bool,
    objects: [usize; loom::MAX_THREADS],
}

thread_local! {
    static SEARCH: RefCell<Search> = RefCell::default();
}

fn search<R>(body: impl FnOnce(&mut Search) -> R) -> R {
    SEARCH.with(|search| body(&mut search.borrow_mut()))
}

/// Starts the search of another scenario.
pub(super) fn begin(prunes: bool, prunes_stutters: bool, tells: bool) {
    search(|search| *search = Search { prunes, prunes_stutters, tells, ..Search::default() });
}

/// Another execution.
pub(super) fn execution() {
    search(|search| {
        search.path.truncate(if search.is_pruned { search.here } else { search.path.len() });
        search.here = 0;
        search.is_new = search.path.is_empty();
        search.asleep.clear();
        search.is_pruned = false;
        search.objects = Default::default();
    });
}

impl Object {
    pub(super) fn new(made_at: Place) -> Self {
        let thread = model::thread_index();
        let number = search(|search| {
            search.objects[thread] += 1;
            search.objects[thread]
        });
        Self { id: (thread, number), made_at }
    }
}

impl Search {
    fn records(&self) -> bool {
        (self.prunes || self.tells) && !self.is_pruned
    }

    /// Those that sleep before the step at `here`.
    fn pass_the_last_step(&mut self) {
        let Some(last) = self.here.checked_sub(1).map(|last| &self.path[last]) else { return };
        self.asleep.extend_from_slice(&last.explored);
        self.asleep.retain(|asleep| asleep.commutes_with(&last.step));
    }

    fn step(&mut self, step: Step) {
        if !self.records() {
            return;
        }
        self.pass_the_last_step();
        let mut is_pruned = self.asleep.iter().any(|asleep| asleep.thread == step.thread);
        if self.is_new || self.here == self.path.len() {
            self.is_new = true;
            self.path.truncate(self.here);
            self.path.push(Node { step, explored: Vec::new() });
        } else {
            let node = &mut self.path[self.here];
            let turned = node.step.thread != step.thread;
            self.is_new = turned || node.step.read != step.read;
            if turned {
                // A thread that starts, or has been woken, is stopped once more before its step, and the other of two
                // then makes the step that has been explored in its stead. With three, loom finds some executions only so.
                is_pruned |= model::threads() == 2 && node.explored.iter().any(|other| other.thread == step.thread);
                node.explored.push(node.step);
            }
            if self.is_new {
                // With another value read, the rest of the step may differ: what any of them does counts.
                let (fences, meets_all) = (!turned && node.step.fences, !turned && node.step.meets_all);
                node.step = Step { fences, meets_all, ..step };
                self.path.truncate(self.here + 1);
            }
        }
        self.here += 1;
        if self.prunes && is_pruned {
            self.is_pruned = true;
            loom::skip_branch();
        }
    }

    /// The steps up to here, each with those before that it does not commute with.
    fn execution(&self) -> u64 {
        let mut steps: Vec<(&Step, u64)> = Vec::new();
        for Node { step, .. } in &self.path[..self.here] {
            let before = steps.iter().filter(|(earlier, _)| !earlier.commutes_with(step));
            let before: BTreeSet<u64> = before.map(|(_, hash)| *hash).collect();
            let read = steps.iter().find(|(earlier, _)| earlier.at == step.at && earlier.made == Some(step.read));
            steps.push((step, hash((step.thread, step.at, step.stores, read.map(|(_, hash)| *hash), before))));
        }
        hash(steps.into_iter().map(|(_, hash)| hash).collect::<BTreeSet<u64>>())
    }

    fn last(&mut self) -> Option<&mut Step> {
        let here = self.here.checked_sub(1)?;
        self.records().then(|| &mut self.path[here].step)
    }
}

/// The running thread has made a step.
pub(super) fn step(at: Option<Object>, stores: bool, read: u64) {
    model::runs_again();
    kernel::progress();
    let thread = model::thread_index();
    let at = at.map(|object| object.id);
    let step =
        Step { thread, at, stores, read, made: None, is_the_kernels: at.is_none(), fences: false, meets_all: false };
    search(|search| search.step(step));
}

/// The step that the running thread is in.
fn with_the_step(change: impl FnOnce(&mut Step)) {
    let thread = model::thread_index();
    search(|search| {
        if let Some(step) = search.last() {
            assert_eq!(step.thread, thread, "a thread of a model begins with an operation of an atomic");
            change(step);
        }
    });
}

/// The kernel's step is also a look at an atomic, which loom takes for a store.
pub(super) fn step_is_also_at(object: Object) {
    with_the_step(|step| {
        step.at = Some(object.id);
        step.stores = true;
    });
}

pub(super) fn made(place: u64) {
    with_the_step(|step| step.made = Some(place));
}

pub(super) fn fences() {
    with_the_step(|step| step.fences = true);
}

pub(super) fn meets_all() {
    with_the_step(|step| step.meets_all = true);
}

/// The running thread makes no step where another one could have: the execution equals one that has been run.
pub(super) fn stutters() {
    search(|search| {
        if !search.is_pruned && search.prunes_stutters {
            search.is_pruned = true;
            loom::skip_branch();
        }
    });
}

/// The execution is over.
pub(super) fn ends() {
    search(|search| {
        if search.tells && !search.is_pruned {
            let execution = search.execution();
            search.told.insert(execution);
        }
    });
}

/// The executions since `begin`, one number for all that are equal.
pub(super) fn told() -> BTreeSet<u64> {
    search(|search| core::mem::take(&mut search.told))
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What follows in the course of a step: nobody comes in between.
pub(super) fn within_a_step<R>(body: impl FnOnce() -> R) -> R {
    loom::stop_exploring();
    let value = body();
    loom::explore();
    value
}
