//! The table of all devices by MAC: proven ones stay, unproven ones make room for each other.

use super::device::Device;
use super::seed::Seed;
use super::traffic::Traffic;
use crate::packet::neighbour::{Mac, number};
use crate::time::Time;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};
use hashbrown::HashTable;

/// So many proven devices are listed.
pub const MOST_PROVEN: usize = 16_384;
/// So many others are known at a time.
pub const MOST_UNPROVEN: usize = 8_192;
/// The hand of the clock passes so many before one goes that was heard of since it last passed.
const MOST_STEPS: usize = 16;

/// A device's place, as long as it is listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Slot(u16);

/// Whose a MAC is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Whose {
    /// The gateway's own.
    Ours,
    /// A device's.
    Device(Slot),
    /// Nobody's that is listed.
    #[default]
    Unknown,
}

impl Whose {
    /// The device.
    pub(super) const fn device(self) -> Option<Slot> {
        match self {
            Self::Device(slot) => Some(slot),
            Self::Ours | Self::Unknown => None,
        }
    }
}

/// All devices.
pub(super) struct Devices {
    seed: Seed,
    index: HashTable<(Mac, Option<Slot>)>,
    places: Vec<Option<Device>>,
    traffic: Vec<Traffic>,
    free: Vec<Slot>,
    proven: Vec<Slot>,
    /// Those that may have to go, in a circle, and where its hand stands.
    unproven: Vec<Slot>,
    hand: usize,
    /// Unproven devices that had to go.
    pub(super) gone: u64,
    /// Devices that were proven when there was no room for them.
    pub(super) refused: u64,
}

