//! The checker beside two others: `todc-utils`' on what takes one step, and a search of all orders on the rest.

use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomData;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use todc_utils::linearizability::history::Action;
use todc_utils::{History as Actions, Specification, WGLChecker};
use underthread::spec::{History, Operation, Spec, Step, Verdict, check};
use underthread::spec::{barrier, event, lock, queue, semaphore};

const CASES: u32 = 600;

/// What threads would have done on a type that is as `spec`: by each byte one of them calls, takes a step, or returns.
/// Who has not returned when the bytes end is pending.
pub(crate) fn simulate<S: Spec>(spec: &S, programs: Vec<Vec<S::Call>>, entropy: &[u8]) -> History<S::Call, S::Answer> {
    let mut state = spec.clone();
    let mut clock = 0..;
    let mut threads: Vec<_> = programs.into_iter().map(|calls| (calls.into_iter(), Vec::new(), None)).collect();
    for byte in entropy {
        let thread = usize::from(*byte) % threads.len();
        let (calls, own, answer) = &mut threads[thread];
        let Some(last) = own.last_mut().filter(|last: &&mut Operation<_, _>| last.returned.is_none()) else {
            own.extend(calls.next().map(|call| Operation { call, called: clock.next().unwrap(), returned: None }));
            continue;
        };
        if let Some(answer) = answer.take() {
            last.returned = Some((answer, clock.next().unwrap()));
            continue;
        }
        let mut next = state.clone();
        match next.step(thread, &last.call) {
            Step::Wait => continue,
            Step::Stay => {}
            Step::Return(given) => *answer = Some(given),
        }
        state = next;
    }
    History::from(threads.into_iter().map(|(_, own, _)| own).collect::<Vec<_>>())
}

/// Gives the answer of one operation to another, where `places` say, if they differ.
fn corrupt<C, A: Clone>(history: &mut History<C, A>, places: (usize, usize)) {
    let mut all: Vec<_> = history.threads.iter_mut().flatten().filter_map(|one| one.returned.as_mut()).collect();
    if !all.is_empty() {
        let answer = all[places.0 % all.len()].0.clone();
        let other = places.1 % all.len();
        all[other].0 = answer;
    }
}

/// A spec of ours as one of theirs, which have a fixed start.
struct Theirs<S>(PhantomData<S>);

#[derive(Clone, Debug)]
enum Task<S: Spec> {
    Start(S),
    Do(usize, S::Call, S::Answer),
}

impl<S: Spec<Call: Clone, Answer: Clone>> Specification for Theirs<S> {
    type State = Option<S>;
    type Operation = Task<S>;

    fn init() -> Option<S> {
        None
    }

    fn apply(operation: &Task<S>, state: &Option<S>) -> (bool, Option<S>) {
        match (operation, state) {
            (Task::Start(start), None) => (true, Some(start.clone())),
            (Task::Do(thread, call, answer), Some(state)) => {
                let mut next = state.clone();
                match next.step(*thread, call) {
                    Step::Return(given) if given == *answer => (true, Some(next)),
                    Step::Return(_) | Step::Wait => (false, Some(state.clone())),
                    Step::Stay => panic!("not for this checker"),
                }
            }
            _ => (false, state.clone()),
        }
    }
}

