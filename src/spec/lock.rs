//! What a lock with an owner does, reentrant or not.

use super::{Spec, Step};

/// A lock that only its owner releases, as guards see to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    reentrant: bool,
    owner: Option<usize>,
    depth: u32,
}

/// An operation on a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Takes the lock, as long as it takes: true.
    Acquire,
    /// Takes the lock, at once or in some time: whether it did.
    TryAcquire,
    /// Undoes one acquire: whether the caller was the owner.
    Release,
    /// Whether somebody is the owner.
    Locked,
}

impl Lock {
    /// Free; its owner cannot take it again.
    pub const fn new() -> Self {
        Self { reentrant: false, owner: None, depth: 0 }
    }

    /// Free; its owner may take it again, and must release it as often.
    pub const fn reentrant() -> Self {
        Self { reentrant: true, ..Self::new() }
    }
}

impl Spec for Lock {
    type Call = Call;
    type Answer = bool;

    fn step(&mut self, thread: usize, call: &Call) -> Step<bool> {
        let own = self.owner == Some(thread);
        let can = self.owner.is_none() || own && self.reentrant;
        Step::Return(match call {
            Call::Acquire if !can => return Step::Wait,
            Call::Acquire | Call::TryAcquire => {
                if can {
                    (self.owner, self.depth) = (Some(thread), self.depth + 1);
                }
                can
            }
            Call::Release => {
                self.depth -= u32::from(own);
                self.owner = self.owner.filter(|_| self.depth > 0);
                own
            }
            Call::Locked => self.owner.is_some(),
        })
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}
