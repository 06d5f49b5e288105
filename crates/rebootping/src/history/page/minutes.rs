//! Minutes for an engine elsewhere: what samples, traffic and rows say of each, once nothing more will come of it.
//!
//! All is taken from samples, and not from rollups: those are of minutes since boot. A minute is told when a round was heard that
//! began well after it; where nobody watches nothing is told, and what the judge still has to tell is waited for.

use super::super::switches::{self, changes, standing, was_enabled};
use super::{Known, in_words};
use crate::clock;
use crate::store::kinds::{Happening, Stretch as Kind};
use crate::store::read::{Open, Placed, Span};
use crate::store::switched::Switched;
use crate::store::{Wanted, Wish};
use rebootping_core::history::samples::Sample;
use rebootping_core::link::Family;
use rebootping_core::link::tally::Tally;
use rebootping_core::metrics::minute::{LinkMinute, Minute, Stretch};
use rebootping_core::time::Time;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60;
/// Minutes in one answer.
const MOST: i64 = 10;
/// So many times as many are looked through for the next of which anything is known: a gateway may have been off for days.
const WINDOWS: usize = 36;
/// A round that begins so much later shows that a minute is whole; traffic comes in minutes since boot, which end up to half a
/// minute later.
const LATER: i64 = 30;
/// Of rows in one answer, more than there can be.
const ROWS: usize = 1000;
/// Memory is asked for a little more than is wanted.
const AROUND: Duration = Duration::from_secs(5 * 60);

/// What memory is to be asked for.
pub(super) fn wish(after: Option<i64>) -> Wish {
    let age = after.map_or(0, |after| clock::wall().as_second().saturating_sub(after).max(0).unsigned_abs());
    let age = Duration::from_secs(age) + AROUND;
    let since = Time::from_nanos(clock::now().as_nanos().saturating_sub(age.as_nanos() as u64));
    let samples = |family: Family| Wanted { series: format!("{}/", family.name()), since };
    Wish { samples: Family::ALL.map(samples).into(), traffic: Some("link/".to_owned()), ..Wish::default() }
}

/// The minutes after that one, in unix seconds; without one, how far they are.
pub(super) fn tell(known: &Known<'_>, after: Option<i64>) -> Result<Stretch, String> {
    let now = clock::wall().as_second();
    if !clock::is_date(now.saturating_mul(SECOND)) {
        return Err("the clock is not set yet".to_owned());
    }
    if known.fresh.blocks.iter().any(|block| block.boot.is_some()) {
        return Err("what was before the last boot is not on the disk yet".to_owned());
    }
    let open = known.reader.open_hour_of(known.fresh).map_err(in_words)?;
    let newest = newest(known, &open)?.map(|at| begin(at.saturating_sub(LATER * SECOND)));
    let Some(after) = after else {
        let settled = newest.unwrap_or(now.div_euclid(MINUTE) * MINUTE);
        return Ok(Stretch { minutes: Vec::new(), upto: settled, settled });
    };
    let settled = newest.unwrap_or(after).max(after);
    let mut upto = after;
    for _ in 0..WINDOWS {
        let from = upto;
        upto = settled.min(from.saturating_add(MOST * MINUTE));
        let minutes = if from < upto { read(known, &open, (from, upto))? } else { break };
        if !minutes.is_empty() {
            return Ok(Stretch { minutes, upto, settled });
        }
    }
    Ok(Stretch { minutes: Vec::new(), upto, settled })
}

/// When the newest round began that was heard, in nanoseconds since 1970.
fn newest(known: &Known<'_>, open: &[Open]) -> Result<Option<i64>, String> {
    let mut newest = None;
    let all = Span { from: i64::MIN / 2, until: i64::MAX / 2 };
    for Open { series, found, .. } in open.iter().filter(|open| open.kind == Kind::Samples) {
        // A block begins with the end of its first round.
        let its = Span { from: found.begins.saturating_add(found.ahead).saturating_sub(MINUTE * SECOND), ..all };
        let samples = known.reader.samples(series, its, open).map_err(in_words)?;
        let heard = samples.into_iter().rev().find(|(_, sample)| *sample != Sample::Unwatched);
        newest = newest.max(heard.map(|(at, _)| at));
    }
    Ok(newest)
}

/// By the second at which a minute ends.
type Minutes = BTreeMap<i64, Minute>;

fn read(known: &Known<'_>, open: &[Open], (from, upto): (i64, i64)) -> Result<Vec<Minute>, String> {
    let span = Span { from: from.saturating_mul(SECOND), until: upto.saturating_mul(SECOND) };
    let mut minutes = Minutes::new();
    for family in Family::ALL {
        add_echoes(&mut minutes, known, open, family, span)?;
        add_verdicts(&mut minutes, known, family, span)?;
    }
    add_traffic(&mut minutes, known, open, span)?;
    add_commits(&mut minutes, known, span)?;
    let with_end = |(ends, minute)| Minute { ends, ..minute };
    Ok(minutes.into_iter().map(with_end).collect())
}

