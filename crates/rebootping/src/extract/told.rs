//! What a running daemon tells that belongs beside packets: names of addresses, verdicts on links, what devices did, what was lost.

use super::remarks::Remark;
use crate::escape::for_terminal;
use crate::report::devices::event_text;
use crate::report::links::in_words;
use crate::report::status::{LinkStatus, State, Status};
use jiff::Timestamp;
use rebootping_core::inventory::report::Report;
use rebootping_core::link::Family;
use rebootping_core::untrusted::Untrusted;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// No more names are told, as [`crate::pcap_read`] reads no more.
const MOST_NAMES: usize = 65_536;
/// Names in DNS are no longer (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 255;

/// Something new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum News {
    /// These addresses are called so.
    Names(Vec<(IpAddr, String)>),
    /// That happened.
    Remark(Remark),
    /// So many more packets were lost on their way into the captures.
    Lost(u64),
}

/// Whether a link is healthy, and whether it is in use.
pub(crate) type Standing = (bool, bool);

/// What was told already.
#[derive(Debug)]
pub(crate) struct Told {
    /// From then on, in nanoseconds since 1970, packets are wanted.
    since: u64,
    /// The folders that packets come from: what these devices did is told.
    folders: BTreeSet<String>,
    /// How each link stood in each family: healthy and used.
    links: BTreeMap<(String, Family), Standing>,
    names: BTreeMap<IpAddr, String>,
    /// The events of the last report.
    events: BTreeSet<(u64, String)>,
    /// Packets lost since the observer started.
    dropped: Option<u64>,
}

impl Told {
    /// Nothing yet; `folders` are those that packets come from.
    pub(crate) fn new(since: u64, folders: BTreeSet<String>) -> Self {
        Self { since, folders, links: BTreeMap::new(), names: BTreeMap::new(), events: BTreeSet::new(), dropped: None }
    }

    /// The links stood so when they were last told of.
    pub(super) fn knows(&mut self, standings: BTreeMap<(String, Family), Standing>) {
        self.links.extend(standings);
    }

    /// What is new in the daemon's status.
    pub(crate) fn status(&mut self, status: &Status) -> Vec<News> {
        let states = status.links.iter().flat_map(|link| {
            let asked = link.families.iter().filter(|(_, state)| state.source.is_some());
            asked.map(move |(family, state)| (link, *family, state))
        });
        let mut news: Vec<News> = states.filter_map(|(link, family, state)| self.link(link, family, state)).collect();
        let lost = status.capture.as_ref().map(|capture| capture.dropped);
        let lost = lost.map(|lost| lost.ring + lost.nic + lost.softnet + lost.writer);
        if let Some(lost) = lost {
            // An observer that was started anew counts from zero.
            let more = self.dropped.replace(lost).map_or(0, |before| lost.checked_sub(before).unwrap_or(lost));
            news.extend((more > 0).then_some(News::Lost(more)));
        }
        news
    }

    fn link(&mut self, link: &LinkStatus, family: Family, state: &State) -> Option<News> {
        let standing = (state.healthy, state.enabled);
        let before = self.links.insert((link.name.clone(), family), standing);
        let is_news = before != Some(standing);
        let at = stamp(&state.since)?;
        // A fault from before the first packet still holds at it; that all was well need not be said.
        let at = if before.is_none() && !state.healthy { at.max(self.since) } else { at };
        let text = judged(link.called(), family, standing, state.reason.brief());
        (is_news && at >= self.since).then_some(News::Remark(Remark { at, text }))
    }

    /// What is new in the report on devices.
    pub(crate) fn devices(&mut self, report: &Report<String>) -> Vec<News> {
        let happened = report.events.iter().filter(|event| self.folders.contains(&event.mac.to_string()));
        let happened = happened.filter_map(|event| Some((stamp(&event.time)?, event_text(event))));
        let events: BTreeSet<(u64, String)> = happened.filter(|(at, _)| *at >= self.since).collect();
        let new = events.difference(&self.events).cloned();
        let mut news: Vec<News> = new.map(|(at, text)| News::Remark(Remark { at, text })).collect();
        self.events = events;
        let names = self.new_names(report);
        if !names.is_empty() {
            news.push(News::Names(names));
        }
        news
    }

