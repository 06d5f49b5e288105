//! Quantities as people write them: durations ("1h30m"), sizes ("100MB") and points in time ("2h" ago).

use core::str::FromStr;
use core::time::Duration;
use jiff::{SignedDuration, Timestamp};

const MILLISECOND: u64 = 1;
const SECOND: u64 = 1_000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Units of time in milliseconds, longest first: the order in which they are written.
const TIME_UNITS: [(&str, u64); 5] = [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", MILLISECOND)];

/// Units of size in bytes, largest first; decimal, as disks and tariffs are.
const SIZE_UNITS: [(&str, u64); 5] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1)];

const DURATION_HINT: &str = "write a number with its unit (ms, s, m, h, d), such as 90s or 1h30m";
const SIZE_HINT: &str = "write a number with its unit (B, KB, MB, GB, TB), such as 100MB";

/// Reads a duration such as `500ms`, `90s` or `1h30m`: whole numbers, each with its unit, the longest unit first.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| format!("{text:?} is not a duration; {DURATION_HINT}"))
}

/// Writes a duration as [`parse_duration`] reads it, longest units first and zero parts left out; what is below a
/// millisecond is cut off.
pub(crate) fn format_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let parts = TIME_UNITS.into_iter().filter_map(|(unit, length)| {
        let number = left / length;
        left %= length;
        (number > 0).then(|| format!("{number}{unit}"))
    });
    let text: String = parts.collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Reads a size such as `64KB` or `100MB` and returns its bytes; units are decimal: 1 MB is 1,000,000 bytes.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    size(text).ok_or_else(|| format!("{text:?} is not a size; {SIZE_HINT}"))
}

/// Writes a number of bytes as [`parse_size`] reads it, exactly, in the largest unit that leaves no fraction.
pub(crate) fn format_size(bytes: u64) -> String {
    let (unit, length) = SIZE_UNITS.into_iter().find(|(_, length)| bytes % length == 0).unwrap_or(("B", 1));
    if bytes == 0 { "0B".to_owned() } else { format!("{}{unit}", bytes / length) }
}

/// A point in time as an operator gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// RFC 3339, such as `2026-03-01T08:00:00Z`.
    At(Timestamp),
    /// An age, such as `2h`.
    Ago(Duration),
}

impl When {
    /// Returns the point in time that is meant when it is `now`; an age beyond the calendar is its first day.
    pub(crate) fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(age) => {
                SignedDuration::try_from(age).ok().and_then(|age| now.checked_sub(age).ok()).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        duration(text).map(Self::Ago).ok_or_else(|| {
            format!("{text:?} is not a time; write RFC 3339, such as 2026-03-01T08:00:00Z, or an age, such as 2h")
        })
    }
}

fn duration(text: &str) -> Option<Duration> {
    let mut units = TIME_UNITS.into_iter();
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let name_length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (name, next) = after.split_at(name_length);
        let (_, length) = units.find(|(unit, _)| *unit == name)?;
        total = total.checked_add(number.checked_mul(length)?)?;
        rest = next;
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

fn size(text: &str) -> Option<u64> {
    let (number, name) = split_number(text)?;
    let (_, length) = SIZE_UNITS.into_iter().find(|(unit, _)| *unit == name)?;
    number.checked_mul(length)
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn lasts(text: &str, milliseconds: u64, written: &str) {
        let duration = parse_duration(text).expect(text);
        assert_eq!(duration, Duration::from_millis(milliseconds));
        assert_eq!(format_duration(duration), written);
        assert_eq!(parse_duration(written), Ok(duration));
    }

    #[test]
    fn durations_are_numbers_with_units() {
        lasts("1s", 1_000, "1s");
        lasts("1h", 3_600_000, "1h");
        lasts("90s", 90_000, "1m30s");
        lasts("2d", 172_800_000, "2d");
        lasts("500ms", 500, "500ms");
        lasts("1h30m", 5_400_000, "1h30m");
        lasts("1d2h3m4s5ms", 93_784_005, "1d2h3m4s5ms");
        lasts("0s", 0, "0s");
        lasts("36h", 129_600_000, "1d12h");
    }

    #[test]
    fn anything_else_is_no_duration() {
        for text in
            ["", "5", "s", "-1s", "1.5h", "1 h", " 1s", "1m1h", "1s1s", "1w", "1H", "1s!", "１s", "999999999999d"]
        {
            let error = parse_duration(text).expect_err(text);
            assert_eq!(error, format!("{text:?} is not a duration; {DURATION_HINT}"));
        }
    }

    #[track_caller]
    fn weighs(text: &str, bytes: u64, written: &str) {
        assert_eq!(parse_size(text), Ok(bytes));
        assert_eq!(format_size(bytes), written);
        assert_eq!(parse_size(written), Ok(bytes));
    }

    #[test]
    fn sizes_are_decimal() {
        weighs("100MB", 100_000_000, "100MB");
        weighs("64KB", 64_000, "64KB");
        weighs("20GB", 20_000_000_000, "20GB");
        weighs("1500KB", 1_500_000, "1500KB");
        weighs("1TB", 1_000_000_000_000, "1TB");
        weighs("0B", 0, "0B");
        weighs("0GB", 0, "0B");
        weighs("17B", 17, "17B");
    }

    #[test]
    fn anything_else_is_no_size() {
        for text in ["", "5", "MB", "1.5GB", "1 MB", "1mb", "1MiB", "-1B", "99999999999TB"] {
            let error = parse_size(text).expect_err(text);
            assert_eq!(error, format!("{text:?} is not a size; {SIZE_HINT}"));
        }
    }

    #[track_caller]
    fn means(text: &str, time: &str) {
        let now = "2026-03-01T08:00:00Z".parse().expect("a time");
        let resolved = text.parse::<When>().expect(text).resolve(now);
        assert_eq!(resolved.to_string(), time);
    }

    #[test]
    fn a_time_is_rfc_3339_or_an_age() {
        means("2026-02-28T12:30:00Z", "2026-02-28T12:30:00Z");
        means("2026-02-28T12:30:00+02:00", "2026-02-28T10:30:00Z");
        means("2h", "2026-03-01T06:00:00Z");
        means("1d30m", "2026-02-28T07:30:00Z");
        means("9999999d", "-009999-01-02T01:59:59Z");
        assert!("yesterday".parse::<When>().is_err());
        assert!("2026-02-28".parse::<When>().is_err());
    }
}
