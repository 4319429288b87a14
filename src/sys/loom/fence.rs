//! Both sides full fences: what the models verify is the symmetric form.

use core::panic::Location;
use core::sync::atomic::Ordering;

use super::super::Scope;
use super::planted::{Site, Slot};
use super::search;
use super::trace::{self, Event};

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

/// False: without it the model would lose wakes that no time brings back.
pub fn heavy_is_dear<S: Scope>() -> bool {
    false
}

fn full(caller: &'static Location<'static>) {
    let order = Site::new(caller, Slot::Fence).order(Ordering::SeqCst);
    trace::note(Event::Fence(order), caller);
    if let Some(order) = order {
        search::fences();
        loom::sync::atomic::fence(order);
    }
}
