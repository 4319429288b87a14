//! What threads did, and when: calls and returns, stamped by one counter.

use core::fmt;
use core::iter;

use crate::raw::{AtomicU64, Ordering::AcqRel};

/// What some threads called, and what came of it.
///
/// It displays as one line for each operation, by the time of the calls, with a bar from call to return.
pub struct History<C, A> {
    clock: AtomicU64,
    /// For each thread what it called, in order. In one thread each call comes after the return of the call before.
    pub threads: Vec<Vec<Operation<C, A>>>,
}

/// One operation of a [`History`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<C, A> {
    /// What was called.
    pub call: C,
    /// The stamp of the call.
    pub called: u64,
    /// What it answered, and the stamp of the return; `None` if it never returned.
    pub returned: Option<(A, u64)>,
}

/// One thread's part of a [`History`]: to be moved into that thread, which records what it does.
#[derive(Debug)]
pub struct Log<'a, C, A> {
    clock: &'a AtomicU64,
    operations: &'a mut Vec<Operation<C, A>>,
}

impl<C, A> History<C, A> {
    /// Of nobody.
    pub const fn new() -> Self {
        Self { clock: AtomicU64::new(0), threads: Vec::new() }
    }

    /// A log for each of `threads` threads, in their order; those of an earlier call are continued.
    pub fn logs(&mut self, threads: usize) -> impl Iterator<Item = Log<'_, C, A>> {
        let Self { clock, threads: all } = self;
        all.extend(iter::repeat_with(Vec::new).take(threads.saturating_sub(all.len())));
        all.iter_mut().take(threads).map(|operations| Log { clock, operations })
    }

    pub(super) const fn until(&self, until: u64) -> Beginning<'_, C, A> {
        Beginning { history: self, until }
    }
}

impl<C, A> Operation<C, A> {
    /// The stamp of the return; the end of all time if it never returned.
    pub(super) fn end(&self) -> u64 {
        self.returned.as_ref().map_or(u64::MAX, |(_, returned)| *returned)
    }
}

impl<C, A> Log<'_, C, A> {
    /// Runs `operation`, and records it as `call`. If it panics, the record says that it never returned; then this
    /// thread must log no more.
    pub fn record(&mut self, call: C, operation: impl FnOnce() -> A) -> &A {
        let called = self.stamp();
        self.operations.push(Operation { call, called, returned: None });
        let answer = operation();
        let returned = self.stamp();
        let last = self.operations.len() - 1;
        &self.operations[last].returned.insert((answer, returned)).0
    }

    fn stamp(&self) -> u64 {
        // AcqRel: pairs with itself. What one thread did before its stamp is visible to who stamps later, and nothing
        // of an operation moves out from between its two.
        self.clock.fetch_add(1, AcqRel)
    }
}

impl<C, A> From<Vec<Vec<Operation<C, A>>>> for History<C, A> {
    /// What was recorded by other means. Any stamps will do, as long as their order is right; equal ones overlap.
    fn from(threads: Vec<Vec<Operation<C, A>>>) -> Self {
        let stamps =
            threads.iter().flatten().flat_map(|one| [Some(one.called), one.returned.as_ref().map(|(_, end)| *end)]);
        let clock = stamps.flatten().max().map_or(0, |last| last + 1);
        Self { clock: AtomicU64::new(clock), threads }
    }
}

impl<C, A> Default for History<C, A> {
    fn default() -> Self {
        Self::new()
    }
}

/// A history up to a stamp.
pub(super) struct Beginning<'a, C, A> {
    history: &'a History<C, A>,
    until: u64,
}

impl<C: fmt::Debug, A: fmt::Debug> fmt::Display for History<C, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.until(u64::MAX).fmt(formatter)
    }
}

impl<C: fmt::Debug, A: fmt::Debug> fmt::Display for Beginning<'_, C, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbered = self.history.threads.iter().enumerate();
        let mut all: Vec<_> = numbered.flat_map(|(thread, own)| own.iter().map(move |one| (thread, one))).collect();
        all.retain(|(_, one)| one.called <= self.until);
        all.sort_by_key(|(_, one)| one.called);
        // A column for each stamp that there is.
        let mut stamps: Vec<_> = all.iter().flat_map(|(_, one)| [one.called, one.end().min(self.until)]).collect();
        stamps.sort_unstable();
        stamps.dedup();
        let column = |stamp| stamps.partition_point(|other| *other < stamp);
        for (thread, one) in all {
            let (start, end) = (column(one.called), column(one.end().min(self.until)));
            let (width, stop) = (
                end.saturating_sub(start + 1),
                if one.returned.is_some() && one.end() <= self.until { '┤' } else { '…' },
            );
            writeln!(formatter, "    thread {thread}  {:<36} {:start$}├{:─<width$}{stop}", one.to_string(), "", "")?;
        }
        Ok(())
    }
}

impl<C: fmt::Debug, A: fmt::Debug> fmt::Display for Operation<C, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.returned {
            Some((answer, _)) => write!(formatter, "{:?} -> {answer:?}", self.call),
            None => write!(formatter, "{:?}, pending", self.call),
        }
    }
}

impl<C: fmt::Debug, A: fmt::Debug> fmt::Debug for History<C, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("History").field("threads", &self.threads).finish_non_exhaustive()
    }
}
