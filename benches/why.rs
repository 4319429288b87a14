//! What does each technique bring? Ours with it, against the same without it, or against what textbooks do.

use std::hint::{black_box, spin_loop};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{self, AtomicBool, AtomicU32, AtomicU64};
use std::time::Duration;
use std::{env, thread};

use underthread::queue::{Queue, SimpleQueue};
use underthread::raw::{self, RawLock};
use underthread::sys::fence::{heavy, make_symmetric};
use underthread::sys::{Futex, Private};
use underthread::threading::{self, Semaphore};

use crate::calls;
use crate::event::{Event, ping_pong};
use crate::heap::allocations;
use crate::measure::{Effort, Goal, Kind, MODE, MODES, Sample, Subject, mode};
use crate::place::{Apart, Member, Place, each, team, work};
use crate::queue::{Channel, Crossbeam, Lockless, Mpsc};
use crate::table::Page;

const NO_MORE: f64 = 1.0;
/// Where it can bring nothing, it does no harm.
const LITTLE_MORE: f64 = 1.1;

pub fn bench(page: &mut Page) {
    page.say("[why.md](../why.md) says what each technique is. A ratio below 1: it brings something.");
    fences(page);
    wakes(page);
    lines(page);
    segments(page);
    spins(page);
    batches(page);
    biases(page);
}

/// Words as raw as ours, with one text for all: a lock without data.
trait Word: Sync {
    fn new() -> Self;
    fn acquire(&self);
    fn release(&self);
}

impl Word for raw::Lock {
    fn new() -> Self {
        raw::Lock::new()
    }
    fn acquire(&self) {
        self.acquire();
    }
    fn release(&self) {
        // SAFETY: by its owner: each release below comes after an acquire.
        unsafe { RawLock::release(self) };
    }
}

/// The lock of Drepper's *Futexes Are Tricky* (2011), his third: free, held, and held with sleepers. With `SPINS`, it
/// spins before it sleeps, as ours does.
struct ThreeStates<const SPINS: bool>(Futex<Private>);

impl<const SPINS: bool> Word for ThreeStates<SPINS> {
    fn new() -> Self {
        ThreeStates(Futex::new(0))
    }
    fn acquire(&self) {
        let take = || self.0.compare_exchange(0, 1, Acquire, Relaxed).is_ok();
        if take() || SPINS && pauses(|| self.0.load(Relaxed) == 0 && take()) {
            return;
        }
        while self.0.swap(2, Acquire) != 0 {
            self.0.wait(2, None);
        }
    }
    fn release(&self) {
        if self.0.swap(0, Release) == 2 {
            Futex::wake(&raw const self.0, 1);
        }
    }
}

/// A fixed spin: so many pauses, in growing steps.
fn pauses(mut found: impl FnMut() -> bool) -> bool {
    let (mut made, mut next) = (0, 1);
    loop {
        if found() {
            return true;
        }
        if made >= raw::spin::LIMIT {
            return false;
        }
        (0..next).for_each(|_| spin_loop());
        made += next;
        next = (next * 2).min(32);
    }
}

/// Pairs by so many threads, and nanoseconds of work inside and outside.
#[derive(Clone, Copy)]
struct Pairs {
    threads: usize,
    place: Place,
    inside: u64,
    outside: u64,
}

impl Pairs {
    const ALONE: Pairs = Pairs { threads: 1, place: Place::Free, inside: 0, outside: 0 };
    const WITHOUT_WORK: Pairs = Pairs { threads: 2, place: Place::TwoCores, inside: 0, outside: 0 };
    /// Who waits sleeps: the fence is paid for, and earned by nothing.
    const LONG: Pairs = Pairs { inside: 50_000, outside: 10_000, ..Pairs::WITHOUT_WORK };
    const ALL: [(&'static str, Pairs); 3] = [
        ("Lock, 1 thread", Pairs::ALONE),
        ("Lock, 2 threads, nothing inside or outside", Pairs::WITHOUT_WORK),
        ("Lock, 2 threads, 50 µs inside, 10 outside", Pairs::LONG),
    ];

    fn run<W: Word>(self) -> Sample {
        let word = Apart(W::new());
        if self.threads == 1 {
            return each(|| {
                black_box(&word).acquire();
                black_box(&word).release();
            });
        }
        let body = |member: Member<'_>| {
            let mut own = 0;
            while !member.over() {
                word.acquire();
                work(self.inside);
                word.release();
                work(self.outside);
                own += 1;
            }
            own
        };
        team(self.threads, self.place, body, || {})
    }
}

