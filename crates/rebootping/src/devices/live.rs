//! What a running daemon knows of devices.

use super::facts::All;
use crate::config::meant::Config;
use crate::ipc::observer::Fact;
use crate::observer::questions;
use std::io;

/// Asks the observer; why it could not be asked otherwise.
pub(super) fn report(config: &Config) -> Result<All, String> {
    let answer = questions::ask(&config.paths.run, Fact::Report).map_err(|error| explain(&error))?;
    serde_json::from_str(&answer)
        .map_err(|error| format!("the daemon's answer is not understood ({error}); is it of this version?"))
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "no daemon runs; start one with `rebootping run`, name its file with --config, or read captures with `rebootping report --pcap FILE`".to_owned()
        }
        io::ErrorKind::PermissionDenied => error.to_string(),
        _ => format!("the daemon does not answer ({error}); try again in a moment"),
    }
}
