//! A segment's name is the time of its first packet: `20261122T101213.123456789Z.pcapng`, so that names sort as times do.

use jiff::Timestamp;
use std::time::Duration;

const FORMAT: &str = "%Y%m%dT%H%M%S.%9fZ.pcapng";
const LENGTH: usize = "20261122T101213.123456789Z.pcapng".len();

/// The name of the segment whose first packet has this stamp, in nanoseconds since 1970.
pub(crate) fn of(stamp: u64) -> String {
    // Never the default: 2^64 ns end in 2554, and jiff's calendar in 9999.
    let time = Timestamp::from_duration(Duration::from_nanos(stamp).try_into().unwrap_or_default()).unwrap_or_default();
    time.strftime(FORMAT).to_string()
}

/// The stamp in a segment's name; none if it is not one of ours.
pub(crate) fn stamp(name: &str) -> Option<u64> {
    if name.len() != LENGTH || !name.is_ascii() {
        return None;
    }
    let (date, time) = name.split_once('T')?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(date, 0, 4)?,
        part(date, 4, 6)?,
        part(date, 6, 8)?,
        part(time, 0, 2)?,
        part(time, 2, 4)?,
        part(time, 4, 16)?
    );
    let stamp = u64::try_from(iso.parse::<Timestamp>().ok()?.as_nanosecond()).ok()?;
    // What reads as a time but is written otherwise is not ours.
    (of(stamp) == name).then_some(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_stamps_are_each_others_inverse() {
        assert_eq!(of(1_795_342_333_123_456_789), "20261122T101213.123456789Z.pcapng");
        for nanos in [0, 1, 999_999_999, 1_000_000_000, 1_795_342_333_123_456_789, u64::MAX] {
            assert_eq!(stamp(&of(nanos)), Some(nanos), "{}", of(nanos));
        }
    }

    #[test]
    fn names_sort_as_times_do() {
        let stamps = [0, 1, 999_999_999, 1_000_000_000, 86_400_000_000_000, 1_795_342_333_123_456_789, u64::MAX];
        assert!(stamps.map(of).is_sorted());
    }

    #[track_caller]
    fn foreign(name: &str) {
        assert_eq!(stamp(name), None, "{name}");
    }

    #[test]
    fn foreign_names_are_none_of_ours() {
        foreign("");
        foreign("20261122T101213.123456789Z.pcap");
        foreign("20261122T101213.123456789Z.pcapng.gz");
        foreign("20261322T101213.123456789Z.pcapng");
        foreign("20261122T106013.123456789Z.pcapng");
        foreign("20261122T101213,123456789Z.pcapng");
        foreign("20261122X101213.123456789Z.pcapng");
        foreign("２2611122T101213.12345678Z.pcapng");
        foreign("19691122T101213.123456789Z.pcapng");
    }
}
