//! The door to the inventory: frames on a gateway's wires one after the other, and what an operator does between them.

use rebootping_core::inventory::device::{MOST_PORTS, MOST_SERVICES};
use rebootping_core::inventory::interfaces::{Interface, Leads};
use rebootping_core::inventory::report::{Hardware, Report, ReportedDevice};
use rebootping_core::inventory::vendor::Vendors;
use rebootping_core::inventory::{Inventory, Output, Settings, addresses, hosts};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType, Packet, Seen};
use rebootping_core::packet::neighbour::Mac;
use rebootping_core::time::Time;
use rebootping_core::untrusted::LONGEST;
use std::collections::BTreeMap;
use std::time::Duration;

const START: Time = Time::from_nanos(1_795_342_333_000_000_000);
const OURS: Mac = [2, 0, 0, 0, 0, 1];
/// Names of one device: as many as there are sources, eight of each.
const MOST_NAMES: usize = 9 * 8;
const MOST_CONTACTS: usize = 64;
const MOST_EVENTS: usize = 256;

/// Frames, each behind four bytes: what the operator does after it and the interface it came from, the seconds since the last one,
/// squared, and its length. Everything stays within its bounds, every byte is counted for who sent and who was sent it, a restart
/// loses nothing of those who are proven, and who is forgotten is nowhere.
pub fn inventory(data: &[u8]) {
    let mut wire = Wire::new();
    let mut rest = data;
    while let Some(([orders, seconds, high, low], after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high & 7, *low])).min(after.len());
        let (frame, next) = after.split_at(length);
        rest = next;
        wire.now = wire.now + Duration::from_secs(u64::from(*seconds).pow(2));
        wire.see(frame, InterfaceId(u32::from(orders & 3)));
        wire.obey(orders >> 2, frame);
        wire.wake();
    }
    wire.check();
}

/// An inventory, and how many bytes it must have counted.
struct Wire {
    inventory: Inventory,
    now: Time,
    /// Bytes sent and received by each that is known.
    counted: BTreeMap<Mac, [u64; 2]>,
    seen: u64,
    told: u64,
}

impl Wire {
    fn new() -> Self {
        let mut inventory = Inventory::new(settings(), Vendors::default(), 7);
        inventory.set_interfaces(&interfaces());
        Self { inventory, now: START, counted: BTreeMap::new(), seen: 0, told: 0 }
    }

    fn see(&mut self, frame: &[u8], interface: InterfaceId) {
        let (link, original) = (LinkType::Ethernet, frame.len() as u32);
        let seen = Seen { at: self.now, interface, direction: Direction::Overheard, link, frame, original };
        let packet = Packet::read(link, frame);
        self.inventory.handle_frame(&seen, &packet);
        self.seen += u64::from(original);
        let Some(ether) = packet.ether else { return };
        if is_a_device(ether.source) {
            self.counted.entry(ether.source).or_default()[0] += u64::from(original);
        }
        if let Some([_, received]) = self.counted.get_mut(&ether.destination) {
            *received += u64::from(original);
        }
    }

    /// Does what the operator wants of who sent the frame, or of who received it.
    fn obey(&mut self, order: u8, frame: &[u8]) {
        let mac = |at: usize| frame.get(at..at + 6).and_then(|mac| Mac::try_from(mac).ok()).unwrap_or(OURS);
        let (to, from) = (mac(0), mac(6));
        let name = || Some(String::from_utf8_lossy(frame).into_owned());
        let is_forward = order & 8 == 0;
        // Whoever is not known is refused.
        match order & 7 {
            0 => {}
            1 => _ = self.inventory.handle_proven(from, self.now),
            2 => _ = self.inventory.name(from, name().map(Into::into), self.now),
            3 => _ = self.inventory.note(from, name()),
            4 => self.merge(from, to),
            5 => _ = self.inventory.split(from),
            6 if is_forward => self.restart(),
            6 => self.step(order & 16 == 0),
            _ => self.forget(from),
        }
    }

    /// Who is merged is proven, and outlives a restart.
    fn merge(&mut self, mac: Mac, into: Mac) {
        for mac in [mac, into] {
            self.inventory.handle_proven(mac, self.now);
        }
        _ = self.inventory.merge(mac, into);
    }

