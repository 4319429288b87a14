//! What a forked child finds: the table "After a fork" in docs/deviations.md, row by row. Another thread of the parent
//! holds, or waits; the child has only the thread that forked.
//!
//! Threads are in `threading/thread.rs`, the fence in `raw/fence.rs`, an RLock that the forking thread holds in
//! `raw/rlock.rs`; what is shared goes on between the processes, by the tests called `processes_*` and
//! `two_processes_*`.

use std::fmt::Debug;
use std::ptr;
use std::sync::Barrier as Rendezvous;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use underthread::queue::{GetError, Queue, TooManyTaskDone};
use underthread::raw::{
    Barrier, BrokenBarrier, Buffer, Condition, Deadline, Event, Guarded, Lock, NotOwner, Options, RLock,
    ReleaseUnlocked, Ring, Semaphore, get_native_id, start_joinable_thread,
};
use underthread::sys::{Futex, Private};
use underthread::threading::{Local, Thread, Timer, current_thread, enumerate, main_thread, set_excepthook};

use crate::child::{child, forked, shown};
use crate::memory::{self, AT_NEXT};
use crate::spurious::disturbed;
use crate::support::AtEnd;
use crate::waits::{asleep, until};

const SHORT: Duration = Duration::from_millis(5);

/// A thread that does `body` and then waits until it is told to go on to `after`; `body` is done.
struct Other(&'static Event, JoinHandle<()>);

fn other<G>(body: impl FnOnce() -> G + Send + 'static, after: impl FnOnce(G) + Send + 'static) -> Other {
    let [ready, go] = [(); 2].map(|()| shown("other", Event::new()));
    let thread = thread::spawn(|| {
        let kept = body();
        ready.set();
        go.wait_until(None);
        after(kept);
    });
    ready.wait_until(None);
    Other(go, thread)
}

impl Other {
    fn go_on(self) {
        self.0.set();
        self.1.join().unwrap();
    }
}

/// A thread that sleeps in `body` by now, and holds nothing on its way there.
fn waiter(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let (say, hear) = channel();
    let thread = thread::spawn(move || {
        say.send(get_native_id()).unwrap();
        body();
    });
    let id = hear.recv().unwrap();
    until(|| asleep(id));
    thread
}

fn short() -> Option<Deadline> {
    Deadline::after(SHORT)
}

fn shows(value: &dyn Debug, text: &str) -> bool {
    format!("{value:?}").contains(text)
}

#[test]
fn a_lock_is_held_for_ever_by_another_thread_and_is_anyones_to_release() {
    child(|| {
        let lock = shown("lock", Lock::new());
        let holder = other(|| lock.acquire(), |()| lock.release().unwrap());
        forked(|| {
            let start = Instant::now();
            assert!(lock.locked() && !lock.acquire_until(short()) && start.elapsed() >= SHORT);
            lock.release().unwrap();
            works(lock);
        });
        holder.go_on();
        works(lock);
    });
}

/// Two threads, so one may have to wait.
fn works(lock: &'static Lock) {
    let tally = Guarded::new(Lock::new(), 0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    lock.acquire();
                    *tally.acquire() += 1;
                    lock.release().unwrap();
                }
            });
        }
    });
    assert_eq!(*tally.acquire(), 400);
}

#[test]
fn a_lock_that_the_forking_thread_holds_is_its_own_in_the_child() {
    child(|| {
        let lock = shown("lock", Lock::new());
        lock.acquire();
        let waiting = waiter(|| {
            lock.acquire();
            lock.release().unwrap();
        });
        forked(|| {
            lock.release().unwrap();
            works(lock);
        });
        lock.release().unwrap();
        waiting.join().unwrap();
    });
}

/// Holds `lock` while another thread starves for it, which will give it back.
fn held_while_another_starves(lock: &'static Lock) -> JoinHandle<()> {
    lock.acquire();
    let starving = waiter(|| {
        lock.acquire();
        lock.release().unwrap();
    });
    // Woken in vain, until it has waited too long; it sleeps on the lock's second word.
    let sleepers = ptr::from_ref(lock).cast::<Futex<Private>>().wrapping_add(1);
    until(|| {
        Futex::wake(sleepers, 1);
        shows(lock, "starving")
    });
    starving
}

