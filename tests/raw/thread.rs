use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use underthread::raw::{
    Deadline, Guarded, Handle, Itself, Lock, MAIN_IDENT, Options, Sleepers, at_end, at_exit, count, exit, get_ident,
    get_native_id, is_exit, is_main, scope, stack_size, start_joinable_thread, start_new_thread,
};

use crate::support::{HUGE_STACK, fork, limit_address_space, rerun, watched, without_room_for_stacks};

/// Starts a thread whose assertions count: one that fails ends the process.
fn start(f: impl FnOnce() + Send + 'static) -> Handle {
    start_joinable_thread(Options::new(), checked(f)).unwrap()
}

fn checked(f: impl FnOnce() + Send) -> impl FnOnce() + Send {
    || catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| std::process::abort())
}

fn system_threads() -> Vec<u32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks.map(|task| task.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_joined_thread_leaves_the_system() {
    watched(|| {
        for _ in 0..100 {
            let thread = start(|| ());
            let id = thread.native_id();
            thread.join().unwrap();
            assert!(thread.is_done());
            // The kernel says that a thread is gone a moment before it takes it from this list.
            while system_threads().contains(&id) {
                std::thread::yield_now();
            }
        }
    });
}

#[test]
fn two_joiners_of_one_worker_ten_thousand_times() {
    watched(|| {
        for _ in 0..10_000 {
            let done = Arc::new(AtomicBool::new(false));
            let worker = start({
                let done = Arc::clone(&done);
                move || done.store(true, SeqCst)
            });
            let (other, seen) = (worker.clone(), Arc::clone(&done));
            let joiner = start(move || {
                other.join().unwrap();
                assert!(seen.load(SeqCst));
            });
            worker.join().unwrap();
            assert!(done.load(SeqCst));
            joiner.join().unwrap();
            worker.join().unwrap();
        }
    });
}

#[test]
fn a_join_that_is_late_leaves_the_thread_alive() {
    watched(|| {
        let (go, wait) = mpsc::channel::<()>();
        let thread = start(move || wait.recv().unwrap());
        let (start, timeout) = (Instant::now(), Duration::from_millis(5));
        assert_eq!(thread.join_until(Deadline::after(timeout)), Ok(false));
        assert!(start.elapsed() >= timeout);
        assert_eq!(thread.join_until(Deadline::after(Duration::ZERO)), Ok(false));
        assert!(!thread.is_done());
        go.send(()).unwrap();
        assert_eq!(thread.join_until(Deadline::after(Duration::MAX)), Ok(true));
        assert_eq!(thread.join_until(Deadline::after(Duration::ZERO)), Ok(true));
    });
}

#[test]
fn a_thread_cannot_join_itself() {
    watched(|| {
        let (give, take) = mpsc::channel::<Handle>();
        let thread = start(move || assert_eq!(take.recv().unwrap().join(), Err(Itself)));
        give.send(thread.clone()).unwrap();
        thread.join().unwrap();
    });
}

/// Locks, wakes a sleeper and says so, when dropped.
struct Last(Arc<(Guarded<Lock, u32>, Sleepers)>);

impl Drop for Last {
    fn drop(&mut self) {
        *self.0.0.acquire() += 1;
        self.0.1.wake();
        // Still itself, and able to say so.
        assert_ne!(get_ident(), 0);
    }
}

std::thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

#[test]
fn thread_local_destructors_run_before_a_join_returns_and_before_the_thread_is_done() {
    watched(|| {
        for _ in 0..1000 {
            let shared = Arc::new((Guarded::new(Lock::new(), 0), Sleepers::new()));
            let (own, ended) = (Arc::clone(&shared), Arc::clone(&shared));
            let thread = start(move || {
                let last = Last(own);
                LAST.with(|slot| *slot.borrow_mut() = Some(last));
                at_end(move || {
                    let mut count = ended.0.acquire();
                    assert_eq!(*count, 1, "before the destructors");
                    *count += 1;
                });
            });
            while !thread.is_done() {
                std::hint::spin_loop();
            }
            assert_eq!(*shared.0.acquire(), 2);
            thread.join().unwrap();
        }
    });
}

#[test]
fn destructors_of_pthread_keys_run_before_the_thread_is_done() {
    static RUN: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn destructor(_: *mut libc::c_void) {
        RUN.fetch_add(1, SeqCst);
    }
    watched(|| {
        // After the key of this crate, which the first thread makes, so later in every round.
        start(|| ()).join().unwrap();
        let mut key = 0;
        // SAFETY: the pointer is to a live key; the destructor does not use its argument.
        assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, Some(destructor)) }, 0);
        let thread = start(move || {
            // SAFETY: the key is valid; a value that is not null asks for the destructor.
            assert_eq!(unsafe { libc::pthread_setspecific(key, (&raw const RUN).cast()) }, 0);
            at_end(|| assert_eq!(RUN.load(SeqCst), 1));
        });
        thread.join().unwrap();
        assert_eq!(RUN.load(SeqCst), 1);
    });
}

