//! Names for Kea: its configuration is fetched, edited, tested, set and written, over its control socket.
//!
//! Kea's answers pass through here unread: they go to a process without any power, which says what to do next
//! ([`super::reading`]). What Kea holds of leases is left alone, client identifiers too; a device is given its new name, and
//! address, when it next asks.

use super::reading::{self, Reading};
use crate::committer::processes::{self, Process};
use crate::config::serving::{Dhcp, DhcpServer};
use rebootping_core::control::names::Names;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kea answers within a second, also with thousands of reservations.
const PATIENCE: Duration = Duration::from_secs(5);
/// No configuration is longer, in bytes.
pub(super) const LONGEST: u64 = 4 << 20;
/// Where Debian keeps the configuration, for a process whose arguments do not say.
const CONFIGURATION: &str = "/etc/kea/kea-dhcp4.conf";

/// Where Kea is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kea {
    /// Its control socket.
    socket: Option<PathBuf>,
}

impl Kea {
    /// The one that is configured, else one that runs in this network namespace.
    pub(super) fn find(settings: &Dhcp) -> Option<Self> {
        let named = settings.kea_socket.clone();
        // The kernel keeps 15 characters of a name.
        let running = processes::named("kea-dhcp4").into_iter().next();
        if named.is_none() && running.is_none() && settings.server != DhcpServer::Kea {
            return None;
        }
        let of_running = || socket_in(&read(&configuration(&running?)).ok()?);
        Some(Self { socket: named.or_else(of_running) })
    }

    /// Has Kea know these names. Nothing of its configuration is changed unless it has found the whole of it right.
    pub(super) fn tell(&self, names: &Names) -> Result<(), String> {
        let got = self.ask("config-get", None)?;
        let order = serde_json::to_vec(names).map_err(|error| error.to_string())?;
        let Some(edited) = reading::run(&Reading::Edit(order), got)? else { return Ok(()) };
        for command in ["config-test", "config-set"] {
            self.agree(command, Some(&edited))?;
        }
        self.agree("config-write", None)
            .map_err(|error| format!("{error}, so it knows the name until it is started anew"))
    }

    fn agree(&self, command: &str, arguments: Option<&[u8]>) -> Result<(), String> {
        let answer = self.ask(command, arguments)?;
        reading::run(&Reading::Verdict, answer).map(drop).map_err(|error| format!("{command}: {error}"))
    }

    /// Kea's answer to a command, unread.
    fn ask(&self, command: &str, arguments: Option<&[u8]>) -> Result<Vec<u8>, String> {
        let Some(socket) = &self.socket else {
            return Err("Kea has no control socket; add \"control-socket\" to its configuration, or kea_socket under \
                        [dhcp] to ours"
                .to_owned());
        };
        let said = |error: io::Error| format!("Kea cannot be told over {}: {error}", socket.display());
        let mut stream = UnixStream::connect(socket).map_err(said)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(said)?;
        let mut question = format!("{{\"command\":\"{command}\"").into_bytes();
        if let Some(arguments) = arguments {
            question.extend(b",\"arguments\":");
            question.extend(arguments);
        }
        question.push(b'}');
        stream.write_all(&question).map_err(said)?;
        let mut answer = Vec::new();
        stream.take(LONGEST + 1).read_to_end(&mut answer).map_err(said)?;
        if answer.len() as u64 > LONGEST {
            return Err(format!("Kea's configuration is longer than {LONGEST} bytes"));
        }
        Ok(answer)
    }
}

/// The configuration file of a Kea that runs.
pub(super) fn configuration(process: &Process) -> PathBuf {
    process.after("-c").unwrap_or_else(|| CONFIGURATION.into())
}

/// The control socket that a configuration names; its comments keep us from reading it as JSON.
fn socket_in(text: &str) -> Option<PathBuf> {
    let after = text.split_once("\"socket-name\"")?.1;
    let value = after.split_once(':')?.1.trim_start().strip_prefix('"')?;
    let path = value.split_once('"')?.0;
    path.starts_with('/').then(|| path.into())
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_socket_is_found_among_comments() {
        let text = "{ // here\n \"Dhcp4\": { # x\n \"control-socket\": {\n \"socket-type\": \"unix\",\n \
                    \"socket-name\" : \"/run/kea/kea4-ctrl-socket\" } } }";
        assert_eq!(socket_in(text), Some("/run/kea/kea4-ctrl-socket".into()));
        for text in ["", "{}", "\"socket-name\"", "\"socket-name\": 5", "\"socket-name\": \"run\""] {
            assert_eq!(socket_in(text), None, "{text}");
        }
    }
}
