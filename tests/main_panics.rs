//! A `main` of our own: its thread is known to be the main one. If it panics, the process waits for its threads all the
//! same, and ends with 101. Without the test harness, whose own `main` runs no test and does not panic.

#[cfg(not(any(loom, shuttle)))]
fn main() {
    use std::process::Command;

    use underthread::raw::{MAIN_IDENT, get_ident, is_main};
    use underthread::threading::{Thread, main_thread};

    const CHILD: &str = "UNDERTHREAD_MAIN_PANICS";
    if std::env::var_os(CHILD).is_none() {
        assert!(is_main());
        assert_eq!(get_ident(), MAIN_IDENT);
        let output = Command::new(std::env::current_exe().unwrap()).env(CHILD, "1").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(101), "{said}");
        assert!(said.contains("main's own") && said.ends_with("waited for\n"), "{said}");
        return;
    }
    // Should it hang.
    // SAFETY: a timer, whose signal has no handler here.
    unsafe { libc::alarm(100) };
    let thread = Thread::new(|| {
        main_thread().join().unwrap();
        eprintln!("waited for");
    });
    thread.start().unwrap();
    panic!("main's own");
}

#[cfg(any(loom, shuttle))]
fn main() {}
