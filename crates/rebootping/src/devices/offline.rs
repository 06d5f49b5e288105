//! A report from capture files alone: no daemon, no root, no packet sent.

use super::facts::{Device, Host};
use super::told::Told;
use crate::pcap_read::input::{self, CaptureInput};
use crate::pcap_read::{Interface, Reader, Record};
use crate::report::amount::count;
use crate::report::devices::label;
use rebootping_core::inventory::events::Event;
use rebootping_core::inventory::interfaces::{self, Leads};
use rebootping_core::inventory::listing::Listing;
use rebootping_core::inventory::names::Source;
use rebootping_core::inventory::report::{Hardware, LeftOut, ReportedName};
use rebootping_core::inventory::vendor::Vendors;
use rebootping_core::inventory::{Inventory, Settings};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType, Packet, Seen};
use rebootping_core::time::Time;
use rebootping_core::untrusted::Untrusted;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What only time brings about is looked after this often, by the clock of the packets.
const WAKE_EVERY: Duration = Duration::from_secs(1);

/// The same files make the same report. Who makes one that fills a table badly has it read more slowly, and no more: all have bounds.
const SEED: u64 = 0;

/// What capture files told.
pub(super) struct Offline {
    wire: Wire,
    /// Files that were sound, or held a packet before the damage.
    pub(super) files: usize,
    /// What was wrong, a line for each file.
    pub(super) troubles: Vec<String>,
}

/// Reads capture files, the one with the earliest packet first, each to its end or to its damage.
pub(super) fn read(paths: &[PathBuf]) -> Offline {
    let mut wire = Wire::new();
    let mut troubles = Vec::new();
    let mut files = 0;
    for path in in_order(paths) {
        let mut reader = match input::open(path) {
            Ok(reader) => reader,
            Err(error) => {
                troubles.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        let before = wire.packets;
        wire.take(&mut reader);
        let trouble = reader.trouble();
        files += usize::from(trouble.is_none() || wire.packets > before);
        troubles.extend(trouble.map(|trouble| format!("{}: {trouble}", path.display())));
    }
    if wire.unknown > 0 {
        troubles.push(format!(
            "{} packets begin with a header that is not known here; they count for nothing",
            count(wire.unknown)
        ));
    }
    Offline { wire, files, troubles }
}

impl Offline {
    /// How many packets were read.
    pub(super) const fn packets(&self) -> u64 {
        self.wire.packets
    }

    /// All of it, device by device.
    pub(super) fn told(&mut self) -> Pieces<'_> {
        let Wire { inventory, now, names, .. } = &mut self.wire;
        Pieces { listing: inventory.listing(*now, &LABEL), names }
    }
}

/// What files told, made of the inventory as it is asked for.
pub(super) struct Pieces<'a> {
    listing: Listing<'a, fn(Time) -> String>,
    names: &'a BTreeMap<IpAddr, Untrusted>,
}

impl Told for Pieces<'_> {
    fn device(&self, number: usize) -> Option<Cow<'_, Device>> {
        let mut device = self.listing.device(number)?;
        complete(&mut device, self.names);
        Some(Cow::Owned(device))
    }

    fn hosts(&self) -> impl Iterator<Item = Cow<'_, Host>> {
        self.listing.hosts(|_| true).map(Cow::Owned)
    }

    fn hosts_behind(&self, router: Option<Hardware>) -> impl Iterator<Item = Cow<'_, Host>> {
        self.listing.hosts(move |behind| behind == router).map(Cow::Owned)
    }

    fn events(&self) -> Cow<'_, [Event<String>]> {
        Cow::Owned(self.listing.events())
    }

    fn left_out(&self) -> LeftOut {
        self.listing.left_out()
    }
}

static LABEL: fn(Time) -> String = label_of;

fn label_of(time: Time) -> String {
    label(time.as_nanos())
}

