//! Devices as a table of one line each, for a terminal of 80 columns.

use super::facts::{All, Device, plural};
use super::told::Outline;
use crate::escape::{columns, for_columns};
use crate::report::amount::bytes;
use crate::report::control::state;
use jiff::Timestamp;
use std::fmt::Write;

/// What stands above each column, and how wide it may become.
const COLUMNS: [(&str, usize); 6] =
    [("DEVICE", 20), ("VENDOR", 13), ("ADDRESS", 18), ("ON", 7), ("SEEN", 4), ("BYTES", 7)];

/// Every device on a line.
pub(super) fn list(report: &All, now: Timestamp) -> String {
    if report.devices.is_empty() {
        return "no device yet: a device is listed once it is proven to be there\n".to_owned();
    }
    let outline = Outline::of(report);
    let mut rows = vec![COLUMNS.map(|(title, _)| title.to_owned())];
    rows.extend(outline.devices(report).filter(|device| !device.archived).map(|device| row(&device, now)));
    let mut text = String::new();
    for row in &rows {
        text.push_str(line(row, &rows).trim_end());
        text.push('\n');
    }
    let archived = report.devices.iter().filter(|device| device.archived).count();
    if archived > 0 {
        let macs = plural(archived, "random MAC", "random MACs");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "not shown: {macs} silent for 30 days; `rebootping report` has them");
    }
    text
}

fn row(device: &Device, now: Timestamp) -> [String; 6] {
    let name = device.name.as_ref().map_or_else(|| device.mac.to_string(), |name| name.raw().to_owned());
    let restricted = device.restriction.as_ref().filter(|restricted| restricted.in_force);
    let vendor = match &device.vendor {
        _ if restricted.is_some() => restricted.map_or("", |restricted| state(restricted.mode)),
        Some(vendor) => vendor.as_str(),
        None if device.randomised => "(random MAC)",
        None => "",
    };
    let total = device.bytes_sent.saturating_add(device.bytes_received);
    let cells = [
        name,
        vendor.to_owned(),
        address(device),
        device.interfaces.join(","),
        age(&device.last_seen, now),
        bytes(total),
    ];
    let mut widths = COLUMNS.iter().map(|(_, width)| *width);
    cells.map(|cell| for_columns(&cell, widths.next().unwrap_or_default()))
}

/// The address one would type, and how many more there are.
fn address(device: &Device) -> String {
    let best = device.addresses.iter().map(|address| address.ip).min_by_key(|ip| match ip {
        std::net::IpAddr::V4(_) => 0,
        std::net::IpAddr::V6(ip) if !ip.is_unicast_link_local() => 1,
        std::net::IpAddr::V6(_) => 2,
    });
    let more = device.addresses.len().saturating_sub(1);
    match best {
        Some(ip) if more > 0 => format!("{ip} +{more}"),
        Some(ip) => ip.to_string(),
        None => String::new(),
    }
}

/// How long ago, in its largest unit.
fn age(label: &str, now: Timestamp) -> String {
    let Ok(then) = label.parse::<Timestamp>() else { return String::new() };
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn line(row: &[String; 6], rows: &[[String; 6]]) -> String {
    let cell = |column: usize| {
        let width = rows.iter().map(|row| columns(&row[column])).max().unwrap_or_default();
        format!("{}{}", row[column], " ".repeat(width - columns(&row[column])))
    };
    (0..row.len()).map(cell).collect::<Vec<_>>().join("  ")
}
