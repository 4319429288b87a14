//! Two workers take jobs by urgency; `join` waits until every job is done, `shutdown` sends the workers home.
//!
//! `cargo run --example queue`

use std::sync::Arc;

use underthread::queue::PriorityQueue;
use underthread::threading::{Lock, Thread};

/// How urgent, and what: the smallest leaves first.
type Job = (u32, &'static str);

fn main() {
    let jobs: Arc<PriorityQueue<Job>> = Arc::new(PriorityQueue::new(0));
    let done = Arc::new(Lock::new(Vec::new()));
    for job in [(3, "sweep"), (1, "put out the fire"), (2, "feed the cat"), (1, "call for help")] {
        jobs.put(job).expect("nobody has shut the queue");
    }

    let mut workers = Vec::new();
    for _ in 0..2 {
        let (jobs, done) = (Arc::clone(&jobs), Arc::clone(&done));
        let worker = Thread::new(move || {
            let mut count = 0;
            while let Ok((_, job)) = jobs.get() {
                done.acquire().push(job);
                count += 1;
                jobs.task_done().expect("one for each get");
            }
            count
        });
        worker.start().expect("the system has room for two threads");
        workers.push(worker);
    }

    jobs.join();
    assert!(jobs.shutdown(false).is_empty());
    for worker in workers {
        println!("a worker did {} jobs", worker.into_result().expect("it does not panic"));
    }
    println!("done: {}", done.acquire().join(", "));
}
