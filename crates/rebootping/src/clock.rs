//! The one place that asks what time it is.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nix::time::{ClockId, clock_gettime};
use rebootping_core::control::schedule::Civil;
use rebootping_core::time::Time;
use std::sync::OnceLock;
use std::time::Duration;

/// Now, as decisions know it: nanoseconds since boot, untouched by clock steps.
pub(crate) fn now() -> Time {
    Time::from_nanos(nanos(ClockId::CLOCK_BOOTTIME))
}

/// Now, as a label for people.
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}

/// No packet waits longer to be read, in nanoseconds.
const LONGEST_WAIT: u64 = 5_000_000_000;

/// Whether this can be a time since 1970 of a clock that was set, in nanoseconds.
pub(crate) fn is_date(wall: i64) -> bool {
    wall >= FIRST_DATE
}

/// The operator's time zone, by which days begin.
pub(crate) fn zone() -> TimeZone {
    SETTLED.get().cloned().unwrap_or_else(TimeZone::system)
}

/// What the clock on the wall shows at that moment in that time zone.
pub(crate) fn civil(time: Timestamp, zone: &TimeZone) -> Civil {
    let local = zone.to_datetime(time);
    let weekday = local.weekday().to_monday_zero_offset().unsigned_abs();
    let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    Civil { weekday, minute }
}

/// The zone of a process that will not be able to ask for it.
static SETTLED: OnceLock<TimeZone> = OnceLock::new();

/// Has this process keep to the zone that is set now: soon it may read no file that says so.
pub(crate) fn settle_zone() -> TimeZone {
    SETTLED.get_or_init(TimeZone::system).clone()
}

/// The first second of 2024: a clock that says an earlier time was never set. In nanoseconds since 1970.
const FIRST_DATE: i64 = 1_704_067_200_000_000_000;

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

    /// A moment of an earlier boot, whose wall clock was so many nanoseconds ahead of it.
    pub(crate) fn of_boot(boot: Time, ahead: i64) -> Self {
        Self { boot: boot.as_nanos(), real: boot.as_nanos().saturating_add_signed(ahead) }
    }

    /// The time of this moment.
    pub(crate) fn time(self) -> Time {
        Time::from_nanos(self.boot)
    }

    /// Whether the wall clock was ever set.
    pub(crate) fn is_dated(self) -> bool {
        i64::try_from(self.real).is_ok_and(is_date)
    }

    /// How far the wall clock is ahead of the time since boot, in nanoseconds.
    pub(crate) fn ahead(self) -> i64 {
        let ahead = i128::from(self.real) - i128::from(self.boot);
        i64::try_from(ahead).unwrap_or(if ahead < 0 { i64::MIN } else { i64::MAX })
    }

    /// When the kernel stamped something with its real-time clock, given in nanoseconds. A stamp that lies in the future, or
    /// further back than a packet waits to be read, was made before the clock was stepped: this moment is the better guess.
    pub(crate) fn of_stamp(self, stamp: u64) -> Time {
        let age = self.real.checked_sub(stamp).filter(|&age| age <= LONGEST_WAIT);
        Time::from_nanos(self.boot.saturating_sub(age.unwrap_or(0)))
    }

    /// The wall-clock label of a time of this boot.
    pub(crate) fn label(self, time: Time) -> Timestamp {
        let wall = i128::from(self.real) - i128::from(self.boot) + i128::from(time.as_nanos());
        Timestamp::from_nanosecond(wall).unwrap_or_default()
    }
}

/// Unix time that does not jump: it reads as the wall clock did when it was last set, and advances with the time since boot.
///
/// What is learnt of devices is dated with it, so that a stepped clock neither makes devices older nor loses them; whoever
/// keeps such dates is told the difference when the line is set anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    moment: Moment,
}

/// A smaller difference to the wall clock is a drift, which labels may show.
const STEP: u64 = 1_000_000_000;

impl Line {
    /// A line that reads as this moment's wall clock.
    pub(crate) fn set_at(moment: Moment) -> Self {
        Self { moment }
    }

    /// A moment on the line.
    pub(crate) fn of(self, moment: Moment) -> Time {
        Time::from_nanos(self.moment.real.saturating_add(moment.boot.saturating_sub(self.moment.boot)))
    }

    /// A time on the line as the time since boot.
    pub(crate) fn since_boot(self, time: Time) -> Time {
        let before = self.moment.real.saturating_sub(time.as_nanos());
        let after = time.as_nanos().saturating_sub(self.moment.real);
        Time::from_nanos(self.moment.boot.saturating_sub(before).saturating_add(after))
    }

    /// When the kernel stamped something with its real-time clock, in nanoseconds, which was read at this moment.
    pub(crate) fn of_stamp(self, stamp: u64, read: Moment) -> Time {
        let now = self.of(read).as_nanos();
        let is_plausible = stamp <= now.saturating_add(STEP) && stamp.saturating_add(STEP + LONGEST_WAIT) >= now;
        if is_plausible {
            return Time::from_nanos(stamp);
        }
        let age = read.boot.saturating_sub(read.of_stamp(stamp).as_nanos());
        Time::from_nanos(now.saturating_sub(age))
    }

    /// Sets the line to the wall clock if that was stepped meanwhile; by how many nanoseconds, if it was.
    pub(crate) fn follow(&mut self, moment: Moment) -> Option<i64> {
        let step = i128::from(moment.real) - i128::from(self.of(moment).as_nanos());
        if step.unsigned_abs() < u128::from(STEP) {
            return None;
        }
        self.moment = moment;
        Some(i64::try_from(step).unwrap_or(if step < 0 { i64::MIN } else { i64::MAX }))
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

    #[test]
    fn a_line_goes_on_when_the_clock_is_stepped_until_it_is_set_anew() {
        const SECOND: u64 = 1_000_000_000;
        let mut line = Line::set_at(Moment { boot: 10 * SECOND, real: 1_000 * SECOND });
        let stepped = Moment { boot: 12 * SECOND, real: 5_000 * SECOND };
        assert_eq!(line.of(stepped).as_nanos(), 1_002 * SECOND);
        assert_eq!(line.of_stamp(5_000 * SECOND - 5, stepped).as_nanos(), 1_002 * SECOND - 5);
        assert_eq!(line.follow(stepped), Some(3_998 * SECOND as i64));
        assert_eq!(line.of(stepped).as_nanos(), 5_000 * SECOND);
        let drifted = Moment { boot: 13 * SECOND, real: 5_001 * SECOND + 999_999_999 };
        assert_eq!(line.follow(drifted), None);
        let back = Moment { boot: 14 * SECOND, real: 2 * SECOND };
        assert_eq!(line.follow(back), Some(-5_000 * (SECOND as i64)));
    }
}
