//! What of the gateway can be captured: its links first, then its devices, those heard of last first.

use crate::client::ask_status;
use crate::config::meant::Config;
use crate::devices;
use crate::extract::folders::{self, INTERFACE};
use rebootping_core::inventory::report::{Hardware, Report, ReportedDevice};
use rebootping_core::untrusted::Untrusted;
use std::collections::BTreeSet;

/// All our interfaces begin so: names of extcap interfaces must differ from all others.
pub(super) const PREFIX: &str = "rebootping-";
/// Always listed: a gateway elsewhere, by its options. Where nothing can be listed it says why.
pub(super) const ELSEWHERE: &str = "rebootping";
/// As many devices are listed: Wireshark asks each for its options when it starts, one after the other.
pub(super) const MOST_DEVICES: usize = 100;

/// An interface of Wireshark's list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// What it is chosen by.
    pub(super) value: String,
    /// What people read.
    pub(super) display: String,
}

/// What can be captured of this machine; the error is why nothing can.
pub(super) fn list(config: &Config) -> Result<Vec<Listed>, String> {
    let folders = folders::names(config)?;
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
    if listed.is_empty() { Err(folders::nothing_yet(config)) } else { Ok(listed) }
}

/// The links' interfaces and labels, as far as a daemon tells.
fn links(config: &Config) -> Vec<(String, Option<String>)> {
    let links = ask_status(config).map(|status| status.links).unwrap_or_default();
    links.into_iter().map(|link| (link.name, link.label)).collect()
}

/// A link by interface and label.
pub(super) fn link(name: &str, label: Option<&str>) -> Listed {
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
        let display = self::device(device.mac, device.name.as_ref(), device.vendor.as_deref());
        Listed { value: format!("{PREFIX}{mac}"), display }
    });
    listed.collect()
}

/// Devices by MAC alone, where nobody tells their names.
fn unnamed(folders: &[String]) -> Vec<Listed> {
    let macs = folders.iter().filter(|folder| !folder.starts_with(INTERFACE)).take(MOST_DEVICES);
    macs.map(|mac| Listed { value: format!("{PREFIX}{mac}"), display: mac.clone() }).collect()
}

/// What a device is shown as.
pub(super) fn device(mac: Hardware, name: Option<&Untrusted>, vendor: Option<&str>) -> String {
    match name.map(Untrusted::raw).or(vendor) {
        Some(called) => format!("{called} ({mac})"),
        None => mac.to_string(),
    }
}
