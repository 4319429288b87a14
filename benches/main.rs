//! See lib.rs.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    unreachable_pub,
    reason = "std is one of the peers, and the harness; a program has no public items"
)]

mod calls;
mod heap;
mod measure;
mod monitor;
mod place;
mod plot;
mod table;

mod barrier;
mod condition;
mod event;
mod lock;
mod queue;
mod rlock;
mod semaphore;
mod thread;

use std::process::ExitCode;
use std::time::Instant;

use lexopt::prelude::*;

use measure::{FULL, MODE, QUICK, SMOKE, name_those_who_fail};
use table::Page;

type Group = (&'static str, &'static str, fn(&mut Page));

const GROUPS: [Group; 8] = [
    ("lock", "Lock", lock::bench),
    ("rlock", "RLock", rlock::bench),
    ("event", "Event", event::bench),
    ("condition", "Condition", condition::bench),
    ("semaphore", "Semaphore", semaphore::bench),
    ("barrier", "Barrier", barrier::bench),
    ("queue", "Queues", queue::bench),
    ("thread", "Threads", thread::bench),
];

fn names() -> String {
    GROUPS.map(|group| group.0).join(" ")
}

/// The groups that were asked for, and whether pages are written.
fn arguments() -> Result<Option<(Vec<Group>, bool)>, String> {
    let (mut chosen, mut mode, mut write) = (Vec::new(), FULL, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("bench") => {} // cargo's
            Long("quick") => mode = QUICK,
            Long("smoke") => mode = SMOKE,
            Long("write") => write = true,
            Long("list") => {
                println!("{}", names().replace(' ', "\n"));
                return Ok(None);
            }
            Value(name) => match GROUPS.iter().find(|group| *group.0 == *name) {
                Some(group) => chosen.push(*group),
                None => return Err(format!("no group {name:?}")),
            },
            other => return Err(other.unexpected().to_string()),
        }
    }
    if write && mode.name == "smoke" {
        return Err("--smoke measures nothing that could be written".to_owned());
    }
    let _ = MODE.set(mode);
    Ok(Some((if chosen.is_empty() { GROUPS.to_vec() } else { chosen }, write)))
}

fn main() -> ExitCode {
    let (groups, write) = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}; there are: --quick --smoke --write --list, and the groups {}", names());
            return ExitCode::from(2);
        }
    };
    let begun = Instant::now();
    name_those_who_fail();
    println!("{}\n", table::circumstances());
    let (mut reached, mut missed, mut took) = (0, Vec::new(), String::new());
    for (name, about, bench) in groups {
        let since = Instant::now();
        let mut page = Page::new(name, about, write);
        bench(&mut page);
        page.python();
        let (of_page, by_page) = page.end();
        reached += of_page;
        missed.extend(by_page);
        took += &format!("{name} {:.0} s, ", since.elapsed().as_secs_f64());
        println!();
    }
    println!("Took {took}all {} s. {reached} goals reached, {} missed:", begun.elapsed().as_secs(), missed.len());
    for goal in missed {
        println!("- {goal}");
    }
    ExitCode::SUCCESS
}
