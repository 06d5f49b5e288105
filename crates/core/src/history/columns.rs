//! The columns of a graph: rollups and samples of some time, added up to as many columns as there is room for.

use super::rollup::{Rollup, Span};
use super::samples::{Sample, Trip};
use alloc::vec;
use alloc::vec::Vec;

/// Steps a graph may have, in seconds: people read these. Beyond the last there are only its multiples.
const STEPS: [i64; 17] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, DAY];
const DAY: i64 = 86_400;
/// Nothing lies further away than this, in seconds: tens of thousands of years.
const FAR: i64 = 1 << 40;

/// How a span of time is divided: columns of one length, the first and last of which may reach beyond it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grid {
    /// Where the first column begins, in unix seconds: a multiple of the step.
    pub from: i64,
    /// How long a column is, in seconds.
    pub step: i64,
    /// How many there are.
    pub count: usize,
}

/// A graph that is being filled.
#[derive(Clone, Debug)]
pub struct Columns {
    grid: Grid,
    rollups: Vec<Rollup>,
    resting: Vec<u32>,
}

/// One column. Without an answer there are no round trips.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Column {
    /// When it begins, in unix seconds.
    pub time: i64,
    /// Echoes sent.
    pub asked: u32,
    /// Echoes not answered.
    pub lost: u32,
    /// Rounds in which the link was not there.
    pub absent: u32,
    /// Rounds in which it was there and it was not its turn to be asked; rollups do not tell them.
    pub resting: u32,
    /// The round trips.
    pub trips: Option<Spread>,
}

/// How round trips spread; all but the extremes at most 2 % off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spread {
    /// The shortest.
    pub min: Trip,
    /// A quarter are not longer.
    pub q1: Trip,
    /// Half are not longer.
    pub median: Trip,
    /// Three quarters are not longer.
    pub q3: Trip,
    /// 95 of 100 are not longer.
    pub p95: Trip,
    /// The longest.
    pub max: Trip,
}

impl Grid {
    /// At most so many columns, at least two if need be, for the time from `from` up to `to`.
    pub fn new(from: i64, to: i64, points: usize) -> Self {
        Self::of_steps(from, to, points, 1)
    }

    /// The same with columns that are at least as long as a span.
    pub fn of_spans(from: i64, to: i64, points: usize, span: Span) -> Self {
        Self::of_steps(from, to, points, span.length().as_secs() as i64)
    }

    /// The place of the column a time lies in, in unix seconds, if it is not before the first.
    pub fn place(&self, time: i64) -> Option<usize> {
        let place = time.saturating_sub(self.from).checked_div_euclid(self.step)?;
        usize::try_from(place).ok()
    }

    /// With steps of at least so many seconds.
    fn of_steps(from: i64, to: i64, points: usize, least: i64) -> Self {
        let (from, to) = (from.clamp(-FAR, FAR), to.clamp(-FAR, FAR));
        let points = i64::try_from(points).unwrap_or(FAR).clamp(2, FAR);
        let fits = |step: &i64| columns(from, to, *step) <= points;
        let step = STEPS.into_iter().filter(|step| *step >= least).find(fits).unwrap_or_else(|| {
            let days = to.saturating_sub(from).div_euclid(points).div_euclid(DAY);
            let steps = (0..=2).map(|more| days.saturating_add(more).saturating_mul(DAY));
            steps.filter(|step| *step > 0).find(fits).unwrap_or(FAR)
        });
        let count = usize::try_from(columns(from, to, step)).unwrap_or(1);
        Self { from: from.div_euclid(step).saturating_mul(step), step, count }
    }

    /// The longest spans that fill these columns: nothing shorter need be read. None if only samples are short enough.
    pub fn span(&self) -> Option<Span> {
        let fills = |span: &Span| self.step.checked_rem(span.length().as_secs() as i64) == Some(0);
        Span::ALL.into_iter().rev().find(fills)
    }
}

fn columns(from: i64, to: i64, step: i64) -> i64 {
    let first = from.div_euclid(step);
    to.saturating_sub(1).div_euclid(step).saturating_sub(first).saturating_add(1).max(1)
}

impl Columns {
    /// Empty columns.
    pub fn new(grid: Grid) -> Self {
        Self { grid, rollups: vec![Rollup::default(); grid.count], resting: vec![0; grid.count] }
    }

    /// Adds a rollup of a span that began then, in unix seconds; what lies outside is left out.
    pub fn add(&mut self, begins: i64, rollup: &Rollup) {
        if let Some(column) = self.place(begins).and_then(|place| self.rollups.get_mut(place)) {
            column.merge(rollup);
        }
    }

