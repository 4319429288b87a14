//! `raw::Ring` with its segments, of two slots here, and the waiting of every `raw::Buffer`.

use std::cell::Cell;
use std::rc::Rc;

use underthread::raw::{Buffer, Refused, Ring};
use underthread::sys::atomic::spin_hint;
use underthread::sys::model::check;

use crate::{join, soon, soon_or_never, start, team};

/// An item: who put it, and which of its own it is.
pub(crate) type Item = (u32, u32);

/// A ring whose positions will wrap.
fn ring(capacity: usize) -> Rc<Ring<Item>> {
    Rc::new(Ring::starting_at(capacity, u64::MAX - 1))
}

pub(crate) fn put<B: Buffer>(buffer: &B, item: B::Item) {
    assert!(buffer.put_until(item, None).is_ok());
}

pub(crate) fn get<B: Buffer>(buffer: &B) -> B::Item {
    buffer.get_until(None).unwrap_or_else(|why| panic!("{why:?}"))
}

/// All items of `putters` that put `each`, and none twice.
pub(crate) fn assert_all_came(got: impl IntoIterator<Item = Vec<Item>>, putters: u32, each: u32) {
    let mut all: Vec<Item> = got.into_iter().flatten().collect();
    all.sort_unstable();
    assert!(all.into_iter().eq((0..putters).flat_map(|putter| (0..each).map(move |item| (putter, item)))));
}

/// What one got of each putter is in that one's order.
fn assert_in_order(got: &[Item]) {
    for (place, later) in got.iter().enumerate() {
        assert!(got[..place].iter().all(|earlier| earlier.0 != later.0 || earlier.1 < later.1), "{got:?}");
    }
}

fn many_to_many(capacity: usize, threads: u32, each: u32) {
    let ring = ring(capacity);
    let putters = start(&ring, threads, move |ring, number| (0..each).for_each(|item| put(ring, (number, item))));
    let got = team(&ring, threads, move |ring, _| (0..each).map(|_| get(ring)).collect::<Vec<_>>());
    join(putters);
    got.iter().for_each(|got| assert_in_order(got));
    assert_all_came(got, threads, each);
    assert_eq!(ring.qsize(), 0);
}

#[test]
fn four_to_four_through_one_slot() {
    check("ring: four to four through one slot", || many_to_many(1, 4, 3));
}

#[test]
fn four_to_four_through_two_slots() {
    check("ring: four to four through two slots", || many_to_many(2, 4, 3));
}

#[test]
fn four_to_four_through_segments() {
    check("ring: four to four, five slots", || many_to_many(5, 4, 3));
}

#[test]
fn four_to_four_without_bound() {
    check("ring: four to four without bound", || many_to_many(usize::MAX, 4, 3));
}

#[test]
fn eight_to_eight() {
    check("ring: eight to eight through two slots", || many_to_many(2, 8, 1));
}

#[test]
fn many_at_once() {
    check("ring: four to four, several at once", || {
        let ring = ring(3);
        let putters = start(&ring, 4, |ring, number| {
            assert!(ring.put_many_until((0..4).map(|item| (number, item)).collect::<Vec<_>>(), None).is_ok());
        });
        let got = team(&ring, 4, |ring, _| {
            let mut got = Vec::new();
            while got.len() < 4 {
                got.extend(ring.get_many_until(4 - got.len(), None).unwrap());
            }
            got
        });
        join(putters);
        got.iter().for_each(|got| assert_in_order(got));
        assert_all_came(got, 4, 4);
    });
}

/// What is not put comes back, and what is put is got.
#[test]
fn those_who_give_up_take_nothing_with_them() {
    check("ring: five to five, most of them timed", || {
        let shared = Rc::new((ring(1), Cell::new(0)));
        let putters = start(&shared, 5, |(ring, ended), number| {
            let put = ring.put_until((number, 0), soon_or_never(number));
            ended.set(ended.get() + 1);
            put.err()
        });
        let got = team(&shared, 5, |(ring, _), _| ring.get_until(soon()).ok());
        let mut all: Vec<Option<Item>> = got;
        // For those who put without a deadline.
        while shared.1.get() < 5 {
            all.push(shared.0.try_get().ok());
            spin_hint();
        }
        all.push(shared.0.try_get().ok());
        let back = join(putters).into_iter().map(|back| {
            back.map(|(why, item)| {
                assert_eq!(why, Refused::NotNow);
                item
            })
        });
        all.extend(back);
        assert_all_came([all.into_iter().flatten().collect()], 5, 1);
        assert_eq!(shared.0.qsize(), 0);
    });
}

/// Workers get until the queue is closed; the join comes back when all is done.
#[test]
fn workers_are_joined_and_closed() {
    check("ring: four workers, two masters, a join, a close", || {
        let ring = ring(2);
        let workers = start(&ring, 4, |ring, _| {
            let mut got = Vec::new();
            while let Ok(item) = ring.get_until(None) {
                got.push(item);
                ring.task_done().unwrap();
            }
            got
        });
        team(&ring, 2, |ring, number| {
            (0..4).for_each(|item| put(ring, (number, item)));
            assert!(ring.join_until(None));
        });
        assert!(ring.join_until(None) && ring.is_all_done());
        assert_eq!(ring.close(false), []);
        assert_all_came(join(workers), 2, 4);
    });
}

/// All who sleep are let go: each item is drained, or got, or given back.
#[test]
fn a_close_lets_all_go() {
    check("ring: closed under four putters and four getters", || {
        closed_under_eight(false);
    });
    check("ring: closed, and drained, under four putters and four getters", || {
        closed_under_eight(true);
    });
}

fn closed_under_eight(immediate: bool) {
    let ring = ring(1);
    let putters = start(&ring, 4, |ring, number| {
        let mut back = Vec::new();
        for item in 0..2 {
            back.extend(ring.put_until((number, item), None).err().map(|(_, item)| item));
        }
        back
    });
    let getters = start(&ring, 4, |ring, _| {
        let mut got = Vec::new();
        got.extend(ring.get_until(None));
        got.extend(ring.get_until(None));
        got
    });
    let joiners = start(&ring, 2, |ring, _| ring.join_until(soon()));
    let drained = ring.close(immediate);
    let mut all = [join(putters), join(getters), vec![drained]].concat();
    all.push(std::iter::from_fn(|| ring.try_get().ok()).collect());
    join(joiners);
    assert_all_came(all, 4, 2);
}