impl Devices {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            seed,
            index: HashTable::new(),
            places: Vec::new(),
            traffic: Vec::new(),
            free: Vec::new(),
            proven: Vec::new(),
            unproven: Vec::new(),
            hand: 0,
            gone: 0,
            refused: 0,
        }
    }

    /// Whose a MAC is.
    #[inline]
    pub(super) fn whose(&self, mac: Mac) -> Whose {
        match self.index.find(self.hash(mac), |(known, _)| *known == mac) {
            Some((_, Some(slot))) => Whose::Device(*slot),
            Some((_, None)) => Whose::Ours,
            None => Whose::Unknown,
        }
    }

    /// The device of a MAC, if it is listed.
    pub(super) fn find(&self, mac: Mac) -> Option<Slot> {
        self.whose(mac).device()
    }

    /// Lists a device; returns the MAC that had to go for it.
    pub(super) fn add(&mut self, mac: Mac, now: Time) -> (Slot, Option<Device>) {
        let gone = (self.unproven.len() >= MOST_UNPROVEN).then(|| self.evict()).flatten();
        let slot = self.free.pop().unwrap_or(Slot(self.places.len() as u16));
        let at = usize::from(slot.0);
        if at >= self.places.len() {
            self.places.resize_with(at.saturating_add(1), || None);
            self.traffic.resize(at.saturating_add(1), Traffic::default());
        }
        if let (Some(device), Some(traffic)) = (self.places.get_mut(at), self.traffic.get_mut(at)) {
            (*device, *traffic) = (Some(Device::new(mac, now)), Traffic::new(mac, now));
        }
        self.unproven.push(slot);
        self.insert(mac, Some(slot));
        (slot, gone)
    }

    /// A device is proven: it stays. False if there is no room for another such.
    pub(super) fn prove(&mut self, slot: Slot) -> bool {
        if !self.has_room() {
            self.refused = self.refused.saturating_add(1);
            return false;
        }
        if let Some(device) = self.get_mut(slot).filter(|device| !device.is_proven) {
            device.is_proven = true;
            self.proven.push(slot);
            self.unproven.retain(|&other| other != slot);
            self.hand = 0;
        }
        true
    }

    /// These MACs are the gateway's own, and no others.
    pub(super) fn set_ours(&mut self, macs: impl Iterator<Item = Mac>) -> Vec<Device> {
        self.index.retain(|(_, slot)| slot.is_some());
        let mut were_devices = Vec::new();
        for mac in macs {
            were_devices.extend(self.remove(mac));
            if self.whose(mac) == Whose::Unknown {
                self.insert(mac, None);
            }
        }
        were_devices
    }

    /// Takes a device off the list.
    pub(super) fn remove(&mut self, mac: Mac) -> Option<Device> {
        let slot = self.find(mac)?;
        if let Ok(entry) = self.index.find_entry(self.hash(mac), |(known, _)| *known == mac) {
            entry.remove();
        }
        let device = self.clear(slot)?;
        for list in [&mut self.proven, &mut self.unproven] {
            list.retain(|&other| other != slot);
        }
        self.hand = 0;
        self.free.push(slot);
        Some(device)
    }

    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Option<&Device> {
        self.places.get(usize::from(slot.0))?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Device> {
        self.places.get_mut(usize::from(slot.0))?.as_mut()
    }

    #[inline]
    pub(super) fn traffic_mut(&mut self, slot: Slot) -> Option<&mut Traffic> {
        self.traffic.get_mut(usize::from(slot.0))
    }

    #[inline]
    pub(super) fn traffic(&self, slot: Slot) -> Option<&Traffic> {
        self.traffic.get(usize::from(slot.0))
    }

    pub(super) fn both_mut(&mut self, slot: Slot) -> Option<(&mut Device, &mut Traffic)> {
        let at = usize::from(slot.0);
        Some((self.places.get_mut(at)?.as_mut()?, self.traffic.get_mut(at)?))
    }

    pub(super) fn both(&self, slot: Slot) -> Option<(&Device, &Traffic)> {
        let at = usize::from(slot.0);
        Some((self.places.get(at)?.as_ref()?, self.traffic.get(at)?))
    }

    /// There is room for another proven device.
    pub(super) fn has_room(&self) -> bool {
        self.proven.len() < MOST_PROVEN
    }

    /// Those that are proven, in the order of their slots.
    pub(super) fn proven(&self) -> Vec<Slot> {
        let mut proven = self.proven.clone();
        proven.sort_unstable();
        proven
    }

    /// How many are not proven.
    pub(super) fn unproven(&self) -> usize {
        self.unproven.len()
    }

    /// All devices with their slots.
    pub(super) fn slots(&self) -> impl Iterator<Item = (Mac, Slot)> {
        let slots = self.places.iter().enumerate();
        slots.filter_map(|(at, device)| Some((device.as_ref()?.mac, Slot(at as u16))))
    }

    /// All devices with their traffic, in the order of their slots.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Device, &Traffic)> {
        self.places.iter().zip(&self.traffic).filter_map(|(device, traffic)| Some((device.as_ref()?, traffic)))
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (&mut Device, &mut Traffic)> {
        self.places.iter_mut().zip(&mut self.traffic).filter_map(|(device, traffic)| Some((device.as_mut()?, traffic)))
    }

    /// Lists a device as it was kept over a restart.
    pub(super) fn restore(&mut self, device: Device, traffic: Traffic) {
        if self.whose(device.mac) != Whose::Unknown || (device.is_proven && !self.has_room()) {
            return;
        }
        let (slot, _) = self.add(device.mac, device.first_seen);
        let is_proven = device.is_proven;
        if let Some((place, bytes)) = self.both_mut(slot) {
            *bytes = traffic.restored(device.mac);
            *place = Device { is_proven: false, ..device };
        }
        if is_proven {
            self.prove(slot);
        }
    }

    /// The next unproven device that was silent since the hand last passed goes; after some steps, any.
    fn evict(&mut self) -> Option<Device> {
        let many = self.unproven.len();
        let mut at = self.hand;
        for _ in 0..MOST_STEPS {
            at = at.checked_rem(many)?;
            let slot = *self.unproven.get(at)?;
            let traffic = self.traffic.get_mut(usize::from(slot.0))?;
            if !core::mem::take(&mut traffic.was_heard) {
                break;
            }
            at = at.saturating_add(1);
        }
        at = at.checked_rem(many)?;
        self.hand = at;
        let slot = self.unproven.swap_remove(at);
        let device = self.clear(slot)?;
        if let Ok(entry) = self.index.find_entry(self.hash(device.mac), |(known, _)| *known == device.mac) {
            entry.remove();
        }
        self.free.push(slot);
        self.gone = self.gone.saturating_add(1);
        Some(device)
    }

    /// Takes a device from its place, which is nobody's from here on.
    fn clear(&mut self, slot: Slot) -> Option<Device> {
        *self.traffic_mut(slot)? = Traffic::default();
        self.places.get_mut(usize::from(slot.0))?.take()
    }

    fn insert(&mut self, mac: Mac, slot: Option<Slot>) {
        let seed = self.seed;
        self.index.insert_unique(self.hash(mac), (mac, slot), |(mac, _)| hash(seed, *mac));
    }

    #[inline]
    fn hash(&self, mac: Mac) -> u64 {
        hash(self.seed, mac)
    }
}

#[inline]
fn hash(seed: Seed, mac: Mac) -> u64 {
    let mut hasher = seed.build_hasher();
    hasher.write_u64(number(mac));
    hasher.finish()
}

const _: () = assert!(MOST_PROVEN + MOST_UNPROVEN < u16::MAX as usize, "the number of a place has two bytes");
