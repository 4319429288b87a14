//! `raw::Barrier`.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::{Barrier, BrokenBarrier};
use underthread::sys::Deadline;
use underthread::sys::model::JoinHandle;

use crate::{Counted, of_three, of_two, soon, with};

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

const SCENARIOS: [Counted; 8] = [
    of_two("barrier: an abort does not spoil a complete cycle", None, an_abort_does_not_spoil_a_complete_cycle),
    of_two("barrier: all see all that came before", None, all_see_all_that_came_before),
    of_two("barrier: it fills again", None, the_barrier_fills_again),
    of_two("barrier: a timeout fails for both or for neither", None, a_timeout_fails_for_both_or_for_neither),
    of_two("barrier: once reset it can be used at once", None, a_reset_barrier_can_be_used_at_once),
    of_two("barrier: an abort in the action fails for both", None, an_abort_while_the_action_runs_fails_for_both),
    of_three("barrier: an abort fails for both or for neither", Some(3), an_abort_fails_for_both_or_for_neither),
    of_three("barrier: a newcomer waits for those inside", Some(3), a_newcomer_waits_until_those_inside_have_left),
];

model!(SCENARIOS, ["raw/barrier.rs"]);
