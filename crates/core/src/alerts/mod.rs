//! Alerts: which of all that happens people are told, when, and in which order.
//!
//! Told is, once, each of these, unless the operator leaves it out:
//!
//! - a link that has been out for longer than `after` (a minute): *link out*;
//! - that nothing works any more: *all out*, at once, for all of its links together;
//! - that a link of which that was told carries again, or was out for longer than `after`, or that something works again: *back*,
//!   in one message with its length and cause;
//! - that for longer than `after` only metered links have been in use: *metered*;
//! - that a link has moved 80 %, and all, of what its tariff allows, once in each period: *cap*;
//! - a device that was never seen before, each of the first five in a day by itself, and the others in one message at that day's end;
//! - that a choice has not been carried out for longer than ten seconds: *not applied*;
//! - that for longer than `after` nothing could be written to the disk: *disk*.
//!
//! What goes on is told again every `repeat`, if that is set. All of it survives a restart, and nothing is told twice for it.
//! Times here are Unix time, of a clock that does not jump.

mod devices;
mod lasting;
mod message;
mod outage;
pub mod outbox;
#[cfg(test)]
mod tests;

use crate::history::outages::Outage;
use crate::inventory::report::Hardware;
use crate::link::Family;
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use devices::Newcomers;
use lasting::Lasting;
pub use message::{Kind, Message, Newcomer, What};
use outage::Watched;
use serde::{Deserialize, Serialize};

/// A choice that could not be carried out is tried again at once, and mostly it can be then.
const NOT_APPLIED_AFTER: Duration = Duration::from_secs(10);
/// Outages that are watched at once, and those that are over of which it is known that they were told.
const MOST_OUTAGES: usize = 64;
/// Parts of a hundred that a link has moved of its cap when that is told.
const LEVELS: [u8; 2] = [100, 80];

/// What the operator wants to be told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Of these kinds alone.
    pub tell: BTreeSet<Kind>,
    /// What is over before it lasted so long is not told.
    pub after: Duration,
    /// What goes on is told again after this, if it is set.
    pub repeat: Option<Duration>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Something new of an outage.
    Outage(Outage),
    /// A device was never seen before.
    NewDevice(Newcomer),
    /// The operator wants to see that alerts arrive.
    Test,
}

/// How things are; whoever tells it does so whenever something of it changes.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// The links there are.
    pub links: Vec<Link>,
    /// The links that new connections use, by interface.
    pub in_use: BTreeSet<String>,
    /// Links of whose tariff so much has been used that it is told.
    pub caps: Vec<Cap>,
    /// Why the choice is not carried out, if it is not.
    pub not_applied: Option<String>,
    /// Why nothing is written to the disk, if nothing is.
    pub disk: Option<String>,
}

/// A link, as people know it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Its interface.
    pub name: String,
    /// The operator's name for it.
    pub label: Option<String>,
    /// Its traffic costs money.
    pub metered: bool,
    /// Families in which it has a way to the Internet, or had one.
    pub families: BTreeSet<Family>,
}

/// How much of its tariff a link has used.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Cap {
    /// Its interface.
    pub link: String,
    /// The day on which the period began.
    pub since: String,
    /// 80 or 100.
    pub percent: u8,
    /// Bytes that may be moved in the period.
    pub bytes: u64,
}

/// What is to be told of so many bytes of a cap: 80 or 100 parts of a hundred, or nothing yet.
pub fn level(used: u64, cap: u64) -> Option<u8> {
    let hundredfold = u128::from(used).saturating_mul(100);
    LEVELS.into_iter().find(|&level| cap > 0 && hundredfold >= u128::from(cap).saturating_mul(level.into()))
}

/// What was told, and what is watched.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Alerts {
    outages: BTreeMap<Time, Watched>,
    newcomers: Newcomers,
    /// Links of whose period this level was told.
    caps: BTreeMap<String, (String, u8)>,
    metered: Lasting,
    not_applied: Lasting,
    disk: Lasting,
    #[serde(default)]
    standing: Standing,
    #[serde(skip)]
    told: VecDeque<Message>,
}

impl Alerts {
    /// Something happened then.
    pub fn handle_event(&mut self, event: Event, at: Time, settings: &Settings) {
        match event {
            Event::Outage(outage) => self.take_outage(outage, at),
            Event::NewDevice(newcomer) if settings.tell.contains(&Kind::NewDevice) => {
                let told = self.newcomers.take(newcomer, at);
                self.tell(told, at, 0, settings);
            }
            Event::NewDevice(_) => {}
            Event::Test => self.tell(Some(What::Test), at, 0, settings),
        }
        self.handle_wake(at, settings);
    }

