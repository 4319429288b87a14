//! The event.

use proptest::prelude::*;
use underthread::spec::Log;
use underthread::spec::event::{Call, Event as Model};
use underthread::threading::Event;

use crate::program::{Patience, explore, programs, run};

pub(crate) fn call() -> impl Strategy<Value = Call> + Clone {
    prop_oneof![2 => Just(Call::Set), 2 => Just(Call::Clear), 4 => Just(Call::TryWait)]
}

pub(crate) fn perform(event: &Event, call: Call, patience: Patience) -> bool {
    match (call, patience) {
        (Call::Set, _) => event.set(),
        (Call::Clear, _) => event.clear(),
        (Call::Wait, _) => event.wait(),
        (Call::TryWait, Patience::Try) => return event.is_set(),
        (Call::TryWait, Patience::For(timeout)) => return event.wait_timeout(timeout),
    }
    true
}

#[test]
fn an_event_is_linearizable() {
    explore(
        "an_event_is_linearizable",
        programs(call()),
        |_| Model(false),
        |programs| {
            let event = Event::new();
            run(programs, |_| {
                |log: &mut Log<'_, _, _>, call, patience| {
                    log.record(call, || perform(&event, call, patience));
                }
            })
        },
    )
    .assert_saw(&["true", "false"]);
}
