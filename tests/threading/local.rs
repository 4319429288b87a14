use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, mpsc};

use underthread::threading::{AccessError, Local, Thread, get_ident, scope};

use crate::support::watched;

#[test]
fn every_thread_has_its_own_value_made_once() {
    static NUMBER: Local<Rc<Cell<u64>>> = Local::new(|| Rc::new(Cell::new(get_ident())));
    watched(|| {
        scope(|s| {
            for _ in 0..64 {
                s.start(|| {
                    NUMBER.with(|number| {
                        assert_eq!(number.get(), get_ident());
                        number.set(0);
                    });
                    NUMBER.with(|number| assert_eq!(number.get(), 0));
                })
                .unwrap();
            }
        });
    });
}

#[test]
fn every_object_has_its_own_value() {
    let [one, other] = [(); 2].map(|()| Local::new(|| Cell::new(0)));
    one.with(|value| value.set(1));
    other.with(|value| assert_eq!(value.get(), 0));
    one.with(|value| other.with(|other| other.set(value.get() + 1)));
    other.with(|value| assert_eq!(value.get(), 2));
}

/// Counts its drops, and says in which thread they were.
struct Counted(RefCell<Option<mpsc::Sender<u64>>>);

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(say) = self.0.take() {
            say.send(get_ident()).unwrap();
        }
    }
}

fn counted() -> Local<Counted> {
    Local::new(|| Counted(RefCell::new(None)))
}

#[test]
fn a_value_is_dropped_in_its_thread_before_a_join_returns() {
    static VALUE: Local<Counted> = Local::new(|| Counted(RefCell::new(None)));
    watched(|| {
        let (say, hear) = mpsc::channel();
        let thread = Thread::new(move || VALUE.with(|value| *value.0.borrow_mut() = Some(say)));
        thread.start().unwrap();
        thread.join().unwrap();
        assert_eq!(hear.try_recv().ok(), thread.ident());
    });
}

#[test]
fn a_dropped_object_takes_its_values_along_each_in_its_own_thread() {
    watched(|| {
        let object = Arc::new(counted());
        let (say, hear) = mpsc::channel();
        let (other_say, other_hear) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        object.with(|value| *value.0.borrow_mut() = Some(say));
        let theirs = Arc::clone(&object);
        let thread = Thread::new(move || {
            theirs.with(|value| *value.0.borrow_mut() = Some(other_say));
            drop(theirs);
            ready.send(()).unwrap();
            wait.recv().unwrap();
            counted().with(|_| ());
            ready.send(()).unwrap();
            wait.recv().unwrap();
        });
        thread.start().unwrap();
        is_ready.recv().unwrap();
        drop(Arc::into_inner(object).unwrap());
        assert_eq!(hear.try_recv(), Ok(get_ident()));
        assert!(other_hear.try_recv().is_err());
        go.send(()).unwrap();
        is_ready.recv().unwrap();
        assert_eq!(other_hear.try_recv().ok(), thread.ident());
        go.send(()).unwrap();
        thread.join().unwrap();
    });
}

#[test]
fn a_drop_that_panics_leaves_no_other_value_of_a_dropped_object() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    let (first, second) = (Local::new(|| Panics), counted());
    let (say, hear) = mpsc::channel();
    first.with(|_| ());
    second.with(|value| *value.0.borrow_mut() = Some(say));
    // In another thread, so that our values are still to be cleared up.
    std::thread::spawn(|| drop((first, second))).join().unwrap();
    let other = counted();
    assert!(catch_unwind(AssertUnwindSafe(|| other.with(|_| ()))).is_err());
    assert_eq!(hear.try_recv(), Ok(get_ident()));
    other.with(|_| ());
}

#[test]
fn an_init_that_panics_leaves_no_value_and_is_tried_again() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let object: Local<u32> = Local::new(|| match TRIES.fetch_add(1, SeqCst) {
        0 => panic!("the first time"),
        tries => tries,
    });
    assert!(catch_unwind(AssertUnwindSafe(|| object.with(|_| ()))).is_err());
    object.with(|value| assert_eq!(*value, 1));
    object.with(|value| assert_eq!(*value, 1));
}

#[test]
fn init_and_drop_may_use_other_objects() {
    static INNER: Local<Cell<u32>> = Local::new(|| Cell::new(1));
    struct Uses;
    impl Drop for Uses {
        fn drop(&mut self) {
            INNER.with(|value| value.set(value.get() + 1));
        }
    }
    let outer = Local::new(|| {
        INNER.with(|value| value.set(value.get() + 1));
        Uses
    });
    outer.with(|_| ());
    drop(outer);
    INNER.with(|value| assert_eq!(value.get(), 3));
}

#[test]
fn a_use_while_the_values_are_dropped_is_an_error() {
    static OTHER: Local<u32> = Local::new(|| 1);
    struct Asks(RefCell<Option<mpsc::Sender<Result<u32, AccessError>>>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let say = self.0.take().unwrap();
            say.send(OTHER.try_with(|value| *value)).unwrap();
        }
    }
    static ASKS: Local<Asks> = Local::new(|| Asks(RefCell::new(None)));
    watched(|| {
        let (say, hear) = mpsc::channel();
        let thread = Thread::new(move || ASKS.with(|asks| *asks.0.borrow_mut() = Some(say)));
        thread.start().unwrap();
        thread.join().unwrap();
        assert_eq!(hear.recv(), Ok(Err(AccessError)));
    });
}

#[test]
fn a_value_that_a_nested_init_made_needless_is_dropped_when_locals_can_be_used() {
    static INNER: Local<u32> = Local::new(|| 7);
    struct Looks;
    impl Drop for Looks {
        fn drop(&mut self) {
            // The same map; at the thread's end it may be gone.
            let _ = INNER.try_with(|seven| assert_eq!(*seven, 7));
        }
    }
    static OUTER: Local<Looks> = Local::new(|| {
        static NESTED: AtomicU32 = AtomicU32::new(0);
        if NESTED.fetch_add(1, SeqCst) == 0 {
            OUTER.with(|_| ());
        }
        Looks
    });
    watched(|| {
        let thread = Thread::new(|| OUTER.with(|_| ()));
        thread.start().unwrap();
        thread.into_result().unwrap();
    });
}