    fn new_names(&mut self, report: &Report<String>) -> Vec<(IpAddr, String)> {
        let devices = report.devices.iter().filter_map(|device| Some((device, device.name.as_ref()?)));
        let devices = devices.flat_map(|(device, name)| device.addresses.iter().map(move |at| (at.ip, name)));
        let contacts = report.devices.iter().flat_map(|device| &device.contacts);
        let contacts = contacts.filter_map(|contact| Some((contact.ip, contact.name.as_ref()?)));
        let mut called = BTreeMap::new();
        // What a device is called counts for more than what others asked for when they found its address.
        for (ip, name) in devices.chain(contacts) {
            called.entry(ip).or_insert(name);
        }
        let mut new = Vec::new();
        for (ip, name) in called {
            let name = readable(name);
            let has_room = self.names.len() < MOST_NAMES || self.names.contains_key(&ip);
            if has_room && self.names.get(&ip) != Some(&name) {
                self.names.insert(ip, name.clone());
                new.push((ip, name));
            }
        }
        new
    }
}

/// A verdict on a link in words.
pub(crate) fn judged(called: &str, family: Family, (healthy, enabled): Standing, why: &str) -> String {
    let judged = if healthy { "healthy" } else { "unhealthy" };
    let used = if enabled { "in use" } else { "not in use" };
    format!("{called} ({}) judged {judged}, {used}: {why}", in_words(family))
}

/// A name that came from the network, as it may be shown.
fn readable(name: &Untrusted) -> String {
    let shown = for_terminal(name);
    let end = (0..=LONGEST_NAME.min(shown.len())).rev().find(|&end| shown.is_char_boundary(end));
    shown[..end.unwrap_or_default()].to_owned()
}

