//! The replay: what was decided is decided again from what was recorded, and beside it what other settings would have decided.
//!
//! Both sides run the very code that decided. With the recorded settings both say the same; where they do not, the record is not
//! of this code. Another hold-down holds as if it had been so from each fault on. Fewer echoes are the first of those that were
//! sent. A longer interval is so many recorded rounds, of which the last one speaks for all.
//!
//! A second is dead for a choice when nothing it uses answered in it while another link did: a better choice was possible. All
//! recorded echoes tell that, whatever the settings.

use crate::link::decide::{Decider, Entry, Observed, OpenLink, Opening};
use crate::link::echoes::{self, Echoes};
use crate::link::standing::Held;
use crate::link::verdict::{Order, Verdict};
use crate::link::{Family, LinkId, Presence, Targets};
use crate::time::Time;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// No more changes are listed: 400 days with one every hour.
const MOST_CHANGES: usize = 10_000;

/// Which settings are to be other than recorded.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Wish {
    /// How long links sit out after a fault.
    pub hold_down: Option<Duration>,
    /// How many of each target's echoes count.
    pub echoes: Option<u8>,
    /// How many recorded rounds make one; 0 and 1 leave them as they are.
    pub every: u32,
}

/// A link came into the choice or left it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// When.
    pub at: Time,
    /// In which family.
    pub family: Family,
    /// Its interface.
    pub link: String,
    /// It is in the choice from now on.
    pub enabled: bool,
}

/// What one side came to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Side {
    /// Changes of the choice, oldest first, at most 10,000.
    pub changes: Vec<Change>,
    /// Changes beyond those.
    pub left_out: u64,
    /// Time in which nothing of the choice answered while another link did, of the family that had more of it.
    pub dead: Duration,
}

/// A replay under way.
#[derive(Clone, Default, Debug)]
pub struct Replay {
    wish: Wish,
    families: BTreeMap<Family, Both>,
    rounds: u64,
}

/// One family as it was, and as it would have been.
#[derive(Clone, Debug)]
struct Both {
    recorded: Run,
    replayed: Run,
    /// Recorded rounds since the last one that was replayed.
    waited: u32,
}

#[derive(Clone, Debug)]
struct Run {
    decider: Decider,
    verdict: Option<Verdict>,
    side: Side,
}

impl Replay {
    /// A replay with these settings.
    pub fn new(wish: Wish) -> Self {
        Self { wish, ..Self::default() }
    }

    /// A block begins, or the relay said where the decisions stood. One that only goes on changes nothing.
    pub fn begin(&mut self, decider: &Decider) {
        let family = decider.opening().family;
        match self.families.get_mut(&family) {
            Some(both) if both.recorded.decider.stands_as(decider) => {}
            Some(both) => {
                let before = both.replayed.decider.beginning(Time::BOOT);
                both.replayed.decider = self.wish.decider(decider, Some(before.opening()));
                both.recorded.decider = decider.clone();
                both.waited = 0;
            }
            None => {
                let replayed = Run::new(self.wish.decider(decider, None));
                self.families.insert(family, Both { recorded: Run::new(decider.clone()), replayed, waited: 0 });
            }
        }
    }

    /// What happened next in a family; one that has not begun says nothing.
    pub fn handle(&mut self, family: Family, entry: &Entry) {
        let Some(both) = self.families.get_mut(&family) else { return };
        let opening = both.recorded.decider.opening();
        let (at, interval) = (entry.at(opening.interval), opening.interval);
        let Entry::Round(round) = entry else {
            both.recorded.handle(entry, at);
            both.replayed.handle(entry, at);
            return;
        };
        self.rounds = self.rounds.saturating_add(1);
        both.recorded.note_dead(round, interval);
        both.replayed.note_dead(round, interval);
        both.recorded.handle(entry, at);
        both.waited = both.waited.saturating_add(1);
        if both.waited >= self.wish.every {
            both.waited = 0;
            both.replayed.handle(&Entry::Round(self.wish.round(round)), at);
        }
    }

    /// Rounds replayed.
    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// What was decided.
    pub fn recorded(&self) -> Side {
        merged(self.families.values().map(|both| &both.recorded.side))
    }

    /// What would have been decided.
    pub fn replayed(&self) -> Side {
        merged(self.families.values().map(|both| &both.replayed.side))
    }

    /// The last verdict on a family, as it was and as it would have been; none before its first entry.
    pub fn verdicts(&self, family: Family) -> Option<(&Verdict, &Verdict)> {
        let both = self.families.get(&family)?;
        Some((both.recorded.verdict.as_ref()?, both.replayed.verdict.as_ref()?))
    }

