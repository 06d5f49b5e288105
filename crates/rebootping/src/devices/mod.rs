//! The commands about devices: who is on the network, as text, table, JSON, CSV or HTML, live or from capture files.
//!
//! ```text
//! capture files ─ offline ─┐                ┌─ text, list   terminals of 80 columns
//!                          ├─ told ─ facts ─┼─ html         one file to read and print
//! running daemon ─ live ───┘                └─ csv, json    programs
//! ```
//!
//! Names come from the network: nothing is escaped until it is written, and everything is then.

mod control;
mod csv;
mod facts;
mod find;
mod html;
mod json;
mod list;
pub(crate) mod live;
mod offline;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod told;

use crate::cli::{DeviceOrder, Output, Report};
use crate::client::{self, fail, load, written};
use crate::clock;
use crate::config::meant::Config;
use crate::daemon::{self, NOBODY, Request};
use crate::ipc::observer::DeviceVerb;
use crate::log;
use facts::{All, Origin};
pub(crate) use live::report as ask;
use rebootping_core::inventory::report::Hardware;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use told::Told;

/// `rebootping report`.
pub(crate) fn report(explicit: Option<&Path>, asked: &Report) -> ExitCode {
    if asked.pcap.is_empty() {
        return report_live(explicit, asked);
    }
    let mut read = offline::read(&asked.pcap);
    let troubles = std::mem::take(&mut read.troubles);
    let origin = Origin::Files { files: read.files, packets: read.packets() };
    let shown = if read.files > 0 { show_all(&read.told(), origin, asked) } else { ExitCode::FAILURE };
    for trouble in troubles {
        log::say(format_args!("rebootping: {trouble}"));
    }
    // The program ends here, and the system takes back at once what would be freed name by name.
    std::mem::forget(read);
    shown
}

fn report_live(explicit: Option<&Path>, asked: &Report) -> ExitCode {
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match live::report(&config) {
        Ok(report) => show_all(&report, Origin::Daemon, asked),
        Err(problem) if problem == NOBODY => fail(&format!("{NOBODY}; --pcap FILE reads captures without one"), 1),
        Err(problem) => fail(&problem, 1),
    }
}

fn show_all(told: &impl Told, origin: Origin, asked: &Report) -> ExitCode {
    let out = &mut BufWriter::new(io::stdout().lock());
    let result = if asked.json {
        json::write(out, told)
    } else if asked.csv {
        csv::write(out, told)
    } else if asked.html {
        html::write(out, told, origin)
    } else {
        text::write(out, told, origin)
    };
    written(result.and_then(|()| out.flush()))
}

/// `rebootping devices`.
pub(crate) fn list(explicit: Option<&Path>, output: Output) -> ExitCode {
    with_daemon(explicit, |report| {
        Ok(if output.json { json::json(&report) } else { list::list(&report, clock::wall()) })
    })
}

/// `rebootping device`.
pub(crate) fn order(explicit: Option<&Path>, asked: &DeviceOrder) -> ExitCode {
    match asked {
        DeviceOrder::Show { device, output } => show_one(explicit, device, *output),
        DeviceOrder::Rename { device, name, address } => control::rename(explicit, device, name.as_ref(), *address),
        DeviceOrder::Restrict(asked) => control::restrict(explicit, asked),
        DeviceOrder::Allow { device } => control::allow(explicit, device),
        DeviceOrder::Undo { id } => control::undo(explicit, *id),
        DeviceOrder::Note { device, text } => tell(explicit, device, |_| Ok(DeviceVerb::Note(text.clone()))),
        DeviceOrder::Merge { device, into } => tell(explicit, device, |known| Ok(DeviceVerb::Merge(known.mac(into)?))),
        DeviceOrder::Split { device } => tell(explicit, device, |_| Ok(DeviceVerb::Split)),
        DeviceOrder::Capture { device, mode } => tell(explicit, device, |_| Ok(DeviceVerb::Capture((*mode).into()))),
        DeviceOrder::Forget { device } => tell(explicit, device, |_| Ok(DeviceVerb::Forget)),
    }
}

fn show_one(explicit: Option<&Path>, asked: &str, output: Output) -> ExitCode {
    with_daemon(explicit, |report| {
        let device = find::find(&report, asked)?;
        Ok(if output.json { json::json(device) } else { text::device(device) })
    })
}

/// Has the daemon do something to a device.
fn tell(
    explicit: Option<&Path>,
    device: &str,
    verb: impl FnOnce(&Known<'_>) -> Result<DeviceVerb, String>,
) -> ExitCode {
    client::with_config(explicit, |config| {
        let known = Known(config);
        let request = Request::Device(known.mac(device)?, verb(&known)?);
        client::done(daemon::ask(&config.paths.run, &request))
    })
}

/// The devices that a daemon knows.
struct Known<'a>(&'a Config);

impl Known<'_> {
    /// The MAC of a device; one that is written out need not be known, so that anything can be forgotten.
    fn mac(&self, device: &str) -> Result<Hardware, String> {
        if let Some(mac) = find::parse_mac(device) {
            return Ok(mac);
        }
        find::find(&live::report(self.0)?, device).map(|device| device.mac)
    }
}

fn with_daemon(explicit: Option<&Path>, show_it: impl FnOnce(All) -> Result<String, String>) -> ExitCode {
    match known(explicit).map(show_it) {
        Ok(Ok(text)) => show(&text),
        Ok(Err(problem)) => fail(&problem, 1),
        Err(code) => code,
    }
}

/// What a running daemon knows; where that cannot be had, the reason is said.
fn known(explicit: Option<&Path>) -> Result<All, ExitCode> {
    live::report(&load(explicit)?).map_err(|problem| fail(&problem, 1))
}

fn show(text: &str) -> ExitCode {
    written(io::stdout().write_all(text.as_bytes()))
}
