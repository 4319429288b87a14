//! The checker itself: small programs whose every outcome is known, and must be seen, each of them and no other.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use std::time::Duration;

use loom::cell::UnsafeCell;
use underthread::raw::{Lock, Semaphore};
use underthread::sys::atomic::{AtomicU32, spin_hint};
use underthread::sys::identity::owner_id;
use underthread::sys::model::{JoinHandle, Scenario, check, executions, spawn};
use underthread::sys::{Deadline, Futex, Private, fence};

std::thread_local! {
    static SEEN: RefCell<BTreeSet<[u32; 2]>> = RefCell::default();
}

fn seen(outcome: [u32; 2]) {
    SEEN.with_borrow_mut(|seen| seen.insert(outcome));
}

fn unbounded(name: &'static str, body: fn()) {
    SEEN.take();
    check(Scenario::new(name, None, body));
}

/// What `body` says that it has seen, over all executions.
fn outcomes(name: &'static str, body: fn()) -> Vec<[u32; 2]> {
    unbounded(name, body);
    SEEN.take().into_iter().collect()
}

/// Whether some execution of `body` panics.
fn is_caught(name: &'static str, body: fn()) -> bool {
    catch_unwind(|| unbounded(name, body)).is_err()
}

/// Two words, 0 at first; one thread does `other`, the main thread `own`.
fn two_words(
    own: impl FnOnce(&AtomicU32, &AtomicU32) -> u32,
    other: impl FnOnce(&AtomicU32, &AtomicU32) -> u32 + 'static,
) {
    let words = Rc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let theirs = spawn({
        let words = words.clone();
        move || other(&words.0, &words.1)
    });
    let ours = own(&words.0, &words.1);
    seen([ours, theirs.join()]);
}

/// Each stores to a word of its own, then loads the other's.
fn store_buffering(heavy: fn(), light: fn()) {
    two_words(
        |x, y| {
            x.store(1, Relaxed);
            heavy();
            y.load(Relaxed)
        },
        move |x, y| {
            y.store(1, Relaxed);
            light();
            x.load(Relaxed)
        },
    );
}

#[test]
fn store_buffering_shows_unless_there_are_fences() {
    let fenced = outcomes("litmus: store buffering, fences", || {
        store_buffering(fence::heavy::<Private>, fence::light::<Private>);
    });
    assert_eq!(fenced, [[0, 1], [1, 0], [1, 1]]);
    let heavy = outcomes("litmus: store buffering, two heavy sides", || {
        store_buffering(fence::heavy::<Private>, fence::heavy::<Private>);
    });
    assert_eq!(heavy, [[0, 1], [1, 0], [1, 1]]);
    // In the asymmetric form.
    let light = outcomes("litmus: store buffering, two light sides", || {
        store_buffering(fence::light::<Private>, fence::light::<Private>);
    });
    assert_eq!(light, [[0, 0], [0, 1], [1, 0], [1, 1]]);
    let bare = outcomes("litmus: store buffering, no fence", || store_buffering(|| {}, || {}));
    assert_eq!(bare, [[0, 0], [0, 1], [1, 0], [1, 1]]);
    let one_sided = outcomes("litmus: store buffering, one fence", || store_buffering(fence::heavy::<Private>, || {}));
    assert_eq!(one_sided, [[0, 0], [0, 1], [1, 0], [1, 1]]);
}

/// A message, then a flag; the other side loads the flag, then the message.
fn message_passing(store: Ordering, load: Ordering) {
    fenced_message_passing(store, || {}, load, || {});
}

fn fenced_message_passing(store: Ordering, between_stores: fn(), load: Ordering, between_loads: fn()) {
    let words = Rc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let writer = spawn({
        let words = words.clone();
        move || {
            words.0.store(1, Relaxed);
            between_stores();
            words.1.store(1, store);
        }
    });
    let flag = words.1.load(load);
    between_loads();
    seen([flag, words.0.load(Relaxed)]);
    writer.join();
}

