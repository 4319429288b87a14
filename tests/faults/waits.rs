//! Every wait of the crate, to be disturbed: it must neither end before its time or its release, nor stay after.

use std::fmt::Debug;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use underthread::queue::{LifoQueue, SimpleQueue};
use underthread::raw::{
    Barrier, Buffer, Condition, Deadline, Event, Inline, Lock, Options, RLock, Ring, Semaphore, get_native_id,
    start_joinable_thread,
};
use underthread::sys::{Private, Scope, Shared};

use crate::child::{show, show_nothing};
use crate::support::shared_zeroed;

/// Something that blocks whoever waits, and what lets one of them go.
struct Wait {
    name: &'static str,
    /// False after a timeout.
    wait: Box<dyn Fn(Duration) -> bool + Sync>,
    release: Box<dyn Fn()>,
}

fn of<T: Debug + Sync>(
    name: &'static str,
    value: &'static T,
    wait: impl Fn(&T, Option<Deadline>) -> bool + Sync + 'static,
    release: impl Fn(&T) + 'static,
) -> Wait {
    show_nothing();
    show(name, value);
    let wait = Box::new(move |timeout| wait(value, Deadline::after(timeout)));
    Wait { name, wait, release: Box::new(move || release(value)) }
}

fn keep<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

pub(crate) fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

fn lock<S: Scope>(lock: Lock<S>) -> Wait {
    lock.acquire();
    of("lock", keep(lock), |lock, deadline| lock.acquire_until(deadline), |lock| lock.release().unwrap())
}

fn rlock<S: Scope>(lock: RLock<S>) -> Wait {
    lock.acquire().unwrap();
    of("rlock", keep(lock), |lock, deadline| lock.acquire_until(deadline).unwrap(), |lock| lock.release().unwrap())
}

fn event<S: Scope>(event: Event<S>) -> Wait {
    of("event", keep(event), Event::wait_until, Event::set)
}

fn semaphore<S: Scope, const WANTED: u32>(semaphore: Semaphore<S>) -> Wait {
    let wait = |semaphore: &Semaphore<S>, deadline| semaphore.acquire_until(WANTED, deadline);
    of("semaphore", keep(semaphore), wait, |semaphore| semaphore.release(WANTED).unwrap())
}

/// Where another collects already.
fn turn() -> Wait {
    let semaphore = keep(Semaphore::new(0));
    thread::spawn(|| semaphore.acquire_until(2, None));
    until(|| !format!("{semaphore:?}").contains("none"));
    let wait = |semaphore: &Semaphore, deadline| semaphore.acquire_until(2, deadline);
    of("turn", semaphore, wait, |semaphore| semaphore.release(4).unwrap())
}

fn condition<S: Scope>(lock: Lock<S>, condition: Condition<S>) -> Wait {
    let wait = |(lock, condition): &(Lock<S>, Condition<S>), deadline| {
        lock.acquire();
        // SAFETY: the lock is held, and protects nothing.
        let notified = unsafe { condition.wait_until(lock, deadline) };
        lock.release().unwrap();
        notified
    };
    of("condition", keep((lock, condition)), wait, |(_, condition)| until(|| condition.notify(1) == 1))
}

fn barrier<S: Scope>(barrier: Barrier<S>) -> Wait {
    fn meet<S: Scope>(barrier: &Barrier<S>, deadline: Option<Deadline>) -> bool {
        barrier.wait_until(deadline, || ()).is_ok()
    }
    of("barrier", keep(barrier), meet, |barrier| assert!(meet(barrier, None)))
}

/// Where those of the cycle before run their action.
fn action() -> Wait {
    let (barrier, go) = (keep(Barrier::new(1)), keep(Event::new()));
    thread::spawn(|| barrier.wait_until(None, || assert!(go.wait_until(None))));
    until(|| format!("{barrier:?}").contains("tripping"));
    let wait = |barrier: &Barrier, deadline| barrier.wait_until(deadline, || ()).is_ok();
    of("action", barrier, wait, |_| go.set())
}

fn get<R: Buffer<Item = u32> + Debug + Sync>(ring: &'static R) -> Wait {
    of("get", ring, |ring, deadline| ring.get_until(deadline).is_ok(), |ring| ring.try_put(1).unwrap())
}

fn put<R: Buffer<Item = u32> + Debug + Sync>(ring: &'static R) -> Wait {
    while ring.try_put(1).is_ok() {}
    of("put", ring, |ring, deadline| ring.put_until(2, deadline).is_ok(), |ring| assert!(ring.try_get().is_ok()))
}

fn tasks<R: Buffer<Item = u32> + Debug + Sync>(ring: &'static R) -> Wait {
    ring.try_put(1).unwrap();
    of("tasks", ring, R::join_until, |ring| ring.task_done().unwrap())
}

