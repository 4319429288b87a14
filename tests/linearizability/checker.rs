//! The checker, on histories whose verdicts are known.

use proptest::prelude::*;
use underthread::spec::barrier::{self, Barrier};
use underthread::spec::queue::{Answer, Call, Queue};
use underthread::spec::semaphore::{self, Semaphore};
use underthread::spec::{
    History, Operation, Spec, Step, Verdict, assert_linearizable, assert_linearizable_within, check,
};

type Done<S> = Operation<<S as Spec>::Call, <S as Spec>::Answer>;

fn done<C, A>(call: C, answer: A, called: u64, returned: u64) -> Operation<C, A> {
    Operation { call, called, returned: Some((answer, returned)) }
}

fn pending<C, A>(call: C, called: u64) -> Operation<C, A> {
    Operation { call, called, returned: None }
}

fn verdict<S: Spec>(spec: S, threads: Vec<Vec<Done<S>>>) -> Verdict {
    check(&spec, &History::from(threads), 10_000)
}

fn fifo() -> Queue<u8> {
    Queue::first_in_first_out(2)
}

const YES: fn(&Verdict) -> bool = |verdict| matches!(verdict, Verdict::Linearizable(_));

#[test]
fn what_overlaps_may_come_in_either_order() {
    for (first, second) in [(1, 2), (2, 1)] {
        let order = verdict(
            fifo(),
            vec![
                vec![done(Call::Put(1), Answer::Done, 0, 2), done(Call::Get, Answer::Item(first), 4, 5)],
                vec![done(Call::Put(2), Answer::Done, 1, 3), done(Call::Get, Answer::Item(second), 6, 7)],
            ],
        );
        assert!(YES(&order), "{order:?}");
    }
}

#[test]
fn what_does_not_overlap_comes_in_the_order_of_time() {
    let threads = |puts: [u64; 4]| {
        vec![
            vec![done(Call::Put(1), Answer::Done, puts[0], puts[1])],
            vec![done(Call::Put(2), Answer::Done, puts[2], puts[3])],
            vec![done(Call::Get, Answer::Item(2), 4, 5)],
        ]
    };
    assert!(YES(&verdict(fifo(), threads([0, 2, 1, 3]))));
    // It would do in some order of what each thread did: to be sequentially consistent is not enough.
    let late = verdict(fifo(), threads([0, 1, 2, 3]));
    assert!(matches!(late, Verdict::NotLinearizable { at: (2, 0), .. }), "{late:?}");
    // Equal stamps overlap.
    assert!(YES(&verdict(fifo(), threads([0, 1, 1, 3]))));
}

#[test]
fn empty_is_right_at_a_moment_within_the_call_only() {
    let threads = |called, returned| {
        vec![
            vec![done(Call::Put(1), Answer::Done, 1, 2), done(Call::TryPut(2), Answer::Done, 5, 6)],
            vec![done(Call::TryGet, Answer::Empty, called, returned)],
        ]
    };
    assert!(YES(&verdict(fifo(), threads(0, 8))));
    assert!(YES(&verdict(fifo(), threads(0, 3))));
    assert!(!YES(&verdict(fifo(), threads(3, 8))));
}

#[test]
fn a_pending_operation_may_have_taken_effect_or_not() {
    for answer in [Answer::Empty, Answer::Item(1)] {
        let seen = verdict(fifo(), vec![vec![pending(Call::Put(1), 0)], vec![done(Call::TryGet, answer, 1, 2)]]);
        assert!(YES(&seen), "{seen:?}");
    }
    let before = verdict(fifo(), vec![vec![pending(Call::Put(1), 2)], vec![done(Call::TryGet, Answer::Item(1), 0, 1)]]);
    assert!(!YES(&before));
    // One that waits where it has to is no reason to reject, nor to answer.
    assert!(YES(&verdict(fifo(), vec![vec![pending(Call::Get, 0)]])));
    assert!(!YES(&verdict(fifo(), vec![vec![done(Call::Get, Answer::Empty, 0, 1)]])));
}

#[test]
fn a_barrier_for_nobody_is_for_one() {
    let alone = vec![vec![done(barrier::Call::Wait, barrier::Answer::Place(0), 0, 1)]];
    let found = verdict(Barrier::new(0), alone);
    assert!(YES(&found), "{found:?}");
}

#[test]
fn nobody_is_linearizable() {
    assert_eq!(verdict(fifo(), Vec::new()), Verdict::Linearizable(Vec::new()));
    assert_eq!(verdict(fifo(), vec![Vec::new(); 3]), Verdict::Linearizable(Vec::new()));
}

