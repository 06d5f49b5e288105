//! What was, told to the operator from the history on the disk: graphs, explanations, replays. No daemon need run.

mod at;
mod evidence;
mod graph;
mod moved;
pub(crate) mod outages;
pub(crate) mod page;
mod replay;
mod smoke;
pub(crate) mod switches;

use crate::client::{fail, load, written};
use crate::clock;
use crate::config::meant::Config;
use crate::daemon::folders::observer_state;
use crate::report::links::{Named, Names};
use crate::store::read::{Reader, Span};
pub(crate) use at::why;
pub(crate) use evidence::why as evidence;
pub(crate) use graph::history;
use jiff::Timestamp;
pub(crate) use outages::outages;
use rebootping_core::link::decide::Opening;
use rebootping_core::time::Time;
pub(crate) use replay::replay;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Answers from the history, or says why that cannot be.
fn with_history(explicit: Option<&Path>, tell: impl FnOnce(&Config, &Reader) -> Result<String, String>) -> ExitCode {
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let told = Reader::open(&observer_state(&config.paths.state))
        .map_err(|error| error.to_string())
        .and_then(|reader| tell(&config, &reader));
    match told {
        Ok(text) => written(io::stdout().write_all(text.as_bytes())),
        Err(problem) => fail(&problem, 1),
    }
}

/// The time from one moment to another, in nanoseconds since 1970.
fn span(from: Timestamp, until: Timestamp) -> Span {
    Span { from: nanos(from), until: nanos(until) }
}

fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(if time < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

/// A Unix time as people and JSON write it.
fn label(at: Time) -> Timestamp {
    Timestamp::from_nanosecond(at.as_nanos().into()).unwrap_or(Timestamp::MAX)
}

/// To the second, in the operator's zone.
/// Why what has just happened is not told.
fn written_each(config: &Config) -> String {
    let flush = config.store.flush.as_secs();
    format!("what happens is written every {flush} s: ask again then, and see `rebootping status` for what is now")
}

fn local(at: Time) -> String {
    label(at).to_zoned(clock::zone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What an interface is called by the configuration of today.
pub(crate) type Label<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the links of a record are called.
fn names(label: Label<'_>, opening: &Opening) -> Names {
    called(label, opening.links.iter().map(|link| &link.name))
}

fn called<'a>(label: Label<'_>, interfaces: impl Iterator<Item = &'a String>) -> Names {
    Names::new(interfaces.map(|interface| Named {
        interface: interface.clone(),
        label: label(interface),
        provider: None,
    }))
}
