//! Every owner's lane, and which of them hold the memory.

use super::Slot;
use super::lane::{Because, Handed, Lane};
use super::memory::{Memory, Size, size_of};
use rebootping_core::packet::frame::{InterfaceId, LinkType};
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// More owners than can be proven at once, and the interfaces.
const MOST: u32 = 1 << 16;

/// Every owner's lane, by its slot.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    by_slot: Vec<Option<Lane>>,
    /// The slots that hold a buffer, by its size.
    holders: BTreeMap<Size, Vec<Slot>>,
    memory: Memory,
    sections: u64,
}

impl Lanes {
    /// Opens a slot that is closed.
    pub(super) fn open(&mut self, slot: Slot, folder: &str, link: LinkType) {
        if slot.0 < MOST {
            let number = self.next_section();
            let index = slot.0 as usize;
            self.by_slot.resize_with(self.by_slot.len().max(index + 1), || None);
            self.by_slot[index] = Some(Lane::new(folder, link, number));
        }
    }

    /// Closes a slot that was handed out.
    pub(super) fn close(&mut self, slot: Slot) {
        if let Some(place) = self.by_slot.get_mut(slot.0 as usize) {
            *place = None;
        }
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Lane> {
        self.by_slot.get(slot.0 as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Lane> {
        self.by_slot.get_mut(slot.0 as usize)?.as_mut()
    }

    /// Every slot there ever was, open or not.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..self.by_slot.len() as u32).map(Slot)
    }

    /// Gives an interface its number in a slot's section; false if the section is full.
    pub(super) fn number(&mut self, slot: Slot, interface: InterfaceId, name: &Arc<str>) -> bool {
        self.get_mut(slot).is_none_or(|lane| lane.number(interface, name))
    }

    /// Begins a slot's next section; what it held must have been handed out.
    pub(super) fn begin_section(&mut self, slot: Slot) {
        let number = self.next_section();
        if let Some(lane) = self.get_mut(slot) {
            lane.begin_section(number);
        }
    }

    fn next_section(&mut self) -> u64 {
        self.sections += 1;
        self.sections
    }

    /// The slot to hand out before another with a packet of so many bytes may fill, if one must.
    pub(super) fn in_the_way_of(&self, slot: Slot, length: usize) -> Option<Slot> {
        let may_fill = self.get(slot).is_none_or(|lane| self.memory.may_fill(lane.wanted(length)));
        let largest = || self.holders.values().next_back().and_then(|slots| slots.last().copied());
        if may_fill { None } else { largest() }
    }

    /// Gives a slot an empty buffer with room for so many bytes; false if there is no memory for one.
    pub(super) fn fill(&mut self, slot: Slot, length: usize) -> bool {
        let Some(Some(lane)) = self.by_slot.get_mut(slot.0 as usize) else { return false };
        let Some(buffer) = self.memory.take(lane.wanted(length)) else { return false };
        let holders = self.holders.entry(size_of(&buffer)).or_default();
        lane.position = holders.len();
        lane.fill(buffer);
        holders.push(slot);
        true
    }

    /// Takes what a slot holds; none if that is no packet.
    pub(super) fn hand_out(&mut self, slot: Slot, because: Because, now: Time) -> Option<Handed> {
        let lane = self.get_mut(slot).filter(|lane| lane.holds_buffer())?;
        let position = lane.position;
        let handed = lane.hand_out(because, now);
        self.unlist(size_of(&handed.blocks), position);
        self.memory.handed_out(&handed.blocks);
        if handed.records == 0 {
            self.memory.give_back(handed.blocks);
            return None;
        }
        Some(Handed { blocks: self.memory.pack(handed.blocks), ..handed })
    }

    /// Takes a buffer back that was handed out.
    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        self.memory.give_back(buffer);
    }

    /// Bytes of all buffers.
    pub(super) const fn bytes(&self) -> usize {
        self.memory.bytes()
    }

    /// Takes a slot out of the list of those that hold a buffer of this size.
    fn unlist(&mut self, size: Size, position: usize) {
        let Some(holders) = self.holders.get_mut(&size) else { return };
        if position < holders.len() {
            holders.swap_remove(position);
        }
        let moved = holders.get(position).copied();
        if holders.is_empty() {
            self.holders.remove(&size);
        }
        if let Some(lane) = moved.and_then(|slot| self.get_mut(slot)) {
            lane.position = position;
        }
    }
}
