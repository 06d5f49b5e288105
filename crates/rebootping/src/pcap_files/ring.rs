//! One owner's segments, oldest first: what they sum up to and where the next packet goes.

use super::lane::Handed;
use super::pcapng::{self, Maker};
use rebootping_core::packet::frame::LinkType;
use std::collections::VecDeque;
use std::time::Duration;

/// A new segment at least this often, so that age can remove the old.
const LONGEST_SEGMENT: Duration = Duration::from_secs(24 * 60 * 60);
/// The oldest packets go so many at a time: a sixteenth of what is kept.
pub(super) const PARTS: u32 = 16;

/// A file of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The time in its name, in nanoseconds since 1970: that of its first packet, or just after the segment before.
    pub(super) start: u64,
    /// The stamp of its last packet.
    pub(super) last: u64,
    pub(super) bytes: u64,
}

/// An owner's segments.
#[derive(Debug, Default)]
pub(super) struct Ring {
    segments: VecDeque<Segment>,
    bytes: u64,
    /// The link type of the newest segment, as far as it is known: each has but one.
    link: Option<LinkType>,
    /// The section at the end of the newest segment, if this process began it: its number, and how many interfaces it describes.
    section: Option<(u64, usize)>,
    /// Somebody else was at the newest segment: what comes goes into one of its own.
    is_sealed: bool,
}

/// Where the next packets go.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) start: u64,
    /// Bytes already in that segment; none means that it must be made.
    pub(super) at: Option<u64>,
    /// What must stand before them.
    pub(super) preamble: Vec<u8>,
    /// Bytes of packets that go there.
    pub(super) length: usize,
}

impl Plan {
    /// Bytes it adds to the ring.
    pub(super) fn needed(&self) -> u64 {
        (self.preamble.len() + self.length) as u64
    }
}

impl Ring {
    /// A ring of segments found on the disk, oldest first.
    pub(super) fn found(segments: VecDeque<Segment>, link: Option<LinkType>) -> Self {
        let bytes = segments.iter().map(|it| it.bytes).sum();
        Self { segments, bytes, link, section: None, is_sealed: false }
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) const fn segments(&self) -> &VecDeque<Segment> {
        &self.segments
    }

    /// Decides where the first of these packets go, and how many of them. Segments end at `limit` bytes, but hold one packet at least.
    pub(super) fn plan(&self, handed: &Handed, packets: &[u8], limit: u64, max_age: Duration, maker: &Maker) -> Plan {
        let stamp = stamp_of(packets);
        let longest = LONGEST_SEGMENT.min(max_age / PARTS).as_nanos();
        if let Some(newest) = self.segments.back() {
            let preamble = self.continued(handed, maker);
            let room = limit.saturating_sub(newest.bytes + preamble.len() as u64);
            let length = fitting(packets, room);
            let is_young = u128::from(stamp.saturating_sub(newest.start)) < longest;
            let is_alike = self.link.is_none_or(|link| link == handed.owner.link);
            if length > 0 && is_young && is_alike && !self.is_sealed {
                return Plan { start: newest.start, at: Some(newest.bytes), preamble, length };
            }
        }
        let start = self.segments.back().map_or(stamp, |newest| stamp.max(newest.start.saturating_add(1)));
        let preamble = whole_section(handed, maker);
        let length = fitting(packets, limit.saturating_sub(preamble.len() as u64)).max(first_length(packets));
        Plan { start, at: None, preamble, length }
    }

    /// What makes the newest segment ready for these packets.
    fn continued(&self, handed: &Handed, maker: &Maker) -> Vec<u8> {
        match self.section {
            Some((number, described)) if number == handed.section.number => {
                let mut preamble = Vec::new();
                for name in handed.section.interfaces.iter().skip(described) {
                    pcapng::put_interface(&mut preamble, handed.owner.link, name);
                }
                preamble
            }
            _ => whole_section(handed, maker),
        }
    }

    /// Notes that a plan was carried out.
    pub(super) fn carried_out(&mut self, plan: &Plan, handed: &Handed) {
        if plan.at.is_none() {
            self.segments.push_back(Segment { start: plan.start, last: 0, bytes: 0 });
            self.is_sealed = false;
        }
        self.section = Some((handed.section.number, handed.section.interfaces.len()));
        self.link = Some(handed.owner.link);
        self.bytes += plan.needed();
        if let Some(newest) = self.segments.back_mut() {
            newest.bytes += plan.needed();
            newest.last = newest.last.max(handed.last);
        }
    }

    /// Notes that the oldest segment is gone.
    pub(super) fn lost_oldest(&mut self) {
        if let Some(oldest) = self.segments.pop_front() {
            self.bytes -= oldest.bytes;
        }
    }

    /// Notes what the segments are now, for somebody else was at them: those without a length are gone.
    pub(super) fn measured(&mut self, length: impl Fn(&Segment) -> Option<u64>) {
        let found = self.segments.iter().filter_map(|it| Some(Segment { bytes: length(it)?, ..*it }));
        *self = Self { is_sealed: true, ..Self::found(found.collect(), self.link) };
    }
}

fn whole_section(handed: &Handed, maker: &Maker) -> Vec<u8> {
    let mut section = Vec::new();
    pcapng::put_section(&mut section, maker, "");
    for name in &handed.section.interfaces {
        pcapng::put_interface(&mut section, handed.owner.link, name);
    }
    section
}

/// Bytes of the first packets that are not longer than `room` together.
fn fitting(packets: &[u8], room: u64) -> usize {
    if packets.len() as u64 <= room {
        return packets.len();
    }
    let mut end = 0;
    for length in lengths(packets) {
        if (end + length) as u64 > room {
            break;
        }
        end += length;
    }
    end
}

/// How many packets these are.
pub(super) fn count(packets: &[u8]) -> u64 {
    lengths(packets).count() as u64
}

/// The lengths of blocks that this program wrote, one after the other.
fn lengths(mut packets: &[u8]) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let length = first_length(packets);
        packets = packets.get(length..)?;
        (length > 0).then_some(length)
    })
}

fn first_length(packets: &[u8]) -> usize {
    word(packets, 4) as usize
}

fn stamp_of(packets: &[u8]) -> u64 {
    u64::from(word(packets, 12)) << 32 | u64::from(word(packets, 16))
}

fn word(packets: &[u8], at: usize) -> u32 {
    packets.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
}
