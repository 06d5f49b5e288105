//! What devices and links moved: by minute, by quarter of an hour, and exactly by calendar day.

use super::super::memory::{Part, Sum};
use super::super::pack::put;
use crate::clock::{self, Moment};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rebootping_core::history::rollup::Span;
use rebootping_core::history::traffic::{self, Moved};
use rebootping_core::time::Time;
use std::collections::BTreeMap;

/// A clock that says an earlier year was never set.
const FIRST_YEAR: i16 = 2024;
/// Minutes that wait for a clock that is set, at most: a day of a few hundred devices.
const MOST_UNDATED: usize = 500_000;

/// What was moved in spans of one length, of all series.
pub(super) type Spans = BTreeMap<String, BTreeMap<Time, Moved>>;

/// What is not in a block yet.
#[derive(Debug)]
pub(super) struct Traffic {
    zone: TimeZone,
    minutes: Spans,
    pub(super) quarters: Spans,
    undated: Vec<(String, Time, Moved)>,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self { zone: clock::zone(), minutes: Spans::new(), quarters: Spans::new(), undated: Vec::new() }
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
        self.undated.retain(|(series, ..)| !is_of(series));
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
                if self.undated.len() < MOST_UNDATED {
                    self.undated.push((series.clone(), *begins, *moved));
                }
            }
        }
        parts(&minutes, Span::Minute)
    }

    /// What was moved by day in the operator's zone, once the clock says which day it is.
    pub(super) fn take_sums(&mut self, now: Moment) -> Vec<Sum> {
        if self.day(now, now.time()).year() < FIRST_YEAR {
            return Vec::new();
        }
        let mut sums: BTreeMap<(String, Date), Moved> = BTreeMap::new();
        for (series, begins, moved) in std::mem::take(&mut self.undated) {
            let day = self.day(now, begins);
            sums.entry((series, day)).or_default().add(&moved);
        }
        let sum = |((series, day), moved): ((String, Date), Moved)| Sum {
            series,
            day: day.to_string(),
            sent: moved.sent,
            received: moved.received,
        };
        sums.into_iter().map(sum).collect()
    }

    fn day(&self, now: Moment, at: Time) -> Date {
        now.label(at).to_zoned(self.zone.clone()).date()
    }
}

/// What was moved as a block has it: the number of the first span since boot, then all of them.
pub(super) fn parts(spans: &Spans, span: Span) -> Vec<Part> {
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
    spans.iter().filter_map(part).collect()
}
