//! What does an item cost from put to get: by one thread, from many to many, there and back? In time, in processor
//! time, in bytes?

use std::collections::BinaryHeap;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

use underthread::queue::{LifoQueue, PriorityQueue, Queue, SimpleQueue};

use crate::heap::held_by;
use crate::measure::{Effort, Goal, Kind, Sample, Subject, points};
use crate::monitor::{Monitor, ParkingLot, Pthread, Std, Usync};
use crate::place::{Apart, Place, each, team};
use crate::table::Page;

pub trait Channel<T>: Sync {
    const NAME: (&'static str, Kind);
    /// For so many items; 0 is for any number.
    fn new(capacity: usize) -> Self;
    fn put(&self, item: T);
    fn get(&self) -> T;
}

/// Ours that have a capacity.
macro_rules! ours {
    ($name:ident, $($bound:ident)*) => {
        impl<T: Send $(+ $bound)*> Channel<T> for $name<T> {
            const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
            fn new(capacity: usize) -> Self {
                $name::new(capacity)
            }
            fn put(&self, item: T) {
                self.put(item).ok().unwrap();
            }
            fn get(&self) -> T {
                self.get().unwrap()
            }
        }
    };
}

ours!(Queue,);
ours!(LifoQueue,);
ours!(PriorityQueue, Ord);

impl<T: Send> Channel<T> for SimpleQueue<T> {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new(_: usize) -> Self {
        SimpleQueue::new()
    }
    fn put(&self, item: T) {
        self.put(item);
    }
    fn get(&self) -> T {
        self.get()
    }
}

/// Its receiver is for one thread: many share it by a mutex.
pub struct Mpsc<T>(Sender<T>, Mutex<mpsc::Receiver<T>>);

pub enum Sender<T> {
    Bounded(mpsc::SyncSender<T>),
    Unbounded(mpsc::Sender<T>),
}

impl<T: Send> Channel<T> for Mpsc<T> {
    const NAME: (&'static str, Kind) = ("std", Kind::Std);
    fn new(capacity: usize) -> Self {
        if capacity == 0 {
            let (sender, receiver) = mpsc::channel();
            return Mpsc(Sender::Unbounded(sender), receiver.into());
        }
        let (sender, receiver) = mpsc::sync_channel(capacity);
        Mpsc(Sender::Bounded(sender), receiver.into())
    }
    fn put(&self, item: T) {
        match &self.0 {
            Sender::Bounded(sender) => sender.send(item).ok().unwrap(),
            Sender::Unbounded(sender) => sender.send(item).ok().unwrap(),
        }
    }
    fn get(&self) -> T {
        self.1.lock().unwrap().recv().unwrap()
    }
}

/// Crates whose channels differ by little more than their names.
macro_rules! channel {
    ($name:ident, $from:ident, $send:ident, $receive:ident) => {
        pub struct $name<T>($from::Sender<T>, $from::Receiver<T>);

        impl<T: Send> Channel<T> for $name<T> {
            const NAME: (&'static str, Kind) = (stringify!($from), Kind::Peer);
            fn new(capacity: usize) -> Self {
                let (sender, receiver) = if capacity == 0 { $from::unbounded() } else { $from::bounded(capacity) };
                $name(sender, receiver)
            }
            fn put(&self, item: T) {
                self.0.$send(item).ok().unwrap();
            }
            fn get(&self) -> T {
                self.1.$receive().unwrap()
            }
        }
    };
}

channel!(Crossbeam, crossbeam_channel, send, recv);
channel!(Kanal, kanal, send, recv);
channel!(Flume, flume, send, recv);
channel!(Async, async_channel, send_blocking, recv_blocking);

/// Without waiting of its own: whoever finds no room, or no item, yields.
pub enum Lockless<T> {
    Bounded(crossbeam_queue::ArrayQueue<T>),
    Unbounded(crossbeam_queue::SegQueue<T>),
}

impl<T: Send> Channel<T> for Lockless<T> {
    const NAME: (&'static str, Kind) = ("crossbeam_queue", Kind::Spins);
    fn new(capacity: usize) -> Self {
        if capacity == 0 {
            return Lockless::Unbounded(crossbeam_queue::SegQueue::new());
        }
        Lockless::Bounded(crossbeam_queue::ArrayQueue::new(capacity))
    }
    fn put(&self, mut item: T) {
        match self {
            Lockless::Bounded(queue) => {
                while let Err(back) = queue.push(item) {
                    item = back;
                    thread::yield_now();
                }
            }
            Lockless::Unbounded(queue) => queue.push(item),
        }
    }
    fn get(&self) -> T {
        loop {
            let item = match self {
                Lockless::Bounded(queue) => queue.pop(),
                Lockless::Unbounded(queue) => queue.pop(),
            };
            match item {
                Some(item) => return item,
                None => thread::yield_now(),
            }
        }
    }
}

/// A stack or a heap under a mutex with a condition, without a limit: what users write who need the order.
macro_rules! built {
    ($name:ident, $of:ident) => {
        struct $name<M>(M);

        impl<T: Send + Ord, M: Monitor<$of<T>>> Channel<T> for $name<M> {
            const NAME: (&'static str, Kind) = M::NAME;
            fn new(_: usize) -> Self {
                $name(M::new($of::new()))
            }
            fn put(&self, item: T) {
                self.0.with(|items| items.push(item));
                self.0.notify();
            }
            fn get(&self) -> T {
                self.0.until(|items| items.pop())
            }
        }
    };
}

built!(BuiltStack, Vec);
built!(BuiltHeap, BinaryHeap);

#[derive(Clone, Copy)]
enum Load {
    /// Put and get by one thread, beside so many items that stay.
    Alone {
        capacity: usize,
        resident: u64,
    },
    Stream {
        putters: usize,
        getters: usize,
        capacity: usize,
    },
    PingPong(Place),
    /// Bytes, with so many items; of an item if that is asked.
    Bytes {
        capacity: usize,
        items: u64,
        of_an_item: bool,
    },
}

fn run<T: From<u64> + Into<u64> + Send, C: Channel<T>>(load: Load) -> Sample {
    match load {
        Load::Alone { capacity, resident } => {
            let queue = Apart(C::new(capacity));
            // In no order: the next of a linear congruence.
            let mut next = 1_u64;
            let mut step = || {
                next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                next >> 16
            };
            (0..resident).for_each(|_| queue.put(step().into()));
            let (mut put, mut got) = (0_u64, 0_u64);
            let sample = each(|| {
                let item = if resident == 0 { 7 } else { step() };
                put = put.wrapping_add(item);
                black_box(&queue).put(item.into());
                got = got.wrapping_add(black_box(&queue).get().into());
            });
            assert!(resident > 0 || put == got, "other items came out than went in");
            sample
        }
        Load::Stream { putters, getters, capacity } => stream(&*Apart(C::new(capacity)), putters, getters),
        Load::PingPong(place) => ping_pong(&*Apart(C::new(1)), &*Apart(C::new(1)), place),
        Load::Bytes { capacity, items, of_an_item } => {
            let (queue, held) = held_by(|| {
                let queue = C::new(capacity);
                (0..items).for_each(|item| queue.put(item.into()));
                queue
            });
            let all = held + size_of_val(&queue) as f64;
            (0..items).for_each(|_| drop(queue.get()));
            Sample { value: if of_an_item { all / items as f64 } else { all }, ..Sample::default() }
        }
    }
}

/// An operation is an item, from put to get.
fn stream<T: From<u64> + Into<u64>>(queue: &impl Channel<T>, putters: usize, getters: usize) -> Sample {
    // So that nothing without a limit fills the memory.
    let most = 4_000_000 / putters as u64;
    let (put, got) = (AtomicU64::new(0), AtomicU64::new(0));
    let putting = AtomicUsize::new(putters);
    let sample = team(
        putters + getters,
        Place::of(putters + getters),
        |member| {
            let (mut items, mut sum) = (0, 0);
            if member.index < putters {
                while !member.over() && items < most {
                    items += 1;
                    sum += items;
                    queue.put(items.into());
                }
                put.fetch_add(sum, Relaxed);
                // Behind all items, as this putter's and every other's are in: a 0 for each getter.
                if putting.fetch_sub(1, AcqRel) == 1 {
                    (0..getters).for_each(|_| queue.put(0.into()));
                }
                return 0;
            }
            loop {
                let item: u64 = queue.get().into();
                if item == 0 {
                    got.fetch_add(sum, Relaxed);
                    return items;
                }
                items += 1;
                sum += item;
            }
        },
        || {},
    );
    assert_eq!(put.into_inner(), got.into_inner(), "other items came out than went in");
    sample
}

/// An operation is a round trip.
fn ping_pong<T: From<u64> + Into<u64>>(ping: &impl Channel<T>, pong: &impl Channel<T>, place: Place) -> Sample {
    team(
        2,
        place,
        |member| {
            let mut trips = 0;
            if member.index == 0 {
                while !member.over() {
                    trips += 1;
                    ping.put(trips.into());
                    assert_eq!(pong.get().into(), trips, "another item came back");
                }
                ping.put(0.into());
                return trips;
            }
            loop {
                let item: u64 = ping.get().into();
                if item == 0 {
                    return 0;
                }
                pong.put(item.into());
            }
        },
        || {},
    )
}

/// Eight words.
struct Big([u64; 8]);

impl From<u64> for Big {
    fn from(word: u64) -> Self {
        Big([word; 8])
    }
}

impl From<Big> for u64 {
    fn from(big: Big) -> Self {
        big.0[7]
    }
}

fn of<T: From<u64> + Into<u64> + Send, C: Channel<T>>(load: Load) -> Subject<'static> {
    Subject::new(C::NAME, move || run::<T, C>(load))
}

fn subjects<T: From<u64> + Into<u64> + Send + 'static>(load: Load) -> Vec<Subject<'static>> {
    let mut subjects = peers::<T>(load);
    subjects.insert(0, of::<T, Queue<T>>(load));
    subjects
}

fn peers<T: From<u64> + Into<u64> + Send + 'static>(load: Load) -> Vec<Subject<'static>> {
    vec![
        of::<T, Mpsc<T>>(load),
        of::<T, Crossbeam<T>>(load),
        of::<T, Kanal<T>>(load),
        of::<T, Flume<T>>(load),
        of::<T, Async<T>>(load),
        of::<T, Lockless<T>>(load),
    ]
}

fn capacity_named(capacity: usize) -> String {
    if capacity == 0 { "unbounded".to_owned() } else { format!("cap {capacity}") }
}

pub fn bench(page: &mut Page) {
    alone(page);

    let mut table = page.table("From many to many", "ns", Effort::Contended);
    for (putters, getters) in [(1, 1), (4, 1), (1, 4), (2, 2), (4, 4), (16, 16)] {
        for capacity in [1, 16, 1024, 0] {
            let name = format!("{putters} → {getters}, {}", capacity_named(capacity));
            let load = Load::Stream { putters, getters, capacity };
            table.row(&name, Goal::Best(1.1), subjects::<u64>(load));
        }
    }
    table.mean(0.75);
    table.costs();

    let mut table =
        page.table("From many to many, beside a thread for each CPU that computes", "ns", Effort::Contended);
    for (threads, capacity) in [(1, 1), (4, 1), (4, 16), (16, 16)] {
        let load = Load::Stream { putters: threads, getters: threads, capacity };
        let subjects = subjects::<u64>(load).into_iter().map(Subject::beside_strangers);
        table.row(&format!("{threads} → {threads}, cap {capacity}, beside"), Goal::None, subjects.collect());
    }
    table.costs();

    let mut table = page.table("There and back, by two queues of cap 1", "ns", Effort::Contended);
    let [two, one] = [Place::TwoCores, Place::OneCore].map(|place| subjects::<u64>(Load::PingPong(place)));
    table.row("Queue, ping-pong, 2 cores", Goal::Best(0.8), two);
    table.row("Queue, ping-pong, 1 core", Goal::Best(1.0), one);
    table.costs();

    bytes(page);

    let pairs = points(&[1, 2, 4, 8, 16, 32]);
    let mut table = page.table("How cost grows with threads: n → n, cap 1024", "ns", Effort::Curve);
    for &pairs in pairs {
        let load = Load::Stream { putters: pairs, getters: pairs, capacity: 1024 };
        table.row(&format!("{pairs} → {pairs}"), Goal::None, subjects::<u64>(load));
    }
    table.costs();
    table.plot("queue-threads", "threads", &pairs.iter().map(|pairs| 2 * pairs).collect::<Vec<_>>());

    let capacities = points(&[1, 4, 16, 64, 256, 1024, 4096, 16384, 65536]);
    let mut table = page.table("How cost falls with capacity: 2 → 2", "ns", Effort::Curve);
    for &capacity in capacities {
        let load = Load::Stream { putters: 2, getters: 2, capacity };
        table.row(&capacity_named(capacity), Goal::None, subjects::<u64>(load));
    }
    table.costs();
    table.plot("queue-capacity", "capacity", capacities);
}

fn alone(page: &mut Page) {
    page.say("The receiver of std's channel is behind a mutex. crossbeam_queue does not wait: here it yields.");
    let mut table = page.table("One thread, put and get", "ns", Effort::Short);
    let load = |capacity| Load::Alone { capacity, resident: 0 };
    table.row("Queue, cap 1024, 8 B", Goal::Best(0.5), subjects::<u64>(load(1024)));
    table.row("Queue, cap 1024, 64 B", Goal::Best(0.8), subjects::<Big>(load(1024)));
    table.row("Queue, unbounded, 8 B", Goal::None, subjects::<u64>(load(0)));
    let mut simple = peers::<u64>(load(0));
    simple.insert(0, of::<u64, SimpleQueue<u64>>(load(0)));
    table.row("SimpleQueue, 8 B", Goal::None, simple);

    let mut table = page.table(
        "One thread, another order: against a stack or a heap under a mutex with a condition",
        "ns",
        Effort::Short,
    );
    let stack = vec![
        of::<u64, LifoQueue<u64>>(load(0)),
        of::<u64, BuiltStack<Std<_>>>(load(0)),
        of::<u64, BuiltStack<ParkingLot<_>>>(load(0)),
        of::<u64, BuiltStack<Usync<_>>>(load(0)),
        of::<u64, BuiltStack<Pthread<_>>>(load(0)),
    ];
    table.row("LifoQueue, 8 B", Goal::Std(0.1), stack);
    for (name, goal, resident) in
        [("PriorityQueue, 8 B", Goal::Std(0.1), 0), ("PriorityQueue, 8 B, beside 1000 items", Goal::None, 1000)]
    {
        let load = Load::Alone { capacity: 0, resident };
        let heap = vec![
            of::<u64, PriorityQueue<u64>>(load),
            of::<u64, BuiltHeap<Std<_>>>(load),
            of::<u64, BuiltHeap<ParkingLot<_>>>(load),
            of::<u64, BuiltHeap<Usync<_>>>(load),
            of::<u64, BuiltHeap<Pthread<_>>>(load),
        ];
        table.row(name, goal, heap);
    }
}

fn bytes(page: &mut Page) {
    let mut table = page.table("Bytes: the queue itself, and its heap", "B", Effort::Few);
    for capacity in [1, 1024, 65536] {
        let load = Load::Bytes { capacity, items: 0, of_an_item: false };
        table.row(&format!("empty, cap {capacity}"), Goal::Most(512.0), subjects::<u64>(load));
    }
    for (size, capacity, subjects) in [
        (8, 1024, subjects::<u64> as fn(Load) -> Vec<Subject<'static>>),
        (8, 65536, subjects::<u64>),
        (64, 1024, subjects::<Big>),
    ] {
        let load = Load::Bytes { capacity, items: capacity as u64, of_an_item: false };
        let goal = Goal::Most(512.0 + 1.1 * (capacity * size) as f64);
        table.row(&format!("cap {capacity} reached, {size} B"), goal, subjects(load));
    }
    for (size, subjects) in [(8, subjects::<u64> as fn(Load) -> Vec<Subject<'static>>), (64, subjects::<Big>)] {
        let load = Load::Bytes { capacity: 0, items: 100_000, of_an_item: true };
        table.row(&format!("an item of 100 000, unbounded, {size} B"), Goal::Best(1.1), subjects(load));
    }
}
