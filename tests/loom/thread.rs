//! `raw::thread`: the end of a thread, and those who wait for it. The system's own join is the model kernel's.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use underthread::raw::{Handle, Options, scope, start_joinable_thread};

use crate::{Counted, of_three, of_two, soon, with};

/// What a thread leaves behind, watched by loom for data races.
#[derive(Default)]
struct Trace(UnsafeCell<u32>);

// SAFETY: loom's threads are coroutines of one thread, and its cell reports a race where there would be one.
unsafe impl Sync for Trace {}

impl Trace {
    fn leave(&self) {
        // SAFETY: only the thread writes, once; loom checks that nobody reads meanwhile.
        self.0.with_mut(|trace| unsafe { *trace += 1 });
    }

    fn assert_left(&self) {
        // SAFETY: the thread has ended; loom checks that.
        self.0.with(|trace| assert_eq!(unsafe { *trace }, 1));
    }
}

fn start() -> (Handle, &'static Trace) {
    // Leaked, a word for each execution: `start_joinable_thread` asks for `Send + 'static`.
    let trace: &'static Trace = Box::leak(Box::default());
    let handle = start_joinable_thread(Options::new(), || trace.leave()).unwrap();
    (handle, trace)
}

fn a_join_sees_what_the_thread_did() {
    let (handle, trace) = start();
    handle.join().unwrap();
    trace.assert_left();
    handle.join().unwrap();
}

fn who_finds_it_done_sees_what_it_did() {
    let (handle, trace) = start();
    if handle.is_done() {
        trace.assert_left();
    }
}

fn a_late_join_still_comes_to_the_end() {
    let (handle, trace) = start();
    if handle.join_until(soon()).unwrap() {
        trace.assert_left();
    } else {
        handle.join().unwrap();
    }
}

fn the_native_id_is_there_at_the_first_step() {
    let (handle, _) = start();
    assert_ne!(handle.native_id(), 0);
}

fn two_joiners_come_to_the_end() {
    let (handle, trace) = start();
    let handle = Rc::new(handle);
    let other = with(&handle, move |handle| {
        handle.join().unwrap();
        trace.assert_left();
    });
    handle.join().unwrap();
    trace.assert_left();
    other.join();
}

fn a_joiner_with_a_deadline_and_one_without() {
    let (handle, trace) = start();
    let handle = Rc::new(handle);
    let other = with(&handle, move |handle| {
        if handle.join_until(soon()).unwrap() {
            trace.assert_left();
        }
    });
    handle.join().unwrap();
    trace.assert_left();
    other.join();
}

fn two_who_ask_for_the_native_id() {
    let (handle, _) = start();
    let handle = Rc::new(handle);
    let other = with(&handle, Handle::native_id);
    assert_eq!(handle.native_id(), other.join());
}

fn a_scope_ends_after_its_threads() {
    let trace = Trace::default();
    scope(|s| drop(s.start(Options::new(), || trace.leave()).unwrap()));
    trace.assert_left();
}

const SCENARIOS: [Counted; 8] = [
    of_two("thread: a join sees what it did", None, a_join_sees_what_the_thread_did),
    of_two("thread: so does who finds it done", None, who_finds_it_done_sees_what_it_did),
    of_two("thread: late, and then joined", None, a_late_join_still_comes_to_the_end),
    of_two("thread: its native id", None, the_native_id_is_there_at_the_first_step),
    of_two("thread: a scope ends after it", None, a_scope_ends_after_its_threads),
    of_three("thread: two joiners", Some(3), two_joiners_come_to_the_end),
    of_three("thread: two ask for its native id", Some(3), two_who_ask_for_the_native_id),
    of_three("thread: a joiner with a deadline, one without", Some(3), a_joiner_with_a_deadline_and_one_without),
];

model!(SCENARIOS, ["raw/thread.rs", "raw/stage.rs"]);
