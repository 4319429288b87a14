//! Three threads look for a number whose square begins with seven digits in order; the first to find one stops all.
//!
//! `cargo run --release --example threading`

use std::sync::Arc;

use underthread::threading::{Event, Lock, Thread};

const THREADS: u64 = 3;
const WANTED: &str = "1234567";

#[derive(Default)]
struct Search {
    found: Event,
    answer: Lock<Option<u64>>,
    looked_at: Lock<u64>,
}

impl Search {
    fn look(&self, first: u64) {
        let mut looked_at = 0;
        for number in (first..u64::from(u32::MAX)).step_by(THREADS as usize) {
            if self.found.is_set() {
                break;
            }
            looked_at += 1;
            if (number * number).to_string().starts_with(WANTED) {
                // The answer before the event: who sees the event set finds it.
                self.answer.acquire().get_or_insert(number);
                self.found.set();
            }
        }
        *self.looked_at.acquire() += looked_at;
    }
}

fn main() {
    let search = Arc::new(Search::default());
    let start = |first| {
        let search = Arc::clone(&search);
        let thread = Thread::new(move || search.look(first)).name(format!("searcher-{first}"));
        thread.start().expect("the system has room for three threads");
        thread
    };
    let threads: Vec<_> = (0..THREADS).map(start).collect();
    search.found.wait();
    for thread in threads {
        thread.join().expect("started above, and not this thread");
    }
    let number = search.answer.acquire().expect("set before the event");
    println!("{number}² = {}, after {} numbers", number * number, search.looked_at.acquire());
}
