//! A place where a number of threads wait for each other, again and again.
//!
//! `phase` is a generation, the mark `ASLEEP`, and a status. `inside`, under a lock, counts those who have arrived in
//! this generation and have not left.
//!
//! | status | says |
//! |---|---|
//! | `FILLING` | those inside wait for the rest |
//! | `TRIPPING` | all have arrived; the last runs the action, without the lock |
//! | `BROKEN` | those inside leave with an error, and so does everyone who comes |
//! | `RESETTING` | those inside leave with an error; who comes waits until they have left |
//!
//! ```text
//!      ┌────────────── all have arrived ─────────► TRIPPING ── the action is done ──► g+1 FILLING
//!      │                                             │
//!  g FILLING ── abort, timeout ──► BROKEN ◄──────────┘ abort, timeout, panic
//!      │                            │  ▲ └── reset, nobody inside ──► g+1 FILLING
//!      └── reset, some inside ──┐   │  │ abort         the last leaves
//!                               ▼   ▼  │            ┌────────────────► g+1 FILLING
//!                              RESETTING ───────────┘
//! ```
//!
//! I1  `phase`, but for the mark, and the count change under the lock only. `phase` is waited on outside it, by its
//!     exact value, with the mark. `TRIPPING` leaves the mark alone; every other change takes it off, and wakes all if
//!     it stood. Both marks and changes are read-modify-writes: if the mark comes first, the change sees it; else the
//!     mark's compare-exchange fails, and its thread looks again.
//! I2  The generation moves only when a cycle is complete, or when nobody is inside. So one inside who sees another
//!     generation has been through a complete cycle, whatever has happened since, and one who sees `BROKEN` or
//!     `RESETTING` has not. (It would mistake a generation for its own after 2^29 cycles between two looks.)
//! I3  Who runs the action is inside until it is done. So of one barrier no two actions run at once.
//!
//! # Order
//!
//! The lock orders arrivals, and all that is done under it. What a waiter sees of a complete cycle it sees through
//! `phase`: the Release in `change`, by the one that ran the action, and the Acquire in `wait_inside`.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::fmt;
use core::mem;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr;

use super::{Guard, Guarded, Lock, spin};
use crate::sys::{Deadline, Futex, Private, Scope, Shared, const_fn};

const FILLING: u32 = 0;
const TRIPPING: u32 = 1;
const BROKEN: u32 = 2;
const RESETTING: u32 = 3;
const STATUS: u32 = 3;
const ASLEEP: u32 = 4;
const FLAGS: u32 = STATUS | ASLEEP;

/// A place where a number of threads wait for each other, again and again.
///
/// A thread that waits spins and yields for some microseconds and then sleeps. What came before any arrival of a
/// cycle, and its action, is visible after every return from that cycle. All-zero is a barrier for one, which never
/// blocks.
///
/// ```
/// use underthread::raw::Barrier;
///
/// static BARRIER: Barrier = Barrier::new(2);
/// let other = std::thread::spawn(|| BARRIER.wait_until(None, || ()));
/// let own = BARRIER.wait_until(None, || ()).unwrap();
/// assert_eq!(own + other.join().unwrap().unwrap(), 1);
/// ```
#[repr(C)]
pub struct Barrier<S: Scope = Private> {
    /// How many have to arrive before the last.
    others: u32,
    phase: Futex<S>,
    inside: Guarded<Lock<S>, u32>,
}

/// The barrier was broken, reset or aborted, or the wait took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrier;

// A panic of the action breaks the barrier, which is one of its states.
impl<S: Scope> UnwindSafe for Barrier<S> {}
impl<S: Scope> RefUnwindSafe for Barrier<S> {}

impl Barrier {
    const_fn! {
        /// A barrier for so many threads of this process. None counts as one.
        pub fn new(parties: u32) -> Self {
            Self::after(parties, 0)
        }
    }

