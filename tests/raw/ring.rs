//! `raw::Ring`, on the heap and in a mapping.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use underthread::raw::{Buffer, Inline, Refused, Ring, Segments, Storage};
use underthread::sys::{Scope, Shared};

use crate::heap::{ALLOCATIONS, HELD};
use crate::support::{fork, shared_zeroed, watched};

type Mapped<const N: usize> = Ring<u64, Inline<u64, N>, Shared>;

const NEAR_WRAP: u64 = u64::MAX - 2;

#[test]
fn an_empty_ring_is_small_and_holds_no_memory() {
    let before = HELD.get();
    for capacity in [1, 1000, usize::MAX] {
        let ring = Ring::<[u8; 4096]>::new(capacity);
        assert_eq!(ring.try_get(), Err(Refused::NotNow));
        assert!(size_of_val(&ring) <= 512);
        assert_eq!(HELD.get(), before);
    }
}

#[test]
fn the_steady_state_does_not_allocate() {
    for (capacity, ahead) in [(1, 1), (3, 2), (200, 200), (1024, 1000), (usize::MAX, 5000)] {
        let ring = Ring::starting_at(capacity, NEAR_WRAP);
        let round = || {
            (0..ahead).for_each(|item| ring.try_put(item).unwrap());
            (0..ahead).for_each(|item| assert_eq!(ring.try_get(), Ok(item)));
        };
        // As long as the ring needs to have its longest segments.
        (0..5000).for_each(|_| {
            ring.try_put(0).unwrap();
            ring.try_get().unwrap();
        });
        let before = ALLOCATIONS.get();
        (0..5000).for_each(|item| {
            ring.try_put(item).unwrap();
            assert_eq!(ring.try_get(), Ok(item));
        });
        assert_eq!(ALLOCATIONS.get(), before, "capacity {capacity}");
        round();
    }
}

#[test]
fn memory_goes_back_after_a_burst_and_at_the_end() {
    let before = HELD.get();
    let ring = Ring::new(usize::MAX);
    (0..100_000u64).for_each(|item| ring.try_put(item).unwrap());
    assert!(HELD.get() - before > 800_000);
    (0..100_000).for_each(|item| assert_eq!(ring.try_get(), Ok(item)));
    assert!(HELD.get() - before < 20_000);
    (0..3000).for_each(|item| ring.try_put(item).unwrap());
    drop(ring);
    assert_eq!(HELD.get(), before);
}

#[test]
fn a_bounded_ring_takes_little_more_than_its_items() {
    let before = HELD.get();
    let ring = Ring::new(1024);
    while ring.try_put([0u64; 2]).is_ok() {}
    (0..5000).for_each(|_| {
        ring.try_get().unwrap();
        ring.try_put([0; 2]).unwrap();
    });
    // One segment of 128 slots more than the items fill, and the nine heads.
    assert!(HELD.get() - before <= (1024 + 128) * 16 + 9 * 16);
}

#[test]
fn big_items_come_few_to_a_segment() {
    fn held_for_one<T>(item: T) -> isize {
        let before = HELD.get();
        let ring = Ring::new(usize::MAX);
        ring.try_put(item).map_err(|_| ()).unwrap();
        HELD.get() - before
    }
    assert!(held_for_one([0u8; 4096]) <= 4 * 4096 + 64);
    assert!(held_for_one([0u8; 20_000]) <= 20_000 + 64);
}

fn fills_and_empties<T: PartialEq + std::fmt::Debug, M: Storage<T>, S: Scope>(
    ring: &Ring<T, M, S>,
    mut item: impl FnMut(usize) -> T,
) {
    let capacity = ring.capacity();
    for round in 0..20 {
        assert_eq!(ring.try_get(), Err(Refused::NotNow));
        for index in 0..capacity {
            assert_eq!(ring.qsize(), index);
            ring.try_put(item(round + index)).unwrap();
        }
        assert_eq!(ring.try_put(item(1)), Err((Refused::NotNow, item(1))));
        for index in 0..capacity {
            assert_eq!(ring.try_get(), Ok(item(round + index)));
        }
    }
}

