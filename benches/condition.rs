//! What does a notify cost when nobody waits, and how fast do two threads take turns by a condition?

use std::hint::black_box;

use crate::event::and_one_load;
use crate::measure::{Effort, Goal, Sample, Subject};
use crate::monitor::{Monitor, Ours, ParkingLot, Pthread, Std, Usync};
use crate::place::{Apart, Place, each, team};
use crate::table::Page;

/// Instead of a turn: the game is over.
const OVER: u64 = u64::MAX;

#[derive(Clone, Copy)]
enum Load {
    Notify,
    PingPong(Place),
}

fn run<M: Monitor<u64>>(load: Load) -> Sample {
    let turn = Apart(M::new(0));
    let place = match load {
        Load::Notify => return each(|| black_box(&turn).notify()),
        Load::PingPong(place) => place,
    };
    // Two turns are a round trip. Notified under the lock, as Python asks.
    team(
        2,
        place,
        |member| {
            for own in 0.. {
                let over = turn.until(|turn| match *turn {
                    OVER => Some(true),
                    now if now % 2 != member.index as u64 => None,
                    now => {
                        assert_eq!(now, 2 * own + member.index as u64, "a turn was lost");
                        Some(false)
                    }
                });
                if over {
                    return own;
                }
                turn.with(|now| {
                    *now = if member.index == 0 && member.over() { OVER } else { *now + 1 };
                    turn.notify();
                });
            }
            unreachable!("it is over at some time")
        },
        || {},
    )
}

fn subjects(load: Load) -> Vec<Subject<'static>> {
    fn of<M: Monitor<u64>>(load: Load) -> Subject<'static> {
        Subject::new(M::NAME, move || run::<M>(load))
    }
    vec![
        of::<Ours<u64>>(load),
        of::<Std<u64>>(load),
        of::<ParkingLot<u64>>(load),
        of::<Usync<u64>>(load),
        of::<Pthread<u64>>(load),
    ]
}

pub fn bench(page: &mut Page) {
    let mut table = page.table("One thread", "ns", Effort::Short);
    let subjects_notify = and_one_load(subjects(Load::Notify));
    table.row("Condition, notify without waiter", Goal::Of("one load", 1.1), subjects_notify);
    let mut table = page.table("Two threads take turns: one turn", "ns", Effort::Short);
    table.row("Condition, ping-pong, 1 core", Goal::Best(0.95), subjects(Load::PingPong(Place::OneCore)));
    table.row("Condition, ping-pong, 2 cores", Goal::None, subjects(Load::PingPong(Place::TwoCores)));
    table.costs();

    let mut table = page.table("The same, beside a thread for each CPU that computes", "ns", Effort::Contended);
    for (name, place) in [("1 core", Place::OneCore), ("2 cores", Place::TwoCores)] {
        let subjects = subjects(Load::PingPong(place)).into_iter().map(Subject::beside_strangers);
        table.row(&format!("Condition, ping-pong, {name}, beside"), Goal::None, subjects.collect());
    }
    table.costs();
}