#[test]
fn a_lock_that_another_thread_starves_for_is_handed_to_nobody_in_the_child_and_can_be_had() {
    child(|| {
        let lock = shown("lock", Lock::new());
        let starving = held_while_another_starves(lock);
        // Again and again, as on a machine that has much to do no wake may come in time.
        for _ in 0..10 {
            forked(|| {
                lock.release().unwrap();
                assert!(shows(lock, "granted") && lock.locked());
                // It is on its way to one who does not come.
                assert_eq!(lock.release(), Err(ReleaseUnlocked));
                // A newcomer waits for who it is for, also if it is woken for no reason.
                let start = Instant::now();
                if lock.acquire_until(Deadline::after(Duration::ZERO)) {
                    // It was kept waiting on its way.
                    assert!(start.elapsed() >= Duration::from_millis(1), "a newcomer took it at once");
                } else {
                    disturbed(|| {
                        let start = Instant::now();
                        lock.acquire();
                        assert!(start.elapsed() >= Duration::from_millis(1), "a newcomer did not wait");
                    });
                }
                lock.release().unwrap();
                works(lock);
            });
        }
        lock.release().unwrap();
        starving.join().unwrap();
    });
}

#[test]
fn an_rlock_is_held_for_ever_by_another_thread() {
    child(|| {
        let lock = shown("lock", RLock::new());
        let holder = other(|| lock.acquire().unwrap(), |()| lock.release().unwrap());
        forked(|| {
            assert!(lock.locked() && !lock.is_owned());
            assert_eq!((lock.release(), lock.acquire_until(short())), (Err(NotOwner), Ok(false)));
        });
        holder.go_on();
        assert_eq!(lock.try_acquire(), Ok(true));
    });
}

#[test]
fn an_event_is_as_it_was_and_works() {
    child(|| {
        let event = shown("event", Event::new());
        let waiting = waiter(|| assert!(event.wait_until(None)));
        forked(|| {
            for _ in 0..2 {
                assert!(!event.wait_until(short()));
                let waiting = waiter(|| assert!(event.wait_until(None)));
                event.set();
                waiting.join().unwrap();
                event.clear();
            }
        });
        event.set();
        waiting.join().unwrap();
    });
}

#[test]
fn permits_that_other_threads_have_taken_stay_taken() {
    child(|| {
        let semaphore = shown("semaphore", Semaphore::bounded(2));
        assert!(semaphore.try_acquire(1));
        let holder = other(|| assert!(semaphore.try_acquire(1)), |()| semaphore.release(1).unwrap());
        let waiting = waiter(|| assert!(semaphore.acquire_until(1, None)));
        forked(|| {
            assert!(!semaphore.acquire_until(1, short()));
            semaphore.release(1).unwrap();
            // By hand, for those who are not there.
            semaphore.release(1).unwrap();
            // One that was handed to who has waited too long, and is not there, is taken.
            assert!(shows(semaphore, "granted") || semaphore.release(1).is_err());
            assert!(semaphore.acquire_until(2, None));
            let waiting = waiter(|| assert!(semaphore.acquire_until(1, None)));
            semaphore.release(1).unwrap();
            waiting.join().unwrap();
        });
        holder.go_on();
        waiting.join().unwrap();
    });
}

#[test]
fn a_condition_counts_the_parents_waiters_and_notifies_them_first() {
    child(|| {
        let (lock, condition) = (shown("lock", Lock::new()), shown("condition", Condition::new()));
        fn wait(lock: &Lock, condition: &Condition, deadline: Option<Deadline>) -> bool {
            lock.acquire();
            // SAFETY: the lock is held, and protects nothing.
            let notified = unsafe { condition.wait_until(lock, deadline) };
            lock.release().unwrap();
            notified
        }
        let waiting = waiter(|| assert!(wait(lock, condition, None)));
        forked(|| {
            let own = waiter(|| assert!(wait(lock, condition, None)));
            assert_eq!((condition.notify(1), condition.waiting()), (1, 1));
            assert_eq!((condition.notify_all(), condition.waiting()), (1, 0));
            own.join().unwrap();
            assert!(!wait(lock, condition, short()));
            assert_eq!(condition.notify_all(), 0);
        });
        assert_eq!(condition.notify(1), 1);
        waiting.join().unwrap();
    });
}