#[test]
fn a_message_is_stale_unless_released_and_acquired() {
    let ordered = outcomes("litmus: message passing", || message_passing(Release, Acquire));
    assert_eq!(ordered, [[0, 0], [0, 1], [1, 1]]);
    let all = [[0, 0], [0, 1], [1, 0], [1, 1]];
    assert_eq!(outcomes("litmus: message passing, not acquired", || message_passing(Release, Relaxed)), all);
    assert_eq!(outcomes("litmus: message passing, not released", || message_passing(Relaxed, Acquire)), all);
}

#[test]
fn a_message_is_not_stale_between_a_heavy_and_a_light_side() {
    let ordered = [[0, 0], [0, 1], [1, 1]];
    let heavy_first = outcomes("litmus: message passing, heavy and light", || {
        fenced_message_passing(Relaxed, fence::heavy::<Private>, Relaxed, fence::light::<Private>);
    });
    assert_eq!(heavy_first, ordered);
    let light_first = outcomes("litmus: message passing, light and heavy", || {
        fenced_message_passing(Relaxed, fence::light::<Private>, Relaxed, fence::heavy::<Private>);
    });
    assert_eq!(light_first, ordered);
    // In the asymmetric form.
    let light = outcomes("litmus: message passing, two light sides", || {
        fenced_message_passing(Relaxed, fence::light::<Private>, Relaxed, fence::light::<Private>);
    });
    assert_eq!(light, [[0, 0], [0, 1], [1, 0], [1, 1]]);
}

#[test]
fn two_loads_of_one_word_do_not_go_back() {
    let read = outcomes("litmus: two loads of one word", || {
        two_words(
            |x, _| {
                let first = x.load(Relaxed);
                seen_in_order(first, x.load(Relaxed))
            },
            |x, _| {
                x.store(1, Relaxed);
                0
            },
        );
    });
    assert_eq!(read, [[0, 0], [1, 0], [2, 0]]);
}

/// How many of two loads have seen the store.
fn seen_in_order(first: u32, second: u32) -> u32 {
    assert!(first <= second);
    first + second
}

/// A limit of loom's that hides outcomes: it never shows a load that sees a later store.
#[test]
fn load_buffering_is_not_shown() {
    let read = outcomes("litmus: load buffering", || {
        two_words(
            |x, y| {
                let read = x.load(Relaxed);
                y.store(1, Relaxed);
                read
            },
            |x, y| {
                let read = y.load(Relaxed);
                x.store(1, Relaxed);
                read
            },
        );
    });
    assert_eq!(read, [[0, 0], [0, 1], [1, 0]]);
}

#[test]
fn a_load_before_a_compare_exchange_hides_no_load() {
    let read = outcomes("litmus: load, then compare-exchange", || {
        two_words(
            |x, _| x.load(Relaxed),
            |x, _| {
                x.load(Relaxed);
                x.compare_exchange(0, 1, AcqRel, Relaxed).unwrap_or(2)
            },
        );
    });
    assert_eq!(read, [[0, 0], [1, 0]]);
}

/// Why our atomics have shadow markers. When this fails, loom is cured, and they can go.
#[test]
fn loom_alone_misses_that_load() {
    loom::model(|| {
        let word = loom::sync::Arc::new(loom::sync::atomic::AtomicU32::new(0));
        let other = loom::thread::spawn({
            let word = word.clone();
            move || {
                word.load(Relaxed);
                word.compare_exchange(0, 1, AcqRel, Relaxed).unwrap_or(2)
            }
        });
        let read = word.load(Relaxed);
        seen([read, other.join().unwrap()]);
    });
    assert_eq!(SEEN.take().into_iter().collect::<Vec<_>>(), [[0, 0]]);
}

