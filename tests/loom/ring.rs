//! `raw::Ring` with its segments. A segment of the model has two slots.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::{Buffer, Refused, Ring};
use underthread::sys::model::JoinHandle;

use crate::{Counted, get, of_four, of_three, of_two, put, soon, with};

/// A ring whose positions will wrap, for `capacity` items.
fn ring(capacity: usize) -> Rc<Ring<u32>> {
    Rc::new(Ring::starting_at(capacity, u64::MAX))
}

fn items_go_through_one_slot() {
    let ring = ring(1);
    let getter = with(&ring, |ring| [get(ring), get(ring)]);
    put(&*ring, 1);
    put(&*ring, 2);
    assert_eq!(getter.join(), [1, 2]);
}

fn items_go_through_segments() {
    let ring = ring(3);
    put(&*ring, 0);
    put(&*ring, 1);
    let getter = with(&ring, |ring| [get(ring), get(ring), get(ring)]);
    put(&*ring, 2);
    assert_eq!(getter.join(), [0, 1, 2]);
}

/// The get side leaves a segment while the put side wants one. Got as a batch: between two locked gets the model, whose
/// light fences are full ones, orders more than the segment's own swap does.
fn a_segment_comes_again() {
    let ring = ring(usize::MAX);
    (0..4).for_each(|item| put(&*ring, item));
    let getter = with(&ring, |ring| ring.get_many_until(3, None));
    put(&*ring, 4);
    put(&*ring, 5);
    assert_eq!(getter.join().unwrap(), [0, 1, 2]);
    assert_eq!([get(&*ring), get(&*ring), get(&*ring)], [3, 4, 5]);
}

/// Two getters, two items, one wake in flight at most.
fn every_getter_is_woken() {
    let ring = ring(2);
    let getters = [(); 2].map(|()| with(&ring, get));
    assert!(ring.put_many_until(vec![1, 2], None).is_ok());
    assert_eq!(getters.map(JoinHandle::join).iter().sum::<u32>(), 3);
}

fn every_putter_is_woken() {
    let ring = ring(2);
    put(&*ring, 1);
    put(&*ring, 2);
    let putters = [3, 4].map(|item| with(&ring, move |ring| put(ring, item)));
    assert_eq!(ring.get_many_until(2, None).unwrap(), [1, 2]);
    putters.into_iter().for_each(JoinHandle::join);
    assert_eq!(ring.qsize(), 2);
}

fn two_putters_and_two_getters() {
    let ring = ring(1);
    let putters = [1, 2].map(|item| with(&ring, move |ring| put(ring, item)));
    let getter = with(&ring, get);
    let sum = get(&*ring) + getter.join();
    putters.into_iter().for_each(JoinHandle::join);
    assert_eq!(sum, 3);
}

fn many_at_once_are_conserved() {
    let ring = ring(1);
    let putter = with(&ring, |ring| ring.put_many_until(vec![1, 2], None).is_ok());
    let mut got = ring.get_many_until(2, None).unwrap();
    if got.len() < 2 {
        got.push(get(&*ring));
    }
    assert!(putter.join());
    assert_eq!(got, [1, 2]);
}

fn a_timed_out_getter_takes_nothing_with_it() {
    let ring = ring(1);
    let timed = with(&ring, |ring| ring.get_until(soon()));
    put(&*ring, 1);
    match timed.join() {
        Ok(item) => assert_eq!(item, 1),
        Err(why) => {
            assert_eq!(why, Refused::NotNow);
            assert_eq!(ring.try_get(), Ok(1));
        }
    }
    assert_eq!(ring.try_get(), Err(Refused::NotNow));
}

fn a_timed_out_getter_leaves_the_others_a_wake() {
    let ring = ring(1);
    let timed = with(&ring, |ring| ring.get_until(soon()).is_ok());
    let untimed = with(&ring, |ring| ring.get_until(None).is_ok());
    put(&*ring, 1);
    if timed.join() {
        put(&*ring, 2);
    }
    assert!(untimed.join());
}

