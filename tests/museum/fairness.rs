//! Museum, section 6: fairness.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use underthread::raw::Sleepers;

use crate::support::watched;

/// M57, parking_lot (<https://github.com/Amanieu/parking_lot/pull/471>): a fair unlock took the path of one that is
/// not, and whoever came next had the lock. Here one who has waited for a millisecond is handed a unit of its own. Its
/// attempts all fail, as if others were always faster: without the hand-off it would wait for ever.
#[test]
fn one_who_has_waited_is_handed_a_unit_past_everybody() {
    static SLEEPERS: Sleepers = Sleepers::new();
    static UNIT: AtomicBool = AtomicBool::new(false);
    watched(|| {
        let waiter = thread::spawn(|| {
            let turn = SLEEPERS.sleep(None, true, || None::<()>);
            (turn.granted, turn.taken)
        });
        while !waiter.is_finished() {
            let put = || UNIT.store(true, SeqCst);
            put();
            SLEEPERS.released(put, || UNIT.swap(false, SeqCst));
            thread::yield_now();
        }
        assert_eq!(waiter.join().unwrap(), (true, None));
    });
}
