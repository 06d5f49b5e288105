//! What links moved of late, for those who watch a cap: today, this month, and since the day on which the cap's count began.
//!
//! Days come from the file and stay known here; what no day has yet comes from memory. So it is told while the disk takes nothing, too.

use super::flush::File;
use super::memory::{Day, Sum};
use crate::ipc::observer::{Bytes, LinkMoved};
use jiff::ToSpan;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Days that are looked back: a cap's count began within the last 31, and a week before that tells how it goes on.
const LOOK_BACK: i64 = 40;
/// "Of late" is a week, so that each day of the week counts once.
const OF_LATE: i32 = 7;

/// What is known of links.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// Of each link the day of the month on which its cap's count begins anew.
    links: BTreeMap<String, u8>,
    /// What the file has, by series and day.
    days: BTreeMap<String, Days>,
    is_stale: bool,
}

type Days = BTreeMap<Date, Bytes>;

impl Counted {
    pub(super) fn new(links: BTreeMap<String, u8>) -> Self {
        Self { links, days: BTreeMap::new(), is_stale: true }
    }

    /// The file has other days than before.
    pub(super) fn look_again(&mut self) {
        self.is_stale = true;
    }

    /// Looks into the file, if that has changed.
    pub(super) fn look(&mut self, file: &File, today: Date) -> rusqlite::Result<()> {
        if !std::mem::take(&mut self.is_stale) {
            return Ok(());
        }
        let from = today.saturating_sub(LOOK_BACK.days());
        for series in self.links.keys().flat_map(|link| [link_of(link), probes_of(link)]) {
            let days = file.days(&series, (from, today))?.into_iter().filter_map(|total| {
                let bytes = Bytes { sent: total.sent, received: total.received };
                Some((total.label.parse().ok()?, bytes))
            });
            self.days.insert(series, days.collect());
        }
        Ok(())
    }

    /// What each link moved, given what no day in the file has yet.
    pub(super) fn count(&self, today: Date, waiting: &[Sum]) -> Vec<LinkMoved> {
        let links = self.links.iter();
        links.map(|(link, first_day)| self.count_one(link, *first_day, today, waiting)).collect()
    }

    fn count_one(&self, link: &str, first_day: u8, today: Date, waiting: &[Sum]) -> LinkMoved {
        let days = self.days_of(&link_of(link), today, waiting);
        let probes = self.days_of(&probes_of(link), today, waiting);
        let since = begin(today, first_day);
        let days_of_late = days.keys().next().map_or(0, |first| whole_days(*first, today)).min(OF_LATE);
        LinkMoved {
            link: link.to_owned(),
            today: between(&days, today, today),
            month: between(&days, today.first_of_month(), today),
            since: since.to_string(),
            until: next(since).to_string(),
            used: between(&days, since, today),
            probes: between(&probes, since, today),
            of_late: between(&days, today.saturating_sub(days_of_late.days()), today.saturating_sub(1.day())),
            days_of_late: days_of_late.unsigned_abs(),
        }
    }

    fn days_of(&self, series: &str, today: Date, waiting: &[Sum]) -> Days {
        let mut days = self.days.get(series).cloned().unwrap_or_default();
        for sum in waiting.iter().filter(|sum| sum.series == series) {
            let day = match &sum.day {
                Day::Known(day) => day.parse().unwrap_or(today),
                Day::Unknown(..) => today,
            };
            days.entry(day).or_default().add(Bytes { sent: sum.sent, received: sum.received });
        }
        days
    }
}

fn link_of(link: &str) -> String {
    format!("link/{link}")
}

fn probes_of(link: &str) -> String {
    format!("probes/{link}")
}

/// The latest day that is the `first_day` of its month.
fn begin(today: Date, first_day: u8) -> Date {
    let of_month = |day: Date| day.first_of_month().saturating_add(i64::from(first_day.saturating_sub(1)).days());
    let this_month = of_month(today);
    if this_month <= today { this_month } else { of_month(today.first_of_month().saturating_sub(1.day())) }
}

/// The same day a month later; there is one, for no count begins after the 28th.
fn next(since: Date) -> Date {
    since.saturating_add(1.month())
}

/// Days between the first, of which only a part is known, and today.
fn whole_days(first: Date, today: Date) -> i32 {
    let days = first.until(today).map_or(0, |span| span.get_days());
    days.saturating_sub(1).max(0)
}

fn between(days: &Days, from: Date, to: Date) -> Bytes {
    let mut sum = Bytes::default();
    // A range that begins behind its end would be a panic.
    if from <= to {
        days.range(from..=to).for_each(|(_, bytes)| sum.add(*bytes));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn sum(series: &str, day: &str, sent: u64) -> Sum {
        Sum { series: series.into(), day: Day::Known(day.into()), sent, received: 10 * sent }
    }

    #[track_caller]
    fn check(first_day: u8, today: Date, since: &str, until: &str, used: u64) {
        let counted = Counted::new(BTreeMap::from([("lte0".to_owned(), first_day)]));
        let waiting: Vec<Sum> = (1..=28)
            .flat_map(|day| [format!("2026-10-{day:02}"), format!("2026-11-{day:02}")])
            .filter(|day| *day <= today.to_string())
            .map(|day| sum("link/lte0", &day, 1))
            .collect();
        let [moved] = counted.count(today, &waiting).try_into().expect("one link");
        assert_eq!((moved.since.as_str(), moved.until.as_str(), moved.used.sent), (since, until, used));
    }

    #[test]
    fn a_count_begins_on_its_day() {
        check(1, date(2026, 11, 22), "2026-11-01", "2026-12-01", 22);
        check(22, date(2026, 11, 22), "2026-11-22", "2026-12-22", 1);
        check(23, date(2026, 11, 22), "2026-10-23", "2026-11-23", 6 + 22);
        check(28, date(2027, 1, 5), "2026-12-28", "2027-01-28", 0);
        check(28, date(2027, 3, 1), "2027-02-28", "2027-03-28", 0);
    }

    #[test]
    fn a_week_of_whole_days_tells_how_it_goes_on() {
        let counted = Counted::new(BTreeMap::from([("lte0".to_owned(), 1)]));
        let mut waiting = vec![sum("link/lte0", "2026-11-20", 500), sum("probes/lte0", "2026-11-20", 3)];
        let count = |waiting: &[Sum]| counted.count(date(2026, 11, 22), waiting).remove(0);
        let moved = count(&waiting);
        assert_eq!((moved.days_of_late, moved.of_late.sent, moved.probes.sent), (1, 0, 3), "one whole day, and idle");
        waiting.push(sum("link/lte0", "2026-11-02", 7000));
        waiting.push(sum("link/lte0", "2026-11-22", 90));
        waiting.push(sum("link/lte01", "2026-11-22", 90));
        let moved = count(&waiting);
        assert_eq!((moved.days_of_late, moved.of_late.sent, moved.today.received), (7, 500, 900));
        assert_eq!(
            count(&[sum("link/lte0", "2026-11-22", 90)]).days_of_late,
            0,
            "on the first day nothing is foretold"
        );
    }
}
