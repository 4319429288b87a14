//! What `Debug` and `Display` say.

use std::io;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use underthread::threading::{
    AccessError, ExceptHookArgs, Finalizing, JoinError, Local, NoResult, StartError, Thread, Timer, current_thread,
    scope,
};

use crate::support::{rerun, watched};

#[test]
fn a_thread_shows_who_it_is() {
    let thread = Thread::new(|| ()).name("a name").daemon(false);
    assert_eq!(format!("{thread:?}"), "Thread { name: \"a name\", ident: None, daemon: false, .. }");
    let timer = Timer::new(Duration::ZERO, || ());
    let shown = format!("Timer {{ thread: {:?}, finished: false }}", timer.thread());
    assert_eq!(format!("{timer:?}"), shown);
    scope(|s| {
        let thread = s.start(|| ()).unwrap();
        let shown = || (format!("{thread:?}"), format!("{:?}", &*thread));
        // Locked, while another test asks all threads who they are, or forks.
        let whole = watched(|| iter::repeat_with(shown).find(|(own, inner)| own == inner && !own.contains("<locked>")));
        assert!(whole.unwrap().0.contains("daemon"));
    });
    assert_eq!(format!("{:?}", Local::new(|| 1)), "Local { .. }");
    let args = ExceptHookArgs { payload: &"on purpose", thread: &thread };
    let shown = format!("ExceptHookArgs {{ message: Some(\"on purpose\"), thread: {thread:?} }}");
    assert_eq!(format!("{args:?}"), shown);
}

/// For the system a name is a file, which is written under the lock of what is shown. In a child: it shows as locked
/// also while another test forks.
#[test]
fn a_thread_that_is_being_renamed_shows_as_locked() {
    const CHILD: &str = "UNDERTHREAD_RENAMED";
    if std::env::var_os(CHILD).is_none() {
        let output = rerun("shown::a_thread_that_is_being_renamed_shows_as_locked", CHILD);
        assert!(output.status.success(), "{output:?}");
        return;
    }
    watched(|| {
        let (renamed, seen) = (current_thread(), AtomicBool::new(false));
        crate::support::scope(|scope| {
            scope.spawn(|| {
                while !seen.load(SeqCst) {
                    renamed.set_name("renamed");
                }
            });
            while format!("{renamed:?}") != "Thread { name: \"<locked>\", .. }" {}
            seen.store(true, SeqCst);
        });
    });
}

#[test]
fn an_error_says_why() {
    fn says(error: impl std::error::Error, text: &str) {
        assert_eq!(error.to_string(), text);
    }
    says(Finalizing, "the process is at its end");
    says(StartError::Finalizing, "the process is at its end");
    says(StartError::AlreadyStarted, "the thread has been started before");
    says(StartError::System(io::ErrorKind::WouldBlock.into()), "the system refused a thread: operation would block");
    says(JoinError::NotStarted, "join of a thread that has not been started");
    says(JoinError::Itself, "a thread cannot join itself");
    says(JoinError::Foreign, "join of a thread that was not started by this module");
    says(NoResult::NotJoined(JoinError::Itself), "a thread cannot join itself");
    says(NoResult::Panicked(Box::new("on purpose")), "the thread panicked: on purpose");
    says(NoResult::Panicked(Box::new(1)), "the thread panicked: no message");
    says(NoResult::Exited, "the thread has exited");
    says(NoResult::Taken, "the result is not here any more");
    says(AccessError, "a Local is used after the thread's values have been dropped");
    use std::error::Error;
    assert!(StartError::System(io::ErrorKind::WouldBlock.into()).source().is_some());
    assert!(StartError::Finalizing.source().is_none());
}
