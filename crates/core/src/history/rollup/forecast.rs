//! What the rollups so far let expect of the next: about as many round trips in each bucket.

use super::buckets::Bucket;
use crate::history::bits::Bits;
use alloc::vec::Vec;
use core::iter::once;
use core::mem;

/// An expectation moves by a quarter of what it was off.
const MOVES: u32 = 2;
/// Expectations are in sixteenths of a round trip.
const PARTS: u32 = 4;
/// Less than this is not expected any more, in those parts.
const LEAST: u32 = 6;
/// From here on what is coded is how far a count is off, rather than the count.
const MANY: u32 = 4;

/// How many round trips are expected, by bucket.
#[derive(Debug, Default)]
pub(super) struct Forecast {
    known: Vec<(Bucket, u32)>,
    /// Room for those that come after.
    next: Vec<(Bucket, u32)>,
}

/// How many are expected in one bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected(u32);

/// The average of numbers, the last of which weigh most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Average(u32);

impl Forecast {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The first, the last behind it, and all in between of which something is expected.
    pub(super) fn between(&self, first: Bucket, last: Bucket) -> impl Iterator<Item = (Bucket, Expected)> {
        let (begin, end) = (self.place(first), self.place(last));
        let weight = |place: usize, of: Bucket| {
            self.known.get(place).filter(|(bucket, _)| *bucket == of).map_or(0, |(_, weight)| *weight)
        };
        let inner =
            self.known.get(begin..end).unwrap_or_default().iter().copied().filter(move |(bucket, _)| *bucket > first);
        once((first, weight(begin, first)))
            .chain(inner)
            .chain(once((last, weight(end, last))))
            .map(|(bucket, weight)| (bucket, Expected(weight)))
    }

    fn place(&self, of: Bucket) -> usize {
        self.known.partition_point(|(bucket, _)| *bucket < of)
    }

    pub(super) fn learn(&mut self, counts: &[(Bucket, u32)]) {
        let (mut known, mut counts) = (self.known.as_slice(), counts);
        self.next.clear();
        loop {
            let (old, new) = match (known, counts) {
                ([], []) => break,
                ([(bucket, weight), rest @ ..], [(of, count), after @ ..]) if bucket == of => {
                    (known, counts) = (rest, after);
                    ((*bucket, *weight), *count)
                }
                ([(bucket, weight), rest @ ..], []) => {
                    known = rest;
                    ((*bucket, *weight), 0)
                }
                ([(bucket, weight), rest @ ..], [(of, _), ..]) if bucket < of => {
                    known = rest;
                    ((*bucket, *weight), 0)
                }
                (_, [(bucket, count), after @ ..]) => {
                    counts = after;
                    ((*bucket, 0), *count)
                }
            };
            let (bucket, weight) = old;
            let parts = new.saturating_mul(1 << PARTS >> MOVES);
            let weight = weight.wrapping_sub(weight >> MOVES).saturating_add(parts);
            if weight >= LEAST {
                self.next.push((bucket, weight));
            }
        }
        mem::swap(&mut self.known, &mut self.next);
    }
}

impl Expected {
    pub(super) fn code(self, bits: &mut impl Bits, count: u32) -> u32 {
        let mean = self.0.saturating_add(1 << PARTS >> 1) >> PARTS;
        let size = (mean | 1).ilog2();
        if mean < MANY {
            return bits.rice(size, count);
        }
        // Counts of things that do not know of one another scatter by the root of their mean.
        super::block::unfold(mean, bits.rice(size.div_ceil(2), super::block::fold(mean, count)))
    }
}

impl Default for Average {
    fn default() -> Self {
        Self(64 << Self::PARTS)
    }
}

impl Average {
    const PARTS: u32 = 3;

    /// The power of two nearest below it.
    pub(super) fn size(self) -> u32 {
        (self.0 >> Self::PARTS | 1).ilog2()
    }

    pub(super) fn learn(&mut self, value: u32) {
        self.0 = self.0.wrapping_sub(self.0 >> Self::PARTS).saturating_add(value);
    }
}
