//! Nothing: under shuttle every step is in order.

use super::super::Scope;

/// The light side: between its store and its load.
pub fn light<S: Scope>() {}

/// The heavy side: between its store and its load.
pub fn heavy<S: Scope>() {}

/// True, so that what is done to avoid it runs here: every step is in order without it.
pub fn heavy_is_dear<S: Scope>() -> bool {
    true
}
