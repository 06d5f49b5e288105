//! Samples become minutes, minutes become quarters of an hour, quarters become spans of four hours.

use super::Rollup;
use crate::history::samples::Sample;
use crate::time::Time;
use alloc::vec::Vec;
use core::time::Duration;

/// How long a rollup is. A graph of a day is drawn from minutes, one of a month from quarters, one of a year from four hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Span {
    /// One minute.
    Minute,
    /// A quarter of an hour.
    Quarter,
    /// Four hours.
    FourHours,
}

/// A span that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closed {
    /// How long it was.
    pub span: Span,
    /// When it began: spans of a length follow one another from boot on.
    pub begins: Time,
    /// What was in it.
    pub rollup: Rollup,
}

/// The open spans of one series.
#[derive(Clone, Debug, Default)]
pub struct Roller {
    minute: Option<(Time, Rollup)>,
    quarter: Option<(Time, Rollup)>,
    four_hours: Option<(Time, Rollup)>,
}

impl Span {
    /// All, the shortest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Quarter, Self::FourHours];

    /// Its length.
    pub const fn length(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(60),
            Self::Quarter => Duration::from_secs(15 * 60),
            Self::FourHours => Duration::from_secs(4 * 60 * 60),
        }
    }

    /// The beginning of the span a time is in.
    pub fn begin(self, at: Time) -> Time {
        let length = self.length().as_nanos() as u64;
        Time::from_nanos(at.as_nanos().checked_div(length).unwrap_or_default().saturating_mul(length))
    }
}

impl Roller {
    /// Adds the sample of the round that began then; returns the spans that are over.
    pub fn note(&mut self, at: Time, sample: Sample) -> Vec<Closed> {
        let over = turn(&mut self.minute, Span::Minute, at);
        if let Some((_, minute)) = &mut self.minute {
            minute.note(sample);
        }
        let Some(minute) = over else { return Vec::new() };
        let mut closed = self.note_minute(minute.begins, &minute.rollup);
        closed.insert(0, minute);
        closed
    }

    /// Adds a minute that was closed before: after a start anew those that were kept, or one of each target for a link as a whole.
    pub fn note_minute(&mut self, begins: Time, minute: &Rollup) -> Vec<Closed> {
        let quarter = turn(&mut self.quarter, Span::Quarter, begins);
        if let Some((_, quarter)) = &mut self.quarter {
            quarter.merge(minute);
        }
        let Some(quarter) = quarter else { return Vec::new() };
        let four_hours = turn(&mut self.four_hours, Span::FourHours, quarter.begins);
        if let Some((_, four_hours)) = &mut self.four_hours {
            four_hours.merge(&quarter.rollup);
        }
        [quarter].into_iter().chain(four_hours).collect()
    }

    /// What is open, the shortest span first: minutes are in quarters only when they are closed.
    pub fn open(&self) -> impl Iterator<Item = (Span, Time, &Rollup)> {
        let spans = Span::ALL.into_iter().zip([&self.minute, &self.quarter, &self.four_hours]);
        spans.filter_map(|(span, open)| open.as_ref().map(|(begins, rollup)| (span, *begins, rollup)))
    }
}

/// Opens the span that a time is in; returns the one before, if it was another.
fn turn(open: &mut Option<(Time, Rollup)>, span: Span, at: Time) -> Option<Closed> {
    let begins = span.begin(at);
    if open.as_ref().is_some_and(|(open, _)| *open == begins) {
        return None;
    }
    let over = open.replace((begins, Rollup::default()));
    over.map(|(begins, rollup)| Closed { span, begins, rollup })
}
