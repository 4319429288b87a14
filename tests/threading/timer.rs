use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use underthread::threading::{JoinError, StartError, Thread, Timer, current_thread};

use crate::support::{rerun, watched};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_timer_calls_once_and_not_before_its_interval() {
    watched(|| {
        for interval in [Duration::ZERO, Duration::from_millis(5)] {
            let (say, hear) = mpsc::channel();
            let timer = Timer::new(interval, move || say.send(Instant::now()).unwrap());
            assert_eq!(timer.join(), Err(JoinError::NotStarted));
            let start = Instant::now();
            timer.start().unwrap();
            assert!(hear.recv().unwrap() - start >= interval);
            timer.join().unwrap();
            assert_eq!(timer.join_timeout(Duration::ZERO), Ok(true));
            assert!(timer.is_finished() && !timer.cancel());
            assert!(matches!(timer.start(), Err(StartError::AlreadyStarted)));
            assert!(hear.recv().is_err());
        }
    });
}

#[test]
fn a_cancelled_timer_drops_its_closure_and_never_calls() {
    watched(|| {
        for (interval, before_start) in [(HOUR, false), (Duration::MAX, false), (Duration::ZERO, true)] {
            let (called, token) = (Arc::new(AtomicBool::new(false)), Arc::new(()));
            let (call, held) = (Arc::clone(&called), Arc::clone(&token));
            let timer = Timer::new(interval, move || {
                let _held = held;
                call.store(true, SeqCst);
            });
            if !before_start {
                timer.start().unwrap();
                assert_eq!(timer.join_timeout(Duration::from_millis(1)), Ok(false));
                assert!(!timer.is_finished());
            }
            assert!(timer.cancel() && !timer.cancel());
            assert_eq!(Arc::strong_count(&token), 1);
            assert!(timer.is_finished());
            if before_start {
                timer.start().unwrap();
            }
            timer.join().unwrap();
            assert!(!called.load(SeqCst));
        }
    });
}

#[test]
fn a_cancel_and_a_call_that_race_agree_on_who_came_first() {
    watched(|| {
        for _ in 0..2000 {
            let called = Arc::new(AtomicBool::new(false));
            let call = Arc::clone(&called);
            let timer = Timer::new(Duration::ZERO, move || call.store(true, SeqCst));
            timer.start().unwrap();
            let prevented = timer.cancel();
            timer.join().unwrap();
            assert_ne!(prevented, called.load(SeqCst));
        }
    });
}

#[test]
fn a_timer_whose_call_panics_is_finished() {
    watched(|| {
        let timer = Timer::new(Duration::ZERO, || panic!("in a timer"));
        timer.start().unwrap();
        timer.join().unwrap();
        assert!(timer.is_finished());
    });
}

#[test]
fn a_timer_has_a_name_and_its_panic_goes_to_the_excepthook() {
    const CHILD: &str = "UNDERTHREAD_TIMER_PANIC";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("timer::a_timer_has_a_name_and_its_panic_goes_to_the_excepthook", CHILD);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("thread Thread-1 panicked: in a timer\n"), "{said}");
        return;
    }
    let timer = Timer::new(Duration::ZERO, || panic!("in a timer"));
    assert_eq!(&*timer.thread().get_name(), "Thread-1");
    timer.start().unwrap();
    timer.join().unwrap();
}

#[test]
fn a_timer_is_a_daemon_if_its_maker_is_or_if_told_so_before_its_start() {
    watched(|| {
        // libtest's thread is foreign, so a daemon.
        assert!(Timer::new(HOUR, || ()).thread().is_daemon());
        let maker = Thread::new(|| Timer::new(HOUR, || ())).daemon(false);
        maker.start().unwrap();
        let timer = maker.into_result().unwrap();
        assert!(!timer.thread().is_daemon());
        assert!(timer.thread().clone().daemon(true).is_same(timer.thread()) && timer.thread().is_daemon());
        timer.start().unwrap();
        assert!(timer.thread().is_daemon() && timer.cancel());
        timer.join().unwrap();
    });
}

#[test]
fn a_call_may_look_at_its_own_thread_and_is_not_yet_finished() {
    watched(|| {
        let (say, hear) = mpsc::channel();
        let (give, take) = mpsc::channel::<Arc<Timer>>();
        let timer = Arc::new(Timer::new(Duration::ZERO, move || {
            let own = take.recv().unwrap();
            say.send((own.is_finished(), own.cancel(), own.thread().is_same(&current_thread()), own.join())).unwrap();
        }));
        give.send(Arc::clone(&timer)).unwrap();
        timer.start().unwrap();
        assert_eq!(hear.recv(), Ok((false, false, true, Err(JoinError::Itself))));
        timer.join().unwrap();
    });
}
