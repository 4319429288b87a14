//! Rounds in which the subjects of a row take turns, and what is made of them.

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};
use std::{panic, thread};

use crate::place::beside_strangers;

/// How much is measured.
pub struct Mode {
    pub name: &'static str,
    /// Of the windows of time.
    pub scale: f64,
    /// By [`Effort`].
    rounds: [usize; 4],
}

/// Of what kind a row is: this decides its number of rounds.
#[derive(Clone, Copy)]
pub enum Effort {
    /// Short, and repeats well.
    Short,
    /// Threads in each other's way.
    Contended,
    /// Of many rows, each a point of a curve.
    Curve,
    /// Long waits, and what is the same each time.
    Few,
}

pub const FULL: Mode = Mode { name: "full", scale: 1.0, rounds: [15, 9, 5, 3] };
pub const QUICK: Mode = Mode { name: "quick", scale: 0.25, rounds: [3, 3, 1, 1] };
pub const SMOKE: Mode = Mode { name: "smoke", scale: 0.02, rounds: [1; 4] };

pub const MODES: [Mode; 3] = [FULL, QUICK, SMOKE];

pub static MODE: OnceLock<Mode> = OnceLock::new();

pub fn mode() -> &'static Mode {
    MODE.get().expect("main has chosen a mode")
}

/// The points of a curve or a grid; in a smoke run, two of them.
pub fn points(all: &[usize]) -> &[usize] {
    if mode().name == "smoke" { &all[..2] } else { all }
}

/// What a subject did in a round.
#[derive(Clone, Copy, Default)]
pub struct Sample {
    /// What the table is about, in its unit: most often nanoseconds for an operation.
    pub value: f64,
    /// Nanoseconds of processor for an operation, of all threads together.
    pub cpu: f64,
    /// Context switches for an operation.
    pub switches: f64,
    /// System calls for an operation.
    pub calls: f64,
}

/// One of its numbers.
pub type Metric = fn(&Sample) -> f64;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Ours,
    Std,
    Peer,
    /// Never sleeps: it burns a core while it waits, and is not what we are to beat.
    Spins,
    /// Not a peer, but what is possible, or ours done otherwise.
    Floor,
}

pub struct Subject<'a> {
    name: &'static str,
    kind: Kind,
    run: Box<dyn Fn() -> Sample + 'a>,
}

impl<'a> Subject<'a> {
    pub fn new((name, kind): (&'static str, Kind), run: impl Fn() -> Sample + 'a) -> Self {
        Subject { name, kind, run: Box::new(run) }
    }

    /// The same, beside a thread for each CPU that computes.
    pub fn beside_strangers(self) -> Self {
        let run = self.run;
        Subject { run: Box::new(move || beside_strangers(&run)), ..self }
    }
}

/// What a ratio of ours should be at most.
#[derive(Clone, Copy)]
pub enum Goal {
    /// No goal: for the picture.
    None,
    /// Of the quickest peer that sleeps.
    Best(f64),
    Std(f64),
    /// Of the subject so named.
    Of(&'static str, f64),
    /// Not a ratio: so much itself.
    Most(f64),
}

pub struct Measured {
    pub name: &'static str,
    pub kind: Kind,
    pub samples: Vec<Sample>,
}

impl Measured {
    pub fn median(&self, of: Metric) -> f64 {
        percentile(self.samples.iter().map(of).collect(), 0.5)
    }
}

/// A workload, measured.
pub struct Row {
    pub name: String,
    pub goal: Goal,
    pub subjects: Vec<Measured>,
}

impl Row {
    pub fn measure(name: &str, goal: Goal, effort: Effort, subjects: Vec<Subject<'_>>) -> Row {
        let rounds = mode().rounds[effort as usize];
        let mut samples = vec![Vec::new(); subjects.len()];
        // The first of several is not counted: code and data are not in the caches yet.
        for round in usize::from(rounds == 1)..=rounds {
            let mut order: Vec<_> = (0..subjects.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for index in order {
                let sample = watched(name, subjects[index].name, &subjects[index].run);
                if round > 0 {
                    samples[index].push(sample);
                }
            }
        }
        let measured =
            |(subject, samples): (Subject<'_>, _)| Measured { name: subject.name, kind: subject.kind, samples };
        Row { name: name.to_owned(), goal, subjects: subjects.into_iter().zip(samples).map(measured).collect() }
    }

    fn first(&self, is: impl Fn(&Measured) -> bool) -> Option<&Measured> {
        self.subjects.iter().find(|subject| is(subject))
    }

    pub fn ours(&self) -> &Measured {
        self.first(|subject| subject.kind == Kind::Ours).expect("ours is in every row")
    }

    /// The quickest of those that sleep.
    pub fn best(&self) -> Option<&Measured> {
        let peers = self.subjects.iter().filter(|subject| matches!(subject.kind, Kind::Std | Kind::Peer));
        peers.min_by(|a, b| a.median(|sample| sample.value).total_cmp(&b.median(|sample| sample.value)))
    }

    /// Ours by theirs, in each round.
    pub fn ratios(&self, theirs: &Measured) -> Vec<f64> {
        self.ours().samples.iter().zip(&theirs.samples).map(|(ours, theirs)| ours.value / theirs.value).collect()
    }

    pub fn ratio(&self, theirs: &Measured) -> f64 {
        percentile(self.ratios(theirs), 0.5)
    }

    /// What the goal is about and what it asks, where there is one.
    pub fn reached(&self) -> Option<(f64, f64)> {
        let (theirs, most) = match self.goal {
            Goal::None => return None,
            Goal::Most(most) => return Some((self.ours().median(|sample| sample.value), most)),
            Goal::Best(most) => (self.best()?, most),
            Goal::Std(most) => (self.first(|subject| subject.kind == Kind::Std)?, most),
            Goal::Of(name, most) => (self.first(|subject| subject.name == name)?, most),
        };
        Some((self.ratio(theirs), most))
    }
}

pub fn percentile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(part * (values.len() - 1) as f64).round() as usize]
}

/// What runs, and since when.
static RUNNING: Mutex<Option<(String, Instant)>> = Mutex::new(None);
const PATIENCE: Duration = Duration::from_secs(60);

fn watched(row: &str, subject: &str, run: impl Fn() -> Sample) -> Sample {
    *RUNNING.lock().unwrap() = Some((format!("{subject} in \"{row}\""), Instant::now()));
    let sample = run();
    *RUNNING.lock().unwrap() = None;
    sample
}

/// Ends the process with the name of a subject that fails a check, or hangs.
pub fn name_those_who_fail() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        if let Ok(running) = RUNNING.try_lock()
            && let Some((name, _)) = &*running
        {
            eprintln!("{name} fails");
        }
        // Others may wait for this thread.
        // SAFETY: nothing is to be cleaned up.
        unsafe { libc::_exit(1) };
    }));
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            let running = RUNNING.lock().unwrap();
            if let Some((name, since)) = &*running
                && since.elapsed() > PATIENCE
            {
                eprintln!("{name} does not end");
                // SAFETY: threads that hang are left as they are; nothing is to be cleaned up.
                unsafe { libc::_exit(1) };
            }
        }
    });
}