/// What is pending is left out, or has one of `answers` at the end: all ways are tried.
fn by_todc<S: Spec<Call: Clone, Answer: Clone>>(
    spec: &S,
    history: &History<S::Call, S::Answer>,
    answers: &[S::Answer],
) -> bool {
    let complete = |actions: Vec<(u64, usize, Action<Task<S>>)>| {
        let mut actions = actions;
        actions.sort_by_key(|(stamp, ..)| *stamp);
        let own = history.threads.len();
        let start = [Action::Call, Action::Response].map(|kind| (own, kind(Task::Start(spec.clone()))));
        let actions = actions.into_iter().map(|(_, thread, action)| (thread, action));
        WGLChecker::<Theirs<S>>::is_linearizable(Actions::from_actions(start.into_iter().chain(actions).collect()))
    };
    let mut ways = vec![Vec::new()];
    for (thread, one) in
        history.threads.iter().enumerate().flat_map(|(thread, own)| own.iter().map(move |one| (thread, one)))
    {
        let with = |answer: &S::Answer, end| {
            let done = Task::Do(thread, one.call.clone(), answer.clone());
            [(one.called, thread, Action::Call(done.clone())), (end, thread, Action::Response(done))]
        };
        let more: Vec<_> = match &one.returned {
            Some((answer, end)) => vec![Some(with(answer, *end))],
            None => answers.iter().map(|answer| Some(with(answer, u64::MAX))).chain([None]).collect(),
        };
        let longer = |way: &Vec<_>| {
            more.iter().map(|more| [&way[..], more.as_ref().map_or(&[], |more| &more[..])].concat()).collect::<Vec<_>>()
        };
        ways = ways.iter().flat_map(longer).collect();
    }
    ways.into_iter().any(complete)
}

/// Every order of steps that keeps the order of time, without any memory.
fn by_all_orders<S: Spec>(state: &S, left: &[&[Operation<S::Call, S::Answer>]]) -> bool {
    let returned = |own: &&[Operation<_, _>]| own.iter().any(|one| one.returned.is_some());
    !left.iter().any(returned)
        || (0..left.len()).any(|thread| {
            let Some(one) = left[thread].first() else { return false };
            let too_early = |other: &&[Operation<_, S::Answer>]| {
                other.iter().any(|other| other.returned.as_ref().is_some_and(|(_, end)| *end < one.called))
            };
            let mut next = state.clone();
            let mut rest = left.to_vec();
            !left.iter().any(too_early)
                && match next.step(thread, &one.call) {
                    Step::Wait => false,
                    Step::Stay => next != *state && by_all_orders(&next, left),
                    Step::Return(answer) => {
                        rest[thread] = &left[thread][1..];
                        one.returned.as_ref().is_none_or(|(real, _)| *real == answer) && by_all_orders(&next, &rest)
                    }
                }
        })
}

