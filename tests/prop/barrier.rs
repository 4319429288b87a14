//! `threading::Barrier` beside two words of state.

use std::time::Duration;

use proptest::prelude::*;
use underthread::threading::{Barrier, BrokenBarrier};

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait,
    Abort,
    Reset,
}

properties! {
    /// Alone, a wait without time completes a barrier for one and breaks every other.
    #[test]
    fn one_thread_sees_whole_or_broken(
        parties in 1..4u32,
        steps in prop::collection::vec(prop::sample::select(&[Step::Wait, Step::Abort, Step::Reset][..]), 0..64),
    ) {
        let (barrier, mut broken) = (Barrier::new(parties), false);
        for step in steps {
            match step {
                Step::Wait => {
                    broken |= parties > 1;
                    let expected = if broken { Err(BrokenBarrier) } else { Ok(0) };
                    prop_assert_eq!(barrier.wait_timeout(Duration::ZERO), expected);
                }
                Step::Abort => {
                    barrier.abort();
                    broken = true;
                }
                Step::Reset => {
                    barrier.reset();
                    broken = false;
                }
            }
            prop_assert_eq!((barrier.broken(), barrier.n_waiting()), (broken, 0));
        }
    }
}