const CHILD: &str = "UNDERTHREAD_BENCH_SYMMETRIC";

/// Fences are made symmetric for a process and for good: so this is another one, of this program.
fn with_full_fences(row: &str) -> Sample {
    let program = env::current_exe().expect("a program");
    let output = Command::new(program).env(CHILD, format!("{}: {row}", mode().name)).output().expect("a child");
    assert!(output.status.success(), "the child failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers");
    let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    let [value, cpu, switches, calls] = numbers[..] else { panic!("four numbers: {text}") };
    Sample { value, cpu, switches, calls }
}

/// Whether this process is to measure pairs with full fences, which it has then done.
pub fn is_child() -> bool {
    let Ok(asked) = env::var(CHILD) else { return false };
    let (name, row) = asked.split_once(": ").expect("a mode and a row");
    assert!(MODE.set(MODES.into_iter().find(|mode| mode.name == name).expect("a mode")).is_ok());
    let (_, pairs) = Pairs::ALL.into_iter().find(|(name, _)| *name == row).expect("a row");
    make_symmetric();
    // The first is not counted: code and data are not in the caches yet.
    pairs.run::<raw::Lock>();
    let sample = pairs.run::<raw::Lock>();
    println!("{} {} {} {}", sample.value, sample.cpu, sample.switches, sample.calls);
    true
}

/// So much for a heavy fence, while another core runs a thread of this process, or none does.
fn heavy_fence(place: Option<Place>, fence: fn()) -> Sample {
    let Some(place) = place else { return each(fence) };
    let body = |member: Member<'_>| {
        let mut own = 0;
        while !member.over() {
            if member.index == 0 {
                fence();
                own += 1;
            }
        }
        own
    };
    team(2, place, body, || {})
}

fn fences(page: &mut Page) {
    let title = "The asymmetric fence: acquire and release";
    let mut table = page.table(title, "ns", Effort::Short);
    for (name, pairs) in Pairs::ALL {
        let subjects = vec![
            Subject::new(("asymmetric", Kind::Ours), move || pairs.run::<raw::Lock>()),
            Subject::new(("full fences", Kind::Floor), move || with_full_fences(name)),
            Subject::new(("three states", Kind::Peer), move || pairs.run::<ThreeStates<true>>()),
        ];
        let goal = if pairs.threads == 1 { Goal::Of("three states", NO_MORE) } else { Goal::None };
        table.row(name, goal, subjects);
    }
    let saved = ["full fences", "three states"].map(|before| {
        let [with, without] = ["asymmetric", before].map(|subject| table.median(Pairs::ALL[0].0, subject));
        Some((before, without? - with?))
    });
    table.costs();

    let mut table = page.table(
        "The asymmetric fence: its price, twice for a sleep (before it, and after it has been woken)",
        "ns",
        Effort::Short,
    );
    let full = || atomic::fence(SeqCst);
    let rows = [("no other thread runs", None), ("another runs on another core", Some(Place::TwoCores))];
    for (name, place) in rows {
        let subjects = vec![
            Subject::new(("membarrier", Kind::Ours), move || heavy_fence(place, heavy::<Private>)),
            Subject::new(("a full fence", Kind::Floor), move || heavy_fence(place, full)),
        ];
        table.row(name, Goal::None, subjects);
    }
    for (name, _) in rows {
        for (before, saved) in saved.iter().flatten() {
            let Some(price) = table.median(name, "membarrier") else { continue };
            let crossover = if *saved > 0.0 {
                format!("one costs as much as {:.0} pairs save ({price:.0} ns, {saved:.1} ns for each)", price / saved)
            } else {
                "none: a pair saves nothing".to_owned()
            };
            table.say(&format!("\nCrossover against {before}, {name}: {crossover}."));
        }
    }
}

