//! Outages: when something was wrong, for how long, what people noticed of it, and where it was.
//!
//! A link is in trouble in a judged round in which something it needs is missing or a target that counts did not answer, unless it
//! was taken out, rested, or never was there; where nothing was there for a minute since the first round, all links are in trouble
//! until one is. Trouble counts once it has lasted three rounds or made the link leave the choice; it
//! ends with the last bad round before ten good seconds. Troubles that overlap are one outage. Where trouble was:
//!
//! - *cable*: the interface lost its carrier, or was gone;
//! - *box*: no address or no gateway was there, or nothing answered and in half of those rounds at least the next hop was silent;
//! - *beyond*: nothing answered though the next hop did, or more than one target was silent;
//! - *destination*: one and the same target was silent all the time while others answered;
//! - *machine*: the record ends, and goes on after another boot;
//! - *daemon*: it ends and goes on in the same boot, and no rounds were counted meanwhile; where they were, only the record is missing;
//! - *names*: in two spans of time running nobody who asked for names was answered, while targets answered over a link in use.
//!
//! *Nothing worked* when nothing answered over any link in force, in each family that ever worked, for three rounds, or the machine
//! was off, or names were not answered. Else people were *on the spare* when a link had to leave the choice, and else they noticed
//! *nothing*. In force is what the firewall was last brought to where that is told, and the choice where it is not.
//!
//! An outage is told when it comes to count and whenever something about it changes, until it is over: under one number, the time
//! at which it counted. Times are those since boot, which no step of the wall clock touches.

mod coded;
mod episode;
mod going_on;
mod names;
#[cfg(test)]
mod tests;
mod told;
mod watched;

use crate::link::Family;
use crate::link::decide::{Decider, Entry};
use crate::time::Time;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use going_on::GoingOn;
use names::Names;
pub use told::{Noticed, Outage, Place, Trouble};
use watched::Watched;

/// Bad rounds from which on trouble counts.
const PATIENCE: u32 = 3;
/// What others told waits until the rounds of that time are told, so much of it: at ten seconds a span, half an hour.
const MOST_HEARD: usize = 180;

/// Finds outages in what is told in the order in which it happened.
#[derive(Clone, Default, Debug)]
pub struct Outages {
    /// The boot of all times here.
    boot: String,
    /// When the last thing happened in any family.
    last: Option<Time>,
    families: BTreeMap<Family, Watched>,
    /// What happened after the last round that is known, oldest first.
    heard: VecDeque<Heard>,
    names: Names,
    going_on: Option<GoingOn>,
    found: VecDeque<Outage>,
}

/// What others than the judge told.
#[derive(Clone, Debug)]
enum Heard {
    /// The firewall was brought to these links.
    InForce { at: Time, family: Family, links: Vec<String> },
    /// Names were asked for in this span of time.
    Names { from: Time, to: Time, answered: bool },
}

impl Outages {
    /// A family's record begins here, or goes on, in the boot of that name.
    pub fn handle_begin(&mut self, boot: &str, decider: &Decider) {
        let (family, at) = (decider.opening().family, decider.opening().at);
        let is_same_boot = self.boot == boot;
        if is_same_boot && self.families.get(&family).is_some_and(|known| known.decider.stands_as(decider)) {
            return;
        }
        if is_same_boot {
            self.note_pause(decider);
        } else {
            self.note_boot(boot, at);
        }
        self.last = self.last.max(Some(at));
        let before = self.families.remove(&family);
        self.families.insert(family, Watched::new(decider.clone(), before));
    }

    /// What happened next in a family that has begun.
    pub fn handle_entry(&mut self, family: Family, entry: &Entry) {
        let Some(watched) = self.families.get(&family) else { return };
        let at = entry.at(watched.decider.opening().interval);
        self.last = self.last.max(Some(at));
        self.take_heard(Some(at));
        // A gateway without IPv6 does not miss it.
        let anything_worked = family != Family::Ipv4 || self.anything_worked();
        if let Some(watched) = self.families.get_mut(&family) {
            watched.handle(entry, anything_worked);
        }
        if self.anything_worked() {
            self.miss_no_more(at);
        }
        self.gather(family, at);
        let forgotten = self.names.handle_wake(at);
        self.found.extend(forgotten);
    }

    /// The firewall was brought to these links, by interface.
    pub fn handle_commit(&mut self, at: Time, family: Family, links: Vec<String>) {
        self.hear(Heard::InForce { at, family, links });
    }

    /// In this span of time names were asked for often enough, and were answered or were not.
    pub fn handle_names(&mut self, from: Time, to: Time, answered: bool) {
        self.hear(Heard::Names { from, to, answered });
    }

    /// The boot ended, and nothing more is known of it.
    pub fn handle_boot_end(&mut self) {
        self.take_heard(None);
        self.end_episodes();
        let over = self.names.end(None);
        self.found.extend(over);
    }

    /// What is new of an outage.
    pub fn poll_output(&mut self) -> Option<Outage> {
        self.found.pop_front()
    }

