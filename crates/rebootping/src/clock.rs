//! The one place that asks what time it is.

use jiff::Timestamp;
use nix::time::{ClockId, clock_gettime};
use rebootping_core::time::Time;
use std::time::Duration;

/// Now, as decisions know it: nanoseconds since boot, untouched by clock steps.
pub(crate) fn now() -> Time {
    Time::from_nanos(nanos(ClockId::CLOCK_BOOTTIME))
}

/// Now, as a label for people.
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}

/// Both clocks at one moment, to turn stamps of one into the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    boot: u64,
    real: u64,
}

impl Moment {
    /// Reads both clocks, one right after the other.
    pub(crate) fn now() -> Self {
        Self { boot: nanos(ClockId::CLOCK_BOOTTIME), real: nanos(ClockId::CLOCK_REALTIME) }
    }

    /// A moment at which both clocks said this.
    #[cfg(test)]
    pub(crate) fn at(boot: Time, wall: Timestamp) -> Self {
        Self { boot: boot.as_nanos(), real: u64::try_from(wall.as_nanosecond()).unwrap_or(0) }
    }

    /// The time of this moment.
    pub(crate) fn time(self) -> Time {
        Time::from_nanos(self.boot)
    }

    /// When the kernel stamped something with its real-time clock, given in nanoseconds. A stamp that lies in the future, or
    /// further back than a packet waits to be read, was made before the clock was stepped: this moment is the better guess.
    pub(crate) fn of_stamp(self, stamp: u64) -> Time {
        const LONGEST_WAIT: u64 = 5_000_000_000;
        let age = self.real.checked_sub(stamp).filter(|&age| age <= LONGEST_WAIT);
        Time::from_nanos(self.boot.saturating_sub(age.unwrap_or(0)))
    }

    /// The wall-clock label of a time of this boot.
    pub(crate) fn label(self, time: Time) -> Timestamp {
        let wall = i128::from(self.real) - i128::from(self.boot) + i128::from(time.as_nanos());
        Timestamp::from_nanosecond(wall).unwrap_or_default()
    }
}

/// How long to sleep until then; nothing if it is past.
pub(crate) fn until(then: Time) -> Duration {
    then.since(now())
}

fn nanos(clock: ClockId) -> u64 {
    let Ok(time) = clock_gettime(clock) else { return 0 };
    u64::try_from(Duration::from(time).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_become_times_of_this_boot_even_across_a_clock_step() {
        let moment = Moment { boot: 100_000_000_000, real: 1_000_000_000_000 };
        let of = |stamp| moment.of_stamp(stamp).as_nanos();
        assert_eq!(of(999_990_000_000), 99_990_000_000);
        assert_eq!(of(1_000_000_000_001), 100_000_000_000, "stamped before the clock went back");
        assert_eq!(of(1_000_000), 100_000_000_000, "stamped before the clock went forward");
    }
}
