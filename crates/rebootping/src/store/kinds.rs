//! What kinds of history there are, how long each is kept, and which goes first when there is no room for all.

use crate::config::observing::Store as Limits;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What happened once, as a row of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(crate) enum Happening {
    /// The choice of links changed, and why.
    Verdict,
    /// The choice was carried out, or was not.
    Applied,
    /// A time in which a link, or all, did not work.
    Outage,
    /// Something the operator would like to know.
    Event,
    /// What an operator did.
    Audit,
}

/// The subject of operators' orders about devices, which have numbers: each is kept once, however often it is told.
pub(crate) const ORDERS: &str = "orders";

/// How long happenings and calendar sums are kept, whatever else is.
pub(super) const LASTING: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl Happening {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Verdict, Self::Applied, Self::Outage, Self::Event, Self::Audit];

    /// The table it is in.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Applied => "applied",
            Self::Outage => "outage",
            Self::Event => "event",
            Self::Audit => "audit",
        }
    }

    /// What it is called where programs are told of it.
    pub(crate) const fn called(self) -> &'static str {
        self.table()
    }

    /// Bytes of text that are kept of it at most: with their rows' overhead, and with days and months, all lie within 20 MB. What
    /// happens too often pushes out its own oldest and nothing else's.
    pub(super) const fn most(self) -> u64 {
        match self {
            Self::Verdict => 5_000_000,
            Self::Applied => 2_000_000,
            Self::Outage => 1_500_000,
            Self::Event => 3_500_000,
            Self::Audit => 1_000_000,
        }
    }
}

/// A stretch of history, compressed into a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stretch {
    /// Every round trip, an hour in one.
    Samples,
    /// Round trips summed up by minute, likewise.
    Minutes,
    /// Bytes of devices and links by minute.
    TrafficMinutes,
    /// What the selection was given, round by round.
    Journal,
    /// Bytes of devices and links by quarter of an hour, a day in one, which grows until the day is over.
    TrafficQuarters,
    /// Round trips summed up by quarter of an hour, a day in one, which grows until the day is over.
    Quarters,
    /// Round trips summed up by four hours, likewise.
    FourHours,
}

impl Stretch {
    /// All of them, in the order in which they go when there is no room.
    pub(crate) const ALL: [Self; 7] = [
        Self::Samples,
        Self::Minutes,
        Self::TrafficMinutes,
        Self::Journal,
        Self::TrafficQuarters,
        Self::Quarters,
        Self::FourHours,
    ];

    /// Those that are written anew each hour as they grow: the newest stands for all that begin when it does.
    pub(crate) const GROWING: [Self; 3] = [Self::TrafficQuarters, Self::Quarters, Self::FourHours];

    /// Its number in the file, for good.
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Journal => 1,
            Self::Samples => 2,
            Self::Minutes => 3,
            Self::Quarters => 4,
            Self::TrafficMinutes => 5,
            Self::TrafficQuarters => 6,
            Self::FourHours => 7,
        }
    }

    /// How long it is kept.
    pub(super) const fn kept(self, limits: &Limits) -> Duration {
        match self {
            Self::Samples => limits.raw,
            Self::Minutes | Self::TrafficMinutes => limits.minutes,
            Self::Journal => limits.journal,
            Self::Quarters | Self::TrafficQuarters | Self::FourHours => limits.quarters,
        }
    }

    /// What it is called where the operator is told that it was let go.
    pub(crate) const fn called(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Minutes => "minutes",
            Self::Quarters => "quarters",
            Self::Journal => "journal",
            Self::TrafficMinutes => "traffic_minutes",
            Self::TrafficQuarters => "traffic_quarters",
            Self::FourHours => "four_hours",
        }
    }
}
