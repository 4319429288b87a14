//! A global allocator that keeps accounts under a `raw::Lock`: no primitive of the raw layer allocates.
//!
//! `cargo run --example raw`

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;

use underthread::raw::Lock;

/// The layouts' bytes that are lent, and the most that ever were.
type Accounts = (usize, usize);

struct Accounting {
    lock: Lock,
    accounts: UnsafeCell<Accounts>,
}

// SAFETY: the accounts are reached only in `with`, under the lock.
unsafe impl Sync for Accounting {}

impl Accounting {
    fn with<R>(&self, body: impl FnOnce(&mut Accounts) -> R) -> R {
        self.lock.acquire();
        // SAFETY: the lock is held, and `body` cannot come back here: it does not allocate.
        let result = body(unsafe { &mut *self.accounts.get() });
        self.lock.release().expect("held since the acquire above");
        result
    }
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Accounting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.with(|(bytes, most)| {
            *bytes += layout.size();
            *most = (*most).max(*bytes);
        });
        // SAFETY: by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        self.with(|(bytes, _)| *bytes -= layout.size());
        // SAFETY: by our caller.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Accounting = Accounting { lock: Lock::new(), accounts: UnsafeCell::new((0, 0)) };

fn main() {
    let before = ALLOCATOR.with(|accounts| *accounts);
    drop(std::hint::black_box((0..1000).map(|number| number.to_string()).collect::<Vec<_>>()));
    let after = ALLOCATOR.with(|accounts| *accounts);
    assert!(after.0 == before.0 && after.1 > before.1 + 1000 * size_of::<String>());
    println!("{} bytes are in use; at most, there were {}", after.0, after.1);
}
