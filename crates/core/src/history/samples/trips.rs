//! Round trips, coded as what they are off the median of the last ones.
//!
//! A round trip is the way's length, which stays, and noise, which has a shape: an edge below, a tail above. The median follows the
//! way and what queues on it. How far off the last ones were says how wide the noise is; distances are taken in steps of about a
//! sixth of that, so that one shape is learnt for quiet and restless times. Within a step nothing is worth learning.

use super::Trip;
use crate::history::range::{Chance, Coder, Number, Tree};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// The median is of so many.
const RECENT: usize = 15;
/// Distances are averaged over two to the power of this.
const AVERAGED: u32 = 4;
/// An outlier counts as so many times the average, lest the noise look wide after each.
const OUTLIER: u32 = 4;
/// At first the noise is taken for so much of the round trip, as a power of two.
const NOISE: u32 = 5;
/// An average distance is at least half of two to the power of this in steps, unless steps are 10 µs already.
const STEPS: u32 = 3;
/// Distances of so many steps are rare enough to be told by their length.
const FAR: u32 = 31;
/// The first shape of noise whose steps are longer than 10 µs: below are one for each width, from here two for all others.
const WIDE: u32 = STEPS + 1;
const SHAPES: usize = WIDE as usize + 2;

/// What is expected of the next round trip.
#[derive(Debug, Default)]
pub(super) struct Trips {
    recent: Recent,
    /// How far off the last were on average, in 10 µs shifted left by [`AVERAGED`].
    off: u32,
    first: Number,
    shapes: [Noise; SHAPES],
}

/// The shape of the noise, in steps.
#[derive(Debug, Default)]
struct Noise {
    below: Chance,
    near: [Tree<32>; 2],
    far: [Number; 2],
}

/// The last round trips.
#[derive(Debug, Default)]
struct Recent {
    in_turn: VecDeque<u32>,
    by_size: Vec<u32>,
}

impl Trips {
    pub(super) fn code(&mut self, coder: &mut impl Coder, trip: Trip) -> Trip {
        let trip = if let Some(median) = self.recent.median() {
            let distance = self.distance(coder, trip.0.wrapping_sub(median) as i32);
            let most = self.average().wrapping_mul(OUTLIER).wrapping_add(OUTLIER);
            let counted = distance.unsigned_abs().min(most);
            self.off = self.off.wrapping_sub(self.average()).saturating_add(counted);
            median.wrapping_add(distance as u32)
        } else {
            let first = self.first.code(coder, trip.0);
            self.off = first >> NOISE << AVERAGED;
            first
        };
        self.recent.push(trip);
        Trip(trip)
    }

    fn average(&self) -> u32 {
        self.off >> AVERAGED
    }

    fn distance(&mut self, coder: &mut impl Coder, distance: i32) -> i32 {
        let bits = u32::BITS.wrapping_sub(self.average().leading_zeros());
        let step = bits.saturating_sub(STEPS);
        let half = self.average() >> bits.saturating_sub(2) & 1;
        let shape = if step == 0 { bits } else { WIDE.wrapping_add(half) };
        let Some(shape) = self.shapes.get_mut(shape as usize) else { return 0 };
        let steps = shape.code(coder, distance >> step);
        steps << step | coder.plain(step, distance as u32) as i32
    }
}

impl Noise {
    /// Codes a distance in steps, rounded down.
    fn code(&mut self, coder: &mut impl Coder, steps: i32) -> i32 {
        let below = coder.decide(&mut self.below, steps < 0);
        let size = (if steps < 0 { !steps } else { steps }) as u32;
        let ([above_near, below_near], [above_far, below_far]) = (&mut self.near, &mut self.far);
        let (near, far) = if below { (below_near, below_far) } else { (above_near, above_far) };
        let mut coded = near.code(coder, size.min(FAR));
        if coded == FAR {
            coded = FAR.wrapping_add(far.code(coder, size.wrapping_sub(FAR)));
        }
        if below { !(coded as i32) } else { coded as i32 }
    }
}

impl Recent {
    fn median(&self) -> Option<u32> {
        self.by_size.get(self.by_size.len() / 2).copied()
    }

    fn push(&mut self, trip: u32) {
        if self.in_turn.len() >= RECENT {
            let oldest = self.in_turn.pop_front().and_then(|oldest| self.by_size.binary_search(&oldest).ok());
            oldest.map(|place| self.by_size.remove(place));
        }
        self.in_turn.push_back(trip);
        let place = self.by_size.partition_point(|known| *known < trip);
        self.by_size.insert(place, trip);
    }
}
