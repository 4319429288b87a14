//! How long to look before sleeping.

use crate::sys::atomic::spin_hint;
use crate::sys::identity::has_one_cpu;

/// The most looks at a word before its caller goes to sleep: a few microseconds (measured on an AMD EPYC: 3 to 4.5;
/// CPUs differ in how long their spin hint takes), about the price of a sleep and a wake on one CPU (measured: 2 to
/// 4 µs). So no wait costs much more than twice what the better choice would have. std's futex mutex has the same number.
pub const LIMIT: u32 = 100;

/// Looks until `found` or until [`LIMIT`]; where no other thread can run meanwhile, not at all.
pub(crate) fn until(mut found: impl FnMut() -> bool) -> bool {
    if has_one_cpu() {
        return false;
    }
    for _ in 0..LIMIT {
        if found() {
            return true;
        }
        spin_hint();
    }
    false
}
