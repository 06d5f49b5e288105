//! How a device is restricted, in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rebootping_core::control::restriction::{Mode, Restriction};
use rebootping_core::control::schedule::Schedule;

/// What a device is, in a word or two.
pub(crate) const fn state(mode: Mode) -> &'static str {
    match mode {
        Mode::Pause => "(paused)",
        Mode::Local => "(local only)",
        Mode::Block => "(blocked)",
    }
}

/// What it means for the device, until when and in which hours.
pub(crate) fn words(mode: Mode, until: Option<&str>, schedule: Option<Schedule>) -> String {
    let what = match mode {
        Mode::Pause => "no Internet",
        Mode::Local => "local network only",
        Mode::Block => "blocked",
    };
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    let hours = schedule.map_or_else(String::new, |schedule| format!(", {schedule}"));
    format!("{what}{until}{hours}")
}

/// Seconds of Unix time.
pub(crate) fn time(unix: u64) -> Timestamp {
    i64::try_from(unix).ok().and_then(|unix| Timestamp::from_second(unix).ok()).unwrap_or(Timestamp::MAX)
}

/// A restriction in words, its end as the clock on the wall will show it.
pub(crate) fn described(restriction: &Restriction, zone: &TimeZone) -> String {
    let local = |unix| zone.to_datetime(time(unix)).strftime("%Y-%m-%d %H:%M:%S").to_string();
    words(restriction.mode, restriction.until.map(local).as_deref(), restriction.schedule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restriction_is_said_in_words_and_local_time() {
        let zone = TimeZone::posix("CET-1").expect("a rule of POSIX");
        let schedule = "mon-fri 21:00-07:00".parse().ok();
        let all = Mode::ALL.map(|mode| {
            let until = (mode != Mode::Block).then_some(1_767_225_600);
            described(&Restriction { mode, until, schedule: schedule.filter(|_| mode == Mode::Local) }, &zone)
        });
        insta::assert_snapshot!(all.join("\n"), @r"
        no Internet until 2026-01-01 01:00:00
        local network only until 2026-01-01 01:00:00, mon,tue,wed,thu,fri 21:00-07:00
        blocked
        ");
    }
}
