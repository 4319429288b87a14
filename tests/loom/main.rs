//! The models: `RUSTFLAGS="--cfg loom" cargo test --release --test loom`.
//!
//! Each scenario is explored plainly, then with each wait in turn woken for nothing, last sleeper first, and with a
//! clock that has run out; each with the bound on preemptions that stands beside it. One that is not explored to the end
//! fails. Then every ordering of the primitive is weakened, and every fence and wake dropped, one at a time, and some
//! scenario must fail. [`litmus`] checks the checker.
#![cfg(loom)]

mod barrier;
mod condition;
mod event;
mod litmus;
mod lock;
mod ring;
mod rlock;
mod semaphore;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod stacks;
mod thread;
