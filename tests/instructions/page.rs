//! docs/instructions.md: what each operation runs, written with `UPDATE=1` and otherwise compared, within slack.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::{env, fs};

use underthread::sys::fence;

use crate::operations::{OPERATIONS, Objects, Operation};
use crate::support::watched;
use crate::trace::{Count, breakpoint, count, refuse};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/instructions.md");

/// Before anything is counted: what is made at first use is made, and segments are as long as they become.
const WARM: usize = 3000;
/// The middle one of so many is the count: now and then a put finds the end of a segment.
const ROUNDS: usize = 9;
/// What a compiler may change without a word.
const SLACK: (u64, u64) = (3, 10);

/// Not inlined, so that what is around an operation is the same for each.
#[inline(never)]
fn marked(operation: fn(&Objects), objects: &Objects) {
    breakpoint();
    operation(objects);
    breakpoint();
}

/// Each operation's, without the call.
fn measure(symmetric: bool) -> Option<Vec<Count>> {
    const NOTHING: Operation = ("", |_| {});
    let counts = count(|| {
        if symmetric {
            fence::make_symmetric();
        }
        let objects = Objects::new();
        for _ in 0..WARM {
            OPERATIONS.iter().for_each(|(_, operation)| black_box(operation)(&objects));
        }
        for _ in 0..ROUNDS {
            for (_, operation) in [&NOTHING].into_iter().chain(OPERATIONS) {
                marked(*black_box(operation), &objects);
            }
        }
    })?;
    assert_eq!(counts.len(), ROUNDS * (OPERATIONS.len() + 1));
    let middle = |index, of: fn(&Count) -> u64| {
        let mut all: Vec<_> = counts.iter().skip(index).step_by(OPERATIONS.len() + 1).map(of).collect();
        all.sort_unstable();
        all[ROUNDS / 2]
    };
    let call = middle(0, |count| count.instructions);
    let of_operation = |index| Count {
        instructions: middle(index, |count| count.instructions) - call,
        locked: middle(index, |count| count.locked),
        system_calls: middle(index, |count| count.system_calls),
    };
    Some((1..=OPERATIONS.len()).map(of_operation).collect())
}

/// A row: instructions, locked ones, system calls, and locked ones with full fences.
type Row = [u64; 4];

/// What is not as it was.
fn difference(name: &str, was: Option<&Row>, is: &Row) -> Option<String> {
    let Some(was) = was else { return Some(format!("{name}: not in the page")) };
    let (least, percent) = SLACK;
    let slack = least.max(was[0] * percent / 100);
    let within = was[0].abs_diff(is[0]) <= slack && was[1..] == is[1..];
    (!within).then(|| format!("{name}: was {was:?}, is {is:?}"))
}

fn rows(page: &str) -> BTreeMap<String, Row> {
    let row = |line: &str| {
        let cells: Vec<_> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let numbers: Vec<_> = cells[1..].iter().filter_map(|cell| cell.parse().ok()).collect();
        Some((cells[0].to_owned(), numbers.try_into().ok()?))
    };
    page.lines().filter_map(row).collect()
}

#[test]
fn the_fast_paths_run_as_many_instructions_as_the_page_says() {
    if cfg!(any(debug_assertions, underthread_pthread, underthread_chaos)) {
        println!("the instructions are not counted: that needs --release and the system's own futex");
        return;
    }
    if fence::kind() == fence::Kind::Symmetric {
        return refuse("membarrier is forbidden");
    }
    let both = watched(|| Some((measure(false)?, measure(true)?)));
    let Some((counts, symmetric)) = both else { return };
    let fresh: Vec<(&str, Row)> = OPERATIONS
        .iter()
        .zip(counts.iter().zip(&symmetric))
        .map(|((name, _), (is, full))| (*name, [is.instructions, is.locked, is.system_calls, full.locked]))
        .collect();
    if env::var_os("UPDATE").is_some() {
        let table = fresh.iter().fold(String::new(), |mut table, (name, [all, locked, calls, full])| {
            writeln!(table, "| {name} | {all} | {locked} | {calls} | {full} |").unwrap();
            table
        });
        fs::write(PAGE, [HEAD, &table].concat()).unwrap();
        return;
    }
    let mut page = rows(&fs::read_to_string(PAGE).unwrap_or_default());
    let mut differences: Vec<_> =
        fresh.iter().filter_map(|(name, is)| difference(name, page.remove(*name).as_ref(), is)).collect();
    differences.extend(page.keys().map(|name| format!("{name}: only in the page")));
    assert!(
        differences.is_empty(),
        "docs/instructions.md is not current; UPDATE=1 writes it, if this is meant; \
         [instructions, locked, system calls, locked with full fences]:\n{}",
        differences.join("\n")
    );
}

#[test]
fn what_is_beyond_the_slack_is_a_difference() {
    let was = [40, 1, 0, 2];
    for within in [was, [44, 1, 0, 2], [36, 1, 0, 2]] {
        assert_eq!(difference("", Some(&was), &within), None);
    }
    for beyond in [[45, 1, 0, 2], [35, 1, 0, 2], [40, 2, 0, 2], [40, 0, 0, 2], [40, 1, 1, 2], [40, 1, 0, 3]] {
        assert!(difference("", Some(&was), &beyond).is_some(), "{beyond:?}");
    }
    assert_eq!(difference("", Some(&[5, 0, 0, 0]), &[8, 0, 0, 0]), None);
    assert!(difference("", Some(&[5, 0, 0, 0]), &[9, 0, 0, 0]).is_some());
    assert!(difference("", None, &was).is_some());
    assert_eq!(
        rows("| a, b | 1 | 2 | 3 | 4 |\n|---|---:|\n| name | is |").into_iter().collect::<Vec<_>>(),
        [("a, b".to_owned(), [1, 2, 3, 4])]
    );
}

const HEAD: &str = "\
# The fast paths, counted

What one call runs on x86-64 Linux, alone and for not the first time: instructions, those of them that lock (a lock
prefix, `xchg` with memory, `mfence`), system calls. The last column is the locked ones of a process without the
[asymmetric fence](../src/sys/fence.rs). Counted by tracing, not timed: an idle machine and a busy one give the same.

Written by `UPDATE=1 cargo test --release --test instructions`. Without `UPDATE` it compares: locked instructions and
system calls must be as they are here, instructions within a tenth, or 3, as compilers differ. Fewer than that fail too, so
that a gain is written down and cannot be lost again. The call of the operation itself is not counted, checks of its
result in the test are; the middle one of nine counts stands here, so not the put that finds the end of a segment.

| operation | instructions | locked | system calls | locked, with full fences |
|---|---:|---:|---:|---:|
";
