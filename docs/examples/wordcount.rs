//! Counts lines, words and bytes of every text file under some paths, with a pool of threads.
//!
//! ```text
//! cargo run --release --example wordcount -- [--threads N] [--top N] [--verbose] [PATH...]
//! ```
//!
//! The files are those that `find PATH -type f` lists: hidden ones too, symlinks not followed. A file with a NUL byte
//! in its first 8 KiB is binary, and skipped. The totals equal `LC_ALL=C wc`'s (coreutils before 9.5): a word is a run
//! of bytes other than white space that holds at least one printable ASCII character. A file whose reading fails
//! halfway counts as far as it was read, as there.
//!
//! The table's words are another matter: runs of letters, lower-cased, of at most 64 bytes.
//!
//! Who does what: `main` walks the trees and puts paths into a bounded queue; each worker gets one, counts the file on
//! its own, and adds the result to the totals under a lock; each keeps its own table of words, merged at its end. A
//! daemon thread draws the progress. Ctrl-C sets an event and shuts the queue: every worker stops within 64 KiB, and
//! what was counted is printed.
//!
//! Exit code: 0; 1 if something could not be read; 2 for a bad argument; 130 after Ctrl-C.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use underthread::queue::Queue;
use underthread::threading::{Event, Lock, Thread};

const HELP: &str = "\
Counts lines, words and bytes of every text file under each PATH
(default: this repository, without its target and .git).

usage: wordcount [--threads N] [--top N] [--verbose] [PATH...]

  --threads N  count with N threads (default: one for each CPU)
  --top N      list the N words seen most (default: 10)
  --verbose    name each binary file that is skipped
  --help       print this
";

const CHUNK: usize = 64 << 10;
const BINARY_LOOK: usize = 8 << 10;
const LONGEST_WORD: usize = 64;
const FRAME: Duration = Duration::from_millis(100);

type Words = HashMap<Box<[u8]>, u64>;

struct Options {
    threads: usize,
    top: usize,
    verbose: bool,
    paths: Vec<PathBuf>,
}

#[derive(Default)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
    files: u64,
    binary: u64,
    unreadable: u64,
}

/// What `main`, the workers, the progress thread and the Ctrl-C handler share.
struct Job {
    verbose: bool,
    paths: Queue<PathBuf>,
    stop: Event,
    done: Event,
    totals: Lock<Counts>,
    words: Lock<Words>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            // To nobody, perhaps.
            let _ = write!(io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(format_args!("{error}; --help lists the arguments"));
            return ExitCode::from(2);
        }
    };
    let job = Arc::new(Job {
        verbose: options.verbose,
        paths: Queue::new(1024),
        stop: Event::new(),
        done: Event::new(),
        totals: Lock::new(Counts::default()),
        words: Lock::new(Words::new()),
    });
    let outcome = match run(&job, &options) {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    };
    match outcome {
        Ok(()) if job.stop.is_set() => ExitCode::from(130),
        Ok(()) if job.totals.acquire().unreadable > 0 => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

fn run(job: &Arc<Job>, options: &Options) -> io::Result<()> {
    let interrupted = Arc::clone(job);
    let handler = move || {
        interrupted.stop.set();
        // The paths that nobody has got yet come back, and are not needed.
        drop(interrupted.paths.shutdown(true));
    };
    ctrlc::set_handler(handler).map_err(io::Error::other)?;

    let mut workers = Vec::new();
    for number in 1..=options.threads {
        let job = Arc::clone(job);
        let work = move || {
            let _alarm = Alarm(&job);
            job.work();
        };
        let worker = Thread::new(work).name(format!("counter-{number}"));
        match worker.start() {
            Ok(()) => workers.push(worker),
            Err(error) if workers.is_empty() => return Err(io::Error::other(error)),
            Err(error) => {
                complain(format_args!("{} threads only: {error}", workers.len()));
                break;
            }
        }
    }
    let progress = Arc::clone(job);
    let progress = Thread::new(move || progress.show_progress()).name("progress").daemon(true);
    if io::stderr().is_terminal()
        && let Err(error) = progress.start()
    {
        complain(format_args!("no progress: {error}"));
    }

    options.paths.iter().for_each(|path| job.walk(path));
    // What is in the queue is still got; then the workers' `get` says that it is over.
    drop(job.paths.shutdown(false));
    for worker in &workers {
        worker.join().map_err(io::Error::other)?;
    }
    job.done.set();
    if progress.is_alive() {
        progress.join().map_err(io::Error::other)?;
    }
    let printed = job.print(options.top);
    match workers.into_iter().filter_map(|worker| worker.into_result().err()).next() {
        Some(_) => Err(io::Error::other("a thread has failed: this is a part")),
        None => printed,
    }
}

/// Of a worker that panics: nobody is to wait for what it would have taken.
struct Alarm<'a>(&'a Job);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(self.0.paths.shutdown(true));
        }
    }
}

