use std::cell::RefCell;
use std::collections::HashSet;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use underthread::raw;
use underthread::threading::{
    self, JoinError, NoResult, ScopedThread, StartError, Thread, active_count, current_thread, enumerate, get_ident,
    get_native_id, main_thread, set_excepthook, shutdown_timeout,
};

use crate::support::{HUGE_STACK, fork, rerun, watched, without_room_for_stacks};

fn started<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
    let thread = Thread::new(f);
    thread.start().unwrap();
    thread
}

fn is_listed<T>(thread: &Thread<T>) -> bool {
    enumerate().iter().any(|other| other.is_same(thread))
}

#[test]
fn a_thread_goes_from_new_to_alive_to_ended_and_never_back() {
    watched(|| {
        let (go, wait) = mpsc::channel::<()>();
        let thread = Thread::new(move || wait.recv().unwrap());
        assert!(!thread.is_alive() && !is_listed(&thread));
        assert_eq!((thread.ident(), thread.native_id()), (None, None));
        assert_eq!(thread.join(), Err(JoinError::NotStarted));
        assert_eq!(thread.join_timeout(Duration::ZERO), Err(JoinError::NotStarted));
        thread.start().unwrap();
        assert!(thread.is_alive() && is_listed(&thread));
        assert!(matches!(thread.start(), Err(StartError::AlreadyStarted)));
        let (start, timeout) = (Instant::now(), Duration::from_millis(5));
        assert_eq!(thread.join_timeout(timeout), Ok(false));
        assert!(start.elapsed() >= timeout);
        assert!(thread.is_alive());
        go.send(()).unwrap();
        thread.join().unwrap();
        assert!(!thread.is_alive() && !is_listed(&thread));
        assert_eq!(thread.join_timeout(Duration::ZERO), Ok(true));
        assert!(matches!(thread.start(), Err(StartError::AlreadyStarted)));
        assert!(thread.ident().is_some() && thread.native_id().is_some());
    });
}

#[test]
fn two_joiners_of_one_worker_ten_thousand_times() {
    watched(|| {
        for round in 0..10_000 {
            let worker = started(move || round);
            let joiner = started({
                let worker = worker.clone();
                move || worker.join()
            });
            worker.join().unwrap();
            assert_eq!(worker.into_result().unwrap(), round);
            assert_eq!(joiner.into_result().unwrap(), Ok(()));
        }
    });
}

#[test]
fn of_two_racing_starts_one_wins() {
    watched(|| {
        for _ in 0..500 {
            let runs = Arc::new(AtomicU32::new(0));
            let own = Arc::clone(&runs);
            let thread = Thread::new(move || own.fetch_add(1, SeqCst));
            let rival = thread.clone();
            let other = started(move || rival.start().is_ok());
            let won = thread.start().is_ok();
            assert_ne!(won, other.into_result().unwrap());
            thread.join().unwrap();
            assert_eq!(runs.load(SeqCst), 1);
        }
    });
}

#[test]
fn a_thread_cannot_join_itself() {
    watched(|| assert_eq!(started(|| current_thread().join()).into_result().unwrap(), Err(JoinError::Itself)));
}

#[test]
fn a_result_is_taken_once() {
    watched(|| {
        let thread = started(|| String::from("value"));
        let other = thread.clone();
        assert_eq!(thread.into_result().unwrap(), "value");
        assert!(matches!(other.into_result(), Err(NoResult::Taken)));
        let thread = started(|| ());
        let untyped = Thread::new(|| ());
        assert!(matches!(untyped.into_result(), Err(NoResult::NotJoined(JoinError::NotStarted))));
        thread.into_result().unwrap();
        assert!(matches!(started(|| raw::exit()).into_result(), Err(NoResult::Exited)));
    });
}

#[test]
fn names_and_idents_are_the_threads_own() {
    watched(|| {
        let thread = started(|| {
            let own = current_thread();
            (own.get_name(), own.ident(), own.native_id(), own.is_daemon(), get_ident(), get_native_id())
        });
        let (name, idents) = (thread.get_name(), (thread.ident(), thread.native_id()));
        let (own_name, ident, native_id, daemon, raw_ident, raw_native_id) = thread.into_result().unwrap();
        assert!(name.starts_with("Thread-") && name == own_name);
        assert_eq!(idents, (ident, native_id));
        assert_eq!((ident, native_id), (Some(raw_ident), Some(raw_native_id)));
        // libtest's threads are foreign, so daemons, and what they make too.
        assert!(daemon);
    });
}

