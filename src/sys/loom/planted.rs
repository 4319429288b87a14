//! Bugs planted in the source, one at a time: a weaker order, or an operation left out.

use core::panic::Location;
use core::sync::atomic::{AtomicBool, Ordering};
use std::cell::Cell;
use std::collections::BTreeMap;

use super::atomic::UNORDERED;
use super::model::{QUIET, Scenario, explore, run};

/// Which of an operation's parts a [`Site`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// A load's ordering.
    Load,
    /// A store's ordering.
    Store,
    /// A read-modify-write's ordering, or a compare-exchange's when it succeeds.
    Rmw,
    /// A compare-exchange's ordering when it fails.
    Failure,
    /// A fence.
    Fence,
    /// A futex wake.
    Wake,
}

/// One source token that says how strong an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The source file.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    column: u32,
    /// Which part of the operation there.
    pub slot: Slot,
    /// Without a pointer's store the program would be undefined.
    stores_a_pointer: bool,
}

/// What stands at a site, or is planted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// A memory order.
    Order(Ordering),
    /// A wake of so many.
    Wake(u32),
    /// Nothing: the store, the fence or the wake is left out, or the read-modify-write only reads.
    Dropped,
}

impl Strength {
    /// Everything weaker that could stand in its place.
    fn weaker(self, site: Site) -> Vec<Self> {
        use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
        let orders: &[Ordering] = match (self, site.slot) {
            (Self::Order(SeqCst), Slot::Fence) => &[AcqRel],
            (Self::Order(AcqRel), _) => &[Acquire, Release, Relaxed],
            (Self::Order(Acquire | Release), _) => &[Relaxed],
            _ => &[],
        };
        let mut weaker: Vec<Self> = orders.iter().copied().map(Self::Order).collect();
        if let Self::Wake(count @ 2..) = self {
            weaker.push(Self::Wake(count.min(2) / 2));
        }
        if !matches!(site.slot, Slot::Load | Slot::Failure) && !site.stores_a_pointer {
            weaker.push(Self::Dropped);
        }
        weaker
    }
}

impl Site {
    pub(super) fn new(caller: &'static Location<'static>, slot: Slot) -> Self {
        Self { file: caller.file(), line: caller.line(), column: caller.column(), slot, stores_a_pointer: false }
    }

    pub(super) fn of_a_pointer(self, stores_a_pointer: bool) -> Self {
        Self { stores_a_pointer, ..self }
    }

    fn strength(self, written: Strength) -> Strength {
        run(|run| match run.mutant {
            Some((site, planted)) if site == self => planted,
            _ => {
                let seen = run.sites.as_mut().map(|sites| sites.entry(self).or_insert(written));
                // Of a wake whose count varies, the largest.
                if let (Some(Strength::Wake(most)), Strength::Wake(count)) = (seen, written) {
                    *most = count.max(*most);
                }
                written
            }
        })
    }

    /// `None`: nothing is stored, or there is no fence.
    pub(super) fn order(self, written: Ordering) -> Option<Ordering> {
        match self.strength(Strength::Order(written)) {
            Strength::Order(order) => Some(order),
            _ => None,
        }
    }

    pub(super) fn wake(self, count: u32) -> Option<u32> {
        match self.strength(Strength::Wake(count)) {
            // A mutant that wakes one stands for every count that was to be more.
            Strength::Wake(planted) => Some(planted.min(count)),
            _ => None,
        }
    }
}

impl core::fmt::Display for Site {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{}:{}:{} {:?}", self.file, self.line, self.column, self.slot)
    }
}

/// The bound on preemptions under which planted bugs are looked for first: weak orders show at small bounds.
pub const PLANTED: usize = 2;

/// Plants every weaker ordering, every store, read-modify-write, fence and wake left out, and every wake of many made a
/// wake of one, one at a time, in the source files whose names end in one of `files`; and explores the `scenarios` that
/// reach it, with [`PLANTED`] preemptions at most and then as they are, until one fails.
///
/// Gives what was found. Panics if a planted bug survives.
pub fn mutants(files: &[&str], scenarios: &[Scenario]) -> Vec<Found> {
    let mut reach: Vec<(Scenario, BTreeMap<Site, Strength>)> = Vec::new();
    for scenario in scenarios {
        run(|run| run.sites = Some(BTreeMap::new()));
        explore(scenario.with_at_most(PLANTED), None);
        reach.push((*scenario, run(|run| run.sites.take()).unwrap_or_default()));
    }
    let sites: BTreeMap<Site, Strength> = reach
        .iter()
        .flat_map(|(_, sites)| sites.iter().map(|(site, seen)| (*site, *seen)))
        .filter(|(site, _)| files.iter().any(|file| site.file.ends_with(file)))
        .collect();
    let (mut found, mut survivors) = (Vec::new(), Vec::new());
    for (site, written) in sites {
        for weaker in written.weaker(site) {
            let reached = || reach.iter().filter(|(_, sites)| sites.contains_key(&site)).map(|(scenario, _)| *scenario);
            let killer = reached()
                .map(|scenario| scenario.with_at_most(PLANTED))
                .chain(reached())
                .find_map(|scenario| fails_quietly(scenario, (site, weaker)).map(|how| (scenario, how)));
            let change = format!("{site} {written:?} -> {weaker:?}");
            match killer {
                Some((scenario, how)) => {
                    let executions = run(|run| run.executions);
                    println!("{change}: found by {}, execution {executions}: {how}", scenario.name);
                    found.push(Found { site, written, planted: weaker, by: scenario.name, how, executions });
                }
                None => survivors.push(change),
            }
        }
    }
    println!("{} bugs planted, {} found", found.len() + survivors.len(), found.len());
    assert!(!found.is_empty(), "no site of {files:?} was reached");
    assert!(survivors.is_empty(), "no scenario found: {survivors:#?}");
    found
}

/// A planted bug, and what found it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it was planted.
    pub site: Site,
    /// What stands there.
    pub written: Strength,
    /// What was planted in its place.
    pub planted: Strength,
    /// The scenario that failed.
    pub by: &'static str,
    /// How it failed: the first words of its panic.
    pub how: String,
    /// In which of its executions.
    pub executions: usize,
}

/// How it fails, in the first words of its panic. What says that the model is at its limits finds nothing.
fn fails_quietly(scenario: Scenario, mutant: (Site, Strength)) -> Option<String> {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    // Relaxed: it decides who installs the hook, and guards nothing.
    if !HOOKED.swap(true, Ordering::Relaxed) {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.with(Cell::get) {
                loud(info);
            }
        }));
    }
    QUIET.with(|quiet| quiet.set(true));
    let outcome = std::panic::catch_unwind(|| explore(scenario, Some(mutant)));
    QUIET.with(|quiet| quiet.set(false));
    let payload = outcome.err()?;
    let message = payload.downcast_ref::<String>().cloned();
    let message = message.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
    let message = message.unwrap_or_else(|| "a panic of the scenario's own".into());
    let is_a_limit = message.contains(UNORDERED) || message.starts_with("cut after");
    (!is_a_limit).then(|| message.lines().next().unwrap_or_default().chars().take(60).collect())
}