/// A semaphore of which nothing is known but its permits.
trait Permits: Sync {
    const NAME: (&'static str, Kind);
    fn new() -> Self;
    fn acquire(&self);
    fn release(&self);
}

impl Permits for Semaphore {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new() -> Self {
        Semaphore::new(0)
    }
    fn acquire(&self) {
        self.acquire().forget();
    }
    fn release(&self) {
        self.release(1).unwrap();
    }
}

/// Of textbooks, and of libcs: a number, and how many wait for it; each release wakes one while any does.
struct Counted {
    permits: Futex<Private>,
    waiting: AtomicU32,
}

impl Permits for Counted {
    const NAME: (&'static str, Kind) = ("a wake for each", Kind::Peer);
    fn new() -> Self {
        Counted { permits: Futex::new(0), waiting: AtomicU32::new(0) }
    }
    fn acquire(&self) {
        let take = || {
            let mut seen = self.permits.load(Relaxed);
            while seen > 0 {
                match self.permits.compare_exchange(seen, seen - 1, Acquire, Relaxed) {
                    Ok(_) => return true,
                    Err(now) => seen = now,
                }
            }
            false
        };
        if take() || pauses(take) {
            return;
        }
        self.waiting.fetch_add(1, SeqCst);
        while !take() {
            self.permits.wait(0, None);
        }
        self.waiting.fetch_sub(1, Relaxed);
    }
    fn release(&self) {
        self.permits.fetch_add(1, SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            Futex::wake(&raw const self.permits, 1);
        }
    }
}

/// Permits released at once, one by one, to sleepers. The value is the system calls for each: the releaser's, or all.
fn burst<P: Permits>(place: Place, of_all: bool) -> Sample {
    const BURST: u32 = 64;
    const WAITERS: usize = 3;
    let permits = Apart(P::new());
    let (taken, over, releaser) = (Apart(AtomicU32::new(0)), AtomicBool::new(false), OnceLock::new());
    let of_a_release = AtomicU64::new(0);
    let sample = team(
        1 + WAITERS,
        place,
        |member| {
            if member.index > 0 {
                loop {
                    permits.acquire();
                    // Relaxed: the release publishes it.
                    if over.load(Relaxed) {
                        return 0;
                    }
                    if taken.fetch_add(1, Release) + 1 == BURST {
                        let releaser: &thread::Thread = releaser.get().expect("who released");
                        releaser.unpark();
                    }
                }
            }
            releaser.set(thread::current()).expect("one releaser");
            let (mut bursts, mut made) = (0, 0);
            while bursts == 0 || !member.over() {
                // By now they sleep, unless the machine is very busy.
                thread::sleep(Duration::from_micros(200));
                let before = calls::made();
                (0..BURST).for_each(|_| permits.release());
                made += calls::made() - before;
                while taken.load(Acquire) < BURST {
                    thread::park();
                }
                taken.store(0, Relaxed);
                bursts += 1;
            }
            over.store(true, Relaxed);
            (0..WAITERS).for_each(|_| permits.release());
            let releases = bursts * u64::from(BURST);
            of_a_release.store((made as f64 / releases as f64).to_bits(), Relaxed);
            releases
        },
        || {},
    );
    let value = if of_all { sample.calls } else { f64::from_bits(of_a_release.into_inner()) };
    Sample { value, ..sample }
}

fn wakes(page: &mut Page) {
    let mut table = page.table(
        "One wake in flight: system calls for a release, of 64 at once to three that sleep",
        "calls",
        Effort::Short,
    );
    for (of, of_all) in [("the releaser's", false), ("all threads'", true)] {
        for (on, place) in [("2 cores", Place::TwoCores), ("1 core", Place::OneCore)] {
            let subjects = vec![of_burst::<Semaphore>(place, of_all), of_burst::<Counted>(place, of_all)];
            table.row(&format!("{of}, {on}"), Goal::Best(NO_MORE), subjects);
        }
    }
    table.values();
}

fn of_burst<P: Permits>(place: Place, of_all: bool) -> Subject<'static> {
    Subject::new(P::NAME, move || burst::<P>(place, of_all))
}

/// Two counters, so many bytes apart, each of one thread.
fn counters<const APART: usize>() -> Sample {
    /// As in a page of its own, so that the first is at the beginning of a pair of lines.
    #[repr(align(256))]
    struct Room([AtomicU64; 32]);
    let room = Room([const { AtomicU64::new(0) }; 32]);
    let body = |member: Member<'_>| {
        let counter = &room.0[member.index * APART / 8];
        let mut own = 0;
        while !member.over() {
            for _ in 0..64 {
                counter.store(counter.load(Relaxed) + 1, Release);
            }
            own += 64;
        }
        own
    };
    team(2, Place::TwoCores, body, || {})
}

/// Waits until the other side's position, of which `other` is a copy, lets this side go on.
#[inline]
fn look<const COPIES: bool>(other: &mut u64, at: &AtomicU64, stops: impl Fn(u64) -> bool) {
    if COPIES && !stops(*other) {
        return;
    }
    let mut looks = 0;
    loop {
        *other = at.load(Acquire);
        if !stops(*other) {
            return;
        }
        looks += 1;
        if looks % 100 == 0 { thread::yield_now() } else { spin_loop() }
    }
}

