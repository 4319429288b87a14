//! More threads than CPUs.

use crate::child::child;
use crate::works::{Crew, all_come_to_their_end};

#[test]
fn totals_are_right_in_a_crowd() {
    child(|| all_come_to_their_end(&Crew { threads: 64, each: 60, around: &|_, body| body() }));
}

#[test]
fn totals_are_right_in_a_crowd_of_hundreds() {
    child(|| all_come_to_their_end(&Crew { threads: 200, each: 6, around: &|_, body| body() }));
}
