//! The proven owners, each in a slot that is its number as long as it lives.

use super::hash::Hash;
use super::index::{Index, Place};
use super::{Mode, Owner, OwnerId, interfaces};
use crate::packet::frame::InterfaceId;
use crate::packet::neighbour::{Mac, number};
use crate::time::Time;
use alloc::vec::Vec;
use core::time::Duration;

/// No more MACs are proven at once, however good their proofs.
pub(super) const MOST: usize = 16_384;
/// As many of them by talking with each other.
pub(super) const MOST_BY_PAIR: u32 = 4096;
/// When there is no room, a MAC that was not heard for so long may go: twice as long as captures are kept by default.
const ABSENT: Duration = Duration::from_secs(60 * 86_400);

/// How well a MAC is proven.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Standing {
    /// By talking with another that was not proven either.
    ByPair,
    /// By the gateway, a DHCP server, the kernel, or a MAC that is firmly proven itself.
    Firm,
    /// By the operator.
    Named,
}

/// Who a MAC in a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Party {
    /// Nobody: a group, or the all-zero address.
    Nobody,
    /// This host.
    Ours,
    /// A proven MAC.
    Proven(OwnerId),
    /// Any other.
    Unproven(Mac),
}

/// A proven owner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) owner: Owner,
    pub(super) standing: Standing,
    /// What the operator wants of this owner, whatever the interface.
    pub(super) mode: Option<Mode>,
    /// When it last spoke; for one that has not, when it was proven.
    pub(super) heard_at: Time,
    /// Where it last spoke.
    pub(super) heard_on: Option<InterfaceId>,
}

/// A slot and whose it was, now that it is empty.
pub(super) type Closed = (OwnerId, Owner);

/// All slots, and the index of their MACs and ours.
pub(super) struct Registry {
    index: Index,
    slots: Vec<Option<Slot>>,
    free: Vec<OwnerId>,
    ours: Vec<Mac>,
    macs: usize,
    by_pair: u32,
    /// Before this nobody will have been absent for long enough.
    full_until: Time,
}

impl Registry {
    pub(super) fn new(hash: Hash) -> Self {
        Self {
            index: Index::new(hash),
            slots: Vec::new(),
            free: Vec::new(),
            ours: Vec::new(),
            macs: 0,
            by_pair: 0,
            full_until: Time::BOOT,
        }
    }

    /// Who a MAC is.
    pub(super) fn party(&self, mac: Mac) -> Party {
        let number = number(mac);
        if number >> 40 & 1 != 0 || number == 0 {
            return Party::Nobody;
        }
        match self.index.get(number) {
            Some(Place::Ours) => Party::Ours,
            Some(Place::Slot(slot)) => Party::Proven(OwnerId(slot.into())),
            None => Party::Unproven(mac),
        }
    }

    /// The owner in a slot.
    pub(super) fn get(&self, id: OwnerId) -> Option<&Slot> {
        self.slots.get(id.0 as usize)?.as_ref()
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, id: OwnerId) -> Option<&mut Slot> {
        self.slots.get_mut(id.0 as usize)?.as_mut()
    }

    /// How many MACs are proven, and how many of these by pairs.
    pub(super) fn used(&self) -> (u32, u32) {
        (self.macs as u32, self.by_pair)
    }

    /// Whether so many more may be proven by pairs.
    pub(super) fn has_room_for_pairs(&self, macs: u32) -> bool {
        self.by_pair.saturating_add(macs) <= MOST_BY_PAIR
    }

    /// Gives an unproven MAC its slot, and says who had to go for it; none if there is no room.
    pub(super) fn admit(&mut self, mac: Mac, standing: Standing, now: Time) -> Option<(OwnerId, Option<Closed>)> {
        if !self.index.has_room(number(mac)) {
            return None;
        }
        let mut replaced = None;
        if self.macs >= MOST {
            let oldest = self.replaceable(standing, now)?;
            replaced = self.close(oldest);
        }
        let id = self.open(Slot { owner: Owner::Mac(mac), standing, mode: None, heard_at: now, heard_on: None });
        self.index.insert(number(mac), Place::Slot(id.0 as u16));
        Some((id, replaced))
    }

