//! One link's standing in the selection: what it did last, what it has to hold, how it leaves.

use super::verdict::{LinkRound, Order};
use super::{Leave, LinkId, Presence, Targets};
use crate::coder::Coder;
use core::cmp::Ordering;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// A link's settings, all durations in rounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Traffic over it is paid for.
    pub metered: bool,
    /// Clean rounds after a fault until it is healthy again: the hour.
    pub hold_down: u32,
    /// The hold-down after a first fault that left only metered links: five minutes.
    pub short_hold_down: u32,
    /// How long a fault counts for the doubling of that: a day.
    pub memory: u32,
}

/// A span of time in rounds of this length, the last one begun counting.
pub fn rounds(time: Duration, interval: Duration) -> u32 {
    u32::try_from(time.as_nanos().div_ceil(interval.as_nanos().max(1))).unwrap_or(u32::MAX)
}

/// What must survive a restart of a link's history.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Held {
    /// Judged rounds left to hold.
    pub hold: u32,
    /// The round of its last fault.
    pub last_fault: Option<u64>,
    /// Earlier faults, each within memory of the next.
    pub earlier_faults: u32,
    /// It was present once since this machine booted.
    pub seen: bool,
}

impl Held {
    /// Its fields.
    pub(crate) fn code(&mut self, coder: &mut impl Coder) {
        coder.small(&mut self.hold);
        coder.option(&mut self.last_fault, 0, Coder::number);
        coder.small(&mut self.earlier_faults);
        coder.flag(&mut self.seen);
    }
}

/// A link as the selection knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub(super) id: LinkId,
    pub(super) settings: Settings,
    pub(super) held: Held,
    /// What it did in the last round; none before the first.
    pub(super) now: Option<LinkRound>,
    /// Rounds behind without a break.
    pub(super) behind_for: u32,
    pub(super) leave: Leave,
    /// The fault it has goes on: no clean round since.
    in_fault: bool,
}

impl Standing {
    /// A link of which no round is known yet.
    pub fn new(id: LinkId, settings: Settings, held: Held) -> Self {
        let held = Held { hold: held.hold.min(settings.hold_down), ..held };
        Self { id, settings, held, now: None, behind_for: 0, leave: Leave::Drain, in_fault: false }
    }

    /// What it did in the last round, if it may be used: present and not taken out.
    pub(super) fn usable(&self) -> Option<&LinkRound> {
        self.now.as_ref().filter(|now| now.presence == Presence::Present && now.order != Some(Order::Out))
    }

    /// A round that is recorded and not judged: presence, order and load are new, what was answered is as in the last judged one.
    pub(super) fn unjudged(&self, now: &LinkRound) -> LinkRound {
        let nothing =
            LinkRound { asked: Targets::NONE, answered: Targets::NONE, fell_silent: false, resting: false, ..*now };
        LinkRound { presence: now.presence, order: now.order, load: now.load, ..self.now.unwrap_or(nothing) }
    }

    /// What the operator ordered about it.
    pub(super) fn order(&self) -> Option<Order> {
        self.now.and_then(|now| now.order)
    }

    /// Something it needs is missing.
    pub(super) fn is_gone(&self) -> bool {
        self.now.is_some_and(|now| now.presence != Presence::Present)
    }

    /// Asked and not behind; or a resting spare that was not behind when it was last asked.
    pub(super) fn counts_as_best(&self) -> bool {
        self.now.is_some_and(|now| !now.asked.is_empty() || (now.resting && self.behind_for == 0))
    }

    /// A round with the best count: one less to hold.
    pub(super) fn clean_round(&mut self) {
        self.behind_for = 0;
        self.in_fault = false;
        self.held.hold = self.held.hold.saturating_sub(1);
    }

    /// A fault, or one that goes on: the hold-down is full again. Where it leaves only metered links it is short, and doubled for
    /// each earlier fault within memory.
    pub(super) fn fault(&mut self, round: u64, leaves_metered_alone: bool) {
        if !self.in_fault {
            let remembered =
                self.held.last_fault.is_some_and(|at| round.saturating_sub(at) < u64::from(self.settings.memory));
            self.held.earlier_faults = if remembered { self.held.earlier_faults.saturating_add(1) } else { 0 };
        }
        self.in_fault = true;
        self.held.last_fault = Some(round);
        let doubled = self
            .settings
            .short_hold_down
            .saturating_mul(1_u32.checked_shl(self.held.earlier_faults).unwrap_or(u32::MAX));
        self.held.hold =
            if leaves_metered_alone { doubled.min(self.settings.hold_down) } else { self.settings.hold_down };
    }

    /// Drain while it answers something, cut once it answers nothing; a cut stays one until the link is back.
    pub(super) fn note_leave(&mut self, enabled: bool, silent: bool) {
        let answers_nothing = self.now.is_some_and(|now| !silent && now.fell_silent);
        if enabled {
            self.leave = Leave::Drain;
        } else if self.is_gone() || answers_nothing {
            self.leave = Leave::Cut;
        }
    }

    /// Gives it another hold-down; what is left of a running one is longer or shorter by as much.
    pub(super) fn change_hold_down(&mut self, rounds: u32) {
        let before = core::mem::replace(&mut self.settings.hold_down, rounds);
        if self.held.hold > 0 {
            self.held.hold = self.held.hold.saturating_add(rounds).saturating_sub(before);
        }
    }

    /// Its state beside what must survive a restart.
    pub(super) fn code(&mut self, coder: &mut impl Coder) {
        coder.option(&mut self.now, LinkRound::BLANK, |coder, now| now.code(coder));
        coder.small(&mut self.behind_for);
        coder.one_of(&mut self.leave, &[Leave::Drain, Leave::Cut]);
        coder.flag(&mut self.in_fault);
    }

    /// The one whose last fault is oldest first, then the first configured.
    pub(super) fn by_oldest_fault(&self, other: &Self) -> Ordering {
        self.held.last_fault.cmp(&other.held.last_fault).then(self.id.cmp(&other.id))
    }
}
