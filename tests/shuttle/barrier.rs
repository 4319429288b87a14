//! `raw::Barrier`.

use std::rc::Rc;

use underthread::raw::Barrier;
use underthread::sys::model::check;

use crate::{Account, join, soon, start, team};

const PARTIES: u32 = 8;

struct Meeting {
    barrier: Barrier,
    notes: [Account; PARTIES as usize],
    actions: Account,
}

impl Meeting {
    fn new() -> Rc<Self> {
        let barrier = Barrier::new(PARTIES);
        Rc::new(Self { barrier, notes: Default::default(), actions: Account::default() })
    }
}

/// What each does before it arrives all see afterwards, and nobody is a cycle ahead.
#[test]
fn all_meet_again_and_again() {
    check("barrier: eight meet three times", || {
        let meeting = Meeting::new();
        let places = team(&meeting, PARTIES, |meeting, number| {
            let cycle = |cycle| {
                meeting.notes[number as usize].add(1);
                let index = meeting.barrier.wait_until(None, || meeting.actions.add(1)).unwrap();
                assert!(meeting.notes.iter().all(|note| note.balance() == cycle));
                assert_eq!(meeting.actions.balance(), cycle);
                // Nobody writes before all have read.
                meeting.barrier.wait_until(None, || ()).unwrap();
                index
            };
            [1, 2, 3].map(cycle)
        });
        for cycle in 0..3 {
            let mut places: Vec<u32> = places.iter().map(|places| places[cycle]).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..PARTIES));
        }
    });
}

#[test]
fn a_timeout_fails_for_all_or_for_none() {
    check("barrier: one of eight has little time", || {
        let meeting = Meeting::new();
        let ends = team(&meeting, PARTIES, |meeting, number| {
            meeting.barrier.wait_until(if number == 0 { soon() } else { None }, || ()).is_err()
        });
        assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
        assert_eq!(meeting.barrier.broken(), ends[0]);
    });
}

#[test]
fn an_abort_fails_for_all_or_for_none() {
    check("barrier: aborted under eight", || {
        let meeting = Meeting::new();
        let others = start(&meeting, PARTIES, |meeting, _| meeting.barrier.wait_until(None, || ()).is_err());
        meeting.barrier.abort();
        let ends = join(others);
        assert!(ends.iter().all(|end| *end == ends[0]) && meeting.barrier.broken(), "{ends:?}");
    });
}

/// Those whom a reset sends away come again, while others leave: all meet in the end.
#[test]
fn after_resets_all_meet() {
    check("barrier: reset twice under eight", || {
        let meeting = Meeting::new();
        let others = start(&meeting, PARTIES, |meeting, _| {
            loop {
                if let Ok(index) = meeting.barrier.wait_until(None, || meeting.actions.add(1)) {
                    return index;
                }
            }
        });
        meeting.barrier.reset();
        meeting.barrier.reset();
        let mut places = join(others);
        places.sort_unstable();
        assert!(places.into_iter().eq(0..PARTIES));
        assert_eq!((meeting.actions.balance(), meeting.barrier.n_waiting()), (1, 0));
    });
}
