//! What there is to say of a device, fact by fact, as raw as it came: text and HTML lay out the same facts, each escaping its way.

use super::told::Outline;
use crate::report::amount::{bytes, count};
use crate::report::control::words;
use rebootping_core::inventory::addresses::Claim;
use rebootping_core::inventory::device::{Announced, Service};
use rebootping_core::inventory::names::Source;
use rebootping_core::inventory::ports::{Evidence, Protocol};
use rebootping_core::inventory::report::{
    LeftOut, Report, ReportedContact, ReportedDevice, ReportedHost, ReportedName, ReportedPort,
};
use rebootping_core::keep::Mode;
use rebootping_core::untrusted::Untrusted;
use std::collections::BTreeSet;
use std::iter;
use std::net::IpAddr;

pub(super) type All = Report<String>;
pub(super) type Device = ReportedDevice<String>;
pub(super) type Host = ReportedHost<String>;
pub(super) type Port = ReportedPort<String>;

/// So many of those a device talks to are shown to people, the heaviest.
const TALKS_TO: usize = 5;

/// Where a report comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A running daemon.
    Daemon,
    /// Capture files.
    Files {
        /// How many could be read.
        files: usize,
        /// Packets in them.
        packets: u64,
    },
}

/// How the items of a fact are put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Joined {
    /// One after the other with commas.
    Commas,
    /// They are the words of a text.
    Words,
    /// Each on a line of its own, as far as it goes.
    Lines,
}

/// One thing known of a device.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) items: Vec<String>,
    pub(super) joined: Joined,
}

/// What a device is called: its name and who says so, or its MAC.
pub(super) fn title(device: &Device) -> String {
    let Some(name) = &device.name else { return device.mac.to_string() };
    let said = device.names.iter().find(|said| said.name == *name);
    said.map_or_else(|| name.raw().to_owned(), called)
}

/// Everything there is to say of a device; what nothing is known of is left out.
pub(super) fn facts(device: &Device) -> Vec<Fact> {
    let all = [
        ("MAC", Joined::Commas, hardware(device)),
        ("may also be", Joined::Commas, likely(device)),
        ("lease", Joined::Commas, leased(device)),
        ("restricted", Joined::Commas, restricted(device)),
        ("kind", Joined::Commas, kind(device)),
        ("also called", Joined::Commas, other_names(device)),
        ("addresses", Joined::Commas, addresses(device)),
        ("interfaces", Joined::Commas, device.interfaces.clone()),
        ("open ports", Joined::Lines, ports(device)),
        ("announces", Joined::Commas, device.services_announced.iter().map(service).collect()),
        ("talks to", Joined::Lines, contacts(device)),
        ("is", Joined::Commas, device.models.iter().map(|model| model.raw().to_owned()).collect()),
        ("DHCP class", Joined::Commas, dhcp_classes(device)),
        ("browses with", Joined::Lines, device.user_agents.iter().map(|agent| agent.raw().to_owned()).collect()),
        ("note", Joined::Words, device.note.iter().flat_map(|note| note.split_whitespace()).map(Into::into).collect()),
        ("traffic", Joined::Commas, traffic(device.bytes_sent, device.bytes_received)),
        ("captures", Joined::Commas, captures(device)),
        ("seen", Joined::Commas, seen(device)),
    ];
    let known = all.into_iter().filter(|(_, _, items)| !items.is_empty());
    known.map(|(label, joined, items)| Fact { label, items, joined }).collect()
}

/// Open ports, one line each; where they are only if that is not plain.
pub(super) fn port_lines<'a>(ports: impl Iterator<Item = (Protocol, &'a Port)>) -> Vec<String> {
    let ports: Vec<_> = ports.collect();
    let is_at_one = ports.iter().map(|(_, port)| port.ip).collect::<BTreeSet<IpAddr>>().len() < 2;
    let mut lines: Vec<(&(Protocol, &Port), Vec<String>)> = Vec::new();
    for port in &ports {
        let is_same = |other: &(Protocol, &Port)| {
            (other.0, other.1.port, other.1.evidence) == (port.0, port.1.port, port.1.evidence)
                && (&other.1.banner, &other.1.other_banners) == (&port.1.banner, &port.1.other_banners)
        };
        match lines.iter_mut().find(|(other, _)| is_same(other)) {
            Some((_, at)) => at.push(port.1.ip.to_string()),
            None => lines.push((port, vec![port.1.ip.to_string()])),
        }
    }
    let line = |((protocol, port), at): &(&(Protocol, &Port), Vec<String>)| {
        let place = if is_at_one { String::new() } else { format!(" at {}", at.join(", ")) };
        format!("{}{place} ({})", numbered(*protocol, port), proof(port))
    };
    lines.iter().map(line).collect()
}