#[test]
fn a_barrier_counts_the_parents_waiters_and_a_reset_waits_for_them() {
    child(|| {
        fn wait(barrier: &Barrier) -> Result<u32, BrokenBarrier> {
            barrier.wait_until(Deadline::after(SHORT), || ())
        }
        let barrier = shown("barrier", Barrier::new(2));
        let waiting = waiter(|| assert_eq!(barrier.wait_until(None, || ()), Ok(0)));
        forked(|| {
            assert_eq!(barrier.n_waiting(), 1);
            // Complete, with one who is not there; the next cycle is the child's own.
            assert_eq!((wait(barrier), barrier.n_waiting()), (Ok(1), 0));
            let own = waiter(|| assert!(barrier.wait_until(None, || ()).is_ok()));
            barrier.wait_until(None, || ()).unwrap();
            own.join().unwrap();
        });
        forked(|| {
            barrier.reset();
            assert!(shows(barrier, "resetting") && wait(barrier) == Err(BrokenBarrier));
            barrier.abort();
            barrier.reset();
            assert!(shows(barrier, "resetting") && wait(barrier) == Err(BrokenBarrier));
        });
        assert_eq!(barrier.wait_until(None, || ()), Ok(1));
        waiting.join().unwrap();
    });
}

#[test]
fn both_processes_have_the_items_and_the_tasks_of_a_queue() {
    child(|| {
        let queue = shown("queue", Queue::new(2));
        let waiting = waiter(|| assert_eq!(queue.get(), Ok(0)));
        queue.put(0).unwrap();
        waiting.join().unwrap();
        queue.put_many([1, 2]).unwrap();
        let waiting = waiter(|| queue.put(3).unwrap());
        forked(|| {
            assert_eq!((queue.get(), queue.get(), queue.get_timeout(SHORT)), (Ok(1), Ok(2), Err(GetError::Empty)));
            assert!(!queue.join_timeout(SHORT));
            (0..3).for_each(|_| queue.task_done().unwrap());
            assert_eq!(queue.task_done(), Err(TooManyTaskDone));
            let own = waiter(|| assert!(queue.iter().eq(4..104)));
            queue.put_many(4..104).unwrap();
            assert!(queue.shutdown(false).is_empty());
            own.join().unwrap();
        });
        assert_eq!((queue.get(), queue.get()), (Ok(1), Ok(2)));
        waiting.join().unwrap();
        assert_eq!((queue.get(), queue.qsize()), (Ok(3), 0));
    });
}

#[test]
fn a_side_of_a_ring_that_another_thread_has_is_held_for_ever_and_the_other_side_works() {
    child(|| {
        let ring = shown("ring", Ring::new(3));
        ring.try_put(1).unwrap();
        let [ready, go] = [(); 2].map(|()| shown("other", Event::new()));
        let holder = thread::spawn(|| {
            let room = ring.room().unwrap();
            ready.set();
            go.wait_until(None);
            drop(room);
        });
        ready.wait_until(None);
        forked(|| {
            assert_eq!((ring.try_get(), ring.qsize()), (Ok(1), 0));
            assert!(ring.get_until(short()).is_err());
            shows(ring, "");
        });
        go.set();
        holder.join().unwrap();
        assert_eq!(ring.try_get(), Ok(1));
    });
}

