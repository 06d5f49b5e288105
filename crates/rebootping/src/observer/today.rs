//! How much of a growing number was added since midnight.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What was added to a counter on the day that is.
#[derive(Clone, Debug)]
pub(super) struct Today {
    zone: TimeZone,
    date: Option<Date>,
    at_midnight: u64,
}

impl Today {
    /// Days as this zone has them.
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone, date: None, at_midnight: 0 }
    }

    /// What was added today, given what it is now; the first day counts from zero.
    pub(super) fn of(&mut self, counter: u64, now: Timestamp) -> u64 {
        let date = now.to_zoned(self.zone.clone()).date();
        if self.date.is_some_and(|known| known != date) {
            self.at_midnight = counter;
        }
        self.date = Some(date);
        counter.saturating_sub(self.at_midnight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_of_its_zone() {
        let mut today = Today::new(TimeZone::fixed(jiff::tz::offset(2)));
        let mut check = |counter, now: &str, expected| assert_eq!(today.of(counter, now.parse().unwrap()), expected);
        check(5, "2026-11-22T10:00:00Z", 5);
        check(9, "2026-11-22T21:59:59Z", 9);
        check(11, "2026-11-22T22:00:00Z", 0);
        check(30, "2026-11-23T21:00:00Z", 19);
    }
}
