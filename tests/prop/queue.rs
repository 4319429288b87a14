//! The queues beside a sequential model: a `Vec` from which the next is taken by the kind's own rule.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::time::Duration;

use proptest::prelude::*;
use underthread::queue::{
    BaseQueue, Empty, GetError, LifoQueue, PriorityQueue, PutError, ShutDown, SimpleQueue, TooManyTaskDone,
};
use underthread::raw::{Buffer, Refused, Ring, Room, Stock};

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    PutInTime(u8),
    PutMany(Vec<u8>),
    Get,
    GetInTime,
    GetMany(usize),
    TaskDone,
    Join,
    Shutdown(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<u8>().prop_map(Step::Put),
        1 => any::<u8>().prop_map(Step::PutInTime),
        4 => proptest::collection::vec(any::<u8>(), 0..12).prop_map(Step::PutMany),
        8 => Just(Step::Get),
        1 => Just(Step::GetInTime),
        4 => (0..12usize).prop_map(Step::GetMany),
        4 => Just(Step::TaskDone),
        1 => Just(Step::Join),
        1 => any::<bool>().prop_map(Step::Shutdown),
    ];
    proptest::collection::vec(step, 0..200)
}

/// The next item is the first of this; `insert` says where a new one goes.
struct Model<T> {
    items: VecDeque<T>,
    insert: fn(&VecDeque<T>, &T) -> usize,
    capacity: usize,
    unfinished: usize,
    shut: bool,
}

impl<T> Model<T> {
    fn new(maxsize: usize, insert: fn(&VecDeque<T>, &T) -> usize) -> Self {
        let capacity = if maxsize == 0 { usize::MAX } else { maxsize };
        Self { items: VecDeque::new(), insert, capacity, unfinished: 0, shut: false }
    }

    fn put(&mut self, item: T) -> Result<(), PutError<T>> {
        if self.shut {
            return Err(PutError::ShutDown(item));
        }
        if self.items.len() == self.capacity {
            return Err(PutError::Full(item));
        }
        self.unfinished += 1;
        self.items.insert((self.insert)(&self.items, &item), item);
        Ok(())
    }

    fn get(&mut self) -> Result<T, GetError> {
        self.items.pop_front().ok_or(if self.shut { GetError::ShutDown } else { GetError::Empty })
    }

    fn put_many(&mut self, items: Vec<T>) -> Result<(), PutError<Vec<T>>> {
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            let mut all = |item| std::iter::once(item).chain(items.by_ref()).collect();
            match self.put(item) {
                Ok(()) => {}
                Err(PutError::Full(item)) => return Err(PutError::Full(all(item))),
                Err(PutError::ShutDown(item)) => return Err(PutError::ShutDown(all(item))),
            }
        }
        Ok(())
    }

    fn get_many(&mut self, most: usize) -> Result<Vec<T>, GetError> {
        if most != 0 && self.items.is_empty() {
            return self.get().map(|_| Vec::new());
        }
        Ok(self.items.drain(..most.min(self.items.len())).collect())
    }

    fn shutdown(&mut self, immediate: bool) -> Vec<T> {
        self.shut = true;
        if !immediate {
            return Vec::new();
        }
        self.unfinished -= self.items.len().min(self.unfinished);
        self.items.drain(..).collect()
    }

    fn task_done(&mut self) -> Result<(), TooManyTaskDone> {
        self.unfinished = self.unfinished.checked_sub(1).ok_or(TooManyTaskDone)?;
        Ok(())
    }
}

fn run<B: Buffer>(
    queue: &BaseQueue<B>,
    mut model: Model<B::Item>,
    steps: Vec<Step>,
    mut make: impl FnMut(u8) -> B::Item,
) where
    B::Item: Clone + Debug + PartialEq,
{
    for step in steps {
        match step {
            Step::Put(item) => {
                let item = make(item);
                assert_eq!(queue.put_nowait(item.clone()), model.put(item));
            }
            Step::PutInTime(item) => {
                let item = make(item);
                assert_eq!(queue.put_timeout(item.clone(), Duration::from_micros(1)), model.put(item));
            }
            Step::PutMany(items) => {
                let items: Vec<_> = items.into_iter().map(&mut make).collect();
                assert_eq!(queue.put_many_timeout(items.clone(), Duration::ZERO), model.put_many(items));
            }
            Step::Get => assert_eq!(queue.get_nowait(), model.get()),
            Step::GetInTime => assert_eq!(queue.get_timeout(Duration::from_micros(1)), model.get()),
            Step::GetMany(most) => assert_eq!(queue.get_many_timeout(most, Duration::ZERO), model.get_many(most)),
            Step::TaskDone => assert_eq!(queue.task_done(), model.task_done()),
            Step::Join => assert_eq!(queue.join_timeout(Duration::ZERO), model.unfinished == 0),
            Step::Shutdown(immediate) => assert_eq!(queue.shutdown(immediate), model.shutdown(immediate)),
        }
        assert_eq!(queue.qsize(), model.items.len());
        assert_eq!(queue.unfinished_tasks(), model.unfinished as u64);
        assert_eq!(queue.empty(), model.items.is_empty());
        assert_eq!(queue.full(), model.items.len() == model.capacity);
        assert_eq!(queue.is_shutdown(), model.shut);
        if model.shut && model.items.is_empty() {
            assert_eq!(queue.get(), Err(ShutDown(())));
        }
    }
}

