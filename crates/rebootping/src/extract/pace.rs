//! A stream that might be captured itself is held to a pace, so that it cannot grow by feeding on itself.

use super::stop::Stop;
use crate::log;
use core::time::Duration;
use rebootping_core::time::Time;
use std::thread;

/// A byte takes so long: 10 MB/s.
const NANOS_PER_BYTE: u64 = 100;
/// So much of an idle past is made up for.
const BURST: Duration = Duration::from_secs(1);
/// A wait looks this often whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A token bucket, as the time at which it will be empty of debt.
#[derive(Debug)]
pub(super) struct Pace {
    paid: Time,
    was_told: bool,
}

impl Pace {
    /// Begins with the whole burst.
    pub(super) fn new(now: Time) -> Self {
        Self { paid: now - BURST, was_told: false }
    }

    /// Waits until so many bytes were due; says so the first time it has to.
    pub(super) fn wait(&mut self, bytes: usize, now: fn() -> Time, stop: &Stop) {
        let mut left = self.owe(bytes, now());
        while !left.is_zero() && !stop.is_asked() {
            if !self.was_told {
                log::say("rebootping: this stream may itself be captured, so it is held to 10 MB/s and falls behind");
                self.was_told = true;
            }
            thread::sleep(left.min(LOOK_EVERY));
            left = self.paid.since(now());
        }
    }

    /// Adds bytes to the debt, and returns how long it takes to be paid.
    fn owe(&mut self, bytes: usize, now: Time) -> Duration {
        let cost = Duration::from_nanos((bytes as u64).saturating_mul(NANOS_PER_BYTE));
        self.paid = self.paid.max(now - BURST) + cost;
        self.paid.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_megabytes_a_second_and_a_burst_of_as_many() {
        let start = Time::from_nanos(100_000_000_000);
        let mut pace = Pace::new(start);
        let seconds = Duration::from_secs;
        assert_eq!(pace.owe(10_000_000, start), Duration::ZERO, "the burst");
        assert_eq!(pace.owe(5_000_000, start), Duration::from_millis(500));
        assert_eq!(pace.owe(0, start + seconds(1)), Duration::ZERO);
        assert_eq!(pace.owe(20_000_000, start + seconds(100)), seconds(1), "an idle past counts for one second");
    }
}
