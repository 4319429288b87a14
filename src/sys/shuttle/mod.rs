//! The third side of `sys`: shuttle's atomics and threads, for schedules of many threads drawn at random.
//!
//! Every step is sequentially consistent here, and fences are nothing: what is tested is the protocol, not its orders.
//!
//! * [`atomic`]: the atomics are shuttle's. Cells stop in the middle of a use, and catch a second thread there.
//! * [`kernel`]: wait, wake and the clock, with everything that is not promised left to chance.
//! * [`thread`]: shuttle's threads, by the names of the real ones; the text is loom's.
//! * [`model`]: runs a body under random schedules and under PCT.

pub(super) mod atomic;
pub mod fence;
mod kernel;
pub mod model;
#[path = "../loom/thread.rs"]
pub mod thread;

pub use kernel::Deadline;
pub(super) use kernel::{wait, wake};
pub(crate) use shuttle::thread_local;