/// The later operations would be wrong too.
#[test]
fn the_first_return_without_an_order_is_named() {
    let Verdict::NotLinearizable { at, why } = verdict(
        fifo(),
        vec![
            vec![done(Call::Put(1), Answer::Done, 0, 1), done(Call::TryGet, Answer::Empty, 3, 5)],
            vec![pending(Call::Put(2), 2)],
            vec![done(Call::TryGet, Answer::Empty, 6, 7)],
        ],
    ) else {
        panic!("accepted")
    };
    assert_eq!(at, (0, 1));
    assert_eq!(
        why,
        "not linearizable at the return of operation 1 of thread 0:
    thread 0  Put(1) -> Done                       ├┤
    thread 1  Put(2), pending                        ├─…
    thread 0  TryGet -> Empty                         ├┤
an order of as many as possible:
    thread 0  Put(1) -> Done
    thread 1  Put(2), pending
leaves Queue { order: First, capacity: 2, items: [1, 2], shut: false, drains: None }, where
    thread 0  TryGet -> Empty  would Return(Item(1))
"
    );
}

#[test]
fn a_history_shows_what_came_of_each_call_and_what_never_returned() {
    let history =
        History::from(vec![vec![done(Call::Put(1u8), Answer::<u8>::Done, 0, 2)], vec![pending(Call::Get, 1)]]);
    assert_eq!(
        history.to_string(),
        "    thread 0  Put(1) -> Done                       ├─┤
    thread 1  Get, pending                          ├─…
"
    );
    let shown = format!("History {{ threads: {:?}, .. }}", history.threads);
    assert_eq!(format!("{history:?}"), shown);
}

/// Up to the return of the second thread's get, that of the first may still have got the item.
#[test]
fn what_returns_later_is_pending_in_the_beginning_that_is_named() {
    let found = verdict(
        fifo(),
        vec![
            vec![done(Call::TryGet, Answer::Item(9), 0, 5)],
            vec![done(Call::Put(1), Answer::Done, 1, 2), done(Call::TryGet, Answer::Empty, 3, 4)],
        ],
    );
    assert!(matches!(found, Verdict::NotLinearizable { at: (0, 0), .. }), "{found:?}");
}

/// Thirty puts that overlap, in no order that a last get allows.
#[test]
fn it_says_when_it_gives_up() {
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Right;
    impl Spec for Right {
        type Call = ();
        type Answer = bool;
        fn step(&mut self, _: usize, (): &()) -> Step<bool> {
            Step::Return(true)
        }
    }
    let right = (0..30).map(|called| vec![done((), true, called, 100)]);
    let wrong = vec![done((), false, 101, 102)];
    let history = History::from(right.chain([wrong]).collect::<Vec<_>>());
    assert_eq!(check(&Right, &history, 10_000), Verdict::GaveUp);
    let refused = std::panic::catch_unwind(|| assert_linearizable_within(10_000, &Right, &history)).unwrap_err();
    let message = refused.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("not known") && message.contains("after 10000 "), "{message}");
    // The start, and what each of the three leaves.
    let three = History::from(vec![(0..3).map(|index| done((), true, 2 * index, 2 * index + 1)).collect()]);
    assert!(YES(&check(&Right, &three, 4)));
    assert_eq!([0, 1, 3].map(|limit| check(&Right, &three, limit)), [(); 3].map(|()| Verdict::GaveUp));
}

#[test]
#[should_panic = "not linearizable at the return of operation 0 of thread 0"]
fn to_assert_fails_with_the_reason() {
    assert_linearizable(&fifo(), &History::from(vec![vec![done(Call::TryGet, Answer::Item(1), 0, 1)]]));
}

#[test]
#[should_panic = "operations of one thread overlap"]
fn one_thread_does_one_thing_at_a_time() {
    let own = vec![done(Call::Size, Answer::Size(0), 0, 2), done(Call::Size, Answer::Size(0), 1, 3)];
    let _ = verdict(fifo(), vec![own]);
}

/// One step each, but for a spec that never ends: it cannot hold the search.
#[test]
fn a_step_that_changes_nothing_is_taken_once() {
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Idle;
    impl Spec for Idle {
        type Call = ();
        type Answer = ();
        fn step(&mut self, _: usize, (): &()) -> Step<()> {
            Step::Stay
        }
    }
    assert!(!YES(&verdict(Idle, vec![vec![done((), (), 0, 1)]])));
}

