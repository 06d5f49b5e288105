//! The selection: which Internet links new connections should use, decided once a round from who answered over which link.
//!
//! Once a round (1 s), per address family, over the links that may be used (present, not taken out):
//!
//! 1. count the targets that answered since the last send (any of a target's echoes will do);
//! 2. if no link got an answer, the round says nothing: the choice and every hold-down stand still;
//! 3. a link with fewer answers than the best is *unhealthy*; its hold-down is full again;
//! 4. a link with the best count has one round less to hold; at zero it is *healthy*;
//! 5. if no link is healthy, one is used all the same: of those in use the one that answered most, while that is more than half
//!    of what the best did and it was not behind three rounds running; else the best whose last fault is oldest, then the first
//!    configured;
//! 6. commit when, and only when, the choice changed.
//!
//! Why: the links are over-provisioned; a glitch announces another within the hour, so the hold-down is an hour of rounds.
//! Comparing links instead of judging each alone makes a target's outage (all lose it) different from a link's (one loses it).
//!
//! A link that loses its carrier, address or next hop is unhealthy, and its hold-down is full when it returns; one that was never
//! here before has nothing to hold. Where a switch would leave only metered links, a fault must last three rounds, and the
//! hold-down starts small and doubles with each further fault within a day. An operator's pin or out overrules the choice, not the
//! judging.

use super::standing::{Held, Settings, Standing};
use super::verdict::{LinkRound, LinkVerdict, Load, Order, Round, Verdict};
use super::{LinkId, Presence, explain};
use crate::coder::Coder;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Rounds a fault must last before it moves new connections to metered links alone, and before rule 5 gives up the link in use.
pub const PATIENCE: u32 = 3;

/// The selection of one address family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selector {
    pub(super) links: Vec<Standing>,
    pub(super) choice: BTreeSet<LinkId>,
    /// No link that may be used got an answer in the last judged round, or none was judged yet.
    pub(super) silent: bool,
    /// At least one round was judged.
    pub(super) judged: bool,
    /// Packets this host dropped unread during the last round.
    pub(super) host_dropped: u64,
    /// The choice was made by the first half of rule 5.
    pub(super) incumbent_stays: bool,
    rounds: u64,
}

impl Selector {
    /// A selection over links in configured order, with what was kept of them, the number of rounds so far and the last choice.
    pub fn new(links: impl IntoIterator<Item = (Settings, Held)>, rounds: u64, choice: &BTreeSet<LinkId>) -> Self {
        let links: Vec<Standing> =
            (0..).map(LinkId).zip(links).map(|(id, (settings, held))| Standing::new(id, settings, held)).collect();
        let known: BTreeSet<LinkId> = links.iter().map(|link| link.id).collect();
        let kept: BTreeSet<LinkId> = choice.intersection(&known).copied().collect();
        let choice = if kept.is_empty() { known } else { kept };
        Self { links, choice, silent: true, judged: false, host_dropped: 0, incumbent_stays: false, rounds }
    }

    /// Judges a finished round.
    pub fn handle_round(&mut self, round: &Round) -> Verdict {
        self.rounds = self.rounds.saturating_add(1);
        self.host_dropped = round.host_dropped;
        for (link, now) in self.links.iter_mut().zip(&round.links) {
            link.now = Some(if round.spoilt.is_some() { link.unjudged(now) } else { *now });
        }
        self.judge_presence();
        if round.spoilt.is_none() {
            let silent = self.usable().all(|(_, now)| now.answered.is_empty());
            (self.silent, self.judged) = (silent, true);
            if !silent {
                self.judge_counts();
            }
        }
        self.decide()
    }

    /// Takes a link that lost its carrier out at once, without waiting for the round's end.
    pub fn handle_loss(&mut self, id: LinkId, presence: Presence) -> Verdict {
        if let Some(now) = self.links.iter_mut().find(|link| link.id == id).and_then(|link| link.now.as_mut()) {
            now.presence = presence;
        }
        self.judge_presence();
        self.decide()
    }

