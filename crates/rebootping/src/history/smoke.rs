//! A smoke graph of characters: the median of each column, the spread of half of its round trips above and below, loss at its foot.

use super::graph::milliseconds;
use super::local;
use rebootping_core::history::columns::Column;
use rebootping_core::time::Time;
use std::fmt::Write;

/// Lines of the graph, from the smallest to the largest round trip shown.
const LINES: usize = 10;
/// The scale has steps that differ, in milliseconds.
const SHORTEST_SCALE: f64 = 1.0;
/// What the scale ends at: so many of a thousand columns have their 95 % below.
const MOST_OF: usize = 980;
/// Loss in percent from which on a column's foot has each sign.
const LOSS: [(f64, char); 4] = [(20.0, '#'), (5.0, '+'), (1.0, ':'), (0.000_001, '.')];

/// The graph, its scale, and one sentence.
pub(super) fn draw(columns: &[Column]) -> String {
    let top = scale(columns);
    let mut text = String::new();
    for line in (0..LINES).rev() {
        let (low, high) = (top * line as f64 / LINES as f64, top * (line + 1) as f64 / LINES as f64);
        let scale = if line == 0 { "   0 ms".to_owned() } else { format!("{:>7}", rounded(low)) };
        let signs: String = columns.iter().map(|column| sign(column, low, high, line + 1 == LINES)).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{scale} |{}", signs.trim_end());
    }
    let foot: String = columns.iter().map(lost).collect();
    let _ = writeln!(text, "   loss |{}", foot.trim_end());
    if let (Some(first), Some(last)) = (columns.first(), columns.last()) {
        let _ = writeln!(text, "         {} to {}", local(at(first.time)), local(at(last.time)));
    }
    text + &sentence(columns)
}

fn at(seconds: i64) -> Time {
    Time::from_nanos(seconds.max(0) as u64 * 1_000_000_000)
}

/// The largest round trip that has a place: a few outliers must not flatten all others.
fn scale(columns: &[Column]) -> f64 {
    let mut longest: Vec<f64> =
        columns.iter().filter_map(|column| Some(milliseconds(column.trips.as_ref()?.p95))).collect();
    longest.sort_by(f64::total_cmp);
    let place = (longest.len() * MOST_OF / 1000).min(longest.len().saturating_sub(1));
    longest.get(place).copied().unwrap_or(1.0).max(SHORTEST_SCALE) * 1.1
}

/// What stands in a column between two round trips: `o` the median, `|` half of them, `'` all but one in twenty.
fn sign(column: &Column, low: f64, high: f64, is_top: bool) -> char {
    let Some(trips) = &column.trips else { return ' ' };
    let is_here = |value: f64| value >= low && (value < high || is_top);
    let reaches = |from, to| milliseconds(from) < high && milliseconds(to) >= low;
    match () {
        () if is_here(milliseconds(trips.median)) => 'o',
        () if reaches(trips.q1, trips.q3) => '|',
        () if reaches(trips.min, trips.p95) => '\'',
        () => ' ',
    }
}

/// How much a column lost; `x` where the link was not there, `~` where nobody watched.
fn lost(column: &Column) -> char {
    if column.asked == 0 {
        return match () {
            () if column.absent > 0 => 'x',
            () if column.resting > 0 => ' ',
            () => '~',
        };
    }
    let percent = f64::from(column.lost) * 100.0 / f64::from(column.asked);
    LOSS.iter().find(|(from, _)| percent >= *from).map_or(' ', |(_, sign)| *sign)
}

/// Milliseconds as far as they tell something.
fn rounded(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

fn sentence(columns: &[Column]) -> String {
    let asked: u64 = columns.iter().map(|column| u64::from(column.asked)).sum();
    let lost: u64 = columns.iter().map(|column| u64::from(column.lost)).sum();
    let mut medians: Vec<f64> =
        columns.iter().filter_map(|column| Some(milliseconds(column.trips.as_ref()?.median))).collect();
    medians.sort_by(f64::total_cmp);
    let Some(median) = medians.get(medians.len() / 2) else {
        return format!("         none of {asked} echoes was answered\n");
    };
    let percent = lost as f64 * 100.0 / asked.max(1) as f64;
    format!(
        "         median {} ms, {percent:.2} % of {asked} echoes lost; loss: . some, : 1 %, + 5 %, # 20 %, x absent, ~ not watched\n",
        rounded(*median)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::history::columns::Spread;
    use rebootping_core::history::samples::Trip;

    fn column(asked: u32, lost: u32, absent: u32, median: Option<u32>) -> Column {
        let spread = |ms: u32| {
            let trip = |percent: u32| Trip(ms * percent);
            Spread { min: trip(80), q1: trip(90), median: trip(100), q3: trip(150), p95: trip(200), max: trip(900) }
        };
        Column { asked, lost, absent, trips: median.map(spread), ..Column::default() }
    }

    #[test]
    fn a_graph_shows_spread_loss_and_what_nobody_watched() {
        let columns = [
            column(100, 0, 0, Some(10)),
            column(100, 2, 0, Some(12)),
            column(100, 30, 0, Some(20)),
            column(100, 100, 0, None),
            column(0, 0, 9, None),
            column(0, 0, 0, None),
        ];
        let text = draw(&columns);
        let signs =
            |line: usize| text.lines().nth(line).expect("a line").split_once('|').expect("a scale").1.to_owned();
        assert_eq!(signs(LINES), " :##x~");
        let medians: Vec<usize> = (0..3)
            .map(|place| (0..LINES).position(|line| signs(line).chars().nth(place) == Some('o')).expect("a median"))
            .collect();
        assert!(medians[0] >= medians[1] && medians[1] > medians[2], "{text}");
        assert!(text.contains("median 12.0 ms, 33.00 % of 400 echoes lost"), "{text}");
        assert!(text.lines().all(|line| line.len() < 140), "{text}");
    }

    #[test]
    fn a_graph_without_an_answer_says_so() {
        let text = draw(&[column(7, 7, 0, None)]);
        assert!(text.contains("none of 7 echoes was answered"), "{text}");
    }
}
