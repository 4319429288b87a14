//! Real histories with a wrong answer in them: each must be rejected.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use underthread::queue::{LifoQueue, Queue as Fifo};
use underthread::spec::queue::{Answer, Call, Queue};
use underthread::spec::{History, Log, Operation, Spec};
use underthread::spec::{barrier as of_barrier, event as of_event, semaphore as of_semaphore};
use underthread::threading::{Barrier, BoundedSemaphore, Event};

use crate::program::{Patience, Program, judge, run};
use crate::queue::{Item, never_shut, run_on};
use crate::support::watched;
use crate::{barrier, event, semaphore};

/// Of every kind at least so many are made.
const ENOUGH: usize = 100;

/// Of so many programs: a hundred or so give enough.
const AT_MOST: usize = 2000;

/// Shows `look` values of `strategy`, the same in every run, until each of its counts has reached `enough`.
fn until<V, const N: usize>(enough: usize, strategy: impl Strategy<Value = V>, mut look: impl FnMut(V) -> [usize; N]) {
    watched(|| {
        let mut runner = TestRunner::deterministic();
        let mut counts = [0; N];
        for _ in 0..AT_MOST {
            counts = look(strategy.new_tree(&mut runner).unwrap().current());
            if counts.iter().all(|count| *count >= enough) {
                return;
            }
        }
        panic!("{AT_MOST} programs gave {counts:?} of each kind, not {enough}");
    });
}

type OfQueue = Vec<Vec<Operation<Call<Item>, Answer<Item>>>>;
type Place = (usize, usize);

/// Which operations, in which order of time, have an item: by whom it was put, and by whom got.
fn items(threads: &OfQueue) -> Vec<(Item, Place, Place)> {
    let all = || threads.iter().enumerate().flat_map(|(thread, own)| (0..own.len()).map(move |index| (thread, index)));
    let one = |(thread, index): Place| &threads[thread][index];
    let answer = |place| one(place).returned.as_ref().map(|(answer, _)| answer);
    let mut items = Vec::new();
    for got in all() {
        if let Some(Answer::Item(item)) = answer(got) {
            let is_put = |place: &Place| one(*place).call == Call::TryPut(*item);
            items.push((*item, all().find(is_put).unwrap(), got));
        }
    }
    items.sort_by_key(|(_, _, got)| one(*got).called);
    items
}

fn with(threads: &OfQueue, changes: &[(Place, Answer<Item>)]) -> History<Call<Item>, Answer<Item>> {
    let mut threads = threads.clone();
    for ((thread, index), answer) in changes {
        threads[*thread][*index].returned.as_mut().unwrap().0 = answer.clone();
    }
    History::from(threads)
}

/// Two pairs of a put and a get, of which neither the puts nor the gets overlap: the first and the last.
fn apart(threads: &OfQueue, items: &[(Item, Place, Place)]) -> Option<[(Item, Place); 2]> {
    let one = |(thread, index): Place| &threads[thread][index];
    let before = |first, second| one(first).returned.as_ref().unwrap().1 < one(second).called;
    let pairs = items.iter().flat_map(|first| items.iter().map(move |second| (first, second)));
    let mut pairs = pairs.filter(|(first, second)| before(first.1, second.1) && before(first.2, second.2));
    pairs.next().map(|(first, second)| [(first.0, first.2), (second.0, second.2)])
}

