//! The gate of `raw::brief`: a fork finds nobody inside, and keeps nobody from leaving. A scenario calls the handlers
//! where the system would, and looks where it would copy the process. It has one word of its own for planted bugs; what
//! else may be missing is in docs/mutants.md.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::{Gate, Lock};

use crate::{Counted, of_three, of_two, with};

struct Process {
    gate: Gate,
    locks: [Lock; 2],
    /// What is changed under the first lock; loom watches it for data races.
    changes: UnsafeCell<u32>,
}

impl Process {
    fn new() -> Rc<Self> {
        let gate = Gate::new();
        gate.begin();
        Rc::new(Self { gate, locks: [Lock::new(), Lock::new()], changes: UnsafeCell::new(0) })
    }

    /// What is now a child that was not told, after threads of its parent have done so.
    fn not_told(before: fn(&Self)) -> Rc<Self> {
        let process = Self::new();
        with(&process, before).join();
        process.gate.is_copied();
        process
    }

    fn change(&self) {
        // SAFETY: the lock is held, or all others are outside; loom checks that.
        self.changes.with_mut(|changes| unsafe { *changes += 1 });
    }

    fn enter(&self, lock: usize) {
        assert!(self.gate.acquire_until(&self.locks[lock], None));
    }

    fn leave(&self, lock: usize) {
        self.gate.release(&self.locks[lock]);
    }

    fn change_inside(&self) {
        self.enter(0);
        self.change();
        self.leave(0);
    }

    /// As a fork, which copies all that is there.
    fn copy(&self) {
        assert!(!self.locks.iter().any(Lock::locked), "a child would find a lock held");
        self.change();
    }

    fn fork(&self) {
        self.gate.before();
        self.copy();
        self.gate.in_parent();
    }

    /// Where another may be inside for ever.
    fn fork_somehow(&self) {
        self.gate.before();
        self.gate.in_parent();
    }

    /// And goes on as the child.
    fn fork_off(&self) {
        self.gate.before();
        self.gate.in_child();
    }

    /// Forks where nobody is left to give back what would be missing.
    fn assert_changes(&self, expected: u32) {
        self.fork();
        // SAFETY: no other thread is left; loom checks that.
        self.changes.with(|changes| assert_eq!(unsafe { *changes }, expected + 1));
    }
}

fn a_fork_finds_nobody_inside() {
    let process = Process::new();
    let other = with(&process, Process::change_inside);
    process.fork();
    other.join();
    process.assert_changes(2);
}

/// I2: else each would wait for the other.
fn a_further_lock_is_had_while_a_fork_waits() {
    let process = Process::new();
    let other = with(&process, |process| {
        process.enter(1);
        process.change_inside();
        process.leave(1);
    });
    process.fork();
    other.join();
    process.assert_changes(2);
}

fn two_fork_one_after_the_other() {
    let process = Process::new();
    let other = with(&process, Process::fork);
    process.fork();
    other.join();
    process.assert_changes(2);
}

fn two_fork_while_another_is_inside() {
    let process = Process::new();
    let others = [with(&process, Process::fork), with(&process, Process::change_inside)];
    process.fork();
    for other in others {
        other.join();
    }
    process.assert_changes(3);
}

/// Of a thread that was inside since, also a second one would succeed.
fn an_attempt_that_fails_at_the_gate_leaves_nothing_behind() {
    let process = Process::new();
    with(&process, |process| process.gate.before()).join();
    for lock in &process.locks {
        assert!(!process.gate.try_acquire(lock));
    }
}

fn an_attempt_that_fails_at_the_lock_leaves_nothing_behind() {
    let process = Process::new();
    let other = with(&process, |process| {
        if process.gate.try_acquire(&process.locks[0]) {
            process.leave(0);
        }
    });
    process.change_inside();
    other.join();
    process.assert_changes(1);
}

/// In a signal handler; the other fork waits for it.
fn who_is_inside_forks_without_waiting() {
    let process = Process::new();
    let other = with(&process, |process| {
        process.enter(0);
        process.gate.before();
        process.change();
        process.gate.in_parent();
        process.change();
        process.leave(0);
    });
    process.fork();
    other.join();
    process.assert_changes(3);
}

/// By handlers of others, younger than the gate's.
fn between_the_handlers_the_thread_goes_inside_and_forks_and_nobody_else_does() {
    let process = Process::new();
    let other = with(&process, Process::change_inside);
    process.gate.before();
    process.change_inside();
    assert!(process.gate.try_acquire(&process.locks[1]));
    process.leave(1);
    process.fork();
    process.copy();
    process.gate.in_parent();
    other.join();
    process.assert_changes(4);
}

/// The only thread of a child has all, as in the parent.
fn a_child_goes_on_as_its_parent() {
    let process = Process::new();
    process.gate.before();
    process.copy();
    process.gate.is_copied();
    process.gate.in_child();
    let other = with(&process, Process::change_inside);
    process.fork();
    other.join();
    process.assert_changes(3);
}

