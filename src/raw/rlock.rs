//! rlock
