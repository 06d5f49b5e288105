//! `rebootping outages`: what went wrong, for how long, where, and whether anybody noticed; for the operator, for programs and for
//! the provider.

mod sentence;
mod sheet;
#[cfg(test)]
mod tests;

use super::{local, nanos, with_history};
use crate::cli::Outages as Asked;
use crate::clock;
use crate::config::meant::Config;
use crate::duration::When;
use crate::store::Fresh;
use crate::store::read::{End, KeptOutage, Reader, Unreadable};
use jiff::Timestamp;
use rebootping_core::history::outages::{Outage, Place, Trouble};
use rebootping_core::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What is told unless something else is asked for.
const A_MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// `rebootping outages`.
pub(crate) fn outages(explicit: Option<&Path>, asked: &Asked) -> ExitCode {
    with_history(explicit, |config, reader| {
        let now = clock::wall();
        let since = asked.since.unwrap_or(When::Ago(A_MONTH)).resolve(now);
        let outages = Outages::read(reader, &Fresh::default(), &|link| called(config, link), (since, now))
            .map_err(|error| error.to_string())?;
        match &asked.html {
            Some(file) if file.as_os_str() != "-" => write(file, &outages.sheet(&gateway())),
            Some(_) => Ok(outages.sheet(&gateway())),
            None if asked.json => Ok(format!("{}\n", outages.json())),
            None => Ok(outages.text()),
        }
    })
}

/// What links are called in sentences, by interface.
type Called = BTreeMap<String, String>;

/// What went wrong in a stretch of time.
#[derive(Clone, Debug)]
pub(crate) struct Outages {
    since: Timestamp,
    now: Timestamp,
    /// When the history begins, if that is later.
    begins: Option<Timestamp>,
    all: Vec<Told>,
    called: Called,
}

/// One outage.
#[derive(Clone, Debug)]
struct Told {
    kept: KeptOutage,
    begin: Timestamp,
    end: End,
    length: Duration,
    text: String,
}

impl Outages {
    /// All that went on at `since` or later, until `now`, links by what they are `called`; `fresh` is what the file does not have yet.
    pub(crate) fn read(
        reader: &Reader,
        fresh: &Fresh,
        called: &dyn Fn(&str) -> String,
        (since, now): (Timestamp, Timestamp),
    ) -> Result<Self, Unreadable> {
        let begins = reader.boots()?.first().map(|boot| unix(boot.began.saturating_add(boot.ahead)));
        let kept = reader.outages(nanos(since), nanos(now), fresh)?;
        let links = kept.iter().flat_map(|kept| kept.outage.links());
        let called = links.map(|link| (link.to_owned(), called(link))).collect();
        let all = kept.into_iter().map(|kept| Told::new(kept, &called, now)).collect();
        Ok(Self { since, now, begins: begins.filter(|begins| *begins > since), all, called })
    }

    /// For programs: `GET outages` answers this too.
    pub(crate) fn json(&self) -> Value {
        json!({ "schema": 1, "outages": self.all.iter().map(Told::json).collect::<Vec<_>>() })
    }

    /// A sheet to print, for the provider.
    pub(crate) fn sheet(&self, gateway: &str) -> String {
        sheet::sheet(self, gateway)
    }

    /// The sentence of each, by when its row was written down, in nanoseconds since 1970.
    pub(super) fn sentences(&self) -> impl Iterator<Item = (i64, &str)> {
        self.all.iter().map(|told| (told.kept.row, told.text.as_str()))
    }

    fn text(&self) -> String {
        if self.all.is_empty() {
            let since = local(time(self.begins.unwrap_or(self.since)));
            return format!("Nothing went wrong since {since}.\n");
        }
        self.all
            .iter()
            .fold(String::new(), |lines, told| format!("{lines}{}  {}\n", local(time(told.begin)), told.text))
    }
}

impl Told {
    fn new(kept: KeptOutage, called: &Called, now: Timestamp) -> Self {
        let (begin, end) = (unix(kept.begin), kept.end);
        let until = end.known().map_or(now, unix);
        let length = Duration::try_from(until.duration_since(begin)).unwrap_or_default();
        let text = sentence::sentence(&kept.outage, end, length, called);
        Self { kept, begin, end, length, text }
    }

    fn outage(&self) -> &Outage {
        &self.kept.outage
    }

    fn ended(&self) -> Option<Timestamp> {
        match self.end {
            End::At(at) => Some(unix(at)),
            End::GoesOn | End::NotBefore(_) => None,
        }
    }

    /// For how long nothing worked.
    fn dead(&self) -> Duration {
        let is_machine = self.outage().began_in.is_some();
        if is_machine { self.length } else { self.outage().dead }
    }

    fn json(&self) -> Value {
        let trouble = |trouble: &Trouble| {
            let target = if let Place::Destination(target) = trouble.place { Some(target) } else { None };
            json!({
                "link": trouble.link.as_ref().map(|(name, _)| name),
                "family": trouble.link.as_ref().map(|(_, family)| family.name()),
                "where": trouble.place.word(),
                "target": target,
            })
        };
        json!({
            "begin": self.begin.to_string(),
            "end": self.ended().map(|end| end.to_string()),
            "length_s": seconds(self.length),
            "goes_on": self.end == End::GoesOn,
            "link": self.outage().troubles.first().and_then(|trouble| trouble.link.as_ref()).map(|(name, _)| name),
            "noticed": self.outage().noticed,
            "dead_s": seconds(self.dead()),
            "where": self.outage().place().map(Place::word),
            "troubles": self.outage().troubles.iter().map(trouble).collect::<Vec<_>>(),
            "text": self.text,
        })
    }
}

fn write(file: &Path, sheet: &str) -> Result<String, String> {
    fs::write(file, sheet).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(format!("{} is written\n", file.display()))
}

/// What the configuration of today calls a link.
fn called(config: &Config, interface: &str) -> String {
    config.link_rule(interface).and_then(|rule| rule.label.clone()).unwrap_or_else(|| interface.to_owned())
}

/// This host's name.
fn gateway() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

fn unix(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanos.into()).unwrap_or_default()
}

fn time(at: Timestamp) -> Time {
    Time::from_nanos(u64::try_from(nanos(at)).unwrap_or(0))
}

/// Whole seconds, as rounds are counted.
fn seconds(length: Duration) -> u64 {
    (length + Duration::from_millis(500)).as_secs()
}
