//! A report as CSV: a row for each open port of each device and of each server beyond a router, a row for a device without any.

use super::facts::{Device, Port, evidence, open, source};
use super::told::Told;
use crate::escape::for_csv;
use rebootping_core::inventory::ports::Protocol;
use std::io::{self, Write};

/// What the first line says.
const COLUMNS: [&str; 24] = [
    "mac",
    "behind",
    "name",
    "name_source",
    "vendor",
    "randomised",
    "proven",
    "kind",
    "interfaces",
    "addresses",
    "first_seen",
    "last_seen",
    "bytes_sent",
    "bytes_received",
    "note",
    "names",
    "ip",
    "protocol",
    "port",
    "service",
    "evidence",
    "banner",
    "port_first_seen",
    "port_last_seen",
];
/// How many of them are a device's.
const OF_DEVICE: usize = 16;
const OF_PORT: usize = COLUMNS.len() - OF_DEVICE;

/// Writes everything; no field is a formula to any spreadsheet.
pub(super) fn write(out: &mut impl Write, told: &impl Told) -> io::Result<()> {
    out.write_all(row(&COLUMNS.map(str::to_owned)).as_bytes())?;
    for device in told.devices() {
        let begin = of_device(&device);
        out.write_all(rows(&begin, open(&device.tcp_open, &device.udp_open)).as_bytes())?;
    }
    for host in told.hosts() {
        let mut begin: [String; OF_DEVICE] = Default::default();
        begin[1] = host.behind.map(|router| router.to_string()).unwrap_or_default();
        begin[9] = host.ip.to_string();
        out.write_all(rows(&begin, open(&host.tcp_open, &host.udp_open)).as_bytes())?;
    }
    Ok(())
}

fn rows<'a>(begin: &[String; OF_DEVICE], ports: impl Iterator<Item = (Protocol, &'a Port)>) -> String {
    let mut text = String::new();
    for (protocol, port) in ports {
        text.push_str(&row(&[&begin[..], &of_port(protocol, port)].concat()));
    }
    if text.is_empty() { row(&[&begin[..], &vec![String::new(); OF_PORT]].concat()) } else { text }
}

fn of_device(device: &Device) -> [String; OF_DEVICE] {
    let best = device.names.iter().find(|name| Some(&name.name) == device.name.as_ref());
    let names = device.names.iter().map(|name| format!("{} ({})", name.name.raw(), source(name.source)));
    let addresses: Vec<String> = device.addresses.iter().map(|address| address.ip.to_string()).collect();
    [
        device.mac.to_string(),
        String::new(),
        device.name.as_ref().map_or_else(String::new, |name| name.raw().to_owned()),
        best.map_or_else(String::new, |name| source(name.source).to_owned()),
        device.vendor.clone().unwrap_or_default(),
        device.randomised.to_string(),
        device.proven.to_string(),
        device.kind.clone().unwrap_or_default(),
        device.interfaces.join(" "),
        addresses.join(" "),
        device.first_seen.clone(),
        device.last_seen.clone(),
        device.bytes_sent.to_string(),
        device.bytes_received.to_string(),
        device.note.clone().unwrap_or_default(),
        names.collect::<Vec<_>>().join("; "),
    ]
}

fn of_port(protocol: Protocol, port: &Port) -> [String; OF_PORT] {
    [
        port.ip.to_string(),
        protocol.to_string(),
        port.port.to_string(),
        port.service.clone().unwrap_or_default(),
        evidence(port.evidence).to_owned(),
        port.banner.as_ref().map_or_else(String::new, |banner| banner.raw().to_owned()),
        port.first_seen.clone(),
        port.last_seen.clone(),
    ]
}

fn row(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| for_csv(field)).collect();
    format!("{}\n", fields.join(","))
}
