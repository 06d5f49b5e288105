//! A link's way out in one family: its path, whether its next hop was heard, what it answered last.

use crate::link::decide::Neighbour;
use crate::link::echoes;
use crate::link::metered::{self, Spare};
use crate::link::presence::{NextHop, Path};
use crate::link::probe::Finished;
use crate::link::recent::Recent;
use crate::link::tally::Tally;
use crate::link::{Presence, Targets};
use crate::time::Time;
use core::time::Duration;

/// How long a new path may take to find its next hop before its silence counts.
const RESOLVE: Duration = Duration::from_secs(3);
/// Questions, a second apart, that a next hop may leave unanswered before it counts as gone from where it was: the kernel, which
/// has to find it too, gives up sooner.
const UNANSWERED: u32 = 5;
/// How often a next hop is asked whether it is there.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// A link's path, and what is known of its use.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) path: Path,
    pub(super) since: Time,
    pub(super) asked: Option<Time>,
    pub(super) heard: Option<Time>,
    /// Questions asked since then.
    pub(super) unanswered: u32,
    pub(super) answered_last: Targets,
    pub(super) asked_last: Targets,
    pub(super) spare: Spare,
    pub(super) recent: Recent,
    pub(super) tally: Tally,
    pub(super) changed: Time,
}

impl Way {
    pub(super) fn new(now: Time) -> Self {
        Self {
            path: Path::UNKNOWN,
            since: now,
            asked: None,
            heard: None,
            unanswered: 0,
            answered_last: Targets::NONE,
            asked_last: Targets::NONE,
            spare: Spare::default(),
            recent: Recent::default(),
            tally: Tally::default(),
            changed: now,
        }
    }

    /// Whether echoes can be sent: its next hop is found, or had long enough to be.
    pub(super) fn is_ready(&self, now: Time) -> bool {
        let found = self.heard.is_some() || self.path.next_hop == Some(NextHop::PointToPoint);
        self.path.presence == Presence::Present && (found || now.since(self.since) >= RESOLVE)
    }

    /// Whether it was asked before, and the targets that count all answered then.
    pub(super) fn answered_all(&self, counting: Targets) -> bool {
        !self.asked_last.is_empty() && self.asked_last.and(counting).without(self.answered_last).is_empty()
    }

    /// Its next hop is there.
    pub(super) fn hear_next_hop(&mut self, now: Time) {
        self.heard = Some(now);
        self.unanswered = 0;
    }

    /// Whether its next hop answered what it was last asked.
    pub(super) fn next_hop(&self) -> Neighbour {
        match self.heard {
            _ if self.unanswered > 0 => Neighbour::Silent,
            Some(_) => Neighbour::Answers,
            None => Neighbour::Unasked,
        }
    }

    /// Its next hop has left so many questions unanswered that it must not be looked for where it was.
    pub(super) fn has_lost_next_hop(&self) -> bool {
        self.unanswered == UNANSWERED
    }

    /// Whether its next hop is to be asked now whether it is there; if so, that is noted as done.
    pub(super) fn asks_next_hop(&mut self, now: Time) -> bool {
        let silent = self.answered_last.is_empty() && !self.asked_last.is_empty();
        let every = if self.spare.is_asked_little() { metered::ASK_NEXT_HOP_EVERY } else { ASK_EVERY };
        let is_due = silent || self.unanswered > 0 || self.asked.is_none_or(|asked| now.since(asked) >= every);
        let asks = is_due
            && self.path.presence == Presence::Present
            && matches!(self.path.next_hop, Some(NextHop::Gateway(_)));
        if asks {
            self.asked = Some(now);
            self.unanswered = self.unanswered.saturating_add(1);
        }
        asks
    }

    pub(super) fn note_round(&mut self, did: &Finished) {
        let asked = echoes::asked(&did.echoes);
        if !asked.is_empty() {
            (self.asked_last, self.answered_last) = (asked, echoes::answered(&did.echoes));
        }
        self.tally.note_round(&did.summary);
        self.recent.push(did.summary.clone());
    }
}
