//! `raw::Condition`. Two locks and two words to sleep on make these models large, so most are bounded.

use std::rc::Rc;

use underthread::raw::{Condition, Guarded, Lock, RLock, RawLock};
use underthread::sys::Deadline;
use underthread::sys::model::JoinHandle;

use crate::{Counted, of_three, of_two, soon, with};

#[derive(Default)]
struct Data {
    tickets: u32,
    notified: u32,
    waits: bool,
    over: bool,
}

/// Data that loom watches for data races, under a lock, and a condition.
#[derive(Default)]
struct Stage {
    data: Guarded<Lock, Data>,
    condition: Condition,
}

impl Stage {
    fn new() -> Rc<Self> {
        Rc::new(Self::default())
    }

    fn take_a_ticket(&self) {
        let mut data = self.data.acquire();
        while data.tickets == 0 {
            assert!(self.condition.wait_guard_until(&mut data, None));
        }
        data.tickets -= 1;
    }

    /// Gives how many waits ended by a notification.
    fn wait_until_over(&self, deadline: Option<Deadline>) -> u32 {
        let (mut data, mut ended) = (self.data.acquire(), 0);
        while !data.over {
            if !self.condition.wait_guard_until(&mut data, deadline) {
                return ended;
            }
            ended += 1;
        }
        ended
    }

    fn end(&self) -> u32 {
        self.data.acquire().over = true;
        self.condition.notify_all()
    }
}

fn a_wait_that_began_under_the_lock_is_found_by_who_has_it_next() {
    let stage = Stage::new();
    let waiter = with(&stage, Stage::take_a_ticket);
    let mut data = stage.data.acquire();
    data.tickets = 1;
    stage.condition.notify(1);
    drop(data);
    waiter.join();
}

fn the_notifier_need_not_hold_the_lock() {
    let stage = Stage::new();
    let waiter = with(&stage, Stage::take_a_ticket);
    stage.data.acquire().tickets = 1;
    stage.condition.notify(1);
    waiter.join();
}

/// The waiter may not have given its lock up yet when the notification that was promised to it comes.
fn who_notifies_without_the_lock_is_heard() {
    let stage = Stage::new();
    let waiter = with(&stage, |stage| {
        let mut data = stage.data.acquire();
        if !data.over {
            assert!(stage.condition.wait_guard_until(&mut data, None));
        }
    });
    if stage.condition.notify(1) == 0 {
        stage.end();
    }
    waiter.join();
}

fn a_wait_says_what_notify_said() {
    let stage = Stage::new();
    let waiter = with(&stage, |stage| {
        let mut data = stage.data.acquire();
        stage.condition.wait_guard_until(&mut data, soon())
    });
    let given = stage.condition.notify(1);
    assert_eq!(u32::from(waiter.join()), given);
    assert_eq!(stage.condition.waiting(), 0);
}

fn a_recursive_lock_is_released_whole_and_has_its_depth_again() {
    let lock = Rc::new((RLock::new(), Condition::new()));
    let waiter = with(&lock, |lock| {
        lock.0.acquire().unwrap();
        lock.0.acquire().unwrap();
        // SAFETY: the lock is held, and protects nothing.
        let notified = unsafe { lock.1.wait_until(&lock.0, soon()) };
        assert_eq!(lock.0.recursion_count(), 2);
        // SAFETY: as above.
        assert_eq!(unsafe { lock.0.release_all() }, 2);
        notified
    });
    lock.0.acquire().unwrap();
    let given = lock.1.notify(1);
    lock.0.release().unwrap();
    assert_eq!(u32::from(waiter.join()), given);
}

fn a_notification_does_not_go_to_its_own_notifier_later() {
    let stage = Stage::new();
    let older = with(&stage, |stage| {
        let mut data = stage.data.acquire();
        if !data.over {
            data.waits = true;
            assert!(stage.condition.wait_guard_until(&mut data, None));
        }
    });
    let mut data = stage.data.acquire();
    data.over = true;
    if data.waits {
        assert_eq!(stage.condition.notify(1), 1);
        assert!(!stage.condition.wait_guard_until(&mut data, soon()), "a newcomer took it");
    }
    drop(data);
    older.join();
}

fn two_notifications_serve_two_waiters() {
    let stage = Stage::new();
    let waiters = [(); 2].map(|()| with(&stage, Stage::take_a_ticket));
    for _ in 0..2 {
        stage.data.acquire().tickets += 1;
        stage.condition.notify(1);
    }
    waiters.into_iter().for_each(JoinHandle::join);
}

