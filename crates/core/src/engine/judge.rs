//! One address family's rooms, and what a finished round does in each.

use super::way::Way;
use super::{Event, Kept, LinkSettings, Settings};
use crate::commit::Choice;
use crate::link::decide::{Decider, Decision, Did, Entry, Observed, OpenLink, Opening};
use crate::link::presence::Path;
use crate::link::probe::{Course, Effort, Fate, LATE, Probe};
use crate::link::score::Change;
use crate::link::standing::Held;
use crate::link::verdict::{Code, LinkVerdict, Load, Order, Spoilt, Verdict};
use crate::link::{Family, LinkId, Presence, metered};
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

/// How many rounds running a link's failing sends spoil: a queue that stays full is the link's fault, not ours.
pub(super) const FORGIVEN_SEND_FAILURES: u32 = 10;
/// One family's rooms.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub(super) family: Family,
    pub(super) probe: Probe,
    pub(super) decider: Decider,
    pub(super) ways: Vec<Way>,
    pub(super) chosen: Option<Choice>,
    pub(super) verdict: Option<Verdict>,
    pub(super) spoilt: Option<Spoilt>,
    /// Why the last round was not judged, as the operator was told.
    pub(super) said: Option<Spoilt>,
    pub(super) failed: BTreeSet<LinkId>,
    pub(super) failing_for: BTreeMap<LinkId, u32>,
    pub(super) fates: BTreeMap<Fate, u64>,
}

impl Judge {
    pub(super) fn new(opening: Opening, settings: &Settings, now: Time) -> Self {
        let family = opening.family;
        let courses: Vec<Course> = settings.links.iter().map(|link| link.course(family).clone()).collect();
        Self {
            family,
            probe: Probe::new(family, settings.key, settings.interval, courses),
            decider: Decider::new(opening),
            ways: settings.links.iter().map(|_| Way::new(now)).collect(),
            chosen: None,
            verdict: None,
            spoilt: None,
            said: None,
            failed: BTreeSet::new(),
            failing_for: BTreeMap::new(),
            fates: BTreeMap::new(),
        }
    }

    pub(super) fn way(&mut self, link: LinkId) -> Option<&mut Way> {
        self.ways.get_mut(usize::from(link.0))
    }

