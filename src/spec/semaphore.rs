//! What a semaphore does, of which several permits may be taken at a time.

use super::{Spec, Step};

/// A count of permits.
///
/// One who waits for several takes them as they come, and gives them back if it gives up; so others can see that some
/// are gone that nobody will have had. One thread at a time does so. For one permit it is a single step.
///
/// Not in it: a sleeper that takes a permit when, after a millisecond of waiting, another is just being handed to it,
/// puts that back; until then it is missing from [`Value`](Call::Value), and to others. A history in which waits last
/// that long may be refused for that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Semaphore {
    permits: u32,
    limit: u32,
    collector: Option<Collector>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Collector {
    thread: usize,
    held: u32,
    gives_up: bool,
}

/// An operation on a semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Takes so many permits if they are there: [`Is`](Answer::Is).
    TryAcquire(u32),
    /// Takes so many permits within some time: [`Is`](Answer::Is).
    AcquireTimeout(u32),
    /// Takes so many permits, as long as it takes: [`Is`](Answer::Is) true.
    Acquire(u32),
    /// Adds so many permits: [`Is`](Answer::Is) false where that would pass the limit, and then adds none.
    Release(u32),
    /// How many there are: a [`Value`](Answer::Value).
    Value,
}

/// What an operation on a semaphore answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "told at the calls")]
pub enum Answer {
    Is(bool),
    Value(u32),
}

impl Semaphore {
    /// Of so many permits, and never more than `limit`.
    pub const fn new(permits: u32, limit: u32) -> Self {
        Self { permits, limit, collector: None }
    }

    /// A step of one who lacks permits.
    fn collect(&mut self, thread: usize, wanted: u32, timed: bool) -> Step<Answer> {
        let mut own = match self.collector.take() {
            Some(own) if own.thread == thread => own,
            None if wanted > 1 => Collector { thread, held: 0, gives_up: false },
            other => {
                self.collector = other;
                return if timed { Step::Return(Answer::Is(false)) } else { Step::Wait };
            }
        };
        if own.gives_up {
            self.permits = self.permits.saturating_add(own.held).min(self.limit);
            return Step::Return(Answer::Is(false));
        }
        // One at a time: one that is handed over comes alone.
        let taken = self.permits.min(1);
        (self.permits, own.held) = (self.permits - taken, own.held + taken);
        if own.held == wanted {
            return Step::Return(Answer::Is(true));
        }
        own.gives_up = timed && taken == 0;
        self.collector = Some(own);
        if taken > 0 || timed { Step::Stay } else { Step::Wait }
    }
}

impl Spec for Semaphore {
    type Call = Call;
    type Answer = Answer;

    fn step(&mut self, thread: usize, call: &Call) -> Step<Answer> {
        // Who could take all of several may have begun to collect them before.
        let at_once = |n| match (&self.collector, call) {
            (_, Call::TryAcquire(_)) => true,
            (Some(collector), _) => collector.thread != thread,
            (None, _) => n <= 1,
        };
        match *call {
            Call::Acquire(n) | Call::AcquireTimeout(n) | Call::TryAcquire(n) if n <= self.permits && at_once(n) => {
                self.permits -= n;
                Step::Return(Answer::Is(true))
            }
            Call::TryAcquire(_) => Step::Return(Answer::Is(false)),
            Call::Acquire(n) => self.collect(thread, n, false),
            Call::AcquireTimeout(n) => self.collect(thread, n, true),
            Call::Release(n) => {
                let fits = n <= self.limit.saturating_sub(self.permits);
                self.permits += if fits { n } else { 0 };
                Step::Return(Answer::Is(fits))
            }
            Call::Value => Step::Return(Answer::Value(self.permits)),
        }
    }
}
