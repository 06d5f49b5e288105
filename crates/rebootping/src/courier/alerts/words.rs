//! A message in words: a title, a few sentences, and all of it as JSON.

use super::desk::timestamp;
use crate::clock;
use crate::duration::format_duration;
use crate::escape::{for_log, visible};
use crate::ipc::courier::Paper;
use crate::report::amount::bytes;
use jiff::tz::TimeZone;
use rebootping_core::alerts::{Alerts, Cap, Kind, Message, Newcomer, What};
use rebootping_core::history::outages::Place;
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// What a test is called where kinds are told.
const TEST: &str = "test";

/// It, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) text: String,
    /// Somebody should look now.
    pub(super) is_urgent: bool,
    /// All of it, with the title and the text.
    pub(super) json: String,
    kind: &'static str,
    links: String,
    time: String,
    gateway: String,
}

impl Words {
    /// A message of the gateway of that name.
    pub(super) fn of(message: &Message, alerts: &Alerts, gateway: &str) -> Self {
        let words = InWords { alerts, zone: clock::zone() };
        let (title, text) = words.told(&message.what);
        let (title, text) = if message.repeated > 0 { (format!("Still: {title}"), text) } else { (title, text) };
        let (title, text) = (visible(&title), visible(&text));
        let kind = called(message.what.kind());
        let time = timestamp(message.at).to_string();
        let mut all = json!({
            "schema": 1,
            "id": format!("{}.{}", message.at.as_nanos(), message.number),
            "time": time,
            "gateway": gateway,
            "kind": kind,
            "repeated": message.repeated,
            "title": title,
            "text": text,
        });
        if let (Value::Object(all), Value::Object(facts)) = (&mut all, facts(&message.what)) {
            all.extend(facts);
        }
        Self {
            is_urgent: matches!(message.what, What::AllOut { .. } | What::NotApplied { .. } | What::Disk { .. }),
            json: all.to_string(),
            kind,
            links: links(&message.what).join(" "),
            time,
            gateway: gateway.to_owned(),
            title,
            text,
        }
    }

    /// The same for a program of the operator's.
    pub(super) fn paper(self) -> Paper {
        let variables = [
            ("KIND", self.kind.to_owned()),
            ("TIME", self.time),
            ("GATEWAY", self.gateway),
            ("LINKS", self.links),
            ("TITLE", self.title),
            ("TEXT", self.text),
        ];
        let variables = variables.map(|(name, value)| (format!("REBOOTPING_{name}"), value));
        Paper { variables: variables.into(), body: self.json }
    }
}

fn called(kind: Option<Kind>) -> &'static str {
    kind.and_then(|kind| Kind::ALL.into_iter().find(|(_, known)| *known == kind)).map_or(TEST, |(word, _)| word)
}

/// The links it is about, by interface.
fn links(what: &What) -> Vec<&str> {
    match what {
        What::LinkOut { link, .. } => vec![link],
        What::AllOut { links, .. } | What::Back { links, .. } => links.iter().map(String::as_str).collect(),
        What::Metered { links, .. } => links.split(' ').collect(),
        What::Cap(cap) => vec![&cap.link],
        What::NewDevice(_) | What::NewDevices { .. } | What::NotApplied { .. } | What::Disk { .. } | What::Test => {
            Vec::new()
        }
    }
}

/// What a program would like to know of it.
fn facts(what: &What) -> Value {
    let time = |time: &Time| timestamp(*time).to_string();
    let links = links(what);
    match what {
        What::LinkOut { families, since, place, .. } => {
            json!({ "links": links, "families": families, "since": time(since), "place": place.word() })
        }
        What::AllOut { since, place, .. } => {
            json!({ "links": links, "since": time(since), "place": place.word() })
        }
        What::Back { since, until, place, all_out, .. } => json!({
            "links": links,
            "since": since.as_ref().map(time),
            "until": time(until),
            "length_s": since.map(|since| until.since(since).as_secs()),
            "place": place.word(),
            "all_out_since": all_out.as_ref().map(time),
        }),
        What::Metered { since, .. } => json!({ "links": links, "since": time(since) }),
        What::Cap(Cap { since, percent, bytes, .. }) => {
            json!({ "links": links, "since": since, "percent": percent, "cap": bytes })
        }
        What::NewDevice(newcomer) => json!({ "devices": [newcomer] }),
        What::NewDevices { some, count } => json!({ "devices": some, "count": count }),
        What::NotApplied { why, since } | What::Disk { why, since } => json!({ "error": why, "since": time(since) }),
        What::Test => json!({}),
    }
}

/// Sentences, with links by their labels and times by the clock on the wall.
struct InWords<'a> {
    alerts: &'a Alerts,
    zone: TimeZone,
}

