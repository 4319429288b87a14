//! The long run: each mutant in a copy of the crate, built and checked there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use crate::Mutant;
use crate::names::{read, scenario};

/// What a check gets beyond ten times what it takes without a bug; then it hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plants each of `wanted`, and gives those that were not killed as they should be. The configurations run two at a
/// time: the models, and the others one after another.
pub(crate) fn all(wanted: &[(&'static str, &'static Mutant)]) -> Vec<String> {
    let mut builds: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (file, mutant) in wanted {
        builds.entry(mutant.build()).or_default().push((*file, *mutant));
    }
    let models = builds.remove_entry("loom");
    thread::scope(|scope| {
        let run = |(build, mutants): (&'static str, Vec<_>)| Copy::new(build).run(&mutants);
        let models = scope.spawn(move || models.map(run).unwrap_or_default());
        let others: Vec<_> = builds.into_iter().flat_map(run).collect();
        [models.join().unwrap(), others].concat()
    })
}

pub(crate) fn write(path: &str, text: &str) {
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), text).unwrap();
}

/// A copy of the crate, built for one configuration in a target directory of its own.
struct Copy {
    build: &'static str,
    directory: PathBuf,
    /// Locked: two runs in one copy would see each other's mutants.
    _lock: File,
}

struct Outcome {
    status: Option<ExitStatus>,
    said: String,
    took: Duration,
}

impl Copy {
    fn new(build: &'static str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = root.join("target/mutants").join(build);
        let source = directory.join("source");
        fs::create_dir_all(&directory).unwrap();
        let lock = File::create(directory.join("lock")).unwrap();
        lock.try_lock().expect("no other run");
        let _ = fs::remove_dir_all(&source);
        let is_source = |name: &str| !matches!(name, "target" | ".git");
        let entries = WalkDir::new(root).into_iter();
        for entry in entries.filter_entry(|entry| entry.depth() != 1 || is_source(&entry.file_name().to_string_lossy()))
        {
            let entry = entry.unwrap();
            let to = source.join(entry.path().strip_prefix(root).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
        Self { build, directory, _lock: lock }
    }

    fn run(&self, mutants: &[(&'static str, &'static Mutant)]) -> Vec<String> {
        // How long each check takes without a bug.
        let mut times = BTreeMap::new();
        for (_, mutant) in mutants {
            times.entry(mutant.by).or_insert_with(|| {
                let outcome = self.check(mutant, Duration::from_secs(600)).unwrap_or_else(|error| panic!("{error}"));
                let ran = outcome.said.contains("complete,") || outcome.said.matches(" passed;").count() == 1;
                let ran = ran && !outcome.said.contains("ok. 0 passed;");
                let passed = outcome.status.is_some_and(|status| status.success());
                assert!(passed && ran, "{} fails without a mutant: {}", mutant.by, outcome.said);
                println!("{:6.1} s  {} passes without a mutant", outcome.took.as_secs_f64(), mutant.by);
                outcome.took
            });
        }
        mutants
            .iter()
            .filter_map(|(file, mutant)| self.survives(file, mutant, 10 * times[mutant.by] + PATIENCE))
            .collect()
    }

    /// `None` if it was killed as it should be.
    fn survives(&self, file: &str, mutant: &Mutant, limit: Duration) -> Option<String> {
        let path = self.directory.join("source/src").join(file);
        let source = read(&format!("src/{file}"));
        fs::write(&path, mutant.plant(&source)).unwrap();
        let outcome = self.check(mutant, limit);
        fs::write(&path, source).unwrap();
        let why = match outcome {
            Err(error) => format!("was not built: {error}"),
            Ok(outcome) if outcome.status.is_some_and(|status| status.success()) => "SURVIVES".to_owned(),
            Ok(outcome) if outcome.said.contains(mutant.says) => {
                println!("{:6.1} s  {file}: {}: {}", outcome.took.as_secs_f64(), mutant.name, mutant.by);
                return None;
            }
            Ok(outcome) => {
                let panic = outcome.said.lines().skip_while(|line| !line.contains("panicked at"));
                format!("did not say {:?} but: {}", mutant.says, panic.take(4).collect::<Vec<_>>().join(" "))
            }
        };
        println!("          {file}: {}: {} {why}", mutant.name, mutant.by);
        Some(format!("{file}: {}: {why}", mutant.name))
    }

    /// Builds the mutant's check, and runs it, for at most so long. An error is the compiler's.
    fn check(&self, mutant: &Mutant, limit: Duration) -> Result<Outcome, String> {
        let [suite, file, function] = mutant.check();
        let built = self.cargo(suite, &["--no-run"], None, Duration::MAX);
        if !built.status.is_some_and(|status| status.success()) {
            return Err(built.said);
        }
        let source = read(&format!("tests/{suite}/{file}"));
        let module = file.trim_end_matches(".rs");
        Ok(match scenario(&source, function) {
            Some(name) => {
                let [even, odd, three] = ["two_even", "two_odd", "three"].map(|test| format!("{module}::{test}"));
                self.cargo(suite, &["--", &even, &odd, &three, "--exact", "--nocapture"], Some(name), limit)
            }
            None => self.cargo(suite, &["--", function, "--nocapture"], None, limit),
        })
    }

    fn cargo(&self, suite: &str, arguments: &[&str], scenario: Option<&str>, limit: Duration) -> Outcome {
        let (start, said) = (Instant::now(), self.directory.join("said"));
        let output = File::create(&said).unwrap();
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command.args(["test", "--quiet", "--test", suite]).current_dir(self.directory.join("source"));
        let flag = match self.build {
            "std" => String::new(),
            "chaos" | "pthread" => format!("--cfg underthread_{}", self.build),
            model => {
                command.arg("--release");
                format!("--cfg {model}")
            }
        };
        command.args(arguments).stdout(output.try_clone().unwrap()).stderr(output).process_group(0);
        command.env("RUSTFLAGS", flag).env("CARGO_TARGET_DIR", self.directory.join("target"));
        // Quickly built; what is modelled is not the optimised text.
        command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        command.env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true").env("UNDERTHREAD_CHAOS_SEED", "1");
        command.env_remove("UPDATE").envs(scenario.map(|name| ("UNDERTHREAD_SCENARIO", name)));
        let mut child = command.spawn().unwrap();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if start.elapsed() > limit {
                // SAFETY: the group is that of our child, which has not been waited for.
                unsafe { libc::kill(-child.id().cast_signed(), libc::SIGKILL) };
                child.wait().unwrap();
                break None;
            }
            thread::sleep(Duration::from_millis(20));
        };
        let mut said = String::from_utf8_lossy(&fs::read(said).unwrap()).into_owned();
        if status.is_none() {
            said += "\nhangs";
        }
        Outcome { status, said, took: start.elapsed() }
    }
}
