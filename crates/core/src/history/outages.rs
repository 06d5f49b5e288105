//! Outages: when something was wrong, for how long, what people noticed of it, and where it was.
//!
//! A link is in trouble in a judged round in which something it needs is missing or a target that counts did not answer, unless it
//! was taken out, rested, or never was there. Trouble counts once it has lasted three rounds or made the link leave the choice; it
//! ends with the last bad round before ten good seconds. Troubles that overlap are one outage. Where trouble was:
//!
//! - *cable*: the interface lost its carrier, or was gone;
//! - *box*: no address or no gateway was there, or nothing answered and in half of those rounds at least the next hop was silent;
//! - *beyond*: nothing answered though the next hop did, or more than one target was silent;
//! - *destination*: one and the same target was silent all the time while others answered;
//! - *machine*: the record ends, and goes on after another boot;
//! - *daemon*: it ends and goes on in the same boot, and no rounds were counted meanwhile; where they were, only the record is missing;
//! - *names*: devices asked for names in two spans of time running, five times in each at least, and none was answered, while
//!   targets answered over a link in use.
//!
//! *Nothing worked* when nothing answered over any link in force, in each family that ever worked, for three rounds, or the machine
//! was off, or names were not answered. Else people were *on the spare* when a link had to leave the choice, and else they noticed
//! *nothing*. In force is what the firewall was last brought to where that is told, and the choice where it is not.

mod episode;
mod names;
#[cfg(test)]
mod tests;

use super::replay::answering;
use crate::link::decide::{Decider, Entry, Observed};
use crate::link::{Family, LinkId, Presence};
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use episode::{Episode, Sign};
use names::Names;

/// Bad rounds from which on trouble counts.
const PATIENCE: u32 = 3;

/// Where something was wrong, the nearest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// The machine lost power or was booted anew.
    Machine,
    /// Our daemon did not run.
    Daemon,
    /// No carrier: the cable, the port, or the power of what is at its other end.
    Cable,
    /// The ISP's box gave no address, or was silent itself.
    Box,
    /// The ISP's box answered, and nothing or little behind it.
    Beyond,
    /// One destination only.
    Destination(IpAddr),
    /// Names were not answered.
    Names,
}

/// What people noticed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Noticed {
    /// All went on as before.
    Nothing,
    /// Other links carried what was new.
    OnTheSpare,
    /// Nothing worked.
    NothingWorked,
}

/// Something was wrong in one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// The link, by its interface; none where it was no link's trouble.
    pub link: Option<(String, Family)>,
    /// When it began, since the Unix epoch.
    pub begin: Duration,
    /// When it ended; none while it goes on.
    pub end: Option<Duration>,
}

/// Troubles that overlap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outage {
    /// What people noticed at the worst.
    pub noticed: Noticed,
    /// For how long nothing worked.
    pub dead: Duration,
    /// The troubles, in the order in which they began to count; at least one.
    pub troubles: Vec<Trouble>,
}

/// Finds outages in what is told in the order in which it happened.
#[derive(Clone, Default, Debug)]
pub struct Outages {
    /// The boot, and the Unix time at which it began.
    boot: (u64, Duration),
    /// When the last thing was told, since the epoch.
    last: Option<Duration>,
    families: BTreeMap<Family, Watched>,
    open: Option<Open>,
    names: Names,
    found: VecDeque<Outage>,
}

/// An outage that goes on.
#[derive(Clone, Debug)]
struct Open {
    outage: Outage,
    /// Dead time before the present dead rounds, and theirs.
    dead: (Duration, Duration),
}

/// One family.
#[derive(Clone, Debug)]
struct Watched {
    decider: Decider,
    /// When its last entry happened.
    last: Duration,
    /// What the firewall was brought to; none if that is not told.
    in_force: Option<BTreeSet<LinkId>>,
    /// Rounds without a break in which nothing answered over what is in force.
    dead_for: u32,
    links: Vec<Link>,
}

#[derive(Clone, Default, Debug)]
struct Link {
    /// It was there.
    seen: bool,
    episode: Option<Episode>,
}

impl Outages {
    /// A family's record begins here, or goes on: in which boot, and at which Unix time that began.
    pub fn handle_begin(&mut self, boot: u64, booted: Duration, decider: &Decider) {
        let (opening, was) = (decider.opening(), self.boot);
        let (family, at) = (opening.family, wall(booted, opening.at));
        if self.families.get(&family).is_some_and(|known| was.0 == boot && known.decider.stands_as(decider)) {
            return;
        }
        if let Some(last) = self.last.filter(|last| *last < at) {
            self.note_gap(was.0 != boot, last, at, decider);
        }
        (self.boot, self.last) = ((boot, booted), self.last.max(Some(at)));
        let before = self.families.remove(&family);
        let mut watched = Watched::new(decider.clone(), at);
        for (link, known) in watched.links.iter_mut().zip(&opening.links) {
            let of_before = before.as_ref().and_then(|before| before.link(&known.name));
            link.episode = of_before.and_then(|link| link.episode.clone());
        }
        watched.in_force = before.and_then(|before| before.in_force.filter(|_| watched.has_links_of(&before.decider)));
        self.families.insert(family, watched);
    }

