//! What the inventory says when asked: all devices with all that is known of them, sorted, in the shape of the program's JSON.
//!
//! `T` is a time as the program writes it: the core knows no calendar, so the program hands in how to label one.

use super::addresses::Claim;
use super::contacts::Contact;
use super::device::{Device, Service};
use super::dictionary::Dictionary;
use super::events::Event;
use super::hosts::Host;
use super::kinds;
use super::names::Name;
use super::ports::{Evidence, Port, Ports, Protocol};
use super::traffic::Traffic;
use super::vendor::{self, Vendors};
use crate::control::lease::Lease;
use crate::control::restriction::Mode;
use crate::control::schedule::Schedule;
use crate::keep;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The version of the shape.
pub const SCHEMA: u32 = 1;
/// A randomised MAC that nobody named and that has been silent for so long will not come back.
const ARCHIVED_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);

/// A MAC, written lower-case with colons.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hardware(pub Mac);

impl fmt::Display for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if place == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl core::str::FromStr for Hardware {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut mac = Mac::default();
        let mut parts = text.split([':', '-']);
        for byte in &mut mac {
            let part = parts.next().filter(|part| part.len() == 2).ok_or("a MAC has six bytes")?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| "a MAC has hexadecimal digits")?;
        }
        if parts.next().is_some() { Err("a MAC has six bytes") } else { Ok(Self(mac)) }
    }
}

impl Serialize for Hardware {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hardware {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Everything.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report<T> {
    /// The version of this shape.
    pub schema: u32,
    /// By MAC.
    pub devices: Vec<ReportedDevice<T>>,
    /// By address.
    pub hosts: Vec<ReportedHost<T>>,
    /// The latest, the oldest first.
    pub events: Vec<Event<T>>,
    /// What found no room.
    pub left_out: LeftOut,
}

/// A device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the JSON")]
pub struct ReportedDevice<T> {
    /// Its MAC.
    pub mac: Hardware,
    /// Its other MACs, as the operator said.
    pub also: Vec<Hardware>,
    /// MACs that are probably of this device: they told the DHCP server the same name and client identifier. Nothing is merged unless
    /// the operator says so.
    pub likely_also: Vec<Hardware>,
    /// It was seen to live both ways.
    pub proven: bool,
    /// Who made it.
    pub vendor: Option<String>,
    /// Its MAC was drawn at random.
    pub randomised: bool,
    /// Randomised, without a name from the operator, and silent for 30 days.
    pub archived: bool,
    /// The interfaces it was seen on.
    pub interfaces: Vec<String>,
    /// When it was first seen.
    pub first_seen: T,
    /// When it was last seen.
    pub last_seen: T,
    /// It has been silent for much longer than it usually is.
    pub gone: bool,
    /// Its addresses.
    pub addresses: Vec<ReportedAddress<T>>,
    /// What to call it.
    pub name: Option<Untrusted>,
    /// All its names, the best source first.
    pub names: Vec<ReportedName>,
    /// What it probably is.
    pub kind: Option<String>,
    /// Why it probably is that.
    pub kind_reason: Option<String>,
    /// Its open TCP ports.
    pub tcp_open: Vec<ReportedPort<T>>,
    /// Its open UDP ports.
    pub udp_open: Vec<ReportedPort<T>>,
    /// What it announces.
    pub services_announced: Vec<Service>,
    /// Whom it talks to most, the heaviest first.
    pub contacts: Vec<ReportedContact>,
    /// What it told its DHCP server.
    pub dhcp: ReportedDhcp,
    /// The software it browses with.
    pub user_agents: Vec<Untrusted>,
    /// Its TLS clients (JA4).
    pub ja4: Vec<String>,
    /// What it or others say it is: models, software.
    pub models: Vec<Untrusted>,
    /// The operator's note.
    pub note: Option<String>,
    /// Bytes of its frames.
    pub bytes_sent: u64,
    /// Bytes of frames to it.
    pub bytes_received: u64,
    /// What is kept of its packets; the program knows.
    pub captures: Option<Captures<T>>,
    /// How much of its packets the operator wants kept; none is as much as its network says. The program knows.
    pub capture_mode: Option<keep::Mode>,
    /// How the operator restricted it; the program knows.
    pub restriction: Option<ReportedRestriction<T>>,
    /// What the DHCP server of this gateway gave it; the program knows.
    pub lease: Option<Lease>,
    /// The address that the operator has it given, likewise.
    pub fixed_address: Option<Ipv4Addr>,
}

/// How a device is restricted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportedRestriction<T> {
    /// What is kept from it.
    pub mode: Mode,
    /// When it ends.
    pub until: Option<T>,
    /// The hours in which it is in force.
    pub schedule: Option<Schedule>,
    /// It is carried out now.
    pub in_force: bool,
    /// Packets that it sent in vain.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// An address of a device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportedAddress<T> {
    /// The address.
    pub ip: IpAddr,
    /// Who said so.
    pub claimed_by: Claim,
    /// When it was first seen.
    pub first_seen: T,
    /// When it was last seen.
    pub last_seen: T,
}

/// A name of a device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportedName {
    /// The name.
    pub name: Untrusted,
    /// Who says so.
    pub source: super::names::Source,
    /// Many share it.
    pub group: bool,
}

