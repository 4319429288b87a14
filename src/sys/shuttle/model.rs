//! Runs a body under random schedules, and under PCT: threads by priority, which change at a few random points.
//!
//! `UNDERTHREAD_SHUTTLE_SEED` chooses other schedules, `UNDERTHREAD_SHUTTLE_ITERATIONS` more of them.
//!
//! PCT: Burckhardt et al., *A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs*, ASPLOS 2010.

use core::ops::RangeInclusive;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// How many schedules are drawn at random, and how many by PCT at all [`DEPTHS`] together.
pub const ITERATIONS: usize = 4000;

/// PCT's depths: one more than the changes of priority in a schedule.
pub const DEPTHS: RangeInclusive<usize> = 2..=5;

const SEED: u64 = 0x5eed;

/// Steps after which an execution counts as one that does not end.
const STEPS: usize = 200_000;

/// The bytes of a thread's stack.
const STACK: usize = 128 * 1024;

std::thread_local! {
    static EXECUTIONS: Cell<usize> = const { Cell::new(0) };
}

/// Runs `body`, once for each execution, under every scheduler. Prints the executions; panics, after all schedulers
/// have run, if one has found an execution that fails.
pub fn check(name: &str, body: fn()) {
    let variable = |name| std::env::var(name).ok().map(|value| value.parse().expect("a variable that is no number"));
    let seed = variable("UNDERTHREAD_SHUTTLE_SEED").unwrap_or(SEED);
    let iterations = variable("UNDERTHREAD_SHUTTLE_ITERATIONS").map_or(ITERATIONS, |number| number as usize);
    let start = Instant::now();
    let mut failures = Vec::new();
    let mut executions = 0;
    let mut run = |scheduler: &str, outcome: Result<(), Box<dyn Any + Send>>| {
        executions += EXECUTIONS.get();
        if let Err(payload) = outcome {
            println!("{name}: {scheduler} fails at its schedule {}, seed {seed}", EXECUTIONS.get());
            failures.push(payload);
        }
    };
    run("random", under(RandomScheduler::new_from_seed(seed, iterations), body));
    for depth in DEPTHS {
        let scheduler = PctScheduler::new_from_seed(seed, depth, iterations.div_ceil(DEPTHS.count()));
        run(&format!("PCT {depth}"), under(scheduler, body));
    }
    println!("{name:<60} {executions:>6} schedules, seed {seed}, {:.1} s", start.elapsed().as_secs_f64());
    if let Some(payload) = failures.into_iter().next() {
        resume_unwind(payload);
    }
}

fn under(scheduler: impl Scheduler + 'static, body: fn()) -> Result<(), Box<dyn Any + Send>> {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = shuttle::MaxSteps::FailAfter(STEPS);
    // Of orders that it takes for `SeqCst`.
    config.silence_warnings = true;
    EXECUTIONS.set(0);
    catch_unwind(AssertUnwindSafe(|| {
        Runner::new(scheduler, config).run(move || {
            EXECUTIONS.set(EXECUTIONS.get() + 1);
            super::kernel::boot();
            body();
        });
    }))
}

/// The caller's number in this execution: 0 for the main thread, then in order of starting.
pub(in crate::sys) fn thread_index() -> usize {
    shuttle::thread::current().id().into()
}

/// A thread of the model.
#[derive(Debug)]
pub struct JoinHandle<T>(shuttle::thread::JoinHandle<Ours<T>>);

/// All threads of a model are coroutines on one OS thread.
#[derive(Debug)]
struct Ours<T>(T);

// SAFETY: it never leaves its OS thread.
unsafe impl<T> Send for Ours<T> {}

impl<T> Ours<T> {
    fn into_inner(self) -> T {
        self.0
    }
}

/// Starts a thread of the model; like `std::thread::spawn`.
#[track_caller]
pub fn spawn<T: 'static>(body: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    let body = Ours(body);
    JoinHandle(shuttle::thread::spawn(move || Ours(body.into_inner()())))
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end and gives its value.
    pub fn join(self) -> T {
        self.0.join().expect("a thread of the model panicked").into_inner()
    }
}