/// A fork in a signal handler, in a process in which another thread forks: that has had all permits before this one
/// came, which waits, is interrupted, and goes on in the child.
fn in_a_child(goes_on: fn(&Process)) {
    let process = Process::new();
    with(&process, |process| process.gate.before()).join();
    let waiting = with(&process, goes_on);
    // The handler: inside, as by another gate, without a permit of this one.
    let interrupted = Process::new();
    interrupted.enter(0);
    process.fork_off();
    interrupted.leave(0);
    // There may be one inside for ever: it waits for a lock that a thread of the parent has.
    process.enter(1);
    waiting.join();
}

fn in_a_child_who_waited_goes_inside() {
    in_a_child(Process::change_inside);
}

fn in_a_child_who_waited_forks() {
    in_a_child(Process::fork_off);
}

/// That has come so far as to collect permits, and misses one: of a thread of the parent that was inside.
fn in_a_child_who_collects_forks() {
    let process = Process::new();
    with(&process, |process| process.enter(1)).join();
    let collecting = with(&process, Process::fork_off);
    // The handler, as above.
    let interrupted = Process::new();
    interrupted.enter(0);
    process.fork_off();
    interrupted.leave(0);
    collecting.join();
}

/// There may be one inside for ever, as above.
fn in_a_child_that_was_forked_inside_a_fork_waits_for_nobody() {
    let process = Process::new();
    process.enter(0);
    process.fork_off();
    process.leave(0);
    with(&process, |process| process.enter(1)).join();
    for _ in 0..2 {
        process.fork_somehow();
    }
}

/// One was inside, whom the child does not have. There may be one inside for ever, as above.
fn in_a_child_that_was_not_told_two_fork() {
    let process = Process::not_told(|process| process.enter(1));
    let other = with(&process, Process::fork_somehow);
    process.fork_somehow();
    process.enter(0);
    other.join();
}

/// One was about to fork, and had all permits.
fn in_a_child_that_was_not_told_one_goes_inside() {
    let process = Process::not_told(|process| process.gate.before());
    let other = with(&process, Process::change_inside);
    process.change_inside();
    other.join();
    process.fork_somehow();
}

/// Nobody was inside.
fn in_a_child_that_was_not_told_a_fork_waits() {
    let process = Process::not_told(Process::change_inside);
    process.fork();
    let other = with(&process, Process::change_inside);
    process.fork();
    other.join();
    process.assert_changes(4);
}

/// As that of one that was told.
fn in_a_child_that_was_not_told_of_one_forked_inside_a_fork_waits_for_nobody() {
    let process = Process::new();
    process.enter(0);
    process.fork_off();
    process.leave(0);
    process.gate.is_copied();
    process.fork_somehow();
    with(&process, |process| process.enter(1)).join();
    process.fork_somehow();
}

const SCENARIOS: [Counted; 17] = [
    of_two("brief: a fork finds nobody inside", None, a_fork_finds_nobody_inside),
    of_two("brief: a further lock while a fork waits", None, a_further_lock_is_had_while_a_fork_waits),
    of_two("brief: two fork", None, two_fork_one_after_the_other),
    of_two("brief: an attempt that fails at the gate", None, an_attempt_that_fails_at_the_gate_leaves_nothing_behind),
    of_two("brief: an attempt that fails at the lock", None, an_attempt_that_fails_at_the_lock_leaves_nothing_behind),
    of_two("brief: who is inside forks without waiting", None, who_is_inside_forks_without_waiting),
    of_two(
        "brief: between the handlers",
        None,
        between_the_handlers_the_thread_goes_inside_and_forks_and_nobody_else_does,
    ),
    of_two("brief: a child goes on as its parent", None, a_child_goes_on_as_its_parent),
    of_two(
        "brief: in a child a fork waits for nobody",
        None,
        in_a_child_that_was_forked_inside_a_fork_waits_for_nobody,
    ),
    of_two(
        "brief: in a child that was not told, of one forked inside",
        None,
        in_a_child_that_was_not_told_of_one_forked_inside_a_fork_waits_for_nobody,
    ),
    of_three("brief: in a child that was not told a fork waits", Some(3), in_a_child_that_was_not_told_a_fork_waits),
    of_three("brief: in a child that was not told two fork", None, in_a_child_that_was_not_told_two_fork),
    of_three(
        "brief: in a child that was not told one goes inside",
        Some(3),
        in_a_child_that_was_not_told_one_goes_inside,
    ),
    of_three("brief: two fork while another is inside", Some(3), two_fork_while_another_is_inside),
    of_three("brief: in a child who waited goes inside", None, in_a_child_who_waited_goes_inside),
    of_three("brief: in a child who waited forks", None, in_a_child_who_waited_forks),
    of_three("brief: in a child who collects forks", None, in_a_child_who_collects_forks),
];

model!(SCENARIOS, ["raw/brief.rs"]);
