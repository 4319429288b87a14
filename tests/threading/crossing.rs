use std::cell::Cell;
use std::rc::Rc;

use underthread::threading::{
    Barrier, BoundedSemaphore, Condition, Event, Local, Lock, LockGuard, Permit, RLock, RLockGuard, Scope,
    ScopedThread, Semaphore, StartError, Thread, Timer,
};

use crate::support::crosses;

#[test]
fn every_guard_and_handle_crosses_threads_only_where_it_may() {
    crosses! {
        LockGuard<'_, u8> => true, true;
        LockGuard<'_, Cell<u8>> => true, false;
        LockGuard<'_, Rc<u8>> => false, false;
        RLockGuard<'_, u8> => false, true;
        RLockGuard<'_, Cell<u8>> => false, false;
        RLockGuard<'_, Rc<u8>> => false, false;
        Permit<'_> => true, true;
        Thread => true, true;
        Thread<Cell<u8>> => true, true;
        Thread<Rc<u8>> => false, false;
        ScopedThread<'_, Cell<u8>> => true, true;
        ScopedThread<'_, Rc<u8>> => false, false;
        Scope<'_, '_> => true, true;
        Timer => true, true;
        StartError => true, true;
        Local<Rc<u8>> => true, true;
        Lock<Cell<u8>> => true, true;
        Lock<Rc<u8>> => false, false;
        RLock<Cell<u8>> => true, true;
        RLock<Rc<u8>> => false, false;
        Semaphore => true, true;
        BoundedSemaphore => true, true;
        Condition => true, true;
        Event => true, true;
        Barrier => true, true;
    }
}
