//! One owner's packets on their way: the buffer that fills, how large the next one is, and how its interfaces are numbered.

use super::memory::{Size, size_of};
use super::pcapng::{self, Record, SNAP_LENGTH};
use rebootping_core::packet::frame::{InterfaceId, LinkType};
use rebootping_core::time::Time;
use std::sync::Arc;

/// After so many interfaces a section is ended and the next one describes anew those in use.
const MOST_INTERFACES: usize = 32;

/// Whose packets these are.
#[derive(Debug)]
pub(super) struct Owner {
    /// The name of its folder.
    pub(super) folder: Arc<str>,
    pub(super) link: LinkType,
}

/// The interfaces that packets name by number.
#[derive(Debug)]
pub(super) struct Section {
    /// No other section of this process has it.
    pub(super) number: u64,
    pub(super) interfaces: Vec<Arc<str>>,
}

/// Packets on their way to the disk.
#[derive(Debug)]
pub(super) struct Handed {
    pub(super) owner: Arc<Owner>,
    pub(super) section: Arc<Section>,
    /// Enhanced Packet Blocks, one after the other.
    pub(super) blocks: Vec<u8>,
    pub(super) records: u64,
    /// The stamp of the last of them.
    pub(super) last: u64,
    /// When they were handed out.
    pub(super) now: Time,
}

/// Why a buffer is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    /// The next packet does not fit.
    Full,
    /// Its first packet has waited long enough.
    Old,
    /// Others need the memory.
    Squeezed,
}

/// One owner's packets on their way.
#[derive(Debug)]
pub(super) struct Lane {
    owner: Arc<Owner>,
    section: Arc<Section>,
    /// The kernel's numbers of the section's interfaces.
    interfaces: Vec<InterfaceId>,
    /// The interface of the last packet and its number: most owners have but one.
    recent: Option<(InterfaceId, u32)>,
    buffer: Vec<u8>,
    records: u64,
    last: u64,
    since: Time,
    wanted: Size,
    /// Where those with a buffer of its size list it.
    pub(super) position: usize,
}

impl Lane {
    pub(super) fn new(folder: &str, link: LinkType, number: u64) -> Self {
        Self {
            owner: Arc::new(Owner { folder: folder.into(), link }),
            section: Arc::new(Section { number, interfaces: Vec::new() }),
            interfaces: Vec::new(),
            recent: None,
            buffer: Vec::new(),
            records: 0,
            last: 0,
            since: Time::BOOT,
            wanted: Size::default(),
            position: 0,
        }
    }

    /// Appends a packet; false if its interface has no number yet, the buffer no room, or it is above the snap length.
    #[inline]
    pub(super) fn push(&mut self, record: &Record<'_>, now: Time) -> bool {
        let length = pcapng::packet_length(record.bytes.len());
        let Some((_, number)) = self.recent.filter(|(interface, _)| *interface == record.interface) else {
            return false;
        };
        if self.buffer.capacity() - self.buffer.len() < length || record.bytes.len() > SNAP_LENGTH as usize {
            return false;
        }
        if self.buffer.is_empty() {
            self.since = now;
        }
        pcapng::put_packet(&mut self.buffer, number, record);
        self.records += 1;
        self.last = record.stamp;
        true
    }

    /// Makes an interface the recent one; false if the section is full.
    pub(super) fn number(&mut self, interface: InterfaceId, name: &Arc<str>) -> bool {
        let number = self.interfaces.iter().position(|&it| it == interface).unwrap_or(self.interfaces.len());
        if number >= MOST_INTERFACES {
            return false;
        }
        if number == self.interfaces.len() {
            self.interfaces.push(interface);
            let mut names = self.section.interfaces.clone();
            names.push(Arc::clone(name));
            // What was handed out keeps the list it was numbered by, which begins alike.
            self.section = Arc::new(Section { number: self.section.number, interfaces: names });
        }
        self.recent = Some((interface, number as u32));
        true
    }

    pub(super) fn knows(&self, interface: InterfaceId) -> bool {
        self.interfaces.contains(&interface)
    }

    /// Numbers interfaces from the beginning; what was numbered before must have been handed out.
    pub(super) fn begin_section(&mut self, number: u64) {
        self.section = Arc::new(Section { number, interfaces: Vec::new() });
        self.interfaces.clear();
        self.recent = None;
    }

    /// Whether another packet of so many bytes, as a block, fits.
    pub(super) fn has_room(&self, length: usize) -> bool {
        self.buffer.capacity() - self.buffer.len() >= length
    }

    pub(super) fn holds_buffer(&self) -> bool {
        self.buffer.capacity() > 0
    }

    /// Whether a packet waits since then or longer.
    pub(super) fn waits_since(&self, then: Time) -> bool {
        !self.buffer.is_empty() && self.since <= then
    }

    /// The size of the buffer for a packet of so many bytes.
    pub(super) fn wanted(&self, length: usize) -> Size {
        self.wanted.max(Size::of(length))
    }

    pub(super) fn fill(&mut self, buffer: Vec<u8>) {
        self.buffer = buffer;
    }

    /// Hands out what there is, and learns from it how large the next buffer should be.
    pub(super) fn hand_out(&mut self, because: Because, now: Time) -> Handed {
        self.wanted = match because {
            Because::Full => size_of(&self.buffer).larger(),
            Because::Old => Size::of(self.buffer.len() * 2).min(self.wanted.larger()),
            Because::Squeezed => self.wanted.smaller(),
        };
        Handed {
            owner: Arc::clone(&self.owner),
            section: Arc::clone(&self.section),
            blocks: std::mem::take(&mut self.buffer),
            records: std::mem::take(&mut self.records),
            last: self.last,
            now,
        }
    }
}
