//! What is learnt of devices: handed every frame, asked for reports, kept across restarts.

use super::keeper::Keeper;
use crate::capture::interfaces::Captured;
use crate::ipc::observer::FromObserver;
use crate::pcap_files::OwnerStatus;
use crate::report::devices::{event_text, label};
use rebootping_core::inventory::interfaces::{Interface, Leads};
use rebootping_core::inventory::report::{Captures, Report};
use rebootping_core::inventory::vendor::Vendors;
use rebootping_core::inventory::{Inventory, Output, Settings};
use rebootping_core::packet::frame::{Packet, Seen};
use rebootping_core::packet::neighbour::Mac;
use rebootping_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// After a crash so much of what was learnt is lost; each time costs some ten kilobytes on a flash disk.
const KEEP_EVERY: Duration = Duration::from_secs(600);
/// MACs that were proven before they were heard, at most.
const MOST_EARLY: usize = 16_384;

/// The inventory, and what it needs around it.
pub(super) struct Devices {
    inventory: Inventory,
    /// Proven by the kernel or by name before a frame of theirs was seen.
    early: BTreeSet<Mac>,
    keeper: Keeper,
    keep_at: Time,
}

impl Devices {
    /// Goes on from what lies in `state`, if that can be read; what cannot is said.
    pub(super) fn start(state: &Path, seed: u64, now: Time) -> (Self, Vec<FromObserver>) {
        let (keeper, kept, trouble) = Keeper::start(state);
        let vendors = Vendors::new([]);
        let inventory = match kept {
            Some(kept) => Inventory::restore(Settings::live(), vendors, seed, kept, now),
            None => Inventory::new(Settings::live(), vendors, seed),
        };
        let said = trouble.into_iter().map(FromObserver::Warning).collect();
        (Self { inventory, early: BTreeSet::new(), keeper, keep_at: now + KEEP_EVERY }, said)
    }

    /// Takes a captured frame.
    pub(super) fn take(&mut self, seen: &Seen<'_>, packet: &Packet) {
        self.inventory.handle_frame(seen, packet);
        if !self.early.is_empty() {
            let source = packet.ether.map(|ether| ether.source);
            if let Some(mac) = source.filter(|mac| self.early.remove(mac)) {
                self.prove(mac, seen.at);
            }
        }
    }

    /// A MAC is proven to be there.
    pub(super) fn prove(&mut self, mac: Mac, now: Time) {
        if !self.inventory.handle_proven(mac, now) && self.early.len() < MOST_EARLY {
            self.early.insert(mac);
        }
    }

    /// Takes the interfaces there are: the links lead to the Internet, all others to devices.
    pub(super) fn set_interfaces(&mut self, captured: &Captured, links: &[String]) {
        let interface = |captured: &crate::capture::interfaces::Interface| Interface {
            id: captured.id,
            name: captured.name.clone(),
            mac: captured.mac,
            leads: if links.contains(&captured.name) { Leads::ToInternet } else { Leads::ToDevices },
            has_devices: captured.treatment.devices,
        };
        let interfaces: Vec<Interface> = captured.interfaces.iter().map(interface).collect();
        self.inventory.set_interfaces(&interfaces);
    }

    /// The clock by which times are labelled was stepped by so many nanoseconds.
    pub(super) fn shift(&mut self, step: i64) {
        self.inventory.shift(step > 0, Duration::from_nanos(step.unsigned_abs()));
    }

    /// Does what is due, and says what happened.
    pub(super) fn tick(&mut self, now: Time) -> Vec<FromObserver> {
        self.inventory.handle_wake(now);
        if now >= self.keep_at {
            self.keep_at = now + KEEP_EVERY;
            self.keeper.keep(self.inventory.keep());
        }
        let mut said: Vec<FromObserver> = self.keeper.failures().map(FromObserver::Warning).collect();
        while let Some(output) = self.inventory.poll_output() {
            match output {
                Output::Event(event) => said.push(FromObserver::Notice(event_text(&event))),
                // No history takes them yet: reports count bytes since the device is known.
                Output::Minute { .. } => {}
            }
        }
        said
    }

    /// All that is known, with what is kept of each device's packets.
    pub(super) fn report(&mut self, owners: &BTreeMap<Arc<str>, OwnerStatus>, now: Time) -> Report<String> {
        let mut report = self.inventory.report(now, &|time: Time| label(time.as_nanos()));
        for device in &mut report.devices {
            let kept = owners.get(device.mac.to_string().as_str());
            device.captures = kept.map(|kept| Captures { since: label(kept.oldest), bytes: kept.bytes });
        }
        report
    }

    /// Keeps what was learnt, and waits until that is on the disk.
    pub(super) fn stop(mut self, timeout: Duration) {
        self.keeper.stop(self.inventory.keep(), timeout);
    }
}