/// One that collects two permits and gives up hides the only one meanwhile: the try in between fails, though nobody has
/// acquired it.
#[test]
fn what_others_see_half_done_takes_several_steps() {
    use semaphore::{Answer::Is, Call};
    let threads = |called, returned| {
        vec![
            vec![done(Call::AcquireTimeout(2), Is(false), called, returned)],
            vec![done(Call::TryAcquire(1), Is(false), 2, 3), done(Call::TryAcquire(1), Is(true), 4, 5)],
        ]
    };
    assert!(YES(&verdict(Semaphore::new(1, 9), threads(0, 8))));
    assert!(!YES(&verdict(Semaphore::new(1, 9), threads(4, 8))));
}

/// Of three that are released at once one may be handed to the sleeper, who then takes the other that it lacks.
#[test]
fn who_collects_may_take_one_before_the_other() {
    use semaphore::{Answer, Call};
    let seen = |value| {
        let others = vec![
            done(Call::Release(3), Answer::Is(true), 1, 2),
            done(Call::Value, Answer::Value(value), 3, 4),
            done(Call::Value, Answer::Value(1), 6, 7),
        ];
        verdict(Semaphore::new(0, 9), vec![vec![done(Call::Acquire(2), Answer::Is(true), 0, 5)], others])
    };
    assert!([1, 2, 3].map(seen).iter().all(YES));
    assert!(!YES(&seen(0)));
}

/// Shut, and for a moment not yet drained: for those who ask.
#[test]
fn a_shutdown_may_be_seen_half_done_by_those_who_ask() {
    let asks = |drained: &[u8], then| {
        let mut other = vec![done(Call::Put(1), Answer::Done, 0, 1), done(Call::IsShutdown, Answer::Is(true), 3, 4)];
        other.push(then);
        verdict(fifo(), vec![vec![done(Call::Shutdown(true), Answer::Items(drained.to_vec()), 2, 7)], other])
    };
    assert!(YES(&asks(&[1], done(Call::Size, Answer::Size(1), 5, 6))));
    assert!(YES(&asks(&[1], done(Call::Size, Answer::Size(0), 5, 6))));
    assert!(!YES(&asks(&[1], done(Call::TryGet, Answer::Item(1), 5, 6))));
    assert!(!YES(&asks(&[], done(Call::TryGet, Answer::Item(1), 5, 6))));
}

/// All have arrived, and the action runs: then an abort still breaks the cycle.
#[test]
fn a_cycle_is_complete_when_its_action_is_done() {
    use barrier::{Answer, Call};
    let aborted = |first, second| {
        verdict(
            Barrier::new(2),
            vec![
                vec![done(Call::Wait, first, 0, 20)],
                vec![done(Call::Wait, second, 1, 20)],
                vec![
                    done(Call::Waiting, Answer::Number(1), 2, 3),
                    done(Call::Waiting, Answer::Number(0), 4, 5),
                    done(Call::IsBroken, Answer::Is(false), 6, 7),
                    done(Call::Abort, Answer::Done, 8, 9),
                ],
            ],
        )
    };
    assert!(YES(&aborted(Answer::Broken, Answer::Broken)));
    assert!(YES(&aborted(Answer::Place(0), Answer::Place(1))));
    assert!(!YES(&aborted(Answer::Place(0), Answer::Broken)));
}

#[test]
fn a_place_at_a_barrier_is_for_those_who_overlap() {
    use barrier::Answer::{Broken, Place};
    use barrier::Call::{Wait, WaitTimeout};
    let places = |first, second, called| {
        verdict(
            Barrier::new(2),
            vec![vec![done(WaitTimeout, first, 0, 2)], vec![done(Wait, second, called, called + 2)]],
        )
    };
    assert!(YES(&places(Place(0), Place(1), 1)));
    assert!(YES(&places(Place(1), Place(0), 1)));
    assert!(!YES(&places(Place(0), Place(0), 1)));
    assert!(!YES(&places(Place(0), Place(1), 3)));
    assert!(YES(&places(Broken, Broken, 3)));
    // Broken before, or in the cycle: for both.
    assert!(YES(&places(Broken, Broken, 1)));
    assert!(!YES(&places(Broken, Place(1), 1)));
}

#[test]
fn what_is_logged_comes_after_what_the_history_was_made_from() {
    let mut history = History::from(vec![vec![done(Call::Put(1), Answer::Done, 0, 7)]]);
    history.logs(2).last().unwrap().record(Call::TryGet, || Answer::Empty);
    assert_eq!(history.threads[1][0].called, 8);
    assert!(!YES(&check(&fifo(), &history, 100)));
}

