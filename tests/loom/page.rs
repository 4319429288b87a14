//! docs/planted-bugs.md: every planted bug and what found it, written with `UPDATE=1` and otherwise compared.

use std::fs;
#[expect(clippy::disallowed_types, reason = "ours are models here")]
use std::sync::{Mutex, PoisonError};

use underthread::sys::model::{Found, Strength};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/planted-bugs.md");

/// The models run beside each other.
#[expect(clippy::disallowed_types, reason = "ours are models here")]
static WRITING: Mutex<()> = Mutex::new(());

/// The section of `model`, a module of this crate.
pub(crate) fn section(model: &str, found: &[Found]) {
    let title = format!("## {}\n", model.rsplit("::").next().unwrap());
    let mut fresh = format!(
        "{title}\n| line | there stands | planted | found by | how | in execution |\n|---|---|---|---|---|---|\n"
    );
    for bug in found {
        let file = bug.site.file.trim_start_matches("src/");
        fresh += &format!(
            "| {file}:{} | {} {} | {} | {} | {} | {} |\n",
            bug.site.line,
            format!("{:?}", bug.site.slot).to_lowercase(),
            said(bug.written),
            said(bug.planted),
            bug.by,
            bug.how,
            bug.executions
        );
    }
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let page = fs::read_to_string(PAGE).unwrap();
    let start = page.find(&title).unwrap_or(page.len());
    let end = page[start..].find("\n\n## ").map_or(page.len(), |end| start + end + 1);
    if std::env::var_os("UPDATE").is_some() {
        let gap = if start == page.len() { "\n" } else { "" };
        fs::write(PAGE, [&page[..start], gap, &fresh, &page[end..]].concat()).unwrap();
    } else {
        assert!(
            without_executions(&page[start..end]) == without_executions(&fresh),
            "docs/planted-bugs.md is not current (UPDATE=1 writes it); this was found:\n{fresh}"
        );
    }
}

fn said(strength: Strength) -> String {
    match strength {
        Strength::Order(order) => format!("{order:?}"),
        Strength::Wake(u32::MAX) => "all".into(),
        Strength::Wake(count) => count.to_string(),
        Strength::Dropped => "nothing".into(),
    }
}

/// The lines without their last column.
fn without_executions(section: &str) -> Vec<&str> {
    let cut = |line: &'_ str| line.trim_end_matches(" |").rfind(" | ");
    section.trim_end().lines().map(|line| cut(line).map_or(line, |end| &line[..end])).collect()
}
