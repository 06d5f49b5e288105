//! The last minute of a link's echoes: round trips and losses as an operator reads them.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How many rounds back the figures reach.
const ROUNDS: usize = 60;

/// Round trips and losses of one link and family over the last [`ROUNDS`] rounds in which it was asked.
#[derive(Clone, Default, Debug)]
pub struct Recent {
    rounds: VecDeque<Summary>,
}

/// What came of one round's echoes.
#[derive(Clone, Default, Debug)]
pub struct Summary {
    /// Echoes sent.
    pub sent: u32,
    /// Echoes answered in time.
    pub answered: u32,
    /// The best round trip of each target that answered.
    pub round_trips: Vec<Duration>,
}

/// Round trips in milliseconds.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct RoundTrips {
    /// The fastest.
    pub min: f64,
    /// Half were faster.
    pub median: f64,
    /// Nineteen of twenty were faster.
    pub p95: f64,
}

impl Recent {
    /// Adds a finished round; one in which nothing was sent says nothing.
    pub fn push(&mut self, round: Summary) {
        if round.sent == 0 {
            return;
        }
        if self.rounds.len() == ROUNDS {
            self.rounds.pop_front();
        }
        self.rounds.push_back(round);
    }

    /// Quantiles of the round trips; none when nothing answered.
    pub fn round_trips(&self) -> Option<RoundTrips> {
        let mut all: Vec<Duration> = self.rounds.iter().flat_map(|round| round.round_trips.iter().copied()).collect();
        all.sort_unstable();
        let at = |percent: usize| {
            let place = all.len().saturating_sub(1).saturating_mul(percent).checked_div(100)?;
            all.get(place).map(|time| time.as_secs_f64() * 1000.0)
        };
        Some(RoundTrips { min: at(0)?, median: at(50)?, p95: at(95)? })
    }

    /// The share of echoes that were lost, from 0 to 1; 0 when none was sent.
    pub fn loss(&self) -> f64 {
        let sum = |of: fn(&Summary) -> u32| self.rounds.iter().map(|round| u64::from(of(round))).sum::<u64>();
        let (sent, answered) = (sum(|round| round.sent), sum(|round| round.answered));
        if sent == 0 { 0.0 } else { 1.0 - answered.min(sent) as f64 / sent as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn figures_are_of_the_last_minute_only() {
        let mut recent = Recent::default();
        assert_eq!((recent.round_trips(), recent.loss()), (None, 0.0));
        recent.push(Summary { sent: 4, answered: 0, round_trips: vec![] });
        assert_eq!((recent.round_trips(), recent.loss()), (None, 1.0));
        for n in 0..ROUNDS as u64 {
            recent.push(Summary { sent: 4, answered: 3, round_trips: vec![Duration::from_millis(n)] });
        }
        assert_eq!(recent.round_trips(), Some(RoundTrips { min: 0.0, median: 29.0, p95: 56.0 }));
        assert!((recent.loss() - 0.25).abs() < 1e-9);
    }
}
