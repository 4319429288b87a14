//! What a barrier does, of which a cycle may be broken.

use super::{Spec, Step};

/// A barrier that can be used again and again.
///
/// A wait takes several steps: the thread arrives, which gives it its place, and leaves, once the last to arrive has
/// run the action, or when the cycle is broken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Barrier {
    parties: usize,
    status: Status,
    /// Who has arrived in the cycle, with their places.
    inside: Vec<(usize, u32)>,
    /// Who has not yet left complete cycles, likewise.
    complete: Vec<(usize, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Status {
    Filling,
    /// All have arrived; the action runs.
    Tripping,
    Broken,
    /// Those inside have to leave before others may come.
    Resetting,
}

/// An operation on a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Waits as long as it takes: a [`Place`](Answer::Place), or [`Broken`](Answer::Broken).
    Wait,
    /// Waits for some time, then breaks the cycle: the same.
    WaitTimeout,
    /// Breaks the barrier: [`Done`](Answer::Done).
    Abort,
    /// Empties and repairs it, unless the action runs: [`Done`](Answer::Done).
    Reset,
    /// How many wait for the rest: a [`Number`](Answer::Number).
    Waiting,
    /// Whether it is broken: [`Is`](Answer::Is).
    IsBroken,
}

/// What an operation on a barrier answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "told at the calls")]
pub enum Answer {
    Done,
    Place(u32),
    Broken,
    Number(usize),
    Is(bool),
}

impl Barrier {
    /// For so many threads; 0 counts as 1, as in [`raw::Barrier`](crate::raw::Barrier).
    pub const fn new(parties: usize) -> Self {
        let parties = if parties == 0 { 1 } else { parties };
        Self { parties, status: Status::Filling, inside: Vec::new(), complete: Vec::new() }
    }

    fn wait(&mut self, thread: usize, timed: bool) -> Step<Answer> {
        let place = |of: &[(usize, u32)]| of.iter().position(|(other, _)| *other == thread);
        if let Some(own) = place(&self.complete) {
            return Step::Return(Answer::Place(self.complete.remove(own).1));
        }
        let Some(own) = place(&self.inside) else {
            return match self.status {
                Status::Filling => {
                    self.inside.push((thread, self.inside.len() as u32));
                    if self.inside.len() == self.parties {
                        self.status = Status::Tripping;
                    }
                    Step::Stay
                }
                Status::Broken => Step::Return(Answer::Broken),
                _ if timed => Step::Return(Answer::Broken),
                _ => Step::Wait,
            };
        };
        match self.status {
            // The last to arrive has run the action.
            Status::Tripping if own + 1 == self.parties => {
                self.status = Status::Filling;
                self.complete.append(&mut self.inside);
                return self.wait(thread, timed);
            }
            Status::Filling | Status::Tripping if !timed => return Step::Wait,
            Status::Filling | Status::Tripping => self.status = Status::Broken,
            Status::Resetting if self.inside.len() == 1 => self.status = Status::Filling,
            Status::Resetting | Status::Broken => {}
        }
        self.inside.remove(own);
        Step::Return(Answer::Broken)
    }
}

impl Spec for Barrier {
    type Call = Call;
    type Answer = Answer;

    fn step(&mut self, thread: usize, call: &Call) -> Step<Answer> {
        Step::Return(match call {
            Call::Wait => return self.wait(thread, false),
            Call::WaitTimeout => return self.wait(thread, true),
            Call::Abort => {
                self.status = Status::Broken;
                Answer::Done
            }
            Call::Reset => {
                self.status = match self.status {
                    Status::Tripping => Status::Tripping,
                    _ if self.inside.is_empty() => Status::Filling,
                    _ => Status::Resetting,
                };
                Answer::Done
            }
            Call::Waiting => Answer::Number(if self.status == Status::Filling { self.inside.len() } else { 0 }),
            Call::IsBroken => Answer::Is(self.status == Status::Broken),
        })
    }
}
