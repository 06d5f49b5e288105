//! One family's decisions, entry by entry: the score says which targets count, the selection which links to use.
//!
//! The engine hands in what it saw and has every entry kept; a replay hands in what was kept. Both run this code, so what
//! is replayed is what was decided:
//!
//! ```text
//! Opening ─► Decider      Entry (round, loss, orders, retry) ─► Decider ─► verdict, targets that left or returned
//! ```
//!
//! A decider knows its opening, so that one that is handed on is all that whoever goes on from there needs to know.

use super::echoes::{self, Echoes};
use super::score::{self, Asked, Change, Score};
use super::select::Selector;
use super::standing::{self, Held};
use super::verdict::{LinkRound, Load, Order, Round, Spoilt, Verdict};
use super::{Family, LinkId, Presence, Targets, metered};
use crate::coder::{Coder, Decoder, Encoder};
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// More links than any gateway has, and more lists of targets than any configuration: more that are read are damage.
const MOST_LINKS: usize = 256;
const MOST_LISTS: u16 = 4096;

/// All a family's decisions begin with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The family.
    pub family: Family,
    /// When it began.
    pub at: Time,
    /// Length of a round.
    pub interval: Duration,
    /// The links in configured order.
    pub links: Vec<OpenLink>,
    /// Rounds before, since the state was first written.
    pub rounds: u64,
}

/// One link at the beginning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenLink {
    /// Its interface.
    pub name: String,
    /// Traffic over it is paid for.
    pub metered: bool,
    /// How long it sits out after a fault.
    pub hold_down: Duration,
    /// Which list its targets come from: links of one list are compared target by target.
    pub list: u16,
    /// That list.
    pub targets: Vec<IpAddr>,
    /// Echoes per target and round.
    pub echoes: u8,
    /// Its standing.
    pub held: Held,
    /// It was in use.
    pub chosen: bool,
}

impl Opening {
    /// No link at all.
    const BLANK: Self =
        Self { family: Family::Ipv4, at: Time::BOOT, interval: Duration::ZERO, links: Vec::new(), rounds: 0 };

    /// Its fields.
    fn code(&mut self, coder: &mut impl Coder) {
        coder.one_of(&mut self.family, &Family::ALL);
        coder.time(&mut self.at);
        coder.duration(&mut self.interval);
        coder.list(&mut self.links, MOST_LINKS, &OpenLink::BLANK, |coder, link| link.code(coder));
        coder.number(&mut self.rounds);
    }
}

impl OpenLink {
    /// A link without a name.
    const BLANK: Self = Self {
        name: String::new(),
        metered: false,
        hold_down: Duration::ZERO,
        list: 0,
        targets: Vec::new(),
        echoes: 0,
        held: Held { hold: 0, last_fault: None, earlier_faults: 0, seen: false },
        chosen: false,
    };

    /// Its fields.
    fn code(&mut self, coder: &mut impl Coder) {
        coder.text(&mut self.name);
        coder.flag(&mut self.metered);
        coder.duration(&mut self.hold_down);
        coder.small(&mut self.list);
        if self.list >= MOST_LISTS {
            coder.refuse();
            self.list = 0;
        }
        coder.list(&mut self.targets, Targets::MAX, &IpAddr::V4(Ipv4Addr::UNSPECIFIED), Coder::address);
        coder.small(&mut self.echoes);
        self.held.code(coder);
        coder.flag(&mut self.chosen);
    }
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Entry {
    /// A round ended.
    Round(Observed),
    /// A link lost its carrier, or is gone.
    Lost(Time, LinkId, Presence),
    /// The operator's orders are these, one entry a link.
    Orders(Time, Vec<Option<Order>>),
    /// The operator ended a link's hold-down.
    Retry(Time, LinkId),
}

impl Entry {
    /// When it happened: a round when it ended, which was an interval after it began.
    pub fn at(&self, interval: Duration) -> Time {
        match self {
            Self::Round(round) => round.at + interval,
            Self::Lost(at, ..) | Self::Orders(at, _) | Self::Retry(at, _) => *at,
        }
    }
}

/// What was seen in one round.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// When the round began.
    pub at: Time,
    /// Why its counts may not be believed, for a reason of our own.
    pub spoilt: Option<Spoilt>,
    /// Packets this host received and dropped before anybody could read them.
    pub host_dropped: u64,
    /// The links in configured order.
    pub links: Vec<Did>,
}

/// What one link did in one round.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Did {
    /// Whether it could be used at all.
    pub presence: Presence,
    /// What the operator ordered.
    pub order: Option<Order>,
    /// A metered spare in a round in which it was not its turn to be asked.
    pub resting: bool,
    /// Whether its next hop answered: says where the way ended, decides nothing.
    pub next_hop: Neighbour,
    /// Traffic over the link during the round.
    pub load: Load,
    /// Its echoes, by target.
    pub echoes: Vec<Echoes>,
}

/// What is known of a next hop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Neighbour {
    /// It was not asked on this path: there is none, or the round was too young.
    Unasked,
    /// It answered what it was last asked.
    Answers,
    /// It did not.
    Silent,
}

/// What was decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The selection's verdict.
    pub verdict: Verdict,
    /// Why the round was recorded and not judged, if it was a round and was not.
    pub spoilt: Option<Spoilt>,
    /// Targets that left the score or returned to it.
    pub changes: Vec<Change>,
}

/// The score and the selection of one family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decider {
    opening: Opening,
    score: Score,
    selector: Selector,
}