    fn wake(&mut self) {
        if self.inventory.next_deadline(self.now) <= self.now {
            self.inventory.handle_wake(self.now);
        }
        while let Some(output) = self.inventory.poll_output() {
            match output {
                Output::Event(_) | Output::Names { .. } => {}
                Output::Minute(_, minute) => self.told += minute.sent,
            }
        }
        assert!(self.told <= self.seen, "more was told than was there");
    }

    fn restart(&mut self) {
        let before = proven(&self.report());
        let kept = serde_json::to_string(&self.inventory.keep()).expect("what is known can be kept");
        let kept = serde_json::from_str(&kept).expect("what was kept can be read");
        self.inventory = Inventory::restore(settings(), Vendors::default(), 8, kept, self.now);
        self.inventory.set_interfaces(&interfaces());
        let after = self.report();
        assert_eq!(proven(&after), before);
        self.keep_count_of(&after);
    }

    fn step(&mut self, forward: bool) {
        let by = Duration::from_secs(1000);
        self.inventory.shift(self.now, forward, by);
        self.now = if forward { self.now + by } else { self.now - by };
    }

    fn forget(&mut self, mac: Mac) {
        self.inventory.forget(mac);
        let report = self.report();
        let text = serde_json::to_string(&report).expect("a report can be written");
        assert!(!text.contains(&format!("\"{}\"", Hardware(mac))), "{mac:02x?} is forgotten");
        self.keep_count_of(&report);
    }

    fn keep_count_of(&mut self, report: &Report<u64>) {
        let is_known = |mac: &Mac| {
            let mut macs = report.devices.iter().flat_map(|device| device.also.iter().chain([&device.mac]));
            macs.any(|known| known.0 == *mac)
        };
        self.counted.retain(|mac, _| is_known(mac));
    }

    fn report(&mut self) -> Report<u64> {
        self.inventory.report(self.now, &Time::as_nanos)
    }

    fn check(mut self) {
        let report = self.report();
        assert!(report.devices.is_sorted_by_key(|device| device.mac) && report.hosts.is_sorted_by_key(|host| host.ip));
        assert!(report.hosts.len() <= hosts::MOST && report.events.len() <= MOST_EVENTS);
        for device in &report.devices {
            check_bounds(device);
            let macs = device.also.iter().chain([&device.mac]);
            let counted = macs.filter_map(|mac| self.counted.get(&mac.0));
            let counted = counted.fold([0, 0], |sum: [u64; 2], more| [sum[0] + more[0], sum[1] + more[1]]);
            assert_eq!([device.bytes_sent, device.bytes_received], counted, "{}", device.mac);
        }
        let text = serde_json::to_string(&report).expect("a report can be written");
        assert_eq!(serde_json::from_str::<Report<u64>>(&text).expect("it can be read again"), report);
        report.devices.iter().for_each(|device| self.forget(device.mac.0));
        assert!(self.report().devices.is_empty());
    }
}

fn settings() -> Settings {
    Settings { baseline: Duration::ZERO, tells_minutes: true, ..Settings::files() }
}

/// A network and a link to the Internet; of two more that frames come from nothing was told.
fn interfaces() -> [Interface; 2] {
    let interface = |id, name: &str, leads| {
        let (name, mac) = (name.to_owned(), Some(OURS));
        Interface { id: InterfaceId(id), name, mac, leads, has_devices: true }
    };
    [interface(0, "lan0", Leads::ToDevices), interface(1, "wan1", Leads::ToInternet)]
}

fn is_a_device(mac: Mac) -> bool {
    mac[0] & 1 == 0 && mac != OURS && mac != [0; 6]
}

/// What is known of those who are proven, apart from what is known of others.
fn proven(report: &Report<u64>) -> Vec<ReportedDevice<u64>> {
    let proven = report.devices.iter().filter(|device| device.proven && device.also.is_empty());
    proven.cloned().map(|device| ReportedDevice { likely_also: Vec::new(), ..device }).collect()
}

fn check_bounds(device: &ReportedDevice<u64>) {
    assert!(is_a_device(device.mac.0) && device.addresses.len() <= addresses::MOST * (1 + device.also.len()));
    assert!(device.tcp_open.len() + device.udp_open.len() <= MOST_PORTS);
    assert!(device.services_announced.len() <= MOST_SERVICES && device.contacts.len() <= MOST_CONTACTS);
    assert!(device.names.len() <= MOST_NAMES && device.names.is_sorted_by_key(|name| name.source));
    assert!(device.names.iter().all(|name| name.name.raw().len() <= LONGEST));
    assert!(device.first_seen <= device.last_seen);
}
