//! How a link did, as the page draws it: smoke, traffic, the times of which nothing is known, and the marks where the choice changed.

use super::super::graph::{milliseconds, of_family};
use super::super::switches::{self, changes, standing, was_enabled};
use super::{Known, in_words, moved};
use crate::clock;
use crate::ipc::past::Graph;
use crate::store::kinds::{Happening, Stretch};
use crate::store::read::{Found, Open, Placed, Span};
use rebootping_core::history::columns::{Column, Grid};
use rebootping_core::link::Family;
use rebootping_core::link::verdict::Code;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::IpAddr;

const SECOND: i64 = 1_000_000_000;
/// Columns that a graph may have: a screen has fewer pixels.
const POINTS: std::ops::RangeInclusive<u16> = 2..=4096;
/// The newest rounds are on their way: nothing is missing yet, in seconds.
const ON_THE_WAY: i64 = 5;
/// Changes of the choice that are marked; of more, the newest.
const MARKS: usize = 500;

/// The graph.
pub(super) fn tell(known: &Known<'_>, asked: &Graph) -> Result<Value, String> {
    let (from, to) = (asked.stretch.from, asked.stretch.to);
    if from >= to {
        return Err("a graph begins before it ends".to_owned());
    }
    let points = asked.stretch.points.clamp(*POINTS.start(), *POINTS.end());
    let grid = Grid::new(from, to, points.into());
    let open = known.reader.open_hour_of(known.fresh).map_err(in_words)?;
    let (family, columns) = drawn(known, asked, points.into(), &open)?;
    let choice = Choice::read(known, asked, family)?;
    let now = clock::wall().as_second();
    let targets = targets(known, &asked.link, family, &open)?;
    Ok(json!({
        "schema": 1,
        "link": asked.link,
        "family": family.name(),
        "from": from,
        "to": to,
        "step": grid.step,
        "columns": as_arrays(&columns, &moved(known, asked, &columns, &open)?),
        "gaps": gaps(&columns, grid.step, to.min(now - ON_THE_WAY)),
        "sits_out": choice.sits_out(from, to.min(now)),
        "marks": choice.marks(),
        "targets": targets,
        "summary": summary(&columns, &choice),
    }))
}

/// The family that is shown, and its columns.
fn drawn(known: &Known<'_>, asked: &Graph, points: usize, open: &[Open]) -> Result<(Family, Vec<Column>), String> {
    let draw = |family: Family| -> Result<Vec<Column>, String> {
        let whole = format!("{}/{}", family.name(), asked.link);
        let series = asked.target.map_or_else(|| whole.clone(), |target| format!("{whole}/{target}"));
        let is_its = |open: &&Open| match open.series.strip_prefix(&series) {
            Some(rest) => open.kind == Stretch::Samples && (rest.is_empty() || rest.starts_with('/')),
            None => false,
        };
        let recent: Vec<Found> = open.iter().filter(is_its).map(|open| open.found.clone()).collect();
        let time = (asked.stretch.from, asked.stretch.to);
        known.reader.columns(&series, time, points, &recent).map_err(in_words)
    };
    if let Some(family) = asked.family {
        return Ok((family, draw(family)?));
    }
    let first = draw(Family::Ipv4)?;
    if was_asked(&first) {
        return Ok((Family::Ipv4, first));
    }
    let second = draw(Family::Ipv6)?;
    Ok(if was_asked(&second) { (Family::Ipv6, second) } else { (Family::Ipv4, first) })
}

fn was_asked(columns: &[Column]) -> bool {
    columns.iter().any(|column| column.asked > 0)
}

/// The targets that were ever asked over a link.
fn targets(known: &Known<'_>, link: &str, family: Family, open: &[Open]) -> Result<BTreeSet<IpAddr>, String> {
    let whole = format!("{}/{link}/", family.name());
    let kept = known.reader.series_of(&whole).map_err(in_words)?;
    let all = kept.iter().chain(open.iter().map(|open| &open.series));
    Ok(all.filter_map(|series| series.strip_prefix(&whole)?.parse().ok()).collect())
}