    const_fn! {
        /// As [`new`](Self::new), but so many cycles later, modulo 2^29. For tests of the wrap.
        #[doc(hidden)]
        pub fn after(parties: u32, cycles: u32) -> Self {
            Self {
                others: parties.saturating_sub(1),
                phase: Futex::new(cycles << FLAGS.count_ones()),
                inside: Guarded::new(Lock::new(), 0),
            }
        }
    }
}

impl Barrier<Shared> {
    const_fn! {
        /// A barrier for so many threads of every process that maps it. None counts as one.
        pub fn shared(parties: u32) -> Self {
            Self {
                others: parties.saturating_sub(1),
                phase: Futex::new(FILLING),
                inside: Guarded::new(Lock::shared(), 0),
            }
        }
    }
}

impl<S: Scope> Barrier<S> {
    /// Waits until all have arrived, and gives the place in the order of arrival: from 0 to `parties - 1`.
    ///
    /// The last to arrive runs its `action` before anyone leaves. The action may use the barrier, but not wait at it:
    /// that would be for ever.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`] if the barrier is broken, or if it is aborted or reset before the cycle is complete, or if
    /// `deadline` passes: that breaks the barrier for all who wait in this cycle. One whose deadline passes before it
    /// could arrive, because those of a cycle before it have not left or still run their action, breaks nothing.
    ///
    /// # Panics
    ///
    /// If the action does; the barrier is then broken.
    pub fn wait_until(&self, deadline: Option<Deadline>, action: impl FnOnce()) -> Result<u32, BrokenBarrier> {
        loop {
            let mut inside = self.inside.acquire();
            // Relaxed: changed under the lock.
            let phase = self.phase.load(Relaxed);
            match phase & STATUS {
                FILLING => {
                    let index = *inside;
                    *inside += 1;
                    let last = index == self.others;
                    if last {
                        // I1. Relaxed: nobody leaves for that.
                        self.phase.fetch_or(TRIPPING, Relaxed);
                    }
                    drop(inside);
                    let complete = if last { self.trip(phase, action) } else { self.wait_inside(phase, deadline) };
                    return if complete { Ok(index) } else { Err(BrokenBarrier) };
                }
                BROKEN => return Err(BrokenBarrier),
                _ => drop(inside),
            }
            // Its own, or that of those who have to leave first. With a change look again, else it is too late.
            if !self.sleep(phase, deadline) {
                return Err(BrokenBarrier);
            }
        }
    }

    /// The last has arrived, when the phase was `phase`.
    fn trip(&self, phase: u32, action: impl FnOnce()) -> bool {
        struct Unwinding<'a, S: Scope>(&'a Barrier<S>, u32);

