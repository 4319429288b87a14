//! Ours against std, side by side: `cargo bench`. Which is faster, and by what ratio, on this machine, now?
//!
//! The subjects of a row take turns, round by round, in one process; a round's ratio is taken inside the round. Printed
//! are the medians: nanoseconds of ours, of std's, and the ratio with its 10th and 90th percentile. Nanoseconds of two
//! rows, or two runs, cannot be compared; ratios can, to about a fifth where threads contend.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "std is what we compare with")]

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use underthread::queue::Queue;
use underthread::threading::{Event, Lock, RLock, Thread};

const ROUNDS: usize = 15;
const LONG: Duration = Duration::from_secs(60);

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

/// std has no event: its users write this one.
#[derive(Default)]
struct StdEvent {
    set: Mutex<bool>,
    changed: Condvar,
}

impl StdEvent {
    fn set(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn clear(&self) {
        *self.set.lock().unwrap() = false;
    }

    fn wait(&self) {
        drop(self.changed.wait_while(self.set.lock().unwrap(), |set| !*set).unwrap());
    }
}

/// std has no stable reentrant lock: depth 1 of ours is compared with its plain one.
fn locks() {
    let (ours, theirs) = (Lock::new(0_u64), Mutex::new(0_u64));
    row(
        "Lock, uncontended pair",
        || each(1_000_000, || *black_box(&ours).acquire() += 1),
        || each(1_000_000, || *black_box(&theirs).lock().unwrap() += 1),
    );
    row(
        "Lock with a timeout, uncontended; std's without",
        || each(1_000_000, || *black_box(&ours).acquire_timeout(LONG).unwrap() += 1),
        || each(1_000_000, || *black_box(&theirs).lock().unwrap() += 1),
    );
    let recursive = RLock::new(Cell::new(0_u64));
    let add = |cell: &Cell<u64>| cell.set(cell.get() + 1);
    row(
        "RLock, depth 1; std's Mutex",
        || each(1_000_000, || add(&black_box(&recursive).acquire())),
        || each(1_000_000, || *black_box(&theirs).lock().unwrap() += 1),
    );
    let outer = recursive.acquire();
    row(
        "RLock, nested; std's Mutex",
        || each(1_000_000, || add(&black_box(&recursive).acquire())),
        || each(1_000_000, || *black_box(&theirs).lock().unwrap() += 1),
    );
    drop(outer);
    for threads in [2, 4, 8] {
        for (inside, outside) in [(0, 0), (0, 100), (100, 100), (1000, 0), (1000, 1000)] {
            let times = 400_000 / threads / (1 + (inside + outside) / 50);
            row(
                &format!("Lock, {threads} threads, {inside} steps inside, {outside} outside"),
                || {
                    let lock = Lock::new(0_u64);
                    contended(threads, times, outside, move || {
                        let mut guard = lock.acquire();
                        *guard += 1;
                        work(inside);
                    })
                },
                || {
                    let lock = Mutex::new(0_u64);
                    contended(threads, times, outside, move || {
                        let mut guard = lock.lock().unwrap();
                        *guard += 1;
                        work(inside);
                    })
                },
            );
        }
    }
}

fn events() {
    let (ours, theirs) = (Event::new(), StdEvent::default());
    let set_clear = |event: &Event| {
        event.set();
        event.clear();
    };
    row(
        "Event, set and clear; std's Mutex and Condvar",
        || each(500_000, || set_clear(black_box(&ours))),
        || {
            each(500_000, || {
                black_box(&theirs).set();
                theirs.clear();
            })
        },
    );
    ours.set();
    theirs.set();
    row(
        "Event, wait when set",
        || each(1_000_000, || black_box(&ours).wait()),
        || each(1_000_000, || black_box(&theirs).wait()),
    );
}

/// `times` items through a queue, `producers` to `consumers`; nanoseconds an item.
fn stream(
    producers: u32,
    consumers: u32,
    times: u32,
    put: impl Fn(u64) + Send + Sync + 'static,
    get: impl Fn() -> u64 + Send + Sync + 'static,
) -> f64 {
    let turn = AtomicU32::new(0);
    contended(producers + consumers, times, 0, move || {
        // A thread's role is fixed by its first turn.
        thread_local!(static ROLE: Cell<Option<u32>> = const { Cell::new(None) });
        let role = ROLE.get().unwrap_or_else(|| {
            let role = turn.fetch_add(1, Relaxed);
            ROLE.set(Some(role));
            role
        });
        if role < producers {
            put(1);
        } else {
            black_box(get());
        }
    }) * 2.0
}

fn queues() {
    let ours = Queue::new(1024);
    let (sender, receiver) = sync_channel(1024);
    row(
        "Queue, put and get by one thread, cap 1024; sync_channel",
        || {
            each(1_000_000, || {
                black_box(&ours).put(1_u64).unwrap();
                black_box(ours.get().unwrap());
            })
        },
        || {
            each(1_000_000, || {
                black_box(&sender).send(1_u64).unwrap();
                black_box(receiver.recv().unwrap());
            })
        },
    );
    for capacity in [1, 16, 1024] {
        for (producers, consumers) in [(1, 1), (2, 2), (4, 4)] {
            let times = if capacity < 1024 { 4_000 } else { 100_000 } / producers;
            row(
                &format!("Queue, {producers} to {consumers}, cap {capacity}; sync_channel, receiver in a Mutex"),
                || {
                    let putter = Arc::new(Queue::new(capacity));
                    let getter = Arc::clone(&putter);
                    let put = move |item| putter.put(item).unwrap();
                    stream(producers, consumers, times, put, move || getter.get().unwrap())
                },
                || {
                    let (sender, receiver) = sync_channel(capacity);
                    let receiver = Mutex::new(receiver);
                    let put = move |item| sender.send(item).unwrap();
                    stream(producers, consumers, times, put, move || receiver.lock().unwrap().recv().unwrap())
                },
            );
        }
    }
}

fn threads() {
    let ours = || {
        let thread = Thread::new(|| ());
        thread.start().unwrap();
        thread.join().unwrap();
    };
    row("Thread, start and join", || each(500, ours), || each(500, || std::thread::spawn(|| ()).join().unwrap()));
    let small = 64 * 1024;
    row(
        "Thread, 16 starts, then joins, 64 KiB stacks",
        || {
            each(40, || {
                let threads: [Thread; 16] = std::array::from_fn(|_| Thread::new(|| ()).stack_size(small));
                threads.iter().for_each(|thread| thread.start().unwrap());
                threads.iter().for_each(|thread| thread.join().unwrap());
            })
        },
        || {
            each(40, || {
                let start = |_| std::thread::Builder::new().stack_size(small).spawn(|| ()).unwrap();
                let threads: [_; 16] = std::array::from_fn(start);
                threads.into_iter().for_each(|thread| thread.join().unwrap());
            })
        },
    );
}

fn main() {
    println!("| what | ours, ns | std, ns | ratio | p10–p90 |\n|---|---:|---:|---:|---:|");
    // `cargo bench -- lock` runs one group.
    let chosen = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (name, group) in [("lock", locks as fn()), ("event", events), ("queue", queues), ("thread", threads)] {
        if chosen.as_deref().is_none_or(|chosen| chosen == name) {
            group();
        }
    }
}
