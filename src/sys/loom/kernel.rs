//! The futex of the model: a queue of sleepers, and no memory order.
//!
//! Everything between two of loom's own operations is one step, as the kernel's bucket lock makes it. What orders
//! the steps of different threads for the explorer is `mark`, a compare-exchange that always fails on a word of its
//! own: an RMW to the scheduler, of no effect on memory, so nothing is lent that `futex(2)` does not promise.

use core::panic::Location;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use std::cell::RefCell;
use std::rc::Rc;

use loom::sync::atomic::AtomicU32 as Marker;

use super::Deadline;
use super::atomic::AtomicU32;
use super::model::{self, Site, Slot};

/// How many different words one scenario may sleep on.
const WORDS: usize = 12;

#[derive(Debug)]
struct Sleeper {
    ticket: usize,
    address: usize,
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
    /// Threads that wait for the end of another one that has not ended.
    joining: usize,
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
        joining: 0,
    };
    KERNEL.with(|kernel| *kernel.borrow_mut() = Some(fresh));
}

impl Kernel {
    fn all_asleep(&self) -> bool {
        self.sleepers.iter().filter(|sleeper| !sleeper.timed).count() + self.joining == self.live
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
    let _ = markers[index].compare_exchange(1, 1, Relaxed, Relaxed);
}

#[track_caller]
pub(in crate::sys) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Deadline>, _: bool) -> bool {
    let address = ptr::from_ref(word).addr();
    mark(address);
    if model::wait_is_woken_for_nothing() {
        return true;
    }
    // The look and the enqueueing are one step: nothing of loom's lies between them.
    if word.latest() != expected {
        return true;
    }
    let ticket = kernel(|kernel| {
        kernel.progress += 1;
        kernel.next_ticket += 1;
        let ticket = kernel.next_ticket;
        kernel.sleepers.push(Sleeper { ticket, address, timed: deadline.is_some() });
        ticket
    });
    match deadline {
        None => sleep(ticket),
        // A timed wait never blocks the model: whether the wake comes first is the scheduler's choice at the mark,
        // and a wake that chose this sleeper has taken it from the queue.
        Some(_) => {
            loom::thread::yield_now();
            mark(address);
            !kernel(|kernel| kernel.dequeue(ticket))
        }
    }
}

fn sleep(ticket: usize) -> bool {
    let mut seen = None;
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
        seen = Some(progress);
        loom::thread::yield_now();
    }
}

#[track_caller]
pub(in crate::sys) fn wake(word: *const AtomicU32, count: u32, _: bool) {
    let Some(count) = Site::new(Location::caller(), Slot::Wake).wake(count) else { return };
    let address = word.addr();
    mark(address);
    kernel(|kernel| {
        kernel.progress += 1;
        let mut asleep: Vec<usize> =
            kernel.sleepers.iter().filter(|sleeper| sleeper.address == address).map(|sleeper| sleeper.ticket).collect();
        if model::last_comes_first(asleep.len() > count as usize) {
            asleep.reverse();
        }
        for ticket in asleep.into_iter().take(count as usize) {
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

pub(super) fn thread_ends() {
    kernel(|kernel| {
        kernel.live -= 1;
        kernel.progress += 1;
    });
}

/// From here until `join_ends`, the caller waits for a thread that has not ended.
pub(super) fn join_starts() {
    kernel(|kernel| kernel.joining += 1);
}

/// Called by the thread that ends, for each that waits for it.
pub(super) fn join_ends() {
    kernel(|kernel| kernel.joining -= 1);
}
