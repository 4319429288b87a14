//! shuttle's atomics, each operation a step; and a cell that no two threads may use at once.

use core::cell::Cell;

pub use shuttle::hint::spin_loop as spin_hint;
pub use shuttle::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

/// `core::cell::UnsafeCell` in loom's closure form. A use begins with a step in which any thread may run: one that uses
/// the cell meanwhile, where one of the two writes, is a data race, and panics.
#[derive(Debug, Default)]
pub struct UnsafeCell<T: ?Sized> {
    /// How many read, or -1: one writes.
    users: Cell<i32>,
    value: core::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self { users: Cell::new(0), value: core::cell::UnsafeCell::new(value) }
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Lends a pointer for reading.
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        let users = self.users.get();
        assert!(users >= 0, "{RACE}");
        let _user = User::enter(&self.users, users + 1);
        read(self.value.get())
    }

    /// Lends a pointer for writing.
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        assert!(self.users.get() == 0, "{RACE}");
        let _user = User::enter(&self.users, -1);
        write(self.value.get())
    }
}

const RACE: &str = "a data race: two threads use a cell at once";

struct User<'a>(&'a Cell<i32>);

impl<'a> User<'a> {
    fn enter(users: &'a Cell<i32>, with_this: i32) -> Self {
        users.set(with_this);
        super::kernel::step();
        Self(users)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.0.set(if self.0.get() < 0 { 0 } else { self.0.get() - 1 });
    }
}

/// Makes the memory at `place` a cell without a value, that nobody uses.
///
/// # Safety
///
/// `place` is aligned and valid for writes.
pub unsafe fn make_empty<T>(place: *mut UnsafeCell<core::mem::MaybeUninit<T>>) {
    // SAFETY: by our caller.
    unsafe { place.write(UnsafeCell::new(core::mem::MaybeUninit::uninit())) };
}