/// `22/tcp ssh`.
pub(super) fn numbered(protocol: Protocol, port: &Port) -> String {
    let service = port.service.as_ref().map_or_else(String::new, |service| format!(" {service}"));
    format!("{}/{protocol}{service}", port.port)
}

/// The word for a proof.
pub(super) const fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::SynAck => "syn_ack",
        Evidence::Established => "established",
        Evidence::Answered => "answered",
    }
}

/// The word for who says a name.
pub(super) const fn source(source: Source) -> &'static str {
    match source {
        Source::User => "user",
        Source::Dhcp => "dhcp",
        Source::Mdns => "mdns",
        Source::Llmnr => "llmnr",
        Source::Netbios => "netbios",
        Source::Ssdp => "ssdp",
        Source::Lldp => "lldp",
        Source::Cdp => "cdp",
        Source::Dns => "dns",
    }
}

/// All open ports, TCP before UDP.
pub(super) fn open<'a>(tcp: &'a [Port], udp: &'a [Port]) -> impl Iterator<Item = (Protocol, &'a Port)> {
    let tcp = tcp.iter().map(|port| (Protocol::Tcp, port));
    tcp.chain(udp.iter().map(|port| (Protocol::Udp, port)))
}

/// What a report is about, in numbers: devices, open ports, hosts.
pub(super) fn counted(outline: &Outline) -> String {
    let beyond = match outline.hosts {
        0 => String::new(),
        hosts => format!(", {} beyond a router", plural(hosts, "server", "servers")),
    };
    format!(
        "{} with {}{beyond}",
        plural(outline.order.len(), "device", "devices"),
        plural(outline.ports, "open port", "open ports")
    )
}

/// Where a report comes from, in words.
pub(super) fn from(origin: Origin) -> String {
    match origin {
        Origin::Daemon => "from the running daemon".into(),
        Origin::Files { files, packets } => {
            let packets = plural(usize::try_from(packets).unwrap_or(usize::MAX), "packet", "packets");
            format!("from {} with {packets}", plural(files, "file", "files"))
        }
    }
}

/// What found no room, and which MACs are not listed; nothing if that is nothing.
pub(super) fn left_out(left: &LeftOut, origin: Origin) -> Vec<String> {
    let unproven = if origin == Origin::Daemon { left.unproven } else { 0 };
    let all = [
        (unproven, "MACs not proven to be there"),
        (left.devices, "MACs for which there was no room"),
        (left.addresses, "addresses"),
        (left.hosts, "servers beyond a router or ports of theirs"),
        (left.ports, "ports"),
        (left.contacts, "contacts"),
        (left.services, "announced services"),
        (left.names, "names"),
        (left.flows, "flows"),
        (left.hellos, "first words of connections"),
        (left.events, "events"),
        (left.minutes, "minutes of traffic"),
    ];
    let said = all.into_iter().filter(|(number, _)| *number > 0);
    said.map(|(number, what)| format!("{} {what}", count(number))).collect()
}

/// A label of time to the second, as people read it.
pub(super) fn moment(label: &str) -> String {
    label.split(['.', 'Z']).next().unwrap_or(label).replacen('T', " ", 1)
}

fn hardware(device: &Device) -> Vec<String> {
    let mut items = vec![device.mac.to_string()];
    items.extend(device.also.iter().map(ToString::to_string));
    items.extend(device.vendor.clone());
    let marks = [
        (device.randomised, "drawn at random"),
        (device.archived, "will hardly come back"),
        (!device.proven, "not proven to be there"),
    ];
    items.extend(marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark.to_owned()));
    items
}

fn likely(device: &Device) -> Vec<String> {
    let others = device.likely_also.iter();
    others.map(|other| format!("{other} (same DHCP name and client id; `device merge` joins them)")).collect()
}

fn leased(device: &Device) -> Vec<String> {
    let (lease, fixed) = (device.lease.as_ref(), device.fixed_address.map(IpAddr::V4));
    let given = lease.and_then(|lease| lease.ip);
    let mut items: Vec<String> = given.iter().map(ToString::to_string).collect();
    items.extend(lease.and_then(|lease| lease.name.as_ref()).map(|name| name.raw().to_owned()));
    items.extend(lease.filter(|lease| lease.reserved).map(|_| "reserved".to_owned()));
    items.extend(fixed.filter(|fixed| given != Some(*fixed)).map(|fixed| format!("{fixed} with the next, as ordered")));
    items
}

