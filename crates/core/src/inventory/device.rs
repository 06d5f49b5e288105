//! One device: everything its frames have told of it, in bounded room.

use super::addresses::Addresses;
use super::contacts::Contacts;
use super::names::Names;
use super::ports::Ports;
use super::presence::Presence;
use crate::packet::ja4::Ja4;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use serde::{Deserialize, Serialize};

/// So many ports of one device are kept.
pub const MOST_PORTS: usize = 256;
/// So many announced services of one device are kept.
pub const MOST_SERVICES: usize = 64;
/// So many user agents, fingerprints and models of one device are kept.
pub const MOST_MARKS: usize = 16;
/// So many interfaces a device was seen on are kept.
const MOST_INTERFACES: usize = 8;

/// A service a device announces.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Service {
    /// Its type, and what its user calls it: `_ipp._tcp Office`.
    pub name: Untrusted,
    /// Over which protocol it was announced.
    pub protocol: Announced,
    /// Its port; zero if that was not said.
    pub port: u16,
}

/// How a service was announced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announced {
    /// DNS-SD over mDNS.
    Mdns,
    /// SSDP, by which `UPnP` devices are found.
    Ssdp,
}

/// What a device told its DHCP server.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Dhcp {
    pub(super) vendor_class: Option<Untrusted>,
    pub(super) parameters: Option<String>,
    pub(super) host_name: Option<Untrusted>,
    pub(super) client_id: Option<Vec<u8>>,
    #[serde(default)]
    pub(super) requested: Option<Ipv4Addr>,
    /// What it said at other times: a computer's firmware, and what asks for more than an address, speak otherwise.
    #[serde(default)]
    pub(super) other_vendor_classes: Vec<Untrusted>,
    #[serde(default)]
    pub(super) other_parameters: Vec<String>,
}

/// What a device does besides being there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen, or not, on its own")]
pub(super) struct Roles {
    pub(super) is_dhcp_server: bool,
    pub(super) is_dhcp6_server: bool,
    pub(super) advertises_routes: bool,
    pub(super) routes: bool,
    pub(super) is_bridge: bool,
    pub(super) is_access_point: bool,
    pub(super) is_telephone: bool,
}

/// A device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Device {
    pub(super) mac: Mac,
    pub(super) is_proven: bool,
    /// It was seen on an interface that is no Internet link.
    pub(super) is_local: bool,
    pub(super) first_seen: Time,
    pub(super) presence: Presence,
    /// Numbers of names of interfaces.
    pub(super) interfaces: Vec<u16>,
    pub(super) addresses: Addresses,
    pub(super) names: Names,
    pub(super) ports: Ports,
    pub(super) services: Vec<Service>,
    #[serde(skip)]
    pub(super) contacts: Contacts,
    pub(super) dhcp: Dhcp,
    pub(super) user_agents: Vec<Untrusted>,
    pub(super) fingerprints: Vec<Ja4>,
    pub(super) models: Vec<Untrusted>,
    pub(super) roles: Roles,
    pub(super) note: Option<String>,
}

impl Device {
    pub(super) fn new(mac: Mac, now: Time) -> Self {
        Self {
            mac,
            is_proven: false,
            is_local: false,
            first_seen: now,
            presence: Presence::default(),
            interfaces: Vec::new(),
            addresses: Addresses::default(),
            names: Names::default(),
            ports: Ports::default(),
            services: Vec::new(),
            contacts: Contacts::default(),
            dhcp: Dhcp::default(),
            user_agents: Vec::new(),
            fingerprints: Vec::new(),
            models: Vec::new(),
            roles: Roles::default(),
            note: None,
        }
    }

    /// It was seen on an interface.
    pub(super) fn was_on(&mut self, interface: u16) {
        if !self.interfaces.contains(&interface) && self.interfaces.len() < MOST_INTERFACES {
            self.interfaces.push(interface);
        }
    }

    /// It announces a service; false if there is no room for it.
    pub(super) fn announce(&mut self, name: Untrusted, protocol: Announced, port: u16) -> bool {
        if let Some(known) = self.services.iter_mut().find(|known| known.name == name && known.protocol == protocol) {
            if port != 0 {
                known.port = port;
            }
            return true;
        }
        let has_room = self.services.len() < MOST_SERVICES;
        if has_room {
            self.services.push(Service { name, protocol, port });
        }
        has_room
    }

    /// It takes a service back.
    pub(super) fn withdraw(&mut self, name: &Untrusted, protocol: Announced) {
        self.services.retain(|known| known.protocol != protocol || known.name != *name);
    }

    /// Takes over what another MAC of the same device told; returns how many ports found no room.
    pub(super) fn absorb(&mut self, other: &Self) -> u64 {
        self.is_proven |= other.is_proven;
        self.is_local |= other.is_local;
        self.first_seen = self.first_seen.min(other.first_seen);
        for &interface in &other.interfaces {
            self.was_on(interface);
        }
        self.addresses.absorb(&other.addresses);
        self.names.absorb(&other.names);
        for service in &other.services {
            self.announce(service.name.clone(), service.protocol, service.port);
        }
        self.contacts.absorb(&other.contacts);
        add_marks(&mut self.user_agents, &other.user_agents);
        add_marks(&mut self.fingerprints, &other.fingerprints);
        add_marks(&mut self.models, &other.models);
        self.dhcp.vendor_class = self.dhcp.vendor_class.take().or_else(|| other.dhcp.vendor_class.clone());
        self.dhcp.parameters = self.dhcp.parameters.take().or_else(|| other.dhcp.parameters.clone());
        self.dhcp.requested = self.dhcp.requested.or(other.dhcp.requested);
        add_marks(&mut self.dhcp.other_vendor_classes, &other.dhcp.other_vendor_classes);
        add_marks(&mut self.dhcp.other_parameters, &other.dhcp.other_parameters);
        self.note = self.note.take().or_else(|| other.note.clone());
        self.ports.absorb(other.ports.all().to_vec(), MOST_PORTS)
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        self.first_seen = shift(self.first_seen);
        self.addresses.shift(&shift);
        self.names.shift(&shift);
        self.ports.shift(&shift);
        self.contacts.shift(&shift);
    }
}

/// Adds a mark of a device, the latest last; the oldest goes.
pub(super) fn add_mark<T: PartialEq>(marks: &mut Vec<T>, mark: T) {
    if marks.contains(&mark) {
        return;
    }
    if marks.len() >= MOST_MARKS {
        marks.remove(0);
    }
    marks.push(mark);
}

/// The latest of a mark there is one of; what it was before is kept among others.
pub(super) fn change_mark<T: PartialEq>(mark: &mut Option<T>, others: &mut Vec<T>, latest: T) {
    if mark.as_ref() == Some(&latest) {
        return;
    }
    others.retain(|other| *other != latest);
    if let Some(before) = mark.replace(latest) {
        add_mark(others, before);
    }
}

fn add_marks<T: PartialEq + Clone>(marks: &mut Vec<T>, others: &[T]) {
    for mark in others {
        add_mark(marks, mark.clone());
    }
}
