//! A report as the contract's JSON, on one line that a terminal or a page can show as well.

use super::facts::Device;
use crate::escape::for_json;
use rebootping_core::inventory::listing::Listing;
use rebootping_core::inventory::report::SCHEMA;
use rebootping_core::time::Time;
use serde::Serialize;
use std::io::{self, Write};

/// A report, or one device of it.
pub(super) fn json(report: &impl Serialize) -> String {
    let mut text = piece(report);
    text.push('\n');
    text
}

/// Writes a report device by device, as [`json`] would write it whole; `complete` adds to each device what else is known of it.
pub(super) fn write(
    out: &mut impl Write,
    listing: &Listing<'_, impl Fn(Time) -> String>,
    complete: impl Fn(&mut Device),
) -> io::Result<()> {
    let completed = listing.devices().map(|mut device| {
        complete(&mut device);
        device
    });
    write!(out, "{{\"schema\":{SCHEMA},\"devices\":[")?;
    write_all(out, completed)?;
    write!(out, "],\"hosts\":[")?;
    write_all(out, listing.hosts())?;
    writeln!(out, "],\"events\":{},\"left_out\":{}}}", piece(&listing.events()), piece(&listing.left_out()))
}

fn write_all(out: &mut impl Write, pieces: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    for (at, one) in pieces.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}{}", piece(&one))?;
    }
    Ok(())
}

fn piece(value: &impl Serialize) -> String {
    // Nothing in a report can fail to be written.
    for_json(&serde_json::to_string(value).unwrap_or_default())
}
