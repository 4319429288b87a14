//! The gate of `raw::brief`.

use std::rc::Rc;

use underthread::raw::{Gate, Lock};
use underthread::sys::model::check;

use crate::{Account, team};

#[derive(Default)]
struct Process {
    gate: Gate,
    locks: [Lock; 2],
    account: Account,
}

#[test]
fn a_fork_finds_nobody_inside() {
    check("brief: nine, three of whom fork, twice", || {
        let process = Rc::new(Process::default());
        process.gate.begin();
        team(&process, 9, |Process { gate, locks: [lock, further], account }, number| {
            for _ in 0..2 {
                if number % 3 == 0 {
                    gate.before();
                    assert!(!lock.locked() && !further.locked());
                    account.add(1);
                    gate.in_parent();
                } else {
                    gate.acquire_until(lock, None);
                    account.add(1);
                    let waits = number % 3 == 1 && gate.acquire_until(further, None);
                    if waits || gate.try_acquire(further) {
                        gate.release(further);
                    }
                    gate.release(lock);
                }
            }
        });
        process.gate.before();
        assert_eq!(process.account.balance(), 18);
    });
}
