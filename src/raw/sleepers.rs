//! Those who sleep until something that another word says has changed, and how they are woken.
//!
//! The one waiting protocol of the crate: [`Lock`](super::Lock) sleeps so for its word, a semaphore for its permits,
//! a queue for items and for room. The thing waited for is the caller's: an *attempt* that takes it, or finds it is
//! not there. Whoever makes a *unit* of it available stores that first, and then calls [`wake`](Sleepers::wake), or
//! [`released`](Sleepers::released).
//!
//! | `word` | says of sleepers |
//! |---|---|
//! | `NONE` | none that need a wake from us: each that sleeps has been preceded by one who was woken and will see to it |
//! | `SOME` | perhaps some: the next release wakes one |
//! | `STARVING` | one of them has waited too long: the next owner of a unit hands it over to one of them |
//! | `GRANTED` | a unit is in this word, for one who was here before; a wake for it is made or on its way |
//!
//! ```text
//!           a sleeper announces itself            up in vain after 1 ms
//!    NONE ───────────────────────────────► SOME ─────────────────────────► STARVING
//!     ▲ ▲ │                                │ ▲ ▲                            │ ▲ │ │
//!     │ └─┼────── clear, then wake ────────┘ │ └─ it leaves, and calms ─────┘ │ │ │
//!     │   │                                  └─── taken ── GRANTED ◄──────────┼─┘ │
//!     │   │                            by a sleeper        take back, grant   │   │
//!     │   └────── woken, whereby the mark went, and up in vain after 1 ms ────┘   │
//!     └────────── clear, then wake: by a release that hands nothing over ─────────┘
//! ```
//!
//! I1  A thread sleeps only on the value that it has announced or seen, never on `NONE`; every wake changes the word
//!     first. So a sleeper that is still on its way into the kernel does not go to sleep past a wake.
//! I2  A thread announces itself before each attempt that comes before a sleep, and one who was woken before it leaves
//!     `sleep`: it puts back the mark that its waker cleared, whether it succeeds, sleeps again or gives up, as others
//!     may sleep still.
//! I3  At most one wake is in flight for a mark: between a wake and the announcement of its sleeper the word is `NONE`,
//!     and releases make no system call. One who is woken and finds more than it takes must therefore wake the next.
//! I4  `STARVING` is there only while a thread that has set it is still in `sleep`; it clears the mark before it
//!     returns, and takes the unit if it was granted meanwhile. If it is killed, a newcomer does, after a while (I6).
//! I5  A wait that ends by its deadline has had no wake spent on it (the futex's contract), so nothing is lost with it.
//! I6  A grant is for those who have announced themselves before it was made. One who comes later, perhaps the very
//!     thread that made it, waits until it has been taken, with a bitset that the grant's wake passes by. Not for ever
//!     where who it is for may be gone: killed, between processes, or in a fork's parent. (Who only tries, or waits for
//!     less than a millisecond, does not learn that.) Elsewhere for as long as it takes: else, on a machine that has
//!     much to do, some would have seen the unit taken, and nobody would have had it.
//!
//! # Order
//!
//! The lost wake-up would be: a sleeper announces itself, looks, and finds nothing, while the releaser has stored
//! its unit, looks at this word, and finds `NONE`. Each side stores first and loads second, so one of them sees the
//! other: that is what the asymmetric fence between the two promises, heavy on the side that is about to sleep, light
//! in `wake`. That holds of every look behind the fence, also of a compare-exchange that fails, which may see an old
//! value as a load may: if it misses an announcement, the attempt that comes after the announcement sees the unit.
//!
//! One who was woken looks for its unit before it announces itself again, so that the releases meanwhile wake nobody,
//! and without a fence. If it finds one, the look for more, which I3 asks of it, comes after its announcement and wants
//! a heavy fence in between, which is left to the caller ([`Turn::fence`]): where there is one unit only, and nobody
//! makes it available again before the announcement, there are no more, and its next release sees the mark.
//!
//! # Naps
//!
//! A heavy fence interrupts every CPU that runs a thread of this process; where a lock changes hands each microsecond
//! it costs more than the wait. So a thread sleeps without one at first, for `NAP` at most. Should it have missed a
//! unit by that, which takes a release whose store is still on its way when the sleeper looks, and thus a few
//! nanoseconds, it finds it when it gets up; then it sleeps behind a heavy fence, or leaves behind one. In a fight
//! for a lock almost every sleep is ended by a wake in less, and the next begins with a nap again.
//!
//! In the models all sleeps begin so where the fences are asymmetric, and none where they are symmetric.
//!
//! The word itself publishes nothing, so it is Relaxed throughout, except for a grant: there the unit travels in the
//! word, from the Release in `grant` to the Acquire in `take_grant`. Newcomers who announce themselves in between write
//! the same value by a read-modify-write, which continues the release sequence.

