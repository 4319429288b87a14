//! Both sides full fences: what the models verify is the symmetric form.

use core::panic::Location;

use super::super::Scope;
use super::model::{Site, Slot};

/// The light side: between its store and its load.
#[track_caller]
pub fn light<S: Scope>() {
    full(Location::caller());
}

/// The heavy side: between its store and its load.
#[track_caller]
pub fn heavy<S: Scope>() {
    full(Location::caller());
}

fn full(caller: &'static Location<'static>) {
    if let Some(order) = Site::new(caller, Slot::Fence).fence() {
        loom::sync::atomic::fence(order);
    }
}