    /// Adds the sample of a round that began then, in unix seconds.
    pub fn note(&mut self, begins: i64, sample: Sample) {
        let Some(place) = self.place(begins) else { return };
        if let Some(column) = self.rollups.get_mut(place) {
            column.note(sample);
        }
        if let (Sample::NotAsked, Some(resting)) = (sample, self.resting.get_mut(place)) {
            *resting = resting.saturating_add(1);
        }
    }

    fn place(&self, time: i64) -> Option<usize> {
        self.grid.place(time)
    }

    /// The columns, oldest first.
    pub fn finish(&self) -> Vec<Column> {
        let times = (0..).map(|place: i64| self.grid.from.saturating_add(place.saturating_mul(self.grid.step)));
        let columns = times.zip(&self.rollups).zip(&self.resting);
        columns.map(|((time, rollup), resting)| Column::new(time, rollup, *resting)).collect()
    }
}

impl Column {
    fn new(time: i64, rollup: &Rollup, resting: u32) -> Self {
        let Rollup { asked, lost, absent, .. } = *rollup;
        Self { time, asked, lost, absent, resting, trips: Spread::of(rollup) }
    }
}

impl Spread {
    /// The spread of a rollup's round trips, if it has any.
    pub fn of(rollup: &Rollup) -> Option<Self> {
        let [q1, median, q3, p95] = rollup.quantiles([250, 500, 750, 950])?;
        Some(Self { min: rollup.min()?, q1, median, q3, p95, max: rollup.max()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(best: u32) -> Sample {
        Sample::Answered { sent: 3, lost: 1, best: Trip(best) }
    }

    #[track_caller]
    fn check(from: i64, to: i64, points: usize, expected: (i64, i64, usize), span: Option<Span>) {
        let grid = Grid::new(from, to, points);
        assert_eq!((grid.from, grid.step, grid.count), expected);
        assert_eq!(grid.span(), span);
        assert!(grid.count <= points.max(2));
    }

    #[test]
    fn columns_are_as_long_as_people_read() {
        check(0, 3600, 1200, (0, 5, 720), None);
        check(DAY, 2 * DAY, 1200, (DAY, 120, 720), Some(Span::Minute));
        check(DAY + 30, 2 * DAY + 30, 1440, (DAY, 120, 721), Some(Span::Minute));
        check(0, 7 * DAY, 1200, (0, 600, 1008), Some(Span::Minute));
        check(0, 30 * DAY, 1200, (0, 3600, 720), Some(Span::Quarter));
        check(0, 365 * DAY, 1200, (0, 28_800, 1095), Some(Span::FourHours));
        check(-DAY, 10_000 * DAY, 1200, (-9 * DAY, 9 * DAY, 1113), Some(Span::FourHours));
        check(5, 5, 0, (5, 1, 1), None);
        check(i64::MIN, i64::MAX, 10, (-1_099_511_712_000, 219_902_342_400, 10), Some(Span::FourHours));
    }

    #[test]
    fn columns_may_have_a_least_length() {
        let step = |to, points, span| Grid::of_spans(0, to, points, span).step;
        assert_eq!(step(3600, 1200, Span::Minute), 60);
        assert_eq!(step(DAY, 100, Span::Minute), 900);
        assert_eq!(step(DAY, 1200, Span::Quarter), 900);
        assert_eq!((Grid::new(60, 180, 2).place(59), Grid::new(60, 180, 2).place(179)), (None, Some(1)));
    }

    #[test]
    fn what_lies_within_is_added_up() {
        let mut columns = Columns::new(Grid::new(120, 360, 2));
        let mut minute = Rollup::default();
        (0..60).for_each(|second| minute.note(answered(1000 + second)));
        for begins in [60, 119, 120, 180, 359, 360, i64::MIN, i64::MAX] {
            columns.add(begins, &minute);
        }
        columns.note(240, answered(5000));
        columns.note(241, Sample::Lost { sent: 3 });
        columns.note(242, Sample::Absent);
        let [first, second] = columns.finish().try_into().unwrap();
        assert_eq!((first.time, first.asked, first.lost, first.absent), (120, 360, 120, 0));
        assert_eq!((second.time, second.asked, second.lost, second.absent), (240, 186, 64, 1));
        let Spread { min, median, p95, max, .. } = second.trips.unwrap();
        assert_eq!((min, max), (Trip(1000), Trip(5000)));
        assert!(median.0.abs_diff(1030) <= 20 && p95.0.abs_diff(1057) <= 20, "{median:?} {p95:?}");
    }

    #[test]
    fn a_column_without_an_answer_has_no_round_trips() {
        let mut columns = Columns::new(Grid::new(0, 10, 2));
        columns.note(3, Sample::Lost { sent: 2 });
        columns.note(4, Sample::NotAsked);
        columns.note(10, Sample::NotAsked);
        assert_eq!(columns.finish()[0], Column { asked: 2, lost: 2, resting: 1, ..Column::default() });
    }
}