    /// Applies what the operator ordered, at once; one entry a link.
    pub fn handle_orders(&mut self, orders: &[Option<Order>]) -> Verdict {
        for (link, order) in self.links.iter_mut().zip(orders) {
            if let Some(now) = &mut link.now {
                now.order = *order;
            }
        }
        self.decide()
    }

    /// Ends a link's hold-down now and goes on judging it.
    pub fn handle_retry(&mut self, id: LinkId) -> Verdict {
        for link in self.links.iter_mut().filter(|link| link.id == id) {
            // One that is behind right now must do one clean round first.
            link.held.hold = u32::from(link.behind_for > 0);
        }
        self.decide()
    }

    /// What must survive a restart, in configured order.
    pub fn held(&self) -> impl Iterator<Item = Held> {
        self.links.iter().map(|link| link.held)
    }

    /// Whether a round is over, judged or not.
    pub fn has_seen_a_round(&self) -> bool {
        self.links.iter().any(|link| link.now.is_some())
    }

    /// The links in use.
    pub fn choice(&self) -> &BTreeSet<LinkId> {
        &self.choice
    }

    /// Rounds so far.
    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Forgets what went over the links in the last round.
    pub(super) fn forget_traffic(&mut self) {
        self.links.iter_mut().filter_map(|link| link.now.as_mut()).for_each(|now| now.load = Load::default());
    }

    /// Gives all links another hold-down; what is left of a running one is longer or shorter by as much.
    pub(super) fn change_hold_down(&mut self, rounds: u32) {
        self.links.iter_mut().for_each(|link| link.change_hold_down(rounds));
    }

    /// Its state; a selection to read into must be of the same links, with what was kept of them.
    pub(crate) fn code(&mut self, coder: &mut impl Coder) {
        for flag in [&mut self.silent, &mut self.judged, &mut self.incumbent_stays] {
            coder.flag(flag);
        }
        coder.number(&mut self.host_dropped);
        self.links.iter_mut().for_each(|link| link.code(coder));
    }

    /// Links that may be used, each with what it did in the last round.
    pub(super) fn usable(&self) -> impl Iterator<Item = (&Standing, &LinkRound)> {
        self.links.iter().filter_map(|link| link.usable().map(|now| (link, now)))
    }

    /// Links that got more answers than this one where they can be compared.
    pub(super) fn outdone_by<'a>(&'a self, now: &'a LinkRound) -> impl Iterator<Item = LinkId> + 'a {
        self.usable().filter(|(_, other)| did_better(other, now)).map(|(other, _)| other.id)
    }

    /// Carrier, address or next hop gone: a fault for as long as it lasts, unless the link was never here.
    fn judge_presence(&mut self) {
        let gone: Vec<LinkId> = self.links.iter().filter(|link| link.is_gone()).map(|link| link.id).collect();
        let metered_alone = self.leaves_metered_alone(&gone);
        for link in &mut self.links {
            if link.is_gone() && link.held.seen {
                link.fault(self.rounds, metered_alone);
            }
            link.held.seen |= link.now.is_some_and(|now| now.presence == Presence::Present);
        }
    }

    /// Rules 3 and 4.
    fn judge_counts(&mut self) {
        let behind: Vec<LinkId> =
            self.usable().filter(|(_, now)| self.outdone_by(now).next().is_some()).map(|(link, _)| link.id).collect();
        let metered_alone = self.leaves_metered_alone(&behind);
        for link in self.links.iter_mut().filter(|link| link.usable().is_some()) {
            if behind.contains(&link.id) {
                link.behind_for = link.behind_for.saturating_add(1);
                let would_switch = metered_alone && self.choice.contains(&link.id);
                if !would_switch || link.behind_for >= PATIENCE {
                    link.fault(self.rounds, metered_alone);
                }
            } else if link.counts_as_best() {
                link.clean_round();
            }
        }
    }

