//! One link's trouble in one family, round by round.

use super::PATIENCE;
use super::told::Place;
use crate::link::decide::{Did, Neighbour};
use crate::link::verdict::{Order, Reason};
use crate::link::{Presence, Targets};
use crate::time::Time;
use core::net::IpAddr;
use core::time::Duration;

/// Good for so long, and it is over.
const QUIET: Duration = Duration::from_secs(10);

/// What one round says of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    /// Nothing: it was taken out, rested, or was not asked.
    Unknown,
    /// All targets that count answered.
    Fine,
    /// No carrier, or no such interface.
    Cable,
    /// No address or no gateway.
    Unserved,
    /// Nothing answered; what the next hop did.
    Silent(Neighbour),
    /// These targets did not answer while others did.
    Missed(Targets),
}

/// Trouble that may still be too short to count.
#[derive(Clone, Default, Debug)]
pub(super) struct Episode {
    /// When the first bad round began, or the carrier was lost.
    pub(super) begin: Time,
    /// When the last bad round ended.
    pub(super) last: Time,
    /// The link left the choice during it.
    pub(super) left_choice: bool,
    pub(super) bad: u32,
    ended: bool,
    /// What was missing, the nearest of it.
    pub(super) missing: Option<Place>,
    /// Rounds in which nothing answered, and those of them in which the next hop was silent too.
    pub(super) silent: (u32, u32),
    /// All targets that were missed while others answered.
    pub(super) missed: Targets,
}

impl Sign {
    pub(super) fn of(did: &Did, reason: &Reason) -> Self {
        match did.presence {
            _ if did.order == Some(Order::Out) => Self::Unknown,
            Presence::NoCarrier | Presence::Absent => Self::Cable,
            Presence::NoAddress | Presence::NoNextHop => Self::Unserved,
            Presence::Present if reason.expected == 0 || did.echoes.is_empty() => Self::Unknown,
            Presence::Present if reason.answered == 0 => Self::Silent(did.next_hop),
            Presence::Present if reason.missed.is_empty() => Self::Fine,
            Presence::Present => Self::Missed(reason.missed),
        }
    }
}

impl Episode {
    /// Trouble begins with this sign, if it is a bad one, of a round that lasted `from` … `to`.
    pub(super) fn begin(sign: Sign, from: Time, to: Time) -> Option<Self> {
        let mut episode = Self { begin: from, last: to, ..Self::default() };
        episode.note(sign, to);
        (episode.bad > 0).then_some(episode)
    }

    pub(super) fn note(&mut self, sign: Sign, to: Time) {
        let (silent, next_hop_too) = &mut self.silent;
        match sign {
            Sign::Unknown | Sign::Fine => return,
            Sign::Cable => self.missing = Some(Place::Cable),
            Sign::Unserved => self.missing = self.missing.or(Some(Place::Box)),
            Sign::Silent(next_hop) => {
                *silent = silent.saturating_add(1);
                *next_hop_too = next_hop_too.saturating_add((next_hop == Neighbour::Silent).into());
            }
            Sign::Missed(targets) => self.missed = self.missed.or(targets),
        }
        (self.bad, self.last) = (self.bad.saturating_add(1), to);
    }

    /// Nothing more will be known of it.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether it is long enough, or had consequences.
    pub(super) fn counts(&self) -> bool {
        self.left_choice || self.bad >= PATIENCE
    }

    /// Whether it has been good for long enough.
    pub(super) fn is_over(&self, now: Time) -> bool {
        self.ended || now.since(self.last) >= QUIET
    }

    /// Whether the link carried nothing for a while, or was of less use than others.
    pub(super) fn is_out(&self) -> bool {
        self.left_choice || self.missing.is_some() || self.silent.0 > 0
    }

    /// Where it is, as far as is known.
    pub(super) fn place(&self, targets: &[IpAddr]) -> Place {
        let (silent, next_hop_too) = self.silent;
        let only = self.missed.places().next().filter(|_| self.missed.len() == 1);
        if let Some(place) = self.missing {
            place
        } else if silent > 0 && next_hop_too.saturating_mul(2) >= silent {
            Place::Box
        } else if let Some(target) = only.and_then(|place| targets.get(place)).filter(|_| silent == 0) {
            Place::Destination(*target)
        } else {
            Place::Beyond
        }
    }
}
