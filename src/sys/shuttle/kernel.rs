//! The futex of the model, and its clock: what `futex(2)` does not promise is left to chance.
//!
//! Everything between two of shuttle's own operations is one step, as the kernel's bucket lock makes it. Whom a wake
//! chooses, how long a timed wait lasts, and whether a wait ends for nothing is drawn from shuttle's own generator, so
//! one seed gives one sequence of schedules. In every second execution no wait ends for nothing, as that may cover for
//! a lost wake.
//!
//! A sleeper is blocked for the scheduler. Where all are, shuttle reports a deadlock: a wake was lost.

use core::future::poll_fn;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use core::task::{Poll, Waker};
use core::time::Duration;
use std::cell::RefCell;

use shuttle::rand::{Rng, thread_rng};

use super::atomic::AtomicU32;

#[derive(Debug)]
struct Sleeper {
    ticket: u64,
    address: usize,
    bitset: u32,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct Kernel {
    sleepers: Vec<Sleeper>,
    tickets: u64,
    now: u64,
    /// Of four looks at the clock, how many make it go on.
    haste: u32,
    /// Whether waits may end for nothing.
    restless: bool,
}

std::thread_local! {
    static KERNEL: RefCell<Kernel> = RefCell::default();
}

fn kernel<R>(body: impl FnOnce(&mut Kernel) -> R) -> R {
    KERNEL.with_borrow_mut(body)
}

/// A fresh kernel, for a new execution.
pub(super) fn boot() {
    let (haste, restless) = (any(5), any(2) == 0);
    kernel(|kernel| *kernel = Kernel { haste, restless, ..Kernel::default() });
}

/// A number below `bound`.
fn any(bound: u32) -> u32 {
    thread_rng().gen_range(0..bound)
}

/// Any thread may run here.
pub(super) fn step() {
    shuttle::thread::sleep(Duration::ZERO);
}

impl Kernel {
    /// The places of those asleep on the word at `address`, with one of these bits.
    fn asleep_on(&self, address: *const AtomicU32, bitset: u32) -> Vec<usize> {
        let is_there = |sleeper: &Sleeper| sleeper.address == address.addr() && sleeper.bitset & bitset != 0;
        (0..self.sleepers.len()).filter(|place| is_there(&self.sleepers[*place])).collect()
    }

    /// The place of a sleeper that no wake was spent on.
    fn place(&self, ticket: u64) -> Option<usize> {
        self.sleepers.iter().position(|sleeper| sleeper.ticket == ticket)
    }
}

pub(in crate::sys) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Deadline>, _: bool, bitset: u32) -> bool {
    // The look and the enqueueing are one step: nothing of shuttle's lies between them.
    if word.load(Relaxed) != expected {
        return true;
    }
    let (ticket, restless) = kernel(|kernel| {
        kernel.tickets += 1;
        let address = ptr::from_ref(word).addr();
        kernel.sleepers.push(Sleeper { ticket: kernel.tickets, address, bitset, waker: None });
        (kernel.tickets, kernel.restless)
    });
    let for_nothing = restless && any(8) == 0;
    if deadline.is_none() && !for_nothing {
        shuttle::future::block_on(poll_fn(|context| {
            kernel(|kernel| match kernel.place(ticket) {
                Some(place) => {
                    kernel.sleepers[place].waker = Some(context.waker().clone());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            })
        }));
        return true;
    }
    // PCT runs one who yields after all others, and one who merely stops perhaps at once.
    while any(3) > 0 {
        if any(2) == 0 { step() } else { shuttle::thread::yield_now() }
    }
    kernel(|kernel| {
        let Some(place) = kernel.place(ticket) else { return true };
        kernel.sleepers.remove(place);
        if let (Some(deadline), false) = (deadline, for_nothing) {
            kernel.now = kernel.now.max(deadline.0);
        }
        for_nothing
    })
}

pub(in crate::sys) fn wake(word: *const AtomicU32, count: u32, _: bool, bitset: u32) {
    step();
    for _ in 0..count {
        let mut asleep = kernel(|kernel| kernel.asleep_on(word, bitset));
        if asleep.is_empty() {
            return;
        }
        let chosen = asleep.swap_remove(any(asleep.len() as u32) as usize);
        if let Some(waker) = kernel(|kernel| kernel.sleepers.remove(chosen)).waker {
            waker.wake();
        }
    }
}

/// Microseconds: short, so that the longer of two timeouts is the later; long, so that time runs out.
const TICK: u64 = 500;

/// A moment of the model's clock, which goes on at random, and to the deadline of each wait that times out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(u64);

impl Deadline {
    /// The moment `timeout` from now; `None`, for ever, for [`Duration::MAX`].
    pub fn after(timeout: Duration) -> Option<Self> {
        let ticks = timeout.as_micros().try_into().map_or(u64::MAX / 2, |micros: u64| 1 + micros / TICK);
        (timeout != Duration::MAX).then(|| Self(kernel(|kernel| kernel.now) + ticks))
    }

    /// Whether the moment has come.
    pub fn passed(self) -> bool {
        let drawn = any(4);
        kernel(|kernel| {
            kernel.now += u64::from(drawn < kernel.haste);
            kernel.now >= self.0
        })
    }
}
