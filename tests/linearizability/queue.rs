//! The queues: every kind, with putters and getters that wait, and a shutdown that comes at any moment.

use std::cmp::Ordering;

use proptest::prelude::*;
use underthread::queue::{
    BaseQueue, GetError, LifoQueue, PriorityQueue, PutError, Queue as Fifo, ShutDown, SimpleQueue,
};
use underthread::raw::Buffer;
use underthread::spec::queue::{Answer, Call, Queue};
use underthread::spec::{History, Log};

use crate::program::{Patience, Pause, Planned, Program, config, explore, pause, programs, run};

/// Compared by its rank; no two have the same number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub(crate) rank: u8,
    pub(crate) number: u16,
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}#{}", self.rank, self.number)
    }
}

pub(crate) type Programs = Vec<Program<Call<Item>>>;

/// Those that end by themselves; to be numbered.
fn call() -> impl Strategy<Value = Call<Item>> + Clone {
    let item = (0..4u8).prop_map(|rank| Item { rank, number: 0 });
    prop_oneof![
        8 => item.prop_map(Call::TryPut),
        8 => Just(Call::TryGet),
        2 => Just(Call::Size),
    ]
}

/// With such as need a shutdown to end.
fn call_with_shutdown() -> impl Strategy<Value = Call<Item>> + Clone {
    let item = (0..4u8).prop_map(|rank| Item { rank, number: 0 });
    prop_oneof![
        36 => call(),
        6 => item.prop_map(Call::Put),
        6 => Just(Call::Get),
        2 => Just(Call::IsShutdown),
        1 => any::<bool>().prop_map(Call::Shutdown),
    ]
}

fn number(mut programs: Programs) -> Programs {
    for (number, Planned { call, .. }) in programs.iter_mut().flatten().enumerate() {
        if let Call::Put(item) | Call::TryPut(item) = call {
            item.number = number as u16;
        }
    }
    programs
}

pub(crate) fn never_shut() -> impl Strategy<Value = (usize, Programs)> {
    (1..=4usize, programs(call()).prop_map(number))
}

/// One thread more shuts the queue at last, so that nobody waits for ever.
fn shut() -> impl Strategy<Value = (usize, Programs)> {
    let closer = (0..=255u8, pause(), any::<bool>()).prop_map(|(yields, pause, immediate)| {
        let plan = |pause, call| Planned { pause, call, patience: Patience::Try };
        vec![
            plan(Pause::Yields(yields), Call::IsShutdown),
            plan(pause, Call::Shutdown(immediate)),
            plan(pause, Call::Size),
        ]
    });
    let all = (programs(call_with_shutdown()), closer).prop_map(|(mut programs, closer)| {
        programs.truncate(3);
        programs.push(closer);
        number(programs)
    });
    (1..=4usize, all)
}

fn put(result: Result<(), PutError<Item>>, put: Item) -> Answer<Item> {
    match result {
        Ok(()) => Answer::Done,
        Err(PutError::Full(item)) if item == put => Answer::Full,
        Err(PutError::ShutDown(item)) if item == put => Answer::ShutDown,
        Err(_) => panic!("another item came back"),
    }
}

fn got(result: Result<Item, GetError>) -> Answer<Item> {
    match result {
        Ok(item) => Answer::Item(item),
        Err(GetError::Empty) => Answer::Empty,
        Err(GetError::ShutDown) => Answer::ShutDown,
    }
}

pub(crate) fn perform<B: Buffer<Item = Item>>(
    queue: &BaseQueue<B>,
    call: &Call<Item>,
    patience: Patience,
) -> Answer<Item> {
    match (call, patience) {
        (Call::Put(item), _) => put(queue.put(*item).map_err(|ShutDown(item)| PutError::ShutDown(item)), *item),
        (Call::TryPut(item), Patience::Try) => put(queue.put_nowait(*item), *item),
        (Call::TryPut(item), Patience::For(timeout)) => put(queue.put_timeout(*item, timeout), *item),
        (Call::Get, _) => got(queue.get().map_err(|ShutDown(())| GetError::ShutDown)),
        (Call::TryGet, Patience::Try) => got(queue.get_nowait()),
        (Call::TryGet, Patience::For(timeout)) => got(queue.get_timeout(timeout)),
        (Call::Size, _) => Answer::Size(queue.qsize()),
        (Call::Shutdown(immediate), _) => Answer::Items(queue.shutdown(*immediate)),
        (Call::IsShutdown, _) => Answer::Is(queue.is_shutdown()),
    }
}

pub(crate) fn run_on<B>(queue: &BaseQueue<B>, programs: &Programs) -> History<Call<Item>, Answer<Item>>
where
    B: Buffer<Item = Item> + Sync,
{
    run(programs, |_| {
        |log: &mut Log<'_, _, _>, call: Call<Item>, patience| {
            log.record(call.clone(), || perform(queue, &call, patience));
        }
    })
}

const ALL: [&str; 8] = ["Done", "Full", "Empty", "ShutDown", "Item", "Items", "Size", "Is"];

#[test]
fn a_queue_is_linearizable() {
    let name = "a_queue_is_linearizable";
    let spec = |(capacity, _): &(usize, Programs)| Queue::first_in_first_out(*capacity);
    explore(config(name), shut(), spec, |(capacity, programs)| run_on(&Fifo::new(*capacity), programs))
        .assert_saw(&ALL);
    explore(config(name), never_shut(), spec, |(capacity, programs)| run_on(&Fifo::new(*capacity), programs))
        .assert_saw(&["Done", "Full", "Empty", "Item", "Size"]);
}

#[test]
fn a_lifo_queue_is_linearizable() {
    let spec = |(capacity, _): &(usize, Programs)| Queue::last_in_first_out(*capacity);
    explore(config("a_lifo_queue_is_linearizable"), shut(), spec, |(capacity, programs)| {
        run_on(&LifoQueue::new(*capacity), programs)
    })
    .assert_saw(&ALL);
}

#[test]
fn a_priority_queue_is_linearizable() {
    let spec = |(capacity, _): &(usize, Programs)| Queue::least_first(*capacity);
    explore(config("a_priority_queue_is_linearizable"), shut(), spec, |(capacity, programs)| {
        run_on(&PriorityQueue::new(*capacity), programs)
    })
    .assert_saw(&ALL);
}

#[test]
fn a_simple_queue_is_linearizable() {
    let spec = |_: &_| Queue::first_in_first_out(usize::MAX);
    explore(config("a_simple_queue_is_linearizable"), never_shut(), spec, |(_, programs)| {
        let queue = SimpleQueue::new();
        run(programs, |_| {
            |log: &mut Log<'_, _, _>, call: Call<Item>, patience| {
                log.record(call.clone(), || match (call, patience) {
                    (Call::TryPut(item), _) => {
                        queue.put(item);
                        Answer::Done
                    }
                    (Call::TryGet, Patience::Try) => queue.get_nowait().map_or(Answer::Empty, Answer::Item),
                    (Call::TryGet, Patience::For(timeout)) => {
                        queue.get_timeout(timeout).map_or(Answer::Empty, Answer::Item)
                    }
                    (Call::Size, _) => Answer::Size(queue.qsize()),
                    other => unreachable!("{other:?}"),
                });
            }
        })
    })
    .assert_saw(&["Done", "Empty", "Item", "Size"]);
}