fn shared_ring() -> &'static Ring<u32, Inline<u32, 2>, Shared> {
    // SAFETY: all-zero is an empty ring.
    unsafe { shared_zeroed() }
}

fn pile() -> Wait {
    let queue = keep(LifoQueue::new(1));
    queue.put(1).unwrap();
    let left = |deadline: Option<Deadline>| deadline.map_or(Duration::MAX, Deadline::remaining);
    let put = move |queue: &LifoQueue<u32>, deadline| queue.put_timeout(2, left(deadline)).is_ok();
    of("pile", queue, put, |queue| assert!(queue.get().is_ok()))
}

fn simple() -> Wait {
    let left = |deadline: Option<Deadline>| deadline.map_or(Duration::MAX, Deadline::remaining);
    let get = move |queue: &SimpleQueue<u32>, deadline| queue.get_timeout(left(deadline)).is_ok();
    of("simple", keep(SimpleQueue::new()), get, |queue| queue.put(1))
}

/// With another joiner, if so.
fn thread(rival: bool) -> Wait {
    let go = keep(Event::new());
    let handle = start_joinable_thread(Options::new(), || assert!(go.wait_until(None))).unwrap();
    if rival {
        let handle = handle.clone();
        thread::spawn(move || handle.join().unwrap());
    }
    of("thread", keep(handle), |handle, deadline| handle.join_until(deadline).unwrap(), |_| go.set())
}

const ALL: [fn() -> Wait; 28] = [
    || lock(Lock::new()),
    || lock(Lock::shared()),
    || rlock(RLock::new()),
    || rlock(RLock::shared()),
    || event(Event::new()),
    || event(Event::shared()),
    || semaphore::<_, 1>(Semaphore::new(0)),
    || semaphore::<_, 1>(Semaphore::shared(0)),
    || semaphore::<_, 2>(Semaphore::new(0)),
    || semaphore::<_, 2>(Semaphore::shared(0)),
    || turn(),
    || condition(Lock::new(), Condition::new()),
    || condition(Lock::shared(), Condition::shared()),
    || barrier(Barrier::new(2)),
    || barrier(Barrier::shared(2)),
    || action(),
    || get(keep(Ring::new(1))),
    || get(shared_ring()),
    || put(keep(Ring::new(2))),
    || put(shared_ring()),
    || tasks(keep(Ring::new(1))),
    || tasks(shared_ring()),
    || pile(),
    || simple(),
    || thread(false),
    || thread(true),
    || event(Event::<Private>::cleared(u32::MAX)),
    || barrier(Barrier::after(2, u32::MAX)),
];

/// What the kernel says of a thread of this process.
fn says(thread: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/self/task/{thread}/{file}")).unwrap_or_default()
}

/// Whether the thread sleeps.
pub(crate) fn asleep(thread: u32) -> bool {
    // The state is the field after the name, which is in parentheses and may hold anything.
    says(thread, "stat").rsplit(')').next().is_some_and(|rest| rest.trim().starts_with('S'))
}

/// The word that the thread sleeps on, where the kernel tells.
pub(crate) fn sleeps_on(thread: u32) -> Option<usize> {
    let call = says(thread, "syscall");
    let mut fields = call.split(' ');
    let is_futex = fields.next()?.parse() == Ok(libc::SYS_futex);
    let word = usize::from_str_radix(fields.next()?.strip_prefix("0x")?, 16).ok()?;
    is_futex.then_some(word)
}

/// Makes each wait with a timeout that passes, with one that does not, and with none, while `strike` disturbs the
/// thread that waits, and says how often it has hit. A release comes only after some hits.
pub(crate) fn hold_under(strike: impl Fn(u32) -> u32 + Sync) {
    const HITS: u32 = 20;
    const SHORT: Duration = Duration::from_millis(5);
    for make in ALL {
        for timeout in [SHORT, Duration::from_secs(3600), Duration::MAX] {
            let Wait { name, wait, release } = make();
            let (thread, hits, done) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
            let (came, lasted) = thread::scope(|scope| {
                let waiter = scope.spawn(|| {
                    thread.store(get_native_id(), Relaxed);
                    let start = Instant::now();
                    let came = wait(timeout);
                    done.store(true, Relaxed);
                    (came, start.elapsed())
                });
                scope.spawn(|| {
                    until(|| thread.load(Relaxed) != 0);
                    while !done.load(Relaxed) {
                        hits.fetch_add(strike(thread.load(Relaxed)), Relaxed);
                        thread::yield_now();
                    }
                });
                if timeout != SHORT {
                    until(|| hits.load(Relaxed) >= HITS || done.load(Relaxed));
                    assert!(!done.load(Relaxed), "{name}: ended unreleased");
                    release();
                }
                waiter.join().unwrap()
            });
            assert_eq!(came, timeout != SHORT, "{name} of {timeout:?}");
            assert!(came || lasted >= timeout, "{name}: gave up after {lasted:?}");
        }
    }
}
