//! Tables, and the pages of docs/benchmarks that hold them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use crate::measure::{Effort, Goal, Kind, Measured, Metric, Row, Subject, mode, percentile};
use crate::{calls, place, plot};

#[derive(Default)]
pub struct Options {
    /// Whether pages and plots are written.
    pub write: bool,
    /// Only rows whose name contains this.
    pub only: String,
}

/// One group's: printed as it grows, and written if that was asked for.
pub struct Page {
    name: &'static str,
    text: String,
    options: &'static Options,
    /// Nanoseconds of ours, by the name of the row.
    ours: HashMap<String, f64>,
    rows: usize,
    /// How many goals were reached, and which were not.
    reached: usize,
    missed: Vec<String>,
}

const PEERS: [&str; 9] = [
    "async-channel",
    "crossbeam-channel",
    "crossbeam-queue",
    "event-listener",
    "flume",
    "kanal",
    "parking_lot",
    "spin",
    "usync",
];

fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks"))
}

fn output(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// With what and where it is measured; made at the start.
pub static CIRCUMSTANCES: LazyLock<String> = LazyLock::new(|| {
    let unknown = || "unknown".to_owned();
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let lock = include_str!("../Cargo.lock");
    // The last of several versions is ours: the others are of peers.
    let version = |name: &str| {
        let (_, rest) = lock.rsplit_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", rest.split_once('"')?.0))
    };
    let peers: Vec<_> = PEERS.iter().filter_map(|name| version(name)).collect();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let command = if arguments.is_empty() { String::new() } else { format!(" -- {}", arguments.join(" ")) };
    format!(
        "`cargo bench{command}` ({} mode), {}. {} cores, {}; Linux {}; {}; load before {}.\nPeers: {}, std, pthread of the system's libc.",
        mode().name,
        output("date", &["-u", "+%F"]).unwrap_or_else(unknown),
        place::CPUS.len(),
        model.map_or_else(unknown, |model| model.1.to_owned()),
        output("uname", &["-r"]).unwrap_or_else(unknown),
        output("rustc", &["--version"]).unwrap_or_else(unknown),
        load.split(' ').next().unwrap_or_default(),
        peers.join(", ")
    )
});

impl Page {
    pub fn new(name: &'static str, about: &str, options: &'static Options) -> Page {
        let mut page =
            Page { name, text: String::new(), options, ours: HashMap::new(), rows: 0, reached: 0, missed: Vec::new() };
        page.say(&format!("# {about}\n"));
        page
    }

    pub fn say(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A table of `unit`s; its rows have the same subjects.
    pub fn table(&mut self, title: &str, unit: &'static str, effort: Effort) -> Table<'_> {
        Table { page: self, title: title.to_owned(), unit, effort, rows: Vec::new() }
    }

    fn judge(&mut self, name: &str, reached: f64, most: f64) -> &'static str {
        if reached <= most {
            self.reached += 1;
            return "yes";
        }
        self.missed.push(format!("{}: {name}: {reached:.2}, goal {most:.2}", self.name));
        "**no**"
    }

    /// CPython's figures for the rows of the same name.
    pub fn python(&mut self) {
        if !self.options.only.is_empty() {
            return;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/cpython.py");
        let mode = format!("--{}", mode().name);
        let mut arguments = vec![script, "--plain", self.name];
        if mode != "--full" {
            arguments.push(&mode);
        }
        let Some(answer) = output("python3", &arguments) else {
            return self.say("\nNo python3 here, or it failed: CPython was not measured.");
        };
        let mut lines = answer.lines();
        self.say(&format!("\n## Beside {}\n", lines.next().unwrap_or("CPython")));
        self.say("Not interleaved: the script ran by itself, afterwards.\n");
        self.say("| workload | underthread, ns | CPython, ns | ours / CPython |\n|---|---:|---:|---:|");
        for (name, theirs) in lines.filter_map(|line| line.split_once('\t')) {
            let (ours, theirs) = (self.ours[name], theirs.parse::<f64>().expect("nanoseconds"));
            self.say(&format!("| {name} | {} | {} | {} |", number(ours), number(theirs), ratio(ours / theirs)));
        }
    }

    /// How many rows there are, how many goals were reached, and which were not.
    pub fn end(self) -> (usize, usize, Vec<String>) {
        if self.options.write {
            let head = "\n<!-- Written by `cargo bench -- --write`: run it again, do not edit. -->\n\n";
            let text = self.text.replacen('\n', &format!("\n{head}{}\n", *CIRCUMSTANCES), 1);
            fs::create_dir_all(directory()).expect("docs/benchmarks");
            fs::write(directory().join(format!("{}.md", self.name)), text).expect("a page");
        }
        (self.rows, self.reached, self.missed)
    }
}

pub struct Table<'a> {
    page: &'a mut Page,
    title: String,
    unit: &'static str,
    effort: Effort,
    rows: Vec<Row>,
}

impl Table<'_> {
    pub fn row(&mut self, name: &str, goal: Goal, subjects: Vec<Subject<'_>>) {
        if !name.contains(&self.page.options.only) {
            return;
        }
        let row = Row::measure(name, goal, self.effort, subjects);
        let theirs = || row.subjects.iter().filter(|subject| subject.kind != Kind::Ours);
        if self.rows.is_empty() {
            let starred = |subject: &Measured| match subject.kind {
                Kind::Spins => format!(" {}\\* |", subject.name),
                _ => format!(" {} |", subject.name),
            };
            let names: String = theirs().map(starred).collect();
            self.page.say(&format!("\n## {}\n", self.title));
            self.page.say(&format!("| | ours, {} |{names} ours / best | p10–p90 | goal | met |", self.unit));
            self.page.say(&format!("|---|---:|{}---:|---|---|---|", "---:|".repeat(theirs().count())));
        }
        let ours = row.ours().median(|sample| sample.value);
        let mut line = format!("| {name} | {} |", number(ours));
        for subject in theirs() {
            write!(line, " {} |", ratio(row.ratio(subject))).unwrap();
        }
        match row.best() {
            Some(best) => {
                let (ratios, named) = (row.ratios(best), best.name);
                let [low, middle, high] = [0.1, 0.5, 0.9].map(|part| ratio(percentile(ratios.clone(), part)));
                write!(line, " {middle} ({named}) | {low}–{high} |").unwrap();
            }
            None => line.push_str(" – | – |"),
        }
        let goal = match row.goal {
            Goal::None => "–".to_owned(),
            Goal::Best(most) => format!("≤ {most:.2} × best"),
            Goal::Std(most) => format!("≤ {most:.2} × std"),
            Goal::Of(name, most) => format!("≤ {most:.2} × {name}"),
            Goal::Most(most) => format!("≤ {} {}", number(most), self.unit),
        };
        let met = row.reached().map_or("–", |(reached, most)| self.page.judge(name, reached, most));
        self.page.say(&format!("{line} {goal} | {met} |"));
        if self.unit == "ns" {
            self.page.ours.insert(name.to_owned(), ours);
        }
        self.page.rows += 1;
        self.rows.push(row);
    }

    /// The middle value of a subject in a row; none if that row was not asked for.
    pub fn median(&self, row: &str, subject: &str) -> Option<f64> {
        let row = self.rows.iter().find(|measured| measured.name == row)?;
        Some(row.subjects.iter().find(|measured| measured.name == subject)?.median(|sample| sample.value))
    }

    /// A line below the table.
    pub fn say(&mut self, line: &str) {
        self.page.say(line);
    }

    /// The geometric mean of ours / best, over all rows.
    pub fn mean(&mut self, most: f64) {
        if !self.page.options.only.is_empty() {
            return;
        }
        let ratios = self.rows.iter().map(|row| row.ratio(row.best().expect("a peer")).ln());
        let mean = (ratios.sum::<f64>() / self.rows.len() as f64).exp();
        let met = self.page.judge("geometric mean", mean, most);
        self.page.say(&format!("\nGeometric mean of ours / best: {mean:.2}; goal ≤ {most:.2}; met: {met}."));
    }

    /// The values themselves, of which the ratios are made.
    pub fn values(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        self.page.say(&format!("\nThe values, in {}:\n", self.unit));
        self.subjects(|subject| number(subject.median(|sample| sample.value)));
    }

    /// A table of what is said of each subject in each row.
    fn subjects(&mut self, said: impl Fn(&Measured) -> String) {
        let names: String = self.rows[0].subjects.iter().map(|subject| format!(" {} |", subject.name)).collect();
        self.page.say(&format!("| |{names}\n|---|{}", "---|".repeat(self.rows[0].subjects.len())));
        for row in &self.rows {
            let cells: String = row.subjects.iter().map(|subject| format!(" {} |", said(subject))).collect();
            self.page.say(&format!("| {} |{cells}", row.name));
        }
    }

    /// What an operation costs beside time.
    pub fn costs(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        self.page.say("\nFor an operation: nanoseconds of processor · context switches · system calls. Subjects in which libc makes the calls have none counted.\n");
        self.subjects(|subject| {
            let few = |of: Metric| format!("{:.3}", subject.median(of));
            let unseen = !calls::COUNTED || subject.name.starts_with("pthread") || subject.name.starts_with("sem_t");
            let calls = if unseen { "–".to_owned() } else { few(|sample| sample.calls) };
            format!("{} · {} · {calls}", number(subject.median(|sample| sample.cpu)), few(|sample| sample.switches))
        });
    }

    /// The rows as points of curves, at the values of `x`: time, and processor time.
    pub fn plot(&mut self, name: &str, along: &str, x: &[usize]) {
        if !self.page.options.write {
            return;
        }
        let values: [(_, _, Metric); 2] = [
            ("time", "ns for an operation", |sample| sample.value),
            ("cpu", "ns of processor for an operation", |s| s.cpu),
        ];
        for (kind, label, of) in values {
            for (suffix, dark) in [("", false), ("-dark", true)] {
                let path = directory().join(format!("{name}-{kind}{suffix}.svg"));
                fs::create_dir_all(directory()).expect("docs/benchmarks");
                plot::curves(&path, label, along, x, &self.rows, of, dark).expect("a plot");
            }
            let file = format!("{name}-{kind}");
            self.page.say(&format!(
                "\n<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"{file}-dark.svg\"><img alt=\"{label} along {along}\" src=\"{file}.svg\"></picture>"
            ));
        }
    }
}

fn number(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn ratio(value: f64) -> String {
    if !value.is_finite() {
        "–".to_owned()
    } else if value < 0.1 {
        format!("{value:.3}")
    } else {
        format!("{value:.2}")
    }
}
