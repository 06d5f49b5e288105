//! One outage as people are told of it: link by link, and as a whole while nothing works.

use super::lasting::Told;
use super::message::What;
use crate::history::outages::{Noticed, Outage, Place, Trouble};
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// What was over for longer when it was first heard of was told by somebody else, or is of no use any more.
const STALE: Duration = Duration::from_secs(600);

/// An outage, and what was told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Watched {
    outage: Outage,
    /// By interface; what is no link's trouble has no name.
    parts: BTreeMap<String, Part>,
    all: Option<AllOut>,
}

/// A link's part.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    /// None if that is not known.
    since: Option<Time>,
    /// When it came back; none while it is out.
    until: Option<Time>,
    told: Told,
    /// That it is back was told, or is not worth it.
    is_closed: bool,
}

/// A time in which nothing works.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct AllOut {
    since: Time,
    told: Told,
}

impl Watched {
    /// It was first heard of then.
    pub(super) fn new(outage: Outage, at: Time) -> Self {
        let mut new = Self { outage: outage.clone(), parts: BTreeMap::new(), all: None };
        new.update(outage, at);
        for part in new.parts.values_mut() {
            part.is_closed = part.until.is_some_and(|until| at.since(until) > STALE);
        }
        new
    }

    /// More is known of it since then.
    pub(super) fn update(&mut self, outage: Outage, at: Time) {
        self.outage = outage;
        let names: BTreeSet<String> = self.outage.troubles.iter().filter(|it| is_out(it)).map(name).collect();
        for name in names {
            let troubles: Vec<&Trouble> = self.troubles(&name).collect();
            let begin = troubles.iter().map(|trouble| trouble.begin).min().filter(|begin| *begin > Time::BOOT);
            let end =
                troubles.iter().map(|trouble| trouble.end).try_fold(Time::BOOT, |end, of| of.map(|of| end.max(of)));
            let new = Part { since: begin, until: end, told: Told::default(), is_closed: false };
            match self.parts.get_mut(&name) {
                // Out once more.
                Some(part) if part.until.is_some() && end.is_none() => *part = Part { since: Some(at), ..new },
                Some(part) => part.until = end,
                None => drop(self.parts.insert(name, new)),
            }
        }
        // A link that never was there is missed only while there is no other.
        self.parts.retain(|name, _| self.outage.troubles.iter().any(|it| is_out(it) && is_of(it, name)));
    }

    /// Nothing more will be told of it.
    pub(super) fn is_over(&self) -> bool {
        self.all.is_none() && self.parts.values().all(|part| part.is_closed)
    }

    /// What is to be told, each with its time and how often it was told before.
    pub(super) fn due(&mut self, now: Time, after: Duration, repeat: Option<Duration>) -> Vec<(What, Time, u32)> {
        let nothing_works = self.outage.noticed == Noticed::NothingWorked
            && !self.parts.is_empty()
            && self.parts.values().all(|part| part.until.is_none())
            && self.spares().next().is_none();
        let over = if nothing_works { None } else { self.all.take() };
        let mut told: Vec<_> = self.back(over.map(|all| all.since), now, after).into_iter().collect();
        if nothing_works {
            let since = self.parts.values().filter_map(|part| part.since).max().unwrap_or(now);
            let all = self.all.get_or_insert(AllOut { since, told: Told::default() });
            let repeated = all.told.again(all.since, now, Duration::ZERO, repeat);
            let since = all.since;
            let links = self.parts.keys().filter(|name| !name.is_empty()).cloned().collect();
            let place = self.place(self.parts.keys());
            told.extend(repeated.map(|repeated| (What::AllOut { links, since, place }, now, repeated)));
        } else {
            told.extend(self.links_out(now, after, repeat));
        }
        told
    }

    pub(super) fn next_deadline(&self, after: Duration, repeat: Option<Duration>) -> Option<Time> {
        if let Some(all) = &self.all {
            return all.told.next(all.since, Duration::ZERO, repeat);
        }
        let out = self.parts.iter().filter(|(name, part)| !name.is_empty() && part.until.is_none());
        out.filter_map(|(_, part)| part.told.next(part.since?, after, repeat)).min()
    }

    /// What is back, in one message.
    fn back(&mut self, all_out: Option<Time>, now: Time, after: Duration) -> Option<(What, Time, u32)> {
        let (mut names, mut since, mut until, mut knows_since) = (BTreeSet::new(), None::<Time>, Time::BOOT, true);
        for (name, part) in &mut self.parts {
            let Some(end) = part.until.filter(|_| !part.is_closed) else { continue };
            part.is_closed = true;
            let lasted = part.since.is_none_or(|since| end.since(since) >= after);
            if part.told.is_told() || lasted || all_out.is_some() {
                names.insert(name.clone());
                knows_since &= part.since.is_some();
                since = since.into_iter().chain(part.since).min();
                until = until.max(end);
            }
        }
        if names.is_empty() {
            // No link came back, but another one took over.
            let (since, place) = (Some(all_out?), self.place(self.parts.keys()));
            let links = self.spares().cloned().collect();
            return Some((What::Back { links, since, until: now, place, all_out }, now, 0));
        }
        let place = self.place(names.iter());
        names.remove("");
        let since = since.filter(|_| knows_since);
        Some((What::Back { links: names, since, until, place, all_out }, until, 0))
    }

    fn links_out(&mut self, now: Time, after: Duration, repeat: Option<Duration>) -> Vec<(What, Time, u32)> {
        let mut told = Vec::new();
        for (name, part) in &mut self.parts {
            let Some(since) = part.since.filter(|_| part.until.is_none() && !name.is_empty()) else { continue };
            let Some(repeated) = part.told.again(since, now, after, repeat) else { continue };
            let of_link = |trouble: &&Trouble| trouble.end.is_none() && is_of(trouble, name);
            let troubles = self.outage.troubles.iter().filter(of_link);
            let families =
                troubles.clone().filter_map(|trouble| trouble.link.as_ref().map(|(_, family)| *family)).collect();
            let place = troubles.map(|trouble| trouble.place).min().unwrap_or(Place::Beyond);
            told.push((What::LinkOut { link: name.clone(), families, since, place }, now, repeated));
        }
        told
    }

    /// Links that were used and in no trouble.
    fn spares(&self) -> impl Iterator<Item = &String> {
        self.outage.used.iter().filter(|name| !self.parts.contains_key(*name))
    }

    /// Where it was: of all places the nearest.
    fn place<'a>(&self, names: impl Iterator<Item = &'a String>) -> Place {
        let places = names.flat_map(|name| self.troubles(name).map(|trouble| trouble.place));
        places.min().unwrap_or(Place::Beyond)
    }

    fn troubles<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Trouble> {
        self.outage.troubles.iter().filter(move |trouble| is_out(trouble) && is_of(trouble, name))
    }
}

/// People are told of it: the link was out, or it was no link's trouble and nothing worked all the same.
fn is_out(trouble: &Trouble) -> bool {
    match trouble.place {
        Place::Machine | Place::Names => true,
        Place::Daemon => false,
        Place::Cable | Place::Box | Place::Beyond | Place::Destination(_) => trouble.is_out,
    }
}

fn name(trouble: &Trouble) -> String {
    trouble.link.as_ref().map(|(name, _)| name.clone()).unwrap_or_default()
}

fn is_of(trouble: &Trouble, name: &str) -> bool {
    trouble.link.as_ref().map_or("", |(name, _)| name.as_str()) == name
}
