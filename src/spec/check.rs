//! The search for an order that explains a history.

use core::fmt::Write;
use std::collections::HashSet;
use std::rc::Rc;

use super::{History, Operation, Spec, Step};

/// How many configurations [`assert_linearizable`] looks at before it gives up.
pub const LIMIT: usize = 1_000_000;

/// What [`check`] has found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// In this order of (thread, index of its operation) they would have answered as they did.
    Linearizable(Vec<(usize, usize)>),
    /// There is no such order.
    NotLinearizable {
        /// The operation (thread, index) whose return no order explains, while those before have one. It may be a later
        /// one if the limit was reached for a beginning of the history: that counts as one that has an order.
        at: (usize, usize),
        /// The history up to there, the longest order that was found, and what the spec would do next.
        why: String,
    },
    /// There may be one, or not: the limit was reached.
    GaveUp,
}

/// Looks for an order in which operations on what begins as `start` answer as they did in `history`, within `limit`
/// configurations.
///
/// A configuration is how many operations of each thread are done, and the state then. From each the search goes on
/// with the threads whose next call comes before all returns of operations not yet done: first the one whose return is
/// the earliest. None is looked at twice. If there is no order, the search is repeated for beginnings of the history.
///
/// # Panics
///
/// If operations of one thread overlap, or return before they are called.
pub fn check<S: Spec>(start: &S, history: &History<S::Call, S::Answer>, limit: usize) -> Verdict {
    for own in &history.threads {
        assert!(own.iter().all(|one| one.called <= one.end()), "an operation returns before it is called");
        assert!(own.windows(2).all(|two| two[0].end() <= two[1].called), "operations of one thread overlap");
    }
    let search = |until| Search { threads: &history.threads, until, limit }.run(start);
    match search(u64::MAX) {
        Found::Order(path) => return Verdict::Linearizable(order(&path).collect()),
        Found::TooMany => return Verdict::GaveUp,
        Found::Stuck(_) => {}
    }
    let indexed = |(thread, own): (usize, &'_ Vec<Operation<_, _>>)| {
        own.iter().enumerate().map(move |(index, one)| (one.end(), thread, index)).collect::<Vec<_>>()
    };
    let mut returns: Vec<_> = history.threads.iter().enumerate().flat_map(indexed).collect();
    returns.sort_unstable();
    // A beginning that has an order is so to its own beginnings; the longest, up to the last return, has none.
    let first = returns.partition_point(|(end, ..)| !matches!(search(*end), Found::Stuck(_)));
    let (until, thread, index) = returns[first];
    let why = match search(until) {
        Found::Stuck(path) => explain(history, until, (thread, index), &path),
        _ => String::new(),
    };
    Verdict::NotLinearizable { at: (thread, index), why }
}

/// Panics, saying why, unless [`check`] finds an order for `history` within [`LIMIT`] configurations.
///
/// # Panics
///
/// If there is no order, if the search gives up, and as [`check`].
#[track_caller]
pub fn assert_linearizable<S: Spec>(start: &S, history: &History<S::Call, S::Answer>) {
    assert_linearizable_within(LIMIT, start, history);
}

