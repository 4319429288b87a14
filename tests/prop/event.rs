//! `threading::Event` beside a `bool`.

use std::time::Duration;

use proptest::prelude::*;
use underthread::threading::Event;

#[derive(Clone, Copy, Debug)]
enum Step {
    Set,
    Clear,
    Wait,
}

properties! {
    #[test]
    fn one_thread_sees_a_bool(steps in prop::collection::vec(prop::sample::select(&[Step::Set, Step::Clear, Step::Wait][..]), 0..64)) {
        let (event, mut model) = (Event::new(), false);
        for step in steps {
            match step {
                Step::Set => {
                    event.set();
                    model = true;
                }
                Step::Clear => {
                    event.clear();
                    model = false;
                }
                Step::Wait => prop_assert_eq!(event.wait_timeout(Duration::ZERO), model),
            }
            prop_assert_eq!(event.is_set(), model);
        }
    }
}
