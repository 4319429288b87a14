//! `Local`: a value for each thread and object.
//!
//! Each thread keeps its own values, by the objects' ids, in a `std::thread_local!`; no other thread ever touches them,
//! so they need not be `Send`. No user code runs while that map is borrowed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::raw::{LOCALS, LocalId};

/// A value for each thread: made by `init` when a thread first asks for it, dropped in that thread at its end, before a
/// join of it returns.
///
/// When the object is dropped, the calling thread's value is dropped with it. Other threads drop theirs when they next
/// use any `Local`, or at their end: a value never leaves its thread. (Python drops all at once, wherever it is.)
///
/// If `init` panics there is no value, and the next use tries again. A value whose drop panics at a thread's end aborts
/// the process, as with `std::thread_local!`. Values of the main thread are dropped only if the C library does so.
///
/// The object itself is an id and a function: 16 bytes on 64-bit systems.
///
/// ```
/// use std::cell::Cell;
/// use underthread::threading::{Local, scope};
///
/// static CALLS: Local<Cell<u32>> = Local::new(|| Cell::new(0));
///
/// CALLS.with(|calls| calls.set(1));
/// scope(|s| {
///     s.start(|| CALLS.with(|calls| assert_eq!(calls.get(), 0))).unwrap();
/// });
/// CALLS.with(|calls| assert_eq!(calls.get(), 1));
/// ```
///
/// The object is `Send` and `Sync` whatever the value is, since a thread sees only its own. That value goes to another
/// thread only by a reference, so only if it is `Sync`:
///
/// ```compile_fail,E0277
/// use std::cell::Cell;
/// use underthread::threading::{Local, scope};
///
/// static CALLS: Local<Cell<u32>> = Local::new(|| Cell::new(0));
/// CALLS.with(|calls| scope(|s| drop(s.start(|| calls.set(1)))));
/// ```
///
/// and no reference outlives [`with`](Self::with), since the value may be dropped then:
///
/// ```compile_fail,E0521
/// use underthread::threading::Local;
///
/// static NAME: Local<String> = Local::new(String::new);
/// let mut kept = None;
/// NAME.with(|name| kept = Some(name));
/// ```
pub struct Local<T: 'static> {
    id: LocalId,
    init: fn() -> T,
}

/// The thread's values have been dropped already: it is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError;

#[derive(Default)]
struct Values {
    of: RefCell<BTreeMap<u64, Rc<dyn Any>>>,
    /// What `LOCALS` said when those of dead objects were last cleared up.
    cleared: Cell<u64>,
}

std::thread_local! {
    static VALUES: Values = Values::default();
}

impl Values {
    fn get(&self, id: u64) -> Option<Rc<dyn Any>> {
        self.of.borrow().get(&id).cloned()
    }

    /// Keeps `fresh`, unless the same thread's `init` has put one there meanwhile.
    fn keep(&self, id: u64, fresh: Rc<dyn Any>) -> Rc<dyn Any> {
        // What is not kept is dropped at the end, when the map is free again.
        self.get(id).unwrap_or_else(|| {
            self.of.borrow_mut().insert(id, Rc::clone(&fresh));
            fresh
        })
    }

    fn remove(&self, id: u64) -> Option<Rc<dyn Any>> {
        self.of.borrow_mut().remove(&id)
    }

    /// Drops the values of objects that are gone.
    fn clear_up(&self) {
        let retired = LOCALS.retired();
        if self.cleared.replace(retired) == retired {
            return;
        }
        let dead: Vec<u64> = self.of.borrow().keys().copied().filter(|id| !LOCALS.is_live(*id)).collect();
        // All are taken out first, and dropped when the map is free again: a drop may use any `Local`, and if one
        // panics the others are dropped all the same.
        let values: Vec<_> = dead.into_iter().filter_map(|id| self.remove(id)).collect();
        drop(values);
    }
}

impl<T: 'static> Local<T> {
    /// An object whose values `init` makes, in each thread its own.
    pub const fn new(init: fn() -> T) -> Self {
        Self { id: LocalId::new(), init }
    }

    /// Lends the calling thread's value to `f`.
    ///
    /// # Panics
    ///
    /// If the thread's values have been dropped already; see [`try_with`](Self::try_with).
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(AccessError) => panic!("{AccessError}"),
        }
    }

    /// Lends the calling thread's value to `f`.
    ///
    /// # Errors
    ///
    /// [`AccessError`] in a destructor at the thread's end that runs after, or as, its values are dropped.
    pub fn try_with<R>(&self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let id = self.id.get();
        let known = VALUES.try_with(|values| {
            values.clear_up();
            values.get(id)
        });
        let value = match known.map_err(|_| AccessError)? {
            Some(value) => value,
            None => {
                let fresh = Rc::new((self.init)());
                VALUES.try_with(|values| values.keep(id, fresh)).map_err(|_| AccessError)?
            }
        };
        let value = value.downcast::<T>().expect("an id has one type");
        Ok(f(&value))
    }
}

impl<T: 'static> Drop for Local<T> {
    fn drop(&mut self) {
        if let Some(id) = self.id.given() {
            // Where the values are gone already, so is this one.
            let value = VALUES.try_with(|values| values.remove(id));
            drop(value);
        }
    }
}

impl<T: 'static> fmt::Debug for Local<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Local").finish_non_exhaustive()
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a Local is used after the thread's values have been dropped")
    }
}

impl std::error::Error for AccessError {}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Local<[u8; 100]>>() == 16);
