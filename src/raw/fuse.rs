//! Something that is to happen once, after a while, unless it is cut off before: a timer without its thread.
//!
//! | `charge` | `finished` | |
//! |---|---|---|
//! | there | no | burns, or is to be lit |
//! | taken by `burn` | no | goes off now |
//! | taken | yes | has gone off, or was cut |
//!
//! I1  The charge is taken once, under its lock: by the thread that burns the fuse, or by one that cuts it.
//! I2  `finished` comes after that, from who has taken it: so one who finds it, or who is woken by it, finds no charge.
//! I3  `burn` returns after that, whoever has taken the charge: so one who joins the thread that burns the fuse finds
//!     it finished.
//!
//! # Order
//!
//! What `fire` did, or what came before the cut, is visible to who finds the fuse finished.

use core::fmt;

use super::{Guarded, Lock, Stage};
use crate::sys::{Deadline, const_fn};

const BURNING: u32 = 0;
const FINISHED: u32 = 1;

/// A charge that goes off once, or is cut off; see the module's text. 12 bytes besides an `Option` of the charge.
///
/// ```
/// use underthread::raw::Fuse;
///
/// let fuse = Fuse::new("bang");
/// assert_eq!(fuse.cut(), Some("bang"));
/// fuse.burn(None, |_| unreachable!());
/// assert!(fuse.is_finished());
/// ```
pub struct Fuse<T> {
    charge: Guarded<Lock, Option<T>>,
    stage: Stage,
}

struct Finish<'a>(&'a Stage);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.advance(FINISHED);
    }
}

impl<T> Fuse<T> {
    const_fn! {
        /// Not lit yet.
        pub fn new(charge: T) -> Self {
            Self { charge: Guarded::new(Lock::new(), Some(charge)), stage: Stage::new() }
        }
    }

    /// Waits until `deadline`, or until the fuse is cut; then `fire`s the charge, unless it was cut. The fuse is
    /// finished when `fire` has returned, or panicked, and `burn` returns only then: `fire` must not call it.
    pub fn burn(&self, deadline: Option<Deadline>, fire: impl FnOnce(T)) {
        self.stage.wait_past(BURNING, deadline);
        if let Some(charge) = self.take() {
            let _finish = Finish(&self.stage);
            fire(charge);
        } else {
            // I3. Who has the charge advances next, but for a `fire` by another thread.
            self.stage.wait_past(BURNING, None);
        }
    }

    /// Gives the charge, which will not go off any more; none if it is too late for that, or cut already. It may be
    /// going off then.
    pub fn cut(&self) -> Option<T> {
        let charge = self.take();
        if charge.is_some() {
            self.stage.advance(FINISHED);
        }
        charge
    }

    /// Whether the charge has gone off, and `fire` has ended, or the fuse was cut.
    pub fn is_finished(&self) -> bool {
        self.stage.get() == FINISHED
    }

    fn take(&self) -> Option<T> {
        self.charge.acquire().take()
    }
}

impl<T> fmt::Debug for Fuse<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fuse").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

#[cfg(not(any(loom, shuttle)))]
const _: () = assert!(size_of::<Fuse<core::convert::Infallible>>() == 12 && size_of::<Fuse<u32>>() == 12 + 8);