#[test]
fn the_system_shows_the_name_also_after_a_renaming() {
    fn shown<T>(thread: &Thread<T>) -> String {
        let comm = std::fs::read_to_string(format!("/proc/self/task/{}/comm", thread.native_id().unwrap()));
        comm.unwrap().trim_end().to_owned()
    }
    watched(|| {
        let (go, wait) = mpsc::channel::<()>();
        let (say, hear) = mpsc::channel();
        let thread = Thread::new(move || {
            wait.recv().unwrap();
            current_thread().set_name("by itself");
            say.send(()).unwrap();
            wait.recv().unwrap();
        })
        .name("longer than the system keeps");
        thread.start().unwrap();
        assert_eq!(shown(&thread), "longer than the");
        thread.set_name("from outside");
        assert_eq!((shown(&thread), &*thread.get_name()), ("from outside".into(), "from outside"));
        go.send(()).unwrap();
        hear.recv().unwrap();
        assert_eq!((shown(&thread), &*thread.get_name()), ("by itself".into(), "by itself"));
        go.send(()).unwrap();
        thread.join().unwrap();
        thread.set_name("after the end");
        assert_eq!(&*thread.get_name(), "after the end");
    });
}

#[test]
fn the_daemon_flag_is_inherited_and_fixed_by_the_start() {
    watched(|| {
        let parent = Thread::new(|| Thread::new(|| ()).is_daemon());
        let other = Thread::new(|| Thread::new(|| ()).is_daemon()).daemon(false);
        parent.start().unwrap();
        other.start().unwrap();
        assert!(!other.clone().into_result().unwrap());
        assert!(parent.into_result().unwrap());
        let late = catch_unwind(AssertUnwindSafe(|| other.daemon(true)));
        assert!(late.is_err());
    });
}

#[test]
fn the_daemon_flag_is_that_of_the_maker_and_not_of_the_starter() {
    watched(|| {
        // Made here: a daemon, as libtest's thread is one.
        let (say, hear) = mpsc::channel();
        let own = Thread::new(|| current_thread().is_daemon());
        let given = own.clone();
        let other = Thread::new(move || {
            given.start().unwrap();
            say.send(Thread::new(|| current_thread().is_daemon())).unwrap();
        })
        .daemon(false);
        other.start().unwrap();
        let made_there = hear.recv().unwrap();
        made_there.start().unwrap();
        other.join().unwrap();
        assert!(own.into_result().unwrap());
        assert!(!made_there.into_result().unwrap());
    });
}

#[test]
fn the_daemon_flag_of_a_thread_that_was_not_started_here_is_fixed() {
    watched(|| {
        for thread in [main_thread(), current_thread()] {
            let before = thread.is_daemon();
            assert!(catch_unwind(AssertUnwindSafe(|| thread.clone().daemon(!before))).is_err());
            assert_eq!(thread.is_daemon(), before);
        }
    });
}

