//! The gateway in Wireshark: its devices among the interfaces, their names, and colours for what happens.
//!
//! ```text
//! Wireshark ─ which interfaces, options, types ─► extcap ─► listing ─► observer, folder of captures
//!           ─ capture to this pipe ─────────────►        ─► extract
//!                                                        ─► remote ─► the page of a gateway elsewhere
//! ```
//!
//! Wireshark runs us as whoever runs it, so that user must be allowed to read the captures, or have a token.

mod elsewhere;
mod extcap;
mod filter;
mod install;
mod listing;
mod options;
mod profile;
mod remote;
mod sentences;
mod zip;

pub(crate) use extcap::extcap;
pub(crate) use profile::archive as profile_archive;
pub(crate) use remote::{Address, Fingerprint};

use crate::cli::WiresharkOrder;
use crate::client::{fail, load, written};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// `rebootping wireshark`.
pub(crate) fn order(explicit: Option<&Path>, order: &WiresharkOrder) -> ExitCode {
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let done = match order {
        WiresharkOrder::Install { system, undo: true, .. } => install::undo(*system),
        WiresharkOrder::Install { system, undo: false, gateway, fingerprint } => {
            install::install(explicit, *system, gateway.as_ref(), *fingerprint)
        }
        WiresharkOrder::Profile { folder } => profile::write(&config, folder),
    };
    match done {
        Ok(said) => written(writeln!(io::stdout(), "{said}")),
        Err(problem) => fail(&problem, 1),
    }
}
