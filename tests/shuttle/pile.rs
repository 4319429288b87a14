//! `raw::Pile`.

use std::rc::Rc;

use underthread::raw::{Buffer, Order, Pile};
use underthread::sys::model::check;

use crate::ring::{Item, assert_all_came, get, put};
use crate::{join, soon_or_never, start, team};

#[derive(Default)]
struct Last(Vec<Item>);

impl Order for Last {
    type Item = Item;

    fn put(&mut self, item: &mut Option<Item>) {
        self.0.extend(item.take());
    }

    fn take(&mut self) -> Option<Item> {
        self.0.pop()
    }

    fn into_vec(self) -> Vec<Item> {
        self.0
    }
}

fn pile(capacity: usize) -> Rc<Pile<Last>> {
    Rc::new(Pile::new(Last(Vec::new()), capacity))
}

#[test]
fn four_to_four() {
    check("pile: four to four through two places", || {
        let pile = pile(2);
        let putters = start(&pile, 4, |pile, number| (0..3).for_each(|item| put(pile, (number, item))));
        let got = team(&pile, 4, |pile, _| (0..3).map(|_| get(pile)).collect());
        join(putters);
        assert_all_came(got, 4, 3);
    });
}

#[test]
fn workers_are_joined_and_closed() {
    check("pile: five workers, a master, a join, a close", || {
        let pile = pile(3);
        let workers = start(&pile, 5, |pile, number| {
            let mut got = Vec::new();
            loop {
                match pile.get_until(soon_or_never(number)) {
                    Ok(item) => got.push(item),
                    Err(underthread::raw::Refused::Closed) => return got,
                    Err(underthread::raw::Refused::NotNow) => continue,
                }
                pile.task_done().unwrap();
            }
        });
        (0..6).for_each(|item| put(&*pile, (0, item)));
        assert!(pile.join_until(None));
        assert_eq!(pile.close(true), []);
        assert_all_came(join(workers), 1, 6);
    });
}
