//! What an event does.

use super::{Spec, Step};

/// Whether an event is set.
///
/// A wait needs one moment at which it is: where a `clear` follows a `set` at once, that in between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Event(pub bool);

/// An operation on an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Sets it: true.
    Set,
    /// Unsets it: true.
    Clear,
    /// Waits, as long as it takes: true.
    Wait,
    /// Looks, at once or for some time: whether it was set.
    TryWait,
}

impl Spec for Event {
    type Call = Call;
    type Answer = bool;

    fn step(&mut self, _: usize, call: &Call) -> Step<bool> {
        Step::Return(match call {
            Call::Set | Call::Clear => {
                self.0 = *call == Call::Set;
                true
            }
            Call::Wait if !self.0 => return Step::Wait,
            Call::Wait | Call::TryWait => self.0,
        })
    }
}
