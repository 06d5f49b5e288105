//! Gives every link back where no daemon runs to do it.

use super::settings::{commit_settings, judge_settings};
use super::{STOP_WITHIN, folders};
use crate::clock;
use crate::committer::{self, Committer, prefixes, restrict};
use crate::config::meant::Config;
use crate::ipc::JudgedLink;
use crate::log;
use rebootping_core::commit::State;
use std::thread;
use std::time::Duration;

/// How often is looked whether it is done.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// `rebootping release` without a daemon: what was done, or what is left to do.
pub(crate) fn give_back(config: &Config) -> Result<String, String> {
    folders::require_root("release needs root, to command Shorewall").map_err(|error| error.to_string())?;
    folders::make(config).map_err(|error| error.to_string())?;
    let lock = folders::Lock::take(&config.paths.run).map_err(|error| error.to_string())?;
    let hints = judge_settings(config).providers;
    let links: Vec<JudgedLink> =
        hints.into_iter().map(|hint| JudgedLink { name: hint.interface, label: None, metered: false }).collect();
    let clock = committer::Clock { boot: clock::now, wall: || clock::wall().to_string() };
    let committer =
        Committer::start(commit_settings(config, &links), clock, |event| log::event(event.is_trouble, &event.text));
    let committer = committer.map_err(|error| error.to_string())?;
    committer.release();
    let deadline = clock::now() + config.commit.timeout;
    while committer.status().state != State::Observing && clock::now() < deadline {
        thread::sleep(LOOK_EVERY);
    }
    let status = committer.status();
    committer.stop(STOP_WITHIN);
    let (allowed, preferred) = (restrict::release(), prefixes::release(&config.paths.state));
    drop(lock);
    allowed.and(preferred)?;
    match status.state {
        State::Observing => Ok("every link was given back\n".to_owned()),
        _ => Err(format!(
            "not every link could be given back: {}",
            status.error.unwrap_or_else(|| "it took too long".into())
        )),
    }
}