use crate::sys::atomic::Ordering::{Acquire, Relaxed, Release};
use core::fmt;
use core::ptr;
use core::time::Duration;

use super::{Turn, spin};
use crate::sys::{Deadline, Futex, MATCH_ANY, Private, Scope, Shared, const_fn, fence, identity};

// In rising order: an announcement replaces a lower value only.
const NONE: u32 = 0;
const SOME: u32 = 1;
const STARVING: u32 = 2;
const GRANTED: u32 = 3;

/// How long a fair waiter waits before a unit is handed to it; the figure of CPython 3.13, Go and WebKit.
const PATIENCE: Duration = Duration::from_millis(1);

/// How long a thread sleeps at first, without a heavy fence.
const NAP: Duration = Duration::from_micros(100);

/// The bitset of one for whom a grant that stands is not (I6).
const NEWCOMER: u32 = 1;
/// One of the bits of all others.
const ENTITLED: u32 = 2;

/// Threads asleep for something that the caller keeps, and their wakes; see the module's text. Four bytes.
pub struct Sleepers<S: Scope = Private> {
    word: Futex<S>,
}

impl Sleepers {
    const_fn! {
        /// Nobody.
        pub fn new() -> Self {
            Self { word: Futex::new(NONE) }
        }
    }
}

impl Sleepers<Shared> {
    const_fn! {
        /// Nobody, in no process.
        pub fn shared() -> Self {
            Self { word: Futex::new(NONE) }
        }
    }
}

impl<S: Scope> Sleepers<S> {
    /// Whether a release must see to sleepers. Call it after the unit has been stored.
    #[inline]
    pub(super) fn any(&self) -> bool {
        // Between the caller's store of the unit and our load; partner: the heavy fence in `sleep`.
        fence::light::<S>();
        // Relaxed: the value decides only whether the cold path is taken.
        self.word.load(Relaxed) != NONE
    }

    /// Wakes a sleeper, if one needs it. Call it after the unit, or units, have been stored.
    ///
    /// While one who was woken before is on its way, it wakes nobody: that one sees to the rest (I3).
    #[inline]
    // So that the models leave out one caller's wake at a time.
    #[cfg_attr(loom, track_caller)]
    pub fn wake(&self) {
        if self.any() {
            self.rouse(1);
        }
    }

    /// As [`wake`](Self::wake), where all may go on: who is woken wakes the next. Between processes it wakes all at
    /// once, as one that is killed wakes nobody.
    #[cfg_attr(loom, track_caller)]
    pub fn wake_all(&self) {
        if self.any() {
            self.rouse(if S::SHARED { u32::MAX } else { 1 });
        }
    }

    #[cold]
    #[cfg_attr(loom, track_caller)]
    fn rouse(&self, count: u32) {
        let mut seen = SOME;
        // A grant brings its own wake, and its taker wakes the next. With `NONE` another releaser was faster.
        while seen == SOME || seen == STARVING {
            // I1: change, then wake. Relaxed: nothing is published here, see Order. A lost `STARVING` is set again
            // by its owner when it is woken.
            match self.word.compare_exchange(seen, NONE, Relaxed, Relaxed) {
                Ok(_) => return Futex::wake(ptr::from_ref(&self.word), count),
                Err(now) => seen = now,
            }
        }
    }

    /// As [`wake`](Self::wake), for fair sleepers: if one of them has waited too long, `take` takes a unit back, past
    /// everybody, and it is handed over. `put_back` makes it available again if that one has left meanwhile.
    #[inline]
    pub fn released(&self, put_back: impl Fn(), take: impl Fn() -> bool) {
        if self.any() {
            self.release_to_sleepers(put_back, take);
        }
    }

    #[cold]
    fn release_to_sleepers(&self, put_back: impl Fn(), take: impl Fn() -> bool) {
        // Relaxed: a mark that is missed is seen at the next release.
        while self.word.load(Relaxed) == STARVING {
            // Where another was faster, it is the owner now, and sees to the sleepers when it releases. Otherwise
            // one who waits in vain may have left while we took the unit back.
            if !take() || self.grant() {
                return;
            }
            put_back();
            if !self.any() {
                return;
            }
        }
        self.rouse(1);
    }

    fn grant(&self) -> bool {
        // Release: pairs with Acquire in `take_grant`; what the owner wrote is visible to the next. Relaxed on
        // failure: nothing is handed over.
        let granted = self.word.compare_exchange(STARVING, GRANTED, Release, Relaxed).is_ok();
        if granted {
            // By address: the taker may already be done and have freed us. Who starves is here (I4), or gone for good (I6).
            Futex::wake_bitset(ptr::from_ref(&self.word), 1, ENTITLED);
        }
        granted
    }