/// tokio-rs/loom#166: loom alone shows three of the four.
#[test]
fn a_load_without_use_hides_no_outcome() {
    let read = outcomes("litmus: a load without use", || {
        let words = Rc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let writer = spawn({
            let words = words.clone();
            move || {
                let (key, value) = (&words.0, &words.1);
                key.store(1, Release);
                value.store(1, Release);
                value.store(0, Release);
                key.load(Acquire);
                key.store(0, Release);
            }
        });
        let reader = spawn(move || [words.1.load(Acquire), words.0.load(Acquire)]);
        writer.join();
        seen(reader.join());
    });
    assert_eq!(read, [[0, 0], [0, 1], [1, 0], [1, 1]]);
}

/// A sleeper that a bystander wakes may swap before or after the one that changes its word, whoever is the main thread.
#[test]
fn a_sleeper_that_a_bystander_wakes_may_be_first() {
    fn as_threads(of_main: usize) {
        fn role(role: usize, word: &Futex<Private>, swapped: &AtomicU32) {
            match role {
                0 => {
                    word.wait(0, None);
                    seen([swapped.swap(2, Relaxed), 0]);
                }
                1 => {
                    swapped.swap(1, Relaxed);
                    word.store(1, Relaxed);
                    wake(word, 1);
                }
                _ => wake(word, 1),
            }
        }
        let words = Rc::new((word(), AtomicU32::new(0)));
        let others = [1, 2].map(|other| {
            let words = words.clone();
            spawn(move || role((of_main + other) % 3, &words.0, &words.1))
        });
        role(of_main, &words.0, &words.1);
        for other in others {
            other.join();
        }
    }
    for body in [|| as_threads(0), || as_threads(1), || as_threads(2)] {
        executions(Scenario::new("", None, body), true);
        assert_eq!(SEEN.take().into_iter().collect::<Vec<_>>(), [[0, 0], [1, 0]]);
    }
}

fn word() -> Rc<Futex<Private>> {
    Rc::new(Futex::new(0))
}

fn wake(word: &Futex<Private>, count: u32) {
    Futex::wake(ptr::from_ref(word), count);
}

fn soon() -> Option<Deadline> {
    Deadline::after(Duration::from_millis(1))
}

#[test]
fn a_word_that_differs_is_not_slept_on() {
    unbounded("litmus: a word that differs", || {
        let word = word();
        word.store(1, Relaxed);
        assert!(word.wait(0, None));
        assert!(word.wait(0, soon()));
    });
}

fn sleep_until_changed(change: fn(&Futex<Private>)) {
    let word = word();
    let other = spawn({
        let word = word.clone();
        move || change(&word)
    });
    while word.load(Relaxed) == 0 {
        word.wait(0, None);
    }
    other.join();
}

#[test]
fn a_wake_after_the_change_is_not_lost_and_one_before_it_is() {
    unbounded("litmus: change, then wake", || {
        sleep_until_changed(|word| {
            word.store(1, Relaxed);
            wake(word, 1);
        });
    });
    let planted = is_caught("litmus: wake, then change", || {
        sleep_until_changed(|word| {
            wake(word, 1);
            word.store(1, Relaxed);
        });
    });
    assert!(planted);
}

#[test]
fn a_wake_passes_by_those_without_its_bits() {
    fn body(bitset: u32) {
        let word = word();
        let other = spawn({
            let word = word.clone();
            move || {
                word.store(1, Relaxed);
                Futex::wake_bitset(Rc::as_ptr(&word), 1, bitset);
            }
        });
        while word.load(Relaxed) == 0 {
            word.wait_bitset(0, None, 0b01);
        }
        other.join();
    }
    unbounded("litmus: a wake of one's bit", || body(0b01));
    assert!(is_caught("litmus: a wake of another's bit", || body(0b10)));
}

#[test]
fn a_timed_wait_ends_either_way() {
    let ends = outcomes("litmus: a timed wait", || {
        let word = word();
        let other = spawn({
            let word = word.clone();
            move || wake(&word, 1)
        });
        seen([word.wait(0, soon()).into(), 0]);
        other.join();
    });
    assert_eq!(ends, [[0, 0], [1, 0]]);
}

