//! The report in parts, for those who write it out piece by piece: of a crowd it would be many times what is known.

use super::events::Event;
use super::report::{Hardware, LeftOut, ReportedDevice, ReportedHost, Writer};
use super::{Inventory, Slot};
use crate::time::Time;
use alloc::vec::Vec;

/// All that is known at one moment, each time as the program writes it.
pub struct Listing<'a, F> {
    inventory: &'a Inventory,
    writer: Writer<'a, F>,
    slots: Vec<Slot>,
}

impl Inventory {
    /// All that is known, each time as `label` writes it, in parts.
    pub fn listing<'a, T, F: Fn(Time) -> T>(&'a mut self, now: Time, label: &'a F) -> Listing<'a, F> {
        self.account_for_all();
        let is_main = |mac| !self.merged.contains_key(&mac) || !self.is_listed(self.main_of(mac));
        let mut listed: Vec<_> = self.listed().filter(|&(mac, _)| is_main(mac)).collect();
        listed.sort_unstable();
        let slots = listed.into_iter().map(|(_, slot)| slot).collect();
        Listing { inventory: self, writer: self.writer(now, label), slots }
    }
}

impl<T, F: Fn(Time) -> T> Listing<'_, F> {
    /// The devices by MAC.
    pub fn devices(&self) -> impl Iterator<Item = ReportedDevice<T>> {
        (0..self.slots.len()).filter_map(|number| self.device(number))
    }

    /// The device of that number, by MAC.
    pub fn device(&self, number: usize) -> Option<ReportedDevice<T>> {
        let (device, traffic, also) = self.inventory.joined(*self.slots.get(number)?)?;
        Some(self.writer.device(&device, &traffic, also))
    }

    /// Servers beyond those routers that are wanted, by address; none is one that is not known.
    pub fn hosts(&self, is_wanted: impl Fn(Option<Hardware>) -> bool) -> impl Iterator<Item = ReportedHost<T>> {
        let hosts = self.inventory.hosts.all().filter(|(ip, _)| !self.inventory.is_devices_own(*ip));
        let wanted = hosts.filter(move |(_, host)| is_wanted(host.behind.map(Hardware)));
        wanted.map(|(ip, host)| self.writer.host(ip, host))
    }

    /// What happened last, the oldest first.
    pub fn events(&self) -> Vec<Event<T>> {
        self.inventory.events.latest().iter().map(|event| event.label(self.writer.label)).collect()
    }

    /// What found no room.
    pub fn left_out(&self) -> LeftOut {
        self.inventory.left_out()
    }
}