/// Neither the owner of an end that has stayed behind nor one that has come along is in the way.
#[test]
fn the_ends_of_a_queue_that_one_thread_each_has_used_alone_work() {
    child(|| {
        const MANY: u32 = 3000;
        let queue = shown("queue", Queue::new(0));
        let [ready, go] = [(); 2].map(|()| shown("other", Event::new()));
        let other = thread::spawn(|| {
            (0..MANY).for_each(|item| queue.put(item).unwrap());
            ready.set();
            go.wait_until(None);
            queue.put(MANY).unwrap();
        });
        ready.wait_until(None);
        assert!((0..MANY - 1).all(|item| queue.get() == Ok(item)));
        forked(|| {
            queue.put(7).unwrap();
            assert_eq!((queue.get(), queue.get(), queue.get_nowait()), (Ok(MANY - 1), Ok(7), Err(GetError::Empty)));
        });
        go.set();
        other.join().unwrap();
        assert_eq!((queue.get(), queue.get()), (Ok(MANY - 1), Ok(MANY)));
    });
}

#[test]
fn a_thread_counts_as_gone_and_one_that_is_not_started_can_be() {
    child(|| {
        let go = shown("go", Event::new());
        let left = start_joinable_thread(Options::new(), || assert!(go.wait_until(None))).unwrap();
        let new = Thread::new(|| "started");
        forked(|| {
            assert!(left.is_done() && left.join() == Ok(()) && left.join_until(short()) == Ok(true));
            new.start().unwrap();
            assert_eq!(new.clone().into_result().unwrap(), "started");
        });
        assert!(!left.is_done() && !new.is_alive());
        go.set();
        left.join().unwrap();
    });
}

/// Takes each of the crate's own locks.
fn use_all() {
    assert!(main_thread().is_alive() && current_thread().native_id().is_some() && !enumerate().is_empty());
    // It tries.
    assert!(shows(&main_thread(), "Thread"));
    set_excepthook(None);
    Local::new(|| 1).with(|one| assert_eq!(*one, 1));
    let thread = Thread::new(|| ()).daemon(true);
    thread.start().unwrap();
    thread.join().unwrap();
}

/// Another has one for certain: it asks for memory there, and gets it when the fork waits.
#[test]
fn a_fork_waits_for_who_has_a_lock_of_the_crates_own() {
    child(|| {
        use_all();
        // The futex's own handlers, where it has any, come in their place.
        Futex::wake(&Futex::<Private>::new(0), 1);
        let (forks, end) = (AtomicBool::new(false), Event::new());
        let who = get_native_id();
        thread::scope(|scope| {
            // No thread of std's begins or ends beside the fork: see `watch`.
            let _end = AtEnd(|| {
                memory::let_go();
                end.set();
            });
            scope.spawn(|| {
                // The list is made under the registry's lock.
                memory::held(enumerate);
                end.wait_until(None);
            });
            until(memory::is_held);
            scope.spawn(|| {
                until(|| forks.load(Relaxed) && asleep(who));
                memory::let_go();
                end.wait_until(None);
            });
            forks.store(true, Relaxed);
            forked(use_all);
        });
    });
}

/// Others have them all the time, two fork, and child and grandchild can do what they like; and all that in a child.
#[test]
fn a_fork_waits_until_nobody_has_a_lock_of_the_crates_own() {
    fn two_fork_while_others_use_all() {
        let over = AtomicBool::new(false);
        // No thread of std's begins or ends beside a fork: see `watch`.
        let (begin, end) = (Rendezvous::new(5), Rendezvous::new(2));
        let use_and_fork = || {
            use_all();
            forked(use_all);
        };
        thread::scope(|scope| {
            let _end = AtEnd(|| over.store(true, Relaxed));
            for _ in 0..3 {
                scope.spawn(|| {
                    begin.wait();
                    while !over.load(Relaxed) {
                        use_all();
                    }
                });
            }
            let other = scope.spawn(|| {
                begin.wait();
                (0..50).for_each(|_| forked(use_all));
                end.wait();
            });
            begin.wait();
            (0..50).for_each(|_| forked(use_and_fork));
            end.wait();
            other.join().unwrap();
        });
    }
    child(|| {
        // A fork that begins before the first use does not wait for it: the handlers come too late.
        use_all();
        two_fork_while_others_use_all();
        forked(two_fork_while_others_use_all);
    });
}