/// The timeout comes after one store and before the next, which is all that the other does.
#[test]
fn a_timed_wait_may_end_before_anything_else_happens() {
    let ends = outcomes("litmus: a timed wait between two stores", || {
        let word = word();
        let other = spawn({
            let word = word.clone();
            move || {
                word.store(1, Relaxed);
                word.store(2, Relaxed);
            }
        });
        let seen_before = word.load(Relaxed);
        let woken = word.wait(1, soon());
        let latest = word.compare_exchange(9, 9, Relaxed, Relaxed).unwrap_err();
        seen([seen_before + 4 * u32::from(woken), latest]);
        other.join();
    });
    // Seen, and asleep on, 1, and not woken: it is 1 still, or 2.
    assert!(ends.contains(&[1, 1]) && ends.contains(&[1, 2]), "{ends:?}");
}

/// With one wake for two: whoever waits for ever gets it, where the other says that it was not woken.
#[test]
fn no_wake_is_spent_on_a_wait_that_times_out() {
    unbounded("litmus: a timeout beside a wake", || {
        let word = word();
        let timed = spawn({
            let word = word.clone();
            move || {
                if word.wait(0, soon()) {
                    wake(&word, 1);
                }
            }
        });
        let waker = spawn({
            let word = word.clone();
            move || {
                word.store(1, Relaxed);
                wake(&word, 1);
            }
        });
        word.wait(0, None);
        timed.join();
        waker.join();
    });
}

/// Two sleep on one word, in an order that they know by its value, and one is woken: one of them passes that on. So it
/// is lost where the kernel takes the other.
fn one_of_two_sleepers_wakes_the_other(passes_on: u32) {
    let word = word();
    let sleepers = [0, 1].map(|place| {
        let word = word.clone();
        spawn(move || {
            word.wait(place, None);
            if place == passes_on {
                wake(&word, 1);
            }
        })
    });
    word.store(1, Relaxed);
    word.store(2, Relaxed);
    wake(&word, 1);
    sleepers.into_iter().for_each(JoinHandle::join);
}

#[test]
fn the_last_to_sleep_is_woken_first_and_last() {
    let first_passes_on = || one_of_two_sleepers_wakes_the_other(0);
    let last_passes_on = || one_of_two_sleepers_wakes_the_other(1);
    // In the order of sleeping.
    let in_order = |body| executions(Scenario::new("", None, body), false);
    in_order(first_passes_on);
    catch_unwind(|| in_order(last_passes_on)).unwrap_err();
    // And in the other.
    assert!(is_caught("litmus: the first sleeper wakes the last", first_passes_on));
}

/// A message, then a wake; the other side is woken, or is not, and reads the message. Nobody is woken for nothing.
fn wait_for_a_message(look_first: fn(&AtomicU32)) {
    let words = Rc::new((AtomicU32::new(0), Futex::<Private>::new(0)));
    let sleeper = spawn({
        let words = words.clone();
        move || {
            look_first(&words.0);
            let woken = words.1.wait(0, soon());
            seen([woken.into(), words.0.load(Relaxed)]);
        }
    });
    words.0.store(1, Relaxed);
    wake(&words.1, 1);
    sleeper.join();
}

