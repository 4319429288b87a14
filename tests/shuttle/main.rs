//! Many threads: `RUSTFLAGS="--cfg shuttle" cargo test --release --test shuttle`.
//!
//! Each scenario is run under some thousand schedules, drawn at random and by PCT from a fixed seed. One of another
//! seed is had by `UNDERTHREAD_SHUTTLE_SEED`, a longer search by `UNDERTHREAD_SHUTTLE_ITERATIONS`. Data are in cells
//! that catch two threads at once; where all threads are asleep, the execution fails. [`litmus`] checks the checker.
#![cfg(shuttle)]

mod barrier;
mod biased;
mod brief;
mod condition;
mod event;
mod litmus;
mod lock;
mod pile;
mod ring;
mod rlock;
mod semaphore;
mod thread;

use std::rc::Rc;
use std::time::Duration;

use underthread::sys::Deadline;
use underthread::sys::atomic::UnsafeCell;
use underthread::sys::model::{JoinHandle, spawn};

fn soon() -> Option<Deadline> {
    Deadline::after(Duration::from_millis(1))
}

/// Before one who waits since then starves.
fn sooner() -> Option<Deadline> {
    Deadline::after(Duration::from_micros(500))
}

/// For every second of `number`s.
fn soon_or_never(number: u32) -> Option<Deadline> {
    if number.is_multiple_of(2) { soon() } else { None }
}

/// Starts `size` threads, each with `shared` and its number.
fn start<T: 'static, R: 'static>(
    shared: &Rc<T>,
    size: u32,
    body: impl Fn(&T, u32) -> R + Copy + 'static,
) -> Vec<JoinHandle<R>> {
    let start = |number| {
        let shared = shared.clone();
        spawn(move || body(&shared, number))
    };
    (0..size).map(start).collect()
}

/// What the threads gave, in their order.
fn join<R>(threads: Vec<JoinHandle<R>>) -> Vec<R> {
    threads.into_iter().map(JoinHandle::join).collect()
}

/// Runs a team of `size` threads to its end.
fn team<T: 'static, R: 'static>(shared: &Rc<T>, size: u32, body: impl Fn(&T, u32) -> R + Copy + 'static) -> Vec<R> {
    join(start(shared, size, body))
}

/// A number for one thread at a time: its cell catches two.
#[derive(Debug, Default)]
struct Account(UnsafeCell<u32>);

impl Account {
    fn add(&self, amount: u32) {
        // SAFETY: the cell catches a second thread.
        self.0.with_mut(|balance| unsafe { *balance += amount });
    }

    fn balance(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|balance| unsafe { *balance })
    }
}