    /// Nothing was ever told.
    pub fn is_blank(&self) -> bool {
        self.families.is_empty()
    }

    fn hear(&mut self, heard: Heard) {
        if self.heard.len() >= MOST_HEARD {
            // Rounds do not come: it counts as if it had happened with the last.
            self.apply_next();
        }
        self.heard.push_back(heard);
    }

    /// Takes what was told of the time before that.
    fn take_heard(&mut self, until: Option<Time>) {
        while self.heard.front().is_some_and(|heard| until.is_none_or(|until| heard.at() < until)) {
            self.apply_next();
        }
    }

    fn apply_next(&mut self) {
        match self.heard.pop_front() {
            None => {}
            Some(Heard::InForce { family, links, .. }) => {
                if let Some(watched) = self.families.get_mut(&family) {
                    watched.bring(&links);
                }
            }
            Some(Heard::Names { from, to, answered }) => {
                let may_choose = self.families.values().any(|watched| watched.decider.may_choose());
                let links_answer = may_choose && self.dead().0 == 0;
                let news = self.names.handle_span(from, to, answered, links_answer);
                self.found.extend(news);
            }
        }
    }

    /// The machine was booted: all of before is over, and its times mean nothing here.
    fn note_boot(&mut self, boot: &str, at: Time) {
        self.handle_boot_end();
        self.families.clear();
        let before = core::mem::replace(&mut self.boot, boot.into());
        if let Some(last) = self.last.take() {
            let trouble = Trouble { place: Place::Machine, link: None, is_out: true, begin: last, end: Some(at) };
            let outage = Outage::of(trouble, Noticed::NothingWorked, at);
            self.found.push_back(Outage { began_in: Some(before), ..outage });
        }
    }

    /// The record of this boot goes on with what this decider says, which may be later than where it ended.
    fn note_pause(&mut self, decider: &Decider) {
        let (opening, Some(last)) = (decider.opening(), self.last) else { return };
        let pause = opening.at.since(last);
        if pause < opening.interval.saturating_mul(PATIENCE) {
            return;
        }
        self.end_episodes();
        let passed =
            self.families.get(&opening.family).map_or(Duration::ZERO, |known| known.passed_until(opening.rounds));
        if passed.saturating_mul(2) < pause {
            let (begin, end) = (last, Some(opening.at));
            let trouble = Trouble { place: Place::Daemon, link: None, is_out: false, begin, end };
            self.found.push_back(Outage::of(trouble, Noticed::Nothing, opening.at));
        }
    }

    /// All troubles that go on are over, as far as will be known.
    fn end_episodes(&mut self) {
        self.families.values_mut().for_each(Watched::end_episodes);
        let families: Vec<Family> = self.families.keys().copied().collect();
        for family in families {
            self.gather(family, self.last.unwrap_or_default());
        }
    }

    /// Takes what counts of a family's troubles into the outage that goes on, and closes that when all are over.
    fn gather(&mut self, family: Family, now: Time) {
        let (dead_for, dead) = self.dead();
        let Some(watched) = self.families.get_mut(&family) else { return };
        let opening = watched.decider.opening();
        let mut left_choice = false;
        for (link, known) in watched.links.iter_mut().zip(&opening.links) {
            let Some(episode) = &mut link.episode else { continue };
            let is_over = episode.is_over(now);
            if episode.counts() {
                left_choice |= episode.left_choice;
                let going_on = self.going_on.get_or_insert_with(|| GoingOn::new(now));
                going_on.take_trouble((&known.name, family), episode, &known.targets, is_over);
            }
            if is_over {
                link.episode = None;
            }
        }
        let Some(going_on) = &mut self.going_on else { return };
        going_on.note_used(watched.used());
        going_on.note_dead(dead);
        let outage = &mut going_on.outage;
        if dead_for >= PATIENCE {
            outage.noticed = Noticed::NothingWorked;
        } else if left_choice {
            outage.noticed = outage.noticed.max(Noticed::OnTheSpare);
        }
        self.found.extend(going_on.news());
        if going_on.outage.end().is_some() {
            self.going_on = None;
        }
    }

    /// For how many rounds and how long nothing has worked in any family that ever did, or in IPv4 where nothing ever did.
    fn dead(&self) -> (u32, Duration) {
        let that_worked = self.families.values().filter(|watched| watched.worked());
        let first = || self.families.get(&Family::Ipv4).map(Watched::dead);
        that_worked.map(Watched::dead).min().or_else(first).unwrap_or_default()
    }

    fn anything_worked(&self) -> bool {
        self.families.values().any(Watched::worked)
    }

    /// Links that never were there are in no trouble any more.
    fn miss_no_more(&mut self, now: Time) {
        for (family, watched) in &mut self.families {
            for link in watched.miss_no_more() {
                if let Some(going_on) = &mut self.going_on {
                    going_on.forget_trouble((&link, *family), now);
                }
            }
        }
    }
}

impl Heard {
    fn at(&self) -> Time {
        match self {
            Self::InForce { at, .. } => *at,
            Self::Names { to, .. } => *to,
        }
    }
}
