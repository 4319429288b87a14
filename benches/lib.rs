#![doc = include_str!("../docs/benchmarks/README.md")]