impl Decider {
    /// Continues from an opening.
    pub fn new(opening: Opening) -> Self {
        let rounds = |time| standing::rounds(time, opening.interval);
        let lists = opening.links.iter().map(|link| usize::from(link.list).saturating_add(1)).max().unwrap_or(1);
        let mut sizes = vec![0; lists];
        for link in &opening.links {
            if let Some(known) = sizes.get_mut(usize::from(link.list)) {
                *known = link.targets.len();
            }
        }
        let standing = |link: &OpenLink| {
            let settings = standing::Settings {
                metered: link.metered,
                hold_down: rounds(link.hold_down),
                short_hold_down: rounds(metered::FIRST_HOLD_DOWN),
                memory: rounds(metered::MEMORY),
            };
            (settings, link.held)
        };
        let chosen = (0..).map(LinkId).zip(&opening.links).filter(|(_, link)| link.chosen);
        let choice: BTreeSet<LinkId> = chosen.map(|(id, _)| id).collect();
        Self {
            score: Score::new(&sizes, opening.links.len(), rounds(score::PATIENCE), rounds(score::CLEAN)),
            selector: Selector::new(opening.links.iter().map(standing), opening.rounds, &choice),
            opening,
        }
    }

    /// The same decider, opened now: its opening says how things stand.
    #[must_use]
    pub fn beginning(&self, now: Time) -> Self {
        let mut opening = self.opening.clone();
        (opening.at, opening.rounds) = (now, self.selector.rounds());
        for ((id, link), held) in (0..).map(LinkId).zip(&mut opening.links).zip(self.selector.held()) {
            (link.held, link.chosen) = (held, self.selector.choice().contains(&id));
        }
        Self { opening, ..self.clone() }
    }

    /// Whether the firewall may be told: a round is over, and some link was once there.
    pub fn may_choose(&self) -> bool {
        self.selector.has_seen_a_round() && self.selector.held().any(|held| held.seen)
    }

    /// Whether it stands where the other does, but for traffic, which decides nothing.
    pub fn stands_as(&self, other: &Self) -> bool {
        let bare = |decider: &Self| {
            let mut bare = decider.beginning(Time::BOOT);
            bare.selector.forget_traffic();
            bare
        };
        bare(self) == bare(other)
    }

    /// The same decider with another hold-down, as if it had been so from each fault on.
    #[must_use]
    pub fn with_hold_down(&self, hold_down: Duration) -> Self {
        let mut other = self.clone();
        other.opening.links.iter_mut().for_each(|link| link.hold_down = hold_down);
        other.selector.change_hold_down(standing::rounds(hold_down, self.opening.interval));
        other
    }

    /// Writes it as it stands now.
    pub(crate) fn write(&self, now: Time, encoder: &mut Encoder) {
        let Self { mut opening, mut score, mut selector } = self.beginning(now);
        opening.code(encoder);
        score.code(encoder);
        selector.code(encoder);
    }

    /// Reads one that was written; its opening says how things stood then.
    pub(crate) fn read(decoder: &mut Decoder<'_>) -> Option<Self> {
        let mut opening = Opening::BLANK;
        opening.code(decoder);
        let mut decider = Self::new(opening);
        decider.score.code(decoder);
        decider.selector.code(decoder);
        (!decoder.is_damaged()).then_some(decider)
    }

    /// What it began with.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Decides what follows from what happened.
    pub fn handle(&mut self, entry: &Entry) -> Decision {
        let verdict = match entry {
            Entry::Round(observed) => return self.judge(observed),
            Entry::Lost(_, link, presence) => self.selector.handle_loss(*link, *presence),
            Entry::Orders(_, orders) => self.selector.handle_orders(orders),
            Entry::Retry(_, link) => self.selector.handle_retry(*link),
        };
        Decision { verdict, spoilt: None, changes: Vec::new() }
    }

    /// The selection as it is.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// Which targets count.
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// Judges a round by the targets that count, then lets the score take note of it.
    fn judge(&mut self, observed: &Observed) -> Decision {
        let one_left = self.score.is_down_to_one(0).then_some(Spoilt::OneTargetLeft);
        let spoilt = observed.spoilt.or(one_left);
        let links = observed.links.iter().zip(&self.opening.links).map(|(did, link)| self.counted(did, link.list));
        let round = Round { links: links.collect(), spoilt, host_dropped: observed.host_dropped };
        let verdict = self.selector.handle_round(&round);
        let changes = if observed.spoilt.is_none() { self.keep_score(&observed.links) } else { Vec::new() };
        Decision { verdict, spoilt, changes }
    }

    /// What a link did, as far as it counts.
    fn counted(&self, did: &Did, list: u16) -> LinkRound {
        let is_down_to_one = list > 0 && self.score.is_down_to_one(list);
        let counting = if is_down_to_one { Targets::NONE } else { self.score.counting(list) };
        LinkRound {
            presence: did.presence,
            order: did.order,
            list,
            asked: echoes::asked(&did.echoes).and(counting),
            answered: echoes::answered(&did.echoes).and(counting),
            fell_silent: echoes::fell_silent(&did.echoes),
            resting: did.resting,
            load: did.load,
        }
    }

    fn keep_score(&mut self, links: &[Did]) -> Vec<Change> {
        let in_full = |(did, link): (&Did, &OpenLink)| {
            let asked = echoes::asked(&did.echoes);
            let whole = asked == Targets::first(link.targets.len());
            Asked {
                list: link.list,
                asked: if whole { asked } else { Targets::NONE },
                answered: echoes::answered(&did.echoes),
            }
        };
        let asked: Vec<Asked> = links.iter().zip(&self.opening.links).map(in_full).collect();
        self.score.handle_round(&asked)
    }
}
