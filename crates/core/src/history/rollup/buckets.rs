//! Buckets that round trips are counted in: each as wide as a 26th of where it begins, so that its middle is within 2 % of all in it.

use crate::history::samples::Trip;

/// A bucket is so much narrower than where it begins is long.
const NARROWER: u64 = 26;
/// So many buckets hold every round trip there can be.
pub const COUNT: usize = count();

/// One bucket, by its place among all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bucket(pub(super) u16);

/// Where each bucket begins.
static BEGINS: [u32; COUNT] = begins();

impl Bucket {
    /// The bucket a round trip is counted in.
    pub fn of(trip: Trip) -> Self {
        Self(BEGINS.partition_point(|begin| *begin <= trip.0).saturating_sub(1) as u16)
    }

    /// The middle of that part of the bucket that lies within bounds.
    pub fn middle(self, min: Trip, max: Trip) -> Trip {
        let (first, last) = self.bounds();
        let (first, last) = (first.max(min), last.min(max));
        Trip(first.0.midpoint(last.0))
    }

    /// The bucket so many places on; behind the last there is one more, in which nothing lies.
    pub(super) fn plus(self, places: u32) -> Self {
        Self(u32::from(self.0).saturating_add(places).min(COUNT as u32) as u16)
    }

    /// Its shortest and its longest round trip.
    pub(super) fn bounds(self) -> (Trip, Trip) {
        let begin = |place: u16| BEGINS.get(usize::from(place)).copied();
        let next = begin(self.0.saturating_add(1)).map_or(u32::MAX, |next| next.saturating_sub(1));
        (Trip(begin(self.0).unwrap_or(u32::MAX)), Trip(next))
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "computed when it is compiled")]
const fn after(begin: u64) -> u64 {
    let width = begin / NARROWER;
    begin + if width == 0 { 1 } else { width }
}

#[expect(clippy::arithmetic_side_effects, reason = "computed when it is compiled")]
const fn count() -> usize {
    let (mut count, mut begin) = (0, 0);
    while begin <= u32::MAX as u64 {
        (count, begin) = (count + 1, after(begin));
    }
    count
}

#[expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "computed when it is compiled")]
const fn begins() -> [u32; COUNT] {
    let (mut begins, mut place, mut begin) = ([0; COUNT], 0, 0);
    while place < COUNT {
        begins[place] = begin as u32;
        (place, begin) = (place + 1, after(begin));
    }
    begins
}