/// Bits a second sent and received in each column.
type Rates = (Vec<Option<u64>>, Vec<Option<u64>>);

/// What passed over the link, in columns in which it was watched.
fn moved(known: &Known<'_>, asked: &Graph, columns: &[Column], open: &[Open]) -> Result<Rates, String> {
    let amounts = moved::amounts(known, &format!("link/{}", asked.link), asked.stretch, open)?;
    let is_watched = |column: &Column| column.asked > 0 || column.resting > 0;
    let watched: BTreeSet<i64> = columns.iter().filter(|it| is_watched(it)).map(|column| column.time).collect();
    let now = clock::wall().as_second();
    let is_known = |time: i64| watched.contains(&time) && moved::is_told(time, now);
    Ok(moved::rates(&amounts, columns.iter().map(|column| column.time), is_known))
}

fn as_arrays(columns: &[Column], rates: &Rates) -> Value {
    let mut arrays = of_family(columns);
    arrays["bits_down"] = json!(rates.1);
    arrays["bits_up"] = json!(rates.0);
    arrays
}

/// Stretches of which nothing is known, and those in which there was no link, up to a time.
fn gaps(columns: &[Column], step: i64, until: i64) -> Vec<Value> {
    let mut gaps: Vec<(i64, i64, &str)> = Vec::new();
    for column in columns.iter().filter(|column| column.time.saturating_add(step) <= until) {
        let cause = match column {
            Column { asked: 0, absent: 0, resting: 0, .. } => "daemon_down",
            Column { asked: 0, absent, .. } if *absent > 0 => "absent",
            _ => continue,
        };
        let end = column.time.saturating_add(step);
        match gaps.last_mut() {
            Some((_, to, known)) if *to == column.time && *known == cause => *to = end,
            _ => gaps.push((column.time, end, cause)),
        }
    }
    gaps.into_iter().map(|(from, to, cause)| json!({ "from": from, "to": to, "cause": cause })).collect()
}

/// The choice of a family, as far as it is about one link: how it was before, and each change.
struct Choice {
    before: Option<bool>,
    /// When, in seconds, whether it was in the choice from then on, the rule that spoke, and why.
    changes: Vec<(f64, bool, Code, String)>,
}

impl Choice {
    fn read(known: &Known<'_>, asked: &Graph, family: Family) -> Result<Self, String> {
        let nanos = |seconds: i64| seconds.saturating_mul(SECOND);
        let span = Span { from: nanos(asked.stretch.from), until: nanos(asked.stretch.to) };
        let found = known.reader.within(Happening::Verdict, family.name(), span, MARKS, known.fresh);
        let (before, rows) = found.map_err(in_words)?;
        let enabled =
            |row: &Placed| standing(&switches::read(&row.body)?, &asked.link).map(|(_, verdict)| verdict.enabled);
        let mut choice = Self { before: before.as_ref().and_then(enabled), changes: Vec::new() };
        for row in rows {
            let Some(switched) = switches::read(&row.body) else { continue };
            choice.before = choice.before.or_else(|| was_enabled(&switched, &asked.link));
            let its = changes(&switched, known.label).into_iter().find(|it| it.link == asked.link);
            let at = row.wall as f64 / SECOND as f64;
            choice.changes.extend(its.map(|change| (at, change.enabled, change.code, change.text)));
        }
        Ok(choice)
    }