impl InWords<'_> {
    /// Title and text.
    fn told(&self, what: &What) -> (String, String) {
        match what {
            What::LinkOut { link, families, since, place } => {
                let link = self.in_families(link, families);
                let title = format!("{link} is out");
                (title, format!("{link} has been out since {}: {}.", self.time(*since), cause(*place)))
            }
            What::AllOut { since, place: Place::Names, .. } => {
                let since = self.time(*since);
                let text = format!("Names (DNS) have not been answered since {since}, though the links work.");
                ("Names are not answered".to_owned(), text)
            }
            What::AllOut { links, since, place } => {
                let text = format!(
                    "Nothing has worked since {} over {}: {}.",
                    self.time(*since),
                    self.all(links),
                    cause(*place)
                );
                ("The Internet is out".to_owned(), text)
            }
            What::Back { links, since, until, place, all_out } => self.back(links, *since, *until, *place, *all_out),
            What::Metered { links, since } => {
                let links: BTreeSet<String> = links.split(' ').map(str::to_owned).collect();
                let links = self.all(&links);
                (
                    format!("Only {links} is used"),
                    format!("Since {} only {links} is used, which is metered.", self.time(*since)),
                )
            }
            What::Cap(Cap { link, since, percent, bytes: cap }) => {
                let link = self.called(link);
                let title = format!("{link} has used {percent} % of its tariff");
                (title, format!("{link} has moved {percent} % of {} since {since}.", bytes(*cap)))
            }
            What::NewDevice(newcomer) => {
                let who = who(newcomer);
                (format!("New device: {who}"), format!("{who} was never seen in this network before."))
            }
            What::NewDevices { some, count } => {
                let named: Vec<String> = some.iter().map(who).collect();
                let more = count.saturating_sub(some.len() as u64);
                let more = if more > 0 { format!(", and {more} more") } else { String::new() };
                let text = format!("Never seen in this network before, too: {}{more}.", named.join(", "));
                (format!("{count} more new devices"), text)
            }
            What::NotApplied { why, since } => {
                let text = format!("Since {} the choice of links could not be carried out: {why}.", self.time(*since));
                ("The choice of links is not applied".to_owned(), text)
            }
            What::Disk { why, since } => {
                let text = format!("Since {} not everything could be written to the disk: {why}.", self.time(*since));
                ("The disk does not take what is to be kept".to_owned(), text)
            }
            What::Test => ("Test".to_owned(), "This is a test: alerts arrive here.".to_owned()),
        }
    }

    fn back(
        &self,
        links: &BTreeSet<String>,
        since: Option<Time>,
        until: Time,
        place: Place,
        all_out: Option<Time>,
    ) -> (String, String) {
        let lasted = |since: Time| format_duration(Duration::from_secs(until.since(since).as_secs()));
        let span = match since {
            Some(since) => format!("from {} to {} ({})", self.time(since), self.time(until), lasted(since)),
            None => format!("until {}", self.time(until)),
        };
        let after = since.map_or_else(String::new, |since| format!(" after {}", lasted(since)));
        match (place, all_out) {
            (Place::Machine, _) => {
                (format!("The gateway is back{after}"), format!("The gateway was off or being booted {span}."))
            }
            (Place::Names, _) => (
                format!("Names are answered again{after}"),
                format!("Names (DNS) were not answered {span}, though the links worked."),
            ),
            (_, Some(all_out)) => {
                let title = format!("The Internet is back after {}", lasted(all_out));
                let cause = cause(place);
                let text = format!("{} carries again; the outage lasted {span}: {cause}.", self.all(links));
                (title, format!("{text} Nothing worked since {}.", self.time(all_out)))
            }
            (_, None) => {
                let links = self.all(links);
                (format!("{links} is back{after}"), format!("{links} was out {span}: {}.", cause(place)))
            }
        }
    }

    fn called(&self, link: &str) -> String {
        self.alerts.called(link).to_owned()
    }

    fn in_families(&self, link: &str, families: &BTreeSet<Family>) -> String {
        let called = self.called(link);
        if !self.alerts.does_well_beside(link, families) {
            return called;
        }
        match families.iter().next() {
            Some(Family::Ipv4) => format!("{called} (IPv4)"),
            Some(Family::Ipv6) => format!("{called} (IPv6)"),
            None => called,
        }
    }

    /// `a`, `a and b`, `a, b and c`.
    fn all(&self, links: &BTreeSet<String>) -> String {
        let names: Vec<String> = links.iter().map(|link| self.called(link)).collect();
        match names.as_slice() {
            [] => "no link".to_owned(),
            [one] => one.clone(),
            [before @ .., last] => format!("{} and {last}", before.join(", ")),
        }
    }

    fn time(&self, time: Time) -> String {
        timestamp(time).to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

fn who(newcomer: &Newcomer) -> String {
    match &newcomer.name {
        Some(name) => format!("{} ({})", for_log(name), newcomer.mac),
        None => newcomer.mac.to_string(),
    }
}

/// Where the cause is, as the rest of a sentence.
fn cause(place: Place) -> String {
    match place {
        Place::Machine => "the gateway was off".to_owned(),
        Place::Daemon => "rebootping did not run".to_owned(),
        Place::Cable => "no carrier, so look at the cable, the port, and the power of the ISP's box".to_owned(),
        Place::Box => "the ISP's box did not answer".to_owned(),
        Place::Beyond => "little or nothing behind the ISP's box answered".to_owned(),
        Place::Destination(target) => format!("{target} did not answer over it, and did over others"),
        Place::Names => "names (DNS) were not answered".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebootping_core::alerts::{Event, Link, Standing};
    use rebootping_core::inventory::report::Hardware;
    use rebootping_core::untrusted::Untrusted;

    fn at(seconds: u64) -> Time {
        Time::from_nanos((1_795_000_000 + seconds) * 1_000_000_000)
    }

    fn links(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn newcomer(name: &str) -> Newcomer {
        Newcomer { mac: Hardware([2, 0, 0, 0, 0, 1]), name: Some(Untrusted::new(name.as_bytes())) }
    }

    /// Those who know one link, which is called `fibre`.
    fn knowing() -> Alerts {
        let mut alerts = Alerts::default();
        let (name, label) = ("wan1".into(), Some("fibre".into()));
        let links = vec![Link { name, label, metered: false, families: Family::ALL.into() }];
        let settings = crate::config::alerts::Alerts::default().settings;
        alerts.handle_standing(Standing { links, ..Standing::default() }, at(0), &settings);
        alerts
    }

    /// One of each.
    fn all() -> Vec<What> {
        let back = |links, since, place, all_out| What::Back { links, since, until: at(725), place, all_out };
        let target = Place::Destination([192, 0, 2, 1].into());
        vec![
            What::LinkOut { link: "wan1".into(), families: Family::ALL.into(), since: at(0), place: Place::Cable },
            What::LinkOut { link: "wan1".into(), families: [Family::Ipv6].into(), since: at(0), place: target },
            What::AllOut { links: links(&["lte0", "wan1", "wan2"]), since: at(0), place: Place::Box },
            What::AllOut { links: BTreeSet::new(), since: at(0), place: Place::Names },
            back(links(&["wan1"]), Some(at(0)), Place::Beyond, None),
            back(links(&["wan1"]), Some(at(0)), Place::Beyond, Some(at(600))),
            back(BTreeSet::new(), Some(at(0)), Place::Machine, None),
            back(BTreeSet::new(), None, Place::Machine, None),
            back(BTreeSet::new(), Some(at(0)), Place::Names, Some(at(0))),
            What::Metered { links: "lte0".into(), since: at(0) },
            What::Cap(Cap { link: "lte0".into(), since: "2026-11-05".into(), percent: 80, bytes: 10_000_000_000 }),
            What::NewDevice(newcomer("tv\u{1b}[31m")),
            What::NewDevices { some: vec![newcomer("a"), newcomer("b")], count: 9 },
            What::NotApplied { why: "shorewall: exit code 2".into(), since: at(0) },
            What::Disk { why: "No space left on device".into(), since: at(0) },
            What::Test,
        ]
    }

    #[test]
    fn every_message_says_what_since_when_and_why() {
        let alerts = knowing();
        let words = InWords { alerts: &alerts, zone: TimeZone::UTC };
        let told: Vec<String> = all()
            .iter()
            .map(|what| {
                let (title, text) = words.told(what);
                format!("{title}\n  {text}\n  {}\n", facts(what))
            })
            .collect();
        insta::assert_snapshot!(told.join(""));
    }

    #[test]
    fn a_hook_is_told_all_of_it_and_a_label_stands_for_an_interface() {
        let mut alerts = knowing();
        let settings = crate::config::alerts::Alerts::default().settings;
        alerts.handle_event(Event::Test, at(0), &settings);
        let test = alerts.poll_output().expect("a test");
        let what = What::LinkOut { link: "wan1".into(), families: Family::ALL.into(), since: at(0), place: Place::Box };
        let paper = Words::of(&Message { repeated: 2, what, ..test }, &alerts, "gw").paper();
        let variables: Vec<String> = paper.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(variables[0], "REBOOTPING_KIND=link_out");
        assert_eq!(
            variables[1..5],
            [
                "REBOOTPING_TIME=2026-11-18T11:06:40Z",
                "REBOOTPING_GATEWAY=gw",
                "REBOOTPING_LINKS=wan1",
                "REBOOTPING_TITLE=Still: fibre is out"
            ]
        );
        let json: Value = serde_json::from_str(&paper.body).expect("JSON");
        assert_eq!(
            (&json["repeated"], &json["links"][0], &json["place"]),
            (&2.into(), &"wan1".into(), &"isp_box".into())
        );
    }
}
