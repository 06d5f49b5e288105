//! Carries out the choice of links: by Shorewall, by the operator's program, or not at all.
//!
//! One thread holds a [`rebootping_core::commit::Reconciler`] for each family and does what it asks; what may take long, a
//! command or a disk, has a thread of its own. Callers never wait: what they want lies in an inbox, the latest of each kind.
//!
//! ```text
//! desire, release, reconfigure ─► inbox ─┐                    ┌─► status files (at once; synced by their own thread)
//! kernel (routes, rules) ────────────────┼─► driver ─ outputs ┼─► kernel (drain, connection tracking)
//! one look a second ─────────────────────┘      ▲             ├─► Shorewall ─┐
//!                                               │             ├─► exec ──────┤ a thread for each run
//!                                               │             └─► hooks      │
//!                                               └────── how it ended ◄───────┘
//! ```

pub(crate) mod audit;
mod choice;
pub(crate) mod consent;
pub(crate) mod dhcp;
mod driver;
mod events;
mod exec;
mod family;
mod hooks;
mod inbox;
#[cfg(test)]
mod isusable;
pub(crate) mod kernel;
pub(crate) mod nft;
pub(crate) mod prefixes;
mod processes;
pub(crate) mod providers;
pub(crate) mod restrict;
#[cfg(test)]
pub(crate) mod scratch;
pub(crate) mod shorewall;
pub(crate) mod status_files;

use inbox::Inbox;
use rebootping_core::commit::{Counts, Method, State, Want};
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Who carries out a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Backend {
    /// Shorewall, for each family in which the `isusable` in force reads our status file; else nobody.
    Auto,
    /// Shorewall, and Shorewall6 where it is installed.
    Shorewall,
    /// The operator's program.
    Exec,
    /// Nobody: the choice is only shown.
    Observe,
}

/// A link, as far as a committer needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LinkSettings {
    pub(crate) id: LinkId,
    /// The name used in JSON and messages.
    pub(crate) name: String,
    /// The device, by its name in the kernel.
    pub(crate) interface: String,
}

/// How choices are carried out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    pub(crate) backend: Backend,
    /// How Shorewall is told. Shorewall6 with `balance` providers is always told by [`Method::Reload`].
    pub(crate) method: Method,
    /// Path with `{interface}` in it; `None` is `rebootping-{interface}.status` in Shorewall's state directory.
    pub(crate) status_file: Option<String>,
    /// The same for Shorewall6.
    pub(crate) status_file6: Option<String>,
    /// Program and arguments of [`Backend::Exec`].
    pub(crate) command: Vec<String>,
    /// After this a command, program or hook is ended and has failed.
    pub(crate) timeout: Duration,
    /// Programs with arguments, told of each applied change.
    pub(crate) hooks: Vec<Vec<String>>,
    /// How long a `1` in a status file may be believed without us; the longest hold-down of any link.
    pub(crate) hold_down: Duration,
    /// The file whose `flock` we hold while we run.
    pub(crate) lock: PathBuf,
    pub(crate) links: Vec<LinkSettings>,
}

/// What is wanted of one link in one family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    pub(crate) want: Want,
    /// Its next hop, where it is known and needed.
    pub(crate) gateway: Option<IpAddr>,
}

/// A choice of links. A family without an entry is left as it is.
pub(crate) type Choice = BTreeMap<(Family, LinkId), Wanted>;

/// The program's clocks; they are asked, never kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// Time since boot.
    pub(crate) boot: fn() -> Time,
    /// The time of day, as RFC 3339 in UTC.
    pub(crate) wall: fn() -> String,
}

/// Something an operator would like to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CommitEvent {
    pub(crate) family: Option<Family>,
    pub(crate) link: Option<LinkId>,
    /// It might wake someone: a warning, else plain information.
    pub(crate) is_trouble: bool,
    /// How long a choice took until it was applied.
    pub(crate) took: Option<Duration>,
    pub(crate) text: String,
}

/// How far the latest choice has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CommitStatus {
    /// `shorewall`, `exec` or `observe`: what is really done, whatever was configured.
    pub(crate) backend: &'static str,
    pub(crate) state: State,
    pub(crate) error: Option<String>,
    /// Links whose file and kernel (or last run of the operator's program) agree with the choice.
    pub(crate) committed: BTreeSet<(Family, LinkId)>,
    /// Links that somebody else changed twice within the hour, and that stay so.
    pub(crate) left_alone: BTreeSet<(Family, LinkId)>,
    pub(crate) counts: Counts,
}

/// The thread that commits.
#[derive(Debug)]
pub(crate) struct Committer {
    inbox: Arc<Inbox>,
    status: Arc<Mutex<CommitStatus>>,
    thread: JoinHandle<()>,
}

impl Committer {
    /// Starts it; `tell` is called from its thread and must not wait.
    pub(crate) fn start(
        settings: Settings,
        clock: Clock,
        tell: impl Fn(CommitEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::new()?);
        let status = Arc::new(Mutex::new(CommitStatus::nothing_yet()));
        let driver = driver::Driver::new(settings, clock, Box::new(tell), Arc::clone(&inbox), Arc::clone(&status))?;
        let thread = thread::Builder::new().name("committer".into()).spawn(move || driver.run())?;
        Ok(Self { inbox, status, thread })
    }

    /// The latest choice; it replaces the one before, carried out or not.
    pub(crate) fn desire(&self, choice: Choice) {
        self.inbox.put(|wishes| wishes.choice = Some(choice));
    }

    /// Gives every link back: files `0`, all enabled, no drain left. [`State::Observing`] when that is verified.
    pub(crate) fn release(&self) {
        self.inbox.put(|wishes| wishes.release = true);
    }

    /// Takes new settings; links may have new numbers, so the next choice is waited for.
    pub(crate) fn reconfigure(&self, settings: Settings) {
        self.inbox.put(|wishes| {
            wishes.settings = Some(settings);
            wishes.choice = None;
        });
    }

    pub(crate) fn status(&self) -> CommitStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it, at once or when the command in flight has ended, at the latest after `limit`. The choice stays as it is.
    pub(crate) fn stop(self, limit: Duration) {
        self.inbox.put(|wishes| wishes.stop_within = Some(limit));
        // A panic there has been told by its own message.
        drop(self.thread.join());
    }
}

impl CommitStatus {
    fn nothing_yet() -> Self {
        Self {
            backend: "observe",
            state: State::Pending,
            error: None,
            committed: BTreeSet::new(),
            left_alone: BTreeSet::new(),
            counts: Counts::default(),
        }
    }
}
