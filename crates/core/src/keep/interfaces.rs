//! The interfaces that are captured: whose MACs are ours, what is wanted of each, and how many pairs each may still prove.

use super::{Interface, Mode, OwnerId};
use crate::packet::frame::InterfaceId;
use crate::packet::neighbour::Mac;
use crate::time::Time;
use alloc::vec::Vec;
use core::time::Duration;

/// A gateway with more has its frames counted as unlisted.
pub(super) const MOST: usize = 1024;
/// Frames reach us later than the news that their interface is gone: the ring hands over a block every 100 ms.
const GRACE: Duration = Duration::from_secs(2);
/// So many MACs may prove each other at once on an interface, as when a network of them is switched on.
const BURST: u64 = 1000;
/// And then one in this time.
const REFILL: Duration = Duration::from_secs(1);

/// An interface and what was decided about it.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) interface: Interface,
    /// Its slot, once a frame belonged to it.
    pub(super) owner: Option<OwnerId>,
    /// When we were told that it is gone.
    gone: Option<Time>,
    /// Proofs by pairs: all used up would be `BURST` times `REFILL` from now.
    used_until: Time,
}

impl Listed {
    /// Pays for the proof of so many MACs, or says that it cannot.
    pub(super) fn pay(&mut self, macs: u64, now: Time) -> bool {
        let nanos = REFILL.as_nanos() as u64;
        let used = self.used_until.max(now) + Duration::from_nanos(nanos.saturating_mul(macs));
        let affordable = used.since(now).as_nanos() as u64 <= BURST.saturating_mul(nanos);
        if affordable {
            self.used_until = used;
        }
        affordable
    }
}

/// All of them, sorted by their numbers.
#[derive(Default)]
pub(super) struct Interfaces {
    listed: Vec<Listed>,
    /// Where the last frame's stands: the next is likely of the same.
    recent: usize,
    pub(super) left_out: u32,
}

impl Interfaces {
    /// What is wanted of a frame of this interface.
    #[inline]
    pub(super) fn mode(&mut self, id: InterfaceId, vlan: Option<u16>) -> Option<Mode> {
        if self.listed.get(self.recent).is_none_or(|listed| listed.interface.id != id) {
            self.recent = self.place(id).ok()?;
        }
        self.listed.get(self.recent).map(|listed| listed.interface.wants(vlan))
    }

    /// The interface of this number.
    pub(super) fn get(&self, id: InterfaceId) -> Option<&Listed> {
        self.listed.get(self.place(id).ok()?)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, id: InterfaceId) -> Option<&mut Listed> {
        let place = self.place(id).ok()?;
        self.listed.get_mut(place)
    }

    /// Takes a new list, and gives the owners that end: those of interfaces with another name now.
    pub(super) fn set(&mut self, interfaces: &[Interface], now: Time) -> Vec<OwnerId> {
        for listed in &mut self.listed {
            if !interfaces.iter().any(|interface| interface.id == listed.interface.id) {
                listed.gone = listed.gone.or(Some(now));
            }
        }
        self.left_out = 0;
        interfaces.iter().filter_map(|interface| self.put(interface)).collect()
    }

    fn put(&mut self, interface: &Interface) -> Option<OwnerId> {
        match self.place(interface.id) {
            Ok(place) => {
                let listed = self.listed.get_mut(place)?;
                let is_renamed = listed.interface.name != interface.name;
                listed.interface = interface.clone();
                listed.gone = None;
                if is_renamed { listed.owner.take() } else { None }
            }
            Err(_) if self.listed.len() >= MOST => {
                self.left_out = self.left_out.saturating_add(1);
                None
            }
            Err(place) => {
                let listed = Listed { interface: interface.clone(), owner: None, gone: None, used_until: Time::BOOT };
                self.listed.insert(place, listed);
                None
            }
        }
    }

    /// Forgets those that have been gone for long enough, and gives their owners.
    pub(super) fn purge(&mut self, now: Time) -> Vec<OwnerId> {
        let is_over = |listed: &Listed| listed.gone.is_some_and(|gone| now >= gone + GRACE);
        let owners = self.listed.iter().filter(|listed| is_over(listed)).filter_map(|listed| listed.owner).collect();
        self.listed.retain(|listed| !is_over(listed));
        owners
    }

    /// When the next is to be forgotten.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.listed.iter().filter_map(|listed| listed.gone).min().map(|gone| gone + GRACE)
    }

    /// The MACs of this host.
    pub(super) fn macs(&self) -> impl Iterator<Item = Mac> + '_ {
        self.listed.iter().filter_map(|listed| listed.interface.mac)
    }

    fn place(&self, id: InterfaceId) -> Result<usize, usize> {
        self.listed.binary_search_by_key(&id, |listed| listed.interface.id)
    }
}
