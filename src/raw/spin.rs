//! How long to look before sleeping.

use crate::sys::atomic::spin_hint;
use crate::sys::identity::cpus;
use crate::sys::thread::give_way;

/// The most pauses before a thread that waits for a lock goes to sleep: a few microseconds (measured on an AMD EPYC: 3
/// to 4.5; CPUs differ in how long their spin hint takes), about the price of a sleep and a wake on one CPU (measured: 2
/// to 4 µs). So no wait costs much more than twice what the better choice would have. std's futex mutex has the same
/// number.
pub const LIMIT: u32 = 100;

/// For what its owner gives back soon, like a lock: looks until `found`, at growing distances, so that the owner keeps its
/// cache line and may go on; where no other thread can run meanwhile, not at all.
pub(crate) fn until(mut found: impl FnMut() -> bool) -> bool {
    pauses(LIMIT, &mut found)
}

/// For what another thread has yet to do: looks for a moment, and then lets others run between its looks; one of them may
/// be the one that is waited for, on this very CPU.
pub(crate) fn yielding(mut found: impl FnMut() -> bool) -> bool {
    pauses(FEW, &mut found) || (0..YIELDS).any(|_| give_way() && found())
}

const FEW: u32 = 15;
const YIELDS: u32 = 10;

fn pauses(limit: u32, found: &mut impl FnMut() -> bool) -> bool {
    if cpus() == 1 {
        return false;
    }
    let mut made = 0;
    let mut next = 1;
    loop {
        if found() {
            return true;
        }
        if made >= limit {
            return false;
        }
        for _ in 0..next {
            spin_hint();
        }
        made += next;
        next = (next * 2).min(32);
    }
}
