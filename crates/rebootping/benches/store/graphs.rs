//! How long it takes to draw a year of all links from blocks of rollups.

use super::blocks::Rolled;
use nix::time::{ClockId, clock_gettime};
use rebootping_core::history::columns::{Columns, Grid};
use rebootping_core::history::rollup;
use std::time::Duration;

pub(crate) const POINTS: usize = 1200;
const YEAR: i64 = 365 * 86_400;
/// Each graph is drawn so often; the middle time counts.
const TURNS: usize = 21;

/// The time for a year, which is made of the days there are, again and again.
pub(crate) fn year(links: &[Rolled]) -> Duration {
    middle(|| links.iter().map(draw).sum())
}

/// The answered columns of a graph.
fn draw(link: &Rolled) -> usize {
    let grid = Grid::new(0, YEAR, POINTS);
    let span = grid.span().expect("rollups are short enough");
    let length = span.length().as_secs() as i64;
    let mut columns = Columns::new(grid);
    let blocks = link.get(&span).expect("it was kept").iter().cycle();
    for (number, rollup) in (0..YEAR / length).zip(blocks.flat_map(|block| rollup::decode(block))) {
        columns.add(number * length, &rollup);
    }
    columns.finish().iter().filter(|column| column.trips.is_some()).count()
}

/// The processor's time, so that a busy machine does not show.
pub(crate) fn middle(mut draw: impl FnMut() -> usize) -> Duration {
    let used = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("the kernel counts"));
    let mut times: Vec<Duration> = (0..TURNS)
        .map(|_| {
            let begin = used();
            assert!(draw() > POINTS, "three links have an answer in most columns");
            used().saturating_sub(begin)
        })
        .collect();
    times.sort_unstable();
    times[TURNS / 2]
}
