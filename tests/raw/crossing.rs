use std::cell::Cell;
use std::rc::Rc;

use underthread::raw::{
    Fuse, Guard, Guarded, Handle, Inline, Lock, Order, Pile, PileSide, RLock, Ring, RingRoom, RingStock, Segments,
    ThreadScope,
};
use underthread::sys::{Private, Shared};

use crate::support::crosses;

#[test]
fn every_guard_and_handle_crosses_threads_only_where_it_may() {
    crosses! {
        Guard<'_, Lock, u8> => true, true;
        Guard<'_, Lock, Cell<u8>> => true, false;
        Guard<'_, Lock, Rc<u8>> => false, false;
        Guard<'_, RLock, u8> => false, true;
        Guard<'_, RLock, Cell<u8>> => false, false;
        Guard<'_, RLock, Rc<u8>> => false, false;
        Guarded<Lock, Cell<u8>> => true, true;
        Guarded<Lock, Rc<u8>> => false, false;
        Guarded<RLock, Cell<u8>> => true, true;
        Guarded<RLock, Rc<u8>> => false, false;
        Handle => true, true;
        ThreadScope<'_, '_> => true, true;
        Ring<Cell<u8>> => true, true;
        Ring<Rc<u8>> => false, false;
        RingRoom<'_, u8, Segments<u8>, Private> => false, false;
        RingStock<'_, u8, Segments<u8>, Private> => false, false;
        // Without pointers; and nothing is lent, so what is `Send` is enough.
        RingRoom<'_, Cell<u8>, Inline<Cell<u8>, 1>, Shared> => true, true;
        RingStock<'_, Cell<u8>, Inline<Cell<u8>, 1>, Shared> => true, true;
        RingRoom<'_, Rc<u8>, Inline<Rc<u8>, 1>, Shared> => false, false;
        RingStock<'_, Rc<u8>, Inline<Rc<u8>, 1>, Shared> => false, false;
        Pile<Cell<u8>> => true, true;
        Pile<Rc<u8>> => false, false;
        Fuse<Cell<u8>> => true, true;
        Fuse<Rc<u8>> => false, false;
    }
}

/// Holds for every order, so to compile it is the test.
#[expect(dead_code, reason = "never called")]
fn a_pile_s_side_goes_where_its_items_may<C: Order + Send>() {
    fn send<T: Send>() {}
    send::<PileSide<'_, C>>();
}
