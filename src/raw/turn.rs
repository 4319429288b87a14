//! What one takes away from a sleep, and has to do before it looks for more.

use crate::sys::{Scope, fence};

/// What came of a [`sleep`](super::Sleepers::sleep). With neither part, the deadline has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a unit may have been taken"]
pub struct Turn<T> {
    /// What the attempt took.
    pub taken: Option<T>,
    /// Whether a unit was handed over besides: it is the caller's now.
    pub granted: bool,
    /// Whether no heavy fence came after the announcement.
    pub(super) unfenced: bool,
}

impl<T> Turn<T> {
    /// Whether there is anything.
    pub fn came(&self) -> bool {
        self.granted || self.taken.is_some()
    }

    /// Comes before a look for more units, for the next to wake: so that the look does not miss one whose release has
    /// seen no sleeper, as we were on our way.
    pub fn fence<S: Scope>(&self) {
        if self.unfenced {
            // Between our announcement, or the taking of the grant, and the look; partner: the light fence in `any`.
            fence::heavy::<S>();
        }
    }
}
