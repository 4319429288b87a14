//! How long to look before sleeping.
//!
//! A sleep and a wake cost a few microseconds where both threads are on one CPU, and tens of them where the other CPU
//! must be woken. A look costs nanoseconds, if what is waited for is on its way on another CPU, and is waste if it is
//! not.
//!
//! | for | looks | then |
//! |---|---|---|
//! | a lock: its owner gives it back soon | [`LIMIT`] pauses at most, in growing distances | sleeps |
//! | the same, when it was woken for it and another was faster | as many, then lets others run, `YIELDS` times | sleeps |
//! | what another thread has yet to do | `FEW` pauses, then lets others run, `YIELDS` or `FEW_YIELDS` times, `LONGEST` at most, or pauses so long | sleeps |
//!
//! The distances grow up to `DISTANCE` pauses, so that an owner that goes on and on keeps its cache line. One who was
//! woken for a lock in vain looks longer: while it is awake the releases wake nobody else, and to be woken once more
//! would cost them a system call, and often another CPU its rest.
//!
//! What the other has yet to do it may do on this very CPU: then a pause is waste and a yield is the switch to it,
//! for half the price of a sleep. If it runs on another CPU, a yield is a long pause; together they are about as long
//! as a thread takes that was asleep there: without that, once both sleep, each would go to sleep before the other
//! has woken up, for ever. Each thread remembers which of the two has paid lately; what has not it tries again once
//! in `EVERY` waits only. So waits that are long as a rule cost little more than their sleep.
//!
//! Pauses it gives up only where yields have done in their place, `TRUST` times, and a few yields never. Where more
//! threads wait for each other than there are CPUs, two that run meet by pauses, some thousand times, until one of them
//! loses its CPU to another of its kind; that one waits in vain, and had better let a third run than sleep: who sleeps
//! must be woken, which brings others to sleep, and all go on so. (Sixteen putters and getters of a queue with one
//! slot: 260 ns for an item; if looks are given up at the second failure, 800 to 30 000.)
//!
//! A yield may also be the switch to a stranger that never waits, and keeps the CPU for the whole of its turn; who
//! sleeps instead is preferred when it is woken. So after a yield of `TURN` a thread makes none for some hundred waits,
//! after the next for twice as many, and pauses for about as long in their place; yields that take all their time, but
//! no turn, halve that again. (One who was woken for a lock yields all the same.) (Ten producers and ten consumers of a
//! lock, two conditions and one slot, beside two processes that compute: 2 s for 100 000 items; with such yields 42.)

use core::cell::Cell;
use core::time::Duration;

use crate::sys::Deadline;
use crate::sys::atomic::spin_hint;
use crate::sys::identity::cpus;
use crate::sys::thread::give_way;

/// The most pauses before a thread that waits for a lock goes to sleep: a few microseconds (measured on an AMD EPYC: 3
/// to 4.5; CPUs differ in how long their spin hint takes), about the price of a sleep and a wake on one CPU (measured:
/// 2 to 4 µs). So no wait costs much more than twice what the better choice would have. std's futex mutex has the same
/// number.
pub const LIMIT: u32 = 100;

/// The most pauses between two looks.
const DISTANCE: u32 = 64;
/// The pauses before the first yield: some microseconds.
const FEW: u32 = 60;
/// About 20 µs where nobody else wants the CPU.
const YIELDS: u32 = 50;
/// The longest that yields go on.
const LONGEST: Duration = Duration::from_micros(50);

/// The yields of one whose last waits ended in a sleep.
const FEW_YIELDS: u32 = 4;

/// Where yields are too long: so many times `FEW` pauses.
const MANY: u32 = 16;

/// A yield that was as long has perhaps let a stranger have its turn.
const TURN: Duration = Duration::from_micros(500);
/// The fewest and the most waits without a yield, after those that were too long: they are to cost a few per cent.
const RESTS: [u32; 2] = [1 << 8, 1 << 16];
/// How many waits that yields have ended stop a thread's pauses.
const TRUST: u32 = 64;
/// What has not paid is tried again once in so many waits.
const EVERY: u32 = 64;