/// A ring of one putter and one getter that wait by spinning; with `COPIES`, each side has one of the other's position.
fn ring<const COPIES: bool>() -> Sample {
    const CAPACITY: u64 = 1024;
    let slots: Vec<_> = (0..CAPACITY).map(|_| AtomicU64::new(0)).collect();
    let [head, tail] = [Apart(AtomicU64::new(0)), Apart(AtomicU64::new(0))];
    let body = |member: Member<'_>| {
        let (mut own, mut other) = (0, 0);
        if member.index == 0 {
            loop {
                look::<COPIES>(&mut other, &head, |head| own - head == CAPACITY);
                // The last is a 0.
                let item = if member.over() { 0 } else { own + 1 };
                slots[(own % CAPACITY) as usize].store(item, Relaxed);
                own += 1;
                tail.store(own, Release);
                if item == 0 {
                    return 0;
                }
            }
        }
        loop {
            look::<COPIES>(&mut other, &tail, |tail| tail == own);
            let item = slots[(own % CAPACITY) as usize].load(Relaxed);
            own += 1;
            head.store(own, Release);
            if item == 0 {
                return own - 1;
            }
            assert_eq!(item, own, "another item came out");
        }
    };
    team(2, Place::TwoCores, body, || {})
}

fn lines(page: &mut Page) {
    let mut table = page.table("Padding: two counters, a thread each", "ns", Effort::Contended);
    let subjects = vec![
        Subject::new(("128 bytes apart", Kind::Ours), counters::<128>),
        Subject::new(("64 bytes", Kind::Floor), counters::<64>),
        Subject::new(("8 bytes", Kind::Floor), counters::<8>),
    ];
    table.row("an addition", Goal::Of("8 bytes", NO_MORE), subjects);

    let mut table = page.table("Cached positions: a ring of one putter and one getter", "ns", Effort::Contended);
    let subjects = vec![
        Subject::new(("with copies", Kind::Ours), ring::<true>),
        Subject::new(("without", Kind::Floor), ring::<false>),
    ];
    table.row("an item, cap 1024", Goal::Of("without", NO_MORE), subjects);
}

/// Allocations for an item, of one thread that puts and gets beside so many that stay.
fn steady<C: Channel<u64>>(resident: u64) -> Subject<'static> {
    let run = move || {
        const ITEMS: u64 = 100_000;
        let queue = C::new(0);
        let pass = || {
            queue.put(7);
            assert_eq!(queue.get(), 7);
        };
        (0..resident).for_each(|_| queue.put(7));
        (0..ITEMS).for_each(|_| pass());
        let made = allocations(|| (0..ITEMS).for_each(|_| pass()));
        Sample { value: made / ITEMS as f64, ..Sample::default() }
    };
    Subject::new(C::NAME, run)
}

fn segments(page: &mut Page) {
    let title = "Segments recycled: allocations for an item, in the steady state";
    let mut table = page.table(title, "allocations", Effort::Few);
    for resident in [0, 1000, 100_000] {
        let subjects = vec![
            steady::<SimpleQueue<u64>>(resident),
            steady::<Mpsc<u64>>(resident),
            steady::<Crossbeam<u64>>(resident),
            steady::<Lockless<u64>>(resident),
        ];
        table.row(&format!("beside {resident} items"), Goal::Most(0.0), subjects);
    }
    table.values();
}

/// How an event is looked at before a sleep.
const NONE: u8 = 0;
const PAUSES: u8 = 1;
const YIELDS: u8 = 2;

/// An event with a fixed policy.
struct Flag<const POLICY: u8>(Futex<Private>);

impl<const POLICY: u8> Event for Flag<POLICY> {
    const NAME: (&'static str, Kind) = match POLICY {
        NONE => ("no spin", Kind::Floor),
        PAUSES => ("100 pauses", Kind::Floor),
        _ => ("10 yields", Kind::Floor),
    };
    fn new() -> Self {
        Flag(Futex::new(0))
    }
    fn set(&self) {
        // 0: unset; 1: unset, and somebody sleeps; 2: set.
        if self.0.swap(2, Release) == 1 {
            Futex::wake(&raw const self.0, u32::MAX);
        }
    }
    fn clear(&self) {
        self.0.store(0, Relaxed);
    }
    fn is_set(&self) -> bool {
        self.0.load(Acquire) == 2
    }
    fn wait(&self) {
        let found = match POLICY {
            NONE => self.is_set(),
            PAUSES => pauses(|| self.is_set()),
            _ => (0..10).any(|_| {
                thread::yield_now();
                self.is_set()
            }),
        };
        if found {
            return;
        }
        while self.0.compare_exchange(0, 1, Relaxed, Acquire) != Err(2) {
            self.0.wait(1, None);
        }
    }
}