#[test]
fn every_capacity_fills_and_empties_past_the_wrap() {
    for capacity in [1, 2, 3, 7, 8, 9, 100, 1023, 1024, 1025, 3000] {
        fills_and_empties(&Ring::starting_at(capacity, NEAR_WRAP), |index| index);
        fills_and_empties(&Ring::starting_at(capacity, NEAR_WRAP), |_| ());
    }
    // One slot to a segment.
    fills_and_empties(&Ring::starting_at(3, NEAR_WRAP), |index| Box::new([index as u8; 20_000]));
    fills_and_empties(&Ring::starting_at(3, NEAR_WRAP), |index| [index as u8; 20_000]);
}

#[repr(align(64))]
#[derive(Debug, PartialEq)]
struct Aligned(usize);

#[test]
fn a_lone_item_takes_no_memory_if_it_is_small() {
    fn held_for_one<T: PartialEq + std::fmt::Debug>(item: impl Fn(usize) -> T) -> isize {
        let before = HELD.get();
        let ring = Ring::starting_at(1, NEAR_WRAP);
        fills_and_empties(&ring, &item);
        ring.try_put(item(1)).unwrap();
        let held = HELD.get() - before;
        // It moves with its item, and goes on.
        let ring = Box::new(ring);
        assert_eq!(ring.try_get(), Ok(item(1)));
        fills_and_empties(&ring, &item);
        ring.try_put(item(2)).unwrap();
        assert_eq!(ring.close(true), [item(2)]);
        drop(ring);
        assert_eq!(HELD.get(), before);
        held
    }
    assert_eq!(held_for_one(|index| index as u8), 0);
    assert_eq!(held_for_one(|index| [index; 7]), 0);
    assert_eq!(held_for_one(|_| ()), 0);
    assert!(held_for_one(|index| [index as u8; 57]) >= 57);
    assert!(held_for_one(|index| index as u128) >= 16);
    assert!(held_for_one(Aligned) >= 64);
}

/// As if the one it was handed to had been killed.
#[test]
fn one_who_only_tries_has_a_side_that_was_handed_to_nobody() {
    // SAFETY: all-zero bytes are an empty ring.
    let ring = unsafe { shared_zeroed::<Mapped<3>>() };
    // SAFETY: its first two words are those of the lock of the side of puts: passing, and granted. Nobody else is here.
    unsafe { std::ptr::from_ref(ring).cast_mut().cast::<[u32; 2]>().write([2, 3]) };
    watched(|| while ring.try_put(1).is_err() {});
    assert_eq!(ring.try_get(), Ok(1));
}

#[test]
fn a_zeroed_ring_in_a_mapping_fills_and_empties() {
    // SAFETY: all-zero bytes are an empty ring.
    let ring = unsafe { shared_zeroed::<Mapped<3>>() };
    fills_and_empties(ring, |index| index as u64);
}

/// One is woken, and each wakes the next.
fn a_batch_lets_as_many_go<M: Storage<u64>, S: Scope>(ring: &Ring<u64, M, S>)
where
    Ring<u64, M, S>: Sync,
{
    fn until_asleep<M: Storage<u64>, S: Scope>(ring: &Ring<u64, M, S>, whose: &str) {
        while !format!("{:?}", ring.flow()).contains(&format!("{whose}: some")) {
            std::thread::yield_now();
        }
    }
    assert_eq!(ring.capacity(), 4);
    watched(|| {
        for _ in 0..100 {
            crate::support::scope(|scope| {
                let getters = [(); 4].map(|()| scope.spawn(|| ring.get_until(None).unwrap()));
                until_asleep(ring, "not_empty");
                ring.put_many_until(vec![1, 2, 3, 4], None).unwrap();
                assert_eq!(getters.into_iter().map(|getter| getter.join().unwrap()).sum::<u64>(), 10);
                ring.put_many_until(vec![0; 4], None).unwrap();
                let putters = [1, 2, 3, 4].map(|item| scope.spawn(move || ring.put_until(item, None).unwrap()));
                until_asleep(ring, "not_full");
                assert_eq!(ring.get_many_until(4, None), Ok(vec![0; 4]));
                putters.into_iter().for_each(|putter| putter.join().unwrap());
                assert_eq!(ring.get_many_until(4, None).unwrap().into_iter().sum::<u64>(), 10);
            });
        }
    });
}

