//! All that became of a link's echoes since it is judged, for monitoring that asks now and then and must miss nothing.

use super::recent::Summary;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How many bounds there are.
const COUNT: usize = 13;

/// Round trips are counted by the first of these that they do not exceed, in microseconds: fibre, cable, a radio link, a satellite.
pub const BOUNDS: [u64; COUNT] =
    [1_000, 2_500, 5_000, 10_000, 20_000, 35_000, 50_000, 75_000, 100_000, 150_000, 250_000, 500_000, 1_000_000];

/// Echoes of one link in one family, and how often it came into the choice and left it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Tally {
    /// Echoes sent.
    pub sent: u64,
    /// Echoes not answered in time.
    pub lost: u64,
    /// The best round trip of each target and round.
    pub trips: Trips,
    /// Verdicts that took it into the choice.
    pub taken_in: u64,
    /// Verdicts that took it out.
    pub taken_out: u64,
}

/// Round trips, counted by how long they were.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Trips {
    /// Those up to each of [`BOUNDS`] and above the one before; the last are those above all.
    counts: [u64; COUNT + 1],
    /// All of them together, in microseconds.
    sum: u64,
}

impl Tally {
    /// Adds a finished round.
    pub fn note_round(&mut self, round: &Summary) {
        self.sent = self.sent.saturating_add(round.sent.into());
        self.lost = self.lost.saturating_add(round.sent.saturating_sub(round.answered).into());
        for trip in &round.round_trips {
            self.trips.note(*trip);
        }
    }

    /// A verdict took it in, or out.
    pub fn note_switch(&mut self, is_in: bool) {
        let count = if is_in { &mut self.taken_in } else { &mut self.taken_out };
        *count = count.saturating_add(1);
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.lost = self.lost.saturating_add(other.lost);
        self.trips.add(&other.trips);
        self.taken_in = self.taken_in.saturating_add(other.taken_in);
        self.taken_out = self.taken_out.saturating_add(other.taken_out);
    }
}

impl Trips {
    /// Counts one.
    pub fn note(&mut self, trip: Duration) {
        let micros = u64::try_from(trip.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(BOUNDS.partition_point(|bound| *bound < micros)) {
            *count = count.saturating_add(1);
        }
        self.sum = self.sum.saturating_add(micros);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// All of them together, in seconds.
    pub fn sum(&self) -> f64 {
        Duration::from_micros(self.sum).as_secs_f64()
    }

    /// How many do not exceed each of [`BOUNDS`].
    pub fn up_to_bounds(&self) -> impl Iterator<Item = u64> {
        let mut sum = 0_u64;
        self.counts.iter().take(COUNT).map(move |count| {
            sum = sum.saturating_add(*count);
            sum
        })
    }

    fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.sum = self.sum.saturating_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn a_round_trip_is_counted_by_the_first_bound_it_does_not_exceed() {
        let mut trips = Trips::default();
        for trip in [Duration::ZERO, MILLI, MILLI + Duration::from_micros(1), 1000 * MILLI, 1001 * MILLI] {
            trips.note(trip);
        }
        let counted: Vec<u64> = trips.up_to_bounds().collect();
        assert_eq!((counted[0], counted[1], counted[11], counted[12], trips.count()), (2, 3, 3, 4, 5));
        assert!((trips.sum() - 2.003_001).abs() < 1e-9);
    }

    #[test]
    fn what_was_counted_apart_adds_up() {
        let round = |answered: u32| Summary { sent: 12, answered, round_trips: vec![7 * MILLI; answered as usize / 3] };
        let (mut one, mut other, mut both) = (Tally::default(), Tally::default(), Tally::default());
        one.note_round(&round(12));
        one.note_switch(true);
        other.note_round(&round(3));
        other.note_switch(false);
        for tally in [&one, &other] {
            both.add(tally);
        }
        assert_eq!((both.sent, both.lost, both.trips.count()), (24, 9, 5));
        assert_eq!((both.taken_in, both.taken_out), (1, 1));
    }
}