#[test]
fn a_wake_gives_no_order() {
    for body in [|| wait_for_a_message(|_| ()), || wait_for_a_message(|message| _ = message.load(Relaxed))] {
        executions(Scenario::new("", None, body), true);
        assert_eq!(SEEN.take().into_iter().collect::<Vec<_>>(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
    }

    fn trust(load: Ordering) {
        let (message, word) = (Rc::new(UnsafeCell::new(0)), word());
        let other = spawn({
            let (message, word) = (message.clone(), word.clone());
            move || {
                // SAFETY: loom checks that nobody else is there.
                message.with_mut(|message| unsafe { *message = 1 });
                word.store(1, Release);
                wake(&word, 1);
            }
        });
        while word.load(load) == 0 {
            word.wait(0, None);
        }
        // SAFETY: as above.
        message.with(|message| assert_eq!(unsafe { *message }, 1));
        other.join();
    }
    unbounded("litmus: an acquiring look after a wake", || trust(Acquire));
    assert!(is_caught("litmus: trust in a wake, a cell", || trust(Relaxed)));
}

/// The pruned search runs one of each class of equal executions: no class is lost, and few are run again.
#[test]
fn pruning_loses_no_execution() {
    let programs: [fn(); 10] = [
        || store_buffering(fence::heavy::<Private>, fence::light::<Private>),
        || message_passing(Release, Acquire),
        || three_words(),
        || {
            sleep_until_changed(|word| {
                word.store(1, Relaxed);
                wake(word, 1);
            })
        },
        || {
            sleep_until_changed(|word| {
                word.store(2, Relaxed);
                spin_hint();
                word.store(1, Relaxed);
                wake(word, 1);
            })
        },
        || timed_beside_a_wake(),
        || timed_between_two_stores(),
        || who_spins(),
        || two_rounds_of_a_lock(),
        || two_on_a_semaphore(),
    ];
    for program in programs {
        for preemptions in [None, Some(1), Some(2)] {
            let scenario = Scenario::new("", preemptions, program);
            for scenario in [scenario, scenario.with_membarrier()] {
                let [whole, pruned] = [false, true].map(|pruned| executions(scenario, pruned));
                assert!(whole == pruned, "{} of {}: {scenario:?}", pruned.len(), whole.len());
            }
        }
    }
}

/// Each of three threads stores to its word, and looks at the next one's.
fn three_words() {
    let words: Rc<[AtomicU32; 3]> = Rc::default();
    let others = [1, 2].map(|own| {
        let words = words.clone();
        spawn(move || {
            words[own].store(1, Release);
            words[(own + 1) % 3].load(Acquire)
        })
    });
    words[0].store(1, Release);
    words[1].load(Acquire);
    for other in others {
        other.join();
    }
}

fn timed_beside_a_wake() {
    let word = word();
    let timed = spawn({
        let word = word.clone();
        move || word.wait(0, soon())
    });
    let other = spawn({
        let word = word.clone();
        move || {
            word.store(1, Relaxed);
            wake(&word, 1);
        }
    });
    word.wait(0, soon());
    timed.join();
    other.join();
}

fn who_spins() {
    let words = Rc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let other = spawn({
        let words = words.clone();
        move || {
            while words.0.load(Relaxed) == 0 {
                spin_hint();
            }
            words.1.store(2, Relaxed);
        }
    });
    words.0.store(1, Relaxed);
    words.1.store(1, Relaxed);
    words.1.load(Relaxed);
    other.join();
}

/// Whom the model takes a thread for, before its next step.
#[test]
fn one_who_has_spun_is_still_itself() {
    unbounded("litmus: a thread that spins, and its number", || {
        let word = Rc::new(AtomicU32::new(0));
        let other = spawn({
            let word = word.clone();
            move || {
                word.load(Relaxed);
                spin_hint();
                owner_id::<Private>()
            }
        });
        word.store(1, Relaxed);
        assert_eq!(other.join(), 2);
    });
}

/// The end of the wait may come between the stores.
fn timed_between_two_stores() {
    let words = Rc::new((word(), AtomicU32::new(0), AtomicU32::new(0)));
    let other = spawn({
        let words = words.clone();
        move || {
            words.1.store(1, Relaxed);
            words.2.store(1, Relaxed);
        }
    });
    words.0.wait(0, soon());
    words.2.store(2, Relaxed);
    words.1.store(2, Relaxed);
    other.join();
}

fn two_rounds_of_a_lock() {
    let lock = Rc::new(Lock::new());
    let other = spawn({
        let lock = lock.clone();
        move || {
            lock.acquire();
            lock.release().unwrap();
        }
    });
    lock.acquire();
    lock.release().unwrap();
    other.join();
}

fn two_on_a_semaphore() {
    let semaphore = Rc::new(Semaphore::new(0));
    let other = spawn({
        let semaphore = semaphore.clone();
        move || assert!(semaphore.acquire_until(1, None))
    });
    semaphore.release(1).unwrap();
    other.join();
}
