//! What the committer and the courier say to each other.

use crate::config::alerts::Alerts;
use crate::config::glob::Glob;
use crate::config::remote_write::RemoteWrite;
use rebootping_core::alerts::outbox::Sink;
use rebootping_core::alerts::{Event, Standing};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// From the committer to the courier.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum ToCourier {
    /// Send like this. The first message; after another one it says [`FromCourier::Anew`].
    Configure(Box<CourierSettings>),
    /// This happened; it is told again until it is [`FromCourier::Kept`].
    Happened {
        /// By which it is known.
        number: u64,
        /// When, since boot. Its own times are since boot too.
        at: Time,
        /// What.
        news: Box<News>,
    },
    /// This is how things are now.
    Stands(Time, Box<Standing>),
    /// The hooks have run, with that outcome.
    Ran(Result<(), String>),
}

/// What happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum News {
    /// Something that people may be told.
    Event(Event),
    /// Devices of which nothing is to be left.
    Forget(Vec<Hardware>),
}

/// From the courier to the committer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum FromCourier {
    /// It goes on, once a second, with so many bytes of memory.
    Alive(u64),
    /// Something the operator would like to know.
    Notice(String),
    /// Something the operator should know.
    Warning(String),
    /// It ends, for another to begin with the settings it was given, or to read files that were replaced.
    Anew,
    /// It has all that happened up to this number.
    Kept(u64),
    /// Have the operator's hooks run with this; they are not asked for again before they have ended.
    Hook(Box<Paper>),
    /// How alerts go, when that has changed.
    Alerts(Box<AlertsReport>),
    /// How it goes with minutes for an engine, when that has changed.
    Minutes(Box<MinutesReport>),
}

/// A message for a program of the operator's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Paper {
    /// For its environment: names, and texts without control characters.
    pub(crate) variables: Vec<(String, String)>,
    /// For its standard input: all of it, as JSON.
    pub(crate) body: String,
}

/// All the courier needs to know of the configuration.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct CourierSettings {
    /// The user it becomes.
    pub(crate) user: String,
    /// Where it keeps what waits.
    pub(crate) state: PathBuf,
    /// `[alerts]`, if anybody is to be told anything.
    pub(crate) alerts: Option<Alerts>,
    /// There are hooks for alerts.
    pub(crate) has_hooks: bool,
    /// `[remote_write]`, if there is an engine.
    pub(crate) remote_write: Option<RemoteWrite>,
    /// Where the observer can be asked for minutes.
    pub(crate) run: PathBuf,
    /// What links are called, by patterns of their interfaces; the first that matches holds.
    pub(crate) labels: Vec<(Glob, Option<String>)>,
    /// How often it was told to read its files again.
    pub(crate) edition: u64,
}

impl CourierSettings {
    /// There is something to send.
    pub(crate) fn are_for_something(&self) -> bool {
        self.alerts.is_some() || self.remote_write.is_some()
    }
}

/// How alerts go.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct AlertsReport {
    /// By place.
    pub(crate) sinks: Vec<SinkReport>,
    /// What waits, for whichever place has the most of it, oldest first; at most [`AlertsReport::MOST`].
    pub(crate) waiting: Vec<Told>,
    /// What was told last, newest first; at most as many.
    pub(crate) latest: Vec<Told>,
    /// Messages wait until quiet hours are over.
    pub(crate) is_quiet: bool,
    /// Why what waits would not survive a restart, if it would not.
    pub(crate) not_kept: Option<String>,
}

impl AlertsReport {
    /// Messages of a kind that are shown.
    pub(crate) const MOST: usize = 50;
}

/// How it goes in one place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SinkReport {
    /// Which.
    pub(crate) sink: Sink,
    /// Messages that wait, and the tests among them.
    pub(crate) waiting: u64,
    pub(crate) tests: u64,
    /// Messages that were taken, that were refused for good, and that went because too many waited.
    pub(crate) taken: u64,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    /// When the last one was taken, RFC 3339.
    pub(crate) last_taken: Option<String>,
    /// Attempts, whatever came of them.
    pub(crate) attempts: u64,
    /// Why the last attempt failed, if it did.
    pub(crate) error: Option<String>,
}

/// How it goes with minutes for an engine.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct MinutesReport {
    /// Numbers that the engine took, and that it refused for good.
    pub(crate) taken: u64,
    pub(crate) refused: u64,
    /// Minutes that wait, and that were too old when they could have been sent.
    pub(crate) waiting_minutes: u64,
    pub(crate) too_old_minutes: u64,
    /// Attempts that failed.
    pub(crate) failed: u64,
    /// When the last message was taken, RFC 3339.
    pub(crate) last_taken: Option<String>,
    /// Why the last attempt failed, if it did.
    pub(crate) error: Option<String>,
}

/// A message, as operators see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Its number.
    pub(crate) number: u64,
    /// When there was something to tell, RFC 3339.
    pub(crate) time: String,
    /// In a sentence.
    pub(crate) text: String,
}
