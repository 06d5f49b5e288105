//! The small ring: frames of MACs that are not proven yet, the newest 8 MiB of all of them together.
//!
//! They are kept as whole as a proven owner's would be, so that its file does not show when it was proven: eight seconds of a
//! device that says 1 MB a second. Each record knows the owner's record before it. When the owner is proven these links are
//! turned round once, so that its records come out oldest first, one at a time and without a copy.

use crate::packet::frame::{Direction, InterfaceId, LinkType, Seen};
use crate::time::Time;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec;

/// A tenth of what one device keeps in its files.
pub(super) const BYTES: usize = 8 << 20;
/// Enough to fill the ring with the shortest frames.
const RECORDS: usize = BYTES / 64;

/// One overheard frame without its bytes.
#[derive(Clone, Copy, Debug)]
struct Record {
    at: Time,
    /// The number of the same owner's record before this, after it once turned; 0 for none.
    chain: u64,
    start: usize,
    length: u32,
    original: u32,
    interface: InterfaceId,
    direction: Direction,
    link: LinkType,
}

/// The ring. Its records are numbered from 1 on.
pub(super) struct Overheard {
    bytes: Box<[u8]>,
    records: VecDeque<Record>,
    /// The number of the oldest record there is.
    oldest: u64,
    /// Where the next record's bytes go.
    head: usize,
    overwritten: u64,
}

impl Overheard {
    pub(super) fn new() -> Self {
        let records = VecDeque::with_capacity(RECORDS);
        Self { bytes: vec![0; BYTES].into(), records, oldest: 1, head: 0, overwritten: 0 }
    }

    /// Puts the frame's first `snap` bytes in, and gives the record's number; `before` is that of its owner's last.
    pub(super) fn push(&mut self, seen: &Seen<'_>, snap: u32, before: u64) -> u64 {
        let frame = seen.frame.get(..snap as usize).unwrap_or(seen.frame);
        let start = self.make_room(frame.len());
        let end = start.saturating_add(frame.len());
        let Some(place) = self.bytes.get_mut(start..end) else {
            self.overwritten = self.overwritten.saturating_add(1);
            return before;
        };
        place.copy_from_slice(frame);
        self.head = end;
        self.records.push_back(Record {
            at: seen.at,
            chain: before,
            start,
            length: frame.len() as u32,
            original: seen.original,
            interface: seen.interface,
            direction: seen.direction,
            link: seen.link,
        });
        self.oldest.saturating_add(self.records.len() as u64).saturating_sub(1)
    }

    /// Turns the links of one owner's records round, from its newest back, and gives the number of the oldest still there; 0 if none is.
    pub(super) fn turn(&mut self, newest: u64) -> u64 {
        let (mut at, mut after) = (newest, 0);
        while let Some(record) = self.record_mut(at) {
            let before = core::mem::replace(&mut record.chain, after);
            (at, after) = (before, at);
        }
        after
    }

    /// The record of this number, and the number of its owner's next once they are turned.
    pub(super) fn get(&self, number: u64) -> Option<(Seen<'_>, u64)> {
        let record = self.records.get(self.place(number)?)?;
        let end = record.start.saturating_add(record.length as usize);
        let seen = Seen {
            at: record.at,
            interface: record.interface,
            direction: record.direction,
            link: record.link,
            frame: self.bytes.get(record.start..end)?,
            original: record.original,
        };
        Some((seen, record.chain))
    }

    /// How many records were overwritten, or were too long.
    pub(super) const fn overwritten(&self) -> u64 {
        self.overwritten
    }

    /// Forgets the oldest records until so many bytes are free in one piece, and says where.
    fn make_room(&mut self, length: usize) -> usize {
        let mut start = self.head;
        if self.records.len() >= RECORDS {
            self.forget_oldest();
        }
        if length > BYTES.saturating_sub(start) {
            // What is left at the end is too short. The oldest records lie there, if any do.
            while self.records.front().is_some_and(|oldest| oldest.start >= start) {
                self.forget_oldest();
            }
            start = 0;
        }
        let end = start.saturating_add(length);
        while self.records.front().is_some_and(|oldest| (start..end).contains(&oldest.start)) {
            self.forget_oldest();
        }
        start
    }

    fn forget_oldest(&mut self) {
        if self.records.pop_front().is_some() {
            self.oldest = self.oldest.saturating_add(1);
            self.overwritten = self.overwritten.saturating_add(1);
        }
    }

    fn record_mut(&mut self, number: u64) -> Option<&mut Record> {
        let place = self.place(number)?;
        self.records.get_mut(place)
    }

    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.oldest)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    fn seen(at: u64, frame: &[u8]) -> Seen<'_> {
        Seen {
            at: Time::from_nanos(at),
            interface: InterfaceId(1),
            direction: Direction::Received,
            link: LinkType::Ethernet,
            frame,
            original: frame.len() as u32,
        }
    }

    fn replayed(ring: &mut Overheard, newest: u64) -> Vec<(u64, Vec<u8>)> {
        let mut number = ring.turn(newest);
        let mut found = Vec::new();
        while let Some((seen, next)) = ring.get(number) {
            found.push((seen.at.as_nanos(), seen.frame.to_vec()));
            number = next;
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Every owner gets back the newest of its frames, in order and unharmed, with nothing missing between them.
        #[test]
        fn what_comes_out_is_the_end_of_what_went_in(frames in proptest::collection::vec((0_u8..5, 1_usize..262_144), 1..120)) {
            let mut ring = Overheard::new();
            let (mut put, mut newest) = (BTreeMap::<u8, Vec<(u64, Vec<u8>)>>::new(), BTreeMap::new());
            for (at, (owner, length)) in frames.iter().enumerate() {
                let frame = std::vec![at as u8; *length];
                let before = newest.get(owner).copied().unwrap_or_default();
                newest.insert(*owner, ring.push(&seen(at as u64, &frame), u32::MAX, before));
                put.entry(*owner).or_default().push((at as u64, frame));
            }
            let mut kept = 0;
            for (owner, frames) in &put {
                let out = replayed(&mut ring, newest[owner]);
                prop_assert!(frames.ends_with(&out));
                kept += out.iter().map(|(_, frame)| frame.len()).sum::<usize>();
            }
            let all: usize = frames.iter().map(|(_, length)| length).sum();
            prop_assert!(kept <= BYTES && kept >= all.min(BYTES - 2 * 262_144), "{} of {}", kept, all);
        }
    }

    #[test]
    fn short_frames_fill_it_and_are_counted_when_they_go() {
        let mut ring = Overheard::new();
        let mut newest = 0;
        for at in 0..200_000 {
            newest = ring.push(&seen(at, &[7; 60]), 42, newest);
        }
        assert_eq!(ring.overwritten(), 200_000 - RECORDS as u64);
        let out = replayed(&mut ring, newest);
        assert_eq!((out.len(), out[0].0, out[0].1.len()), (RECORDS, 200_000 - RECORDS as u64, 42));
    }

    #[test]
    fn a_frame_longer_than_the_ring_is_lost_and_counted() {
        let mut ring = Overheard::new();
        let before = ring.push(&seen(1, &[1; 60]), 60, 0);
        let long = std::vec![0; BYTES + 1];
        assert_eq!(ring.push(&seen(2, &long), u32::MAX, before), before);
        assert_eq!(ring.overwritten(), 2, "it pushed out the one before as well");
    }
}
