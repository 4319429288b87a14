//! Types that are wrong on purpose. Threads meet where the fault is, so it shows in every run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::thread;

use proptest::test_runner::Config;
use underthread::queue::LifoQueue;
use underthread::spec::queue::{Answer, Call, Queue};
use underthread::spec::{History, Spec};
use underthread::spec::{lock, semaphore};
use underthread::threading::{Event, Lock};

use crate::program::{config, explore, judge};
use crate::queue::{never_shut, run_on};
use crate::support::watched;

/// One thread's `first` half of an operation, then all of `other` in another thread, then the rest of the first: the
/// logs are handed to both. `first` calls what it is given where its halves meet.
fn interleave<C: Send, A: Send>(
    history: &mut History<C, A>,
    first: impl FnOnce(&mut underthread::spec::Log<'_, C, A>, &dyn Fn()),
    other: impl FnOnce(&mut underthread::spec::Log<'_, C, A>) + Send,
) {
    let (half_way, go_on) = (&Event::new(), &Event::new());
    let mut logs = history.logs(2);
    let (mut own, mut others) = (logs.next().unwrap(), logs.next().unwrap());
    watched(|| {
        thread::scope(|scope| {
            scope.spawn(move || {
                half_way.wait();
                other(&mut others);
                go_on.set();
            });
            first(&mut own, &|| {
                half_way.set();
                go_on.wait();
            });
        });
    });
}

#[track_caller]
fn assert_rejected<S: Spec>(spec: &S, history: &History<S::Call, S::Answer>, at: &str) {
    let why = judge(spec, history).expect_err("accepted");
    println!("{why}");
    assert!(why.starts_with(&format!("not linearizable at the return of {at}:")), "{why}");
}

/// Its get looks where the first item is under one lock, and takes it under another.
#[derive(Default)]
struct TwoSteps {
    items: Lock<Vec<u8>>,
    head: Lock<usize>,
}

impl TwoSteps {
    fn put(&self, item: u8) -> Answer<u8> {
        self.items.acquire().push(item);
        Answer::Done
    }

    fn get(&self, between: &dyn Fn()) -> Answer<u8> {
        let head = *self.head.acquire();
        between();
        let item = self.items.acquire().get(head).copied();
        *self.head.acquire() = head + usize::from(item.is_some());
        item.map_or(Answer::Empty, Answer::Item)
    }
}

#[test]
fn a_get_of_two_steps_is_rejected() {
    let (queue, mut history) = (TwoSteps::default(), History::new());
    interleave(
        &mut history,
        |log, between| {
            log.record(Call::TryPut(1), || queue.put(1));
            log.record(Call::TryPut(2), || queue.put(2));
            log.record(Call::TryGet, || queue.get(between));
        },
        |log| {
            log.record(Call::TryGet, || queue.get(&|| ()));
        },
    );
    assert_rejected(&Queue::first_in_first_out(9), &history, "operation 2 of thread 0");
}

#[test]
fn the_same_get_is_right_where_nobody_comes_between() {
    let (queue, mut history) = (TwoSteps::default(), History::new());
    let mut log = history.logs(1).next().unwrap();
    log.record(Call::TryPut(1), || queue.put(1));
    log.record(Call::TryPut(2), || queue.put(2));
    log.record(Call::TryGet, || queue.get(&|| ()));
    log.record(Call::TryGet, || queue.get(&|| ()));
    judge(&Queue::first_in_first_out(9), &history).unwrap();
}

/// Its put claims a slot and fills it later, as in many a ring: whoever gets stops at a slot that is claimed, and says
/// that there is nothing, though the next slot is full.
#[derive(Default)]
struct ClaimedSlots {
    slots: [AtomicU32; 4],
    tail: AtomicUsize,
    head: AtomicUsize,
}

impl ClaimedSlots {
    fn put(&self, item: u8, between: &dyn Fn()) -> Answer<u8> {
        let slot = self.tail.fetch_add(1, SeqCst);
        between();
        self.slots[slot].store(item.into(), SeqCst);
        Answer::Done
    }

    fn get(&self) -> Answer<u8> {
        match self.slots[self.head.load(SeqCst)].load(SeqCst) {
            0 => Answer::Empty,
            item => {
                self.head.fetch_add(1, SeqCst);
                Answer::Item(item as u8)
            }
        }
    }
}

#[test]
fn a_ring_that_hides_a_finished_put_behind_a_claimed_slot_is_rejected() {
    let (queue, mut history) = (ClaimedSlots::default(), History::new());
    interleave(
        &mut history,
        |log, between| {
            log.record(Call::TryPut(1), || queue.put(1, between));
            log.record(Call::TryGet, || queue.get());
            log.record(Call::TryGet, || queue.get());
        },
        |log| {
            log.record(Call::TryPut(2), || queue.put(2, &|| ()));
            log.record(Call::TryGet, || queue.get());
        },
    );
    assert_rejected(&Queue::first_in_first_out(9), &history, "operation 1 of thread 1");
}

#[test]
fn a_permit_taken_by_a_load_and_a_store_is_rejected() {
    let (permits, mut history) = (AtomicU32::new(1), History::new());
    let acquire = |between: &dyn Fn()| {
        let seen = permits.load(SeqCst);
        between();
        permits.store(seen.saturating_sub(1), SeqCst);
        semaphore::Answer::Is(seen > 0)
    };
    interleave(
        &mut history,
        |log, between| {
            log.record(semaphore::Call::TryAcquire(1), || acquire(between));
        },
        |log| {
            log.record(semaphore::Call::TryAcquire(1), || acquire(&|| ()));
        },
    );
    assert_rejected(&semaphore::Semaphore::new(1, 1), &history, "operation 0 of thread 0");
}

#[test]
fn a_lock_taken_by_a_load_and_a_store_is_rejected() {
    let (held, mut history) = (AtomicU32::new(0), History::new());
    let acquire = |between: &dyn Fn()| {
        let free = held.load(SeqCst) == 0;
        between();
        held.store(1, SeqCst);
        free
    };
    interleave(
        &mut history,
        |log, between| {
            log.record(lock::Call::TryAcquire, || acquire(between));
        },
        |log| {
            log.record(lock::Call::TryAcquire, || acquire(&|| ()));
        },
    );
    assert_rejected(&lock::Lock::new(), &history, "operation 0 of thread 0");
}

/// The whole way from generated programs to the message.
#[test]
fn a_stack_is_no_queue() {
    let config = Config { failure_persistence: None, ..config("a_stack_is_no_queue") };
    let failure = catch_unwind(AssertUnwindSafe(|| {
        let spec = |(capacity, _): &(usize, _)| Queue::first_in_first_out(*capacity);
        explore(config, never_shut(), spec, |(capacity, programs)| run_on(&LifoQueue::new(*capacity), programs));
    }));
    let message = failure.unwrap_err().downcast::<String>().unwrap();
    for part in ["not linearizable at the return of", "├", "would Return(", "minimal failing input"] {
        assert!(message.contains(part), "{message}");
    }
}