fn spins(page: &mut Page) {
    fn of<E: Event>(place: Place) -> Subject<'static> {
        Subject::new(E::NAME, move || ping_pong::<E>(place))
    }
    let mut table = page.table("What is done before a sleep: an event, there and back", "ns", Effort::Short);
    for (on, place) in [("2 cores", Place::TwoCores), ("1 core", Place::OneCore)] {
        let subjects = vec![
            of::<threading::Event>(place),
            of::<Flag<NONE>>(place),
            of::<Flag<PAUSES>>(place),
            of::<Flag<YIELDS>>(place),
        ];
        table.row(&format!("Event, {on}"), Goal::Of("no spin", LITTLE_MORE), subjects);
    }
    table.costs();

    let title = "What is done before a sleep: a lock, two threads, 100 ns inside and outside";
    let mut table = page.table(title, "ns", Effort::Short);
    for (on, place) in [("2 cores", Place::TwoCores), ("1 core", Place::OneCore)] {
        let pairs = Pairs { threads: 2, place, inside: 100, outside: 100 };
        let subjects = vec![
            Subject::new(("underthread", Kind::Ours), move || pairs.run::<raw::Lock>()),
            Subject::new(("three states, no spin", Kind::Floor), move || pairs.run::<ThreeStates<false>>()),
            Subject::new(("three states, 100 pauses", Kind::Floor), move || pairs.run::<ThreeStates<true>>()),
        ];
        table.row(&format!("Lock, {on}"), Goal::Of("three states, no spin", LITTLE_MORE), subjects);
    }
    table.costs();
}

const BATCH: u64 = 64;

/// Items through a queue, by one thread or by two, so many at a time.
/// `owners`: each end has had one thread only.
fn items(threads: usize, batch: u64, owners: bool) -> Sample {
    let queue = Apart(Queue::new(1024));
    if !owners {
        let use_both = || {
            for item in 0..2000 {
                queue.put(item).unwrap();
                queue.get().unwrap();
            }
        };
        use_both();
        thread::scope(|scope| drop(scope.spawn(use_both)));
    }
    let put = |from: u64| match batch {
        1 => queue.put(from).unwrap(),
        _ => queue.put_many(from..from + batch).unwrap(),
    };
    // How many, and the last of them.
    let get = || match batch {
        1 => queue.get().ok().map(|item| (1, item)),
        _ => queue.get_many(batch as usize).ok().map(|items| (items.len() as u64, items[items.len() - 1])),
    };
    if threads == 1 {
        let sample = each(|| {
            (0..BATCH / batch).for_each(|index| put(index * batch));
            (0..BATCH / batch).for_each(|_| {
                black_box(get());
            });
        });
        return Sample { value: sample.value / BATCH as f64, ..sample };
    }
    let body = |member: Member<'_>| {
        let mut own = 0;
        if member.index == 0 {
            while !member.over() {
                put(own);
                own += batch;
            }
            let _none = queue.shutdown(false);
            return 0;
        }
        while let Some((count, last)) = get() {
            own += count;
            assert_eq!(last + 1, own, "another item came out");
        }
        own
    };
    team(2, Place::TwoCores, body, || {})
}

fn batches(page: &mut Page) {
    let mut table = page.table("Batches of 64: an item through a queue of cap 1024", "ns", Effort::Contended);
    for (name, threads) in [("Queue, 1 thread", 1), ("Queue, 1 → 1", 2)] {
        let subjects = vec![
            Subject::new(("batches", Kind::Ours), move || items(threads, BATCH, true)),
            Subject::new(("one by one", Kind::Floor), move || items(threads, 1, true)),
        ];
        table.row(name, Goal::Of("one by one", NO_MORE), subjects);
    }
    table.costs();
}

fn biases(page: &mut Page) {
    let mut table = page.table("Ends that have one user: an item through a queue of cap 1024", "ns", Effort::Contended);
    for (name, threads) in [("Queue, 1 thread", 1), ("Queue, 1 → 1", 2)] {
        let subjects = vec![
            Subject::new(("biased", Kind::Ours), move || items(threads, 1, true)),
            Subject::new(("after a visit", Kind::Floor), move || items(threads, 1, false)),
        ];
        table.row(name, Goal::Of("after a visit", NO_MORE), subjects);
    }
    table.costs();
}