#[test]
fn idents_are_never_given_twice_and_native_ids_are_the_systems() {
    watched(|| {
        let mut idents = Vec::new();
        for _ in 0..64 {
            let (say, hear) = mpsc::channel();
            let thread = start(move || say.send((get_ident(), get_native_id(), is_main())).unwrap());
            assert_eq!(hear.recv(), Ok((thread.ident(), thread.native_id(), false)));
            thread.join().unwrap();
            idents.push(thread.ident());
        }
        idents.push(get_ident());
        idents.push(MAIN_IDENT);
        idents.sort_unstable();
        idents.dedup();
        assert_eq!(idents.len(), 66);
    });
}

#[test]
fn a_thread_that_forks_before_it_has_an_ident_is_not_taken_for_the_first() {
    // Forks are watched from here on.
    get_ident();
    let forks = || {
        fork(|| {
            assert_ne!(get_ident(), MAIN_IDENT);
            assert!(is_main());
        })
        .join();
    };
    watched(|| std::thread::spawn(forks).join().unwrap());
}

#[test]
fn the_system_shows_the_first_15_bytes_of_a_name_cut_at_a_character() {
    watched(|| {
        for (name, shown) in [
            ("short", "short"),
            ("0123456789abcdefgh", "0123456789abcde"),
            ("0123456789abcdé", "0123456789abcd"),
            ("a\0b", "a"),
        ] {
            let (go, wait) = mpsc::channel::<()>();
            let thread = start_joinable_thread(Options::new().name(name), move || wait.recv().unwrap()).unwrap();
            let comm = std::fs::read_to_string(format!("/proc/self/task/{}/comm", thread.native_id())).unwrap();
            assert_eq!(comm.trim_end(), shown);
            go.send(()).unwrap();
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_panic_or_an_exit_ends_the_thread_only() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            // Of no size: nobody frees it.
            std::panic::panic_any(());
        }
    }
    watched(|| {
        let loud = || std::panic::panic_any(Bomb);
        start_joinable_thread(Options::new(), loud).unwrap().join().unwrap();
        let reached = Arc::new(AtomicBool::new(false));
        let own = Arc::clone(&reached);
        let silent = move || {
            let payload = catch_unwind(|| exit()).unwrap_err();
            own.store(is_exit(&*payload), SeqCst);
            exit();
        };
        start_joinable_thread(Options::new(), silent).unwrap().join().unwrap();
        assert!(reached.load(SeqCst));
    });
}

#[test]
fn a_thread_without_a_handle_runs_and_is_counted() {
    watched(|| {
        let (say, hear) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let ident = start_new_thread(move || {
            start(|| assert!(count() >= 2)).join().unwrap();
            say.send(get_ident()).unwrap();
            wait.recv().unwrap();
        })
        .unwrap();
        assert_eq!(hear.recv(), Ok(ident));
        go.send(()).unwrap();
    });
}

#[test]
fn the_default_stack_size_is_set_for_all_and_has_a_least() {
    let least = stack_size(Some(1)).unwrap_err().least;
    assert!(least >= 16384);
    let before = stack_size(Some(4 << 20)).unwrap();
    assert_eq!(stack_size(None), Ok(4 << 20));
    // By reference: as a value it would be there twice.
    watched(|| start(|| assert!(std::hint::black_box(&[1_u8; 3 << 20])[5] == 1)).join().unwrap());
    stack_size(Some(before)).unwrap();
    // Too small for a thread to live on is made enough.
    watched(|| start_joinable_thread(Options::new().stack_size(1), || ()).unwrap().join().unwrap());
}

#[test]
fn a_refused_start_gives_the_closure_back_and_leaks_nothing() {
    let token = Arc::new(());
    let captured = Arc::clone(&token);
    let f = move || drop(captured);
    let refused = start_joinable_thread(Options::new().stack_size(1 << 47), f).unwrap_err();
    assert_eq!(refused.error.kind(), std::io::ErrorKind::WouldBlock);
    let refused = start_joinable_thread(Options::new().stack_size(usize::MAX), refused.f).unwrap_err();
    assert_eq!(refused.error.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(Arc::strong_count(&token), 2);
    watched(|| start(refused.f).join().unwrap());
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn threads_start_again_once_there_is_memory_again() {
    const CHILD: &str = "UNDERTHREAD_NO_MEMORY";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::threads_start_again_once_there_is_memory_again", CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let counted = count();
    let start = |f| start_joinable_thread(Options::new().stack_size(HUGE_STACK), f);
    let refused = without_room_for_stacks(|| start(|| ())).unwrap_err();
    assert_eq!(refused.error.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(count(), counted);
    start(refused.f).unwrap().join().unwrap();
}

#[test]
fn where_no_pthread_key_is_left_a_start_is_refused() {
    const CHILD: &str = "UNDERTHREAD_NO_KEY";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::where_no_pthread_key_is_left_a_start_is_refused", CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let mut key = 0;
    // SAFETY: the pointer is to a live key; there is no destructor.
    while unsafe { libc::pthread_key_create(&raw mut key, None) } == 0 {}
    let ended = Arc::new(AtomicBool::new(false));
    let own = Arc::clone(&ended);
    let refused = start_joinable_thread(Options::new(), || at_end(move || own.store(true, SeqCst))).unwrap_err();
    assert_eq!(refused.error.kind(), std::io::ErrorKind::WouldBlock);
    // SAFETY: the last that was made; nothing is kept in it.
    assert_eq!(unsafe { libc::pthread_key_delete(key) }, 0);
    start_joinable_thread(Options::new(), refused.f).unwrap().join().unwrap();
    assert!(ended.load(SeqCst), "it has another's key");
}

#[test]
fn threads_that_nobody_joins_are_not_kept() {
    const CHILD: &str = "UNDERTHREAD_DETACHED";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::threads_that_nobody_joins_are_not_kept", CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    // Room for a few stacks of 256 MiB, not for two hundred.
    limit_address_space(4 << 30);
    for round in 0..200 {
        let thread = start_joinable_thread(Options::new().stack_size(256 << 20), || ()).unwrap();
        if round % 2 == 0 {
            // Detached by itself, or by us, whichever comes last.
            while !thread.is_done() {
                std::hint::spin_loop();
            }
        }
        let id = thread.native_id();
        drop(thread);
        while system_threads().contains(&id) {
            std::thread::yield_now();
        }
    }
}

#[test]
fn threads_of_a_scope_borrow_and_may_start_others() {
    watched(|| {
        for _ in 0..200 {
            let sum = AtomicU32::new(0);
            scope(|s| {
                for _ in 0..2 {
                    s.start(Options::new(), || {
                        s.start(Options::new(), || assert!(sum.fetch_add(1, SeqCst) < 4)).unwrap();
                        sum.fetch_add(1, SeqCst);
                    })
                    .unwrap();
                }
            });
            assert_eq!(sum.into_inner(), 4);
        }
    });
}

#[test]
fn a_scope_whose_body_panics_waits_first() {
    watched(|| {
        let (reached, (go, wait)) = (AtomicBool::new(false), mpsc::channel::<()>());
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            scope(|s| {
                let reached = &reached;
                s.start(Options::new(), move || {
                    wait.recv().unwrap_err();
                    reached.store(true, SeqCst);
                })
                .unwrap();
                let _go = go;
                panic!("the body's");
            })
        }));
        assert!(outcome.is_err());
        assert!(reached.load(SeqCst));
    });
}

#[test]
fn a_hundred_threads_at_once() {
    watched(|| {
        let (go, wait) = (Arc::new(Guarded::new(Lock::new(), 0)), mpsc::channel());
        let threads: Vec<_> = (0..100)
            .map(|_| {
                let (go, here) = (Arc::clone(&go), wait.0.clone());
                start(move || {
                    here.send(()).unwrap();
                    *go.acquire() += 1;
                })
            })
            .collect();
        wait.1.iter().take(100).for_each(drop);
        threads.iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*go.acquire(), 100);
    });
}

