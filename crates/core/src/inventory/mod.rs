//! What the wires tell of devices: who is there, where, what they are called, which ports they really have open, whom they talk to.
//!
//! A device is a unicast source MAC that is not the gateway's own. Live only those are listed that are proven to be there; from
//! files all are. Nothing is asked of anybody: a port is open when its SYN-ACK or its answer was seen, a name is what somebody
//! said it is, with its source. Everything has a bound, and what found no room is counted ([`report::LeftOut`]). Proven devices
//! never make room for others.
//!
//! ```text
//! frame ─► steady ─► traffic                                 how much, where a flow has nothing left to teach
//!   else ─► frames ─► devices, traffic                       who sent how much
//!             ├────► addresses, owners ─► conflict           whose address is it
//!             ├────► flows ─► ports, hosts; contacts         what is proven open, who talks to whom
//!             └────► hear_* ─► names, services, marks        what protocols say
//! minute ─► watch ─► new, gone, back
//! operator ─► operator: name, note, merge, split, forget
//! ```

pub mod addresses;
mod answered;
mod contacts;
pub mod device;
pub mod devices;
mod dictionary;
pub mod events;
pub mod flows;
mod foretold;
mod frames;
mod gateway;
mod hear_hosts;
mod hear_leases;
mod hear_neighbours;
mod hear_quic;
mod hear_streams;
pub mod hosts;
mod individual;
pub mod interfaces;
pub mod kept;
mod kinds;
pub mod listing;
mod lookups;
pub mod names;
pub mod operator;
mod owners;
pub mod ports;
mod presence;
mod prove;
pub mod report;
mod resolvers;
mod seed;
pub mod services;
pub mod stake;
mod steady;
#[cfg(test)]
mod tests;
pub mod traffic;
mod unfinished;
pub mod vendor;
mod watch;

use crate::packet::ja4::Hashes;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use answered::Answered;
use core::time::Duration;
use devices::{Devices, Slot, Whose};
use dictionary::Dictionary;
use events::{Event, Events};
use flows::Flows;
use foretold::Foretold;
use frames::LastInterface;
use hosts::Hosts;
use interfaces::{Interface, Interfaces};
use lookups::Lookups;
use owners::Owners;
use report::{Hardware, LeftOut, Report, Writer};
use resolvers::Resolvers;
use seed::Seed;
use traffic::Minute;
use unfinished::Unfinished;
use vendor::Vendors;

/// So many minutes of traffic wait for the program to take them.
const MOST_MINUTES: usize = 65_536;

/// What an inventory is for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is seen in the first so long is taken for what was always there: no event tells it as new.
    pub baseline: Duration,
    /// Devices are listed before they are proven, as in files.
    pub lists_unproven: bool,
    /// Bytes per minute are handed out ([`Output::Minute`]).
    pub tells_minutes: bool,
    /// Whom a device has not talked to for so long is forgotten.
    pub contacts: Duration,
}

impl Settings {
    /// For a running gateway.
    pub const fn live() -> Self {
        Self {
            baseline: Duration::from_secs(24 * 3600),
            lists_unproven: false,
            tells_minutes: true,
            contacts: Duration::from_secs(30 * 24 * 3600),
        }
    }

    /// For capture files.
    pub const fn files() -> Self {
        Self { lists_unproven: true, tells_minutes: false, contacts: Duration::MAX, ..Self::live() }
    }

    /// Whether a device that is proven or not is listed, and counts as any other.
    const fn lists(&self, is_proven: bool) -> bool {
        is_proven || self.lists_unproven
    }
}

/// What the program is told without asking.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Something happened.
    Event(Event),
    /// What a device, by the MAC it is listed by, sent and was sent in one minute.
    Minute(Mac, Minute),
    /// Names were asked for and not answered, or were answered again.
    Names {
        /// When the span of time began.
        begins: Time,
        /// When it ended.
        ends: Time,
        /// They were answered.
        answered: bool,
    },
}

/// Everything known of devices.
pub struct Inventory {
    settings: Settings,
    /// When the very first frame came, restarts included.
    started: Option<Time>,
    /// When it was restored from what an earlier run had kept.
    restored: Option<Time>,
    interfaces: Interfaces,
    last_interface: Option<LastInterface>,
    devices: Devices,
    owners: Owners,
    flows: Flows,
    answered: Answered,
    hosts: Hosts,
    servers: Dictionary,
    lookups: Lookups,
    foretold: Foretold,
    resolvers: Resolvers,
    unfinished: Unfinished,
    hashes: Hashes,
    vendors: Vendors,
    events: Events,
    minutes: VecDeque<Output>,
    /// Whose second MAC is which, as the operator said.
    merged: BTreeMap<Mac, Mac>,
    /// New devices that wait for a name, and until when.
    news: VecDeque<(Time, Mac)>,
    next_minute: Time,
    /// Contacts beyond the few that each device may have.
    many_contacts: usize,
    left_out: LeftOut,
}

impl Inventory {
    /// An empty one. The seed protects its tables: it should be drawn at random for a running gateway.
    pub fn new(settings: Settings, vendors: Vendors, seed: u64) -> Self {
        let seed = Seed::new(seed);
        Self {
            settings,
            started: None,
            restored: None,
            interfaces: Interfaces::default(),
            last_interface: None,
            devices: Devices::new(seed),
            owners: Owners::new(seed),
            flows: Flows::new(seed),
            answered: Answered::new(seed),
            hosts: Hosts::new(seed),
            servers: Dictionary::new(seed),
            lookups: Lookups::new(seed),
            foretold: Foretold::new(seed),
            resolvers: Resolvers::default(),
            unfinished: Unfinished::default(),
            hashes: Hashes::default(),
            vendors,
            events: Events::default(),
            minutes: VecDeque::new(),
            merged: BTreeMap::new(),
            news: VecDeque::new(),
            next_minute: Time::BOOT,
            many_contacts: 0,
            left_out: LeftOut::default(),
        }
    }

