//! `raw::Pile` over an order of the user's own.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use underthread::raw::{Buffer, Order, Pile, Refused};

thread_local! {
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// The last comes first. A thread may have `default` panic.
pub(crate) struct Stack(pub(crate) Vec<u8>);

impl Default for Stack {
    fn default() -> Self {
        assert!(!PANICS.get());
        Self(Vec::new())
    }
}

impl Order for Stack {
    type Item = u8;

    fn put(&mut self, item: &mut Option<u8>) {
        self.0.extend(item.take());
    }

    fn take(&mut self) -> Option<u8> {
        self.0.pop()
    }

    fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

#[test]
fn a_close_that_panics_changes_nothing() {
    let pile = Pile::new(Stack(Vec::new()), 2);
    pile.try_put(1).unwrap();
    for (round, immediate) in (1..).zip([false, true]) {
        PANICS.set(true);
        catch_unwind(AssertUnwindSafe(|| pile.close(immediate))).unwrap_err();
        PANICS.set(false);
        assert!(!pile.is_closed());
        pile.try_put(2).unwrap();
        assert_eq!((pile.try_get(), pile.qsize(), pile.unfinished()), (Ok(2), 1, round + 1));
    }
    assert_eq!((pile.try_get(), pile.try_get()), (Ok(1), Err(Refused::NotNow)));
}
