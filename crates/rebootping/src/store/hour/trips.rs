//! What the targets answered: samples, and rollups of them by minute, quarter of an hour and four hours.

use super::super::memory::Part;
use super::super::pack::put;
use super::Wanted;
use rebootping_core::history::rollup::{self, Rollup, Span};
use rebootping_core::history::samples::{self, Sample};
use rebootping_core::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// The samples of one series, one a round.
#[derive(Debug)]
struct Series {
    from: Time,
    interval: Duration,
    samples: Vec<Sample>,
}

/// Rollups of one length, of all series.
pub(super) type Rollups = BTreeMap<String, BTreeMap<Time, Rollup>>;

/// All series of the hour, and the rollups of the day.
#[derive(Debug, Default)]
pub(super) struct Trips {
    series: BTreeMap<String, Series>,
    minutes: Rollups,
    pub(super) quarters: Rollups,
    pub(super) four_hours: Rollups,
}

impl Trips {
    /// Adds the sample of a round that began then; `whole` is the series of all targets of its link.
    pub(super) fn note(&mut self, name: &str, whole: &str, at: Time, interval: Duration, sample: Sample) {
        let series =
            self.series.entry(name.to_owned()).or_insert_with(|| Series { from: at, interval, samples: Vec::new() });
        series.note(at, sample);
        for name in [name, whole] {
            let minutes = self.minutes.entry(name.to_owned()).or_default();
            minutes.entry(Span::Minute.begin(at)).or_default().note(sample);
        }
    }

    /// Rounds have had another length until now.
    pub(super) fn is_of_other_rounds(&self, interval: Duration) -> bool {
        self.series.values().any(|series| series.interval != interval)
    }

    /// Lets go of the rollups of days that are over.
    pub(super) fn forget_before(&mut self, day: Time) {
        for rollups in [&mut self.quarters, &mut self.four_hours] {
            rollups.retain(|_, spans| {
                spans.retain(|begins, _| *begins >= day);
                !spans.is_empty()
            });
        }
    }

    /// The samples of the hour, which is over.
    pub(super) fn take_samples(&mut self) -> Vec<Part> {
        let series = std::mem::take(&mut self.series);
        series.into_iter().map(|(series, it)| Part { series, bytes: it.encode(0) }).collect()
    }

    /// The samples of some series from a time on.
    pub(super) fn recent(&self, wanted: &Wanted) -> Vec<Part> {
        let series = self.series.iter().filter(|(series, _)| series.starts_with(&wanted.series));
        let part = |(series, it): (&String, &Series)| Part {
            series: series.clone(),
            bytes: it.encode(it.place(wanted.since)),
        };
        series.map(part).collect()
    }

    /// The minutes of the hour, which is over; longer spans take them in.
    pub(super) fn take_minutes(&mut self) -> Vec<Part> {
        let minutes = std::mem::take(&mut self.minutes);
        for (series, minutes) in &minutes {
            add(&mut self.quarters, series, Span::Quarter, minutes);
            add(&mut self.four_hours, series, Span::FourHours, minutes);
        }
        parts(&minutes, Span::Minute)
    }
}

/// The rollups of a span as a block has them: the number of the first since boot, then all of them.
pub(super) fn parts(rollups: &Rollups, span: Span) -> Vec<Part> {
    let part = |(series, rollups): (&String, &BTreeMap<Time, Rollup>)| {
        let (first, last) = (*rollups.keys().next()?, *rollups.keys().next_back()?);
        let length = span.length().as_nanos() as u64;
        let (first, last) = (first.as_nanos() / length, last.as_nanos() / length);
        let at = |number: u64| rollups.get(&Time::from_nanos(number * length)).cloned().unwrap_or_default();
        let mut bytes = Vec::new();
        put(first, &mut bytes);
        bytes.extend(rollup::encode(&(first..=last).map(at).collect::<Vec<_>>()));
        Some(Part { series: series.clone(), bytes })
    };
    rollups.iter().filter_map(part).collect()
}

/// Merges rollups into those of a longer span.
fn add(into: &mut Rollups, series: &str, span: Span, rollups: &BTreeMap<Time, Rollup>) {
    let longer = into.entry(series.to_owned()).or_default();
    for (begins, rollup) in rollups {
        longer.entry(span.begin(*begins)).or_default().merge(rollup);
    }
}

impl Series {
    /// Rounds that nobody watched have their places too.
    fn note(&mut self, at: Time, sample: Sample) {
        let place = self.place(at);
        if self.samples.len() < place {
            self.samples.resize(place, Sample::Unwatched);
        }
        self.samples.push(sample);
    }

    /// The place of a round among the samples.
    fn place(&self, at: Time) -> usize {
        let interval = self.interval.as_nanos().max(1) as u64;
        let place = (at.since(self.from).as_nanos() as u64 + interval / 2) / interval;
        usize::try_from(place).unwrap_or(usize::MAX).min(samples::MOST)
    }

    /// As a block has them: when the first round began, the length of a round, the samples.
    fn encode(&self, from: usize) -> Vec<u8> {
        let samples = self.samples.get(from..).unwrap_or_default();
        let begins = self.from + self.interval.saturating_mul(from as u32);
        let mut bytes = Vec::new();
        put(begins.as_nanos(), &mut bytes);
        put(self.interval.as_nanos() as u64, &mut bytes);
        bytes.extend(samples::encode(samples));
        bytes
    }
}
