//! Hours of the week: `mon-fri 21:00-07:00`, by the clock on the wall.
//!
//! The rule: a schedule holds while the clock on the wall shows a time within it. A span that ends before it begins goes on
//! past midnight, and belongs to the day it began on, whatever month follows. An hour that is left out in spring is left
//! out of the schedule too; one that comes twice in autumn holds both times.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// In the order of the week (ISO 8601).
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Every day, as it may also be written.
const DAILY: &str = "daily";
/// The bits of all days.
const EVERY_DAY: u8 = 0b111_1111;

/// What the clock on the wall shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Civil {
    /// Days since Monday, 0 to 6.
    pub weekday: u8,
    /// Minutes since midnight.
    pub minute: u16,
}

/// Some hours of the week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// On which days it begins: a bit for each, Monday's the lowest.
    days: u8,
    /// When it begins, in minutes since midnight; below [`DAY`].
    from: u16,
    /// When it ends, in minutes since midnight; at most [`DAY`].
    to: u16,
}

/// Why a text is no schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable;

impl Schedule {
    /// Whether it holds at that moment.
    pub fn holds(self, at: Civil) -> bool {
        let begins = |weekday: u8| self.days & bit(weekday) != 0;
        if self.from < self.to {
            return begins(at.weekday) && (self.from..self.to).contains(&at.minute);
        }
        let yesterday = at.weekday.checked_sub(1).unwrap_or(6);
        (begins(at.weekday) && at.minute >= self.from) || (begins(yesterday) && at.minute < self.to)
    }
}

const fn bit(weekday: u8) -> u8 {
    1 << (weekday % 7)
}

impl FromStr for Schedule {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut words = text.split_whitespace();
        let (Some(first), second, None) = (words.next(), words.next(), words.next()) else { return Err(Unreadable) };
        let (on, hours) = second.map_or((DAILY, first), |hours| (first, hours));
        let (from, to) = hours.split_once('-').ok_or(Unreadable)?;
        let (from, to) = (minute(from)?, minute(to)?);
        if from == DAY {
            return Err(Unreadable);
        }
        Ok(Self { days: days(on)?, from, to })
    }
}

/// `mon-fri,sun` or `daily`; a range may pass Sunday.
fn days(text: &str) -> Result<u8, Unreadable> {
    if text.eq_ignore_ascii_case(DAILY) {
        return Ok(EVERY_DAY);
    }
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (weekday(first)?, weekday(last)?);
        days |= bit(at);
        while at != last {
            at = at.saturating_add(1) % 7;
            days |= bit(at);
        }
    }
    Ok(days)
}

fn weekday(text: &str) -> Result<u8, Unreadable> {
    let place = DAYS.iter().position(|day| text.eq_ignore_ascii_case(day));
    place.and_then(|place| u8::try_from(place).ok()).ok_or(Unreadable)
}

/// `21:00`, in minutes; the end of a day is `24:00`.
fn minute(text: &str) -> Result<u16, Unreadable> {
    let (hour, minute) = text.split_once(':').ok_or(Unreadable)?;
    let number = |text: &str, digits: core::ops::RangeInclusive<usize>| {
        let is_number = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse::<u16>().map_err(|_| Unreadable) } else { Err(Unreadable) }
    };
    let (hour, minute) = (number(hour, 1..=2)?, number(minute, 2..=2)?);
    let all = hour.saturating_mul(60).saturating_add(minute);
    if minute < 60 && all <= DAY { Ok(all) } else { Err(Unreadable) }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days == EVERY_DAY {
            f.write_str(DAILY)?;
        } else {
            let on = DAYS.iter().zip(0..).filter(|(_, weekday)| self.days & bit(*weekday) != 0);
            for (place, (day, _)) in on.enumerate() {
                write!(f, "{}{day}", if place == 0 { "" } else { "," })?;
            }
        }
        let clock = |minute: u16| (minute.wrapping_div(60), minute.wrapping_rem(60));
        let ((from_hour, from), (to_hour, to)) = (clock(self.from), clock(self.to));
        write!(f, " {from_hour:02}:{from:02}-{to_hour:02}:{to:02}")
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write days and hours, such as 'mon-fri 21:00-07:00' or 'daily 22:00-06:30'")
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[track_caller]
    fn check(schedule: &str, moments: &[(&str, &str, bool)]) {
        let schedule: Schedule = schedule.parse().unwrap();
        for (day, time, expected) in moments {
            let at = Civil { weekday: weekday(day).unwrap(), minute: minute(time).unwrap() };
            assert_eq!(schedule.holds(at), *expected, "{schedule} on {day} at {time}");
        }
    }

    #[test]
    fn hours_within_a_day() {
        let moments =
            [("mon", "07:59", false), ("mon", "08:00", true), ("mon", "15:59", true), ("mon", "16:00", false)];
        check("mon-fri 08:00-16:00", &moments);
        check("mon-fri 08:00-16:00", &[("fri", "08:00", true), ("sat", "08:00", false), ("sun", "12:00", false)]);
        check("sat,sun 0:00-24:00", &[("sat", "00:00", true), ("sun", "23:59", true), ("mon", "00:00", false)]);
    }

    #[test]
    fn hours_past_midnight_belong_to_the_day_they_began_on() {
        let moments = [
            ("fri", "20:59", false),
            ("fri", "21:00", true),
            ("sat", "00:00", true),
            ("sat", "06:59", true),
            ("sat", "07:00", false),
            ("sat", "21:00", false),
            ("sun", "03:00", false),
            ("mon", "06:00", false),
            ("mon", "21:00", true),
        ];
        check("mon-fri 21:00-07:00", &moments);
        check("sun 23:00-01:00", &[("sun", "00:30", false), ("sun", "23:30", true), ("mon", "00:30", true)]);
    }

    #[test]
    fn hours_that_end_when_they_begin_are_a_whole_day() {
        check("mon 06:00-06:00", &[("mon", "05:59", false), ("mon", "06:00", true), ("tue", "05:59", true)]);
        check("mon 06:00-06:00", &[("tue", "06:00", false)]);
    }

    #[test]
    fn what_was_read_is_written_the_same() {
        for (text, written) in [
            ("21:00-7:00", "daily 21:00-07:00"),
            ("Mon-Wed,SUN 9:30-24:00", "mon,tue,wed,sun 09:30-24:00"),
            ("sat-mon 00:00-00:00", "mon,sat,sun 00:00-00:00"),
            ("mon-sun 01:00-02:00", "daily 01:00-02:00"),
        ] {
            let schedule: Schedule = text.parse().unwrap();
            assert_eq!(schedule.to_string(), written);
            assert_eq!(written.parse(), Ok(schedule));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "mon",
            "mon 21-07",
            "mon 25:00-26:00",
            "mon 21:60-22:00",
            "foo 1:00-2:00",
            "mon- 1:00-2:00",
            "24:00-1:00",
            "mon 1:00-2:00 x",
            "mon 1:00",
            ", 1:00-2:00",
            "mon +1:00-2:00",
            "mon 001:00-2:00",
        ] {
            assert_eq!(text.parse::<Schedule>(), Err(Unreadable), "{text:?}");
        }
    }
}