/// As [`assert_linearizable`], within `limit` configurations.
///
/// # Panics
///
/// As [`assert_linearizable`].
#[track_caller]
pub fn assert_linearizable_within<S: Spec>(limit: usize, start: &S, history: &History<S::Call, S::Answer>) {
    match check(start, history, limit) {
        Verdict::Linearizable(_) => {}
        Verdict::NotLinearizable { why, .. } => panic!("{why}"),
        Verdict::GaveUp => {
            panic!("not known whether it is linearizable: gave up after {limit} configurations of\n{history}")
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Configuration<S> {
    done: Vec<usize>,
    state: S,
}

/// From the start to a configuration, one step each.
type Path<S> = Vec<Rc<Configuration<S>>>;

enum Found<S> {
    Order(Path<S>),
    /// The longest path.
    Stuck(Path<S>),
    TooMany,
}

/// In the history up to the stamp `until`: what returns later is pending.
struct Search<'a, C, A> {
    threads: &'a [Vec<Operation<C, A>>],
    until: u64,
    limit: usize,
}

impl<C, A: PartialEq> Search<'_, C, A> {
    fn run<S: Spec<Call = C, Answer = A>>(&self, start: &S) -> Found<S> {
        let start = Rc::new(Configuration { done: vec![0; self.threads.len()], state: start.clone() });
        let mut seen = HashSet::from([Rc::clone(&start)]);
        let mut open = vec![self.candidates(&start.done)];
        let mut path = vec![start];
        let mut longest = Path::new();
        while let Some(candidates) = open.last_mut() {
            let Some(candidates) = candidates else { return Found::Order(path) };
            let here = &path[path.len() - 1];
            let Some(thread) = candidates.pop() else {
                if path.len() > longest.len() {
                    longest.clone_from(&path);
                }
                path.pop();
                open.pop();
                continue;
            };
            let Some(next) = self.step(here, thread).map(Rc::new) else { continue };
            if seen.insert(Rc::clone(&next)) {
                if seen.len() > self.limit {
                    return Found::TooMany;
                }
                open.push(self.candidates(&next.done));
                path.push(next);
            }
        }
        Found::Stuck(longest)
    }

    /// The threads whose next operation may take a step, the one to be tried first at the end; `None` if all that has
    /// returned is done.
    fn candidates(&self, done: &[usize]) -> Option<Vec<usize>> {
        let next = |thread: usize| self.threads[thread].get(done[thread]);
        let end = |thread: usize| next(thread).map_or(u64::MAX, |one| self.end(one));
        let first_end = (0..done.len()).map(end).min().filter(|end| *end != u64::MAX)?;
        let may = |thread: &usize| next(*thread).is_some_and(|one| one.called <= first_end);
        let mut candidates: Vec<_> = (0..done.len()).filter(may).collect();
        candidates.sort_by_key(|thread| core::cmp::Reverse(end(*thread)));
        Some(candidates)
    }

    fn end(&self, one: &Operation<C, A>) -> u64 {
        if one.end() <= self.until { one.end() } else { u64::MAX }
    }

    fn step<S: Spec<Call = C, Answer = A>>(&self, here: &Configuration<S>, thread: usize) -> Option<Configuration<S>> {
        let one = &self.threads[thread][here.done[thread]];
        let (mut done, mut state) = (here.done.clone(), here.state.clone());
        match state.step(thread, &one.call) {
            Step::Return(answer) => {
                let right = one.returned.as_ref().is_none_or(|(real, end)| *end > self.until || *real == answer);
                done[thread] += 1;
                right.then_some(Configuration { done, state })
            }
            Step::Stay => Some(Configuration { done, state }),
            Step::Wait => None,
        }
    }
}

/// The operations that become done on `path`.
fn order<S>(path: &Path<S>) -> impl Iterator<Item = (usize, usize)> {
    path.windows(2).filter_map(|two| {
        let thread = (0..two[0].done.len()).find(|thread| two[0].done[*thread] != two[1].done[*thread])?;
        Some((thread, two[0].done[thread]))
    })
}

fn explain<S: Spec>(
    history: &History<S::Call, S::Answer>,
    until: u64,
    (thread, index): (usize, usize),
    path: &Path<S>,
) -> String {
    let mut why = String::new();
    let mut say = |line: core::fmt::Arguments<'_>| why.write_fmt(line).expect("a String takes what comes");
    say(format_args!(
        "not linearizable at the return of operation {index} of thread {thread}:\n{}",
        history.until(until)
    ));
    say(format_args!("an order of as many as possible:\n"));
    for (thread, index) in order(path) {
        say(format_args!("    thread {thread}  {}\n", history.threads[thread][index]));
    }
    if let Some(last) = path.last() {
        say(format_args!("leaves {:?}, where\n", last.state));
        for (thread, own) in history.threads.iter().enumerate() {
            let Some(one) = own.get(last.done[thread]).filter(|one| one.called <= until) else { continue };
            let step = last.state.clone().step(thread, &one.call);
            say(format_args!("    thread {thread}  {one}  would {step:?}\n"));
        }
    }
    why
}
