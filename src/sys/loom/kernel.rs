//! The futex of the model: a queue of sleepers, and no memory order.
//!
//! Everything between two of loom's own operations is one step, as the kernel's bucket lock makes it. What orders
//! the steps of different threads for the explorer is `mark`, a compare-exchange that always fails on a word of its
//! own: an RMW to the scheduler, of no effect on memory, so a wake lends nothing that `futex(2)` does not promise. The
//! look before a sleep is a relaxed read of the word itself.

use core::panic::Location;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use std::cell::RefCell;
use std::rc::Rc;

use loom::sync::atomic::AtomicU32 as Marker;

use super::Deadline;
use super::atomic::AtomicU32;
use super::membarrier;
use super::model;
use super::planted::{Site, Slot};
use super::search;
use super::trace::{self, Event};

/// How many different words one scenario may sleep on.
const WORDS: usize = 12;

/// What a sleeper waits for: a wake at an address, with one of these bits; the release of the lock there, or the end of
/// the thread of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    AWakeAt(usize, u32),
    TheLockAt(usize),
    TheEnd(usize),
}

#[derive(Debug)]
struct Sleeper {
    ticket: usize,
    waits_for: For,
    timed: bool,
}

#[derive(Debug)]
pub(super) struct Kernel {
    /// One for each word slept on, handed out in order of first use, so that a run does not depend on addresses.
    markers: Rc<Vec<Marker>>,
    addresses: Vec<usize>,
    sleepers: Vec<Sleeper>,
    next_ticket: usize,
    progress: usize,
    /// Threads that have not ended, the main one among them.
    live: usize,
}

thread_local! {
    static KERNEL: RefCell<Option<Kernel>> = const { RefCell::new(None) };
}

fn kernel<R>(body: impl FnOnce(&mut Kernel) -> R) -> R {
    KERNEL.with(|kernel| body(kernel.borrow_mut().as_mut().expect("outside of sys::model::check")))
}

/// A fresh kernel, for a new execution. Called by the main thread before it spawns any.
pub(super) fn boot() {
    let markers = (0..WORDS).map(|_| Marker::new(0)).collect();
    let fresh = Kernel {
        markers: Rc::new(markers),
        addresses: Vec::new(),
        sleepers: Vec::new(),
        next_ticket: 0,
        progress: 0,
        live: 1,
    };
    KERNEL.with(|kernel| *kernel.borrow_mut() = Some(fresh));
}

impl Kernel {
    fn all_asleep(&self) -> bool {
        self.sleepers.iter().filter(|sleeper| !sleeper.timed).count() == self.live
    }

    fn enqueue(&mut self, waits_for: For, timed: bool) -> usize {
        self.progress += 1;
        self.next_ticket += 1;
        self.sleepers.push(Sleeper { ticket: self.next_ticket, waits_for, timed });
        self.next_ticket
    }

    fn dequeue(&mut self, ticket: usize) -> bool {
        let place = self.sleepers.iter().position(|sleeper| sleeper.ticket == ticket);
        place.map(|place| self.sleepers.remove(place)).is_some()
    }
}

fn mark(address: usize) {
    let (markers, index) = kernel(|kernel| {
        let known = kernel.addresses.iter().position(|known| *known == address);
        let index = known.unwrap_or_else(|| {
            kernel.addresses.push(address);
            kernel.addresses.len() - 1
        });
        (Rc::clone(&kernel.markers), index)
    });
    assert!(index < WORDS, "the scenario sleeps on more than {WORDS} words");
    membarrier::before_a_step();
    let _ = markers[index].compare_exchange(1, 1, Relaxed, Relaxed);
    search::step(None, true, 0);
}