    /// Repeats `attempt`, asleep in between, until it gives something, a unit is handed over, or `deadline` passes.
    ///
    /// The caller has tried, and spun, before. `fair` sleepers ask for a unit of their own once they have waited for a
    /// millisecond; whoever makes units available must then call [`released`](Self::released). `attempt` does not
    /// panic: its unit, and the mark (I2, I4), would be lost. Where there may be more units, the caller wakes the next
    /// if it sees one, behind [`Turn::fence`] (I3).
    #[cold]
    pub fn sleep<T>(&self, deadline: Option<Deadline>, fair: bool, mut attempt: impl FnMut() -> Option<T>) -> Turn<T> {
        let patience = if fair { Deadline::after(PATIENCE) } else { None };
        let naps = fence::heavy_is_dear::<S>();
        let mut mark = SOME;
        let mut entitled = false;
        let mut nap = naps;
        loop {
            // I2. A mark that seems to stand may have been cleared since: only a read-modify-write is sure to find the
            // latest value, as a load or a compare-exchange that fails is not. Relaxed: see Order.
            let announced = self.word.fetch_max(mark, Relaxed).max(mark);
            if announced == GRANTED {
                if entitled && self.take_grant() {
                    return Turn { taken: None, granted: true, unfenced: true };
                }
            } else {
                // I6.
                entitled = true;
                if !nap {
                    // Between our announcement and the attempt's load; partner: the light fence in `any`.
                    fence::heavy::<S>();
                }
                if let Some(taken) = attempt() {
                    return self.turn(Some(taken), mark, nap);
                }
            }
            let limit = if !entitled && may_be_gone::<S>() {
                patience.or_else(|| Deadline::after(PATIENCE))
            } else if entitled && nap {
                Deadline::after(NAP)
            } else {
                None
            };
            let until = soonest(deadline, limit);
            let woken = self.word.wait_bitset(announced, until, if entitled { MATCH_ANY } else { NEWCOMER });
            if !woken && until == deadline {
                if nap {
                    // As above: one who was in flight must not leave a unit and a sleeper behind. And who releases a lock
                    // that we take next must see our mark, if it is another.
                    fence::heavy::<S>();
                }
                // Too late, but what is there may still be had.
                let late = self.turn(None, mark, true);
                return Turn { taken: if late.granted { None } else { attempt() }, ..late };
            }
            entitled |= !woken;
            nap = naps && woken;
            if patience.is_some_and(Deadline::passed) {
                mark = STARVING;
                identity::note_process();
                continue;
            }
            if !woken {
                continue;
            }
            // Relaxed: a grant is taken above.
            let is_granted = || self.word.load(Relaxed) == GRANTED;
            let looked = spin::again(deadline, || attempt().map(Some).or_else(|| is_granted().then_some(None)));
            if let Some(taken) = looked.flatten() {
                // I2. Relaxed: see Order. A grant that stands there may have had our wake, unless we are newcomers (I6).
                let granted = self.word.fetch_max(SOME, Relaxed) == GRANTED && entitled && self.take_grant();
                return Turn { taken: Some(taken), granted, unfenced: true };
            }
        }
    }

    fn turn<T>(&self, taken: Option<T>, mark: u32, unfenced: bool) -> Turn<T> {
        let granted = mark == STARVING && self.calm();
        Turn { taken, granted, unfenced: unfenced || granted }
    }

    /// Takes back the mark of one who will not starve any more (I4); true if a unit was granted meanwhile.
    fn calm(&self) -> bool {
        loop {
            // Relaxed: see Order. What a failure sees is not older than our own mark, so a grant in answer to that is
            // seen.
            match self.word.compare_exchange(STARVING, SOME, Relaxed, Relaxed) {
                Err(GRANTED) => {
                    if self.take_grant() {
                        return true;
                    }
                }
                _ => return false,
            }
        }
    }

    /// One for all who may sleep on is left announced (I2).
    fn take_grant(&self) -> bool {
        // Acquire: pairs with Release in `grant`. Relaxed on failure: another has it.
        self.word.compare_exchange(GRANTED, SOME, Acquire, Relaxed).is_ok()
    }
}

/// Whether one who had a unit granted may never come.
fn may_be_gone<S: Scope>() -> bool {
    S::SHARED || identity::is_forked()
}

/// `None` is never.
fn soonest(one: Option<Deadline>, other: Option<Deadline>) -> Option<Deadline> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}

impl Default for Sleepers {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Scope> fmt::Debug for Sleepers<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot.
        formatter.write_str(match self.word.load(Relaxed) {
            NONE => "none",
            SOME => "some",
            STARVING => "starving",
            _ => "granted",
        })
    }
}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Sleepers>() == 4 && size_of::<Sleepers<Shared>>() == 4);