#[test]
fn a_batch_lets_as_many_go_private() {
    a_batch_lets_as_many_go(&Ring::new(4));
}

#[test]
fn a_batch_lets_as_many_go_shared() {
    // SAFETY: all-zero bytes are an empty ring.
    a_batch_lets_as_many_go(unsafe { shared_zeroed::<Mapped<4>>() });
}

#[test]
fn between_processes_a_side_that_is_held_for_good_refuses() {
    // SAFETY: all-zero bytes are an empty ring.
    let ring = unsafe { shared_zeroed::<Mapped<3>>() };
    ring.try_put(1).unwrap();
    std::mem::forget((ring.room(), ring.stock()));
    watched(|| {
        assert_eq!(ring.try_put(2), Err((Refused::NotNow, 2)));
        assert_eq!(ring.try_get(), Err(Refused::NotNow));
    });
}

#[test]
fn a_ring_without_slots_refuses() {
    let ring = Ring::new(0);
    assert_eq!(ring.try_put(1), Err((Refused::NotNow, 1)));
    assert_eq!(ring.close(true), []);
    assert_eq!(ring.try_put(1), Err((Refused::Closed, 1)));
}

/// Items through a ring between two processes, blocking on both ends, until it is closed.
#[test]
fn two_processes_hand_over_in_order() {
    watched(|| {
        // SAFETY: all-zero bytes are an empty ring.
        let ring = unsafe { shared_zeroed::<Mapped<2>>() };
        let child = fork(|| {
            (0..10_000).for_each(|item| ring.put_until(item, None).unwrap());
            assert!(ring.join_until(None));
            assert_eq!(ring.get_until(None), Err(Refused::Closed));
        });
        for item in 0..10_000 {
            assert_eq!(ring.get_until(None), Ok(item));
            ring.task_done().unwrap();
        }
        ring.close(false);
        child.join();
        assert_eq!(ring.task_done().map_err(|why| why.to_string()).unwrap_err(), TOO_MANY);
    });
}

const TOO_MANY: &str = "task_done called more often than items were put";

/// Counts its drops, and panics at the third.
struct Fragile<'a>(&'a AtomicUsize);

impl Drop for Fragile<'_> {
    fn drop(&mut self) {
        assert_ne!(self.0.fetch_add(1, Relaxed), 2, "the third drop");
    }
}

#[test]
fn a_dropped_ring_drops_every_item_once_even_if_one_panics() {
    let drops = AtomicUsize::new(0);
    let outcome = std::panic::catch_unwind(|| {
        let ring = Ring::new(100);
        (0..50).for_each(|_| ring.try_put(Fragile(&drops)).map_err(|_| ()).unwrap());
    });
    drop(outcome.unwrap_err());
    assert_eq!(drops.load(Relaxed), 50);
}

#[test]
fn a_dropped_ring_of_one_slot_drops_its_item_once_even_if_that_panics() {
    for (before, panics) in [(0, false), (2, true)] {
        let drops = AtomicUsize::new(before);
        let outcome = std::panic::catch_unwind(|| {
            let ring = Ring::new(1);
            ring.try_put(Fragile(&drops)).map_err(|_| ()).unwrap();
        });
        assert_eq!(outcome.is_err(), panics);
        assert_eq!(drops.load(Relaxed), before + 1);
    }
}

#[test]
fn qsize_stays_in_bounds_while_hammered() {
    let ring = Ring::<u64, Segments<u64>>::starting_at(3, u64::MAX - 1000);
    crate::support::scope(|scope| {
        let looker = scope.spawn(|| {
            while !ring.is_closed() {
                assert!(ring.qsize() <= 3);
            }
        });
        let getter = scope.spawn(|| while ring.get_until(None).is_ok() {});
        (0..100_000).for_each(|item| ring.put_until(item, None).unwrap());
        ring.close(false);
        getter.join().unwrap();
        looker.join().unwrap();
    });
}

#[test]
fn debug_shows_what_is_known_without_a_lock() {
    let ring = Ring::new(2);
    ring.try_put(1).unwrap();
    assert_eq!(format!("{ring:?}"), "Ring { qsize: 1, capacity: 2, closed: false, .. }");
}
