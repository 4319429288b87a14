//! Rules of design that exclude an entry of the museum, read from the source: what a rule forbids is not there.

use std::fs;
use std::path::Path;

/// The code of the crate without comments, line by line, each with its place; without the models' own machinery.
fn code() -> Vec<(String, String)> {
    fn collect(directory: &Path, lines: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("sys/loom") || path.ends_with("sys/shuttle") {
                continue;
            }
            if path.is_dir() {
                collect(&path, lines);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            lines.extend(
                (1..).zip(code).map(|(number, line)| (format!("{}:{number}", path.display()), line.to_owned())),
            );
        }
    }
    let mut lines = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut lines);
    assert!(lines.len() > 5000);
    lines
}

/// Words, and the entries of the museum that need the thing they stand for.
const EXCLUDED: [(&[&str], &str); 8] = [
    (&["RwLock", "upgrad", "downgrade"], "M11, M57, M59, M60: no lock that is shared by readers"),
    (&["REQUEUE"], "M12: no waiter goes from one queue to another"),
    (&["park(", "park_timeout(", "unpark("], "M26: no token of std's"),
    (&["async ", "Waker", "Future", "select"], "M19, M20, M21, M24, M47: no tasks, no selection"),
    (&["transmute", "union "], "M32: nothing is taken for another type"),
    (&["REALTIME", "SystemTime", "gettimeofday"], "M51: no clock that can be set"),
    (&["robust", "LOCK_PI", "ROBUST"], "M07, M76, M77, M78: no robust lock"),
    (&["asm!", "ucontext", "pthread_cancel", "pthread_kill"], "M82 to M87: no stack is switched, no thread cancelled"),
];

#[test]
fn what_is_excluded_is_not_there() {
    for (place, line) in code() {
        for (words, why) in EXCLUDED {
            let word = words.iter().find(|word| line.contains(**word));
            assert!(word.is_none(), "{place}: {word:?}: {why}");
        }
    }
}

/// M33, Shuttle (<https://github.com/awslabs/shuttle/pull/170>): an assertion contained the operation, and a release
/// build skipped both.
#[test]
fn an_assertion_that_a_release_leaves_out_only_looks() {
    let effects = ["unsafe", "fetch_", "store(", "swap(", "exchange(", "take(", "pop(", "push(", "lock(", "acquire("];
    let mut found = 0;
    for (place, line) in code() {
        let Some((_, asserted)) = line.split_once("debug_assert") else { continue };
        found += 1;
        let effect = effects.iter().find(|effect| asserted.contains(**effect));
        assert!(effect.is_none() && line.trim_end().ends_with(");"), "{place}: {line}");
    }
    assert!(found > 0);
}