/// An item and its number, by which it is not compared.
fn numbered() -> impl FnMut(u8) -> Numbered {
    let mut number = 0;
    move |item| {
        number += 1;
        Numbered(item % 8, number)
    }
}

#[derive(Clone, Debug)]
struct Numbered(u8, u32);

impl PartialEq for Numbered {
    /// For the assertions: the number too.
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Numbered {}
impl PartialOrd for Numbered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Numbered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

properties! {
    #[test]
    fn a_queue_does_as_its_model(maxsize in 0..20usize, steps in steps()) {
        let queue = underthread::queue::Queue::new(maxsize);
        run(&queue, Model::new(maxsize, |items, _| items.len()), steps, numbered());
    }

    #[test]
    fn a_lifo_queue_does_as_its_model(maxsize in 0..20usize, steps in steps()) {
        run(&LifoQueue::new(maxsize), Model::new(maxsize, |_, _| 0), steps, numbered());
    }

    #[test]
    fn a_priority_queue_does_as_its_model(maxsize in 0..20usize, steps in steps()) {
        let place = |items: &VecDeque<Numbered>, item: &Numbered| items.partition_point(|other| other.0 <= item.0);
        run(&PriorityQueue::new(maxsize), Model::new(maxsize, place), steps, numbered());
    }

    /// Which has no tasks and no shutdown.
    #[test]
    fn a_simple_queue_does_as_its_model(steps in steps()) {
        let (queue, mut model) = (SimpleQueue::new(), VecDeque::new());
        for step in steps {
            match step {
                Step::Put(item) => {
                    queue.put(item);
                    model.push_back(item);
                }
                Step::PutInTime(item) => {
                    queue.put_nowait(item);
                    model.push_back(item);
                }
                Step::PutMany(items) => {
                    queue.put_many(items.clone());
                    model.extend(items);
                }
                Step::Get => prop_assert_eq!(queue.get_nowait(), model.pop_front().ok_or(Empty)),
                Step::GetInTime => prop_assert_eq!(queue.get_timeout(Duration::ZERO), model.pop_front().ok_or(Empty)),
                Step::GetMany(most) => {
                    let none = most != 0 && model.is_empty();
                    let items = model.drain(..most.min(model.len())).collect();
                    let expected = if none { Err(Empty) } else { Ok(items) };
                    prop_assert_eq!(queue.get_many_timeout(most, Duration::ZERO), expected);
                }
                Step::TaskDone | Step::Join | Step::Shutdown(_) => {}
            }
            prop_assert_eq!(queue.qsize(), model.len());
            prop_assert_eq!(queue.empty(), model.is_empty());
        }
    }

    /// Any capacity, positions that wrap on the way.
    #[test]
    fn a_ring_does_as_its_model(
        capacity in prop_oneof![0..40usize, Just(usize::MAX), any::<usize>()],
        before_wrap in 0..100u64,
        steps in steps(),
    ) {
        let ring = Ring::starting_at(capacity, before_wrap.wrapping_neg());
        let mut model = Model::new(0, |items, _| items.len());
        model.capacity = capacity;
        for step in steps {
            match step {
                Step::Put(item) | Step::PutInTime(item) => {
                    let put = ring.try_put(item).map_err(PutError::from);
                    prop_assert_eq!(put, model.put(item));
                }
                Step::Get | Step::GetInTime => {
                    prop_assert_eq!(ring.try_get().map_err(GetError::from), model.get());
                }
                Step::TaskDone => prop_assert_eq!(ring.task_done(), model.task_done()),
                Step::Join => prop_assert_eq!(ring.is_all_done(), model.unfinished == 0),
                Step::Shutdown(immediate) => prop_assert_eq!(ring.close(immediate), model.shutdown(immediate)),
                Step::PutMany(items) => {
                    let mut some = items.into_iter();
                    if some.len() != 0 {
                        let before = ring.qsize();
                        let put = ring.room().map(|room| room.put_many(&mut some.clone()));
                        let room = capacity - before;
                        prop_assert_eq!(put.is_ok(), !model.shut && room != 0);
                        prop_assert!(put != Err(Refused::Closed) || model.shut);
                        if put.is_ok() {
                            some.by_ref().take(room).for_each(|item| model.put(item).unwrap());
                        }
                    }
                }
                Step::GetMany(most) if most != 0 => {
                    let outcome = ring.stock().map(|stock| stock.get_many(most));
                    let expected = model.get_many(most);
                    prop_assert_eq!(outcome.map_err(GetError::from), expected);
                }
                Step::GetMany(_) => {}
            }
            prop_assert_eq!(ring.qsize(), model.items.len());
        }
    }
}
