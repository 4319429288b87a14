//! `raw::Pile`, and the waiting of every `raw::Buffer`. Their words are Relaxed; what is planted is that each of their
//! wakes is left out.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::{Buffer, Order, Pile, Refused};
use underthread::sys::model::JoinHandle;

use crate::{Counted, get, of_three, of_two, put, soon, with};

/// A stack of which one take, or one put, panics: that before which so many were well.
struct Stack {
    items: Vec<u32>,
    good_takes: usize,
    good_puts: usize,
}

impl Default for Stack {
    fn default() -> Self {
        Self { items: Vec::new(), good_takes: usize::MAX, good_puts: usize::MAX }
    }
}

impl Order for Stack {
    type Item = u32;

    fn put(&mut self, item: &mut Option<u32>) {
        panic_after(&mut self.good_puts);
        self.items.extend(item.take());
    }

    fn take(&mut self) -> Option<u32> {
        if !self.items.is_empty() {
            panic_after(&mut self.good_takes);
        }
        self.items.pop()
    }

    fn into_vec(self) -> Vec<u32> {
        self.items
    }
}

fn panic_after(good: &mut usize) {
    let panics = *good == 0;
    *good = good.wrapping_sub(1);
    if panics {
        // Without the hook, which would print it for every execution.
        resume_unwind(Box::new(()));
    }
}

/// Whether it returned.
fn survives(body: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(body)).is_ok()
}

fn pile(capacity: usize) -> Rc<Pile<Stack>> {
    Rc::new(Pile::new(Stack::default(), capacity))
}

fn full() -> Rc<Pile<Stack>> {
    let pile = pile(1);
    put(&*pile, 1);
    pile
}

fn a_put_wakes_a_getter() {
    let pile = pile(1);
    let getter = with(&pile, get);
    put(&*pile, 1);
    assert_eq!(getter.join(), 1);
}

fn a_get_wakes_a_putter() {
    let pile = full();
    let putter = with(&pile, |pile| put(pile, 2));
    assert_eq!(pile.try_get(), Ok(1));
    putter.join();
    assert_eq!(pile.try_get(), Ok(2));
}

fn a_batch_that_is_got_wakes_a_putter() {
    let pile = full();
    let putter = with(&pile, |pile| put(pile, 2));
    assert_eq!(pile.get_many_until(1, None).unwrap(), [1]);
    putter.join();
}

fn a_timed_out_getter_takes_nothing_with_it() {
    let pile = pile(1);
    let timed = with(&pile, |pile| pile.get_until(soon()).is_ok());
    put(&*pile, 1);
    let got = timed.join();
    assert_eq!(pile.try_get().is_ok(), !got);
}

fn close_releases_a_getter() {
    let pile = pile(1);
    let getter = with(&pile, |pile| pile.get_until(None));
    assert_eq!(pile.close(false), []);
    assert_eq!(getter.join(), Err(Refused::Closed));
}

fn close_releases_a_putter() {
    let pile = full();
    let putter = with(&pile, |pile| pile.put_until(2, None));
    // The putter never finds room: the drain and the close are one step.
    assert_eq!(pile.close(true), [1]);
    assert_eq!(putter.join(), Err((Refused::Closed, 2)));
}

/// What a worker wrote before its `task_done` is visible after the join.
fn join_waits_for_the_task() {
    let work = Rc::new((Pile::new(Stack::default(), 1), UnsafeCell::new(0)));
    put(&work.0, 1);
    let worker = with(&work, |(pile, result)| {
        // SAFETY: the reader waits for `task_done`; loom checks that.
        result.with_mut(|result| unsafe { *result = 1 });
        pile.task_done().unwrap();
    });
    assert!(work.0.join_until(None));
    // SAFETY: as above.
    work.1.with(|result| assert_eq!(unsafe { *result }, 1));
    worker.join();
}

fn close_lets_joiners_go() {
    let pile = full();
    let joiner = with(&pile, |pile| pile.join_until(None));
    assert_eq!(pile.close(true), [1]);
    assert!(joiner.join());
}

/// Two items, two getters, one wake in flight.
fn every_getter_is_woken() {
    let pile = pile(2);
    let getters = [(); 2].map(|()| with(&pile, get));
    assert!(pile.put_many_until(vec![1, 2], None).is_ok());
    assert_eq!(getters.map(JoinHandle::join).iter().sum::<u32>(), 3);
}

