//! `raw::Barrier`.

use std::rc::Rc;
use std::time::Duration;

use loom::cell::UnsafeCell;
use underthread::raw::{Barrier, BrokenBarrier};
use underthread::sys::Deadline;
use underthread::sys::model::{JoinHandle, Scenario, check, mutants, spawn};

fn with<T: 'static, R: 'static>(shared: &Rc<T>, body: impl FnOnce(&T) -> R + 'static) -> JoinHandle<R> {
    let shared = shared.clone();
    spawn(move || body(&shared))
}

fn soon() -> Option<Deadline> {
    Deadline::after(Duration::from_millis(1))
}

/// What each of two threads writes before it arrives, and the action; loom watches them for data races.
struct Meeting {
    barrier: Barrier,
    notes: [UnsafeCell<u32>; 3],
}

impl Meeting {
    fn new() -> Rc<Self> {
        Rc::new(Self { barrier: Barrier::new(2), notes: Default::default() })
    }

    fn write(&self, place: usize) {
        // SAFETY: each place is written by one thread, before the cycle is complete.
        self.notes[place].with_mut(|note| unsafe { *note = 1 });
    }

    fn attend(&self, place: usize, deadline: Option<Deadline>) -> Result<u32, BrokenBarrier> {
        self.write(place);
        let index = self.barrier.wait_until(deadline, || self.write(2))?;
        for note in &self.notes {
            // SAFETY: the cycle is complete, and nobody writes after that.
            note.with(|note| assert_eq!(unsafe { *note }, 1));
        }
        Ok(index)
    }
}

fn all_see_all_that_came_before() {
    let meeting = Meeting::new();
    let other = with(&meeting, |meeting| meeting.attend(1, None).unwrap());
    let own = meeting.attend(0, None).unwrap();
    assert_eq!(own + other.join(), 1);
}

fn the_barrier_fills_again() {
    let barrier = Rc::new(Barrier::new(2));
    let other = with(&barrier, |barrier| [(); 2].map(|()| barrier.wait_until(None, || ()).unwrap()));
    let own = [(); 2].map(|()| barrier.wait_until(None, || ()).unwrap());
    let other = other.join();
    assert_eq!([own[0] + other[0], own[1] + other[1]], [1, 1]);
}

fn a_timeout_fails_for_both_or_for_neither() {
    let meeting = Meeting::new();
    let other = with(&meeting, |meeting| meeting.attend(1, soon()));
    let own = meeting.attend(0, None);
    let other = other.join();
    assert_eq!(own.is_err(), other.is_err());
    assert_eq!(own.is_err(), meeting.barrier.broken());
}

fn an_abort_fails_for_both_or_for_neither() {
    let barrier = Rc::new(Barrier::new(2));
    let others = [(); 2].map(|()| with(&barrier, |barrier| barrier.wait_until(None, || ())));
    barrier.abort();
    let [one, two] = others.map(JoinHandle::join);
    assert_eq!(one.is_err(), two.is_err());
    assert!(barrier.broken());
}

/// The one inside leaves with an error, or is not inside yet and then meets the other.
fn a_reset_barrier_can_be_used_at_once() {
    let barrier = Rc::new(Barrier::new(2));
    let other = with(&barrier, |barrier| {
        let first = barrier.wait_until(None, || ());
        if first.is_err() { barrier.wait_until(None, || ()) } else { first }
    });
    barrier.reset();
    let own = barrier.wait_until(None, || ()).unwrap();
    assert_eq!(own + other.join().unwrap(), 1);
    assert_eq!(barrier.n_waiting(), 0);
}

/// Of two inside the last to leave lets the newcomer in.
fn a_newcomer_waits_until_those_inside_have_left() {
    let barrier = Rc::new(Barrier::new(3));
    let others = [(); 2].map(|()| with(&barrier, |barrier| barrier.wait_until(None, || ())));
    if barrier.n_waiting() == 2 {
        barrier.reset();
        let own = barrier.wait_until(soon(), || ());
        assert_eq!(own, Err(BrokenBarrier));
    } else {
        barrier.abort();
    }
    for other in others {
        assert_eq!(other.join(), Err(BrokenBarrier));
    }
}

fn an_abort_while_the_action_runs_fails_for_both() {
    let barrier = Rc::new(Barrier::new(2));
    let wait = |barrier: &Barrier| barrier.wait_until(None, || barrier.abort());
    let other = with(&barrier, wait);
    assert_eq!(wait(&barrier), Err(BrokenBarrier));
    assert_eq!(other.join(), Err(BrokenBarrier));
    barrier.reset();
    assert!(!barrier.broken());
}

fn an_abort_does_not_spoil_a_complete_cycle() {
    let meeting = Meeting::new();
    let other = with(&meeting, |meeting| meeting.attend(1, None).unwrap());
    meeting.attend(0, None).unwrap();
    meeting.barrier.abort();
    meeting.barrier.reset();
    other.join();
}

// Unbounded, the second has more than three million executions.
const TWO: [Scenario; 6] = [
    Scenario::new(
        "barrier: an abort does not spoil a complete cycle",
        Some(4),
        an_abort_does_not_spoil_a_complete_cycle,
    ),
    Scenario::new("barrier: all see all that came before", Some(4), all_see_all_that_came_before),
    Scenario::new("barrier: it fills again", Some(4), the_barrier_fills_again),
    Scenario::new("barrier: a timeout fails for both or for neither", Some(4), a_timeout_fails_for_both_or_for_neither),
    Scenario::new("barrier: once reset it can be used at once", Some(4), a_reset_barrier_can_be_used_at_once),
    Scenario::new(
        "barrier: an abort in the action fails for both",
        Some(4),
        an_abort_while_the_action_runs_fails_for_both,
    ),
];

// With three preemptions the second takes 29 s; it completes.
const THREE: [Scenario; 2] = [
    Scenario::new("barrier: an abort fails for both or for neither", Some(3), an_abort_fails_for_both_or_for_neither),
    Scenario::new("barrier: a newcomer waits for those inside", Some(2), a_newcomer_waits_until_those_inside_have_left),
];

#[test]
fn two() {
    TWO.iter().copied().for_each(check);
}

#[test]
fn three() {
    THREE.iter().copied().for_each(check);
}

#[test]
fn every_planted_bug_is_found() {
    mutants(&["raw/barrier.rs"], &[&TWO[..], &THREE].concat(), &[]);
}