#[track_caller]
pub(in crate::sys) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Deadline>, _: bool, bitset: u32) -> bool {
    let caller = Location::caller();
    let (address, object) = (ptr::from_ref(word).addr(), word.object());
    mark(address);
    if model::wait_is_woken_for_nothing() {
        trace::note(Event::WokenForNothing { word: object }, caller);
        return true;
    }
    // The look and the enqueueing are one step.
    let (found, timed) = (word.latest(), deadline.is_some());
    trace::note(Event::Wait { word: object, expected: expected.into(), found: found.into(), timed }, caller);
    if found != expected {
        return true;
    }
    let ticket = kernel(|kernel| kernel.enqueue(For::AWakeAt(address, bitset), timed));
    let woken = match deadline {
        None => sleep(ticket),
        // A timed wait never blocks the model: whether the wake comes first is the scheduler's choice at the mark,
        // and a wake that chose this sleeper has taken it from the queue. To yield would let another thread go on
        // first, and hide what is there to be seen by one whose time is up before that.
        Some(_) => {
            mark(address);
            !kernel(|kernel| kernel.dequeue(ticket))
        }
    };
    trace::note(if woken { Event::Woken } else { Event::TimedOut }, caller);
    woken
}

fn sleep(ticket: usize) -> bool {
    let (mut seen, mut preferred) = (None, false);
    loop {
        let (asleep, stuck, progress) = kernel(|kernel| {
            let asleep = kernel.sleepers.iter().any(|sleeper| sleeper.ticket == ticket);
            (asleep, kernel.all_asleep(), kernel.progress)
        });
        if !asleep {
            return true;
        }
        assert!(!stuck, "a lost wake-up: every thread sleeps for ever");
        // A poll that saw nothing new is a stutter: its execution equals one that ran another thread here, so
        // whatever branches off after it need not be explored.
        if seen == Some(progress) {
            loom::skip_branch();
        }
        // So is any poll for which the other of two threads was stopped, even with a bound: without it there are fewer
        // preemptions. With three, the poll may lead to the one that wakes this thread.
        if preferred && model::threads() == 2 {
            search::stutters();
        }
        seen = Some(progress);
        model::gives_way();
        loom::thread::yield_now();
        preferred = model::is_preferred();
        model::runs_again();
    }
}

#[track_caller]
pub(in crate::sys) fn wake(word: *const AtomicU32, count: u32, _: bool, bitset: u32) {
    let caller = Location::caller();
    let Some(count) = Site::new(caller, Slot::Wake).wake(count) else {
        return trace::note(Event::Wake { count: None, woken: 0 }, caller);
    };
    let address = word.addr();
    mark(address);
    kernel(|kernel| {
        kernel.progress += 1;
        let here = kernel.sleepers.iter().filter(|sleeper| match sleeper.waits_for {
            For::AWakeAt(theirs, bits) => theirs == address && bits & bitset != 0,
            _ => false,
        });
        let mut asleep: Vec<usize> = here.map(|sleeper| sleeper.ticket).collect();
        if model::last_comes_first(asleep.len() > count as usize) {
            asleep.reverse();
        }
        asleep.truncate(count as usize);
        trace::note(Event::Wake { count: Some(count), woken: asleep.len() }, caller);
        for ticket in asleep {
            kernel.dequeue(ticket);
        }
    });
}

pub(super) fn progress() {
    kernel(|kernel| kernel.progress += 1);
}

pub(super) fn thread_starts() {
    kernel(|kernel| kernel.live += 1);
}

impl Kernel {
    fn wake_all_that_wait_for(&mut self, happened: For) {
        self.progress += 1;
        self.sleepers.retain(|sleeper| sleeper.waits_for != happened);
    }
}

/// In the step that says so to those who look.
pub(super) fn thread_ends(index: usize) {
    membarrier::before_a_step();
    model::gives_way();
    kernel(|kernel| {
        kernel.live -= 1;
        kernel.wake_all_that_wait_for(For::TheEnd(index));
    });
}

/// In the step that has freed it.
pub(super) fn lock_is_released(word: &AtomicU32) {
    kernel(|kernel| kernel.wake_all_that_wait_for(For::TheLockAt(ptr::from_ref(word).addr())));
}

/// In the step that found it held.
pub(super) fn wait_for_the_lock(word: &AtomicU32) {
    sleep(kernel(|kernel| kernel.enqueue(For::TheLockAt(ptr::from_ref(word).addr()), false)));
}

/// In the step that found that it has not come yet.
pub(super) fn wait_for_the_end_of(index: usize) {
    sleep(kernel(|kernel| kernel.enqueue(For::TheEnd(index), false)));
}
