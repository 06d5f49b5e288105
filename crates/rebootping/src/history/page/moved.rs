//! What a device or a link moved, column by column, and what all devices moved today and this month.

use super::{Known, in_words};
use crate::clock;
use crate::ipc::past;
use crate::store::kinds::Stretch;
use crate::store::read::{Amounts, Found, Open};
use rebootping_core::history::traffic::Moved;
use rebootping_core::inventory::report::Hardware;
use serde_json::{Map, Value, json};

const SECOND: i64 = 1_000_000_000;
/// Traffic is told by the minute, and some seconds after it.
const MINUTE: i64 = 60;
const LAG: i64 = 3;
/// How the series of devices begin.
pub(super) const DEVICES: &str = "device/";

/// The traffic of all MACs of a device, and when any of them was heard.
pub(super) fn of_device(known: &Known<'_>, macs: &[Hardware], stretch: past::Stretch) -> Result<Value, String> {
    let open = known.reader.open_hour_of(known.fresh).map_err(in_words)?;
    let mut all = Vec::new();
    for mac in macs {
        all.push(amounts(known, &format!("{DEVICES}{mac}"), stretch, &open)?);
    }
    // Where one is known by quarters of an hour alone, all are told by those.
    let Some(grid) = all.iter().map(|amounts| amounts.grid).max_by_key(|grid| grid.step) else {
        return Err("a device has a MAC".to_owned());
    };
    let mut sum = Amounts { grid, moved: vec![Moved::default(); grid.count] };
    for amounts in &all {
        for (time, moved) in times(amounts).zip(&amounts.moved) {
            if let Some(column) = place(&sum, time).and_then(|place| sum.moved.get_mut(place)) {
                column.add(moved);
            }
        }
    }
    let (first, now) = (begins(known)?, clock::wall().as_second());
    let is_known = |time: i64| time.saturating_add(grid.step) > first && is_told(time, now);
    let (up, down) = rates(&sum, times(&sum), is_known);
    Ok(json!({
        "schema": 1,
        "from": stretch.from,
        "to": stretch.to,
        "step": grid.step,
        "columns": { "time": times(&sum).collect::<Vec<_>>(), "bits_up": up, "bits_down": down },
        "presence": presence(&sum),
    }))
}

/// What each device moved today and this month, by MAC.
pub(super) fn totals(known: &Known<'_>) -> Result<Value, String> {
    let today = clock::wall().to_zoned(clock::zone()).date();
    let totals = known.reader.totals(DEVICES, today, &known.fresh.sums).map_err(in_words)?;
    let bytes = |moved: &Moved| json!({ "sent": moved.sent, "received": moved.received });
    let each = totals.iter().filter_map(|(series, totals)| {
        let of_device = json!({ "today": bytes(&totals.today), "month": bytes(&totals.month) });
        Some((series.strip_prefix(DEVICES)?.to_owned(), of_device))
    });
    Ok(Value::Object(each.collect::<Map<_, _>>()))
}

/// What a series moved.
pub(super) fn amounts(
    known: &Known<'_>,
    series: &str,
    stretch: past::Stretch,
    open: &[Open],
) -> Result<Amounts, String> {
    let is_its = |open: &&Open| open.kind == Stretch::TrafficMinutes && open.series == series;
    let recent: Vec<Found> = open.iter().filter(is_its).map(|open| open.found.clone()).collect();
    let time = (stretch.from, stretch.to);
    known.reader.traffic(series, time, stretch.points.into(), &recent).map_err(in_words)
}

/// Whether the minute in which a time lies is told of: nothing is known of one that goes on.
pub(super) const fn is_told(time: i64, now: i64) -> bool {
    time.div_euclid(MINUTE).saturating_add(1).saturating_mul(MINUTE).saturating_add(LAG) <= now
}

/// Bits a second sent and received in the columns that begin at these times; unknown ones have none.
pub(super) fn rates(
    amounts: &Amounts,
    times: impl Iterator<Item = i64>,
    is_known: impl Fn(i64) -> bool,
) -> (Vec<Option<u64>>, Vec<Option<u64>>) {
    let seconds = amounts.grid.step.max(1).unsigned_abs();
    let of = |time: i64| {
        let moved = place(amounts, time).and_then(|place| amounts.moved.get(place)).filter(|_| is_known(time))?;
        Some((moved.sent.saturating_mul(8) / seconds, moved.received.saturating_mul(8) / seconds))
    };
    times.map(of).map(Option::unzip).unzip()
}

/// When it was heard: columns in which it moved anything.
fn presence(amounts: &Amounts) -> Vec<Value> {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    let heard = times(amounts).zip(&amounts.moved).filter(|(_, moved)| **moved != Moved::default());
    for (time, _) in heard {
        let end = time.saturating_add(amounts.grid.step);
        match spans.last_mut() {
            Some((_, to)) if *to == time => *to = end,
            _ => spans.push((time, end)),
        }
    }
    spans.into_iter().map(|(from, to)| json!({ "from": from, "to": to })).collect()
}

fn times(amounts: &Amounts) -> impl Iterator<Item = i64> + use<> {
    let grid = amounts.grid;
    (0..).map(move |place: i64| grid.from.saturating_add(place.saturating_mul(grid.step))).take(grid.count)
}

/// The column in which a time lies.
fn place(amounts: &Amounts, time: i64) -> Option<usize> {
    let place = time.saturating_sub(amounts.grid.from).checked_div_euclid(amounts.grid.step)?;
    usize::try_from(place).ok()
}

/// When the history begins, in unix seconds.
fn begins(known: &Known<'_>) -> Result<i64, String> {
    let (boots, _) = known.reader.boots_with(known.fresh).map_err(in_words)?;
    Ok(boots.first().map_or(i64::MAX, |boot| boot.began.saturating_add(boot.ahead).div_euclid(SECOND)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::history::columns::Grid;

    fn amounts(sent: &[u64]) -> Amounts {
        let moved = |sent: &u64| Moved { sent: *sent, received: 2 * sent, ..Moved::default() };
        Amounts { grid: Grid { from: 600, step: 60, count: sent.len() }, moved: sent.iter().map(moved).collect() }
    }

    #[test]
    fn rates_are_those_of_the_column_a_time_is_in() {
        let (up, down) = rates(&amounts(&[60, 0, 600]), [0, 600, 630, 660, 725, 780].into_iter(), |time| time != 660);
        assert_eq!(up, [None, Some(8), Some(8), None, Some(80), None]);
        assert_eq!(down, [None, Some(16), Some(16), None, Some(160), None]);
    }

    #[test]
    fn a_minute_that_goes_on_is_not_one_in_which_nothing_moved() {
        let now = 6_000 + LAG;
        assert!([0, 5_939, 5_940, 5_999].iter().all(|time| is_told(*time, now)));
        assert!([6_000, 6_003, 6_059, 9_999].iter().all(|time| !is_told(*time, now)));
        assert!(!is_told(5_999, now - 1), "it is told a little later");
    }

    #[test]
    fn it_was_there_while_it_moved_anything() {
        let expected = json!([{ "from": 660, "to": 780 }, { "from": 840, "to": 900 }]);
        assert_eq!(json!(presence(&amounts(&[0, 1, 5, 0, 2]))), expected);
    }
}
