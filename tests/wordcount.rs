//! The wordcount example against `find` and `LC_ALL=C wc`.
#![cfg(all(not(any(loom, shuttle)), target_os = "linux"))]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests may use std's threads as the outside world"
)]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use walkdir::WalkDir;

// Under chaos: it draws the seed, writes it to stderr, and the children write none.
use underthread as _;

#[path = "support/mod.rs"]
mod support;
use support::watched;

/// The example, built as this test was: `cargo test --test wordcount` alone does not build it.
fn wordcount() -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let profile = if cfg!(debug_assertions) { "test" } else { "bench" };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--profile", profile, "--example", "wordcount"]);
        assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
        let test = std::env::current_exe().unwrap();
        test.parent().unwrap().parent().unwrap().join("examples/wordcount")
    });
    Command::new(built)
}

fn run(arguments: &[&OsStr]) -> Output {
    let mut wordcount = wordcount();
    wordcount.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running::new(&mut wordcount);
    watched(|| running.output())
}

/// A child that does not outlive its value, nor the process of the test.
struct Running(Option<Child>);

impl Running {
    fn new(command: &mut Command) -> Self {
        let end_with_parent = || {
            // SAFETY: a system call.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            Ok(())
        };
        // SAFETY: nothing that another thread could hold.
        unsafe { command.pre_exec(end_with_parent) };
        Self(Some(command.spawn().unwrap()))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// What it writes until its end.
    fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// Lines, words, bytes and files, as the example says.
fn totals(output: &Output) -> [u64; 4] {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with("lines"));
    assert_eq!(
        lines.next().map(|line| line.split_whitespace().collect()),
        Some(vec!["lines", "words", "bytes", "files"])
    );
    let numbers: Vec<u64> = lines.next().unwrap().split_whitespace().map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// What `find` lists and is no binary.
fn text_files(root: &Path) -> Vec<PathBuf> {
    let found = Command::new("find").arg(root).args(["-type", "f", "-print0"]).output().unwrap();
    let names = found.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let paths = names.map(|name| PathBuf::from(OsString::from_vec(name.to_vec())));
    let is_text = |path: &PathBuf| {
        let mut head = Vec::new();
        File::open(path).unwrap().take(8 << 10).read_to_end(&mut head).unwrap();
        !head.contains(&0)
    };
    paths.filter(is_text).collect()
}

/// Lines, words and bytes of each file by `wc`, summed; and the files.
fn wc(files: &[PathBuf]) -> [u64; 4] {
    let mut wc = Command::new("wc");
    wc.env("LC_ALL", "C").arg("--files0-from=-").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = wc.spawn().unwrap();
    let mut names = child.stdin.take().unwrap();
    let list = files.iter().flat_map(|file| [file.as_os_str().as_bytes(), b"\0"].concat()).collect::<Vec<u8>>();
    let writer = std::thread::spawn(move || names.write_all(&list).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = output.stdout;
    let last = text.strip_suffix(b"\n").unwrap_or(&text).rsplit(|byte| *byte == b'\n').next().unwrap();
    let numbers = String::from_utf8_lossy(last).into_owned();
    let mut numbers = numbers.split_whitespace().map_while(|number| number.parse().ok());
    let mut next = || numbers.next().expect("wc gives three numbers");
    [next(), next(), next(), files.len() as u64]
}

/// coreutils 9.5 and later count bytes above ASCII as words' parts; those before, and the example, do not.
fn wc_counts_words_as_we_do() -> bool {
    let probe = Tree::new("probe");
    wc(&[probe.file("bytes", b" \x80 ")])[1] == 0
}

fn assert_equals_wc(roots: &[&Path]) {
    let output = run(&roots.iter().map(|root| root.as_os_str()).collect::<Vec<_>>());
    assert!(output.status.success(), "{output:?}");
    let files: Vec<_> = roots.iter().flat_map(|root| text_files(root)).collect();
    let (mut ours, mut theirs) = (totals(&output), wc(&files));
    if !wc_counts_words_as_we_do() {
        (ours[1], theirs[1]) = (0, 0);
    }
    assert_eq!(ours, theirs, "{roots:?}");
}

/// A directory that goes with its value.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("underthread-{}-{name}", std::process::id()));
        _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: impl AsRef<OsStr>, content: &[u8]) -> PathBuf {
        let path = self.0.join(name.as_ref());
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn this_crates_sources_count_as_wc_counts_them() {
    assert_equals_wc(&[&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
}

#[test]
fn without_a_path_it_counts_this_repository_but_not_what_cargo_and_git_keep_there() {
    let kept = |entry: &fs::DirEntry| entry.file_name() != "target" && entry.file_name() != ".git";
    let entries = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap().map(Result::unwrap).filter(kept);
    let files: Vec<PathBuf> = entries.flat_map(|entry| text_files(&entry.path())).collect();
    let mut ours = totals(&run(&[]));
    let mut theirs = wc(&files);
    if !wc_counts_words_as_we_do() {
        (ours[1], theirs[1]) = (0, 0);
    }
    assert_eq!(ours, theirs);
}

/// The registry's sources, where there are any: thousands of files that nobody wrote for this test.
#[test]
fn a_large_tree_counts_as_wc_counts_it() {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    let sources = cargo_home.or(home).map(|cargo| cargo.join("registry/src"));
    match sources {
        Some(sources) if sources.is_dir() => {
            // Some of it, libc's and loom's among it: unoptimised, all takes long.
            let crates =
                WalkDir::new(sources).min_depth(2).max_depth(2).into_iter().map(|entry| entry.unwrap().into_path());
            let some: Vec<_> =
                crates.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(['l', 'm'])).collect();
            assert!(!some.is_empty());
            assert_equals_wc(&some.iter().map(PathBuf::as_path).collect::<Vec<_>>());
        }
        // Past libtest, which shows nothing of a test that passes.
        _ => _ = writeln!(std::io::stderr(), "not tested: no registry sources here"),
    }
}

#[test]
fn odd_files_count_as_wc_counts_them() {
    let tree = Tree::new("odd");
    tree.file("empty", b"");
    tree.file("no newline at the end", b"two words");
    tree.file(".hidden", b"one\n");
    tree.file(OsStr::from_bytes(b"not utf-8 \xff\xfe"), b"a\n");
    tree.file("spaces only", b" \t\n\x0b\x0c\r ");
    tree.file("control characters", b"\x01 \x02\x03 a\x04b \x1f\x7f\n");
    tree.file("bytes above ascii", b"\xc3\xa4 \xc2\xa0 a\xc2\xa0b \x80 \xff\xffx\n");
    tree.file("every byte but zero", &(1..=255).collect::<Vec<u8>>());
    tree.file("zero late", &[vec![b'x'; 8 << 10], vec![0, b' ', 0]].concat());
    tree.file("words over the edge of a chunk", "over the edge ".repeat(20_000).as_bytes());
    tree.file("one long word", &vec![b'w'; 200_000]);
    for look in [(8 << 10) - 1, 8 << 10] {
        tree.file(format!("zero at {look}"), &[vec![b'x'; look], vec![0]].concat());
    }
    fs::create_dir(tree.0.join("inner")).unwrap();
    tree.file("inner/file", b"in\n");
    symlink("..", tree.0.join("inner/loop")).unwrap();
    symlink("nowhere", tree.0.join("dangling")).unwrap();
    symlink("empty", tree.0.join("link to a file")).unwrap();
    assert!(Command::new("mkfifo").arg(tree.0.join("fifo")).status().unwrap().success());
    assert_equals_wc(&[&tree.0]);
    // A path may be a file; twice is twice.
    let [one, two] = [tree.file("one", b"1 2\n"), tree.file("two", b"3\n")];
    assert_eq!(totals(&run(&[one.as_os_str(), two.as_os_str(), one.as_os_str()])), [3, 5, 10, 3]);
}

#[test]
fn binary_files_are_skipped_counted_and_named_on_demand() {
    let tree = Tree::new("binary");
    tree.file("text", b"text\n");
    tree.file("binary", b"\x7fELF\0");
    let output = run(&[tree.0.as_os_str()]);
    assert_eq!((totals(&output), output.status.code()), ([1, 1, 5, 1], Some(0)));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "wordcount: skipped: 1 binary, 0 unreadable\n");
    let output = run(&[OsStr::new("--verbose"), tree.0.as_os_str()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("/binary: binary, skipped\n"));
}

/// `root` may read everything; what nobody can read is a memory file of a process at an address it has not mapped.
#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_counted() {
    let tree = Tree::new("unreadable");
    let text = tree.file("text", b"text\n");
    let output = run(&[OsStr::new("/proc/self/mem"), text.as_os_str()]);
    assert_eq!((totals(&output), output.status.code()), ([1, 1, 5, 1], Some(1)), "{output:?}");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("/proc/self/mem: ") && errors.contains("1 unreadable"), "{errors}");
}

#[test]
fn the_words_seen_most_come_first() {
    let tree = Tree::new("words");
    tree.file("one", "b a. A_b1a «Äpfel» äpfel—ÄPFEL, b\n".as_bytes());
    tree.file("two", &[b"c ".as_slice(), &[b'z'; 65]].concat());
    for threads in ["1", "3"] {
        let output = run(&["--threads", threads, "--top", "3"]
            .map(OsStr::new)
            .into_iter()
            .chain([tree.0.as_os_str()])
            .collect::<Vec<_>>());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let table: Vec<_> =
            text.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(table, ["3 a", "3 b", "3 äpfel"]);
    }
    let output = run(&["--top", "0"].map(OsStr::new).into_iter().chain([tree.0.as_os_str()]).collect::<Vec<_>>());
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
}

#[test]
fn a_bad_argument_gets_a_message_and_code_2() {
    let bad: [&[&str]; 8] = [
        &["--threads", "0"],
        &["--threads", "-1"],
        &["--threads", "many"],
        &["--threads"],
        &["--top", "1.5"],
        &["--no-such-thing"],
        &["--threads=99999999999999999999999"],
        &["/no/such/path"],
    ];
    for arguments in bad {
        let output = run(&arguments.iter().map(OsStr::new).collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && output.stderr.starts_with(b"wordcount: "), "{arguments:?}: {output:?}");
    }
    let help = run(&[OsStr::new("--help")]);
    assert!(help.status.success() && help.stdout.starts_with(b"Counts lines"));
}

/// Text as far as anybody looks, and a terabyte of holes after it.
fn endless(tree: &Tree) -> PathBuf {
    let endless = tree.file("endless", &[b'x'; 8 << 10]);
    File::options().write(true).open(&endless).unwrap().set_len(1 << 40).unwrap();
    endless
}

fn interrupt(running: &mut Running) {
    // SAFETY: a signal to a child that has not been waited for.
    assert_eq!(unsafe { libc::kill(running.child().id() as libc::pid_t, libc::SIGINT) }, 0);
}

#[test]
fn ctrl_c_ends_it_at_once_with_what_was_counted() {
    let tree = Tree::new("interrupt");
    let text = tree.file("text", b"counted before\n");
    let binary = tree.file("binary", b"\0");
    let endless = endless(&tree);
    let mut wordcount = wordcount();
    wordcount.args(["--verbose", "--threads", "1"]).args([&text, &binary, &endless, &text]);
    let mut running = Running::new(wordcount.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let output = watched(|| {
        // One worker: once the binary file is named, the text before it is counted, and the handler stands.
        let mut errors = BufReader::new(running.child().stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        assert!(line.ends_with("/binary: binary, skipped\n"), "{line}");
        interrupt(&mut running);
        running.output()
    });
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.starts_with(b"interrupted"));
    let [lines, words, bytes, files] = totals(&output);
    assert!(lines == 1 && (2..=3).contains(&words) && bytes >= 15 && (1..=2).contains(&files), "{output:?}");
}

#[test]
fn ctrl_c_ends_the_walk_too() {
    let tree = Tree::new("walk");
    let binary = tree.file("binary", b"\0");
    let [many, gone] = ["many", "gone"].map(|name| tree.0.join(name));
    [&many, &gone].into_iter().for_each(|path| fs::create_dir(path).unwrap());
    // More than the queue has room for: the walk gets no further while the worker is busy.
    (0..2_000).for_each(|number| drop(tree.file(format!("many/{number}"), b"")));
    let mut wordcount = wordcount();
    wordcount.args(["--verbose", "--threads", "1"]).args([&binary, &endless(&tree), &many, &gone]);
    let mut running = Running::new(wordcount.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut said = String::new();
    let output = watched(|| {
        let mut errors = BufReader::new(running.child().stderr.take().unwrap());
        errors.read_line(&mut said).unwrap();
        // A walk that comes here complains.
        fs::remove_dir(&gone).unwrap();
        interrupt(&mut running);
        errors.read_to_string(&mut said).unwrap();
        running.output()
    });
    assert_eq!(output.status.code(), Some(130));
    assert!(said.ends_with("wordcount: skipped: 1 binary, 0 unreadable\n"), "{said:?}");
}

#[test]
fn it_counts_on_where_nobody_reads_what_it_complains_of() {
    let tree = Tree::new("nobody reads");
    let [binary, text] = [tree.file("binary", b"\0"), tree.file("text", b"text\n")];
    let (unread, errors) = std::io::pipe().unwrap();
    drop(unread);
    let mut wordcount = wordcount();
    wordcount.args(["--verbose", "--threads", "1"]).args([binary, text]);
    let running = Running::new(wordcount.stdout(Stdio::piped()).stderr(errors));
    let output = watched(|| running.output());
    assert_eq!((totals(&output), output.status.code()), ([1, 1, 5, 1], Some(0)));
}

#[test]
fn its_code_is_the_same_where_nobody_reads() {
    let tree = Tree::new("nobody reads at all");
    let file = tree.file("file", b"text\n");
    let cases: [(&[&OsStr], i32); 4] = [
        (&[OsStr::new("--no-such-thing")], 2),
        (&[OsStr::new("--help")], 0),
        (&[file.as_os_str()], 0),
        // As above.
        (&[OsStr::new("/proc/self/mem"), file.as_os_str()], 1),
    ];
    for (arguments, code) in cases {
        let [output, errors] = [(); 2].map(|()| std::io::pipe().unwrap().1);
        let mut wordcount = wordcount();
        let running = Running::new(wordcount.args(arguments).stdout(output).stderr(errors));
        assert_eq!(watched(|| running.output()).status.code(), Some(code), "{arguments:?}");
    }
}

/// What is written to the second can be read from the first.
fn pseudo_terminal() -> (File, OwnedFd) {
    let (mut screen, mut terminal) = (-1, -1);
    let (name, settings, size) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: two pointers to live numbers; the others may be null.
    assert_eq!(unsafe { libc::openpty(&raw mut screen, &raw mut terminal, name, settings, size) }, 0);
    // SAFETY: open, and nobody else's.
    let screen = unsafe { OwnedFd::from_raw_fd(screen) };
    // SAFETY: as above.
    (screen.into(), unsafe { OwnedFd::from_raw_fd(terminal) })
}

#[test]
fn progress_is_shown_on_a_terminal_and_wiped_at_the_end() {
    let tree = Tree::new("progress");
    let (mut screen, terminal) = pseudo_terminal();
    let mut running = {
        // The command goes at the end of the block, and its end of the terminal with it.
        let mut wordcount = wordcount();
        wordcount.arg(endless(&tree)).stdout(Stdio::piped()).stderr(Stdio::from(terminal));
        Running::new(&mut wordcount)
    };
    let (mut shown, mut part) = (Vec::new(), [0; 256]);
    let output = watched(|| {
        while !shown.ends_with(b" MiB") {
            let length = screen.read(&mut part).unwrap();
            shown.extend_from_slice(&part[..length]);
        }
        interrupt(&mut running);
        // An error says that nobody has the terminal open any more.
        while let Ok(length @ 1..) = screen.read(&mut part) {
            shown.extend_from_slice(&part[..length]);
        }
        running.output()
    });
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.starts_with("\r\x1b[K0 files, ") && shown.ends_with(" MiB\r\x1b[K"), "{shown:?}");
    assert_eq!(output.status.code(), Some(130));
    assert!(!output.stdout.contains(&b'\x1b'));
}

#[test]
fn without_a_terminal_there_is_no_progress() {
    let tree = Tree::new("no progress");
    let mut wordcount = wordcount();
    wordcount.args(["--verbose", "--threads", "1"]).args([tree.file("binary", b"\0"), endless(&tree)]);
    let mut running = Running::new(wordcount.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut said = String::new();
    let output = watched(|| {
        let mut errors = BufReader::new(running.child().stderr.take().unwrap());
        errors.read_line(&mut said).unwrap();
        interrupt(&mut running);
        errors.read_to_string(&mut said).unwrap();
        running.output()
    });
    // Had it begun, it would have wiped its line.
    assert!(said.ends_with("wordcount: skipped: 1 binary, 0 unreadable\n") && !said.contains('\x1b'), "{said:?}");
    assert_eq!(output.status.code(), Some(130));
}
