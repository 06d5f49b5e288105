//! What devices and links moved: by minute, by quarter of an hour, and exactly by calendar day.

use super::super::memory::{Day, Part, Sum};
use super::super::pack::put;
use crate::clock::Moment;
use jiff::tz::TimeZone;
use rebootping_core::history::rollup::Span;
use rebootping_core::history::traffic::{self, Moved};
use rebootping_core::time::Time;
use std::collections::BTreeMap;

/// What was moved in spans of one length, of all series.
pub(super) type Spans = BTreeMap<String, BTreeMap<Time, Moved>>;

/// What is not in a block yet.
#[derive(Debug)]
pub(super) struct Traffic {
    zone: TimeZone,
    minutes: Spans,
    pub(super) quarters: Spans,
}

impl Traffic {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone, minutes: Spans::new(), quarters: Spans::new() }
    }

    /// Adds what a series moved.
    pub(super) fn note(&mut self, series: &str, at: Time, moved: Moved) {
        if moved == Moved::default() {
            return;
        }
        let minutes = match self.minutes.get_mut(series) {
            Some(minutes) => minutes,
            None => self.minutes.entry(series.to_owned()).or_default(),
        };
        minutes.entry(Span::Minute.begin(at)).or_default().add(&moved);
    }

    /// Nothing is left of these devices.
    pub(super) fn forget(&mut self, macs: &[String]) {
        let is_of = |series: &str| macs.iter().any(|mac| series.ends_with(mac.as_str()));
        self.minutes.retain(|series, _| !is_of(series));
        self.quarters.retain(|series, _| !is_of(series));
    }

    /// Lets go of the quarters of days that are over.
    pub(super) fn forget_before(&mut self, day: Time) {
        self.quarters.retain(|_, spans| {
            spans.retain(|begins, _| *begins >= day);
            !spans.is_empty()
        });
    }

    /// The minutes, which are over; longer spans take them in.
    pub(super) fn take_minutes(&mut self) -> Vec<Part> {
        let minutes = std::mem::take(&mut self.minutes);
        for (series, minutes) in &minutes {
            let quarters = self.quarters.entry(series.clone()).or_default();
            for (begins, moved) in minutes {
                quarters.entry(Span::Quarter.begin(*begins)).or_default().add(moved);
            }
        }
        parts(&minutes, Span::Minute)
    }

    /// The minutes of some series as a block would have them.
    pub(super) fn recent(&self, beginning: &str) -> Vec<Part> {
        let of_them = self.minutes.iter().filter(|(series, _)| series.starts_with(beginning));
        parts(of_them, Span::Minute)
    }

    /// What the series that begin so moved in these minutes, by day in the operator's zone. Without a clock that is set, by quarter
    /// of an hour.
    pub(super) fn sums(&self, beginning: &str, now: Moment) -> Vec<Sum> {
        let mut days: BTreeMap<Time, Day> = BTreeMap::new();
        let of_them = || self.minutes.iter().filter(|(series, _)| series.starts_with(beginning));
        for begins in of_them().flat_map(|(_, minutes)| minutes.keys()) {
            days.entry(*begins).or_insert_with(|| self.day(now, *begins));
        }
        let mut sums: BTreeMap<(&str, &Day), Moved> = BTreeMap::new();
        for (series, minutes) in of_them() {
            for (begins, moved) in minutes {
                if let Some(day) = days.get(begins) {
                    sums.entry((series, day)).or_default().add(moved);
                }
            }
        }
        let sum = |((series, day), moved): ((&str, &Day), Moved)| Sum {
            series: series.to_owned(),
            day: day.clone(),
            sent: moved.sent,
            received: moved.received,
        };
        sums.into_iter().map(sum).collect()
    }

    fn day(&self, now: Moment, at: Time) -> Day {
        if now.is_dated() {
            Day::Known(now.label(at).to_zoned(self.zone.clone()).date().to_string())
        } else {
            Day::Unknown(None, Span::Quarter.begin(at))
        }
    }
}

/// What was moved as a block has it: the number of the first span since boot, then all of them.
pub(super) fn parts<'a>(
    spans: impl IntoIterator<Item = (&'a String, &'a BTreeMap<Time, Moved>)>,
    span: Span,
) -> Vec<Part> {
    let part = |(series, spans): (&String, &BTreeMap<Time, Moved>)| {
        let (first, last) = (*spans.keys().next()?, *spans.keys().next_back()?);
        let length = span.length().as_nanos() as u64;
        let (first, last) = (first.as_nanos() / length, last.as_nanos() / length);
        let at = |number: u64| spans.get(&Time::from_nanos(number * length)).copied().unwrap_or_default();
        let mut bytes = Vec::new();
        put(first, &mut bytes);
        bytes.extend(traffic::encode(&(first..=last).map(at).collect::<Vec<_>>()));
        Some(Part { series: series.clone(), bytes })
    };
    spans.into_iter().filter_map(part).collect()
}
