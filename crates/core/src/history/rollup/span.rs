//! How long rollups are: minutes, quarters of an hour, four hours.

use crate::time::Time;
use core::time::Duration;

/// How long a rollup is. A graph of a day is drawn from minutes, one of a month from quarters, one of a year from four hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Span {
    /// One minute.
    Minute,
    /// A quarter of an hour.
    Quarter,
    /// Four hours.
    FourHours,
}

impl Span {
    /// All, the shortest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Quarter, Self::FourHours];

    /// Its length.
    pub const fn length(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(60),
            Self::Quarter => Duration::from_secs(15 * 60),
            Self::FourHours => Duration::from_secs(4 * 60 * 60),
        }
    }

    /// The beginning of the span a time is in.
    pub fn begin(self, at: Time) -> Time {
        let length = self.length().as_nanos() as u64;
        Time::from_nanos(at.as_nanos().checked_div(length).unwrap_or_default().saturating_mul(length))
    }
}