    /// Gives an interface its slot.
    pub(super) fn admit_interface(&mut self, id: InterfaceId, now: Time) -> OwnerId {
        let owner = Owner::Interface(id);
        self.open(Slot { owner, standing: Standing::Firm, mode: None, heard_at: now, heard_on: None })
    }

    /// Empties a slot.
    pub(super) fn close(&mut self, id: OwnerId) -> Option<Closed> {
        let slot = self.slots.get_mut(id.0 as usize)?.take()?;
        self.free.push(id);
        if let Owner::Mac(mac) = slot.owner {
            self.index.remove(number(mac));
            self.macs = self.macs.saturating_sub(1);
            self.by_pair = self.by_pair.saturating_sub(u32::from(slot.standing == Standing::ByPair));
        }
        Some((id, slot.owner))
    }

    /// Takes the MACs of this host, and closes the owners that turn out to be among them.
    pub(super) fn set_ours(&mut self, macs: impl Iterator<Item = Mac>) -> Vec<Closed> {
        for mac in core::mem::take(&mut self.ours) {
            self.index.remove(number(mac));
        }
        let mut closed = Vec::new();
        for mac in macs {
            match self.party(mac) {
                Party::Nobody | Party::Ours => continue,
                Party::Proven(id) => closed.extend(self.close(id)),
                Party::Unproven(_) => {}
            }
            self.index.insert(number(mac), Place::Ours);
            self.ours.push(mac);
        }
        closed
    }

    /// Lets a proven MAC stand better, if this is better.
    pub(super) fn raise(&mut self, id: OwnerId, standing: Standing) {
        let Some(slot) = self.get_mut(id) else { return };
        let was_by_pair = slot.standing == Standing::ByPair;
        slot.standing = slot.standing.max(standing);
        if was_by_pair && standing != Standing::ByPair {
            self.by_pair = self.by_pair.saturating_sub(1);
        }
    }

    /// Who may go for a newcomer: the one absent longest, if for long enough; for one the operator names anyone the operator did not.
    fn replaceable(&mut self, standing: Standing, now: Time) -> Option<OwnerId> {
        if standing != Standing::Named && now < self.full_until {
            return None;
        }
        let (heard_at, id) = self.absent_longest()?;
        if standing == Standing::Named || now.since(heard_at) >= ABSENT {
            return Some(id);
        }
        // One who was heard later leaves later, so that a flood of proofs searches once.
        self.full_until = heard_at + ABSENT;
        None
    }

    fn absent_longest(&self) -> Option<(Time, OwnerId)> {
        let may_go = |slot: &Slot| matches!(slot.owner, Owner::Mac(_)) && slot.standing != Standing::Named;
        let slots = (0_u32..).zip(&self.slots).filter_map(|(id, slot)| Some((OwnerId(id), slot.as_ref()?)));
        slots.filter(|(_, slot)| may_go(slot)).map(|(id, slot)| (slot.heard_at, id)).min()
    }

    /// Takes the slot that was freed last, or a new one: no more than `MOST` and the interfaces need.
    fn open(&mut self, slot: Slot) -> OwnerId {
        if matches!(slot.owner, Owner::Mac(_)) {
            self.macs = self.macs.saturating_add(1);
            self.by_pair = self.by_pair.saturating_add(u32::from(slot.standing == Standing::ByPair));
        }
        let id = self.free.pop().unwrap_or(OwnerId(self.slots.len() as u32));
        match self.slots.get_mut(id.0 as usize) {
            Some(place) => *place = Some(slot),
            None => self.slots.push(Some(slot)),
        }
        id
    }
}

const _: () = assert!(MOST + interfaces::MOST < u16::MAX as usize, "a slot's number fits the index");
