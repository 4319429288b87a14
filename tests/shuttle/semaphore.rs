//! `raw::Semaphore`.

use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use underthread::raw::{OverRelease, Semaphore};
use underthread::sys::atomic::AtomicU32;
use underthread::sys::model::check;

use crate::{Account, soon_or_never, team};

const PERMITS: u32 = 3;

struct Pool {
    permits: Semaphore,
    used: AtomicU32,
}

impl Pool {
    fn new() -> Rc<Self> {
        Rc::new(Self { permits: Semaphore::bounded(PERMITS), used: AtomicU32::new(0) })
    }

    fn use_held(&self, number: u32) {
        let used = self.used.fetch_add(number, Relaxed) + number;
        assert!(used <= PERMITS, "{used} are used");
        self.used.fetch_sub(number, Relaxed);
        self.permits.release(number).unwrap();
    }

    fn assert_all_there(&self) {
        assert_eq!(self.permits.value(), PERMITS);
        assert_eq!(self.permits.release(1), Err(OverRelease));
    }
}

#[test]
fn no_more_are_inside_than_permits() {
    check("semaphore: twelve for three permits, twice", || {
        let pool = Pool::new();
        team(&pool, 12, |pool, _| {
            for _ in 0..2 {
                assert!(pool.permits.acquire_until(1, None));
                pool.use_held(1);
            }
        });
        pool.assert_all_there();
    });
}

#[test]
fn those_who_want_several_get_them() {
    check("semaphore: nine, for one to three permits", || {
        let pool = Pool::new();
        team(&pool, 9, |pool, number| {
            let number = 1 + number % 3;
            assert!(pool.permits.acquire_until(number, None));
            pool.use_held(number);
        });
        pool.assert_all_there();
    });
}

#[test]
fn those_who_give_up_take_nothing_with_them() {
    check("semaphore: ten, half of them timed", || {
        let pool = Pool::new();
        team(&pool, 10, |pool, number| {
            let wanted = 1 + number / 4;
            let came = pool.permits.acquire_until(wanted, soon_or_never(number));
            if came {
                pool.use_held(wanted);
            }
            assert!(came || number % 2 == 0);
        });
        pool.assert_all_there();
    });
}

/// A wake that comes with a permit that is handed over is not used up by one who takes another.
#[test]
fn a_permit_that_is_handed_over_has_its_taker() {
    check("semaphore: two single releases for two", || {
        let permits = Rc::new(Semaphore::new(0));
        team(&permits, 4, |permits, number| match number {
            0 | 1 => permits.release(1).unwrap(),
            _ => assert!(permits.acquire_until(1, None)),
        });
    });
}

#[test]
fn a_release_of_many_serves_many() {
    check("semaphore: two releases of four for eight", || {
        let permits = Rc::new(Semaphore::new(0));
        team(&permits, 10, |permits, number| match number {
            3 | 7 => permits.release(4).unwrap(),
            _ => assert!(permits.acquire_until(1, None)),
        });
        assert_eq!(permits.value(), 0);
    });
}

/// As a lock.
#[test]
fn one_permit_excludes() {
    check("semaphore: one permit for eight", || {
        let bank = Rc::new((Semaphore::new(1), Account::default()));
        team(&bank, 8, |(permit, account), _| {
            assert!(permit.acquire_until(1, None));
            account.add(1);
            permit.release(1).unwrap();
        });
        assert_eq!((bank.1.balance(), bank.0.value()), (8, 1));
    });
}
