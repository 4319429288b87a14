//! Subjects of several groups: a value under a lock, and a condition beside it, of which users build what their crate
//! lacks.

use std::cell::UnsafeCell;

use underthread::threading::{Condition, Lock};

use crate::measure::Kind;

pub trait Mutex<T>: Sync {
    const NAME: (&'static str, Kind);
    fn new(value: T) -> Self;
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

pub trait Monitor<T>: Mutex<T> {
    /// Sleeps until `f` finds what it looks for.
    fn until<R>(&self, f: impl FnMut(&mut T) -> Option<R>) -> R;
    /// Wakes one.
    fn notify(&self);
    fn notify_all(&self);
}

pub struct Ours<T>(Lock<T>, Condition);

impl<T: Send> Mutex<T> for Ours<T> {
    const NAME: (&'static str, Kind) = ("underthread", Kind::Ours);
    fn new(value: T) -> Self {
        Ours(Lock::new(value), Condition::new())
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.acquire())
    }
}

impl<T: Send> Monitor<T> for Ours<T> {
    fn until<R>(&self, mut f: impl FnMut(&mut T) -> Option<R>) -> R {
        let mut guard = self.0.acquire();
        loop {
            if let Some(found) = f(&mut guard) {
                return found;
            }
            self.1.wait(&mut guard);
        }
    }
    fn notify(&self) {
        self.1.notify_one();
    }
    fn notify_all(&self) {
        self.1.notify_all();
    }
}

pub struct Std<T>(std::sync::Mutex<T>, std::sync::Condvar);

impl<T: Send> Mutex<T> for Std<T> {
    const NAME: (&'static str, Kind) = ("std", Kind::Std);
    fn new(value: T) -> Self {
        Std(value.into(), std::sync::Condvar::new())
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }
}

impl<T: Send> Monitor<T> for Std<T> {
    fn until<R>(&self, mut f: impl FnMut(&mut T) -> Option<R>) -> R {
        let mut guard = self.0.lock().unwrap();
        loop {
            if let Some(found) = f(&mut guard) {
                return found;
            }
            guard = self.1.wait(guard).unwrap();
        }
    }
    fn notify(&self) {
        self.1.notify_one();
    }
    fn notify_all(&self) {
        self.1.notify_all();
    }
}

/// Two crates have one interface.
macro_rules! like_parking_lot {
    ($name:ident, $from:ident) => {
        pub struct $name<T>(pub $from::Mutex<T>, $from::Condvar);

        impl<T: Send> Mutex<T> for $name<T> {
            const NAME: (&'static str, Kind) = (stringify!($from), Kind::Peer);
            fn new(value: T) -> Self {
                $name($from::Mutex::new(value), $from::Condvar::new())
            }
            fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
                f(&mut self.0.lock())
            }
        }

        impl<T: Send> Monitor<T> for $name<T> {
            fn until<R>(&self, mut f: impl FnMut(&mut T) -> Option<R>) -> R {
                let mut guard = self.0.lock();
                loop {
                    if let Some(found) = f(&mut guard) {
                        return found;
                    }
                    self.1.wait(&mut guard);
                }
            }
            fn notify(&self) {
                self.1.notify_one();
            }
            fn notify_all(&self) {
                self.1.notify_all();
            }
        }
    };
}

like_parking_lot!(ParkingLot, parking_lot);
like_parking_lot!(Usync, usync);

/// glibc's, of the normal kind.
pub struct Pthread<T> {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    condition: UnsafeCell<libc::pthread_cond_t>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached under the mutex alone.
unsafe impl<T: Send> Sync for Pthread<T> {}

impl<T: Send> Mutex<T> for Pthread<T> {
    const NAME: (&'static str, Kind) = ("pthread", Kind::Peer);
    fn new(value: T) -> Self {
        Pthread {
            mutex: libc::PTHREAD_MUTEX_INITIALIZER.into(),
            condition: libc::PTHREAD_COND_INITIALIZER.into(),
            value: value.into(),
        }
    }
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: initialised, and not moved while in use: it is borrowed.
        unsafe { libc::pthread_mutex_lock(self.mutex.get()) };
        // SAFETY: the mutex is ours.
        let result = f(unsafe { &mut *self.value.get() });
        // SAFETY: it is ours. (A panic in `f` ends the benchmark.)
        unsafe { libc::pthread_mutex_unlock(self.mutex.get()) };
        result
    }
}

impl<T: Send> Monitor<T> for Pthread<T> {
    fn until<R>(&self, mut f: impl FnMut(&mut T) -> Option<R>) -> R {
        // SAFETY: initialised, and not moved while in use: it is borrowed.
        unsafe { libc::pthread_mutex_lock(self.mutex.get()) };
        let found = loop {
            // Borrowed anew after each wait, in which it is other threads'.
            // SAFETY: the mutex is ours.
            if let Some(found) = f(unsafe { &mut *self.value.get() }) {
                break found;
            }
            // SAFETY: initialised; the mutex is ours.
            unsafe { libc::pthread_cond_wait(self.condition.get(), self.mutex.get()) };
        };
        // SAFETY: it is ours.
        unsafe { libc::pthread_mutex_unlock(self.mutex.get()) };
        found
    }
    fn notify(&self) {
        // SAFETY: initialised.
        unsafe { libc::pthread_cond_signal(self.condition.get()) };
    }
    fn notify_all(&self) {
        // SAFETY: initialised.
        unsafe { libc::pthread_cond_broadcast(self.condition.get()) };
    }
}
