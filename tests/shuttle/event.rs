//! `raw::Event`.

use std::cell::Cell;
use std::rc::Rc;

use underthread::raw::Event;
use underthread::sys::atomic::spin_hint;
use underthread::sys::model::check;

use crate::{Account, join, soon, start, team};

#[derive(Default)]
struct News {
    event: Event,
    told: Account,
}

#[test]
fn a_set_releases_all_twelve() {
    check("event: one set for twelve", || {
        let news = Rc::new(News::default());
        let waiters = start(&news, 12, |news, _| news.event.wait_until(None).then(|| news.told.balance()));
        news.told.add(1);
        news.event.set();
        assert_eq!(join(waiters), [Some(1); 12]);
    });
}

/// Of those who wait without a deadline none is left behind by a `clear` that follows at once.
#[test]
fn a_set_releases_also_who_is_overtaken_by_a_clear() {
    check("event: set and cleared under eight", || {
        let event = Rc::new((Event::new(), Cell::new(0)));
        let waiters = start(&event, 8, |(event, ended), number| {
            let came = event.wait_until(if number < 6 { None } else { soon() });
            ended.set(ended.get() + 1);
            came
        });
        while event.1.get() < 8 {
            event.0.set();
            event.0.clear();
            spin_hint();
        }
        assert!(join(waiters)[..6].iter().all(|came| *came) && !event.0.is_set());
    });
}

/// Each event has one waiter, who clears it: no `set` is missed, and none is seen twice.
#[test]
fn a_token_goes_round() {
    check("event: a token goes round eight, twice", || {
        let ring = Rc::new((std::array::from_fn::<_, 8, _>(|_| Event::new()), Account::default()));
        ring.0[0].set();
        team(&ring, 8, |(events, token), number| {
            let own = &events[number as usize];
            for round in 0..2 {
                assert!(own.wait_until(None));
                own.clear();
                assert_eq!(token.balance(), round * 8 + number);
                token.add(1);
                events[(number as usize + 1) % 8].set();
            }
        });
        assert_eq!(ring.1.balance(), 16);
    });
}
