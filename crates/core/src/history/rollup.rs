//! What one target answered over one link in a minute, a quarter of an hour, four hours: counts, extremes and quantiles within 2 %.
//!
//! Quantiles of quantiles are wrong, so a rollup keeps how many round trips lay in which bucket (`rollup/buckets.rs`): rollups of
//! neighbouring times, or of all targets of a link, add up to what a rollup of all their samples would have been.

mod block;
pub mod buckets;
mod forecast;
mod span;

use super::samples::{Sample, Trip};
use alloc::vec::Vec;
pub use block::{MOST, decode, encode};
use buckets::Bucket;
use core::cmp::Ordering;
pub use span::Span;

/// Samples of some time, added up.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Rollup {
    /// Echoes sent.
    pub asked: u32,
    /// Echoes not answered.
    pub lost: u32,
    /// Rounds in which the link was not there.
    pub absent: u32,
    answered: u32,
    extremes: Option<(Trip, Trip)>,
    /// By bucket, each at least once.
    counts: Vec<(Bucket, u32)>,
}

impl Rollup {
    /// Adds a sample.
    pub fn note(&mut self, sample: Sample) {
        match sample {
            Sample::Unwatched | Sample::NotAsked => {}
            Sample::Absent => self.absent = self.absent.saturating_add(1),
            Sample::Lost { sent } => {
                self.asked = self.asked.saturating_add(sent.into());
                self.lost = self.lost.saturating_add(sent.into());
            }
            Sample::Answered { sent, lost, best } => {
                self.asked = self.asked.saturating_add(sent.into());
                self.lost = self.lost.saturating_add(lost.into());
                self.note_trip(best);
            }
        }
    }

    fn note_trip(&mut self, trip: Trip) {
        self.answered = self.answered.saturating_add(1);
        self.note_extremes((trip, trip));
        let bucket = Bucket::of(trip);
        match self.counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(place) => {
                if let Some((_, count)) = self.counts.get_mut(place) {
                    *count = count.saturating_add(1);
                }
            }
            Err(place) => self.counts.insert(place, (bucket, 1)),
        }
    }

    fn note_extremes(&mut self, (min, max): (Trip, Trip)) {
        let (known_min, known_max) = self.extremes.unwrap_or((min, max));
        self.extremes = Some((known_min.min(min), known_max.max(max)));
    }

    /// Adds all samples of another.
    pub fn merge(&mut self, other: &Self) {
        self.asked = self.asked.saturating_add(other.asked);
        self.lost = self.lost.saturating_add(other.lost);
        self.absent = self.absent.saturating_add(other.absent);
        self.answered = self.answered.saturating_add(other.answered);
        if let Some(extremes) = other.extremes {
            self.note_extremes(extremes);
        }
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
        } else {
            self.counts = sum(&self.counts, &other.counts);
        }
    }

    /// Rounds in which an echo was answered: there are so many round trips.
    pub fn answered(&self) -> u32 {
        self.answered
    }

    /// The shortest round trip.
    pub fn min(&self) -> Option<Trip> {
        self.extremes.map(|(min, _)| min)
    }

    /// The longest round trip.
    pub fn max(&self) -> Option<Trip> {
        self.extremes.map(|(_, max)| max)
    }

    /// Round trips that so many of a thousand do not exceed, by nearest rank, each at most 2 % off; fewest first.
    pub fn quantiles<const N: usize>(&self, permille: [u32; N]) -> Option<[Trip; N]> {
        let (min, max) = self.extremes?;
        let mut counts = self.counts.iter();
        let (mut reached, mut middle) = (0_u64, min);
        Some(permille.map(|permille| {
            let rank = u64::from(self.answered).saturating_mul(permille.into()).div_ceil(1000).max(1);
            while reached < rank {
                let Some((bucket, count)) = counts.next() else { return max };
                (reached, middle) = (reached.saturating_add((*count).into()), bucket.middle(min, max));
            }
            middle
        }))
    }
}

/// Two lists of counts as one.
fn sum(mut one: &[(Bucket, u32)], mut other: &[(Bucket, u32)]) -> Vec<(Bucket, u32)> {
    let mut both = Vec::with_capacity(one.len().saturating_add(other.len()));
    while let ([first, after_first @ ..], [second, after_second @ ..]) = (one, other) {
        match first.0.cmp(&second.0) {
            Ordering::Equal => {
                both.push((first.0, first.1.saturating_add(second.1)));
                (one, other) = (after_first, after_second);
            }
            Ordering::Less => {
                both.push(*first);
                one = after_first;
            }
            Ordering::Greater => {
                both.push(*second);
                other = after_second;
            }
        }
    }
    both.extend_from_slice(one);
    both.extend_from_slice(other);
    both
}

#[cfg(test)]
mod tests;
