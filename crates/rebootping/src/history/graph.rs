//! `rebootping history`: how a link did and what it moved, or a device, as a graph of characters, JSON or CSV.

use super::moved::Moved;
use super::smoke;
use super::{nanos, with_history, written_each};
use crate::cli::History as Asked;
use crate::clock;
use crate::config::meant::Config;
use crate::duration::When;
use crate::report::links::in_words;
use crate::store::Wanted;
use crate::store::read::{Found, Open, Reader};
use jiff::Timestamp;
use rebootping_core::history::columns::{Column, Spread};
use rebootping_core::history::samples::Trip;
use rebootping_core::inventory::report::Hardware;
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
        let told = Told { config, reader, from, until, points };
        match asked.link.parse::<Hardware>() {
            Ok(mac) => told.device(mac, asked),
            Err(_) => told.link(asked),
        }
    })
}

/// What is told, and from what.
pub(super) struct Told<'a> {
    pub(super) config: &'a Config,
    pub(super) reader: &'a Reader,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) points: usize,
}

impl Told<'_> {
    fn link(&self, asked: &Asked) -> Result<String, String> {
        let link = self.interface(&asked.link)?;
        let mut shown = Vec::new();
        for family in Family::ALL {
            let series = format!("{}/{link}", family.name());
            let recent = self.recent(format!("{series}/"))?;
            let columns =
                self.reader.columns(&series, self.time(), self.points, &recent).map_err(|error| error.to_string())?;
            if columns.iter().any(|column| column.asked > 0 || column.absent > 0) {
                shown.push((family, columns));
            }
        }
        if shown.iter().any(was_asked) {
            shown.retain(was_asked);
        }
        if shown.is_empty() {
            return Err(format!("nothing is known of {link} between {:.0} and {:.0}", self.from, self.until));
        }
        if asked.csv {
            return Ok(csv(&shown));
        }
        let moved = self.moved(&format!("link/{link}"))?;
        let probes = self.moved(&format!("probes/{link}"))?;
        if asked.json {
            return Ok(format!("{}\n", json(&link, &shown, &moved, &probes)));
        }
        let graphs: String = shown.iter().map(|(family, columns)| drawn(&asked.link, *family, columns)).collect();
        Ok(format!("{graphs}         {}\n", moved.of_link(&probes)))
    }

    fn device(&self, mac: Hardware, asked: &Asked) -> Result<String, String> {
        let moved = self.moved(&format!("device/{mac}"))?;
        if moved.is_unknown() {
            return Err(format!("the history knows no traffic of {mac}"));
        }
        Ok(match (asked.json, asked.csv) {
            (true, _) => format!("{}\n", moved.json_of_device(mac)),
            (_, true) => moved.csv(),
            _ => moved.table(mac),
        })
    }

    /// In unix seconds.
    pub(super) fn time(&self) -> (i64, i64) {
        (seconds(self.from), seconds(self.until))
    }

    /// What is in no block yet of the series that begin so.
    pub(super) fn recent(&self, series: String) -> Result<Vec<Found>, String> {
        let wanted = Wanted { series, since: Time::BOOT };
        let open = self.reader.recent(&self.config.paths.run, &wanted).map_err(|error| error.to_string())?;
        // That of wan1 is not that of wan10.
        let is_it = |open: &Open| wanted.series.ends_with('/') || open.series == wanted.series;
        Ok(open.into_iter().filter(is_it).map(|open| open.found).collect())
    }

    /// The interface of the link that is meant, among those the history knows.
    fn interface(&self, name: &str) -> Result<String, String> {
        let mut known = Vec::new();
        for family in Family::ALL.map(|family| format!("{}/", family.name())) {
            let series = self.reader.series_of(&family).map_err(|error| error.to_string())?;
            known.extend(series.iter().filter_map(|series| link_of(series, &family)));
        }
        if let Some(found) = self.find(&known, name) {
            return Ok(found);
        }
        // One that came within the hour.
        for family in Family::ALL.map(|family| format!("{}/", family.name())) {
            let wanted = Wanted { series: family.clone(), since: Time::BOOT };
            let open = self.reader.recent(&self.config.paths.run, &wanted).map_err(|error| error.to_string())?;
            known.extend(open.iter().filter_map(|open| link_of(&open.series, &family)));
        }
        known.sort();
        known.dedup();
        self.find(&known, name).ok_or_else(|| {
            if known.is_empty() {
                return format!("the history knows no link yet; {}", written_each(self.config));
            }
            format!("the history knows no link {name:?}; it knows: {}", known.join(", "))
        })
    }

    fn find(&self, known: &[String], name: &str) -> Option<String> {
        let label = |interface: &str| self.config.link_rule(interface).and_then(|rule| rule.label.clone());
        let is_called_so = |known: &&String| label(known).as_deref() == Some(name);
        known.iter().find(|known| *known == name).or_else(|| known.iter().find(is_called_so)).cloned()
    }
}

/// The link of a series, as in `ipv4/wan1/192.0.2.1`.
fn link_of(series: &str, family: &str) -> Option<String> {
    series.strip_prefix(family)?.split('/').next().map(str::to_owned)
}

/// A family that a link never had is not shown beside one that it has.
fn was_asked((_, columns): &(Family, Vec<Column>)) -> bool {
    columns.iter().any(|column| column.asked > 0)
}

fn seconds(time: Timestamp) -> i64 {
    nanos(time).div_euclid(1_000_000_000)
}

fn drawn(link: &str, family: Family, columns: &[Column]) -> String {
    format!("{link} ({})\n{}", in_words(family), smoke::draw(columns))
}

fn json(link: &str, shown: &[(Family, Vec<Column>)], moved: &Moved, probes: &Moved) -> Value {
    let families: serde_json::Map<String, Value> =
        shown.iter().map(|(family, columns)| (family.name().to_owned(), of_family(columns))).collect();
    json!({
        "schema": 1, "link": link, "families": families, "traffic": moved.columns(), "days": moved.days(),
        "months": moved.months(), "probes": { "days": probes.days(), "months": probes.months() },
    })
}

/// The columns of one family, each value of theirs as an array; round trips in milliseconds.
pub(super) fn of_family(columns: &[Column]) -> Value {
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