    /// This is how things are from then on.
    pub fn handle_standing(&mut self, standing: Standing, at: Time, settings: &Settings) {
        self.metered.set(only_metered(&standing), at);
        self.not_applied.set(standing.not_applied.clone(), at);
        self.disk.set(standing.disk.clone(), at);
        self.standing = standing;
        for cap in self.standing.caps.clone() {
            let known =
                self.caps.get(&cap.link).filter(|(since, _)| *since == cap.since).map_or(0, |(_, level)| *level);
            if cap.percent > known {
                self.caps.insert(cap.link.clone(), (cap.since.clone(), cap.percent));
                self.tell(Some(What::Cap(cap)), at, 0, settings);
            }
        }
        self.caps
            .retain(|link, _| self.standing.links.is_empty() || self.standing.links.iter().any(|it| it.name == *link));
        self.handle_wake(at, settings);
    }

    /// Does what is due.
    pub fn handle_wake(&mut self, now: Time, settings: &Settings) {
        self.watch_outages(now, settings);
        let (after, repeat) = (settings.after, settings.repeat);
        if let Some(due) = self.metered.due(now, after, repeat) {
            self.tell(Some(What::Metered { links: due.why, since: due.since }), now, due.repeated, settings);
        }
        if let Some(due) = self.not_applied.due(now, NOT_APPLIED_AFTER, repeat) {
            self.tell(Some(What::NotApplied { why: due.why, since: due.since }), now, due.repeated, settings);
        }
        if let Some(due) = self.disk.due(now, after, repeat) {
            self.tell(Some(What::Disk { why: due.why, since: due.since }), now, due.repeated, settings);
        }
        let digest = self.newcomers.digest(now);
        self.tell(digest, now, 0, settings);
    }

    /// What is to be told next.
    pub fn poll_output(&mut self) -> Option<Message> {
        self.told.pop_front()
    }

    /// When something is due next, if nothing happens until then.
    pub fn next_deadline(&self, settings: &Settings) -> Option<Time> {
        let (after, repeat) = (settings.after, settings.repeat);
        let outages = self.outages.values().filter_map(|outage| outage.next_deadline(after, repeat));
        let lasting = [
            self.metered.next_deadline(after, repeat),
            self.not_applied.next_deadline(NOT_APPLIED_AFTER, repeat),
            self.disk.next_deadline(after, repeat),
            self.newcomers.next_deadline(),
        ];
        outages.chain(lasting.into_iter().flatten()).min()
    }

    /// What a link is called.
    pub fn called<'a>(&'a self, link: &'a str) -> &'a str {
        let known = self.standing.links.iter().find(|known| known.name == link);
        known.and_then(|known| known.label.as_deref()).unwrap_or(link)
    }

    /// A link does well in other families than these, as far as is known.
    pub fn does_well_beside(&self, link: &str, families: &BTreeSet<Family>) -> bool {
        let known = self.standing.links.iter().find(|known| known.name == link);
        known.is_some_and(|known| !known.families.is_subset(families))
    }

    /// Nothing is left of a device that is forgotten.
    pub fn forget(&mut self, macs: &[Hardware]) {
        self.newcomers.forget(macs);
    }

    fn take_outage(&mut self, outage: Outage, at: Time) {
        let key = outage.counted;
        match self.outages.get_mut(&key) {
            Some(known) => known.update(outage, at),
            None => drop(self.outages.insert(key, Watched::new(outage, at))),
        }
        while self.outages.len() > MOST_OUTAGES {
            let over = self.outages.iter().find(|(_, known)| known.is_over()).map(|(key, _)| *key);
            let Some(oldest) = over.or_else(|| self.outages.keys().next().copied()) else { return };
            self.outages.remove(&oldest);
        }
    }

    fn watch_outages(&mut self, now: Time, settings: &Settings) {
        let mut told = Vec::new();
        for outage in self.outages.values_mut() {
            told.extend(outage.due(now, settings.after, settings.repeat));
        }
        for (what, at, repeated) in told {
            self.tell(Some(what), at, repeated, settings);
        }
    }

    fn tell(&mut self, what: Option<What>, at: Time, repeated: u32, settings: &Settings) {
        let Some(what) = what else { return };
        if what.kind().is_none_or(|kind| settings.tell.contains(&kind)) {
            self.told.push_back(Message { number: 0, at, repeated, what });
        }
    }
}

/// The links in use, where all of them are metered.
fn only_metered(standing: &Standing) -> Option<String> {
    let metered = |name: &&String| standing.links.iter().any(|link| link.name == **name && link.metered);
    let all = !standing.in_use.is_empty() && standing.in_use.iter().all(|name| metered(&name));
    let names: Vec<&str> = standing.in_use.iter().map(String::as_str).collect();
    all.then(|| names.join(" "))
}
