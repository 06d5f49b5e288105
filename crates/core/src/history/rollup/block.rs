//! Rollups of one series in bits, one span after the other, each told by what the ones before let expect.

use super::Rollup;
use super::buckets::Bucket;
use super::forecast::{Average, Forecast};
use crate::history::bits::{Bits, Reader, Writer};
use crate::history::samples::Trip;
use alloc::vec;
use alloc::vec::Vec;

/// A block has no more rollups than this: the minutes of two days.
pub const MOST: usize = 2880;

/// A block of rollups, one for each span, oldest first; an empty one where there was nothing. Those beyond [`MOST`] are left out.
pub fn encode(rollups: &[Rollup]) -> Vec<u8> {
    let count = rollups.len().min(MOST);
    let (mut bits, mut model) = (Writer::default(), Model::default());
    bits.gamma(count as u32);
    for rollup in rollups.iter().take(count) {
        model.code(&mut bits, rollup);
    }
    bits.finish()
}

/// The rollups of a block, oldest first. Of damaged bytes, at most [`MOST`] rollups that mean nothing.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = Rollup> {
    let (mut bits, mut model) = (Reader::new(bytes), Model::default());
    let count = (bits.gamma(0) as usize).min(MOST);
    (0..count).map(move |_| model.code(&mut bits, &Rollup::default()))
}

/// What is expected of the next rollup.
#[derive(Debug, Default)]
struct Model {
    usual: Head,
    min: Trip,
    /// How far the shortest round trip moves from span to span, in 10 µs.
    moves: Average,
    /// How many buckets the longest is from the shortest.
    reach: Average,
    forecast: Forecast,
}

/// What a rollup says beside round trips.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Head {
    asked: u32,
    lost: u32,
    absent: u32,
    answered: u32,
}

impl Model {
    fn code(&mut self, bits: &mut impl Bits, rollup: &Rollup) -> Rollup {
        let Rollup { asked, lost, absent, answered, .. } = *rollup;
        let Head { asked, lost, absent, answered } = self.head(bits, Head { asked, lost, absent, answered });
        let mut coded = Rollup { asked, lost, absent, ..Rollup::default() };
        if answered > 0 {
            let (min, max) = self.extremes(bits, rollup.extremes.unwrap_or_default(), answered);
            coded.counts = self.counts(bits, &rollup.counts, answered, (Bucket::of(min), Bucket::of(max)));
            coded.answered = coded.counts.iter().fold(0, |sum: u32, (_, count)| sum.saturating_add(*count));
            coded.extremes = Some((min, max));
            self.forecast.learn(&coded.counts);
        }
        coded
    }

    fn head(&mut self, bits: &mut impl Bits, head: Head) -> Head {
        if bits.plain(1, (head != self.usual).into()) == 0 {
            return self.usual;
        }
        let usual = self.usual;
        let mut code = |usual, value| unfold(usual, bits.gamma(fold(usual, value)));
        let coded = Head {
            asked: code(usual.asked, head.asked),
            lost: code(usual.lost, head.lost),
            absent: code(usual.absent, head.absent),
            answered: code(usual.answered, head.answered),
        };
        // Loss comes and goes; what was before it comes back.
        if coded.lost == 0 {
            self.usual = coded;
        }
        coded
    }

    fn extremes(&mut self, bits: &mut impl Bits, (min, max): (Trip, Trip), answered: u32) -> (Trip, Trip) {
        let moved = bits.rice(self.moves.size(), fold(self.min.0, min.0));
        self.moves.learn(moved);
        let min = Trip(unfold(self.min.0, moved));
        self.min = min;
        if answered == 1 {
            return (min, min);
        }
        let (first, last) = (Bucket::of(min), Bucket::of(max));
        let reach = bits.rice(self.reach.size(), last.0.saturating_sub(first.0).into());
        self.reach.learn(reach);
        let (begin, end) = first.plus(reach).bounds();
        let begin = begin.max(min);
        let width = end.0.wrapping_sub(begin.0).saturating_add(1);
        (min, Trip(begin.0.wrapping_add(bits.one_of(width, max.0.wrapping_sub(begin.0)))))
    }

    /// How many lay in which bucket, from that of the shortest to that of the longest.
    fn counts(
        &self,
        bits: &mut impl Bits,
        counts: &[(Bucket, u32)],
        answered: u32,
        (first, last): (Bucket, Bucket),
    ) -> Vec<(Bucket, u32)> {
        if first == last {
            return vec![(first, answered)];
        }
        // The extremes are there in any case.
        let known = |bucket| u32::from(bucket == first || bucket == last);
        let of = |bucket| {
            let place = counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket).ok();
            let count = place.and_then(|place| counts.get(place)).map_or(0, |(_, count)| *count);
            count.saturating_sub(known(bucket))
        };
        let mut left = answered.saturating_sub(2);
        let mut coded = Vec::with_capacity(self.forecast.len().saturating_add(2));
        for (bucket, expected) in self.forecast.between(first, last) {
            let count = if left > 0 { expected.code(bits, of(bucket)).min(left) } else { 0 };
            left = left.saturating_sub(count);
            let count = count.saturating_add(known(bucket));
            if count > 0 {
                coded.push((bucket, count));
            }
        }
        if left == 0 {
            return coded;
        }
        let surprises = surprises(bits, without(counts, &coded), left, (first, last));
        super::sum(&coded, &surprises)
    }
}

/// Buckets in which nothing was expected: how far each is from the one before, and its count.
fn surprises(
    bits: &mut impl Bits,
    mut counts: impl Iterator<Item = (Bucket, u32)>,
    mut left: u32,
    (first, last): (Bucket, Bucket),
) -> Vec<(Bucket, u32)> {
    let (mut coded, mut next) = (Vec::new(), first);
    while left > 0 {
        let (bucket, count) = counts.next().unwrap_or((next, 1));
        let bucket = next.plus(bits.gamma(bucket.0.wrapping_sub(next.0).into()));
        if bucket > last {
            break;
        }
        let count = bits.gamma(count.wrapping_sub(1)).saturating_add(1).min(left);
        coded.push((bucket, count));
        left = left.saturating_sub(count);
        next = bucket.plus(1);
    }
    coded
}

/// Those counts whose buckets others do not have.
fn without(counts: &[(Bucket, u32)], others: &[(Bucket, u32)]) -> impl Iterator<Item = (Bucket, u32)> {
    let has = |bucket: &Bucket| others.binary_search_by_key(bucket, |(bucket, _)| *bucket).is_ok();
    counts.iter().copied().filter(move |(bucket, _)| !has(bucket))
}

/// How far a value is from another, either way.
pub(super) const fn fold(from: u32, to: u32) -> u32 {
    let off = to.wrapping_sub(from) as i32;
    (off << 1 ^ off >> 31) as u32
}

pub(super) const fn unfold(from: u32, folded: u32) -> u32 {
    from.wrapping_add(folded >> 1 ^ (folded & 1).wrapping_neg())
}
