//! One minute of a gateway, and its sums up to then, as an engine elsewhere is told of them.

use super::{Family, Value, names};
use crate::link;
use crate::link::tally::Tally;
use crate::link::verdict::Load;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Links of which sums are kept; beyond, those that are gone are let go.
const MOST_LINKS: usize = 256;

/// What the history has of a minute.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Minute {
    /// Its end, in unix seconds.
    pub ends: i64,
    /// Links by interface.
    pub links: BTreeMap<String, LinkMinute>,
    /// Choices that were applied in it.
    pub applied: u64,
    /// Steps towards one that failed in it.
    pub failed: u64,
}

/// What it has of a link.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct LinkMinute {
    /// Of each family in which it was watched.
    pub families: BTreeMap<link::Family, FamilyMinute>,
    /// Traffic over it.
    pub moved: Load,
}

/// What it has of a link in a family.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct FamilyMinute {
    /// Its echoes, and what was decided of it.
    pub tally: Tally,
    /// Whether it was in the choice at the end, if that is known.
    pub used: Option<bool>,
}

/// The minutes that follow one another from where somebody knew them on.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Stretch {
    /// Those of which anything is known.
    pub minutes: Vec<Minute>,
    /// There are none before this but these, in unix seconds.
    pub upto: i64,
    /// Up to then minutes are as they will stay.
    pub settled: i64,
}

/// All minutes so far, added up.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Sums {
    links: BTreeMap<String, LinkSums>,
    applied: u64,
    failed: u64,
}

#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct LinkSums {
    families: BTreeMap<link::Family, Tally>,
    moved: Load,
}

impl Sums {
    /// Adds a minute.
    pub fn add(&mut self, minute: &Minute) {
        self.applied = self.applied.saturating_add(minute.applied);
        self.failed = self.failed.saturating_add(minute.failed);
        for (name, link) in &minute.links {
            let sums = self.links.entry(name.clone()).or_default();
            sums.moved.received = sums.moved.received.saturating_add(link.moved.received);
            sums.moved.sent = sums.moved.sent.saturating_add(link.moved.sent);
            for (family, of_family) in &link.families {
                sums.families.entry(*family).or_default().add(&of_family.tally);
            }
        }
        if self.links.len() > MOST_LINKS {
            self.links.retain(|name, _| minute.links.contains_key(name));
        }
    }

    /// Everything at the end of the minute that was added last; `labels` is what the operator calls links.
    pub fn families(&self, minute: &Minute, labels: &BTreeMap<String, String>) -> Vec<Family> {
        let [mut used, mut sent, mut lost, mut trips, mut verdicts, mut received_bytes, mut sent_bytes, mut commits] =
            [
                names::LINK_USED,
                names::ECHOES_SENT,
                names::ECHOES_LOST,
                names::ROUND_TRIPS,
                names::VERDICTS,
                names::LINK_RECEIVED,
                names::LINK_SENT,
                names::COMMITS,
            ]
            .map(Family::new);
        commits.add(&[("result", "applied")], Value::Whole(self.applied));
        commits.add(&[("result", "failed")], Value::Whole(self.failed));
        for (name, link) in &minute.links {
            let Some(sums) = self.links.get(name) else { continue };
            let label = labels.get(name).map_or("", String::as_str);
            let of_link = [("link", name.as_str()), ("label", label)];
            received_bytes.add(&of_link, Value::Whole(sums.moved.received));
            sent_bytes.add(&of_link, Value::Whole(sums.moved.sent));
            for (family, of_family) in &link.families {
                // A family in which nothing was ever asked is not there.
                let Some(tally) = sums.families.get(family).filter(|tally| tally.sent > 0) else { continue };
                let [one, other] = of_link;
                let labels = [one, other, ("family", family.name())];
                used.add_if(&labels, of_family.used.map(Value::from));
                sent.add(&labels, Value::Whole(tally.sent));
                lost.add(&labels, Value::Whole(tally.lost));
                trips.add(&labels, Value::Trips(tally.trips.clone()));
                add_verdicts(&mut verdicts, labels, tally);
            }
        }
        [used, sent, lost, trips, verdicts, received_bytes, sent_bytes, commits].into()
    }
}

/// How often a link came in and went out.
pub fn add_verdicts(verdicts: &mut Family, labels: [(&'static str, &str); 3], tally: &Tally) {
    let [link, label, family] = labels;
    verdicts.add(&[link, label, family, ("verdict", "in")], Value::Whole(tally.taken_in));
    verdicts.add(&[link, label, family, ("verdict", "out")], Value::Whole(tally.taken_out));
}