    /// Counts what became of a reply.
    pub(super) fn count(&mut self, fate: Fate) {
        let count = self.fates.entry(fate).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes note of how late we were for something that was due.
    pub(super) fn note_lateness(&mut self, due: Option<Time>, now: Time) {
        if due.is_some_and(|due| now.since(due) > LATE) {
            self.spoilt = Some(Spoilt::Late);
        }
    }

    /// Takes note of a path; says whether it changed.
    pub(super) fn handle_path(&mut self, link: LinkId, path: Path, now: Time) -> bool {
        let Some(way) = self.way(link).filter(|way| way.path != path) else { return false };
        way.path = path;
        way.since = now;
        (way.asked, way.heard, way.unanswered) = (None, None, 0);
        self.probe.handle_path_change(link);
        true
    }

    /// What was seen in the round that began then and is over.
    pub(super) fn observe(&mut self, at: Time, loads: &[Load], orders: &[Option<Order>], host_dropped: u64) -> Entry {
        let by_sends = self.spoilt_by_sends();
        let spoilt = self.spoilt.take().or(by_sends);
        let mut links = Vec::new();
        for (place, (did, way)) in self.probe.finished().into_iter().zip(&mut self.ways).enumerate() {
            way.note_round(&did);
            links.push(Did {
                presence: way.path.presence,
                order: orders.get(place).copied().flatten(),
                resting: way.spare.is_resting(),
                next_hop: way.next_hop(),
                load: loads.get(place).copied().unwrap_or_default(),
                echoes: did.echoes,
            });
        }
        Entry::Round(Observed { at, spoilt, host_dropped, links })
    }

    /// What the operator would like to know of a decision, beside the switch itself.
    pub(super) fn news(&mut self, entry: &Entry, decision: &Decision) -> Vec<Event> {
        if !matches!(entry, Entry::Round(_)) {
            return Vec::new();
        }
        // Said once, however many rounds it lasts.
        let news = decision.spoilt.filter(|_| decision.spoilt != self.said);
        self.said = decision.spoilt;
        let named = |change: &Change| {
            let course = self.probe.courses().iter().find(|course| course.list == change.list)?;
            let target = *course.targets.get(change.target)?;
            Some(match change.left_because_of {
                Some(link) => Event::TargetLeft(self.family, target, link),
                None => Event::TargetReturned(self.family, target),
            })
        };
        let spoilt = news.map(|spoilt| Event::Spoilt(self.family, spoilt));
        spoilt.into_iter().chain(decision.changes.iter().filter_map(named)).collect()
    }

    /// Whether failed sends spoil the round: not when the same link's have failed for long.
    pub(super) fn spoilt_by_sends(&mut self) -> Option<Spoilt> {
        let failed = core::mem::take(&mut self.failed);
        self.failing_for.retain(|link, _| failed.contains(link));
        let mut spoilt = None;
        for link in failed {
            let times = self.failing_for.entry(link).or_default();
            *times = times.saturating_add(1);
            if *times <= FORGIVEN_SEND_FAILURES {
                spoilt = Some(Spoilt::SendFailed);
            }
        }
        spoilt
    }

    /// Links whose next hop has just gone from where it was.
    pub(super) fn lost_next_hops(&self) -> Vec<LinkId> {
        let ways = (0..).map(LinkId).zip(&self.ways);
        ways.filter(|(_, way)| way.has_lost_next_hop()).map(|(link, _)| link).collect()
    }

    /// Links whose next hop is to be asked whether it is there.
    pub(super) fn questions(&mut self, now: Time) -> Vec<LinkId> {
        (0..).map(LinkId).zip(&mut self.ways).filter_map(|(link, way)| way.asks_next_hop(now).then_some(link)).collect()
    }

    /// Which links are there.
    pub(super) fn present(&self) -> Vec<bool> {
        self.ways.iter().map(|way| way.path.presence == Presence::Present).collect()
    }

    /// How much each link is asked in the round that begins.
    pub(super) fn efforts(
        &mut self,
        links: &[LinkSettings],
        both: &[bool],
        interval: Duration,
        now: Time,
    ) -> Vec<Effort> {
        let at_their_best = self.unmetered_are_at_their_best(links);
        let mut efforts = Vec::new();
        for (((link, way), course), &both) in links.iter().zip(&mut self.ways).zip(self.probe.courses()).zip(both) {
            let counting = self.decider.score().counting(course.list);
            let rests = link.metered && at_their_best && way.answered_all(counting);
            let effort = way.spare.handle_turn(rests, counting, metered::period(interval, both));
            efforts.push(if way.is_ready(now) { effort } else { Effort::Nothing });
        }
        efforts
    }

    /// Whether every unmetered link that may be used is healthy and answered all it was asked, and there is one.
    fn unmetered_are_at_their_best(&self, settings: &[LinkSettings]) -> bool {
        let Some(verdict) = &self.verdict else { return false };
        let links = settings.iter().zip(&verdict.links).zip(&self.ways);
        let may_be_used = |link: &LinkVerdict, way: &Way| {
            way.path.presence == Presence::Present && link.reason.code != Code::TakenOut
        };
        let mut unmetered = links
            .filter(|((settings, link), way)| !settings.metered && may_be_used(link, way))
            .map(|((_, link), _)| link)
            .peekable();
        let at_best = |link: &LinkVerdict| link.healthy && link.reason.expected > 0 && link.reason.missed.is_empty();
        unmetered.peek().is_some() && unmetered.all(at_best)
    }

    pub(super) fn note_changes(&mut self, verdict: &Verdict, now: Time) {
        let Some(before) = &self.verdict else { return };
        for ((was, is), way) in before.links.iter().zip(&verdict.links).zip(&mut self.ways) {
            if (was.healthy, was.enabled) != (is.healthy, is.enabled) {
                way.changed = now;
            }
            if was.enabled != is.enabled {
                way.tally.note_switch(is.enabled);
            }
        }
    }
}

/// What a family's decisions begin with.
pub(super) fn opening(family: Family, settings: &Settings, kept: Option<&Kept>, same_boot: bool, now: Time) -> Opening {
    let (rounds, choice) = kept.map(|kept| kept.choice(family, settings)).unwrap_or_default();
    let link = |(id, link): (LinkId, &LinkSettings)| {
        let held = kept.and_then(|kept| kept.held(&link.name, family)).unwrap_or_default();
        let course = link.course(family);
        OpenLink {
            name: link.name.clone(),
            metered: link.metered,
            hold_down: link.hold_down,
            list: course.list,
            targets: course.targets.clone(),
            echoes: course.echoes,
            held: Held { seen: held.seen && same_boot, ..held },
            chosen: choice.contains(&id),
        }
    };
    let links = (0..).map(LinkId).zip(&settings.links).map(link).collect();
    Opening { family, at: now, interval: settings.interval, links, rounds }
}
