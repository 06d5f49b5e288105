//! The time of day as restrictions know it: seconds of Unix time, and what the clock on the wall shows.

use crate::clock::civil;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rebootping_core::control::restriction::Now;

/// That moment in that time zone.
pub(super) fn at(time: Timestamp, zone: &TimeZone) -> Now {
    Now { unix: u64::try_from(time.as_second()).unwrap_or(0), local: civil(time, zone) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::control::restriction::{Mode, Restriction};

    /// Middle Europe: 2 h becomes 3 h on 29 March 2026, 3 h becomes 2 h on 25 October.
    fn zone() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule of POSIX")
    }

    #[track_caller]
    fn check(schedule: &str, moments: &[(&str, bool)]) {
        let schedule = Some(schedule.parse().expect("hours"));
        let restriction = Restriction { mode: Mode::Pause, until: None, schedule };
        for (time, expected) in moments {
            let now = at(time.parse().expect("a time"), &zone());
            assert_eq!(restriction.is_in_force(now), *expected, "{schedule:?} at {time}");
        }
    }

    #[test]
    fn across_midnight_and_the_end_of_a_month_and_of_a_year() {
        check(
            "sat 22:00-06:00",
            &[
                // Saturday 31 January 2026 to Sunday 1 February.
                ("2026-01-31T21:59:59+01:00", false),
                ("2026-01-31T22:00:00+01:00", true),
                ("2026-01-31T23:59:59+01:00", true),
                ("2026-02-01T00:00:00+01:00", true),
                ("2026-02-01T05:59:59+01:00", true),
                ("2026-02-01T06:00:00+01:00", false),
                ("2026-02-01T22:00:00+01:00", false),
            ],
        );
        // Thursday 31 December 2026; a leap day, Thursday 29 February 2024, and the month after it.
        check("thu 23:00-01:00", &[("2027-01-01T00:30:00+01:00", true), ("2027-01-01T01:00:00+01:00", false)]);
        check("thu 23:00-01:00", &[("2024-02-29T23:30:00+01:00", true), ("2024-03-01T00:59:00+01:00", true)]);
        check("fri 00:00-24:00", &[("2027-01-01T12:00:00+01:00", true), ("2026-12-31T23:59:59+01:00", false)]);
    }

    #[test]
    fn in_spring_the_hour_that_is_left_out_is_left_out() {
        check(
            "daily 02:30-03:30",
            &[
                ("2026-03-29T01:59:59+01:00", false),
                // The clock jumps from 2 to 3, into the schedule.
                ("2026-03-29T03:00:00+02:00", true),
                ("2026-03-29T03:29:59+02:00", true),
                ("2026-03-29T03:30:00+02:00", false),
            ],
        );
        check("daily 02:00-03:00", &[("2026-03-29T01:59:59+01:00", false), ("2026-03-29T03:00:00+02:00", false)]);
        check(
            "sat 23:00-07:00",
            &[
                ("2026-03-29T01:30:00+01:00", true),
                ("2026-03-29T06:59:59+02:00", true),
                ("2026-03-29T07:00:00+02:00", false),
            ],
        );
    }

    #[test]
    fn in_autumn_the_hour_that_comes_twice_holds_twice() {
        check(
            "daily 02:00-02:30",
            &[
                ("2026-10-25T02:15:00+02:00", true),
                ("2026-10-25T02:45:00+02:00", false),
                ("2026-10-25T02:15:00+01:00", true),
                ("2026-10-25T02:30:00+01:00", false),
            ],
        );
        check(
            "sat 23:00-07:00",
            &[
                ("2026-10-25T02:30:00+02:00", true),
                ("2026-10-25T02:30:00+01:00", true),
                ("2026-10-25T06:59:59+01:00", true),
                ("2026-10-25T07:00:00+01:00", false),
            ],
        );
    }

    #[test]
    fn an_end_is_a_moment_whatever_the_clock_on_the_wall_does() {
        let until = "2026-10-25T02:30:00+01:00".parse::<Timestamp>().expect("a time");
        let unix = u64::try_from(until.as_second()).expect("after 1970");
        let restriction = Restriction { mode: Mode::Block, until: Some(unix), schedule: None };
        for (time, expected) in [
            ("2026-10-25T02:30:00+02:00", true),
            ("2026-10-25T02:29:59+01:00", true),
            ("2026-10-25T02:30:00+01:00", false),
        ] {
            assert_eq!(restriction.is_in_force(at(time.parse().expect("a time"), &zone())), expected, "{time}");
        }
    }
}
