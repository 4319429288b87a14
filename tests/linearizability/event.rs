//! The event.

use proptest::prelude::*;
use underthread::spec::event::{Call, Event as Model};
use underthread::spec::{History, Log};
use underthread::threading::Event;

use crate::program::{Patience, Program, config, explore, programs, run};

pub(crate) fn call() -> impl Strategy<Value = Call> + Clone {
    prop_oneof![2 => Just(Call::Set), 2 => Just(Call::Clear), 4 => Just(Call::TryWait)]
}

fn perform(event: &Event, call: Call, patience: Patience) -> bool {
    match (call, patience) {
        (Call::Set, _) => event.set(),
        (Call::Clear, _) => event.clear(),
        (Call::Wait, _) => event.wait(),
        (Call::TryWait, Patience::Try) => return event.is_set(),
        (Call::TryWait, Patience::For(timeout)) => return event.wait_timeout(timeout),
    }
    true
}

pub(crate) fn run_on(event: &Event, programs: &[Program<Call>]) -> History<Call, bool> {
    run(programs, |_| {
        |log: &mut Log<'_, _, _>, call, patience| {
            log.record(call, || perform(event, call, patience));
        }
    })
}

#[test]
fn an_event_is_linearizable() {
    let config = config("an_event_is_linearizable");
    explore(config, programs(call()), |_| Model(false), |programs| run_on(&Event::new(), programs))
        .assert_saw(&["true", "false"]);
}
