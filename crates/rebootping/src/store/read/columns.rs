//! A graph of round trips: rollups where they are short enough, else samples, and samples of the hour that is not over.

use super::super::kinds::Stretch;
use super::super::pack::take;
use super::{Found, Open, Reader, Span, Unreadable};
use rebootping_core::history::columns::{Column, Columns, Grid};
use rebootping_core::history::rollup::{self, Span as Length};
use rebootping_core::history::samples::{self, Sample};

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

    /// The samples of a target over a link in rounds that began in that time: when, in nanoseconds since 1970. `open` is the hour that
    /// is not over.
    pub(crate) fn samples(&self, series: &str, span: Span, open: &[Open]) -> Result<Vec<(i64, Sample)>, Unreadable> {
        let mut found = self.stretches(Stretch::Samples, series, span)?;
        let is_its = |open: &&Open| open.kind == Stretch::Samples && open.series == series;
        found.extend(open.iter().filter(is_its).map(|open| open.found.clone()));
        let all = found.iter().flat_map(dated);
        Ok(all.filter(|(at, _)| *at >= span.from && *at < span.until).collect())
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

/// Adds samples.
fn note(columns: &mut Columns, found: &Found) {
    for (wall, sample) in dated(found) {
        columns.note(wall.div_euclid(SECOND), sample);
    }
}

/// Samples with when their rounds began, in nanoseconds since 1970: when the first did and how long a round is stands before them.
fn dated(found: &Found) -> impl Iterator<Item = (i64, Sample)> + use<'_> {
    let mut rest = found.bytes.as_slice();
    let first = take(&mut rest).zip(take(&mut rest));
    let samples = first.map(|(first, interval)| {
        let times = (0..).map(move |place: u64| first.saturating_add(place.saturating_mul(interval)));
        let wall = |at: u64| i64::try_from(at).unwrap_or(i64::MAX).saturating_add(found.ahead);
        times.map(wall).zip(samples::decode(rest))
    });
    samples.into_iter().flatten()
}