/// As in a signal handler that comes there, and not by itself: one's own locks are held, and others wait for them.
#[test]
fn a_fork_by_who_has_a_lock_of_the_crates_own_does_not_wait_nor_does_its_child() {
    static OTHER: AtomicU32 = AtomicU32::new(0);
    static HELD: AtomicBool = AtomicBool::new(false);
    child(|| {
        use_all();
        let thread = Thread::new(|| ()).daemon(true);
        let asked = thread.clone();
        let other = thread::spawn(move || {
            OTHER.store(get_native_id(), Relaxed);
            while !HELD.load(Relaxed) {
                thread::yield_now();
            }
            asked.is_daemon()
        });
        until(|| OTHER.load(Relaxed) != 0);
        AT_NEXT.set(Some(|| {
            HELD.store(true, Relaxed);
            until(|| asleep(OTHER.load(Relaxed)));
            forked(|| {
                use_all();
                forked(use_all);
            });
        }));
        thread.start().unwrap();
        assert!(other.join().unwrap());
        forked(use_all);
    });
}

/// As by a `clone` of one's own, or a fork that began before the crate's first use: no handler has run, and one was
/// inside.
#[test]
fn a_child_that_was_not_told_waits_at_its_own_fork_for_nobody() {
    child(|| {
        use_all();
        let inside = thread::spawn(|| memory::held(enumerate));
        until(memory::is_held);
        // SAFETY: as a fork, past libc and with no stack of its own; the child forks and ends.
        let told_nothing = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } as libc::pid_t;
        let ended = |id| {
            let mut status = -1;
            // SAFETY: the child is ours, and not yet waited for.
            assert_eq!(unsafe { libc::waitpid(id, &raw mut status, 0) }, id);
            status
        };
        if told_nothing == 0 {
            // SAFETY: a signal that ends the process, should it wait.
            unsafe { libc::alarm(10) };
            for _ in 0..2 {
                // SAFETY: its child ends at once.
                match unsafe { libc::fork() } {
                    // SAFETY: as said.
                    0 => unsafe { libc::_exit(0) },
                    id => assert_eq!(ended(id), 0),
                }
            }
            // SAFETY: the thread has nothing that anyone waits for.
            unsafe { libc::_exit(0) };
        }
        let status = ended(told_nothing);
        memory::let_go();
        inside.join().unwrap();
        assert_eq!(status, 0);
    });
}

/// One that was there before the crate's own: it runs between those.
#[test]
fn a_handler_of_a_fork_may_use_the_crate_but_for_another_threads_work() {
    extern "C" fn handler() {
        assert!(main_thread().is_alive() && !enumerate().is_empty());
        Local::new(|| 1).with(|one| assert_eq!(*one, 1));
    }
    child(|| {
        // SAFETY: this fork is made where nobody holds what the handler needs.
        assert_eq!(unsafe { libc::pthread_atfork(Some(handler), Some(handler), Some(handler)) }, 0);
        use_all();
        forked(use_all);
        forked(use_all);
    });
}

#[test]
fn a_timer_never_calls_and_can_be_cancelled() {
    child(|| {
        let timer = Timer::new(Duration::from_secs(3600), || panic!("called"));
        timer.start().unwrap();
        until(|| asleep(timer.thread().native_id().unwrap()));
        forked(|| {
            assert!(!timer.is_finished() && timer.join() == Ok(()));
            assert!(timer.cancel() && timer.is_finished());
            assert!(timer.start().is_err());
        });
        assert!(timer.cancel());
        timer.join().unwrap();
    });
}

#[test]
fn a_local_has_the_forking_threads_value() {
    child(|| {
        static LOCAL: Local<u64> = Local::new(underthread::raw::get_ident);
        let own = LOCAL.with(|value| *value);
        let another = other(|| LOCAL.with(|value| *value), drop);
        forked(|| {
            assert_eq!(LOCAL.with(|value| *value), own);
            let fresh = thread::spawn(|| LOCAL.with(|value| *value) == underthread::raw::get_ident());
            assert!(fresh.join().unwrap());
        });
        another.go_on();
    });
}