impl Job {
    fn walk(&self, root: &Path) {
        for entry in walkdir::WalkDir::new(root).follow_root_links(false) {
            if self.stop.is_set() {
                return;
            }
            match entry {
                Ok(entry) if !entry.file_type().is_file() => {}
                Ok(entry) => {
                    if self.paths.put(entry.into_path()).is_err() {
                        // Shut: Ctrl-C, or a worker has failed.
                        return;
                    }
                }
                Err(error) => {
                    complain(error);
                    self.totals.acquire().unreadable += 1;
                }
            }
        }
    }

    fn work(&self) {
        let mut words = Words::new();
        let mut buffer = vec![0; CHUNK];
        while let Ok(path) = self.paths.get() {
            // Ctrl-C has set the event, and not shut the queue yet.
            if self.stop.is_set() {
                break;
            }
            let mut counts = Counts::default();
            match self.count(&path, &mut buffer, &mut counts, &mut words) {
                Ok(true) => counts.files = 1,
                Ok(false) => {
                    counts.binary = 1;
                    if self.verbose {
                        complain(format_args!("{}: binary, skipped", path.display()));
                    }
                }
                Err(error) => {
                    counts.unreadable = 1;
                    complain(format_args!("{}: {error}", path.display()));
                }
            }
            self.totals.acquire().add(&counts);
        }
        let mut all = self.words.acquire();
        for (word, count) in words {
            *all.entry(word).or_default() += count;
        }
    }

    /// Adds what the file holds, until it ends, fails, or Ctrl-C; false if it is binary.
    fn count(&self, path: &Path, buffer: &mut [u8], counts: &mut Counts, words: &mut Words) -> io::Result<bool> {
        let mut file = File::open(path)?;
        let mut run = Vec::with_capacity(LONGEST_WORD + 1);
        let mut in_word = false;
        let mut length = 0;
        let mut failed = None;
        let mut read = |buffer: &mut [u8]| {
            if failed.is_some() {
                return 0;
            }
            file.read(buffer).unwrap_or_else(|error| {
                failed = Some(error);
                0
            })
        };
        // A read may give less than there is; the look for NUL bytes must not depend on that.
        while length < BINARY_LOOK {
            match read(&mut buffer[length..]) {
                0 => break,
                more => length += more,
            }
        }
        if buffer[..length.min(BINARY_LOOK)].contains(&0) {
            return failed.map_or(Ok(false), Err);
        }
        while length > 0 && !self.stop.is_set() {
            counts.bytes += length as u64;
            for &byte in &buffer[..length] {
                counts.lines += u64::from(byte == b'\n');
                if matches!(byte, b' ' | b'\t'..=b'\r') {
                    counts.words += u64::from(in_word);
                    in_word = false;
                } else {
                    in_word |= byte.is_ascii_graphic();
                }
                // Above ASCII there may be a letter: `tally` sees to it.
                if byte.is_ascii_alphabetic() || byte >= 0x80 {
                    if run.len() <= LONGEST_WORD {
                        run.push(byte.to_ascii_lowercase());
                    }
                } else if !run.is_empty() {
                    tally(&run, words);
                    run.clear();
                }
            }
            length = read(buffer);
        }
        counts.words += u64::from(in_word);
        tally(&run, words);
        failed.map_or(Ok(true), Err)
    }