#[test]
fn threads_and_dummies_are_numbered_by_one_count_also_those_that_are_given_a_name() {
    const CHILD: &str = "UNDERTHREAD_NUMBERS";
    if std::env::var_os(CHILD).is_none() {
        let test = "thread::threads_and_dummies_are_numbered_by_one_count_also_those_that_are_given_a_name";
        let output = rerun(test, CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let made = || Thread::new(|| ()).get_name();
    let foreign = || std::thread::spawn(|| current_thread().get_name()).join().unwrap();
    let named = || Thread::new(|| ()).name("").get_name();
    assert_eq!(
        [made(), foreign(), named(), made(), foreign()].map(|name| name.to_string()),
        ["Thread-1", "Dummy-2", "", "Thread-4", "Dummy-5"]
    );
}

#[test]
fn what_is_captured_is_dropped_before_the_thread_counts_as_ended() {
    struct Captured(Arc<AtomicBool>);
    impl Drop for Captured {
        fn drop(&mut self) {
            assert!(current_thread().is_alive());
            self.0.store(true, SeqCst);
        }
    }
    watched(|| {
        for panics in [false, true] {
            let dropped = Arc::new(AtomicBool::new(false));
            let captured = Captured(Arc::clone(&dropped));
            let thread = started(move || {
                let _captured = &captured;
                if panics {
                    raw::exit();
                }
            });
            while thread.is_alive() {
                std::hint::spin_loop();
            }
            assert!(dropped.load(SeqCst));
        }
    });
}

#[test]
fn foreign_threads_are_dummies_while_they_last() {
    watched(|| {
        let (say, hear) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let foreign = std::thread::spawn(move || {
            let own = current_thread();
            assert!(own.is_same(&current_thread()));
            assert!(own.get_name().starts_with("Dummy-"));
            say.send(own).unwrap();
            wait.recv().unwrap();
        });
        let dummy = hear.recv().unwrap();
        assert!(dummy.is_daemon() && dummy.is_alive() && is_listed(&dummy));
        assert_eq!(dummy.join(), Err(JoinError::Foreign));
        assert!(matches!(dummy.start(), Err(StartError::AlreadyStarted)));
        go.send(()).unwrap();
        foreign.join().unwrap();
        assert!(!dummy.is_alive() && !is_listed(&dummy));
        dummy.set_name("late");
        assert_eq!(&*dummy.get_name(), "late");
    });
}

std::thread_local! {
    static LAST: RefCell<Option<AsksAtTheEnd>> = const { RefCell::new(None) };
}

struct AsksAtTheEnd(Arc<Mutex<Option<(bool, bool)>>>, Thread);

impl Drop for AsksAtTheEnd {
    fn drop(&mut self) {
        let own = current_thread();
        *self.0.lock().unwrap() = Some((own.is_same(&self.1), own.is_alive()));
    }
}

#[test]
fn a_thread_is_itself_in_its_thread_local_destructors() {
    watched(|| {
        for foreign in [false, true] {
            let said = Arc::new(Mutex::new(None));
            let own = Arc::clone(&said);
            let body = move || LAST.with(|last| *last.borrow_mut() = Some(AsksAtTheEnd(own, current_thread())));
            if foreign {
                std::thread::spawn(body).join().unwrap();
            } else {
                started(body).join().unwrap();
            }
            assert_eq!(*said.lock().unwrap(), Some((true, true)));
        }
    });
}

#[test]
fn the_list_has_the_main_thread_first_and_the_rest_by_age() {
    watched(|| {
        let (go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let threads: Vec<_> = (0..64)
            .map(|_| {
                let wait = Arc::clone(&wait);
                started(move || wait.lock().unwrap().recv().unwrap_err())
            })
            .collect();
        let list = enumerate();
        assert!(list[0].is_same(&main_thread()));
        assert_eq!((list[0].ident(), &*list[0].get_name()), (Some(1), "MainThread"));
        assert!(!list[0].is_daemon() && list[0].is_alive());
        let idents: Vec<_> = list.iter().map(|thread| thread.ident().unwrap()).collect();
        assert!(idents.is_sorted());
        let listed: HashSet<_> = idents.into_iter().collect();
        assert!(threads.iter().all(|thread| listed.contains(&thread.ident().unwrap())));
        assert!(active_count() > 64);
        drop(go);
        threads.iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_panic_goes_to_the_hook_while_current_and_then_to_who_takes_the_result() {
    watched(|| {
        let (say, hear) = mpsc::channel();
        let before = set_excepthook(Some(Arc::new(move |args| {
            let alone = args.thread.is_same(&current_thread()) && is_listed(args.thread);
            say.send((args.thread.get_name(), args.message().map(str::to_owned), alone)).unwrap();
        })));
        let end = String::from("end");
        let thread = Thread::new(move || panic!("the thread's {end}")).name("hooked");
        thread.start().unwrap();
        let Err(NoResult::Panicked(payload)) = thread.into_result() else { panic!("no panic") };
        assert_eq!(payload.downcast_ref::<String>().unwrap(), "the thread's end");
        let heard = hear.iter().find(|(name, ..)| &**name == "hooked").unwrap();
        assert_eq!(heard, ("hooked".into(), Some("the thread's end".into()), true));
        set_excepthook(Some(Arc::new(|_| panic!("the hook's own"))));
        let thread: Thread<()> = started(|| panic!("before the hook's"));
        assert!(matches!(thread.into_result(), Err(NoResult::Panicked(_))));
        set_excepthook(before);
    });
}

#[test]
fn the_default_hook_names_the_thread_and_an_exit_is_silent() {
    const CHILD: &str = "UNDERTHREAD_DEFAULT_HOOK";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::the_default_hook_names_the_thread_and_an_exit_is_silent", CHILD);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("thread a name panicked: a message\n") && !said.contains("quiet"), "{said}");
        return;
    }
    for (name, f) in [("a name", (|| panic!("a message")) as fn()), ("quiet", || raw::exit())] {
        let thread = Thread::new(f).name(name);
        thread.start().unwrap();
        thread.join().unwrap();
    }
}

#[test]
fn a_panic_that_nobody_can_be_told_of_is_a_result_all_the_same() {
    const CHILD: &str = "UNDERTHREAD_NO_STDERR";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::a_panic_that_nobody_can_be_told_of_is_a_result_all_the_same", CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let panics = || {
        let thread: Thread<()> = started(|| panic!("unheard"));
        assert!(matches!(thread.into_result(), Err(NoResult::Panicked(_))));
    };
    // Nobody reads any more what is written to stderr.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    // SAFETY: puts a pipe in the place of stderr.
    assert_eq!(unsafe { libc::dup2(writer.as_raw_fd(), 2) }, 2);
    panics();
    set_excepthook(Some(Arc::new(|_| panic!("the hook's own"))));
    panics();
    // SAFETY: stderr is nobody's.
    assert_eq!(unsafe { libc::close(2) }, 0);
    panics();
    set_excepthook(None);
    panics();
}

#[test]
fn a_refused_start_leaves_the_thread_as_it_was() {
    const CHILD: &str = "UNDERTHREAD_REFUSED";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::a_refused_start_leaves_the_thread_as_it_was", CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let (alive, thread) = (active_count(), Thread::new(|| "ran").stack_size(HUGE_STACK));
    for _ in 0..3 {
        let refused = without_room_for_stacks(|| thread.start());
        let Err(StartError::System(error)) = refused else { panic!("started without memory") };
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        assert!(!thread.is_alive() && thread.ident().is_none());
        assert_eq!(thread.join(), Err(JoinError::NotStarted));
        assert_eq!(active_count(), alive);
    }
    thread.start().unwrap();
    assert_eq!(thread.into_result().unwrap(), "ran");
    let endless = Thread::new(|| ()).stack_size(1 << 47);
    assert!(matches!(endless.start(), Err(StartError::System(_))));
    let endless = endless.stack_size(0);
    endless.start().unwrap();
    endless.join().unwrap();
}

#[test]
fn a_scope_lends_and_waits_and_passes_results_and_panics_on() {
    watched(|| {
        let mut numbers = [1, 2, 3];
        let sum = threading::scope(|s| {
            let threads: Vec<_> =
                numbers.iter_mut().map(|number| s.start(move || std::mem::replace(number, 0)).unwrap()).collect();
            threads.into_iter().map(|thread| thread.into_result().unwrap()).sum::<i32>()
        });
        assert_eq!((sum, numbers), (6, [0; 3]));
        let taken = threading::scope(|s| s.start(|| panic!("taken")).unwrap().into_result());
        assert!(matches!(taken, Err(NoResult::Panicked(_))));
        let unclaimed = catch_unwind(|| {
            threading::scope(|s| drop::<ScopedThread<'_, ()>>(s.start(|| panic!("not taken")).unwrap()))
        });
        assert!(unclaimed.is_err());
    });
}

#[test]
fn a_result_that_borrows_is_dropped_within_the_scope() {
    struct Borrows<'a>(&'a AtomicU32);
    impl Drop for Borrows<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    watched(|| {
        for _ in 0..1000 {
            let drops = AtomicU32::new(0);
            threading::scope(|s| drop(s.start(|| Borrows(&drops)).unwrap()));
            assert_eq!(drops.into_inner(), 1);
        }
    });
}

#[test]
fn in_a_forked_child_who_forked_is_main_and_alone_and_may_start_threads() {
    const CHILD: &str = "UNDERTHREAD_FORK";
    if std::env::var_os(CHILD).is_none() {
        let test = "thread::in_a_forked_child_who_forked_is_main_and_alone_and_may_start_threads";
        let output = rerun(test, CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let (go, wait) = mpsc::channel::<()>();
    let (here, is_here) = mpsc::channel();
    let left = started(move || {
        here.send(()).unwrap();
        wait.recv().unwrap();
    });
    is_here.recv().unwrap();
    let forks = Thread::new(move || {
        let (own, ident, main) = (current_thread(), get_ident(), main_thread());
        fork(|| {
            assert_eq!((get_ident(), get_native_id()), (ident, std::process::id()));
            assert!(current_thread().is_same(&own) && main_thread().is_same(&own) && own.is_alive());
            assert_eq!((active_count(), raw::count()), (1, 1));
            if cfg!(target_os = "linux") {
                assert_eq!((own.native_id(), main.native_id()), (Some(std::process::id()), None));
                own.set_name("forked");
                assert_eq!(std::fs::read_to_string("/proc/self/comm").unwrap(), "forked\n");
            }
            assert!(!left.is_alive() && !main.is_alive());
            assert_eq!((left.join(), main.join(), own.join()), (Ok(()), Ok(()), Err(JoinError::Itself)));
            // Its stack may serve these; so nobody may detach it any more.
            let threads = [(); 4].map(|()| Thread::new(get_native_id));
            threads.iter().for_each(|thread| thread.start().unwrap());
            drop(left);
            threads.into_iter().for_each(|thread| assert_ne!(thread.into_result().unwrap(), 0));
            assert_eq!((active_count(), raw::count()), (1, 1));
            // Its end is the process's.
            assert!(shutdown_timeout(Duration::ZERO).is_empty() && !own.is_alive());
        })
        .join();
    });
    forks.start().unwrap();
    forks.into_result().unwrap();
    drop(go);
}

#[test]
fn a_thread_that_forks_at_once_can_use_itself_in_the_child() {
    const CHILD: &str = "UNDERTHREAD_FORK_AT_ONCE";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("thread::a_thread_that_forks_at_once_can_use_itself_in_the_child", CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    for _ in 0..200 {
        let forks = Thread::new(|| fork(|| assert!(current_thread().is_alive())).join()).daemon(false);
        forks.start().unwrap();
        forks.into_result().unwrap();
    }
}
