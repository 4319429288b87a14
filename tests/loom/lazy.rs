//! `sys::LazyNumber`: the ids of `Local`s, the key under which threads keep their ends, the watch for forks.

use core::convert::Infallible;
use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::sys::LazyNumber;
use underthread::sys::model::JoinHandle;

use crate::{Counted, of_three, of_two, with};

/// What stands behind each number that may be made, watched by loom for data races.
#[derive(Default)]
struct Things {
    number: LazyNumber,
    made: [UnsafeCell<bool>; 3],
}

impl Things {
    /// As thread `own`, counted from 1.
    fn get(&self, own: u64) -> u64 {
        let place = |number: u64| &self.made[number as usize - 1];
        let set = |number, is| {
            // SAFETY: nobody else knows of it yet, or will; loom checks that.
            place(number).with_mut(|made| unsafe { *made = is });
        };
        let make = || {
            set(own, true);
            Ok::<_, Infallible>(own)
        };
        let undo = |number| {
            assert_eq!(number, own);
            set(own, false);
        };
        let Ok(number) = self.number.get(make, undo);
        // SAFETY: made, and kept for good; loom checks that.
        assert!(place(number).with(|made| unsafe { *made }));
        number
    }
}

fn everybody_has_what_one_has_made() {
    let things = Rc::new(Things::default());
    let other = with(&things, |things| things.get(2));
    let number = things.get(1);
    assert_eq!(other.join(), number);
    assert_eq!(things.get(1), number);
}

fn three_have_what_one_has_made() {
    let things = Rc::new(Things::default());
    let others = [2, 3].map(|own| with(&things, move |things| things.get(own)));
    let number = things.get(1);
    assert_eq!(others.map(JoinHandle::join), [number; 2]);
    // Of the others nothing is left.
    let kept = things.made.iter().filter(|made| {
        // SAFETY: no other thread is left; loom checks that.
        made.with(|made| unsafe { *made })
    });
    assert_eq!(kept.count(), 1);
}

const SCENARIOS: [Counted; 2] = [
    of_two("lazy number: everybody has what one has made", None, everybody_has_what_one_has_made),
    of_three("lazy number: three have what one has made", None, three_have_what_one_has_made),
];

model!(SCENARIOS, ["sys/lazy.rs"]);