/// The one that is woken for the item leaves it to the other, or is refused with it.
fn close_releases_all_getters() {
    let pile = pile(1);
    let getters = [(); 2].map(|()| with(&pile, |pile| pile.get_until(None).is_ok()));
    put(&*pile, 1);
    let drained = pile.close(true).len();
    let got = getters.map(JoinHandle::join).into_iter().filter(|got| *got).count();
    assert_eq!(drained + got, 1);
}

fn close_releases_all_putters() {
    let pile = full();
    let putters = [2, 3].map(|item| with(&pile, move |pile| pile.put_until(item, None).is_ok()));
    pile.close(false);
    assert_eq!(putters.map(JoinHandle::join), [false; 2]);
}

fn a_timed_out_getter_leaves_the_other_a_wake() {
    let pile = pile(1);
    let timed = with(&pile, |pile| pile.get_until(soon()).is_ok());
    let untimed = with(&pile, |pile| pile.get_until(None).is_ok());
    put(&*pile, 1);
    if timed.join() {
        put(&*pile, 2);
    }
    assert!(untimed.join());
}

/// The second to come marks the first's sleep as seen to, and finds all done; it must wake the first.
fn every_joiner_is_woken() {
    let pile = full();
    let joiners = [(); 2].map(|()| with(&pile, |pile| pile.join_until(None)));
    pile.task_done().unwrap();
    assert_eq!(joiners.map(JoinHandle::join), [true; 2]);
}

/// Two items, two getters, one wake in flight; who panics leaves both items, and must wake the other.
fn a_getter_that_panics_wakes_the_next() {
    let pile = Rc::new(Pile::new(Stack { good_takes: 0, ..Stack::default() }, 2));
    let getters = [(); 2].map(|()| with(&pile, |pile| survives(|| _ = get(pile))));
    assert!(pile.put_many_until(vec![1, 2], None).is_ok());
    let got = getters.map(JoinHandle::join).into_iter().filter(|got| *got).count();
    assert_eq!((got, pile.qsize()), (1, 1));
}

/// Two find room, one wake in flight; who panics has put nothing, and must wake the other.
fn a_putter_that_panics_wakes_the_next() {
    let pile = Rc::new(Pile::new(Stack { good_puts: 2, ..Stack::default() }, 2));
    assert!(pile.put_many_until(vec![1, 2], None).is_ok());
    let putters = [3, 4].map(|item| with(&pile, move |pile| survives(|| put(pile, item))));
    assert_eq!(pile.get_many_until(2, None).unwrap(), [2, 1]);
    let came = putters.map(JoinHandle::join).into_iter().filter(|came| *came).count();
    assert_eq!((came, pile.qsize()), (1, 1));
}

/// The batch has brought its first item when the second panics: the getter must hear of that one.
fn a_batch_that_panics_wakes_a_getter() {
    let pile = Rc::new(Pile::new(Stack { good_puts: 1, ..Stack::default() }, 2));
    let getter = with(&pile, get);
    assert!(!survives(|| drop(pile.put_many_until(vec![1, 2], None))));
    assert_eq!(getter.join(), 1);
}

const SCENARIOS: [Counted; 16] = [
    of_two("pile: a put wakes a getter", None, a_put_wakes_a_getter),
    of_two("pile: a get wakes a putter", None, a_get_wakes_a_putter),
    of_two("pile: a batch that is got wakes a putter", None, a_batch_that_is_got_wakes_a_putter),
    of_two("pile: a timed-out getter takes nothing with it", None, a_timed_out_getter_takes_nothing_with_it),
    of_two("pile: close releases a getter", None, close_releases_a_getter),
    of_two("pile: close releases a putter", None, close_releases_a_putter),
    of_two("pile: join waits for the task", None, join_waits_for_the_task),
    of_two("pile: close lets joiners go", None, close_lets_joiners_go),
    of_two("pile: a batch that panics wakes a getter", None, a_batch_that_panics_wakes_a_getter),
    of_three("pile: every getter is woken", Some(3), every_getter_is_woken),
    of_three("pile: close releases all getters", Some(3), close_releases_all_getters),
    of_three("pile: close releases all putters", Some(3), close_releases_all_putters),
    of_three("pile: a timed-out getter leaves a wake", Some(3), a_timed_out_getter_leaves_the_other_a_wake),
    of_three("pile: every joiner is woken", Some(3), every_joiner_is_woken),
    of_three("pile: a getter that panics wakes the next", Some(3), a_getter_that_panics_wakes_the_next),
    of_three("pile: a putter that panics wakes the next", Some(3), a_putter_that_panics_wakes_the_next),
];

model!(SCENARIOS, ["raw/buffer.rs", "raw/buffer/passage.rs", "raw/pile.rs"]);