thread_local! {
    // Constant and without a destructor: usable in every thread-local destructor.
    /// Waits that yields have ended, or whose pauses were left out or a trial, since pauses have ended one.
    static BY_YIELDS: Cell<u32> = const { Cell::new(0) };
    /// Waits that looks have not ended, since they have ended one.
    static IN_VAIN: Cell<u32> = const { Cell::new(0) };
    /// Waits to go without a yield, of those that their first pauses do not end; and how many those were to be at last.
    static REST: Cell<u32> = const { Cell::new(0) };
    static LAST_REST: Cell<u32> = const { Cell::new(0) };
}

/// Looks until `found` for as long as one waits for a lock; where no other thread can run meanwhile, not at all.
pub(crate) fn until(mut found: impl FnMut() -> bool) -> bool {
    cpus() > 1 && pauses(LIMIT, &mut found)
}

/// As [`until`], by one who was woken: at least once, and for what is found.
pub(crate) fn again<T>(deadline: Option<Deadline>, mut find: impl FnMut() -> Option<T>) -> Option<T> {
    let mut found = None;
    let mut look = || {
        found = find();
        found.is_some()
    };
    if !pauses(if cpus() > 1 { LIMIT } else { 0 }, &mut look) {
        yields(deadline, YIELDS, &mut look);
    }
    found
}

/// Looks until `found` for as long as one waits for what another has yet to do; not at all if the time is over.
pub(crate) fn yielding<F: FnMut() -> bool>(deadline: Option<Deadline>, mut found: F) -> bool {
    if deadline.is_some_and(Deadline::passed) {
        return false;
    }
    let (by_yields, in_vain, rest) = (BY_YIELDS.get(), IN_VAIN.get(), REST.get());
    let apart = cpus() > 1 && (rest > 0 || pays(by_yields, TRUST));
    let in_time = || !deadline.is_some_and(Deadline::passed);
    let pause = |times: u32, found: &mut F| apart && (0..times).any(|_| in_time() && pauses(FEW, found));
    let long = pays(in_vain, 2);
    let mut yielded = false;
    let done = pause(1, &mut found)
        || if rest > 0 {
            REST.set(rest - 1);
            long && pause(MANY, &mut found)
        } else {
            yielded = true;
            yields(deadline, if long { YIELDS } else { FEW_YIELDS }, &mut found)
        };
    if yielded && (done || !apart || by_yields >= TRUST) {
        BY_YIELDS.set(by_yields.wrapping_add(1));
    } else if done {
        BY_YIELDS.set(0);
    }
    IN_VAIN.set(if done { 0 } else { in_vain.wrapping_add(1) });
    done
}

fn pauses(limit: u32, found: &mut impl FnMut() -> bool) -> bool {
    let mut left = limit;
    let mut distance = 1;
    loop {
        if found() {
            return true;
        }
        if left == 0 {
            return false;
        }
        distance = left.min(distance);
        for _ in 0..distance {
            spin_hint();
        }
        left -= distance;
        distance = (distance * 2).min(DISTANCE);
    }
}

fn yields(deadline: Option<Deadline>, most: u32, found: &mut impl FnMut() -> bool) -> bool {
    let [end, turn] = [LONGEST, TURN].map(Deadline::after);
    for _ in 0..most {
        if deadline.is_some_and(Deadline::passed) || !give_way() {
            return false;
        }
        let [over, long] = [end, turn].map(|end| end.is_some_and(Deadline::passed));
        let done = found();
        if over {
            let last = LAST_REST.get();
            if long {
                let rest = (2 * last).clamp(RESTS[0], RESTS[1]);
                LAST_REST.set(rest);
                REST.set(rest);
            } else {
                LAST_REST.set(last / 2);
            }
            return done;
        }
        if done {
            return true;
        }
    }
    false
}

/// Whether to try what has been tried in vain so many times, or that was passed over.
fn pays(in_vain: u32, trust: u32) -> bool {
    in_vain < trust || in_vain.is_multiple_of(EVERY)
}