/// A time as the daemon writes it, in nanoseconds since 1970.
fn stamp(label: &str) -> Option<u64> {
    u64::try_from(label.parse::<Timestamp>().ok()?.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devices::tests::sample;
    use rebootping_core::keep::Counts;
    use rebootping_core::link::tally::Tally;
    use rebootping_core::link::verdict::Load;
    use serde_json::{Value, json};

    fn told(since: u64, folder: &str) -> Told {
        Told::new(since, [folder.to_owned()].into())
    }

    fn at(label: &str) -> u64 {
        stamp(label).expect("a time")
    }

    fn status(healthy: bool, since: &str, dropped: u64) -> Status {
        let text = if healthy { "answered all 4 targets" } else { "answered 1 of 4 targets while wan2 answered 4" };
        let state = json!({
            "healthy": healthy, "enabled": healthy, "committed": true, "metered": false, "since": since,
            "reason": {"code": if healthy { "best" } else { "behind" }, "text": text},
            "answered": 4, "expected": 4, "best": 4, "hold_down_left_s": 0, "rtt_ms": null, "loss": 0.0, "missed": [],
            "left_out": [], "source": "192.0.2.9", "gateway": null, "gateway_heard_s": null, "leave": null,
            "bytes_received": 0, "bytes_sent": 0, "tally": Tally::default(),
        });
        let mut link =
            json!({"name": "wan1", "label": "fibre", "provider": null, "order": null, "moved": Load::default()});
        let mut absent = state.clone();
        absent["source"] = Value::Null;
        link["families"] = json!({"ipv4": state, "ipv6": absent});
        let own = state.as_object().expect("an object").clone();
        link.as_object_mut().expect("an object").extend(own);
        let drops = json!({"ring": dropped, "nic": 0, "softnet": 0, "writer": 0});
        serde_json::from_value(json!({
            "schema": 1, "time": since, "started": since, "links": [link],
            "capture": {
                "packets": 0, "bytes": 0, "written": 0, "truncated": 0, "buffer_bytes": 0, "frames": Counts::default(),
                "written_bytes_today": 0, "kept_bytes": 0, "oldest": null,
                "dropped": drops, "drop_rate": drops, "devices": 0, "interfaces": [], "error": null,
            },
            "commit": {"backend": "observe", "state": "observing", "error": null, "left_alone": [], "applied": 0, "failed": 0},
            "processes": [], "replies": {},
        }))
        .expect("the shape of a status")
    }

    fn remark(at: u64, text: &str) -> News {
        News::Remark(Remark { at, text: text.to_owned() })
    }

    #[test]
    fn a_verdict_is_told_once_when_it_is_passed() {
        let (before, after) = ("2026-11-22T10:00:00Z", "2026-11-22T10:00:07Z");
        let mut told = told(at(before), "");
        let unhealthy = "fibre (IPv4) judged unhealthy, not in use: answered 1 of 4 targets";
        assert_eq!(told.status(&status(false, after, 0)), [remark(at(after), unhealthy)]);
        assert_eq!(told.status(&status(false, after, 0)), []);
        let healthy = "fibre (IPv4) judged healthy, in use: answered all 4 targets";
        assert_eq!(told.status(&status(true, after, 0)), [remark(at(after), healthy)]);
    }

    #[test]
    fn of_what_was_before_only_a_fault_that_holds_is_told() {
        let (before, since) = ("2026-11-22T10:00:00Z", at("2026-11-22T12:00:00Z"));
        let [mut faulty, mut fine] = [told(since, ""), told(since, "")];
        let News::Remark(told) = faulty.status(&status(false, before, 0)).remove(0) else { panic!("a remark") };
        assert_eq!(told.at, since);
        assert_eq!(fine.status(&status(true, before, 0)), []);
    }

    #[test]
    fn losses_count_from_when_we_came_and_through_a_restart() {
        let mut told = told(u64::MAX, "");
        let mut lost = |dropped| told.status(&status(true, "2026-11-22T10:00:00Z", dropped));
        assert_eq!([lost(7), lost(7)], [vec![], vec![]]);
        assert_eq!([lost(9), lost(3)], [vec![News::Lost(2)], vec![News::Lost(3)]]);
    }

    #[test]
    fn of_devices_what_those_did_whose_packets_these_are() {
        let news = |since: u64, folder: &str| {
            let mut told = told(since, folder);
            let remarks = |told: &mut Told| {
                let news = told.devices(&sample()).into_iter();
                news.filter(|news| matches!(news, News::Remark(_))).collect::<Vec<_>>()
            };
            (remarks(&mut told), remarks(&mut told))
        };
        let new = remark(at("2026-11-22T10:12:13.5Z"), "new device: da:a1:19:00:00:01");
        assert_eq!(news(0, "da:a1:19:00:00:01"), (vec![new], vec![]));
        assert_eq!(news(at("2026-11-22T11:00:00Z"), "da:a1:19:00:00:01"), (vec![], vec![]));
        assert_eq!(news(0, "02:00:00:00:00:0c"), (vec![], vec![]));
    }

    #[test]
    fn names_are_told_once_and_those_of_devices_count_for_more() {
        let mut report = sample();
        let mut told = told(0, "");
        let News::Names(names) = told.devices(&report).pop().expect("news") else { panic!("names") };
        let called = |ip: &str| names.iter().find(|(at, _)| at.to_string() == ip).map(|(_, name)| name.as_str());
        assert_eq!(called("10.0.0.9"), Some("printer"));
        assert_eq!(called("192.0.2.80"), Some("updates.example.com"));
        assert_eq!(called("192.0.2.53"), None);
        assert_eq!(told.devices(&report), []);
        let printer =
            report.devices.iter_mut().find(|device| device.name.as_ref().is_some_and(|it| it.raw() == "printer"));
        printer.expect("a printer").name = Some("\x1b[31mred".into());
        let News::Names(names) = told.devices(&report).pop().expect("news") else { panic!("names") };
        assert!(names.iter().all(|(_, name)| name == "\\x1b[31mred"), "{names:?}");
    }
}
