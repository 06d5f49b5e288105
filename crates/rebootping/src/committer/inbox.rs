//! What callers and finished commands leave for the driver: the latest of each kind, so nothing here can grow.

use super::{Choice, Settings};
use nix::sys::eventfd::{EfdFlags, EventFd};
use rebootping_core::commit::Output;
use rebootping_core::link::Family;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Everything left since the driver last looked.
#[derive(Default, Debug)]
pub(super) struct Wishes {
    pub(super) settings: Option<Settings>,
    pub(super) choice: Option<Choice>,
    pub(super) release: bool,
    pub(super) stop_within: Option<Duration>,
    /// At most one for each family, the operator's program and the hooks' queue.
    pub(super) ended: Vec<Ended>,
}

/// A run that has ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Of Shorewall. `generation` tells runs for reconcilers that are no more; of a success, its last warning is kept.
    Shorewall { family: Family, generation: u64, output: Output, result: Result<Option<String>, String> },
    /// Of the operator's program.
    Exec { generation: u64, result: Result<(), String> },
    /// Of a hook.
    Hook { program: String, result: Result<(), String> },
}

/// The inbox; its descriptor is readable while something lies in it.
#[derive(Debug)]
pub(super) struct Inbox {
    wishes: Mutex<Wishes>,
    bell: EventFd,
}

impl Inbox {
    pub(super) fn new() -> io::Result<Self> {
        let bell = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        Ok(Self { wishes: Mutex::default(), bell })
    }

    /// Leaves something and rings.
    pub(super) fn put(&self, leave: impl FnOnce(&mut Wishes)) {
        leave(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        // It can only fail when it has rung 2^64 times unheard.
        let _unheard = self.bell.write(1).is_err();
    }

    /// Takes everything out.
    pub(super) fn take(&self) -> Wishes {
        // Not having rung is no error.
        let _silent = self.bell.read().is_err();
        std::mem::take(&mut *self.wishes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