fn close_releases_a_getter() {
    let ring = ring(1);
    let getter = with(&ring, |ring| ring.get_until(None));
    assert_eq!(ring.close(false), []);
    assert_eq!(getter.join(), Err(Refused::Closed));
}

fn close_releases_a_putter() {
    let ring = ring(1);
    put(&*ring, 1);
    let putter = with(&ring, |ring| ring.put_until(2, None));
    assert_eq!(ring.close(true), [1]);
    // The putter never finds room: the drain and the close are one step.
    assert_eq!(putter.join(), Err((Refused::Closed, 2)));
}

/// The close and the drain are one step.
fn who_sees_that_it_was_emptied_finds_nothing() {
    let ring = ring(1);
    put(&*ring, 1);
    let looker = with(&ring, |ring| {
        if ring.is_closed() {
            assert_eq!(ring.try_get(), Err(Refused::Closed));
        }
    });
    ring.close(true);
    looker.join();
}

/// The wake for the item is in flight when the queue is closed: who gets the item must wake the other.
fn close_releases_all_getters() {
    all_getters(false);
}

/// As above, but nobody gets the item: who is refused must wake the other.
fn close_with_a_drain_releases_all_getters() {
    all_getters(true);
}

fn all_getters(immediate: bool) {
    let ring = ring(1);
    let getters = [(); 2].map(|()| with(&ring, |ring| ring.get_until(None).is_ok()));
    put(&*ring, 1);
    let drained = ring.close(immediate);
    let got = getters.into_iter().map(|getter| usize::from(getter.join())).sum::<usize>();
    assert_eq!(drained.len() + got, 1);
}

/// As for the getters: the wake for the room is in flight when the queue is closed.
fn close_releases_all_putters() {
    let ring = ring(1);
    put(&*ring, 0);
    let putters = [1, 2].map(|item| with(&ring, move |ring| ring.put_until(item, None).is_ok()));
    get(&*ring);
    let drained = ring.close(true);
    let came = putters.into_iter().map(|putter| usize::from(putter.join())).sum::<usize>();
    assert_eq!(drained.len(), came);
}

/// What a worker wrote before its `task_done` is visible after the join.
struct Work {
    ring: Ring<u32>,
    result: UnsafeCell<u32>,
}

fn join_waits_for_the_task() {
    let work = Rc::new(Work { ring: Ring::starting_at(1, u64::MAX), result: UnsafeCell::new(0) });
    put(&work.ring, 1);
    let worker = with(&work, |work| {
        let item = get(&work.ring);
        // SAFETY: the reader waits for `task_done`; loom checks that.
        work.result.with_mut(|result| unsafe { *result = item });
        work.ring.task_done().unwrap();
    });
    assert!(work.ring.join_until(None));
    // SAFETY: as above.
    work.result.with(|result| assert_eq!(unsafe { *result }, 1));
    worker.join();
}

/// The second to come marks the first's sleep as seen to, and finds all done; it must wake the first.
fn every_joiner_is_woken() {
    let ring = ring(1);
    put(&*ring, 1);
    let joiner = with(&ring, |ring| ring.join_until(None));
    let other = with(&ring, |ring| ring.join_until(None));
    ring.task_done().unwrap();
    assert!(joiner.join() && other.join());
}

fn close_lets_joiners_go() {
    let ring = ring(1);
    put(&*ring, 1);
    let joiner = with(&ring, |ring| ring.join_until(None));
    assert_eq!(ring.close(true), [1]);
    assert!(joiner.join());
}

fn no_more_tasks_are_done_than_put() {
    let ring = ring(1);
    let other = with(&ring, |ring| ring.task_done().is_ok());
    put(&*ring, 1);
    let one = ring.task_done().is_ok();
    assert!(one != other.join());
    assert!(ring.is_all_done());
}

/// At no moment are as many done as were put; they are counted at two.
fn one_of_two_that_is_done_is_not_all() {
    let ring = ring(2);
    put(&*ring, 1);
    let other = with(&ring, |ring| {
        put(ring, 2);
        ring.task_done().unwrap();
    });
    assert!(!ring.is_all_done());
    other.join();
}