/// Small histories, most of them with wrong answers: both say the same of each, and enough are of either sort.
fn compare<S: Spec<Call: Clone, Answer: Clone>>(
    test: &'static str,
    spec: impl Strategy<Value = S>,
    call: impl Strategy<Value = S::Call>,
    rival: impl Fn(&S, &History<S::Call, S::Answer>) -> bool,
) {
    let programs = proptest::collection::vec(proptest::collection::vec(call, 1..=4), 2..=3);
    let entropy = proptest::collection::vec(any::<u8>(), 10..40);
    let wrong = proptest::collection::vec((any::<usize>(), any::<usize>()), 0..5);
    let config = Config { cases: CASES, source_file: Some(file!()), test_name: Some(test), ..Config::default() };
    let (right, rejected) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&(spec, programs, entropy, wrong), |(spec, programs, entropy, wrong)| {
        let mut history = simulate(&spec, programs, &entropy);
        wrong.iter().for_each(|places| corrupt(&mut history, *places));
        let own = match check(&spec, &history, 1_000_000) {
            Verdict::Linearizable(_) => true,
            Verdict::NotLinearizable { .. } => false,
            Verdict::GaveUp => panic!("gave up"),
        };
        prop_assert!(own || !wrong.is_empty(), "a simulated history is rejected");
        prop_assert_eq!(own, rival(&spec, &history), "ours and theirs, of\n{}", history);
        let count = if own { &right } else { &rejected };
        count.set(count.get() + 1);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{test}: {right:?} accepted, {rejected:?} rejected");
    assert!(right.get() > CASES / 20 && rejected.get() > CASES / 20);
}

fn queues() -> impl Strategy<Value = queue::Queue<u8>> {
    type Make = fn(usize) -> queue::Queue<u8>;
    let make: [Make; 3] =
        [queue::Queue::first_in_first_out, queue::Queue::last_in_first_out, queue::Queue::least_first];
    (0..3usize, 1..3usize).prop_map(move |(order, capacity)| make[order](capacity))
}

fn queue_call(immediate: bool) -> impl Strategy<Value = queue::Call<u8>> {
    use queue::Call;
    prop_oneof![
        4 => (0..3u8).prop_map(Call::TryPut),
        2 => (0..3u8).prop_map(Call::Put),
        4 => Just(Call::TryGet),
        2 => Just(Call::Get),
        1 => Just(Call::Size),
        1 => Just(Call::IsShutdown),
        1 => Just(Call::Shutdown(immediate)),
    ]
}

#[test]
fn todc_utils_agrees_on_queues() {
    use queue::Answer::*;
    let mut answers = vec![Done, Full, Empty, ShutDown, Items(Vec::new()), Is(false), Is(true)];
    answers.extend((0..3).map(Item));
    answers.extend((0..3).map(Size));
    compare("todc_utils_agrees_on_queues", queues(), queue_call(false), |spec, history| {
        by_todc(spec, history, &answers)
    });
}

#[test]
fn todc_utils_agrees_on_locks() {
    use lock::Call;
    let locks = prop_oneof![Just(lock::Lock::new()), Just(lock::Lock::reentrant())];
    let calls = prop_oneof![Just(Call::Acquire), Just(Call::TryAcquire), Just(Call::Release), Just(Call::Locked)];
    compare("todc_utils_agrees_on_locks", locks, calls, |spec, history| by_todc(spec, history, &[false, true]));
}

#[test]
fn todc_utils_agrees_on_events() {
    use event::{Call, Event};
    let calls = prop_oneof![Just(Call::Set), Just(Call::Clear), Just(Call::Wait), Just(Call::TryWait)];
    let events = any::<bool>().prop_map(Event);
    compare("todc_utils_agrees_on_events", events, calls, |spec, history| by_todc(spec, history, &[false, true]));
}

#[test]
fn todc_utils_agrees_on_semaphores() {
    use semaphore::{Answer, Call, Semaphore};
    let calls = prop_oneof![
        (1..3u32).prop_map(Call::TryAcquire),
        Just(Call::AcquireTimeout(1)),
        Just(Call::Acquire(1)),
        (1..3u32).prop_map(Call::Release),
        Just(Call::Value),
    ];
    let semaphores = (0..3u32).prop_map(|permits| Semaphore::new(permits, 3));
    let mut answers = vec![Answer::Is(false), Answer::Is(true)];
    answers.extend((0..4).map(Answer::Value));
    compare("todc_utils_agrees_on_semaphores", semaphores, calls, |spec, history| by_todc(spec, history, &answers));
}

fn all_orders<S: Spec>(spec: &S, history: &History<S::Call, S::Answer>) -> bool {
    by_all_orders(spec, &history.threads.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn all_orders_agree_on_queues() {
    compare("all_orders_agree_on_queues", queues(), queue_call(true), all_orders);
}

#[test]
fn all_orders_agree_on_semaphores() {
    use semaphore::{Call, Semaphore};
    let calls = prop_oneof![
        (1..4u32).prop_map(Call::TryAcquire),
        (1..4u32).prop_map(Call::AcquireTimeout),
        (1..4u32).prop_map(Call::Acquire),
        (1..3u32).prop_map(Call::Release),
        Just(Call::Value),
    ];
    let semaphores = (0..3u32).prop_map(|permits| Semaphore::new(permits, 3));
    compare("all_orders_agree_on_semaphores", semaphores, calls, all_orders);
}

#[test]
fn all_orders_agree_on_barriers() {
    use barrier::{Barrier, Call};
    let calls = prop_oneof![
        4 => Just(Call::Wait),
        4 => Just(Call::WaitTimeout),
        1 => Just(Call::Abort),
        1 => Just(Call::Reset),
        1 => Just(Call::Waiting),
        1 => Just(Call::IsBroken),
    ];
    compare("all_orders_agree_on_barriers", (1..4usize).prop_map(Barrier::new), calls, all_orders);
}
