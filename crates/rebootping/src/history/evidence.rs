//! `rebootping why LINK --pcap FILE`: the packets around a decision, with the verdict and every link's pings beside them.
//!
//! What was decided comes from the history. The latest decision may not be on the disk yet: of that, the daemon tells.

use super::at::{Asked, all_of_second, for_page};
use super::{Label, nanos};
use crate::cli::Why;
use crate::client::{ask_status, with_config};
use crate::clock;
use crate::config::meant::Config;
use crate::daemon::folders::observer_state;
use crate::extract::evidence::{Evidence, write};
use crate::extract::{News, Remark, Told, judged};
use crate::ipc::past::{Past, What};
use crate::observer::questions::ask_past;
use crate::report::links::in_words;
use crate::report::status::Status;
use crate::report::why;
use crate::store::read::Reader;
use jiff::Timestamp;
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// A moment that a daemon tells and the same in the history may differ by so much; rounds are further apart.
const SLACK: Duration = Duration::from_millis(200);

/// `rebootping why LINK --pcap FILE`.
pub(crate) fn why(explicit: Option<&Path>, asked: &Why, file: &Path) -> ExitCode {
    with_config(explicit, |config| {
        let evidence = find(config, asked)?;
        let packets = write(config, &evidence, file)?;
        if file.as_os_str() == "-" {
            return Ok(String::new());
        }
        let (file, links) = (file.display(), evidence.links.join(", "));
        Ok(match packets {
            0 => format!("{}  {file} has no packet: none of {links} is kept from then.\n", evidence.text),
            _ => format!("{}  {file} has the {packets} packets of {links} around it.\n", evidence.text),
        })
    })
}

/// The decision that was in force at the moment asked for; without one, the latest about the link.
fn find(config: &Config, asked: &Why) -> Result<Evidence, String> {
    let now = asked.at.map(|at| at.resolve(clock::wall()));
    let told = ask_status(config).and_then(|status| of_daemon(&status, &asked.link));
    let at = match (now, &told) {
        (Some(at), _) => nanos(at).max(0) as u64,
        (None, Ok(evidence)) => evidence.at,
        (None, Err(why)) => return Err(format!("{why}; --at names a moment of the past")),
    };
    let at = match (Time::from_nanos(at), all_of_second(Time::from_nanos(at))) {
        (at, same) if same == at => at + SLACK,
        (_, end) => end,
    };
    match (of_history(config, &asked.link, at), told) {
        (Ok(evidence), _) => Ok(evidence),
        // It was made before and still holds.
        (Err(_), Ok(evidence)) if evidence.at <= at.as_nanos() => Ok(evidence),
        (Err(missing), _) => Err(missing),
    }
}

/// What the daemon tells of the latest decision about a link.
fn of_daemon(status: &Status, name: &str) -> Result<Evidence, String> {
    let is_it = |known: &str| known == name;
    let mut links = status.links.iter();
    let link = links.find(|link| {
        is_it(&link.name) || link.provider.as_deref().is_some_and(is_it) || link.label.as_deref().is_some_and(is_it)
    });
    let link = link.ok_or_else(|| format!("there is no link {name:?}"))?;
    let since: Timestamp = link.own.since.parse().map_err(|_| "the daemon says no time".to_owned())?;
    let remarks = Told::new(0, BTreeSet::new()).status(status).into_iter().filter_map(|news| match news {
        News::Remark(remark) => Some(remark),
        News::Names(_) | News::Lost(_) => None,
    });
    Ok(Evidence {
        at: nanos(since).max(0) as u64,
        links: status.links.iter().map(|link| link.name.clone()).collect(),
        text: why::prose(status, link),
        remarks: remarks.collect(),
    })
}

/// A moment, as the history explains it.
#[derive(Deserialize)]
struct Explained {
    family: Family,
    at: Option<String>,
    text: String,
    links: Vec<Link>,
    pings: Vec<Ping>,
}

#[derive(Deserialize)]
struct Link {
    name: String,
    healthy: bool,
    enabled: bool,
    text: String,
}

/// What a target answered in a round that began then, in Unix seconds.
#[derive(Deserialize)]
struct Ping {
    link: String,
    target: Option<String>,
    time: f64,
    sent: u32,
    answered: u32,
    rtt_ms: Option<f64>,
}

/// What the history has of a moment: a daemon tells what is not on the disk yet.
fn of_history(config: &Config, link: &str, at: Time) -> Result<Evidence, String> {
    let label = |interface: &str| config.link_rule(interface).and_then(|rule| rule.label.clone());
    let told = if let Ok(status) = ask_status(config) {
        let labels = status.links.iter().filter_map(|link| Some((link.name.clone(), link.label.clone()?)));
        let what = What::Why { link: link.to_owned(), family: None, at };
        ask_past(&config.paths.run, Past { what, labels: labels.collect() }).map_err(|error| error.to_string())?
    } else {
        let reader = Reader::open(&observer_state(&config.paths.state)).map_err(|error| error.to_string())?;
        let open = reader.open_hour().map_err(|error| error.to_string())?;
        for_page(&Asked { reader: &reader, open: &open, label: &label, link, family: None, at })?.to_string()
    };
    let explained: Explained = serde_json::from_str(&told).map_err(|error| {
        format!("what the history says is not understood ({error}); is the daemon of this version?")
    })?;
    Ok(explained.evidence(at, &label))
}

impl Explained {
    fn evidence(self, asked: Time, label: Label<'_>) -> Evidence {
        let at =
            self.at.as_deref().and_then(|at| at.parse().ok()).map_or(asked.as_nanos(), |at| nanos(at).max(0) as u64);
        let called = |name: &str| label(name).unwrap_or_else(|| name.to_owned());
        let verdicts = self.links.iter().map(|link| {
            let standing = (link.healthy, link.enabled);
            Remark { at, text: judged(&called(&link.name), self.family, standing, &link.text) }
        });
        let mut pings: BTreeMap<(u64, &str), Vec<String>> = BTreeMap::new();
        for ping in self.pings.iter().filter(|ping| ping.sent > 0) {
            let begun = Duration::try_from_secs_f64(ping.time).unwrap_or_default().as_nanos() as u64;
            pings.entry((begun, &ping.link)).or_default().push(ping.text());
        }
        let pings = pings.into_iter().map(|((at, link), answers)| {
            let text = format!("pings of {} ({}): {}", called(link), in_words(self.family), answers.join(", "));
            Remark { at, text }
        });
        let remarks = pings.chain(verdicts).collect();
        Evidence { at, links: self.links.iter().map(|link| link.name.clone()).collect(), text: self.text, remarks }
    }
}

impl Ping {
    fn text(&self) -> String {
        let trip = self.rtt_ms.map_or_else(String::new, |trip| format!(" in {trip:.2} ms"));
        let target = self.target.as_deref().unwrap_or("a target");
        format!("{target} answered {} of {}{trip}", self.answered, self.sent)
    }
}