/// An open port.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportedPort<T> {
    /// The address it is open at.
    pub ip: IpAddr,
    /// Its number.
    pub port: u16,
    /// What usually answers there.
    pub service: Option<String>,
    /// The proof.
    pub evidence: Evidence,
    /// What the server said of itself.
    pub banner: Option<Untrusted>,
    /// What else was said there: before, or by others behind a proxy; at most [`super::device::MOST_MARKS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_banners: Vec<Untrusted>,
    /// When it was first proven.
    pub first_seen: T,
    /// When it was last proven.
    pub last_seen: T,
}

/// A server beyond a router.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportedHost<T> {
    /// Its address.
    pub ip: IpAddr,
    /// The MAC it is behind.
    pub behind: Option<Hardware>,
    /// Its open TCP ports.
    pub tcp_open: Vec<ReportedPort<T>>,
    /// Its open UDP ports.
    pub udp_open: Vec<ReportedPort<T>>,
}

/// Somebody a device talks to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportedContact {
    /// What the device calls it.
    pub name: Option<Untrusted>,
    /// Its address.
    pub ip: IpAddr,
    /// The server's port.
    pub port: u16,
    /// Bytes the device sent.
    pub bytes_sent: u64,
    /// Bytes the device was sent.
    pub bytes_received: u64,
}

/// What a device told its DHCP server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReportedDhcp {
    /// Option 60.
    pub vendor_class: Option<Untrusted>,
    /// Option 55: `1,3,6,15`.
    pub parameters: Option<String>,
    /// Option 50: the address it last asked for.
    pub requested: Option<Ipv4Addr>,
    /// Option 61, two digits for each byte.
    pub client_id: Option<String>,
    /// What else it said in option 60, or to DHCPv6 servers: a computer's firmware has a class of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_vendor_classes: Vec<Untrusted>,
    /// What else it asked for in option 55.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_parameters: Vec<String>,
}

/// What is kept of a device's packets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Captures<T> {
    /// From when on.
    pub since: T,
    /// How much.
    pub bytes: u64,
}

/// What found no room, or could not be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LeftOut {
    /// Unproven MACs that had to go, and proven ones that were refused.
    pub devices: u64,
    /// Unproven MACs that are known now; live, they are not listed.
    pub unproven: u64,
    /// Addresses.
    pub addresses: u64,
    /// Hosts and their ports.
    pub hosts: u64,
    /// Ports of devices.
    pub ports: u64,
    /// Contacts.
    pub contacts: u64,
    /// Announced services.
    pub services: u64,
    /// Names of devices and of servers.
    pub names: u64,
    /// Flows.
    pub flows: u64,
    /// First words of connections whose end had not come: ClientHellos, heads of HTTP, greetings.
    pub hellos: u64,
    /// Events.
    pub events: u64,
    /// Minutes of traffic the program did not take in time.
    pub minutes: u64,
}

/// What is the same for all devices of a report.
pub(super) struct Writer<'a, F> {
    pub(super) now: Time,
    pub(super) label: &'a F,
    pub(super) vendors: &'a Vendors,
    pub(super) interfaces: &'a [String],
    pub(super) servers: &'a Dictionary,
    pub(super) suggestions: BTreeMap<Mac, Vec<Hardware>>,
}

