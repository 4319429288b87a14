//! Generated programs, run by real threads, each several times; their histories checked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use underthread::spec::{History, LIMIT, Log, Operation, Spec, Verdict, check};

use crate::support::watched;

const PROGRAMS: u32 = 40;
const RUNS: u32 = 25;

/// A timeout that may pass or not.
pub(crate) const SHORT: Duration = Duration::from_micros(100);

/// What one thread does.
pub(crate) type Program<C> = Vec<Planned<C>>;

/// A call, after a pause.
#[derive(Clone)]
pub(crate) struct Planned<C> {
    pub(crate) pause: Pause,
    pub(crate) call: C,
    pub(crate) patience: Patience,
}

impl<C: Debug> Debug for Planned<C> {
    /// In one line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}, {:?}, {:?}", self.pause, self.call, self.patience)
    }
}

/// How often to give way, or to look elsewhere, before a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pause {
    Yields(u8),
    Spins(u8),
}

/// How long an operation that may wait is to wait, if its spec leaves that open.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// By the method that only tries.
    Try,
    /// By the method with a timeout.
    For(Duration),
}

impl Pause {
    fn take(self) {
        match self {
            Self::Yields(times) => (0..times).for_each(|_| thread::yield_now()),
            Self::Spins(times) => (0..u32::from(times) * 8).for_each(|_| hint::spin_loop()),
        }
    }
}

pub(crate) fn pause() -> impl Strategy<Value = Pause> {
    prop_oneof![
        3 => Just(Pause::Yields(0)),
        2 => (1..4u8).prop_map(Pause::Yields),
        2 => any::<u8>().prop_map(Pause::Spins),
    ]
}

fn patience() -> impl Strategy<Value = Patience> {
    prop_oneof![
        2 => Just(Patience::Try),
        1 => Just(Patience::For(Duration::ZERO)),
        1 => Just(Patience::For(SHORT)),
    ]
}

/// Programs for 2 to 4 threads of 4 to 12 calls each.
pub(crate) fn programs<C: Debug + Clone>(
    call: impl Strategy<Value = C> + Clone,
) -> impl Strategy<Value = Vec<Program<C>>> {
    let planned = (pause(), call, patience()).prop_map(|(pause, call, patience)| Planned { pause, call, patience });
    let own = proptest::collection::vec(planned, 4..=12);
    proptest::collection::vec(own, 2..=4)
}

/// Runs each of `programs` in a thread of its own, which does its calls by what `worker` makes for it.
pub(crate) fn run<C, A, W>(programs: &[Program<C>], worker: impl Fn(usize) -> W + Sync) -> History<C, A>
where
    C: Clone + Send + Sync,
    A: Send,
    W: FnMut(&mut Log<'_, C, A>, C, Patience),
{
    let (mut history, here) = (History::new(), AtomicUsize::new(0));
    let (worker, here) = (&worker, &here);
    thread::scope(|scope| {
        for (thread, (program, mut log)) in programs.iter().zip(history.logs(programs.len())).enumerate() {
            scope.spawn(move || {
                let mut perform = worker(thread);
                here.fetch_add(1, Ordering::AcqRel);
                // All at once, where there are CPUs for that.
                for look in 1.. {
                    if here.load(Ordering::Acquire) == programs.len() {
                        break;
                    }
                    Pause::take(if look % 64 == 0 { Pause::Yields(1) } else { Pause::Spins(1) });
                }
                for Planned { pause, call, patience } in program {
                    pause.take();
                    perform(&mut log, call.clone(), *patience);
                }
            });
        }
    });
    history
}

/// What was seen, so that a test can tell that it has looked at something.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Of each answer's name, how many.
    pub(crate) answers: BTreeMap<String, usize>,
    /// How many operations were called while another had not returned.
    pub(crate) overlaps: usize,
}

impl Tally {
    pub(crate) fn add<C, A: Debug>(&mut self, history: &History<C, A>) {
        let all = || history.threads.iter().flatten();
        for one in all() {
            let (answer, end) = one.returned.as_ref().expect("every thread has come to its end");
            let name = format!("{answer:?}");
            *self.answers.entry(name.split('(').next().unwrap().to_owned()).or_default() += 1;
            self.overlaps += usize::from(all().any(|other| one.called < other.called && other.called < *end));
        }
    }

    /// Fails unless each of these answers has come, and something overlapped.
    #[track_caller]
    pub(crate) fn assert_saw(&self, answers: &[&str]) {
        println!("{self:?}");
        assert!(answers.iter().all(|name| self.answers.contains_key(*name)), "not all of {answers:?} in {self:?}");
        assert!(self.overlaps > 0, "nothing was concurrent");
    }
}

/// As many programs as [`explore`] runs. A failure is kept under the name of `test`.
pub(crate) fn config(test: &'static str) -> Config {
    // It is the schedule that fails: to shrink the program for long is in vain.
    Config {
        cases: PROGRAMS,
        max_shrink_iters: 100,
        source_file: Some(file!()),
        test_name: Some(test),
        ..Config::default()
    }
}

/// Runs programs that `strategy` makes, each several times, and fails with a program and a history unless all
/// histories are linearizable.
pub(crate) fn explore<P: Debug + Clone, S: Spec>(
    config: Config,
    strategy: impl Strategy<Value = P>,
    spec: impl Fn(&P) -> S,
    run: impl Fn(&P) -> History<S::Call, S::Answer>,
) -> Tally {
    let tally = RefCell::new(Tally::default());
    let outcome = TestRunner::new(config).run(&strategy, |program| {
        watched(|| {
            for _ in 0..RUNS {
                let history = run(&program);
                judge(&spec(&program), &history).map_err(TestCaseError::fail)?;
                tally.borrow_mut().add(&history);
            }
            Ok(())
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    tally.into_inner()
}

/// `Err` with the reason unless it is linearizable.
pub(crate) fn judge<S: Spec>(spec: &S, history: &History<S::Call, S::Answer>) -> Result<(), String> {
    match check(spec, history, LIMIT) {
        Verdict::Linearizable(order) => {
            assert_in_order(spec, history, &order);
            Ok(())
        }
        Verdict::NotLinearizable { why, .. } => Err(why),
        Verdict::GaveUp => Err(format!("gave up on\n{history}")),
    }
}

/// The order is one: every operation that returned is in it once, each after those that returned before its call.
fn assert_in_order<S: Spec>(_: &S, history: &History<S::Call, S::Answer>, order: &[(usize, usize)]) {
    let get = |(thread, index): (usize, usize)| -> &Operation<_, _> { &history.threads[thread][index] };
    let ended = |one: &Operation<S::Call, S::Answer>| one.returned.as_ref().map_or(u64::MAX, |(_, end)| *end);
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), order.len());
    let returned = history.threads.iter().flatten().filter(|one| one.returned.is_some()).count();
    assert_eq!(order.iter().filter(|place| get(**place).returned.is_some()).count(), returned);
    let mut latest = 0;
    for place in order {
        latest = latest.max(get(*place).called);
        assert!(ended(get(*place)) >= latest, "against the order of time");
    }
}
