//! Ours against std, side by side: `cargo bench`. Which is faster, and by what ratio, on this machine, now?
//!
//! The subjects of a row take turns, round by round, in one process; a round's ratio is taken inside the round. Printed
//! are the medians: nanoseconds of ours, of std's, and the ratio with its 10th and 90th percentile. Nanoseconds of two
//! rows, or two runs, cannot be compared; ratios can, to about a fifth where threads contend.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "std is what we compare with")]

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use underthread::raw;

const ROUNDS: usize = 21;

/// Nanoseconds for one of `times` calls.
fn each(times: u32, mut body: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        body();
    }
    start.elapsed().as_nanos() as f64 / f64::from(times)
}

fn percentile(sorted: &[f64], part: f64) -> f64 {
    sorted[(part * (sorted.len() - 1) as f64).round() as usize]
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    percentile(&values, 0.5)
}

fn row(name: &str, mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) {
    ours();
    theirs();
    let mut pairs = Vec::new();
    for round in 0..ROUNDS {
        // A B, then B A: a drift of the machine's speed falls on both.
        pairs.push(if round % 2 == 0 {
            let ours = ours();
            (ours, theirs())
        } else {
            let theirs = theirs();
            (ours(), theirs)
        });
    }
    let mut ratios: Vec<f64> = pairs.iter().map(|(ours, theirs)| ours / theirs).collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "| {name} | {:.1} | {:.1} | {:.2} | {:.2}–{:.2} |",
        median(pairs.iter().map(|pair| pair.0).collect()),
        median(pairs.iter().map(|pair| pair.1).collect()),
        percentile(&ratios, 0.5),
        percentile(&ratios, 0.1),
        percentile(&ratios, 0.9),
    );
}

/// `threads` threads, each `times` rounds of `inside` under a lock and `outside` beside it; nanoseconds a round of all.
fn contended(threads: u32, times: u32, outside: u32, section: impl Fn() + Send + Sync + 'static) -> f64 {
    let section = Arc::new(section);
    let start = Arc::new(std::sync::Barrier::new(threads as usize + 1));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (section, start) = (section.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                let begin = Instant::now();
                for _ in 0..times {
                    section();
                    work(outside);
                }
                (begin, Instant::now())
            })
        })
        .collect();
    start.wait();
    let spans: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    let begin = spans.iter().map(|span| span.0).min().unwrap();
    let end = spans.iter().map(|span| span.1).max().unwrap();
    (end - begin).as_nanos() as f64 / f64::from(times * threads)
}

/// About `steps` nanoseconds in a chain of registers.
fn work(steps: u32) {
    let mut value = 1_u64;
    for _ in 0..steps {
        value = black_box(value.wrapping_mul(3));
    }
    black_box(value);
}

fn main() {
    println!("| what | ours, ns | std, ns | ratio | p10–p90 |\n|---|---:|---:|---:|---:|");
    let (ours, theirs) = (raw::Guarded::new(raw::Lock::new(), 0_u64), Mutex::new(0_u64));
    row(
        "Lock, uncontended pair",
        || each(1_000_000, || *black_box(&ours).acquire() += 1),
        || each(1_000_000, || *black_box(&theirs).lock().unwrap() += 1),
    );
    for (threads, inside, outside) in
        [(2, 0, 0), (2, 0, 100), (2, 100, 100), (4, 0, 0), (4, 100, 100), (4, 1000, 0), (8, 0, 0), (8, 100, 100)]
    {
        let times = 400_000 / threads / (1 + (inside + outside) / 50);
        row(
            &format!("Lock, {threads} threads, {inside} ns inside, {outside} outside"),
            || {
                let lock = raw::Guarded::new(raw::Lock::new(), 0_u64);
                contended(threads, times, outside, move || {
                    let mut guard = lock.acquire();
                    *guard += 1;
                    work(inside);
                    drop(guard);
                })
            },
            || {
                let lock = Mutex::new(0_u64);
                contended(threads, times, outside, move || {
                    let mut guard = lock.lock().unwrap();
                    *guard += 1;
                    work(inside);
                    drop(guard);
                })
            },
        );
    }
}
