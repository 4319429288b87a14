//! The hot paths as the compiler makes them: one locked instruction for an uncontended pair.
//!
//! `cargo test --release --test assembly`; with `UPDATE=1` it rewrites docs/assembly.md. Needs objdump, x86-64 and an
//! optimised build; elsewhere it says so and checks nothing.
#![cfg(not(any(loom, shuttle)))]

use std::fmt::Write;
use std::hint::black_box;
use std::process::Command;

use underthread::raw::{Lock, RawLock};

/// An uncontended acquire and release.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn hot_lock_pair(lock: &Lock, value: &mut u64) {
    lock.acquire();
    *value += 1;
    // SAFETY: acquired above.
    unsafe { RawLock::release(lock) };
}

/// The instructions of `symbol` in this very program, addresses stripped.
fn disassemble(symbol: &str) -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let output = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn", "--no-addresses", "-M", "intel"])
        .arg(format!("--disassemble={symbol}"))
        .arg(program)
        .output()
        .expect("objdump runs");
    let text = String::from_utf8(output.stdout).unwrap();
    let body = text.lines().skip_while(|line| !line.contains(&format!("<{symbol}>:"))).skip(1);
    body.take_while(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned()).collect()
}

fn is_locked(instruction: &str) -> bool {
    ["lock ", "xchg ", "mfence"].iter().any(|start| instruction.starts_with(start))
}

#[test]
fn an_uncontended_pair_is_one_locked_instruction() {
    let lock = Lock::new();
    let mut value = 0;
    hot_lock_pair(black_box(&lock), &mut value);
    assert_eq!(value, 1);
    let objdump = Command::new("objdump").arg("--version").output().is_ok();
    if !objdump || cfg!(debug_assertions) || !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        println!("the instructions are not checked: that needs objdump, x86-64 Linux and --release");
        return;
    }
    let body = disassemble("hot_lock_pair");
    let listing = body.iter().fold(String::new(), |mut listing, line| {
        writeln!(listing, "{line}").unwrap();
        listing
    });
    assert_eq!(body.iter().filter(|line| is_locked(line)).count(), 1, "{listing}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/assembly.md"), PAGE.replace("LISTING", &listing))
            .unwrap();
    }
}

const PAGE: &str = "\
# The hot path, as compiled

`raw::Lock`: `acquire`, one addition, its owner's release (as by a guard), on x86-64. Written by
`UPDATE=1 cargo test --release --test assembly`, which also asserts what it shows: **one** locked instruction, the
`lock cmpxchg` of the acquire. The release is a plain `mov` of 0. After it come two loads: of the fence's mode (where
it is not `MEMBARRIER`, a cold call makes a full fence) and of `sleepers` (where it is not `NONE`, a cold call sees to
them). Everything below the first `ret` is cold.

```asm
LISTING```
";