    /// What happened next in a family that has begun.
    pub fn handle_entry(&mut self, family: Family, entry: &Entry) {
        let booted = self.boot.1;
        let Some(watched) = self.families.get_mut(&family) else { return };
        let interval = watched.decider.opening().interval;
        let at = wall(booted, entry.at(interval));
        watched.last = at;
        self.last = self.last.max(Some(at));
        let in_force = watched.in_force.clone().unwrap_or_else(|| watched.decider.selector().choice().clone());
        let chosen = watched.decider.selector().choice().clone();
        let decision = watched.decider.handle(entry);
        let verdict = decision.verdict;
        match entry {
            Entry::Round(round) if decision.spoilt.is_none() => {
                let begun = wall(booted, round.at);
                watched.note_dead(round, &in_force);
                for ((link, did), on_link) in watched.links.iter_mut().zip(&round.links).zip(&verdict.links) {
                    link.seen |= did.presence == Presence::Present;
                    if link.seen {
                        link.note(Sign::of(did, &on_link.reason), begun, at);
                    }
                }
            }
            Entry::Lost(_, id, _) => {
                if let Some(link) = watched.links.get_mut(usize::from(id.0)).filter(|link| link.seen) {
                    link.note(Sign::Cable, at, at);
                }
            }
            Entry::Round(_) | Entry::Orders(..) | Entry::Retry(..) => {}
        }
        for (id, link) in (0..).map(LinkId).zip(&mut watched.links) {
            if let Some(episode) = &mut link.episode {
                episode.left_choice |= chosen.contains(&id) && !verdict.choice.contains(&id);
            }
        }
        self.gather(family, at);
    }

    /// The firewall was brought to this choice.
    pub fn handle_commit(&mut self, family: Family, links: &BTreeSet<LinkId>) {
        if let Some(watched) = self.families.get_mut(&family) {
            watched.in_force = Some(links.clone());
        }
    }

    /// In so much time that is over now devices asked so often for names, and were answered so often.
    pub fn handle_names(&mut self, at: Time, lasted: Duration, asked: u32, answered: u32) {
        let end = wall(self.boot.1, at);
        let may_choose = self.families.values().any(|watched| watched.decider.may_choose());
        let links_answer = may_choose && self.dead().0 == 0;
        let found = self.names.handle_span((end.saturating_sub(lasted), end), asked, answered, links_answer);
        self.found.extend(found);
    }

    /// Nothing more is known: what goes on is handed out as it is.
    pub fn handle_end(&mut self) {
        let open = self.open.take().map(|open| open.outage);
        self.found.extend(open);
        self.found.extend(self.names.take());
    }

    /// The next outage that was found.
    pub fn poll_output(&mut self) -> Option<Outage> {
        self.found.pop_front()
    }

    /// The record was interrupted.
    fn note_gap(&mut self, rebooted: bool, from: Duration, to: Duration, decider: &Decider) {
        let opening = decider.opening();
        let gap = to.saturating_sub(from);
        if !rebooted && gap < opening.interval.saturating_mul(PATIENCE) {
            return;
        }
        for watched in self.families.values_mut() {
            watched.links.iter_mut().filter_map(|link| link.episode.as_mut()).for_each(Episode::end);
        }
        let families: Vec<Family> = self.families.keys().copied().collect();
        for family in families {
            self.gather(family, from);
        }
        let known = self.families.get(&opening.family);
        let counted = known.map_or(0, |known| opening.rounds.saturating_sub(known.decider.selector().rounds()));
        let passed = opening.interval.saturating_mul(u32::try_from(counted).unwrap_or(u32::MAX));
        if rebooted || passed.saturating_mul(2) < gap {
            let (place, noticed) =
                if rebooted { (Place::Machine, Noticed::NothingWorked) } else { (Place::Daemon, Noticed::Nothing) };
            let trouble = Trouble { place, link: None, begin: from, end: Some(to) };
            let dead = if rebooted { gap } else { Duration::ZERO };
            self.found.push_back(Outage { noticed, dead, troubles: [trouble].into() });
        }
    }

