use std::cell::Cell;
use std::rc::Rc;

use underthread::queue::Stack;
use underthread::raw::{
    Fuse, Guard, Guarded, Handle, Inline, Lock, Options, Order, Passage, Pile, PileSide, RLock, Ring, RingRoom,
    RingStock, Segments, StartError, ThreadScope,
};
use underthread::sys::{Private, Shared};

use crate::support::crosses;

type Shelf<T> = Ring<T, Inline<T, 1>, Shared>;

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
        Options => true, true;
        StartError<u8> => true, true;
        StartError<Cell<u8>> => true, false;
        StartError<Rc<u8>> => false, false;
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
        // Where its side may.
        Passage<'_, Ring<u8>, RingRoom<'_, u8, Segments<u8>, Private>> => false, false;
        Passage<'_, Shelf<Cell<u8>>, RingRoom<'_, Cell<u8>, Inline<Cell<u8>, 1>, Shared>> => true, true;
        Passage<'_, Shelf<Rc<u8>>, RingRoom<'_, Rc<u8>, Inline<Rc<u8>, 1>, Shared>> => false, false;
        Pile<Cell<u8>> => true, true;
        Pile<Rc<u8>> => false, false;
        PileSide<'_, Stack<u8>> => true, true;
        // It lends nothing, but holds a guard that would lend the items.
        PileSide<'_, Stack<Cell<u8>>> => true, false;
        PileSide<'_, Stack<Rc<u8>>> => false, false;
        Passage<'_, Pile<Stack<u8>>, PileSide<'_, Stack<u8>>> => true, true;
        Passage<'_, Pile<Stack<Cell<u8>>>, PileSide<'_, Stack<Cell<u8>>>> => true, false;
        Fuse<Cell<u8>> => true, true;
        Fuse<Rc<u8>> => false, false;
    }
}

/// Holds for every order, so to compile it is the test.
#[expect(dead_code, reason = "never called")]
fn a_pile_s_side_goes_where_its_items_may<C: Order + Send>() {
    fn send<T: Send>() {}
    send::<PileSide<'_, C>>();
    send::<Passage<'_, Pile<C>, PileSide<'_, C>>>();
}
