//! A report as the contract's JSON, on one line that a terminal or a page can show as well.

use super::told::Told;
use crate::escape::for_json;
use rebootping_core::inventory::report::SCHEMA;
use serde::Serialize;
use std::io::{self, Write};

/// A report that is in memory, or a part of it.
pub(super) fn json(report: &impl Serialize) -> String {
    let mut text = piece(report);
    text.push('\n');
    text
}

/// Writes a report device by device, as [`json`] would write it whole.
pub(super) fn write(out: &mut impl Write, told: &impl Told) -> io::Result<()> {
    write!(out, "{{\"schema\":{SCHEMA},\"devices\":[")?;
    write_all(out, told.devices())?;
    write!(out, "],\"hosts\":[")?;
    write_all(out, told.hosts())?;
    writeln!(out, "],\"events\":{},\"left_out\":{}}}", piece(&told.events()), piece(&told.left_out()))
}

fn write_all(out: &mut impl Write, pieces: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    for (at, one) in pieces.enumerate() {
        let comma: &[u8] = if at == 0 { b"" } else { b"," };
        out.write_all(comma)?;
        out.write_all(piece(&one).as_bytes())?;
    }
    Ok(())
}

fn piece(value: &impl Serialize) -> String {
    // Nothing in a report can fail to be written.
    for_json(serde_json::to_string(value).unwrap_or_default())
}
