//! Mutants: bugs of control flow and protocol, each a change of the text under `src/`, with the one check that finds
//! it.
//!
//! The tables are [`protocol`] and [`museum`]. The ordinary run holds that they are not out of date. This one plants
//! each mutant in a copy and demands that its check fails, in the words that stand beside it; it writes
//! docs/mutants.md:
//!
//! ```sh
//! UNDERTHREAD_MUTANTS=all cargo test --release --test mutants -- --nocapture
//! ```
//!
//! Parts of names, of files' or of checks', with `|` between them, in place of `all` run those only, and
//! write the page with `UPDATE=1`.
#![cfg(not(any(loom, shuttle)))]
#![allow(clippy::disallowed_methods, reason = "the run may use std's threads and sleeps as the outside world")]

use std::collections::BTreeSet;

#[path = "../support/names.rs"]
mod names;

mod museum;
mod protocol;
mod run;

use names::{is_test, read};

/// One bug.
struct Mutant {
    /// What is wrong.
    name: &'static str,
    /// What stands in the file, once.
    from: &'static str,
    /// What is planted there.
    to: &'static str,
    /// The check, by its place under `tests`. Those of the models are built for them, the others for `std` if no other
    /// configuration stands before them.
    by: &'static str,
    /// What the check says when it fails. One that fails otherwise has found something else.
    says: &'static str,
}

/// The mutants of a file under `src/`.
type Mutants = (&'static str, &'static [Mutant]);

const PAGE: &str = "docs/mutants.md";

/// Each with its file.
fn table() -> impl Iterator<Item = (&'static str, &'static Mutant)> {
    let groups = protocol::TABLE.iter().chain(museum::TABLE);
    groups.flat_map(|(file, mutants)| mutants.iter().map(|mutant| (*file, mutant)))
}

impl Mutant {
    /// For what the check is built.
    fn build(&self) -> &'static str {
        match self.by.split_once(' ') {
            Some((build, _)) => build,
            None if self.by.starts_with("loom/") || self.by.contains("_model.rs") => "loom",
            None if self.by.starts_with("shuttle/") => "shuttle",
            None => "std",
        }
    }

    /// The test crate, the file there, and the function.
    fn check(&self) -> [&'static str; 3] {
        let path = self.by.split(' ').next_back().unwrap_or_default();
        let parts = path.split_once('/').and_then(|(suite, rest)| Some((suite, rest.split_once("::")?)));
        let (suite, (file, function)) = parts.unwrap_or_else(|| panic!("{path} is no place of a test"));
        [suite, file, function]
    }

    /// `source` with the bug in it.
    fn plant(&self, source: &str) -> String {
        assert_eq!(source.matches(self.from).count(), 1, "{}: once in the file: {}", self.name, self.from);
        source.replace(self.from, self.to)
    }
}

#[test]
fn every_mutant_changes_what_stands_once_and_names_a_test() {
    let mut names = BTreeSet::new();
    for (file, mutant) in table() {
        let source = read(&format!("src/{file}"));
        assert_ne!(mutant.plant(&source), source, "{}", mutant.name);
        let [suite, test, function] = mutant.check();
        assert!(is_test(&read(&format!("tests/{suite}/{test}")), function), "{}: {}", mutant.name, mutant.by);
        assert!(!mutant.says.is_empty() && names.insert(mutant.name), "{}", mutant.name);
    }
    assert!(names.len() >= 40);
}

#[test]
fn the_page_has_every_mutant() {
    assert!(
        read(PAGE) == page(),
        "{PAGE} is not current: the run that is described in tests/mutants/main.rs writes it"
    );
}

/// Does nothing without `UNDERTHREAD_MUTANTS`.
#[test]
fn every_mutant_is_killed() {
    let Ok(which) = std::env::var("UNDERTHREAD_MUTANTS") else { return };
    let is_wanted = |file: &str, mutant: &Mutant| {
        which == "all"
            || which
                .split('|')
                .any(|part| [file, mutant.name, mutant.by, mutant.build()].iter().any(|text| text.contains(part)))
    };
    let wanted: Vec<_> = table().filter(|(file, mutant)| is_wanted(file, mutant)).collect();
    assert!(!wanted.is_empty(), "no mutant has {which:?} in its name, file or check");
    let survivors = run::all(&wanted);
    assert!(survivors.is_empty(), "not killed as they should be: {survivors:#?}");
    if which == "all" || std::env::var_os("UPDATE").is_some() {
        run::write(PAGE, &page());
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Mutants\n\n\
         Bugs of control flow and protocol, planted one at a time in a copy of the source; of each, the check beside it must\n\
         fail, in these words ([verification.md](verification.md)). Weaker orderings and operations left out are planted\n\
         without a table: [planted-bugs.md](planted-bugs.md). `UNDERTHREAD_MUTANTS=all cargo test --release --test mutants\n\
         -- --nocapture` does it all again, and writes this page; a part of a name in place of `all` does those of it.\n",
    );
    let mut last = "";
    let mut rows: Vec<_> = table().collect();
    // A file may be in both tables.
    let order: Vec<_> = rows.iter().map(|(file, _)| *file).collect();
    rows.sort_by_key(|(file, _)| order.iter().position(|first| first == file));
    for (file, mutant) in rows {
        if file != last {
            page += &format!(
                "\n## {file}\n\n| what is wrong | there stands | planted | killed by | which says |\n|---|---|---|---|---|\n"
            );
            last = file;
        }
        let [from, to] = differing([mutant.from, mutant.to]);
        page += &format!("| {} | {from} | {to} | `{}` | {} |\n", mutant.name, mutant.by, mutant.says);
    }
    page
}

/// A cell for each, without the lines with which both begin or end.
fn differing(texts: [&str; 2]) -> [String; 2] {
    let [from, to] = texts.map(|text| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>());
    let head = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let (from, to) = (&from[head..], &to[head..]);
    let tail = from.iter().rev().zip(to.iter().rev()).take_while(|(one, other)| one == other).count();
    [from, to].map(|lines| match &lines[..lines.len() - tail] {
        [] => "nothing".to_owned(),
        lines => format!("`{}`", lines.join(" ").replace('|', "\\|")),
    })
}
