use std::cell::Cell;
use std::rc::Rc;

use underthread::queue::{Iter, LifoQueue, PriorityQueue, Queue, SimpleQueue, Stack};
use underthread::raw::{Pile, Ring};

use crate::support::crosses;

#[test]
fn every_queue_crosses_threads_only_where_its_items_may() {
    crosses! {
        Queue<Cell<u8>> => true, true;
        Queue<Rc<u8>> => false, false;
        LifoQueue<Cell<u8>> => true, true;
        LifoQueue<Rc<u8>> => false, false;
        PriorityQueue<Cell<u8>> => true, true;
        PriorityQueue<Rc<u8>> => false, false;
        SimpleQueue<Cell<u8>> => true, true;
        SimpleQueue<Rc<u8>> => false, false;
        Iter<'_, Ring<Cell<u8>>> => true, true;
        Iter<'_, Ring<Rc<u8>>> => false, false;
        Iter<'_, Pile<Stack<Cell<u8>>>> => true, true;
        Iter<'_, Pile<Stack<Rc<u8>>>> => false, false;
    }
}
