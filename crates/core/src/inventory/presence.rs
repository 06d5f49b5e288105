//! Whether a device is there: judged by its traffic, and by how long it is usually silent.
//!
//! A device is gone when it has been silent for an hour and for three times its longest silence of the last days. So a phone that
//! sleeps through the night is not gone in the morning, and a server that never rests is missed within the hour. The longest
//! silence is forgotten by an eighth a day, for habits change, and counts for a day at most, for a holiday is no habit. Nobody is
//! missed in the first day after they were first seen: it takes that long to know their nights.

use crate::time::Time;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Nobody is gone before so long.
const LEAST: Duration = Duration::from_secs(3600);
/// Nor before the longest usual silence so many times.
const TIMES: u32 = 3;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The habits of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Presence {
    longest_silence: Duration,
    forgotten_at: Time,
    pub(super) is_gone: bool,
    /// It was told as new, or was there from the beginning.
    pub(super) is_told: bool,
}

impl Presence {
    /// It spoke after a silence; returns its length if it was taken for gone.
    pub(super) fn speak(&mut self, silence: Duration, now: Time) -> Option<Duration> {
        if now.since(self.forgotten_at) >= DAY {
            let eighth = self.longest_silence.checked_div(8).unwrap_or_default();
            self.longest_silence = self.longest_silence.saturating_sub(eighth);
            self.forgotten_at = now;
        }
        self.longest_silence = self.longest_silence.max(silence.min(DAY));
        core::mem::take(&mut self.is_gone).then_some(silence)
    }

    /// Moves all times, as the clock they are read by was stepped.
    pub(super) fn shift(&mut self, shift: impl Fn(Time) -> Time) {
        self.forgotten_at = shift(self.forgotten_at);
    }

    /// Whether it is gone now and was not before.
    pub(super) fn leaves(&mut self, first_seen: Time, last_seen: Time, now: Time) -> bool {
        let patience = self.longest_silence.saturating_mul(TIMES).max(LEAST);
        let leaves = !self.is_gone && last_seen.since(first_seen) >= DAY && now.since(last_seen) > patience;
        self.is_gone |= leaves;
        leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;

    fn at(hours: u64) -> Time {
        Time::BOOT + Duration::from_secs(hours.saturating_mul(HOUR))
    }

    #[test]
    fn who_never_rests_is_missed_after_an_hour() {
        let mut server = Presence::default();
        server.speak(Duration::from_secs(60), at(1));
        assert!(!server.leaves(at(0), at(30), at(31)));
        assert!(server.leaves(at(0), at(30), at(32)));
        assert!(!server.leaves(at(0), at(30), at(33)), "it is told once");
        assert_eq!(server.speak(Duration::from_secs(3 * HOUR), at(33)), Some(Duration::from_secs(3 * HOUR)));
    }

    #[test]
    fn who_sleeps_at_night_is_not_missed_in_the_morning() {
        let mut phone = Presence::default();
        phone.speak(Duration::from_secs(8 * HOUR), at(8));
        assert!(!phone.leaves(at(0), at(40), at(63)));
        assert!(phone.leaves(at(0), at(40), at(65)));
    }

    #[test]
    fn nobody_is_missed_on_their_first_day() {
        assert!(!Presence::default().leaves(at(0), at(23), at(100)));
    }

    #[test]
    fn habits_fade() {
        let mut tv = Presence::default();
        tv.speak(Duration::from_secs(20 * HOUR), at(0));
        for day in 1..40 {
            tv.speak(Duration::from_secs(60), at(day * 24));
        }
        assert!(tv.leaves(at(0), at(960), at(962)));
    }
}
