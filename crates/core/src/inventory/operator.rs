//! What the operator says of devices: names, notes, which MACs are one device, and which to forget.

use super::report::Hardware;
use super::{Inventory, Slot};
use crate::packet::neighbour::Mac;
use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// So many MACs can be merged in all.
const MOST_MERGED: usize = 4096;
/// So many others are named that a MAC is probably one device with.
const MOST_SUGGESTED: usize = 8;
/// A note is kept up to so many bytes.
const LONGEST_NOTE: usize = 4096;

/// Why something could not be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No such device is listed.
    Unknown,
    /// A device cannot be merged into itself.
    Same,
    /// So many are merged already that there is no room.
    Full,
}

impl Inventory {
    /// The operator names a device, which proves it; none takes the name back.
    pub fn name(&mut self, mac: Mac, name: Option<Untrusted>, now: Time) -> Result<(), Refusal> {
        let main = self.main_of(mac);
        let slot = self.known(main)?;
        if let Some(device) = self.devices.get_mut(slot) {
            device.names.give(name, now);
            device.presence.is_told = true;
        }
        self.handle_proven(main, now);
        Ok(())
    }

    /// The operator writes something down about a device; none takes it back.
    pub fn note(&mut self, mac: Mac, note: Option<String>) -> Result<(), Refusal> {
        let slot = self.known(self.main_of(mac))?;
        let cut = |note: String| note.chars().scan(0_usize, within).collect();
        if let Some(device) = self.devices.get_mut(slot) {
            device.note = note.map(cut);
        }
        Ok(())
    }

    /// Two MACs are one device, listed by `into` from here on.
    pub fn merge(&mut self, mac: Mac, into: Mac) -> Result<(), Refusal> {
        let (mac, into) = (self.main_of(mac), self.main_of(into));
        self.known(mac)?;
        self.known(into)?;
        if mac == into {
            return Err(Refusal::Same);
        }
        if self.merged.len() >= MOST_MERGED {
            return Err(Refusal::Full);
        }
        self.merged.values_mut().filter(|main| **main == mac).for_each(|main| *main = into);
        self.merged.insert(mac, into);
        Ok(())
    }

    /// A MAC is a device of its own again; of a device's main MAC, all of them are.
    pub fn split(&mut self, mac: Mac) -> Result<(), Refusal> {
        let before = self.merged.len();
        self.merged.retain(|other, main| *other != mac && *main != mac);
        if self.merged.len() == before { Err(Refusal::Unknown) } else { Ok(()) }
    }

    /// Forgets a device with all its MACs and everything they told.
    pub fn forget(&mut self, mac: Mac) {
        let main = self.main_of(mac);
        let mut macs: Vec<Mac> = self.merged.iter().filter(|(_, m)| **m == main).map(|(mac, _)| *mac).collect();
        macs.push(main);
        for mac in macs {
            self.merged.remove(&mac);
            if let Some(device) = self.devices.remove(mac) {
                self.forget_addresses(&device);
            }
            self.flows.forget(mac);
            self.hosts.forget(mac);
            self.lookups.forget(super::lookups::who(mac));
            self.events.forget(Hardware(mac));
            self.news.retain(|(_, other)| *other != mac);
            self.minutes.retain(|output| !matches!(output, super::Output::Minute(other, _) if *other == mac));
        }
    }

    /// MACs that told their DHCP server the same name and client identifier, and are not merged yet: which are probably one device
    /// with which others.
    pub(super) fn suggestions(&self) -> BTreeMap<Mac, Vec<Hardware>> {
        let mut groups: BTreeMap<(&Untrusted, &[u8]), BTreeSet<Mac>> = BTreeMap::new();
        for (device, _) in self.devices.all().filter(|(device, _)| self.is_listed(device.mac)) {
            if let (Some(name), Some(id)) = (&device.dhcp.host_name, &device.dhcp.client_id) {
                groups.entry((name, of_client(id))).or_default().insert(self.main_of(device.mac));
            }
        }
        let mut suggestions: BTreeMap<Mac, Vec<Hardware>> = BTreeMap::new();
        for group in groups.values() {
            for &mac in group {
                let others = group.iter().filter(|other| **other != mac).map(|other| Hardware(*other));
                suggestions.entry(mac).or_default().extend(others.take(MOST_SUGGESTED));
            }
        }
        suggestions
    }

    /// The clock by which times are labelled, which showed `now`, was stepped: what was learnt by it moves with it. What was restored
    /// stays: it was dated by a clock of another run.
    pub fn shift(&mut self, now: Time, forward: bool, by: core::time::Duration) {
        let moved = |time: Time| if forward { time + by } else { time - by };
        let restored = self.restored;
        let shift = |time: Time| if restored.is_none_or(|at| at <= time) && time <= now { moved(time) } else { time };
        self.started = self.started.map(shift);
        self.next_minute = Time::BOOT;
        self.resolvers.forget_span();
        for (device, traffic) in self.devices.all_mut() {
            device.shift(shift);
            device.presence.shift(shift);
            traffic.last_seen = shift(traffic.last_seen);
        }
        self.hosts.shift(shift);
        self.owners.shift(shift);
        self.flows.shift(moved);
        self.news.iter_mut().for_each(|(until, _)| *until = moved(*until));
        self.restored = restored.map(moved);
    }

    fn known(&self, mac: Mac) -> Result<Slot, Refusal> {
        self.devices.find(mac).ok_or(Refusal::Unknown)
    }
}

/// What of a client identifier is the client's and not one of its interfaces': with type 255, what follows the interface's four bytes
/// (RFC 4361 section 6.1).
fn of_client(id: &[u8]) -> &[u8] {
    match id {
        [255, _, _, _, _, client @ ..] => client,
        id => id,
    }
}

/// A character, as long as the text stays short enough.
fn within(bytes: &mut usize, character: char) -> Option<char> {
    *bytes = bytes.saturating_add(character.len_utf8());
    (*bytes <= LONGEST_NOTE).then_some(character)
}
