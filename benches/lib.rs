//! underthread and its peers, measured side by side: `cargo bench`, in the directory above.
//!
//! ```text
//! cargo bench                    everything: under 10 minutes
//! cargo bench -- lock queue      some groups
//! cargo bench -- --quick         everything: under 1 minute, rough
//! cargo bench -- --smoke         does every subject work? seconds
//! cargo bench -- --write         and write the pages and plots of docs/benchmarks
//! cargo bench -- --list          the groups
//! ```
//!
//! A *row* is one workload; its *subjects* take turns in one process, round by round, A B C, then C B A. A ratio is
//! taken inside a round; printed are the medians of all rounds. So a drift of the machine falls on all subjects. The
//! nanoseconds of two rows, or two runs, should not be compared; ratios can be, to about a fifth where threads contend.
//!
//! # To add a peer
//!
//! A group is one file: a small trait, the subjects that implement it, the workloads over it, and one list of
//! subjects. Implement the trait, which takes ten lines, and add the type to the list. [`Mutex`][lock] asks for a name, `new`
//! and `with`. The crate goes to `[dev-dependencies]` of this package, never of the library. A peer that never sleeps
//! is of the kind `Spins`: it is shown, and is never the best.
//!
//! [lock]: https://docs.rs/underthread
//!
//! # Why a harness of our own
//!
//! A contended row needs: threads that start together and are not timed while they start; a window of time and not a
//! count, since at capacity 1 one peer is a hundred times slower than another, and since the last thread of a fixed
//! count runs alone; roles; a place for each thread; and, of the same window, the processor time, the system calls and
//! the longest wait. Then the ratio to the best peer of this row that sleeps, inside each round.
//!
//! - criterion 0.5 and divan 0.1 run one subject to its end, then the next.
//! - tango-bench 0.9 interleaves two builds of the same function; a row here has six subjects of one build.
//! - binggan 0.17 and zenbench 0.1 interleave. What they time is a call; zenbench's contended groups give each thread a
//!   count, and time the barriers at both ends. Neither places threads, nor takes a ratio to the best of a kind.
//!
//! The plots are made by plotters, with nothing but its SVG backend.
