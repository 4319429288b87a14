//! The models: `RUSTFLAGS="--cfg loom" cargo test --release --test loom`.
//!
//! Each scenario is explored plainly, then with each wait in turn woken for nothing, last sleeper first, and with a
//! clock that has run out; scenarios of two threads without a bound on preemptions, of three with three. One that is
//! not explored to the end fails. Then every ordering of the primitive is weakened, and every fence and wake dropped,
//! one at a time, and some scenario must fail.
#![cfg(loom)]

mod barrier;
mod condition;
mod event;
mod litmus;
mod lock;
mod ring;
mod rlock;
mod semaphore;
mod thread;
