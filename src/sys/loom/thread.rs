//! The model's threads, by the names of `sys::thread` and `sys::identity`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;

use crate::sys::{Scope, backend, model};

backend::thread_local! {
    static IDENT: Cell<u64> = Cell::new(MAIN_IDENT);
}

std::thread_local! {
    static NEXT_IDENT: Cell<u64> = const { Cell::new(MAIN_IDENT + 1) };
}

/// The ident of the model's main thread.
pub const MAIN_IDENT: u64 = 1;

/// As the system's.
pub fn reserve_ident() -> u64 {
    NEXT_IDENT.with(|next| next.replace(next.get() + 1))
}

/// As the system's.
pub fn ident() -> u64 {
    IDENT.with(Cell::get)
}

/// As the system's.
pub fn adopt_ident(ident: u64) -> u64 {
    IDENT.with(|own| own.set(ident));
    ident
}

/// The model does not fork.
pub fn forks() -> u32 {
    0
}

/// Nothing, for the same reason.
pub fn note_process() {}

/// As [`forks`].
pub fn is_forked() -> bool {
    false
}

/// As the system's.
pub fn stayed_behind(_: u64, _: u32) -> bool {
    false
}

/// As the system's.
pub fn native_id() -> u32 {
    model::thread_index() as u32 + 1
}

/// Calls `f`. Its panic is a scenario that has failed, and goes on.
pub fn contain(f: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    f();
    Ok(())
}

/// Nothing: the model's threads have no names.
pub fn set_os_name(_: u32, _: &str) -> io::Result<()> {
    Ok(())
}

/// A thread of the model.
#[derive(Debug)]
pub struct Native(RefCell<Option<model::JoinHandle<()>>>);

// SAFETY: all threads of a model are coroutines on one OS thread; the cell is never borrowed across a switch.
unsafe impl Send for Native {}
// SAFETY: as for `Send`.
unsafe impl Sync for Native {}

impl Native {
    /// As the system's.
    ///
    /// # Safety
    ///
    /// None here: a second call panics.
    pub unsafe fn join(&self) -> bool {
        self.0.take().expect("joined or detached before").join();
        true
    }

    /// Never: nobody looks before a join here.
    ///
    /// # Safety
    ///
    /// None here.
    pub unsafe fn try_join(&self) -> bool {
        false
    }

    /// As the system's.
    ///
    /// # Safety
    ///
    /// None here: a second call panics.
    pub unsafe fn detach(&self) {
        // A scenario that has failed unwinds through handles.
        assert!(self.0.take().is_some() || std::thread::panicking(), "joined or detached before");
    }
}

/// As the system's, but never refused.
///
/// # Safety
///
/// As the system's.
pub unsafe fn start<A>(
    _: Option<usize>,
    run: fn(A),
    argument: A,
    end: impl FnOnce() + 'static,
) -> Result<Native, (io::Error, A)> {
    let body: Box<dyn FnOnce() + '_> = Box::new(move || run(argument));
    // SAFETY: the lifetime alone changes; what is borrowed outlives the thread, by our caller.
    let body: Box<dyn FnOnce()> = unsafe { core::mem::transmute(body) };
    let handle = model::spawn(move || {
        body();
        end();
    });
    Ok(Native(RefCell::new(Some(handle))))
}

/// As the system's, but the number in this execution.
pub fn owner_id<S: Scope>() -> u32 {
    model::thread_index() as u32 + 1
}

/// The model runs one thread at a time: a spin would only be more interleavings of the same looks.
pub fn cpus() -> u32 {
    1
}

/// Not in the model, for the same reason.
pub fn give_way() -> bool {
    false
}