    /// The links of a family, in the order of its verdicts.
    pub fn links(&self, family: Family) -> &[OpenLink] {
        self.families.get(&family).map_or(&[], |both| &both.recorded.decider.opening().links)
    }
}

impl Wish {
    /// Whether all is to be as recorded.
    fn is_none(self) -> bool {
        self.hold_down.is_none() && self.echoes.is_none() && self.every <= 1
    }

    /// The decider that goes on from a recorded one with these settings, and from what it had itself decided `before`.
    fn decider(self, recorded: &Decider, before: Option<&Opening>) -> Decider {
        match (before, self.hold_down) {
            _ if self.is_none() => recorded.clone(),
            (None, None) if self.every <= 1 => recorded.clone(),
            (None, Some(hold_down)) if self.every <= 1 => recorded.with_hold_down(hold_down),
            _ => Decider::new(self.opening(recorded.opening().clone(), before)),
        }
    }

    /// A recorded opening with these settings. What links hold and which are in use is as it was `before`, where that is known.
    fn opening(self, mut opening: Opening, before: Option<&Opening>) -> Opening {
        let every = self.every.max(1);
        opening.interval = opening.interval.saturating_mul(every);
        opening.rounds = opening.rounds.checked_div(every.into()).unwrap_or(0);
        for link in &mut opening.links {
            link.hold_down = self.hold_down.unwrap_or(link.hold_down);
            link.held.hold = link.held.hold.div_ceil(every);
            link.held.last_fault = link.held.last_fault.and_then(|round| round.checked_div(every.into()));
            let known = before.and_then(|before| before.links.iter().find(|known| known.name == link.name));
            if let Some(known) = known {
                link.held = Held { seen: link.held.seen, ..known.held };
                link.chosen = known.chosen;
            }
        }
        if let Some(before) = before {
            opening.rounds = before.rounds;
        }
        opening
    }

    /// What would have been seen of a recorded round.
    fn round(self, round: &Observed) -> Observed {
        let mut round = round.clone();
        if let Some(count) = self.echoes {
            let counted = |echoes: &mut Echoes| {
                echoes.sent = echoes.sent.min(count);
                echoes.answered &= Targets::first(count.into()).0;
            };
            round.links.iter_mut().flat_map(|did| &mut did.echoes).for_each(counted);
        }
        round
    }
}

impl Run {
    fn new(decider: Decider) -> Self {
        Self { decider, verdict: None, side: Side::default() }
    }

    fn handle(&mut self, entry: &Entry, at: Time) {
        let before = self.decider.selector().choice().clone();
        let verdict = self.decider.handle(entry).verdict;
        if verdict.changed && self.decider.may_choose() {
            self.note_changes(&before, &verdict.choice, at);
        }
        self.verdict = Some(verdict);
    }

    fn note_changes(&mut self, before: &BTreeSet<LinkId>, after: &BTreeSet<LinkId>, at: Time) {
        let opening = self.decider.opening();
        for (id, link) in (0..).map(LinkId).zip(&opening.links) {
            let enabled = after.contains(&id);
            if enabled == before.contains(&id) {
                continue;
            }
            if self.side.changes.len() == MOST_CHANGES {
                self.side.left_out = self.side.left_out.saturating_add(1);
                continue;
            }
            let (family, link) = (opening.family, link.name.clone());
            self.side.changes.push(Change { at, family, link, enabled });
        }
    }

    /// Takes note of a round in which the choice it began with was of no use while another link was.
    fn note_dead(&mut self, round: &Observed, interval: Duration) {
        let answering: BTreeSet<LinkId> = answering(round).collect();
        let of_use = answering.intersection(self.decider.selector().choice()).next().is_some();
        if !of_use && !answering.is_empty() {
            self.side.dead = self.side.dead.saturating_add(interval);
        }
    }
}

/// Links that may be used and over which anything answered.
pub(super) fn answering(round: &Observed) -> impl Iterator<Item = LinkId> + '_ {
    (0..).map(LinkId).zip(&round.links).filter_map(|(id, did)| {
        let may_be_used = did.presence == Presence::Present && did.order != Some(Order::Out);
        (may_be_used && !echoes::answered(&did.echoes).is_empty()).then_some(id)
    })
}

/// Both families together, oldest change first.
fn merged<'a>(sides: impl Iterator<Item = &'a Side>) -> Side {
    let mut sum = Side::default();
    for side in sides {
        sum.changes.extend_from_slice(&side.changes);
        sum.left_out = sum.left_out.saturating_add(side.left_out);
        sum.dead = sum.dead.max(side.dead);
    }
    sum.changes.sort_by(|a, b| (a.at, a.family, &a.link).cmp(&(b.at, b.family, &b.link)));
    sum
}

#[cfg(test)]
mod tests;