#[test]
fn an_item_that_was_not_put_or_was_got_twice_or_too_early_is_rejected() {
    let (mut invented, mut twice, mut refused, mut swapped, mut lost) = (0, 0, 0, 0, 0);
    until(ENOUGH, never_shut(), |(capacity, programs)| {
        let spec = Queue::first_in_first_out(capacity);
        let threads = run_on(&Fifo::new(capacity), &programs).threads;
        judge(&spec, &History::from(threads.clone())).unwrap();
        let items = items(&threads);
        let reject = |count: &mut usize, changes: &[(Place, Answer<Item>)]| {
            let history = with(&threads, changes);
            assert!(judge(&spec, &history).is_err(), "accepted with {changes:?}:\n{history}");
            *count += 1;
        };
        for (index, (item, put, got)) in items.iter().enumerate() {
            reject(&mut invented, &[(*got, Answer::Item(Item { number: u16::MAX, ..*item }))]);
            reject(&mut refused, &[(*put, Answer::Full)]);
            if let Some((_, _, other)) = items.get(index + 1) {
                reject(&mut twice, &[(*other, Answer::Item(*item))]);
            }
        }
        if let Some([first, second]) = apart(&threads, &items) {
            reject(&mut swapped, &[(first.1, Answer::Item(second.0)), (second.1, Answer::Item(first.0))]);
            // It was there, before and after.
            reject(&mut lost, &[(first.1, Answer::Item(second.0)), (second.1, Answer::Empty)]);
        }
        [invented, twice, refused, swapped, lost]
    });
    println!("rejected: {invented} invented, {twice} got twice, {refused} never put, {swapped} swapped, {lost} lost");
}

/// A thread alone has one right answer to each call, whatever the type: no other of those that were given passes.
fn alone<S: Spec<Call: Clone, Answer: Clone>, V>(
    strategy: impl Strategy<Value = V>,
    programs: impl Fn(&V) -> &[Program<S::Call>],
    spec: impl Fn(&V) -> S,
    run: impl Fn(&V, &[Program<S::Call>]) -> History<S::Call, S::Answer>,
) {
    let mut rejected = 0;
    until(20 * ENOUGH, strategy, |value| {
        let spec = spec(&value);
        let real = run(&value, &programs(&value)[..1]).threads;
        judge(&spec, &History::from(real.clone())).unwrap();
        let answer = |index: usize| &real[0][index].returned.as_ref().unwrap().0;
        for index in 0..real[0].len() {
            for other in (0..real[0].len()).map(answer).filter(|other| *other != answer(index)) {
                let mut threads = real.clone();
                threads[0][index].returned.as_mut().unwrap().0 = other.clone();
                let history = History::from(threads);
                assert!(judge(&spec, &history).is_err(), "accepted with operation {index} wrong:\n{history}");
                rejected += 1;
            }
        }
        [rejected]
    });
    println!("rejected: {rejected}");
}

#[test]
fn a_wrong_answer_of_a_queue_is_rejected() {
    let spec = |(capacity, _): &(usize, _)| Queue::last_in_first_out(*capacity);
    alone(
        never_shut(),
        |(_, programs)| programs,
        spec,
        |(capacity, _), programs| run_on(&LifoQueue::new(*capacity), &programs.to_vec()),
    );
}

#[test]
fn a_wrong_answer_of_a_semaphore_is_rejected() {
    let spec = |(permits, _): &(u32, _)| of_semaphore::Semaphore::new(*permits, *permits);
    alone(
        semaphore::started(),
        |(_, programs)| programs,
        spec,
        |(permits, _), programs| semaphore::run_on(&BoundedSemaphore::new(*permits), programs),
    );
}

#[test]
fn a_wrong_answer_of_an_event_is_rejected() {
    let programs = crate::program::programs(event::call());
    alone(
        programs,
        |programs| programs,
        |_| of_event::Event(false),
        |_, programs| event::run_on(&Event::new(), programs),
    );
}

#[test]
fn a_wrong_answer_of_a_lock_is_rejected() {
    alone(
        crate::lock::balanced(),
        |programs| programs,
        |_| underthread::spec::lock::Lock::new(),
        |_, programs| crate::lock::run_on_lock(programs),
    );
}

#[test]
fn a_wrong_answer_of_a_barrier_is_rejected() {
    let spec = |(parties, _): &(u32, _)| of_barrier::Barrier::new(*parties as usize);
    alone(
        barrier::for_some(),
        |(_, programs)| programs,
        spec,
        |(parties, _), programs| {
            let barrier = Barrier::new(*parties);
            run(programs, |_| {
                |log: &mut Log<'_, _, _>, call, _| {
                    log.record(call, || barrier::perform(&barrier, call, Patience::For(std::time::Duration::ZERO)));
                }
            })
        },
    );
}