/// Files by their first packet, so that those a capture was cut into follow each other; standard input, which can be read
/// but once, comes last.
fn in_order(paths: &[PathBuf]) -> Vec<&PathBuf> {
    let mut paths: Vec<&PathBuf> = paths.iter().collect();
    if paths.len() > 1 {
        paths.sort_by_cached_key(|path| first_stamp(path));
    }
    paths
}

fn first_stamp(path: &Path) -> u64 {
    let is_file = path.as_os_str() != "-";
    let mut reader = is_file.then(|| input::open(path).ok()).flatten();
    reader.as_mut().and_then(|reader| reader.next().map(|record| record.stamp)).unwrap_or(u64::MAX)
}

/// The inventory, and what it is fed.
struct Wire {
    inventory: Inventory,
    /// The latest stamp so far.
    now: Time,
    wake_at: Time,
    packets: u64,
    /// Packets whose link type is none we read.
    unknown: u64,
    names: BTreeMap<IpAddr, Untrusted>,
}

impl Wire {
    fn new() -> Self {
        Self {
            inventory: Inventory::new(Settings::files(), Vendors::default(), SEED),
            now: Time::BOOT,
            wake_at: Time::BOOT,
            packets: 0,
            unknown: 0,
            names: BTreeMap::new(),
        }
    }

    fn take(&mut self, reader: &mut Reader<CaptureInput>) {
        let mut interfaces = usize::MAX;
        while reader.advance() {
            if interfaces != reader.interfaces().len() {
                interfaces = reader.interfaces().len();
                self.set_interfaces(reader.interfaces());
            }
            if let Some(record) = reader.record() {
                self.see(&record);
            }
        }
        self.names.extend(reader.names().iter().cloned());
    }

    fn set_interfaces(&mut self, interfaces: &[Interface]) {
        let numbered = (0..).map(InterfaceId).zip(interfaces).filter(|(_, interface)| !interface.name.is_empty());
        let named = numbered.map(|(id, interface)| interfaces::Interface {
            id,
            name: interface.name.raw().to_owned(),
            mac: None,
            leads: Leads::ToDevices,
            has_devices: true,
        });
        self.inventory.set_interfaces(&named.collect::<Vec<_>>());
    }

    fn see(&mut self, record: &Record<'_>) {
        self.packets += 1;
        let Some(link) = LinkType::from_number(record.link) else {
            self.unknown += 1;
            return;
        };
        let seen = Seen {
            at: Time::from_nanos(record.stamp),
            interface: record.interface,
            direction: record.direction.unwrap_or(Direction::Overheard),
            link,
            frame: record.bytes,
            original: record.original,
        };
        self.inventory.handle_frame(&seen, &Packet::read(link, record.bytes));
        self.now = self.now.max(seen.at);
        if self.now >= self.wake_at {
            self.wake_at = self.now + WAKE_EVERY;
            self.inventory.handle_wake(self.now);
        }
    }
}

/// Adds what only files tell.
fn complete(device: &mut Device, names: &BTreeMap<IpAddr, Untrusted>) {
    // Somebody here sent to it, and it spoke: as good a proof as a file holds.
    device.proven |= device.bytes_sent > 0 && device.bytes_received > 0;
    name(device, names);
}

/// Adds what whoever captured knew of names, where nothing else does.
fn name(device: &mut Device, names: &BTreeMap<IpAddr, Untrusted>) {
    for contact in device.contacts.iter_mut().filter(|contact| contact.name.is_none()) {
        contact.name = names.get(&contact.ip).cloned();
    }
    for name in device.addresses.iter().filter_map(|address| names.get(&address.ip)) {
        if device.names.iter().all(|known| known.name != *name) {
            device.names.push(ReportedName { name: name.clone(), source: Source::Dns, group: false });
        }
    }
    if device.name.is_none() {
        device.name = device.names.iter().find(|name| !name.group).map(|name| name.name.clone());
    }
}
