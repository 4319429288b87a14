//! What all handles of a thread share: its name, its flags, and what it is by now.
//!
//! Locks, in the order in which they may be taken: a record's `life`, then the registry. A result's own lock is never
//! held with another. No user code runs under any of them.

use std::io;
use std::sync::Arc;

use super::exit::Finalizing;
use super::outcome::{JoinError, StartError};
use super::registry;
use super::thread::Thread;
use crate::raw::{self, Brief, Deadline, Guarded, Handle, Options, Stage};

/// What all handles of a thread share, whatever its result.
pub(super) struct Record {
    pub(super) life: Guarded<Brief, Life>,
    /// Stage 0 until a thread that was not started here has ended.
    gone: Stage,
    /// In which process it was made.
    forks: u32,
}

pub(super) struct Life {
    pub(super) name: Arc<str>,
    pub(super) daemon: bool,
    pub(super) stack_size: Option<usize>,
    pub(super) origin: Origin,
}

pub(super) enum Origin {
    New,
    Started(Handle),
    Main { ident: u64 },
    Dummy { ident: u64, native_id: u32 },
}

impl Record {
    fn of(name: Arc<str>, daemon: bool, origin: Origin) -> Self {
        let life = Life { name, daemon, stack_size: None, origin };
        Self { life: Guarded::new(Brief::new(), life), gone: Stage::new(), forks: raw::forks() }
    }

    pub(super) fn new() -> Self {
        let (number, daemon) = registry::number_and_daemon();
        Self::of(format!("Thread-{number}").into(), daemon, Origin::New)
    }

    pub(super) fn main() -> Self {
        Self::of("MainThread".into(), false, Origin::Main { ident: raw::main_ident() })
    }

    pub(super) fn dummy(name: Arc<str>, ident: u64, native_id: u32) -> Self {
        Self::of(name, true, Origin::Dummy { ident, native_id })
    }

    pub(super) fn start(
        this: &Arc<Self>,
        create: impl FnOnce(Options, Thread) -> io::Result<Handle>,
    ) -> Result<(), StartError> {
        // Held until the system has answered: whoever wants to join waits for the handle here.
        let mut life = this.life.acquire();
        if !matches!(life.origin, Origin::New) {
            return Err(StartError::AlreadyStarted);
        }
        let mut options = Options::new().name(Arc::clone(&life.name));
        if let Some(bytes) = life.stack_size {
            options = options.stack_size(bytes);
        }
        let ident = options.ident();
        registry::enter(ident, this, life.daemon).map_err(|Finalizing| StartError::Finalizing)?;
        match create(options, Thread::of(Arc::clone(this))) {
            Ok(handle) => life.origin = Origin::Started(handle),
            Err(error) => {
                registry::leave(ident);
                return Err(StartError::System(error));
            }
        }
        Ok(())
    }

    #[track_caller]
    pub(super) fn describe(&self, change: impl FnOnce(&mut Life)) {
        let mut life = self.life.acquire();
        let new = matches!(life.origin, Origin::New);
        if new {
            change(&mut life);
        }
        drop(life);
        assert!(new, "a thread is described before it is started");
    }

    /// Ends one that was not started here.
    pub(super) fn end(&self) {
        self.gone.advance(1);
    }

    pub(super) fn join_until(&self, deadline: Option<Deadline>) -> Result<bool, JoinError> {
        let life = self.life.acquire();
        if life.ident() == Some(raw::main_ident()) {
            drop(life);
            // However it began, and whether it will return: its end is the process's.
            return if raw::is_main() { Err(JoinError::Itself) } else { Ok(self.gone.wait_past(0, deadline)) };
        }
        let handle = match &life.origin {
            Origin::New => return Err(JoinError::NotStarted),
            Origin::Dummy { .. } => return Err(JoinError::Foreign),
            // Of the parent of this process.
            Origin::Main { .. } => return Ok(true),
            Origin::Started(handle) => handle.clone(),
        };
        drop(life);
        handle.join_until(deadline).map_err(|raw::Itself| JoinError::Itself)
    }

    pub(super) fn is_alive(&self) -> bool {
        self.lives(&self.life.acquire())
    }

    pub(super) fn lives(&self, life: &Life) -> bool {
        let Some(ident) = life.ident() else { return false };
        match &life.origin {
            Origin::Started(handle) if ident != raw::main_ident() => !handle.is_done(),
            _ => self.gone.get() == 0 && !raw::stayed_behind(ident, self.forks),
        }
    }
}

impl Life {
    pub(super) fn ident(&self) -> Option<u64> {
        match &self.origin {
            Origin::New => None,
            Origin::Started(handle) => Some(handle.ident()),
            Origin::Main { ident } | Origin::Dummy { ident, .. } => Some(*ident),
        }
    }

    pub(super) fn native_id(&self) -> Option<u32> {
        // However it began: the main thread of a forked child had another number in the parent.
        if self.ident() == Some(raw::main_ident())
            && let Some(id) = raw::main_native_id()
        {
            return Some(id);
        }
        match &self.origin {
            Origin::New | Origin::Main { .. } => None,
            Origin::Started(handle) => Some(handle.native_id()),
            Origin::Dummy { native_id, .. } => Some(*native_id),
        }
    }
}
