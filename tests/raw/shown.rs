//! What `Debug` and `Display` say, of every type of the layer.

use std::fmt::Debug;

use underthread::raw::{
    Barrier, BrokenBarrier, Buffer, Condition, CountOverflow, Deadline, Fuse, Guarded, Inline, Itself, Lock, NotOwner,
    Options, OverRelease, Pile, RLock, ReleaseUnlocked, Ring, Semaphore, TooManyTaskDone, scope, stack_size,
    start_joinable_thread,
};
use underthread::sys::{Futex, Private, Shared};

use crate::pile::Stack;
use crate::support::{shared_zeroed, watched};

fn shows(value: impl Debug, text: &str) {
    assert_eq!(format!("{value:?}"), text);
}

#[test]
fn a_primitive_shows_its_state() {
    for (mark, sleepers) in ["none", "some", "starving", "granted"].into_iter().enumerate() {
        // SAFETY: two words in the order of the fields: free, and the sleepers'.
        let lock: Lock = unsafe { std::mem::transmute([0, mark as u32]) };
        shows(lock, &format!("Lock {{ locked: false, sleepers: {sleepers} }}"));
    }
    let lock = RLock::new();
    lock.acquire().unwrap();
    let inner = "lock: Lock { locked: true, sleepers: none }";
    shows(lock, &format!("RLock {{ {inner}, is_owned: true, recursion_count: 1 }}"));
    shows(Condition::new(), "Condition { waiting: 0 }");
    shows(Semaphore::new(2), "Semaphore { value: 2, sleepers: none }");
    shows(Fuse::new(1), "Fuse { finished: false, .. }");
    shows(Futex::<Private>::new(5), "5");
}

#[test]
fn a_barrier_shows_its_status() {
    let barrier = Barrier::new(1);
    shows(&barrier, "Barrier { parties: 1, status: filling, inside: 0 }");
    let tripping = || shows(&barrier, "Barrier { parties: 1, status: tripping, inside: 1 }");
    watched(|| barrier.wait_until(None, tripping)).unwrap();
    let resetting = || {
        barrier.abort();
        shows(&barrier, "Barrier { parties: 1, status: broken, inside: 1 }");
        barrier.reset();
        shows(&barrier, "Barrier { parties: 1, status: resetting, inside: 1 }");
    };
    assert_eq!(
        watched(|| barrier.wait_until(Deadline::after(std::time::Duration::ZERO), resetting)),
        Err(BrokenBarrier)
    );
}

#[test]
fn what_is_under_a_lock_is_shown_only_if_it_is_free() {
    let guarded = Guarded::new(Lock::new(), 7);
    shows(&guarded, "Guarded(7)");
    let guard = guarded.acquire();
    assert_eq!(format!("{guarded:?} {guard:?} {guard}"), "Guarded(<locked>) 7 7");
}

#[test]
fn a_buffer_and_its_sides_show_how_full_it_is() {
    let ring = Ring::new(2);
    ring.try_put(1).unwrap();
    shows(ring.room().unwrap(), "RingRoom(Ring { qsize: 1, capacity: 2, closed: false, .. })");
    shows(ring.stock().unwrap(), "RingStock(Ring { qsize: 1, capacity: 2, closed: false, .. })");
    let shown = "Passage { side: RingRoom(Ring { qsize: 1, capacity: 2, closed: false, .. }), slept: false }";
    shows(ring.room_until(None).unwrap(), shown);
    let pile = Pile::new(Stack(Vec::new()), 2);
    pile.try_put(1).unwrap();
    shows(&pile, "Pile { qsize: 1, capacity: 2, closed: false, .. }");
    shows(pile.room().unwrap(), "PileSide(Pile { qsize: 1, capacity: 2, closed: false, .. })");
    // SAFETY: all-zero bytes are slots that hold nothing.
    let slots = unsafe { shared_zeroed::<Ring<u8, Inline<u8, 3>, Shared>>() };
    shows(slots, "Ring { qsize: 0, capacity: 3, closed: false, .. }");
    // SAFETY: as above.
    shows(unsafe { std::mem::zeroed::<Inline<u8, 3>>() }, "Inline { capacity: 3, .. }");
}

#[test]
fn a_thread_and_a_scope_show_who_runs() {
    let thread = start_joinable_thread(Options::new(), || ()).unwrap();
    thread.join().unwrap();
    shows(&thread, &format!("Handle {{ ident: {}, is_done: true }}", thread.ident()));
    scope(|s| shows(s, "ThreadScope { threads: Guarded([]), .. }"));
}

#[test]
fn an_error_says_why() {
    fn says(error: impl std::error::Error, text: &str) {
        assert_eq!(error.to_string(), text);
    }
    says(ReleaseUnlocked, "release of a lock that nobody holds");
    says(NotOwner, "release of a lock that the calling thread does not hold");
    says(CountOverflow, "a lock was acquired more than 2^32 - 1 times by one thread");
    says(OverRelease, "release of more permits than the semaphore may hold");
    says(BrokenBarrier, "the barrier is broken, or the wait took too long");
    says(TooManyTaskDone, "task_done called more often than items were put");
    says(Itself, "a thread cannot join itself");
    let small = stack_size(Some(1)).unwrap_err();
    says(small, &format!("a thread's stack cannot be smaller than {} bytes", small.least));
    let refused = start_joinable_thread(Options::new().stack_size(1 << 47), || ()).unwrap_err();
    let error = format!("{:?}", refused.error);
    shows(&refused, &format!("StartError {{ error: {error}, .. }}"));
    let text = format!("the system refused a thread: {}", refused.error);
    says(refused, &text);
}