    /// Whether new connections would be left with metered links alone if `lost` were not healthy.
    fn leaves_metered_alone(&self, lost: &[LinkId]) -> bool {
        let mut left = self.usable().filter(|(link, _)| link.held.hold == 0 && !lost.contains(&link.id)).peekable();
        left.peek().is_some() && left.all(|(link, _)| link.settings.metered)
    }

    /// Chooses (rule 6: and says whether that changed), with a reason for every link.
    fn decide(&mut self) -> Verdict {
        let choice = self.choose();
        let changed = choice != self.choice;
        self.choice = choice;
        for link in &mut self.links {
            link.note_leave(self.choice.contains(&link.id), self.silent);
        }
        let links: Vec<LinkVerdict> = self.links.iter().map(|link| explain::verdict_on(self, link)).collect();
        Verdict { round: self.rounds, choice: self.choice.clone(), changed, silent: self.silent, links }
    }

    /// The links new connections should use: the pinned, else the healthy, else by rule 5.
    fn choose(&mut self) -> BTreeSet<LinkId> {
        let pinned: BTreeSet<LinkId> =
            self.links.iter().filter(|link| link.order() == Some(Order::Pin)).map(|link| link.id).collect();
        if !pinned.is_empty() {
            return pinned;
        }
        let in_use: BTreeSet<LinkId> =
            self.usable().map(|(link, _)| link.id).filter(|id| self.choice.contains(id)).collect();
        if self.silent && !in_use.is_empty() {
            return in_use;
        }
        let healthy: BTreeSet<LinkId> =
            self.usable().filter(|(link, _)| link.held.hold == 0).map(|(link, _)| link.id).collect();
        if !healthy.is_empty() {
            return healthy;
        }
        let incumbent = self.incumbent();
        self.incumbent_stays = incumbent.is_some();
        incumbent.or_else(|| self.sole_best()).map_or_else(|| self.choice.clone(), |id| BTreeSet::from([id]))
    }

    /// Rule 5, first half: of those in use the one that answered most, while it is good enough.
    fn incumbent(&self) -> Option<LinkId> {
        let (_, best) = self.usable().max_by(|(_, a), (_, b)| by_share(a, b))?;
        let in_use = self.usable().filter(|(link, _)| self.choice.contains(&link.id));
        let (link, now) =
            in_use.max_by(|(a, a_did), (b, b_did)| by_share(a_did, b_did).then_with(|| b.by_oldest_fault(a)))?;
        (more_than_half(now, best) && link.behind_for < PATIENCE).then_some(link.id)
    }

    /// Rule 5, second half: of the best, the one whose last fault is oldest, then the first configured.
    fn sole_best(&self) -> Option<LinkId> {
        let first =
            self.usable().min_by(|(a, a_did), (b, b_did)| by_share(b_did, a_did).then_with(|| a.by_oldest_fault(b)));
        first.map(|(link, _)| link.id)
    }
}

/// Whether `a` got more answers than `b` from the targets both were asked for; links with targets of their own compare shares.
fn did_better(a: &LinkRound, b: &LinkRound) -> bool {
    if a.list == b.list {
        let both = a.asked.and(b.asked);
        return a.answered.and(both).len() > b.answered.and(both).len();
    }
    !a.asked.is_empty() && !b.asked.is_empty() && by_share(a, b) == Ordering::Greater
}

/// Orders by the share of asked targets that answered; a link that was not asked has none.
fn by_share(a: &LinkRound, b: &LinkRound) -> Ordering {
    let answered_over = |this: &LinkRound, of: &LinkRound| {
        u64::from(this.answered.len()).saturating_mul(u64::from(of.asked.len().max(1)))
    };
    answered_over(a, b).cmp(&answered_over(b, a))
}

/// Whether `a` answered more than half of what `best` did.
fn more_than_half(a: &LinkRound, best: &LinkRound) -> bool {
    let answered_over = |this: &LinkRound, of: &LinkRound| {
        u64::from(this.answered.len()).saturating_mul(u64::from(of.asked.len().max(1)))
    };
    answered_over(a, best).saturating_mul(2) > answered_over(best, a)
}

#[cfg(test)]
mod tests;
