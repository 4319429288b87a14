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
mod why;

use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Instant;

use lexopt::prelude::*;

use measure::{FULL, MODE, QUICK, SMOKE, mode, name_those_who_fail};
use table::{Options, Page};

type Group = (&'static str, &'static str, fn(&mut Page));

const GROUPS: [Group; 9] = [
    ("lock", "Lock", lock::bench),
    ("rlock", "RLock", rlock::bench),
    ("event", "Event", event::bench),
    ("condition", "Condition", condition::bench),
    ("semaphore", "Semaphore", semaphore::bench),
    ("barrier", "Barrier", barrier::bench),
    ("queue", "Queues", queue::bench),
    ("thread", "Threads", thread::bench),
    ("why", "What each technique brings", why::bench),
];

fn names() -> String {
    GROUPS.map(|group| group.0).join(" ")
}

/// The groups that were asked for, and how.
fn arguments() -> Result<Option<(Vec<Group>, Options)>, String> {
    let (mut chosen, mut mode, mut options) = (Vec::new(), FULL, Options::default());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("bench") => {} // cargo's
            Long("quick") => mode = QUICK,
            Long("smoke") => mode = SMOKE,
            Long("write") => options.write = true,
            Long("row") => {
                options.only = parser.value().and_then(|value| value.string()).map_err(|error| error.to_string())?;
                // Cargo's, behind ours.
                if options.only == "--bench" {
                    return Err("--row wants a part of a row's name".to_owned());
                }
            }
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
    if options.write && (mode.name == "smoke" || !options.only.is_empty()) {
        return Err("--write wants whole pages, and no smoke".to_owned());
    }
    let _ = MODE.set(mode);
    Ok(Some((if chosen.is_empty() { GROUPS.to_vec() } else { chosen }, options)))
}

fn main() -> ExitCode {
    if why::is_child() {
        return ExitCode::SUCCESS;
    }
    let (groups, options) = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}; there are: --quick --smoke --row TEXT --write --list, and the groups {}", names());
            return ExitCode::from(2);
        }
    };
    let options: &'static Options = Box::leak(Box::new(options));
    let begun = Instant::now();
    LazyLock::force(&place::STEPS);
    name_those_who_fail();
    println!("{}\n", *table::CIRCUMSTANCES);
    let (mut rows, mut reached, mut missed, mut took) = (0, 0, Vec::new(), String::new());
    for (name, about, bench) in groups {
        let since = Instant::now();
        let mut page = Page::new(name, about, options);
        bench(&mut page);
        if name != "why" {
            page.python();
        }
        let (of_page, reached_by, missed_by) = page.end();
        rows += of_page;
        reached += reached_by;
        missed.extend(missed_by);
        took += &format!("{name} {:.0} s, ", since.elapsed().as_secs_f64());
        println!();
    }
    if rows == 0 {
        eprintln!("no row has {:?} in its name: a run without --row shows all", options.only);
        return ExitCode::from(2);
    }
    println!("Took {took}all {} s.", begun.elapsed().as_secs());
    if mode().name != "smoke" {
        println!("{reached} goals reached, {} missed:", missed.len());
        missed.iter().for_each(|goal| println!("- {goal}"));
    }
    ExitCode::SUCCESS
}