    /// Takes what counts of a family's troubles into the outage that goes on, and closes that when all are over.
    fn gather(&mut self, family: Family, now: Duration) {
        let Some(watched) = self.families.get_mut(&family) else { return };
        let opening = watched.decider.opening();
        let mut left_choice = false;
        for (link, known) in watched.links.iter_mut().zip(&opening.links) {
            let Some(episode) = &mut link.episode else { continue };
            let is_over = episode.is_over(now);
            if episode.counts() {
                left_choice |= episode.left_choice;
                let open = self.open.get_or_insert_with(Open::default);
                open.take_trouble(&known.name, family, episode, &known.targets, is_over);
            }
            if is_over {
                link.episode = None;
            }
        }
        let (dead_for, dead) = self.dead();
        if let Some(open) = &mut self.open {
            open.note_dead(dead);
            if dead_for >= PATIENCE {
                open.outage.noticed = Noticed::NothingWorked;
            } else if left_choice {
                open.outage.noticed = open.outage.noticed.max(Noticed::OnTheSpare);
            }
            if open.outage.troubles.iter().all(|trouble| trouble.end.is_some()) {
                let over = self.open.take().map(|open| open.outage);
                self.found.extend(over);
            }
        }
    }

    /// For how many rounds and how long nothing has worked in any family that ever did.
    fn dead(&self) -> (u32, Duration) {
        let worked = self.families.values().filter(|watched| watched.links.iter().any(|link| link.seen));
        let dead = |watched: &Watched| {
            let interval = watched.decider.opening().interval;
            (watched.dead_for, interval.saturating_mul(watched.dead_for))
        };
        worked.map(dead).min().unwrap_or_default()
    }
}

impl Watched {
    fn new(decider: Decider, at: Duration) -> Self {
        let links = decider.opening().links.iter().map(|link| Link { seen: link.held.seen, episode: None }).collect();
        Self { decider, last: at, in_force: None, dead_for: 0, links }
    }

    fn link(&self, name: &str) -> Option<&Link> {
        let place = self.decider.opening().links.iter().position(|link| link.name == name)?;
        self.links.get(place)
    }

    fn has_links_of(&self, other: &Decider) -> bool {
        let [own, others] = [&self.decider, other].map(|of| of.opening().links.iter().map(|link| &link.name));
        own.eq(others)
    }

    /// Takes note of whether anything answered over what is in force. A link that was there and not asked may well work.
    fn note_dead(&mut self, round: &Observed, in_force: &BTreeSet<LinkId>) {
        let answering: BTreeSet<LinkId> = answering(round).collect();
        let is_dead = |id: &LinkId| {
            let place = usize::from(id.0);
            let (Some(link), Some(did)) = (self.links.get(place), round.links.get(place)) else { return true };
            let was_asked = did.presence != Presence::Present || !did.echoes.is_empty();
            (!link.seen || was_asked) && !answering.contains(id)
        };
        self.dead_for = if in_force.iter().all(is_dead) { self.dead_for.saturating_add(1) } else { 0 };
    }
}

impl Link {
    fn note(&mut self, sign: Sign, from: Duration, to: Duration) {
        match &mut self.episode {
            Some(episode) => episode.note(sign, to),
            None => self.episode = Episode::begin(sign, from, to),
        }
    }
}

impl Default for Open {
    fn default() -> Self {
        let outage = Outage { noticed: Noticed::Nothing, dead: Duration::ZERO, troubles: Vec::new() };
        Self { outage, dead: (Duration::ZERO, Duration::ZERO) }
    }
}

impl Open {
    fn take_trouble(&mut self, name: &str, family: Family, episode: &Episode, targets: &[IpAddr], is_over: bool) {
        let place = episode.place(targets);
        let end = is_over.then_some(episode.last);
        let of_link = |trouble: &&mut Trouble| {
            trouble.link.as_ref().is_some_and(|(of, in_family)| of == name && *in_family == family)
        };
        match self.outage.troubles.iter_mut().find(of_link) {
            // The same trouble, or one more of that link in the same outage.
            Some(known) if known.begin == episode.begin => (known.place, known.end) = (place, end),
            Some(known) => (known.place, known.end) = (known.place.min(place), end),
            None => {
                let link = Some((name.into(), family));
                self.outage.troubles.push(Trouble { place, link, begin: episode.begin, end });
            }
        }
    }

    /// Dead rounds count from the first on, once they are known to be part of an outage.
    fn note_dead(&mut self, lasts: Duration) {
        let (before, run) = self.dead;
        let before = if lasts < run { before.saturating_add(run) } else { before };
        self.dead = (before, lasts);
        self.outage.dead = before.saturating_add(lasts);
    }
}

impl Outage {
    /// When it began, since the Unix epoch.
    pub fn begin(&self) -> Duration {
        self.troubles.iter().map(|trouble| trouble.begin).min().unwrap_or_default()
    }

    /// When it ended; none while it goes on.
    pub fn end(&self) -> Option<Duration> {
        self.troubles.iter().map(|trouble| trouble.end).try_fold(Duration::ZERO, |end, of| of.map(|of| end.max(of)))
    }

    /// Where it was: of all its places the nearest.
    pub fn place(&self) -> Option<Place> {
        self.troubles.iter().map(|trouble| trouble.place).min()
    }
}

/// A moment of a boot as Unix time.
fn wall(booted: Duration, at: Time) -> Duration {
    booted.saturating_add(at.since(Time::BOOT))
}
