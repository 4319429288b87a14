//! `raw::thread`: many joiners of one end.

use std::rc::Rc;

use underthread::raw::{Event, Options, start_joinable_thread};
use underthread::sys::model::check;

use crate::{join, soon_or_never, start};

#[test]
fn a_thread_is_joined_by_all() {
    check("thread: one end for eight joiners", || {
        let go = std::sync::Arc::new(Event::new());
        let thread = start_joinable_thread(Options::new(), {
            let go = go.clone();
            move || assert!(go.wait_until(None))
        });
        let thread = Rc::new(thread.unwrap());
        let joiners = start(&thread, 8, |thread, number| {
            let joined = thread.join_until(soon_or_never(number)).unwrap();
            assert!(thread.is_done() || !joined);
            joined || number % 2 == 0
        });
        go.set();
        assert_eq!(join(joiners), [true; 8]);
    });
}