    fn show_progress(&self) {
        while !self.done.wait_timeout(FRAME) {
            let (files, bytes) = {
                let totals = self.totals.acquire();
                (totals.files, totals.bytes)
            };
            say(format_args!("\r\x1b[K{files} files, {} MiB", bytes >> 20));
        }
        say(format_args!("\r\x1b[K"));
    }

    fn print(&self, top: usize) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let totals = self.totals.acquire();
        if self.stop.is_set() {
            writeln!(out, "interrupted: this is a part")?;
        }
        writeln!(out, "{:>12} {:>12} {:>12} {:>12}", "lines", "words", "bytes", "files")?;
        writeln!(out, "{:>12} {:>12} {:>12} {:>12}", totals.lines, totals.words, totals.bytes, totals.files)?;
        let words = self.words.acquire();
        let mut words: Vec<_> = words.iter().map(|(word, count)| (*count, word)).collect();
        words.sort_unstable_by(|(count, word), (other, than)| other.cmp(count).then(word.cmp(than)));
        for (count, word) in words.iter().take(top) {
            writeln!(out, "{count:>12} {}", String::from_utf8_lossy(word))?;
        }
        out.flush()?;
        if totals.binary + totals.unreadable > 0 {
            complain(format_args!("skipped: {} binary, {} unreadable", totals.binary, totals.unreadable));
        }
        Ok(())
    }
}

impl Counts {
    fn add(&mut self, more: &Self) {
        self.lines += more.lines;
        self.words += more.words;
        self.bytes += more.bytes;
        self.files += more.files;
        self.binary += more.binary;
        self.unreadable += more.unreadable;
    }
}

/// Adds the words of `run`: ASCII letters in lower case, and bytes above, which may be letters, signs or neither.
fn tally(run: &[u8], words: &mut Words) {
    if run.is_empty() || run.len() > LONGEST_WORD {
        return;
    }
    if run.is_ascii() {
        return add(run, words);
    }
    for text in run.utf8_chunks() {
        for word in text.valid().split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty()) {
            add(word.to_lowercase().as_bytes(), words);
        }
    }
}

fn add(word: &[u8], words: &mut Words) {
    // Looked up first, so that only a new word allocates.
    match words.get_mut(word) {
        Some(count) => *count += 1,
        None => _ = words.insert(word.into(), 1),
    }
}

/// A line on stderr, over the progress if that is shown.
fn complain(message: impl Display) {
    let clear = if io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
    say(format_args!("{clear}wordcount: {message}\n"));
}

/// To stderr; where nobody reads that, there is nobody to tell.
fn say(text: fmt::Arguments<'_>) {
    _ = io::stderr().write_fmt(text);
}

/// The arguments; none for `--help`.
fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};

    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let mut options = Options { threads: cpus, top: 10, verbose: false, paths: Vec::new() };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("threads") => options.threads = arguments.value()?.parse_with(at_least_one)?,
            Long("top") => options.top = arguments.value()?.parse()?,
            Short('v') | Long("verbose") => options.verbose = true,
            Short('h') | Long("help") => return Ok(None),
            Value(path) => options.paths.push(existing(path)?),
            other => return Err(other.unexpected()),
        }
    }
    if options.paths.is_empty() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        options.paths = sources(root).map_err(|error| format!("{}: {error}", root.display()))?;
    }
    Ok(Some(options))
}

/// What is in the repository at `root`, but what cargo and git keep there.
fn sources(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in root.read_dir()? {
        let entry = entry?;
        if entry.file_name() != "target" && entry.file_name() != ".git" {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn at_least_one(number: &str) -> Result<usize, String> {
    match number.parse() {
        Ok(0) => Err("there must be at least one".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

fn existing(path: OsString) -> Result<PathBuf, lexopt::Error> {
    let path = PathBuf::from(path);
    // A symlink that leads nowhere is there, and no file to count.
    match path.symlink_metadata() {
        Ok(_) => Ok(path),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}