/// Three groups may form: the last sleeps where the first slept.
fn a_word_serves_every_second_group() {
    let stage = Stage::new();
    let once = with(&stage, Stage::take_a_ticket);
    let twice = with(&stage, |stage| {
        stage.take_a_ticket();
        stage.take_a_ticket();
    });
    for _ in 0..3 {
        stage.data.acquire().tickets += 1;
        stage.condition.notify(1);
    }
    once.join();
    twice.join();
}

fn a_notification_is_not_spent_on_one_who_has_timed_out() {
    let stage = Stage::new();
    let timed = with(&stage, |stage| stage.wait_until_over(soon()));
    let untimed = with(&stage, |stage| stage.wait_until_over(None));
    let given = stage.condition.notify(1) + stage.end();
    assert_eq!(timed.join() + untimed.join(), given);
    assert_eq!(stage.condition.waiting(), 0);
}

fn notify_all_ends_every_wait() {
    let stage = Stage::new();
    let waiters = [(); 2].map(|()| with(&stage, |stage| stage.wait_until_over(None)));
    let given = stage.end();
    assert_eq!(waiters.map(JoinHandle::join).into_iter().sum::<u32>(), given);
}

fn a_newcomer_takes_nothing_from_who_waited_before() {
    let stage = Stage::new();
    let older = with(&stage, |stage| {
        let mut data = stage.data.acquire();
        if !data.over {
            data.waits = true;
            assert!(stage.condition.wait_guard_until(&mut data, None));
        }
    });
    let newcomer = with(&stage, |stage| {
        let mut data = stage.data.acquire();
        let late = data.notified == 1;
        let notified = stage.condition.wait_guard_until(&mut data, soon());
        assert!(!(late && notified), "a newcomer took it");
    });
    let mut data = stage.data.acquire();
    data.over = true;
    if data.waits {
        data.notified = 1;
        // Both may wait, the newcomer as the older one: then it may take the first.
        assert!(stage.condition.notify(2) >= 1);
    }
    drop(data);
    older.join();
    newcomer.join();
}

/// Of two in the open group, the one that is served first waits again, and may sleep when the other is notified.
fn a_newcomer_who_sleeps_keeps_no_wake_from_the_open_group() {
    let stage = Stage::new();
    let waiters = [(); 2].map(|()| {
        with(&stage, |stage| {
            let mut data = stage.data.acquire();
            if data.over {
                return;
            }
            data.tickets += 1;
            assert!(stage.condition.wait_guard_until(&mut data, None));
            data.notified += 1;
            if data.notified == 1 {
                assert!(stage.condition.wait_guard_until(&mut data, None));
            } else {
                stage.condition.notify_all();
            }
        })
    });
    let mut data = stage.data.acquire();
    data.over = true;
    if data.tickets == 2 {
        assert_eq!(stage.condition.notify(1), 1);
        drop(data);
        data = stage.data.acquire();
    } else {
        // One alone has nobody to wait for.
        data.notified += 1;
    }
    let older = u32::from(data.tickets > 0);
    assert_eq!(stage.condition.notify(1), older);
    drop(data);
    waiters.into_iter().for_each(JoinHandle::join);
}

const SCENARIOS: [Counted; 12] = [
    of_two(
        "condition: a wait that began under the lock is found by who has it next",
        None,
        a_wait_that_began_under_the_lock_is_found_by_who_has_it_next,
    ),
    of_two("condition: the notifier need not hold the lock", None, the_notifier_need_not_hold_the_lock),
    of_two("condition: a wait says what notify said", None, a_wait_says_what_notify_said),
    of_two(
        "condition: a recursive lock is released whole and has its depth again",
        None,
        a_recursive_lock_is_released_whole_and_has_its_depth_again,
    ),
    of_two(
        "condition: a notification does not go to its own notifier later",
        None,
        a_notification_does_not_go_to_its_own_notifier_later,
    ),
    of_three("condition: two notifications serve two waiters", Some(3), two_notifications_serve_two_waiters),
    of_three("condition: a word serves every second group", Some(3), a_word_serves_every_second_group),
    of_three(
        "condition: a notification is not spent on one who has timed out",
        Some(3),
        a_notification_is_not_spent_on_one_who_has_timed_out,
    ),
    of_three("condition: notify_all ends every wait", Some(3), notify_all_ends_every_wait),
    of_three(
        "condition: a newcomer takes nothing from who waited before",
        Some(3),
        a_newcomer_takes_nothing_from_who_waited_before,
    ),
    of_three(
        "condition: a newcomer who sleeps keeps no wake from the open group",
        Some(3),
        a_newcomer_who_sleeps_keeps_no_wake_from_the_open_group,
    ),
    of_two("condition: who notifies without the lock is heard", None, who_notifies_without_the_lock_is_heard),
];

model!(SCENARIOS, ["raw/condition.rs"]);
