//! Museum, section 4, in every interleaving: queues. A segment of the model has two slots.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use underthread::raw::{Buffer, Order, Pile, Refused, Ring};
use underthread::sys::Deadline;
use underthread::sys::model::{JoinHandle, Scenario, check, spawn};

/// An item that is counted while it lives; dropped twice, the count falls below zero.
struct Tracked(Rc<Cell<i32>>);

fn item(alive: &Rc<Cell<i32>>) -> Tracked {
    alive.set(alive.get() + 1);
    Tracked(alive.clone())
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[derive(Default)]
struct Last(Vec<Tracked>);

impl Order for Last {
    type Item = Tracked;

    fn put(&mut self, item: &mut Option<Tracked>) {
        self.0.extend(item.take());
    }

    fn take(&mut self) -> Option<Tracked> {
        self.0.pop()
    }

    fn into_vec(self) -> Vec<Tracked> {
        self.0
    }
}

fn with<B: 'static, R: 'static>(buffer: &Rc<B>, body: impl FnOnce(&B) -> R + 'static) -> JoinHandle<R> {
    let buffer = buffer.clone();
    spawn(move || body(&buffer))
}

/// M22, flume (<https://github.com/zesterer/flume/pull/120>): whoever was to receive looked into the queue, then
/// whether the senders were gone, and then not into the queue again; the last item was lost. Here both are looked at
/// under a lock that the close takes too.
fn what_was_put_before_a_close_is_got_first<B: Buffer<Item = Tracked> + 'static>(buffer: B) {
    let alive = Rc::default();
    let buffer = Rc::new(buffer);
    let putter = with(&buffer, {
        let item = item(&alive);
        move |buffer| {
            assert!(buffer.try_put(item).is_ok());
            assert!(buffer.close(false).is_empty());
        }
    });
    assert!(buffer.get_until(None).is_ok(), "the item is lost");
    assert_eq!(buffer.get_until(None).err(), Some(Refused::Closed));
    putter.join();
    assert_eq!(alive.get(), 0);
}

/// M34, std and crossbeam (<https://github.com/crossbeam-rs/crossbeam/issues/1187>): an item that was sent while the
/// receivers went was leaked, and by the mending of that dropped twice. Here at the first item, which allocates.
fn an_item_put_during_a_close_is_in_one_place<B: Buffer<Item = Tracked> + 'static>(buffer: B) {
    let alive = Rc::default();
    let buffer = Rc::new(buffer);
    let putter = with(&buffer, {
        let item = item(&alive);
        move |buffer| buffer.try_put(item).is_err()
    });
    let drained = buffer.close(true);
    let refused = putter.join();
    assert_eq!(drained.len(), usize::from(!refused), "refused: {refused}");
    assert_eq!(alive.get(), drained.len() as i32);
    drop(drained);
    drop(buffer);
    assert_eq!(alive.get(), 0);
}

/// M43, kanal (<https://github.com/fereidani/kanal/pull/62>): a batch that was sent in part lost data.
fn a_batch_cut_by_a_close_is_in_one_place<B: Buffer<Item = Tracked> + 'static>(buffer: B) {
    let alive = Rc::default();
    let buffer = Rc::new(buffer);
    let putter = with(&buffer, {
        let items = vec![item(&alive), item(&alive)];
        move |buffer| buffer.put_many_until(items, None).map_or_else(|(_, rest)| rest.len(), |()| 0)
    });
    let got = usize::from(buffer.get_until(None).is_ok());
    let drained = buffer.close(true).len();
    assert_eq!(got + drained + putter.join(), 2);
    drop(buffer);
    assert_eq!(alive.get(), 0);
}

/// M44, kanal (its commit 30e7c18): a send that failed gave its item back and had delivered it too.
fn a_timed_put_that_fails_has_its_item_and_nobody_else<B: Buffer<Item = Tracked> + 'static>(buffer: B) {
    let alive = Rc::default();
    let buffer = Rc::new(buffer);
    assert!(buffer.try_put(item(&alive)).is_ok());
    let putter = with(&buffer, {
        let item = item(&alive);
        move |buffer| buffer.put_until(item, Deadline::after(Duration::from_millis(1))).err()
    });
    drop(buffer.get_until(None));
    let back = putter.join();
    let there = buffer.try_get();
    assert!(back.is_some() != there.is_ok(), "the item is in two places or in none");
    assert_eq!(alive.get(), 1);
    drop((back, there, buffer));
    assert_eq!(alive.get(), 0);
}

/// Over a fresh ring and a fresh pile of one place.
macro_rules! both {
    ($($test:ident: $body:ident, $name:literal, $preemptions:expr;)*) => {$(
        #[test]
        fn $test() {
            check(Scenario::new(concat!("museum, ring: ", $name), $preemptions, || $body(Ring::new(1))));
            check(Scenario::new(concat!("museum, pile: ", $name), $preemptions, || {
                $body(Pile::new(Last(Vec::new()), 1));
            }));
        }
    )*};
}

both! {
    no_item_is_lost_to_a_close: what_was_put_before_a_close_is_got_first, "put, closed, got", Some(3);
    no_item_outlives_a_close_unseen: an_item_put_during_a_close_is_in_one_place, "a put during a close", None;
    no_batch_is_lost_to_a_close: a_batch_cut_by_a_close_is_in_one_place, "a batch during a close", Some(3);
    no_item_has_two_owners: a_timed_put_that_fails_has_its_item_and_nobody_else, "a put that is late", Some(3);
}