fn add_echoes(
    minutes: &mut Minutes,
    known: &Known<'_>,
    open: &[Open],
    family: Family,
    span: Span,
) -> Result<(), String> {
    let beginning = format!("{}/", family.name());
    let kept = known.reader.series_of(&beginning).map_err(in_words)?;
    let recent = open.iter().filter(|open| open.kind == Kind::Samples).map(|open| open.series.clone());
    let all: BTreeSet<String> = kept.into_iter().chain(recent).collect();
    for series in &all {
        // Those without a target are rollups of all of them.
        let link = series.strip_prefix(&beginning).and_then(|rest| rest.split_once('/')).map(|(link, _)| link);
        let Some(link) = link else { continue };
        for (at, sample) in known.reader.samples(series, span, open).map_err(in_words)? {
            if sample != Sample::Unwatched {
                note(&mut of_link(minutes, at, link).families.entry(family).or_default().tally, sample);
            }
        }
    }
    Ok(())
}

fn note(tally: &mut Tally, sample: Sample) {
    match sample {
        Sample::Unwatched | Sample::Absent | Sample::NotAsked => {}
        Sample::Lost { sent } => {
            tally.sent += u64::from(sent);
            tally.lost += u64::from(sent);
        }
        Sample::Answered { sent, lost, best } => {
            tally.sent += u64::from(sent);
            tally.lost += u64::from(lost);
            tally.trips.note(best.into());
        }
    }
}

/// Which links were in the choice at each minute's end, and how often that changed.
fn add_verdicts(minutes: &mut Minutes, known: &Known<'_>, family: Family, span: Span) -> Result<(), String> {
    let found = known.reader.within(Happening::Verdict, family.name(), span, ROWS, known.fresh);
    let (before, rows) = found.map_err(in_words)?;
    let switched = |row: &Placed| Some((row.wall, switches::read(&row.body)?));
    let before = before.as_ref().and_then(switched).map(|(_, switched)| switched);
    let rows: Vec<(i64, Switched)> = rows.iter().filter_map(switched).collect();
    for (at, row) in &rows {
        for change in changes(row, known.label) {
            let of_family = of_link(minutes, *at, &change.link).families.entry(family).or_default();
            of_family.tally.note_switch(change.enabled);
        }
    }
    let at_end = |link: &str, ends: i64| {
        let last = rows.iter().rev().find(|(at, _)| *at < ends.saturating_mul(SECOND)).map(|(_, row)| row);
        let known = last.or(before.as_ref()).and_then(|row| standing(row, link));
        let until_first = || rows.first().and_then(|(_, row)| was_enabled(row, link));
        // A link of which nothing was ever decided is in the choice.
        known.map(|(_, verdict)| verdict.enabled).or_else(until_first).unwrap_or(true)
    };
    for (ends, minute) in minutes {
        for (link, of_link) in &mut minute.links {
            if let Some(of_family) = of_link.families.get_mut(&family) {
                of_family.used = Some(at_end(link, *ends));
            }
        }
    }
    Ok(())
}

fn add_traffic(minutes: &mut Minutes, known: &Known<'_>, open: &[Open], span: Span) -> Result<(), String> {
    let beginning = "link/";
    let kept = known.reader.series_of(beginning).map_err(in_words)?;
    let recent = open.iter().filter(|open| open.kind == Kind::TrafficMinutes).map(|open| open.series.clone());
    let all: BTreeSet<String> = kept.into_iter().chain(recent).filter(|it| it.starts_with(beginning)).collect();
    for series in &all {
        let link = series.trim_start_matches(beginning);
        for (middle, moved) in known.reader.moved(series, span, open).map_err(in_words)? {
            // What passed over a link while nobody watched is nobody's.
            let minute = minutes.get_mut(&begin(middle).saturating_add(MINUTE));
            let Some(of_link) = minute.and_then(|minute| minute.links.get_mut(link)) else { continue };
            of_link.moved.sent = of_link.moved.sent.saturating_add(moved.sent);
            of_link.moved.received = of_link.moved.received.saturating_add(moved.received);
        }
    }
    Ok(())
}

fn add_commits(minutes: &mut Minutes, known: &Known<'_>, span: Span) -> Result<(), String> {
    let kept = known.reader.happened(Happening::Applied, span, ROWS).map_err(in_words)?;
    let mut all: BTreeSet<(i64, String)> = kept.into_iter().map(|row| (row.wall, row.body)).collect();
    let (_, running) = known.reader.boots_with(known.fresh).map_err(in_words)?;
    let ahead = running.map_or(0, |boot| boot.ahead);
    let fresh = known.fresh.rows.iter().filter(|row| row.kind == Happening::Applied && row.boot.is_none());
    all.extend(fresh.map(|row| ((row.at.as_nanos() as i64).saturating_add(ahead), row.body.clone())));
    for (at, body) in all.into_iter().filter(|(at, _)| (span.from..span.until).contains(at)) {
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let minute = minutes.entry(begin(at).saturating_add(MINUTE)).or_default();
        minute.applied += u64::from(body["took_ms"].is_u64());
        minute.failed += u64::from(body["failed"] == true);
    }
    Ok(())
}

fn of_link<'a>(minutes: &'a mut Minutes, at: i64, link: &str) -> &'a mut LinkMinute {
    let minute = minutes.entry(begin(at).saturating_add(MINUTE)).or_default();
    minute.links.entry(link.to_owned()).or_default()
}

/// The second at which the minute of a time in nanoseconds begins.
fn begin(at: i64) -> i64 {
    at.div_euclid(MINUTE * SECOND).saturating_mul(MINUTE)
}
