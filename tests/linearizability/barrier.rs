//! The barrier, whose wait others can see half done.

use proptest::prelude::*;
use underthread::spec::Log;
use underthread::spec::barrier::{Answer, Barrier as Model, Call};
use underthread::threading::Barrier;

use crate::program::{Patience, Program, SHORT, config, explore, programs, run};

fn call() -> impl Strategy<Value = Call> + Clone {
    prop_oneof![
        12 => Just(Call::WaitTimeout),
        1 => Just(Call::Abort),
        3 => Just(Call::Reset),
        2 => Just(Call::Waiting),
        1 => Just(Call::IsBroken),
    ]
}

pub(crate) fn for_some() -> impl Strategy<Value = (u32, Vec<Program<Call>>)> {
    (1..=4u32, programs(call()))
}

pub(crate) fn perform(barrier: &Barrier, call: Call, patience: Patience) -> Answer {
    let place = |result: Result<u32, _>| result.map_or(Answer::Broken, Answer::Place);
    match (call, patience) {
        (Call::Wait, _) => return place(barrier.wait()),
        (Call::WaitTimeout, Patience::Try) => return place(barrier.wait_timeout(5 * SHORT)),
        (Call::WaitTimeout, Patience::For(timeout)) => return place(barrier.wait_timeout(timeout)),
        (Call::Abort, _) => barrier.abort(),
        (Call::Reset, _) => barrier.reset(),
        (Call::Waiting, _) => return Answer::Number(barrier.n_waiting() as usize),
        (Call::IsBroken, _) => return Answer::Is(barrier.broken()),
    }
    Answer::Done
}

#[test]
fn a_barrier_is_linearizable() {
    let spec = |(parties, _): &(u32, _)| Model::new(*parties as usize);
    explore(config("a_barrier_is_linearizable"), for_some(), spec, |(parties, programs)| {
        let barrier = Barrier::new(*parties);
        run(programs, |_| {
            |log: &mut Log<'_, _, _>, call, patience| {
                log.record(call, || perform(&barrier, call, patience));
            }
        })
    })
    .assert_saw(&["Place", "Broken", "Done", "Number", "Is"]);
}
