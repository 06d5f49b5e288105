//! What happened, the newest first, each in a sentence: changes of the choice, how they were carried out, outages, what happened to
//! devices, and what operators did.

use super::super::Label;
use super::super::switches::{self, Change, changes};
use super::orders::{self, Ordered};
use super::{Known, in_words};
use crate::clock;
use crate::ipc::past::Log;
use crate::report::devices::event_text;
use crate::store::kinds::{Happening, ORDERS};
use crate::store::read::{Placed, Which};
use jiff::Timestamp;
use rebootping_core::history::outages::Outage;
use rebootping_core::inventory::events::Event;
use rebootping_core::link::Family;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Entries of one answer.
const MOST: u16 = 500;

/// A part of the log.
pub(super) fn tell(known: &Known<'_>, asked: &Log) -> Result<Value, String> {
    let before = asked.before.as_deref().map(str::parse).transpose()?;
    let most = usize::from(asked.most.clamp(1, MOST));
    let subjects: Vec<String> = asked.macs.iter().map(ToString::to_string).collect();
    let kinds: &[Happening] = if subjects.is_empty() { &Happening::ALL } else { &[Happening::Event, Happening::Audit] };
    let which = Which { kinds, subjects: &subjects, before, most: most + 1 };
    let mut rows = known.reader.latest(&which, known.fresh).map_err(in_words)?;
    let more = rows.len() > most;
    rows.truncate(most);
    let outages = sentences(known, &rows)?;
    let events: Vec<Value> = rows.iter().filter_map(|row| entry(row, known.label, &outages)).collect();
    Ok(json!({ "schema": 1, "events": events, "more": more }))
}

/// What an entry says beside its time.
struct Said {
    kind: String,
    mac: Option<String>,
    link: Option<String>,
    text: String,
}

/// The sentences of the outages among these rows, by their times.
fn sentences(known: &Known<'_>, rows: &[Placed]) -> Result<BTreeMap<i64, String>, String> {
    let its = rows.iter().filter(|row| row.kind == Happening::Outage);
    let Some(first) = its.map(|row| row.wall).min() else { return Ok(BTreeMap::new()) };
    let outages = known.outages(first.div_euclid(1_000_000_000))?;
    Ok(outages.sentences().map(|(row, text)| (row, text.to_owned())).collect())
}

/// A row as an entry; none of one that says nothing to a reader.
fn entry(row: &Placed, label: Label<'_>, outages: &BTreeMap<i64, String>) -> Option<Value> {
    let Said { kind, mac, link, text } = match row.kind {
        Happening::Verdict => switch(row, label)?,
        Happening::Event => event(row)?,
        Happening::Outage => outage(row, outages)?,
        Happening::Audit if row.subject == ORDERS => order(row)?,
        Happening::Applied | Happening::Audit => in_its_words(row)?,
    };
    let (id, time) = (row.place.to_string(), Timestamp::from_nanosecond(row.wall.into()).unwrap_or_default());
    Some(json!({ "id": id, "time": time.to_string(), "kind": kind, "mac": mac, "link": link, "text": text }))
}

/// A change of the choice.
fn switch(row: &Placed, label: Label<'_>) -> Option<Said> {
    let switched = switches::read(&row.body)?;
    let changes = changes(&switched, label);
    let family = if switched.family == Family::Ipv6 { " for IPv6" } else { "" };
    let sentence = |change: &Change| {
        let called = label(&change.link).unwrap_or_else(|| change.link.clone());
        let verb = if change.enabled { "is in use" } else { "is out of use" };
        format!("{called} {verb}{family}: it {}", change.text)
    };
    let text: Vec<String> = changes.iter().map(sentence).collect();
    // What went out says more than what came in for it.
    let first = changes.iter().find(|change| !change.enabled).or(changes.first())?;
    Some(Said { kind: row.kind.called().to_owned(), mac: None, link: Some(first.link.clone()), text: text.join("; ") })
}

/// Something went wrong.
fn outage(row: &Placed, outages: &BTreeMap<i64, String>) -> Option<Said> {
    let outage: Outage = serde_json::from_str(&row.body).ok()?;
    let text = outages.get(&row.wall)?.trim_end_matches('.').to_owned();
    let link = outage.links().next().map(str::to_owned);
    Some(Said { kind: row.kind.called().to_owned(), mac: None, link, text })
}

/// What happened to a device.
fn event(row: &Placed) -> Option<Said> {
    let event: Event = serde_json::from_str(&row.body).ok()?;
    let tag: Value = serde_json::to_value(&event.what).ok()?;
    Some(Said {
        kind: tag["event"].as_str()?.to_owned(),
        mac: Some(row.subject.clone()),
        link: None,
        text: event_text(&event),
    })
}

/// An operator's order about a device, which has a number.
fn order(row: &Placed) -> Option<Said> {
    let Ordered { mac, text } = orders::told(&row.body, &clock::zone())?;
    Some(Said { kind: row.kind.called().to_owned(), mac: Some(mac.to_string()), link: None, text })
}

/// What has its sentence with it.
fn in_its_words(row: &Placed) -> Option<Said> {
    #[derive(Deserialize)]
    struct Body {
        text: String,
        link: Option<String>,
        mac: Option<String>,
    }
    let Body { text, link, mac } = serde_json::from_str(&row.body).ok()?;
    Some(Said { kind: row.kind.called().to_owned(), mac, link, text })
}