    /// Learns by these settings from now on.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// The interfaces there are now. Their MACs are the gateway's own from here on, and no devices.
    pub fn set_interfaces(&mut self, interfaces: &[Interface]) {
        self.interfaces.set(interfaces);
        self.last_interface = None;
        self.flows.forget_whose();
        for device in self.devices.set_ours(self.interfaces.macs()) {
            self.forget_addresses(&device);
        }
    }

    /// A device is proven to be there: from here on it stays listed. False if no frame of it was seen yet: then it is to be
    /// said again once there was one.
    pub fn handle_proven(&mut self, mac: Mac, now: Time) -> bool {
        let Some(slot) = self.devices.find(mac) else { return false };
        if self.devices.get(slot).is_some_and(|device| device.is_proven) {
            return true;
        }
        if !self.devices.has_room() {
            self.drop_an_archived(now);
        }
        if self.devices.prove(slot) {
            self.expect_news(mac, now);
            if !self.settings.lists_unproven {
                self.tell_roles(slot, now);
            }
        }
        true
    }

    /// The next thing the program should know.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.events.pop().map(Output::Event).or_else(|| self.minutes.pop_front())
    }

    /// All that is known, each time as `label` writes it.
    pub fn report<T>(&mut self, now: Time, label: &impl Fn(Time) -> T) -> Report<T> {
        let listing = self.listing(now, label);
        Report {
            schema: report::SCHEMA,
            devices: listing.devices().collect(),
            hosts: listing.hosts(|_| true).collect(),
            events: listing.events(),
            left_out: listing.left_out(),
        }
    }

    /// What each listed device has sent and was sent, in bytes, by the MAC it is listed by; one with several MACs comes several
    /// times.
    pub fn traffic(&self) -> impl Iterator<Item = (Mac, u64, u64)> {
        let listed = self.devices.all().filter(|(device, _)| self.is_listed(device.mac));
        listed.map(|(device, traffic)| (self.main_of(device.mac), traffic.sent, traffic.received))
    }

    /// One device as [`Inventory::report`] has it, by any of its MACs; none if it is not listed.
    pub fn report_device<T>(
        &mut self,
        mac: Mac,
        now: Time,
        label: &impl Fn(Time) -> T,
    ) -> Option<report::ReportedDevice<T>> {
        self.account_for_all();
        let slot = self.devices.find(self.main_of(mac)).or_else(|| self.devices.find(mac))?;
        let (device, traffic, also) = self.joined(slot)?;
        self.is_listed(device.mac).then(|| self.writer(now, label).device(&device, &traffic, also))
    }

    fn writer<'a, F>(&'a self, now: Time, label: &'a F) -> Writer<'a, F> {
        Writer {
            now,
            label,
            vendors: &self.vendors,
            interfaces: self.interfaces.names(),
            servers: &self.servers,
            suggestions: self.suggestions(),
        }
    }

    /// What found no room until now.
    pub fn left_out(&self) -> LeftOut {
        LeftOut {
            devices: self.left_out.devices.saturating_add(self.devices.gone).saturating_add(self.devices.refused),
            unproven: self.devices.unproven() as u64,
            addresses: self.left_out.addresses.saturating_add(self.owners.left_out),
            hosts: self.hosts.left_out,
            flows: self.flows.left_out,
            hellos: self.unfinished.left_out,
            events: self.left_out.events.saturating_add(self.events.left_out),
            ..self.left_out
        }
    }

    /// The MAC a device is listed by.
    fn main_of(&self, mac: Mac) -> Mac {
        self.merged.get(&mac).copied().unwrap_or(mac)
    }

    fn is_listed(&self, mac: Mac) -> bool {
        let device = self.devices.find(mac).and_then(|slot| self.devices.get(slot));
        device.is_some_and(|device| self.settings.lists(device.is_proven))
    }

    fn listed(&self) -> impl Iterator<Item = (Mac, Slot)> {
        self.devices.slots().filter(|(mac, _)| self.is_listed(*mac))
    }

    fn is_devices_own(&self, ip: core::net::IpAddr) -> bool {
        let owner = self.owners.of(ip).and_then(|mac| self.devices.find(mac)).and_then(|slot| self.devices.get(slot));
        owner.is_some_and(|device| device.addresses.has(ip) && self.is_listed(device.mac))
    }

    /// A device with what its other MACs told.
    fn joined(&self, slot: Slot) -> Option<(Cow<'_, device::Device>, traffic::Traffic, Vec<Hardware>)> {
        let (device, traffic) = self.devices.both(slot)?;
        let (mut device, mut traffic) = (Cow::Borrowed(device), *traffic);
        let mut also = Vec::new();
        let main = device.mac;
        for (&other, _) in self.merged.iter().filter(|(_, into)| **into == main) {
            also.push(Hardware(other));
            let Some((part, bytes)) = self.devices.find(other).and_then(|slot| self.devices.both(slot)) else {
                continue;
            };
            device.to_mut().absorb(part);
            traffic.absorb(bytes);
        }
        Some((device, traffic, also))
    }
}