#[test]
fn a_log_is_continued_and_a_panic_leaves_its_operation_pending() {
    let mut history = History::new();
    for _ in 0..2 {
        let mut logs = history.logs(2);
        let (mut first, mut second) = (logs.next().unwrap(), logs.next().unwrap());
        assert_eq!(*first.record(Call::Put(1), || Answer::Done), Answer::Done);
        second.record(Call::Get, || Answer::Item(1));
    }
    let mut log = history.logs(1).next().unwrap();
    let panicked = std::panic::AssertUnwindSafe(|| drop(log.record(Call::Get, || panic!("in the operation")).clone()));
    std::panic::catch_unwind(panicked).unwrap_err();
    assert_eq!(history.threads.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    let last = &history.threads[0][2];
    assert_eq!((last.called, &last.returned), (8, &None));
    assert_linearizable(&fifo(), &history);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    /// Four thousand operations that overlap a little, within a few configurations for each.
    #[test]
    fn long_histories_are_no_trouble(entropy in proptest::collection::vec(any::<u8>(), 12_000)) {
        let programs = (0..4u8).map(|thread| (0..500).flat_map(|_| [Call::TryPut(thread), Call::TryGet]).collect());
        let spec = Queue::first_in_first_out(8);
        let history = crate::rival::simulate(&spec, programs.collect(), &entropy);
        prop_assert!(history.threads.iter().flatten().count() > 3000);
        prop_assert!(YES(&check(&spec, &history, 100_000)));
    }
}

#[test]
fn who_must_wait_waits_and_who_need_not_is_answered() {
    use underthread::spec::{Spec, Step, event, lock};
    assert_eq!(event::Event(false).step(0, &event::Call::Wait), Step::Wait);
    assert_eq!(event::Event(true).step(0, &event::Call::Wait), Step::Return(true));
    for (mut lock, again) in [(lock::Lock::new(), Step::Wait), (lock::Lock::reentrant(), Step::Return(true))] {
        assert_eq!(lock.step(0, &lock::Call::Acquire), Step::Return(true));
        assert_eq!(lock.step(0, &lock::Call::Acquire), again);
        assert_eq!(lock.step(1, &lock::Call::Acquire), Step::Wait);
        assert_eq!(lock.step(0, &lock::Call::Release), Step::Return(true));
        // Taken twice and released once, it is held.
        assert_eq!(lock.step(0, &lock::Call::Locked), Step::Return(again != Step::Wait));
    }
    assert_eq!(Semaphore::new(0, 9).step(0, &semaphore::Call::Acquire(2)), Step::Wait);
}

/// Nobody comes in, only who has a timeout gives up, and a reset does nothing.
#[test]
fn while_the_action_of_a_barrier_runs_the_others_wait() {
    use barrier::Answer::{Broken, Done, Place};
    use barrier::Call::{Reset, Wait, WaitTimeout};
    let mut barrier = Barrier::new(2);
    assert_eq!(barrier.step(0, &Wait), Step::Stay);
    assert_eq!(barrier.clone().step(0, &Wait), Step::Wait);
    assert_eq!(barrier.step(1, &Wait), Step::Stay);
    assert_eq!(barrier.clone().step(0, &Wait), Step::Wait);
    assert_eq!(barrier.clone().step(2, &Wait), Step::Wait);
    assert_eq!([0, 2].map(|thread| barrier.clone().step(thread, &WaitTimeout)), [Step::Return(Broken); 2]);
    assert_eq!(barrier.step(2, &Reset), Step::Return(Done));
    assert_eq!([1, 0].map(|thread| barrier.step(thread, &Wait)), [1, 0].map(|place| Step::Return(Place(place))));
}

#[test]
fn after_a_reset_of_a_barrier_all_leave_before_others_come() {
    use barrier::Answer::{Broken, Done, Number};
    use barrier::Call::{Reset, Wait, Waiting};
    let mut barrier = Barrier::new(3);
    assert_eq!([0, 1].map(|thread| barrier.step(thread, &Wait)), [Step::Stay; 2]);
    assert_eq!(barrier.step(2, &Reset), Step::Return(Done));
    for (leaves, then) in [(0, Step::Wait), (1, Step::Stay)] {
        assert_eq!(barrier.step(leaves, &Wait), Step::Return(Broken));
        assert_eq!(barrier.clone().step(2, &Waiting), Step::Return(Number(0)));
        assert_eq!(barrier.clone().step(2, &Wait), then);
    }
}
