//! One family as outages see it: its decider, what the firewall was brought to, and the trouble each link is in.

use super::episode::{Episode, Sign};
use crate::history::replay::answering;
use crate::link::decide::{Decider, Entry, Observed};
use crate::link::{LinkId, Presence};
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// Rounds in which nothing was there, since the first, until its links are in trouble: what boots gets its addresses meanwhile.
const GETS_READY: u32 = 60;

/// One family.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) decider: Decider,
    /// What the firewall was brought to; none if that is not told.
    pub(super) in_force: Option<BTreeSet<LinkId>>,
    /// Rounds without a break in which nothing answered over what is in force.
    pub(super) dead_for: u32,
    pub(super) links: Vec<Link>,
}

/// One link of it.
#[derive(Clone, Default, Debug)]
pub(super) struct Link {
    /// It was there.
    pub(super) seen: bool,
    pub(super) episode: Option<Episode>,
}

impl Watched {
    /// A family that stands as this decider, after it stood as it did `before`.
    pub(super) fn new(decider: Decider, before: Option<Self>) -> Self {
        let of_before = |name: &str| before.as_ref().and_then(|before| before.link(name));
        let link = |link: &crate::link::decide::OpenLink| Link {
            seen: link.held.seen,
            episode: of_before(&link.name).and_then(|link| link.episode.clone()),
        };
        let links = decider.opening().links.iter().map(link).collect();
        let mut watched = Self { decider, in_force: None, dead_for: 0, links };
        watched.in_force = before.and_then(|before| before.in_force.filter(|_| watched.has_links_of(&before.decider)));
        watched
    }

    /// Takes note of what happened next. Where nothing ever worked in any family, links that never were there are missed too.
    pub(super) fn handle(&mut self, entry: &Entry, anything_worked: bool) {
        let at = entry.at(self.decider.opening().interval);
        let chosen = self.decider.selector().choice().clone();
        let in_force = self.in_force.clone().unwrap_or_else(|| chosen.clone());
        let decision = self.decider.handle(entry);
        let verdict = decision.verdict;
        match entry {
            Entry::Round(round) if decision.spoilt.is_none() => {
                self.note_dead(round, &in_force);
                let is_missed = !anything_worked && self.dead_for >= GETS_READY;
                let dead = self.dead().1;
                for ((link, did), on_link) in self.links.iter_mut().zip(&round.links).zip(&verdict.links) {
                    link.seen |= did.presence == Presence::Present;
                    let sign = Sign::of(did, &on_link.reason);
                    if link.seen {
                        link.note(sign, round.at, at);
                    } else if is_missed {
                        link.note(sign, at - dead, at);
                    }
                }
            }
            Entry::Lost(_, id, _) => {
                if let Some(link) = self.links.get_mut(usize::from(id.0)).filter(|link| link.seen) {
                    link.note(Sign::Cable, at, at);
                }
            }
            Entry::Round(_) | Entry::Orders(..) | Entry::Retry(..) => {}
        }
        for (id, link) in (0..).map(LinkId).zip(&mut self.links) {
            if let Some(episode) = &mut link.episode {
                episode.left_choice |= chosen.contains(&id) && !verdict.choice.contains(&id);
            }
        }
    }

    /// The firewall was brought to these links.
    pub(super) fn bring(&mut self, names: &[String]) {
        let links = (0..).map(LinkId).zip(&self.decider.opening().links);
        self.in_force = Some(links.filter(|(_, link)| names.contains(&link.name)).map(|(id, _)| id).collect());
    }

    /// The links in the choice that ever were there: at the beginning all are in it.
    pub(super) fn used(&self) -> impl Iterator<Item = &String> {
        let choice = self.decider.selector().choice();
        let links = (0..).map(LinkId).zip(&self.links).zip(&self.decider.opening().links);
        links.filter(|((id, link), _)| link.seen && choice.contains(id)).map(|(_, known)| &known.name)
    }

    /// Nothing more will be known of any trouble.
    pub(super) fn end_episodes(&mut self) {
        self.links.iter_mut().filter_map(|link| link.episode.as_mut()).for_each(Episode::end);
        self.dead_for = 0;
    }

    /// Something works: what never was there is missed by nobody; the links in trouble for that.
    pub(super) fn miss_no_more(&mut self) -> Vec<String> {
        let links = self.links.iter_mut().zip(&self.decider.opening().links);
        let missed = links.filter(|(link, _)| !link.seen).filter_map(|(link, known)| {
            link.episode.take()?;
            Some(known.name.clone())
        });
        missed.collect()
    }

    /// Whether it ever worked.
    pub(super) fn worked(&self) -> bool {
        self.links.iter().any(|link| link.seen)
    }

    /// For how many rounds and how long nothing has worked.
    pub(super) fn dead(&self) -> (u32, Duration) {
        (self.dead_for, self.decider.opening().interval.saturating_mul(self.dead_for))
    }

    /// How much time went by in rounds until `rounds` were counted.
    pub(super) fn passed_until(&self, rounds: u64) -> Duration {
        let counted = rounds.saturating_sub(self.decider.selector().rounds());
        self.decider.opening().interval.saturating_mul(u32::try_from(counted).unwrap_or(u32::MAX))
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
    fn note(&mut self, sign: Sign, from: Time, to: Time) {
        match &mut self.episode {
            Some(episode) => episode.note(sign, to),
            None => self.episode = Episode::begin(sign, from, to),
        }
    }
}
