//! Museum, section 7: threads, their end, and forks; and what section 9 says of handles that are forgotten.

use std::cell::RefCell;
use std::collections::HashSet;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use underthread::queue::Queue;
#[cfg(not(underthread_pthread))]
use underthread::raw::Semaphore;
use underthread::threading::{self, Condition, Event, Lock, Thread, current_thread, enumerate, main_thread};

use crate::support::{fork, rerun, watched};

/// M67, std's scopes and joins (<https://github.com/rust-lang/rust/issues/116237>): a join returned before thread-local
/// destructors were done, or they deadlocked with it. Here they may do what any code may, and a join comes after them.
#[test]
fn a_thread_local_destructor_may_lock_notify_put_and_start() {
    static LOCK: Lock<u32> = Lock::new(0);
    static CHANGED: Condition = Condition::new();
    static QUEUE: Queue<u32> = Queue::new(0);

    struct Last(u32);
    impl Drop for Last {
        fn drop(&mut self) {
            *LOCK.acquire() += 1;
            CHANGED.notify_all();
            QUEUE.put(self.0).unwrap();
            let Last(left) = self;
            if *left > 0 {
                let next = Thread::new(leave(*left - 1));
                next.start().unwrap();
                next.join().unwrap();
            }
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    fn leave(number: u32) -> impl FnOnce() + Send {
        move || LAST.with(|last| *last.borrow_mut() = Some(Last(number)))
    }

    watched(|| {
        for round in 1..=20 {
            let waiter = Thread::new(move || CHANGED.wait_for(&mut LOCK.acquire(), |ends| *ends == 4 * round));
            waiter.start().unwrap();
            let thread = Thread::new(leave(3));
            thread.start().unwrap();
            thread.join().unwrap();
            assert_eq!(*LOCK.acquire(), 4 * round);
            assert_eq!(QUEUE.get_many(9).unwrap(), [3, 2, 1, 0]);
            waiter.join().unwrap();
        }
    });
}

/// M68, CPython (<https://github.com/python/cpython/issues/154937>): the shutdown read the ident of a thread that was
/// listed and had none yet. Here who asks a listed thread waits until its start has been answered.
#[test]
fn whoever_is_listed_has_an_ident() {
    let stop = AtomicBool::new(false);
    watched(|| {
        threading::scope(|s| {
            let starters = [(); 2].map(|()| {
                s.start(|| {
                    for _ in 0..1000 {
                        let thread = Thread::new(|| current_thread().ident());
                        thread.start().unwrap();
                        let ident = thread.ident();
                        assert_eq!(thread.into_result().unwrap(), ident);
                    }
                })
                .unwrap()
            });
            let looks = s.start(|| {
                while !stop.load(SeqCst) {
                    let mut idents = HashSet::new();
                    for thread in enumerate() {
                        let ident = thread.ident().expect("a listed thread without an ident");
                        assert!(idents.insert(ident), "two threads of one ident");
                    }
                }
            });
            starters.into_iter().for_each(|starter| starter.into_result().unwrap());
            stop.store(true, SeqCst);
            looks.unwrap().into_result().unwrap();
        });
    });
}

/// M65, CPython and others (<https://github.com/python/cpython/issues/74580>): a child of a fork inherits locks that
/// are held by threads it does not have. Here too. What nobody held works in it, a deadline ends the wait for the rest,
/// and it may start threads.
#[test]
fn a_forked_child_is_stopped_only_by_what_was_held() {
    const CHILD: &str = "UNDERTHREAD_MUSEUM_FORK";
    const SHORT: Duration = Duration::from_millis(2);
    static HELD: Lock<u32> = Lock::new(0);
    static FREE: Lock<u32> = Lock::new(0);
    static QUEUE: Queue<u32> = Queue::new(0);
    static READY: Event = Event::new();
    static DONE: Event = Event::new();
    // Alone: the threads of other tests could hold what a child needs.
    if std::env::var_os(CHILD).is_none() {
        let output = watched(|| rerun("threads::a_forked_child_is_stopped_only_by_what_was_held", CHILD));
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let holder = Thread::new(|| {
        let _held = HELD.acquire();
        READY.set();
        DONE.wait();
    });
    holder.start().unwrap();
    READY.wait();
    for round in 0..20 {
        QUEUE.put(round).unwrap();
        let child = fork(|| {
            assert!(HELD.try_acquire().is_none() && HELD.acquire_timeout(SHORT).is_none());
            *FREE.acquire() += 1;
            assert_eq!(QUEUE.get(), Ok(round));
            assert!(!holder.is_alive());
            let thread = Thread::new(|| *FREE.acquire() + QUEUE.get().unwrap());
            thread.start().unwrap();
            QUEUE.put(41).unwrap();
            assert_eq!(thread.into_result().unwrap(), 42);
            assert!(main_thread().is_same(&current_thread()));
        });
        child.join();
        // The child's copies were its own.
        assert_eq!((*FREE.acquire(), QUEUE.get()), (0, Ok(round)));
    }
    DONE.set();
    holder.join().unwrap();
}

/// M81, corosensei (<https://github.com/Amanieu/corosensei/issues/27>): a scope that relied on a destructor was unsound
/// with `mem::forget`, and again through `mem::swap`. Here the scope keeps the list of its threads itself.
#[test]
fn a_forgotten_scoped_handle_is_waited_for_all_the_same() {
    watched(|| {
        for _ in 0..200 {
            let (go, ended) = (Event::new(), AtomicU32::new(0));
            threading::scope(|s| {
                let start = || {
                    let body = || {
                        go.wait();
                        ended.fetch_add(1, SeqCst);
                    };
                    s.start(body).unwrap()
                };
                let (mut one, mut other) = (start(), start());
                mem::swap(&mut one, &mut other);
                mem::forget(one);
                drop(other);
                go.set();
            });
            assert_eq!(ended.into_inner(), 2);
        }
    });
}

/// M79, multiprocessing (<https://github.com/python/cpython/issues/126434>): an event that a signal handler set while
/// the thread waited for it deadlocked on a lock inside. That of `Event` has a test of its own; this is the semaphore,
/// which says the same of its release.
// Without the system call a wake takes a mutex.
#[cfg(not(underthread_pthread))]
#[test]
fn a_signal_handler_may_release_a_semaphore_that_its_thread_waits_for() {
    static PERMITS: Semaphore = Semaphore::new(0);
    static ACQUIRED: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handle(_: libc::c_int) {
        PERMITS.release(1).unwrap();
    }
    // SAFETY: the handler is async-signal-safe, and SIGUSR2 is used by nothing else here.
    unsafe { libc::signal(libc::SIGUSR2, handle as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    const SIGNALS: u32 = 2000;
    watched(|| {
        let waiter = std::thread::spawn(|| {
            for _ in 0..SIGNALS {
                assert!(PERMITS.acquire_until(1, None));
                ACQUIRED.fetch_add(1, SeqCst);
            }
        });
        let target = std::os::unix::thread::JoinHandleExt::as_pthread_t(&waiter);
        for sent in 0..SIGNALS {
            // SAFETY: the thread has not been joined, so its handle is valid.
            assert_eq!(unsafe { libc::pthread_kill(target, libc::SIGUSR2) }, 0);
            // Signals of one number are not counted while one is pending.
            while ACQUIRED.load(SeqCst) == sent {
                std::thread::yield_now();
            }
        }
        waiter.join().unwrap();
    });
    assert_eq!(PERMITS.value(), 0);
}
