//! A global allocator that keeps accounts under a `raw::Lock`: no primitive of the raw layer allocates.
//!
//! `cargo run --example raw`

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;

use underthread::raw::Lock;

#[derive(Clone, Copy, Debug)]
struct Accounts {
    allocations: u64,
    bytes: usize,
    most_bytes: usize,
}

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
        self.with(|accounts| {
            accounts.allocations += 1;
            accounts.bytes += layout.size();
            accounts.most_bytes = accounts.most_bytes.max(accounts.bytes);
        });
        // SAFETY: by our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        self.with(|accounts| accounts.bytes -= layout.size());
        // SAFETY: by our caller.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Accounting =
    Accounting { lock: Lock::new(), accounts: UnsafeCell::new(Accounts { allocations: 0, bytes: 0, most_bytes: 0 }) };

fn main() {
    let before = ALLOCATOR.with(|accounts| *accounts);
    let numbers = std::hint::black_box((0..1000).map(|number| number.to_string()).collect::<Vec<_>>());
    let after = ALLOCATOR.with(|accounts| *accounts);
    assert!(after.allocations - before.allocations > 1000 && after.bytes > before.bytes);
    drop(numbers);
    assert_eq!(ALLOCATOR.with(|accounts| accounts.bytes), before.bytes);
    println!("before {before:?}\nafter  {after:?}");
}
