//! Full fences: of a thread's own, and of every thread, as `membarrier(2)` promises them.
//!
//! A membarrier makes every other thread pass a full fence at the place in its program where it is. No thread is run for
//! that. Before each of its steps a thread *publishes* what it knows, in a word of its own, and learns of the membarriers
//! that have come since its step before, as by a fence there; a membarrier learns what all the others have published. So
//! what a thread did before its step is visible after a membarrier that comes next, and what came before a membarrier is
//! visible to the steps that begin after it. (Who is stopped at its step learns of a membarrier behind that step, as if its
//! fence were there, though what the step stores is not known to the membarrier. So the model promises less than the
//! system does, and shows at most too much.)

use core::cell::Cell;
use core::panic::Location;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::cell::RefCell;
use std::rc::Rc;

use loom::sync::atomic::{AtomicU64, fence as loom_fence};

use super::atomic::{AtomicU32, look};
use super::model;
use super::planted::{Site, Slot};
use super::search::{self, Object};
use super::trace::{self, Event};

/// What passes between the threads of one execution.
#[derive(Debug)]
struct Fences {
    object: Object,
    mode: Mode,
    /// What those knew who made membarriers.
    word: AtomicU64,
    is_granted: bool,
    /// A word for each thread.
    published: Vec<AtomicU64>,
    /// How many membarriers there have been.
    made: Cell<u64>,
    /// Those that a thread knows of.
    known: [Cell<u64>; loom::MAX_THREADS],
    are_registered_for: Cell<bool>,
    are_forbidden: Cell<bool>,
    /// What who forbade them knew.
    prohibition: AtomicU64,
}

thread_local! {
    static FENCES: RefCell<Option<Rc<Fences>>> = const { RefCell::new(None) };
}

fn fences() -> Rc<Fences> {
    FENCES.with_borrow(Clone::clone).expect("outside of sys::model::check")
}

/// For a new execution. Called by the main thread before it spawns any.
pub(super) fn boot() {
    let is_granted = model::has_membarrier();
    let fresh = Fences {
        object: Object::new(Location::caller()),
        mode: if model::may_switch() { Mode::Word(AtomicU32::new(0)) } else { Mode::Fixed(Cell::new(0)) },
        word: AtomicU64::new(0),
        is_granted,
        published: (0..if is_granted { loom::MAX_THREADS } else { 0 }).map(|_| AtomicU64::new(0)).collect(),
        made: Cell::new(0),
        known: Default::default(),
        are_registered_for: Cell::new(false),
        are_forbidden: Cell::new(false),
        prohibition: AtomicU64::new(0),
    };
    FENCES.set(Some(Rc::new(fresh)));
}

/// The mode of `sys::fence`. A look at it is a step only where it may change.
#[derive(Debug)]
enum Mode {
    Word(AtomicU32),
    Fixed(Cell<u32>),
}

/// [`Mode`], as an atomic of the current execution.
pub(in crate::sys) struct CurrentMode;

impl CurrentMode {
    #[track_caller]
    pub(in crate::sys) fn load(&self, order: Ordering) -> u32 {
        match &fences().mode {
            Mode::Word(word) => word.load(order),
            Mode::Fixed(mode) => mode.get(),
        }
    }

    #[track_caller]
    pub(in crate::sys) fn store(&self, value: u32, order: Ordering) {
        match &fences().mode {
            Mode::Word(word) => word.store(value, order),
            Mode::Fixed(_) => panic!("only a scenario that has membarrier from the first may switch"),
        }
    }

    #[track_caller]
    pub(in crate::sys) fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        match &fences().mode {
            Mode::Word(word) => word.compare_exchange(current, new, success, failure),
            // Decided at the start.
            Mode::Fixed(mode) => Ok(mode.replace(new)),
        }
    }
}

/// As core's `fence`.
#[track_caller]
pub(in crate::sys) fn full_fence(order: Ordering) {
    model::fences();
    let caller = Location::caller();
    let order = Site::new(caller, Slot::Fence).order(order);
    if let Some(order) = order {
        // Behind a look at the mode that is a step, nothing else says that the fence races with others.
        if model::may_switch() {
            fences().step();
        }
        search::fences();
        loom_fence(order);
    }
    trace::note(Event::Fence(order), caller);
}

/// As the system's. Nobody asks twice: with threads running that would take milliseconds.
pub(in crate::sys) fn register() -> bool {
    let fences = fences();
    assert!(!fences.are_registered_for.replace(true), "registered for membarrier twice");
    fences.is_granted
}

/// As the system's.
#[track_caller]
pub(in crate::sys) fn fence() -> bool {
    let caller = Location::caller();
    let order = Site::new(caller, Slot::Fence).order(SeqCst);
    let fences = fences();
    fences.step();
    search::meets_all();
    trace::note(Event::Membarrier(order), caller);
    search::within_a_step(|| fences.membarrier(order))
}

/// From here on membarrier is refused.
pub(super) fn forbid() {
    let fences = fences();
    fences.step();
    search::within_a_step(|| {
        fences.are_forbidden.set(true);
        fences.prohibition.fetch_add(1, Release);
    });
}

/// Before a thread's step, or its end.
pub(super) fn before_a_step() {
    if model::has_membarrier() {
        search::within_a_step(|| fences().publish());
    }
}

impl Fences {
    /// One fence after the other.
    fn step(&self) {
        before_a_step();
        look(&self.word, Relaxed);
        search::step(Some(self.object), true, 0);
    }

    fn membarrier(&self, order: Option<Ordering>) -> bool {
        if self.are_forbidden.get() {
            // Who is refused by the kernel has seen that it is forbidden.
            look(&self.prohibition, Acquire);
            return false;
        }
        let Some(order) = order else { return true };
        loom_fence(order);
        // A weaker one is the caller's own.
        if order == SeqCst {
            let own = model::thread_index();
            self.made.set(self.made.get() + 1);
            self.known[own].set(self.made.get());
            // First, so that it says no more than we have known.
            self.word.fetch_add(1, Release);
            for (index, published) in self.published.iter().enumerate() {
                if index != own {
                    look(published, Acquire);
                }
            }
            loom_fence(SeqCst);
        }
        true
    }

    fn publish(&self) {
        let own = model::thread_index();
        if self.known[own].replace(self.made.get()) != self.made.get() {
            look(&self.word, Acquire);
            loom_fence(AcqRel);
        }
        self.published[own].store(0, Release);
    }
}
