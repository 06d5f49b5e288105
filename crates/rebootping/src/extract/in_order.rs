//! Packets that are nearly in order of time, put in order: each waits until so many others came after it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// As many wait. One processor's packets overtake another's by microseconds, and a driver that gathers packets hands over some
/// hundred at once.
const WAITING: usize = 512;
/// As many of their bytes wait.
const WAITING_BYTES: usize = 4 << 20;
/// A place keeps its room for a usual packet; that of a larger one is given back.
const ROOM: usize = 4_096;

/// The packets that wait, each as the block it will be written as.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    /// Stamp, number in order of arrival, and place.
    heap: BinaryHeap<Reverse<(u64, u64, usize)>>,
    places: Vec<Place>,
    free: Vec<usize>,
    bytes: usize,
    arrived: u64,
    newest: u64,
}

#[derive(Debug, Default)]
struct Place {
    chain: usize,
    number: u32,
    block: Vec<u8>,
}

/// A packet that has waited long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready<'a> {
    pub(super) stamp: u64,
    /// Which chain it came from.
    pub(super) chain: usize,
    /// The place of its interface.
    pub(super) number: u32,
    pub(super) block: &'a [u8],
}

impl InOrder {
    /// Lets a packet wait, as the block that `encode` appends.
    pub(super) fn push(&mut self, stamp: u64, chain: usize, number: u32, encode: impl FnOnce(&mut Vec<u8>)) {
        let at = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        let place = &mut self.places[at];
        (place.chain, place.number) = (chain, number);
        place.block.clear();
        encode(&mut place.block);
        self.bytes += place.block.len();
        self.heap.push(Reverse((stamp, self.arrived, at)));
        self.arrived += 1;
        self.newest = self.newest.max(stamp);
    }

    /// More wait than should.
    pub(super) fn is_full(&self) -> bool {
        self.heap.len() > WAITING || self.bytes > WAITING_BYTES
    }

    /// The youngest stamp that ever came.
    pub(super) const fn newest(&self) -> u64 {
        self.newest
    }

    /// The oldest stamp that waits.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((stamp, _, _))| *stamp)
    }

    /// Takes the oldest out.
    pub(super) fn pop(&mut self) -> Option<Ready<'_>> {
        let Reverse((stamp, _, at)) = self.heap.pop()?;
        // The one that was here before was looked at by now.
        if let Some(place) = self.free.last().and_then(|&last| self.places.get_mut(last)) {
            if place.block.capacity() > ROOM {
                place.block = Vec::new();
            }
        }
        self.free.push(at);
        let Place { chain, number, block } = &self.places[at];
        self.bytes -= block.len();
        Some(Ready { stamp, chain: *chain, number: *number, block })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn popped(waiting: &mut InOrder) -> Option<(u64, usize, Vec<u8>)> {
        waiting.pop().map(|Ready { stamp, chain, block, .. }| (stamp, chain, block.to_vec()))
    }

    #[test]
    fn equal_stamps_keep_their_order_and_places_are_used_again() {
        let mut waiting = InOrder::default();
        for round in 0..100_u64 {
            for (stamp, byte) in [(2, 1), (1, 2), (2, 3)] {
                waiting.push(round * 10 + stamp, 7, 0, |block| block.extend(vec![byte; 8_192]));
            }
            let order: Vec<u8> = std::iter::from_fn(|| popped(&mut waiting)).map(|(_, _, block)| block[0]).collect();
            assert_eq!(order, [2, 1, 3]);
        }
        assert_eq!((waiting.places.len(), waiting.bytes, waiting.newest()), (3, 0, 992));
        let kept = waiting.places.iter().filter(|place| place.block.capacity() > ROOM).count();
        assert!(kept <= 1, "{kept} large places kept");
    }

    #[test]
    fn few_wait_and_few_bytes() {
        let mut waiting = InOrder::default();
        (0..WAITING as u64).for_each(|stamp| waiting.push(stamp, 0, 0, |block| block.push(1)));
        assert!(!waiting.is_full());
        waiting.push(0, 0, 0, |_| {});
        assert!(waiting.is_full());
        let mut waiting = InOrder::default();
        waiting.push(0, 0, 0, |block| block.resize(WAITING_BYTES + 1, 0));
        assert!(waiting.is_full());
    }

    proptest! {
        #[test]
        fn what_is_out_of_order_by_less_than_the_window_comes_out_in_order(
            jitter in proptest::collection::vec(0..400_u64, 0..2_000),
        ) {
            let mut waiting = InOrder::default();
            let mut came = Vec::new();
            for (at, jitter) in jitter.iter().enumerate() {
                waiting.push(at as u64 + jitter, 0, 0, |block| block.push(0));
                while waiting.is_full() {
                    came.extend(popped(&mut waiting).map(|(stamp, _, _)| stamp));
                }
            }
            came.extend(std::iter::from_fn(|| popped(&mut waiting)).map(|(stamp, _, _)| stamp));
            prop_assert_eq!(came.len(), jitter.len());
            prop_assert!(came.is_sorted());
        }
    }
}
