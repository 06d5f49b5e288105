//! `rebootping history`: how a link did, as a graph of characters, JSON or CSV.

use super::smoke;
use super::{nanos, with_history};
use crate::cli::History as Asked;
use crate::clock;
use crate::config::meant::Config;
use crate::duration::When;
use crate::report::links::in_words;
use crate::store::Wanted;
use crate::store::kinds::Stretch;
use crate::store::read::{Found, Open, Reader};
use jiff::Timestamp;
use rebootping_core::history::columns::{Column, Spread};
use rebootping_core::history::samples::Trip;
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What is shown unless something else is asked for.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Columns of a graph of characters, so that it stands within 80.
const NARROW: usize = 64;
/// Columns for programs.
const WIDE: usize = 1200;

/// `rebootping history`.
pub(crate) fn history(explicit: Option<&Path>, asked: &Asked) -> ExitCode {
    with_history(explicit, |config, reader| {
        let now = clock::wall();
        let until = asked.until.map_or(now, |until| until.resolve(now));
        let from = asked.since.unwrap_or(When::Ago(A_DAY)).resolve(now);
        if from >= until {
            return Err(format!("{from:.0} is not before {until:.0}"));
        }
        let points = if asked.json || asked.csv { WIDE } else { NARROW };
        let open = reader.open_hour().map_err(|error| error.to_string())?;
        let link = interface(config, reader, &open, &asked.link)?;
        let mut shown = Vec::new();
        for family in Family::ALL {
            let series = format!("{}/{link}", family.name());
            let recent = recent(config, reader, &open, format!("{series}/"));
            let columns = reader
                .columns(&series, (seconds(from), seconds(until)), points, &recent)
                .map_err(|error| error.to_string())?;
            if columns.iter().any(|column| column.asked > 0 || column.absent > 0) {
                shown.push((family, columns));
            }
        }
        if shown.iter().any(was_asked) {
            shown.retain(was_asked);
        }
        if shown.is_empty() {
            return Err(format!("nothing is known of {link} between {from:.0} and {until:.0}"));
        }
        Ok(match (asked.json, asked.csv) {
            (true, _) => format!("{}\n", json(&link, &shown)),
            (_, true) => csv(&shown),
            _ => shown.iter().map(|(family, columns)| drawn(&asked.link, *family, columns)).collect(),
        })
    })
}

/// Samples that are in no block yet: the observer's, or what the disk has of them.
fn recent(config: &Config, reader: &Reader, open: &[Open], series: String) -> Vec<Found> {
    let is_its = |open: &&Open| open.kind == Stretch::Samples && open.series.starts_with(&series);
    let on_disk: Vec<Found> = open.iter().filter(is_its).map(|open| open.found.clone()).collect();
    reader.recent(&config.paths.run, Wanted { series, since: Time::BOOT }).unwrap_or(on_disk)
}

/// A family that a link never had is not shown beside one that it has.
fn was_asked((_, columns): &(Family, Vec<Column>)) -> bool {
    columns.iter().any(|column| column.asked > 0)
}

/// The interface of the link that is meant, among those the history knows.
fn interface(config: &Config, reader: &Reader, open: &[Open], name: &str) -> Result<String, String> {
    let mut known: Vec<String> = Vec::new();
    for family in Family::ALL.map(|family| format!("{}/", family.name())) {
        let mut series = reader.series_of(&family).map_err(|error| error.to_string())?;
        series.extend(open.iter().map(|open| open.series.clone()));
        let of_link = |series: &String| series.strip_prefix(&family)?.split('/').next().map(str::to_owned);
        known.extend(series.iter().filter_map(of_link));
    }
    known.sort();
    known.dedup();
    let label = |interface: &String| config.link_rule(interface).and_then(|rule| rule.label.clone());
    let found = known
        .iter()
        .find(|known| *known == name)
        .or_else(|| known.iter().find(|known| label(known).as_deref() == Some(name)));
    found.cloned().ok_or_else(|| format!("the history knows no link {name:?}; it knows: {}", known.join(", ")))
}

fn seconds(time: Timestamp) -> i64 {
    nanos(time).div_euclid(1_000_000_000)
}

fn drawn(link: &str, family: Family, columns: &[Column]) -> String {
    format!("{link} ({})\n{}", in_words(family), smoke::draw(columns))
}

fn json(link: &str, shown: &[(Family, Vec<Column>)]) -> Value {
    let families: serde_json::Map<String, Value> =
        shown.iter().map(|(family, columns)| (family.name().to_owned(), of_family(columns))).collect();
    json!({ "schema": 1, "link": link, "families": families })
}

fn of_family(columns: &[Column]) -> Value {
    let trips = |value: fn(&Spread) -> Trip| -> Vec<Option<f64>> {
        columns.iter().map(|column| column.trips.as_ref().map(|trips| milliseconds(value(trips)))).collect()
    };
    json!({
        "time": columns.iter().map(|column| column.time).collect::<Vec<_>>(),
        "asked": columns.iter().map(|column| column.asked).collect::<Vec<_>>(),
        "lost": columns.iter().map(|column| column.lost).collect::<Vec<_>>(),
        "min": trips(|trips| trips.min), "q1": trips(|trips| trips.q1), "median": trips(|trips| trips.median),
        "q3": trips(|trips| trips.q3), "p95": trips(|trips| trips.p95), "max": trips(|trips| trips.max),
    })
}

fn csv(shown: &[(Family, Vec<Column>)]) -> String {
    let mut text = "family,time,asked,lost,min_ms,q1_ms,median_ms,q3_ms,p95_ms,max_ms\n".to_owned();
    for (family, column) in
        shown.iter().flat_map(|(family, columns)| columns.iter().map(move |column| (family, column)))
    {
        let time = Timestamp::from_second(column.time).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "{},{time},{},{}", family.name(), column.asked, column.lost);
        match &column.trips {
            Some(trips) => {
                for trip in [trips.min, trips.q1, trips.median, trips.q3, trips.p95, trips.max] {
                    let _ = write!(text, ",{:.2}", milliseconds(trip));
                }
            }
            None => text.push_str(",,,,,,"),
        }
        text.push('\n');
    }
    text
}

pub(super) fn milliseconds(trip: Trip) -> f64 {
    f64::from(trip.0) / 100.0
}
