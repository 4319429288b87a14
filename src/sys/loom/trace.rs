//! What happened in the current execution, step by step; printed when it fails.
//!
//! One line for each operation: thread, operation, word, order, value, source line. A word is called by the line that
//! made it, the thread that did, and its number among those that thread has made. With `UNDERTHREAD_TRACE=file` in the
//! environment, the steps are added to that file as well, as JSON lines.

use core::fmt;
use core::panic::Location;
use core::sync::atomic::Ordering;
use std::cell::RefCell;
use std::io::Write;

use super::model::thread_index;
use super::search::Object;

/// A line of the source.
pub(super) type Place = &'static Location<'static>;

/// A step of a thread.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// `stale`: another value is the latest.
    Load {
        word: Object,
        order: Ordering,
        value: u64,
        stale: bool,
    },
    Store {
        word: Object,
        order: Ordering,
        value: u64,
    },
    /// A read-modify-write; without `new` it changed nothing.
    Update {
        word: Object,
        order: Ordering,
        old: u64,
        new: Option<u64>,
    },
    Fence(Option<Ordering>),
    Membarrier(Option<Ordering>),
    /// On its way to sleep; the word may differ.
    Wait {
        word: Object,
        expected: u64,
        found: u64,
        timed: bool,
    },
    WokenForNothing {
        word: Object,
    },
    Woken,
    TimedOut,
    Wake {
        count: Option<u32>,
        woken: usize,
    },
}

#[derive(Debug)]
struct Step {
    thread: usize,
    event: Event,
    place: Place,
}

thread_local! {
    static STEPS: RefCell<Vec<Step>> = RefCell::default();
}

/// Another execution.
pub(super) fn begin() {
    STEPS.with_borrow_mut(Vec::clear);
}

/// The running thread does so, in the source line `place`.
pub(super) fn note(event: Event, place: Place) {
    let thread = thread_index();
    STEPS.with_borrow_mut(|steps| steps.push(Step { thread, event, place }));
}

/// Prints the steps so far.
pub(super) fn print() {
    STEPS.with_borrow(|steps| {
        eprintln!("the steps of the execution that failed:");
        for (number, step) in steps.iter().enumerate() {
            eprintln!("{number:>4}  {step}");
        }
        let Some(path) = std::env::var_os("UNDERTHREAD_TRACE") else { return };
        let lines = steps.iter().enumerate().map(|(number, step)| step.json(number)).collect::<String>();
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        if let Err(error) = file.and_then(|mut file| file.write_all(lines.as_bytes())) {
            eprintln!("{}: {error}", path.display());
        }
    });
}

/// The last two parts of a path.
fn short(place: Place) -> impl fmt::Display {
    let file = place.file();
    let start = file.rmatch_indices('/').nth(1).map_or(0, |(slash, _)| slash + 1);
    format!("{}:{}", &file[start..], place.line())
}

impl fmt::Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thread, number) = self.id;
        write!(formatter, "{}#{thread}.{number}", short(self.made_at))
    }
}

impl Event {
    /// Its name, its word, its order, and what it read and wrote.
    fn parts(&self) -> (&'static str, Option<Object>, Option<Ordering>, String) {
        match *self {
            Self::Load { word, order, value, stale } => {
                ("load", Some(word), Some(order), format!("{value}{}", if stale { " (stale)" } else { "" }))
            }
            Self::Store { word, order, value } => ("store", Some(word), Some(order), value.to_string()),
            Self::Update { word, order, old, new: Some(new) } => {
                ("update", Some(word), Some(order), format!("{old} -> {new}"))
            }
            Self::Update { word, order, old, new: None } => ("update", Some(word), Some(order), format!("{old}, kept")),
            Self::Fence(order) => ("fence", None, order, String::new()),
            Self::Membarrier(order) => ("membarrier", None, order, String::new()),
            Self::Wait { word, expected, found, timed } => {
                let kind = if timed { ", timed" } else { "" };
                ("wait", Some(word), None, format!("while {expected}, is {found}{kind}"))
            }
            Self::WokenForNothing { word } => ("wait", Some(word), None, "woken for nothing".into()),
            Self::Woken => ("woken", None, None, String::new()),
            Self::TimedOut => ("timed out", None, None, String::new()),
            Self::Wake { count: Some(count), woken } => ("wake", None, None, format!("{woken} of at most {count}")),
            Self::Wake { count: None, .. } => ("wake", None, None, "left out".into()),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, word, order, value) = self.event.parts();
        let word = word.map(|word| word.to_string()).unwrap_or_default();
        let order = order.map(|order| format!("{order:?}")).unwrap_or_default();
        let place = short(self.place).to_string();
        // Each thread has a column of its own.
        let indent = 2 * self.thread;
        write!(formatter, "{:indent$}{} {name:<9} {word:<24} {order:<8} {value:<24} {place}", "", self.thread)
    }
}

impl Step {
    fn json(&self, number: usize) -> String {
        let (name, word, order, value) = self.event.parts();
        let text = |text: Option<String>| text.map_or("null".into(), |text| format!("{text:?}"));
        format!(
            "{{\"step\":{number},\"thread\":{},\"operation\":\"{name}\",\"word\":{},\"order\":{},\"value\":{value:?},\"at\":\"{}:{}\"}}\n",
            self.thread,
            text(word.map(|word| word.to_string())),
            text(order.map(|order| format!("{order:?}"))),
            self.place.file(),
            self.place.line(),
        )
    }
}
