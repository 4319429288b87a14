//! The catalogue, `docs/museum.md`, names what there is.

use std::fs;
use std::path::Path;

use crate::names::{is_test, read};

/// The tests that a document names, as `file.rs::function` under `tests`.
fn named(document: &str) -> Vec<(&str, &str)> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.filter_map(|name| name.split_once("::").filter(|(file, _)| file.ends_with(".rs"))).collect()
}

#[test]
fn every_test_that_a_document_names_is_there() {
    for document in ["docs/museum.md", "docs/deviations.md"] {
        let text = read(document);
        let named = named(&text);
        assert!(named.len() > 50, "{document} names {} tests", named.len());
        for (file, function) in named {
            if file.contains('*') {
                continue;
            }
            let source = read(&format!("tests/{file}"));
            assert!(is_test(&source, function), "{document}: {file}::{function} is not there");
        }
    }
}

#[test]
fn a_helper_is_no_test_and_a_model_without_files_plants_no_bug() {
    assert!(!is_test(&read("tests/loom/lock.rs"), "of_two") && !is_test(&read("tests/raw/lock.rs"), "add_one"));
    let planted = |file: &str| is_test(&read(&format!("tests/loom/{file}.rs")), "every_planted_bug_is_found");
    assert!(planted("lock") && !planted("fuse"));
}

/// Every entry has one row, in order, with a link or a name, with what shows or excludes it, and with how that was
/// seen.
#[test]
fn every_entry_has_a_row() {
    let text = read("docs/museum.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| M"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let entries: Vec<_> = rows.iter().map(|row| row[0].split_whitespace().next().unwrap().to_owned()).collect();
    let expected: Vec<_> = (1..=87).map(|number| format!("M{number:02}")).collect();
    assert_eq!(entries, expected);
    for row in rows {
        assert!(row.len() == 4 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        assert!(row[0].contains("](https://") || row[0].contains("BZ") || row[0].contains("commit"), "{row:?}");
    }
}

#[test]
fn every_mutant_that_a_row_names_is_there() {
    let (text, mutants) = (read("docs/museum.md"), read("docs/mutants.md"));
    let mut names = text.split("mutant *").skip(1).map(|rest| rest.split('*').next().unwrap_or_default());
    assert!(names.clone().count() > 20);
    assert_eq!(names.find(|name| !mutants.contains(&format!("\n| {name} |"))), None);
}

#[test]
fn every_scenario_is_in_the_catalogue() {
    let text = read("docs/museum.md");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/museum");
    let mut scenarios = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap();
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            if line.trim() != "#[test]" {
                continue;
            }
            let Some(function) = lines.next().and_then(|line| line.trim().strip_prefix("fn ")) else { continue };
            let function = function.split('(').next().unwrap_or_default();
            if function.starts_with('$') {
                continue;
            }
            scenarios += 1;
            assert!(
                text.contains(&format!("`museum/{file}::{function}`")),
                "{file}::{function} is not in the catalogue"
            );
        }
    }
    assert!(scenarios > 10);
}