fn qsize_is_never_above_the_capacity() {
    let ring = ring(1);
    put(&*ring, 1);
    let looker = with(&ring, |ring| ring.qsize());
    let getter = with(&ring, get);
    let _ = ring.try_put(2);
    assert!(looker.join() <= 1);
    getter.join();
}

fn qsize_is_never_below_zero() {
    let ring = ring(2);
    put(&*ring, 1);
    let putter = with(&ring, |ring| put(ring, 2));
    let getter = with(&ring, |ring| [ring.try_get().is_ok(), ring.try_get().is_ok()]);
    assert!(ring.qsize() <= 2);
    putter.join();
    getter.join();
}

/// The one that is woken first sees to the other, although more was put and done meanwhile.
fn every_joiner_is_woken_though_more_is_put() {
    let ring = ring(2);
    put(&*ring, 1);
    let joiners = [(); 2].map(|()| with(&ring, |ring| assert!(ring.join_until(None))));
    ring.task_done().unwrap();
    put(&*ring, 2);
    ring.task_done().unwrap();
    joiners.into_iter().for_each(JoinHandle::join);
}

/// What is put after a look at what is done is not added to it.
fn no_more_are_unfinished_than_ever_were() {
    let ring = Rc::new(Ring::new(1));
    let other = with(&ring, |ring| {
        for item in 0..2 {
            put(ring, item);
            get(ring);
            ring.task_done().unwrap();
        }
    });
    assert!(ring.unfinished() <= 1);
    other.join();
    assert_eq!(ring.unfinished(), 0);
}

const SCENARIOS: [Counted; 24] = [
    of_two("ring: items go through one slot", None, items_go_through_one_slot),
    of_two("ring: items go through segments", None, items_go_through_segments),
    of_two("ring: a segment comes again", None, a_segment_comes_again),
    of_two("ring: many at once are conserved", None, many_at_once_are_conserved),
    of_two("ring: a timed-out getter takes nothing with it", None, a_timed_out_getter_takes_nothing_with_it),
    of_two("ring: close releases a getter", None, close_releases_a_getter),
    of_two("ring: close releases a putter", None, close_releases_a_putter),
    of_two("ring: join waits for the task", None, join_waits_for_the_task),
    of_two("ring: close lets joiners go", None, close_lets_joiners_go),
    of_two("ring: no more tasks are done than put", None, no_more_tasks_are_done_than_put),
    of_three("ring: every joiner is woken though more is put", Some(3), every_joiner_is_woken_though_more_is_put),
    of_three("ring: every getter is woken", Some(3), every_getter_is_woken),
    of_three("ring: every putter is woken", Some(3), every_putter_is_woken),
    of_three("ring: a timed-out getter leaves the others a wake", Some(3), a_timed_out_getter_leaves_the_others_a_wake),
    of_three("ring: close releases all getters", Some(3), close_releases_all_getters),
    of_three("ring: close with a drain releases all getters", Some(3), close_with_a_drain_releases_all_getters),
    of_three("ring: close releases all putters", Some(3), close_releases_all_putters),
    of_three("ring: every joiner is woken", Some(3), every_joiner_is_woken),
    of_three("ring: qsize is never above the capacity", Some(3), qsize_is_never_above_the_capacity),
    of_three("ring: qsize is never below zero", Some(3), qsize_is_never_below_zero),
    of_four("ring: two putters and two getters", Some(1), two_putters_and_two_getters),
    of_two("ring: who sees that it was emptied finds nothing", None, who_sees_that_it_was_emptied_finds_nothing),
    of_two("ring: one of two that is done is not all", None, one_of_two_that_is_done_is_not_all),
    of_two("ring: no more are unfinished than ever were", None, no_more_are_unfinished_than_ever_were),
];

model!(SCENARIOS, ["raw/ring.rs", "raw/ring/side.rs", "raw/ring/segments.rs"]);
