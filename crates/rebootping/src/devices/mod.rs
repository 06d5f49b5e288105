//! The commands about devices: who is on the network, as text, table, JSON, CSV or HTML, live or from capture files.
//!
//! ```text
//! capture files ─ offline ─┐                  ┌─ text, list   terminals of 80 columns
//!                          ├─ report ─ facts ─┼─ html         one file to read and print
//! running daemon ─ live ───┘                  └─ csv, json    programs
//! ```
//!
//! Names come from the network: nothing is escaped until it is written, and everything is then.

mod csv;
mod facts;
mod find;
mod html;
mod json;
mod list;
mod live;
mod offline;
#[cfg(test)]
mod tests;
mod text;

use crate::cli::{DeviceOrder, Output, Report};
use crate::client::{fail, load, written};
use crate::clock;
use facts::{All, Origin};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// `rebootping report`.
pub(crate) fn report(explicit: Option<&Path>, asked: &Report) -> ExitCode {
    if asked.pcap.is_empty() {
        return with_daemon(explicit, |report| Ok(rendered(&report, Origin::Daemon, asked)));
    }
    let read = offline::read(&asked.pcap);
    let origin = Origin::Files { files: read.files, packets: read.packets };
    let shown = if read.files > 0 { show(&rendered(&read.report, origin, asked)) } else { ExitCode::FAILURE };
    for trouble in read.troubles {
        eprintln!("rebootping: {trouble}");
    }
    shown
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
    }
}

fn show_one(explicit: Option<&Path>, asked: &str, output: Output) -> ExitCode {
    with_daemon(explicit, |report| {
        let device = find::find(&report, asked)?;
        Ok(if output.json { json::json(device) } else { text::device(device) })
    })
}

fn rendered(report: &All, origin: Origin, asked: &Report) -> String {
    if asked.json {
        json::json(report)
    } else if asked.csv {
        csv::csv(report)
    } else if asked.html {
        html::html(report, origin)
    } else {
        text::text(report, origin)
    }
}

fn with_daemon(explicit: Option<&Path>, show_it: impl FnOnce(All) -> Result<String, String>) -> ExitCode {
    let config = match load(explicit) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match live::report(&config).and_then(show_it) {
        Ok(text) => show(&text),
        Err(problem) => fail(&problem, 1),
    }
}

fn show(text: &str) -> ExitCode {
    written(io::stdout().write_all(text.as_bytes()))
}