impl<T, F: Fn(Time) -> T> Writer<'_, F> {
    pub(super) fn device(&self, device: &Device, traffic: &Traffic, also: Vec<Hardware>) -> ReportedDevice<T> {
        let vendor = self.vendors.of(device.mac);
        let guess = kinds::guess(device, vendor.as_deref());
        let randomised = vendor::is_randomised(device.mac);
        ReportedDevice {
            mac: Hardware(device.mac),
            also,
            likely_also: self.suggestions.get(&device.mac).cloned().unwrap_or_default(),
            proven: device.is_proven,
            randomised,
            archived: is_archived(device, traffic, self.now),
            interfaces: self.interfaces_of(device),
            first_seen: (self.label)(device.first_seen),
            last_seen: (self.label)(traffic.last_seen),
            gone: device.presence.is_gone,
            addresses: self.addresses(device),
            name: device.names.best().cloned(),
            names: device.names.all().iter().map(name).collect(),
            kind: guess.as_ref().map(|guess| guess.kind.into()),
            kind_reason: guess.map(|guess| guess.reason),
            tcp_open: self.ports(&device.ports, Protocol::Tcp),
            udp_open: self.ports(&device.ports, Protocol::Udp),
            services_announced: sorted(&device.services),
            contacts: device.contacts.sorted().iter().map(|contact| self.contact(contact)).collect(),
            dhcp: ReportedDhcp {
                vendor_class: device.dhcp.vendor_class.clone(),
                parameters: device.dhcp.parameters.clone(),
                requested: device.dhcp.requested,
                client_id: device.dhcp.client_id.as_deref().map(digits),
                other_vendor_classes: device.dhcp.other_vendor_classes.clone(),
                other_parameters: device.dhcp.other_parameters.clone(),
            },
            user_agents: device.user_agents.clone(),
            ja4: device.fingerprints.iter().map(ToString::to_string).collect(),
            models: device.models.clone(),
            note: device.note.clone(),
            bytes_sent: traffic.sent,
            bytes_received: traffic.received,
            captures: None,
            capture_mode: None,
            restriction: None,
            lease: None,
            fixed_address: None,
            vendor,
        }
    }

    pub(super) fn host(&self, ip: IpAddr, host: &Host) -> ReportedHost<T> {
        ReportedHost {
            ip,
            behind: host.behind.map(Hardware),
            tcp_open: self.ports(&host.ports, Protocol::Tcp),
            udp_open: self.ports(&host.ports, Protocol::Udp),
        }
    }

    fn interfaces_of(&self, device: &Device) -> Vec<String> {
        let names = device.interfaces.iter().filter_map(|&number| self.interfaces.get(usize::from(number)));
        sorted(&names.cloned().collect::<Vec<_>>())
    }

    fn addresses(&self, device: &Device) -> Vec<ReportedAddress<T>> {
        let mut own = device.addresses.own().to_vec();
        own.sort_by_key(|address| address.ip);
        let written = own.iter().map(|address| ReportedAddress {
            ip: address.ip,
            claimed_by: address.claimed_by,
            first_seen: (self.label)(address.first_seen),
            last_seen: (self.label)(address.last_seen),
        });
        written.collect()
    }

    fn ports(&self, ports: &Ports, protocol: Protocol) -> Vec<ReportedPort<T>> {
        let mut ports: Vec<&Port> = ports.all().iter().filter(|port| port.protocol == protocol).collect();
        ports.sort_by_key(|port| (port.ip, port.port));
        let written = ports.iter().map(|port| ReportedPort {
            ip: port.ip,
            port: port.port,
            service: port.service().map(String::from),
            evidence: port.evidence,
            banner: port.banner.clone(),
            other_banners: port.other_banners.clone(),
            first_seen: (self.label)(port.first_seen),
            last_seen: (self.label)(port.last_seen),
        });
        written.collect()
    }

    fn contact(&self, contact: &Contact) -> ReportedContact {
        ReportedContact {
            name: contact.name.and_then(|id| self.servers.text(id)).map(Untrusted::from),
            ip: contact.ip,
            port: contact.port,
            bytes_sent: contact.sent,
            bytes_received: contact.received,
        }
    }
}

/// Whether a device will not come back: phones draw a new MAC for each network, and some every day.
pub(super) fn is_archived(device: &Device, traffic: &Traffic, now: Time) -> bool {
    vendor::is_randomised(device.mac) && !device.names.is_given() && now.since(traffic.last_seen) >= ARCHIVED_AFTER
}

fn digits(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}

fn name(name: &Name) -> ReportedName {
    ReportedName { name: name.name.clone(), source: name.source, group: name.is_group }
}

fn sorted<T: Ord + Clone>(all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    all.sort();
    all
}