        impl<S: Scope> Drop for Unwinding<'_, S> {
            fn drop(&mut self) {
                self.0.leave(self.1);
            }
        }

        let unwinding = Unwinding(self, phase);
        action();
        mem::forget(unwinding);

        let mut inside = self.inside.acquire();
        // Relaxed: changed under the lock.
        if self.phase.load(Relaxed) & !ASLEEP != generation(phase) | TRIPPING {
            drop(inside);
            return self.leave(phase);
        }
        *inside = 0;
        self.change(inside, next(phase));
        true
    }

    /// Waits until the cycle is complete, or broken, or lasts too long.
    #[cold]
    fn wait_inside(&self, arrived: u32, deadline: Option<Deadline>) -> bool {
        // Acquire: pairs with Release in `change`; the arrivals and the action are visible from here on.
        let look = || self.phase.load(Acquire);
        let passed = |phase| generation(phase) != generation(arrived);
        let mut in_time = spin::yielding(deadline, || passed(look())) || self.sleep(arrived, deadline);
        loop {
            let phase = look();
            if passed(phase) {
                return true;
            }
            if !in_time || matches!(phase & STATUS, BROKEN | RESETTING) {
                return self.leave(arrived);
            }
            in_time = self.sleep(phase, deadline);
        }
    }

    /// One who is inside since `arrived` gives up, which breaks the cycle; gives `true` if it was complete before.
    fn leave(&self, arrived: u32) -> bool {
        let mut inside = self.inside.acquire();
        // Relaxed: changed under the lock.
        let phase = self.phase.load(Relaxed);
        if generation(phase) != generation(arrived) {
            return true;
        }
        *inside -= 1;
        match phase & STATUS {
            FILLING | TRIPPING => self.change(inside, generation(phase) | BROKEN),
            RESETTING if *inside == 0 => self.change(inside, next(phase)),
            // Broken already, or others have to leave first.
            _ => {}
        }
        false
    }

    /// Breaks the barrier until it is reset: all who wait get an error, and so does everyone who comes. A cycle that is
    /// complete is not touched.
    pub fn abort(&self) {
        let inside = self.inside.acquire();
        // Relaxed: changed under the lock.
        let phase = self.phase.load(Relaxed);
        if phase & STATUS != BROKEN {
            self.change(inside, generation(phase) | BROKEN);
        }
    }

    /// Empties the barrier and repairs it. All who wait get an error; who comes then waits until they have left. While
    /// the action runs it does nothing: the cycle is as good as complete.
    pub fn reset(&self) {
        let inside = self.inside.acquire();
        // Relaxed: changed under the lock.
        let phase = self.phase.load(Relaxed);
        match phase & STATUS {
            FILLING | BROKEN if *inside > 0 => self.change(inside, generation(phase) | RESETTING),
            BROKEN => self.change(inside, next(phase)),
            _ => {}
        }
    }

    /// How many have to arrive.
    pub const fn parties(&self) -> u32 {
        self.others + 1
    }

    /// How many wait for the rest, a moment ago.
    pub fn n_waiting(&self) -> u32 {
        let inside = self.inside.acquire();
        // Relaxed: changed under the lock.
        if self.phase.load(Relaxed) & STATUS == FILLING { *inside } else { 0 }
    }

    /// Whether the barrier is broken, a moment ago.
    pub fn broken(&self) -> bool {
        // Relaxed: a snapshot.
        self.phase.load(Relaxed) & STATUS == BROKEN
    }

    /// By the holder of the lock, to a `phase` without a mark (I1).
    fn change(&self, inside: Guard<'_, Lock<S>, u32>, phase: u32) {
        // Release: pairs with Acquire in `wait_inside`.
        let before = self.phase.swap(phase, Release);
        // Those who wait may need the lock.
        drop(inside);
        if before & ASLEEP != 0 {
            Futex::wake(ptr::from_ref(&self.phase), u32::MAX);
        }
    }

    /// Sleeps while the phase is `seen`, but for the mark; false once `deadline` has passed and no wake was spent on
    /// this call.
    fn sleep(&self, seen: u32, deadline: Option<Deadline>) -> bool {
        let marked = seen | ASLEEP;
        // I1. Relaxed: the mark publishes nothing, and hands on what the change before it released.
        if seen != marked && self.phase.compare_exchange(seen, marked, Relaxed, Relaxed).is_err_and(|now| now != marked)
        {
            return true;
        }
        self.phase.wait(marked, deadline)
    }
}

/// The next generation, filling.
const fn next(phase: u32) -> u32 {
    (phase | FLAGS).wrapping_add(1)
}

const fn generation(phase: u32) -> u32 {
    phase & !FLAGS
}

impl<S: Scope> fmt::Debug for Barrier<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot.
        let status = ["filling", "tripping", "broken", "resetting"][(self.phase.load(Relaxed) & STATUS) as usize];
        let mut fields = formatter.debug_struct("Barrier");
        fields.field("parties", &self.parties()).field("status", &format_args!("{status}"));
        // The writer is the caller's code: not under the lock.
        let inside = self.inside.try_acquire().map(|inside| *inside);
        match inside {
            Some(inside) => fields.field("inside", &inside).finish(),
            None => fields.field("inside", &format_args!("<locked>")).finish(),
        }
    }
}

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the barrier is broken, or the wait took too long")
    }
}

impl core::error::Error for BrokenBarrier {}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Barrier>() == 20 && size_of::<Barrier<Shared>>() == 20);
