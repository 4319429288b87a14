//! `raw::Condition`.

use std::rc::Rc;

use underthread::raw::{Condition, Guarded, Lock};
use underthread::sys::model::check;

use crate::{join, soon, start, team};

#[derive(Default)]
struct Data {
    tickets: u32,
    over: bool,
}

#[derive(Default)]
struct Stage {
    data: Guarded<Lock, Data>,
    condition: Condition,
}

impl Stage {
    fn take_a_ticket(&self) {
        let mut data = self.data.acquire();
        while data.tickets == 0 {
            assert!(self.condition.wait_guard_until(&mut data, None));
        }
        data.tickets -= 1;
    }

    fn give_tickets(&self, number: u32) {
        self.data.acquire().tickets += number;
        self.condition.notify(number);
    }
}

/// Those who are served wait again, in groups that form while others are being served.
#[test]
fn each_notification_serves_one() {
    check("condition: six take two tickets each", || {
        let stage = Rc::new(Stage::default());
        let takers = start(&stage, 6, |stage, _| (0..2).for_each(|_| stage.take_a_ticket()));
        let givers = start(&stage, 2, |stage, _| (0..6).for_each(|_| stage.give_tickets(1)));
        join(givers);
        join(takers);
        assert_eq!((stage.data.acquire().tickets, stage.condition.waiting()), (0, 0));
    });
}

#[test]
fn notifications_of_several_serve_as_many() {
    check("condition: nine take a ticket, three are given at a time", || {
        let stage = Rc::new(Stage::default());
        team(&stage, 12, |stage, number| if number % 4 == 1 { stage.give_tickets(3) } else { stage.take_a_ticket() });
        assert_eq!((stage.data.acquire().tickets, stage.condition.waiting()), (0, 0));
    });
}

/// As many waits are true as were said, and none is left.
#[test]
fn waits_say_what_notify_said() {
    check("condition: as many of ten are notified as notify says", || {
        let stage = Rc::new(Stage::default());
        let waiters = start(&stage, 10, |stage, number| {
            let mut data = stage.data.acquire();
            let mut notified = 0;
            while !data.over {
                let deadline = if number < 5 { soon() } else { None };
                if !stage.condition.wait_guard_until(&mut data, deadline) {
                    break;
                }
                notified += 1;
            }
            notified
        });
        let said = team(&stage, 4, |stage, number| {
            if number == 3 {
                stage.data.acquire().over = true;
                stage.condition.notify_all()
            } else {
                stage.condition.notify(number)
            }
        });
        assert_eq!(join(waiters).into_iter().sum::<u32>(), said.into_iter().sum());
        assert_eq!(stage.condition.waiting(), 0);
    });
}

#[test]
fn notify_all_ends_every_wait() {
    check("condition: one end for fifteen", || {
        let stage = Rc::new(Stage::default());
        let waiters = start(&stage, 15, |stage, _| {
            let mut data = stage.data.acquire();
            while !data.over {
                assert!(stage.condition.wait_guard_until(&mut data, None));
            }
        });
        stage.data.acquire().over = true;
        stage.condition.notify_all();
        join(waiters);
        assert_eq!(stage.condition.waiting(), 0);
    });
}