    /// When it was not used, though it was there and the operator had not said so.
    fn sits_out(&self, from: i64, to: i64) -> Vec<Value> {
        let (from, to) = (from as f64, to as f64);
        let mut since = (self.before == Some(false)).then_some(from);
        let mut spans = Vec::new();
        for (at, enabled, code, _) in &self.changes {
            if let Some(begin) = since.take() {
                spans.push((begin, *at));
            }
            let is_ordered = matches!(code, Code::Pinned | Code::TakenOut | Code::Absent);
            since = (!enabled && !is_ordered).then_some(*at);
        }
        spans.extend(since.map(|begin| (begin, to)));
        spans.retain(|(begin, end)| begin < end);
        spans.into_iter().map(|(from, to)| json!({ "from": from, "to": to })).collect()
    }

    fn marks(&self) -> Vec<Value> {
        let mark = |(at, enabled, code, text): &(f64, bool, Code, String)| json!({ "time": at, "enabled": enabled, "code": code, "text": text });
        self.changes.iter().map(mark).collect()
    }
}

/// The graph in one sentence.
fn summary(columns: &[Column], choice: &Choice) -> String {
    let sum = |value: fn(&Column) -> u32| columns.iter().map(|column| u64::from(value(column))).sum::<u64>();
    let (asked, lost) = (sum(|column| column.asked), sum(|column| column.lost));
    if asked == 0 {
        return "Nothing is known of this time.".to_owned();
    }
    let percent = lost as f64 * 100.0 / asked as f64;
    let loss = match () {
        () if lost == 0 => "No echo was lost".to_owned(),
        () if percent < 0.01 => "Less than 0.01 % of echoes were lost".to_owned(),
        () => format!("{percent:.2} % of echoes were lost"),
    };
    let mut medians: Vec<f64> =
        columns.iter().filter_map(|column| Some(milliseconds(column.trips.as_ref()?.median))).collect();
    medians.sort_by(f64::total_cmp);
    let median =
        medians.get(medians.len() / 2).map_or_else(String::new, |median| format!(", typically {median:.1} ms"));
    let outs = choice.changes.iter().filter(|(_, enabled, ..)| !enabled).count();
    let taken_out = match outs {
        0 => "never taken out".to_owned(),
        1 => "taken out once".to_owned(),
        times => format!("taken out {times} times"),
    };
    format!("{loss}{median}; {taken_out}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(time: i64, asked: u32, absent: u32, resting: u32) -> Column {
        Column { time, asked, absent, resting, ..Column::default() }
    }

    #[test]
    fn a_gap_is_where_nothing_is_known_and_not_where_a_spare_rests_or_the_future_is() {
        let columns = [
            column(0, 4, 0, 0),
            column(10, 0, 0, 0),
            column(20, 0, 0, 0),
            column(30, 0, 3, 0),
            column(40, 0, 0, 10),
            column(50, 2, 5, 0),
            column(60, 0, 0, 0),
            column(70, 0, 0, 0),
        ];
        let expected = json!([
            { "from": 10, "to": 30, "cause": "daemon_down" },
            { "from": 30, "to": 40, "cause": "absent" },
            { "from": 60, "to": 70, "cause": "daemon_down" },
        ]);
        assert_eq!(json!(gaps(&columns, 10, 79)), expected);
    }

    #[test]
    fn a_link_sits_out_from_its_fault_on_and_not_where_it_was_taken_out() {
        let change = |at: f64, enabled, code| (at, enabled, code, String::new());
        let changes = vec![
            change(20.0, true, Code::Best),
            change(30.0, false, Code::TakenOut),
            change(40.0, true, Code::Best),
            change(50.5, false, Code::Behind),
        ];
        let choice = Choice { before: Some(false), changes };
        let expected = json!([{ "from": 10.0, "to": 20.0 }, { "from": 50.5, "to": 60.0 }]);
        assert_eq!(json!(choice.sits_out(10, 60)), expected);
        let always = Choice { before: None, changes: Vec::new() };
        assert!(always.sits_out(10, 60).is_empty());
        assert_eq!(summary(&[column(0, 200, 0, 0)], &choice), "No echo was lost; taken out 2 times.");
        assert_eq!(summary(&[column(0, 0, 0, 0)], &always), "Nothing is known of this time.");
    }
}
