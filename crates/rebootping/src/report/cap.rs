//! What a link moved and what is left of its cap, as JSON and in a line.

use super::amount::bytes;
use crate::clock;
use crate::ipc::observer::{Bytes, LinkMoved};
use jiff::Timestamp;
use jiff::civil::Date;
use rebootping_core::history::traffic::Course;
use serde::{Deserialize, Serialize};

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// What a link moved, by the operator's calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LinkTraffic {
    pub(crate) today: Bytes,
    /// Since the month began.
    pub(crate) month: Bytes,
}

/// How the time goes for which a link has a cap.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct CapStatus {
    /// Bytes that may be moved.
    pub(crate) bytes: u64,
    /// The first day that counts, and the first that counts anew, as the operator's calendar has them.
    pub(crate) since: String,
    pub(crate) until: String,
    /// Bytes moved, in both directions.
    pub(crate) used: u64,
    /// Of these our own echoes, and their answers.
    pub(crate) own_echoes: u64,
    /// Bytes left.
    pub(crate) left: u64,
    /// Bytes used at the end, if it goes on as in the last week; none before a whole day is known.
    pub(crate) forecast: Option<u64>,
    /// When all will be used, if before the end; RFC 3339.
    pub(crate) used_up: Option<String>,
}

impl LinkTraffic {
    pub(crate) fn new(moved: &LinkMoved) -> Self {
        Self { today: moved.today, month: moved.month }
    }
}

impl CapStatus {
    /// Takes stock.
    pub(crate) fn new(cap: u64, moved: &LinkMoved, now: Timestamp) -> Self {
        let end = moved.until.parse::<Date>().ok().and_then(|until| until.to_zoned(clock::zone()).ok());
        let course = Course {
            cap,
            used: moved.used.both(),
            recent: moved.of_late.both(),
            recent_time: u64::from(moved.days_of_late) * DAY,
            now: now.as_second(),
            end: end.map_or(now, |end| end.timestamp()).as_second(),
        };
        let stock = course.cap();
        let used_up = stock.used_up.and_then(|at| Timestamp::from_second(at).ok());
        Self {
            bytes: cap,
            since: moved.since.clone(),
            until: moved.until.clone(),
            used: course.used,
            own_echoes: moved.probes.both(),
            left: stock.left,
            forecast: (moved.days_of_late > 0).then_some(stock.forecast),
            used_up: used_up.map(|at| at.to_string()),
        }
    }

    /// One line.
    pub(crate) fn line(&self, link: &str) -> String {
        let Self { since, until, .. } = self;
        let used = format!("{link}: {} of {} used since {since}", bytes(self.used), bytes(self.bytes));
        let day = |at: &String| at.parse::<Timestamp>().map_or_else(|_| at.clone(), local_day);
        let rest = match (self.left, &self.used_up, self.forecast) {
            (0, ..) => format!("; NOTHING LEFT until {until}"),
            (left, Some(at), _) => {
                format!(", {} left until {until}; as it goes, it is USED UP on {}", bytes(left), day(at))
            }
            (left, None, Some(forecast)) => {
                format!(", {} left until {until}; as it goes, {} will be used then", bytes(left), bytes(forecast))
            }
            (left, None, None) => format!(", {} left until {until}", bytes(left)),
        };
        format!("{used}{rest}\n")
    }
}

fn local_day(at: Timestamp) -> String {
    at.to_zoned(clock::zone()).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    #[track_caller]
    fn check(used: u64, of_late: u64, days_of_late: u32, expected: &str) {
        let both = |bytes: u64| Bytes { sent: bytes / 4, received: bytes - bytes / 4 };
        let moved = LinkMoved {
            since: "2026-11-05".into(),
            until: "2026-12-05".into(),
            used: both(used),
            of_late: both(of_late),
            days_of_late,
            ..LinkMoved::default()
        };
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        assert_eq!(CapStatus::new(10 * GB, &moved, now).line("lte"), format!("lte: {expected}\n"));
    }

    #[test]
    fn a_line_says_used_left_and_how_it_goes_on() {
        check(2 * GB, 0, 0, "2.0 GB of 10 GB used since 2026-11-05, 8.0 GB left until 2026-12-05");
        check(
            2 * GB,
            GB * 28 / 100,
            7,
            "2.0 GB of 10 GB used since 2026-11-05, 8.0 GB left until 2026-12-05; as it goes, 2.4 GB will be used then",
        );
        check(
            6 * GB,
            7 * GB,
            7,
            "6.0 GB of 10 GB used since 2026-11-05, 4.0 GB left until 2026-12-05; as it goes, it is USED UP on 2026-11-29",
        );
        check(11 * GB, GB, 7, "11 GB of 10 GB used since 2026-11-05; NOTHING LEFT until 2026-12-05");
    }
}
