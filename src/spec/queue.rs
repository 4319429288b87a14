//! What a bounded queue does: first in first out, last in first out, or by priority.

use core::hash::Hash;
use std::fmt::Debug;

use super::{Spec, Step};

/// A bounded queue that can be shut down.
///
/// ```
/// use underthread::queue;
/// use underthread::spec::queue::{Answer, Call, Queue};
/// use underthread::spec::{History, assert_linearizable};
///
/// let queue = queue::Queue::new(1);
/// let mut history = History::new();
/// let mut logs = history.logs(2);
/// let (mut putter, mut getter) = (logs.next().unwrap(), logs.next().unwrap());
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         for item in 0..5 {
///             putter.record(Call::Put(item), || queue.put(item).map_or(Answer::ShutDown, |()| Answer::Done));
///         }
///     });
///     for _ in 0..5 {
///         getter.record(Call::Get, || queue.get().map_or(Answer::ShutDown, Answer::Item));
///     }
/// });
/// drop(logs);
/// assert_linearizable(&Queue::first_in_first_out(1), &history);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue<T> {
    order: Order,
    capacity: usize,
    /// The next to be got is the first.
    items: Vec<T>,
    shut: bool,
    /// The thread that is half way through a shutdown.
    drains: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Order {
    First,
    Last,
    Least,
}

/// An operation on a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<T> {
    /// Puts an item, as long as it takes: [`Done`](Answer::Done) or [`ShutDown`](Answer::ShutDown).
    Put(T),
    /// Puts an item, at once or in some time; or [`Full`](Answer::Full).
    TryPut(T),
    /// Gets an [`Item`](Answer::Item), as long as it takes; [`ShutDown`](Answer::ShutDown) when shut and empty.
    Get,
    /// Gets an item, at once or in some time; or [`Empty`](Answer::Empty).
    TryGet,
    /// How many items there are: a [`Size`](Answer::Size).
    Size,
    /// Shuts the queue, and answers with the [`Items`](Answer::Items) it drains: all with true, none with false. Those
    /// who ask can see it shut and not yet drained; those who put or get cannot.
    Shutdown(bool),
    /// Whether it is shut: [`Is`](Answer::Is).
    IsShutdown,
}

/// What an operation on a queue answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "told at the calls")]
pub enum Answer<T> {
    Done,
    Full,
    Empty,
    ShutDown,
    Item(T),
    Items(Vec<T>),
    Size(usize),
    Is(bool),
}

impl<T> Queue<T> {
    const fn new(order: Order, capacity: usize) -> Self {
        Self { order, capacity, items: Vec::new(), shut: false, drains: None }
    }

    /// Empty, for at most `capacity` items: those that came first go first.
    pub const fn first_in_first_out(capacity: usize) -> Self {
        Self::new(Order::First, capacity)
    }

    /// Empty, for at most `capacity` items: those that came last go first.
    pub const fn last_in_first_out(capacity: usize) -> Self {
        Self::new(Order::Last, capacity)
    }

    /// Empty, for at most `capacity` items: the least go first, of equals those that came first.
    pub const fn least_first(capacity: usize) -> Self {
        Self::new(Order::Least, capacity)
    }
}

impl<T: Clone + Ord + Hash + Debug> Queue<T> {
    fn put(&mut self, item: &T) -> Answer<T> {
        let place = match self.order {
            Order::First => self.items.len(),
            Order::Last => 0,
            Order::Least => self.items.partition_point(|other| other <= item),
        };
        self.items.insert(place, item.clone());
        Answer::Done
    }
}

impl<T: Clone + Ord + Hash + Debug> Spec for Queue<T> {
    type Call = Call<T>;
    type Answer = Answer<T>;

    fn step(&mut self, thread: usize, call: &Call<T>) -> Step<Answer<T>> {
        let being_drained = self.drains.is_some_and(|other| other != thread);
        let (full, empty) = (self.items.len() >= self.capacity, self.items.is_empty());
        Step::Return(match call {
            Call::Size => Answer::Size(self.items.len()),
            Call::IsShutdown => Answer::Is(self.shut),
            _ if being_drained => return Step::Wait,
            Call::Put(_) | Call::TryPut(_) if self.shut => Answer::ShutDown,
            Call::Put(item) | Call::TryPut(item) if !full => self.put(item),
            Call::Put(_) => return Step::Wait,
            Call::TryPut(_) => Answer::Full,
            Call::Get | Call::TryGet if !empty => Answer::Item(self.items.remove(0)),
            Call::Get | Call::TryGet if self.shut => Answer::ShutDown,
            Call::Get => return Step::Wait,
            Call::TryGet => Answer::Empty,
            Call::Shutdown(true) if self.drains.take().is_none() => {
                (self.shut, self.drains) = (true, Some(thread));
                return Step::Stay;
            }
            Call::Shutdown(true) => Answer::Items(self.items.drain(..).collect()),
            Call::Shutdown(false) => {
                self.shut = true;
                Answer::Items(Vec::new())
            }
        })
    }
}
