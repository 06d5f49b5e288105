//! What of the gateway can be captured: its links first, then its devices, those heard of last first.

use crate::client::ask_status;
use crate::config::meant::Config;
use crate::devices;
use crate::extract::folders::{self, INTERFACE};
use rebootping_core::inventory::report::{Report, ReportedDevice};
use std::collections::BTreeSet;

/// All our interfaces begin so: names of extcap interfaces must differ from all others.
pub(super) const PREFIX: &str = "rebootping-";
/// Stands for the gateway where nothing can be listed; to capture on it says why.
pub(super) const NOTHING: &str = "rebootping";
/// As many devices are listed: Wireshark asks each for its options when it starts, one after the other.
const MOST_DEVICES: usize = 100;

/// An interface of Wireshark's list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// What it is chosen by.
    pub(super) value: String,
    /// What people read.
    pub(super) display: String,
}

/// The list; it is never empty.
pub(super) fn list(config: &Config) -> Vec<Listed> {
    let folders = match folders::list(&config.paths.captures) {
        Ok(folders) => folders,
        Err(error) => return vec![nothing(&format!("{}: {error}", config.paths.captures.display()))],
    };
    let links = links(config);
    let report = devices::ask(config).ok();
    let mut listed: Vec<Listed> = links.iter().map(|(name, label)| link(name, label.as_deref())).collect();
    // Interfaces without MAC that are no links have captures of their own too.
    let others = folders.iter().filter_map(|folder| folder.strip_prefix(INTERFACE));
    let others = others.filter(|name| links.iter().all(|(link, _)| link != name));
    listed.extend(others.map(|name| Listed { value: format!("{PREFIX}{name}"), display: format!("interface {name}") }));
    listed.extend(match report {
        Some(report) => named(&report, &folders),
        None => unnamed(&folders),
    });
    if listed.is_empty() {
        listed.push(nothing("nothing is captured yet"));
    }
    listed
}

/// The links' interfaces and labels, as far as a daemon tells.
fn links(config: &Config) -> Vec<(String, Option<String>)> {
    let links = ask_status(config).map(|status| status.links).unwrap_or_default();
    links.into_iter().map(|link| (link.name, link.label)).collect()
}

fn link(name: &str, label: Option<&str>) -> Listed {
    let display = label.map_or_else(|| format!("link {name}"), |label| format!("link {label} ({name})"));
    Listed { value: format!("{PREFIX}{name}"), display }
}

/// Devices of which there are captures, by name.
fn named(report: &Report<String>, folders: &[String]) -> Vec<Listed> {
    let kept: BTreeSet<&str> = folders.iter().map(String::as_str).collect();
    let mut devices: Vec<(String, &ReportedDevice<String>)> =
        report.devices.iter().map(|device| (device.mac.to_string(), device)).collect();
    devices.retain(|(mac, _)| kept.contains(mac.as_str()));
    devices.sort_by(|(_, one), (_, other)| other.last_seen.cmp(&one.last_seen));
    devices.truncate(MOST_DEVICES);
    let listed = devices.into_iter().map(|(mac, device)| {
        let display = match (&device.name, &device.vendor) {
            (Some(name), _) => format!("{} ({mac})", name.raw()),
            (None, Some(vendor)) => format!("{vendor} ({mac})"),
            (None, None) => mac.clone(),
        };
        Listed { value: format!("{PREFIX}{mac}"), display }
    });
    listed.collect()
}

/// Devices by MAC alone, where nobody tells their names.
fn unnamed(folders: &[String]) -> Vec<Listed> {
    let macs = folders.iter().filter(|folder| !folder.starts_with(INTERFACE)).take(MOST_DEVICES);
    macs.map(|mac| Listed { value: format!("{PREFIX}{mac}"), display: mac.clone() }).collect()
}

fn nothing(why: &str) -> Listed {
    Listed { value: NOTHING.to_owned(), display: format!("rebootping: {why}") }
}