#[test]
fn of_two_threads_that_join_each_other_the_one_with_a_deadline_lets_go() {
    watched(|| {
        let (give, take) = mpsc::channel::<Handle>();
        let (joins, is_joining) = mpsc::channel();
        let first = start(move || {
            let second: Handle = take.recv().unwrap();
            joins.send(()).unwrap();
            second.join().unwrap();
        });
        let other = first.clone();
        let second = start(move || {
            is_joining.recv().unwrap();
            assert_eq!(other.join_until(Deadline::after(Duration::from_millis(5))), Ok(false));
        });
        give.send(second).unwrap();
        first.join().unwrap();
    });
}

#[test]
fn hooks_run_at_the_exit_newest_first() {
    extern "C" fn older() {
        eprintln!("older");
    }
    extern "C" fn newer() {
        eprintln!("newer");
    }
    const CHILD: &str = "UNDERTHREAD_HOOKS";
    if std::env::var_os(CHILD).is_some() {
        assert!(at_exit(older));
        assert!(at_exit(newer));
        return;
    }
    let output = rerun("thread::hooks_run_at_the_exit_newest_first", CHILD);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("newer\nolder\n"), "{said}");
}

/// Also where the system refuses it to one of them (glibc 2.36 does not). In a process of their own: they are left
/// behind.
#[test]
fn two_threads_that_join_each_other_wait() {
    const CHILD: &str = "UNDERTHREAD_JOIN_EACH_OTHER";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::two_threads_that_join_each_other_wait", CHILD);
        return assert!(output.status.success(), "{output:?}");
    }
    let (give, take) = mpsc::channel::<Handle>();
    let first = start(move || take.recv().unwrap().join().unwrap());
    let other = first.clone();
    let second = start(move || other.join().unwrap());
    give.send(second.clone()).unwrap();
    for thread in [first, second] {
        assert_eq!(thread.join_until(Deadline::after(Duration::from_millis(100))), Ok(false));
    }
    // SAFETY: no destructor is left out that this process needs.
    unsafe { libc::_exit(0) };
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_counts_the_cpus_that_it_may_use() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed:")).unwrap();
    let allowed: u32 = mask.chars().filter_map(|digit| digit.to_digit(16)).map(u32::count_ones).sum();
    assert_eq!(underthread::sys::identity::cpus(), allowed);
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_is_bound_to_one_cpu_knows_it() {
    const CHILD: &str = "UNDERTHREAD_ONE_CPU";
    if std::env::var_os(CHILD).is_some() {
        assert_eq!(underthread::sys::identity::cpus(), 1);
        return;
    }
    // SAFETY: sched_getcpu reads a number.
    let here = usize::try_from(unsafe { libc::sched_getcpu() }).unwrap();
    // SAFETY: all-zero bytes are an empty set.
    let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: a CPU that exists is within the set.
    unsafe { libc::CPU_SET(here, &mut one) };
    // SAFETY: the pointer is to a live set of that size. Only this thread is bound, and the child that it makes.
    assert_eq!(unsafe { libc::sched_setaffinity(0, size_of_val(&one), &raw const one) }, 0);
    let output = rerun("thread::a_process_that_is_bound_to_one_cpu_knows_it", CHILD);
    assert!(output.status.success(), "{output:?}");
}