fn restricted(device: &Device) -> Vec<String> {
    let Some(restricted) = &device.restriction else { return Vec::new() };
    let until = restricted.until.as_deref().map(moment);
    let mut items = vec![words(restricted.mode, until.as_deref(), restricted.schedule)];
    if !restricted.in_force {
        items.push("not now".to_owned());
    }
    if restricted.packets > 0 {
        items.push(format!("{} packets in vain", count(restricted.packets)));
    }
    items
}

fn kind(device: &Device) -> Vec<String> {
    let reason = device.kind_reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    device.kind.iter().map(|kind| format!("{kind}{reason}")).collect()
}

fn other_names(device: &Device) -> Vec<String> {
    let best = title(device);
    device.names.iter().map(called).filter(|name| *name != best).collect()
}

fn called(name: &ReportedName) -> String {
    let group = if name.group { ", shared by many" } else { "" };
    format!("{} ({}{group})", name.name.raw(), source(name.source))
}

fn addresses(device: &Device) -> Vec<String> {
    let claim = |claim| match claim {
        Claim::Traffic => "traffic",
        Claim::Ndp => "ndp",
        Claim::Arp => "arp",
        Claim::Dhcp => "dhcp",
    };
    device.addresses.iter().map(|address| format!("{} ({})", address.ip, claim(address.claimed_by))).collect()
}

fn ports(device: &Device) -> Vec<String> {
    port_lines(open(&device.tcp_open, &device.udp_open))
}

fn proof(port: &Port) -> String {
    let word = match port.evidence {
        Evidence::SynAck => "SYN-ACK",
        Evidence::Established | Evidence::Answered => evidence(port.evidence),
    };
    let banners = port.banner.iter().chain(&port.other_banners).map(Untrusted::raw);
    let banners = banners.map(|banner| banner.strip_prefix("SSH-2.0-").unwrap_or(banner));
    iter::once(word).chain(banners.filter(|banner| !banner.is_empty())).collect::<Vec<_>>().join(", ")
}

fn dhcp_classes(device: &Device) -> Vec<String> {
    let classes = device.dhcp.vendor_class.iter().chain(&device.dhcp.other_vendor_classes);
    classes.map(|class| class.raw().to_owned()).collect()
}

fn service(service: &Service) -> String {
    let protocol = match service.protocol {
        Announced::Mdns => "mdns",
        Announced::Ssdp => "ssdp",
    };
    let port = if service.port == 0 { String::new() } else { format!(" at {}", service.port) };
    format!("{}{port} ({protocol})", service.name.raw())
}

fn contacts(device: &Device) -> Vec<String> {
    let mut lines: Vec<String> = device.contacts.iter().take(TALKS_TO).map(contact).collect();
    let more = device.contacts.len().saturating_sub(TALKS_TO);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

fn contact(contact: &ReportedContact) -> String {
    let whom = match (&contact.name, contact.ip) {
        (Some(name), _) => format!("{} port {}", name.raw(), contact.port),
        (None, ip) => format!("{ip} port {}", contact.port),
    };
    format!("{whom} ({})", traffic(contact.bytes_sent, contact.bytes_received).join(", "))
}

fn traffic(sent: u64, received: u64) -> Vec<String> {
    vec![format!("{} sent", bytes(sent)), format!("{} received", bytes(received))]
}

fn captures(device: &Device) -> Vec<String> {
    let kept = device.captures.iter().map(|kept| format!("{} since {}", bytes(kept.bytes), moment(&kept.since)));
    let wanted = device.capture_mode.map(|mode| match mode {
        Mode::Full => "of new packets all that flow_cutoff leaves, as ordered",
        Mode::Headers => "of new packets the headers, as ordered",
        Mode::Off => "no new packets, as ordered",
    });
    kept.chain(wanted.map(str::to_owned)).collect()
}

fn seen(device: &Device) -> Vec<String> {
    let span = format!("{} to {}", moment(&device.first_seen), moment(&device.last_seen));
    let gone = device.gone.then(|| "silent for longer than usual".to_owned());
    [span].into_iter().chain(gone).collect()
}

pub(super) fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number as u64), if number == 1 { one } else { many })
}
