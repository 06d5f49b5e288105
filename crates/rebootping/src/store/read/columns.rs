//! A graph of round trips: rollups where they are short enough, else samples, and samples of the hour that is not over.

use super::super::kinds::Stretch;
use super::super::pack::take;
use super::{Found, Reader, Span, Unreadable};
use rebootping_core::history::columns::{Column, Columns, Grid};
use rebootping_core::history::rollup::{self, Span as Length};
use rebootping_core::history::samples;

const SECOND: i64 = 1_000_000_000;

impl Reader {
    /// Round trips from one time to another, in unix seconds, in at most so many columns. A series is a link, `ipv4/wan1`, or one of
    /// its targets, `ipv4/wan1/192.0.2.1`; `recent` are the samples that are in no block yet, each as a block has them.
    pub(crate) fn columns(
        &self,
        series: &str,
        (from, to): (i64, i64),
        points: usize,
        recent: &[Found],
    ) -> Result<Vec<Column>, Unreadable> {
        let grid = Grid::new(from, to, points);
        let span = Span { from: from.saturating_mul(SECOND), until: to.saturating_mul(SECOND) };
        let mut columns = Columns::new(grid);
        match grid.span() {
            Some(length) => self.add_rollups(&mut columns, series, length, span)?,
            None => self.add_samples(&mut columns, series, span)?,
        }
        for found in recent {
            note(&mut columns, found);
        }
        Ok(columns.finish())
    }

    fn add_rollups(&self, columns: &mut Columns, series: &str, length: Length, span: Span) -> Result<(), Unreadable> {
        let kind = match length {
            Length::Minute => Stretch::Minutes,
            Length::Quarter => Stretch::Quarters,
            Length::FourHours => Stretch::FourHours,
        };
        for found in self.stretches(kind, series, span)? {
            let mut rest = found.bytes.as_slice();
            let Some(first) = take(&mut rest).and_then(|first| i64::try_from(first).ok()) else { continue };
            let seconds = length.length().as_secs() as i64;
            for (number, rollup) in (first..).zip(rollup::decode(rest)) {
                let begins = number.saturating_mul(seconds).saturating_add(found.ahead / SECOND);
                columns.add(begins, &rollup);
            }
        }
        Ok(())
    }

    fn add_samples(&self, columns: &mut Columns, series: &str, span: Span) -> Result<(), Unreadable> {
        let mut all = self.series_of(&format!("{series}/"))?;
        if all.is_empty() {
            all.push(series.to_owned());
        }
        for series in all {
            for found in self.stretches(Stretch::Samples, &series, span)? {
                note(columns, &found);
            }
        }
        Ok(())
    }
}

/// Adds samples: when the first round began and how long a round is stands before them.
fn note(columns: &mut Columns, found: &Found) {
    let mut rest = found.bytes.as_slice();
    let (Some(first), Some(interval)) = (take(&mut rest), take(&mut rest)) else { return };
    let times = (0..).map(|place: u64| first.saturating_add(place.saturating_mul(interval)));
    for (at, sample) in times.zip(samples::decode(rest)) {
        let wall = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(found.ahead);
        columns.note(wall.div_euclid(SECOND), sample);
    }
}
