//! `threading::Local` beside a map by thread and object, with every value counted.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, Weak, mpsc};

use proptest::prelude::*;
use underthread::threading::{Local, Thread};

/// With the number of the thread that does it, and that of the object.
#[derive(Clone, Copy, Debug)]
enum Step {
    With(usize, usize),
    TryWith(usize, usize),
    Nested(usize, usize, usize),
    Drop(usize, usize),
}

const THREADS: usize = 2;
const OBJECTS: usize = 4;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..THREADS, 0..OBJECTS).prop_map(|(thread, object)| Step::With(thread, object)),
        2 => (0..THREADS, 0..OBJECTS).prop_map(|(thread, object)| Step::TryWith(thread, object)),
        2 => (0..THREADS, 0..OBJECTS, 0..OBJECTS).prop_map(|(thread, outer, inner)| Step::Nested(thread, outer, inner)),
        3 => (0..THREADS, 0..OBJECTS).prop_map(|(thread, object)| Step::Drop(thread, object)),
    ];
    prop::collection::vec(step, 0..100)
}

std::thread_local! {
    /// What the values that the thread makes are counted by.
    static TALLY: RefCell<Weak<()>> = const { RefCell::new(Weak::new()) };
}

/// How often it was used, and its share in the tally.
struct Value(Cell<u32>, #[expect(dead_code, reason = "counted by being there")] Arc<()>);

impl Value {
    fn make() -> Self {
        Self(Cell::new(0), TALLY.with_borrow(|tally| tally.upgrade().unwrap()))
    }

    fn count(&self) -> u32 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

/// A thread that does what it is sent, one after the other.
struct Worker {
    thread: Thread,
    jobs: mpsc::Sender<Box<dyn FnOnce() + Send>>,
}

impl Worker {
    fn new(tally: &Arc<()>) -> Self {
        let tally = Arc::downgrade(tally);
        let (jobs, inbox) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let thread = Thread::new(move || {
            TALLY.set(tally);
            inbox.into_iter().for_each(|job| job());
        });
        thread.start().unwrap();
        Self { thread, jobs }
    }

    fn call<R: Send + 'static>(&self, f: impl FnOnce() -> R + Send + 'static) -> R {
        let (answer, answered) = mpsc::channel();
        self.jobs.send(Box::new(move || answer.send(f()).unwrap())).unwrap();
        answered.recv().unwrap()
    }

    fn end(self) {
        drop(self.jobs);
        self.thread.join().unwrap();
    }
}

/// How often each value was used, by thread and by the number of its object, which never comes again.
#[derive(Default)]
struct Model {
    values: HashMap<(usize, usize), u32>,
    /// The objects that live, by their slots.
    slots: [usize; OBJECTS],
}

impl Model {
    /// Any use clears up what the thread has of objects that are gone.
    fn count(&mut self, thread: usize, slot: usize) -> u32 {
        let slots = self.slots;
        self.values.retain(|(owner, object), _| *owner != thread || slots.contains(object));
        let count = self.values.entry((thread, slots[slot])).or_default();
        *count += 1;
        *count
    }

    fn drop(&mut self, thread: usize, slot: usize, next: usize) {
        self.values.remove(&(thread, self.slots[slot]));
        self.slots[slot] = next;
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The objects go from thread to thread by move, and each finds its own values in them.
    #[test]
    fn each_thread_sees_a_map_of_its_own(steps in steps()) {
        let tally = Arc::new(());
        let alive = || Arc::strong_count(&tally) - 1;
        let workers = [(); THREADS].map(|()| Worker::new(&tally));
        let mut objects = [(); OBJECTS].map(|()| Local::new(Value::make));
        let mut model = Model { slots: std::array::from_fn(|slot| slot), ..Model::default() };
        let mut fresh = OBJECTS..;
        for step in steps {
            match step {
                Step::With(thread, slot) | Step::TryWith(thread, slot) => {
                    let all = objects;
                    let used;
                    (objects, used) = workers[thread].call(move || {
                        let used = match step {
                            Step::With(..) => Ok(all[slot].with(Value::count)),
                            _ => all[slot].try_with(Value::count),
                        };
                        (all, used)
                    });
                    prop_assert_eq!(used, Ok(model.count(thread, slot)));
                }
                Step::Nested(thread, outer, inner) => {
                    let all = objects;
                    let used;
                    (objects, used) = workers[thread].call(move || {
                        let used = all[outer].with(|value| (value.count(), all[inner].with(Value::count)));
                        (all, used)
                    });
                    prop_assert_eq!(used, (model.count(thread, outer), model.count(thread, inner)));
                }
                Step::Drop(thread, slot) => {
                    let old = std::mem::replace(&mut objects[slot], Local::new(Value::make));
                    workers[thread].call(move || drop(old));
                    model.drop(thread, slot, fresh.next().unwrap());
                }
            }
            prop_assert_eq!(alive(), model.values.len());
        }
        drop(objects);
        prop_assert_eq!(alive(), model.values.len());
        for (thread, worker) in workers.into_iter().enumerate() {
            worker.end();
            model.values.retain(|(owner, _), _| *owner != thread);
            prop_assert_eq!(alive(), model.values.len());
        }
    }
}
