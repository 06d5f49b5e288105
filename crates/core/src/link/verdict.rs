//! What selection is told about a round, and what it answers.

use super::{Leave, LinkId, Presence, Targets};
use crate::coder::Coder;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One round as selection sees it: the links in configured order, and whether their counts may be believed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Round {
    /// One entry a link, in configured order.
    pub links: Vec<LinkRound>,
    /// Why the counts say nothing about the links, if so: the round is recorded and not judged.
    pub spoilt: Option<Spoilt>,
    /// Packets this host received and dropped before anybody could read them: replies may have been among them.
    pub host_dropped: u64,
}

/// Why a round's counts are not judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoilt {
    /// A send failed for a reason of our own: buffers, permission.
    SendFailed,
    /// Our process ran late by more than [`crate::link::probe::LATE`].
    Late,
    /// Of several targets a single one is left in the score: it may not decide.
    OneTargetLeft,
}

/// What one link did in one round.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkRound {
    /// Whether it may be used at all.
    pub presence: Presence,
    /// What the operator ordered.
    pub order: Option<Order>,
    /// Which list its targets come from: links of one list are compared target by target.
    pub list: u16,
    /// Targets in the score that were asked for the whole round.
    pub asked: Targets,
    /// Those of them that answered.
    pub answered: Targets,
    /// None of its last echoes was answered: it went silent before the round was over.
    pub fell_silent: bool,
    /// A metered spare in a round in which it was not its turn to be asked.
    pub resting: bool,
    /// Traffic over the link during the round.
    pub load: Load,
}

impl LinkRound {
    /// A link that is not there.
    pub(super) const BLANK: Self = Self {
        presence: Presence::Absent,
        order: None,
        list: 0,
        asked: Targets::NONE,
        answered: Targets::NONE,
        fell_silent: false,
        resting: false,
        load: Load { received: 0, sent: 0 },
    };

    /// Its fields.
    pub(super) fn code(&mut self, coder: &mut impl Coder) {
        self.presence.code(coder);
        coder.one_of(&mut self.order, &Order::OR_NONE);
        coder.small(&mut self.list);
        coder.small(&mut self.asked.0);
        coder.small(&mut self.answered.0);
        coder.flag(&mut self.fell_silent);
        coder.flag(&mut self.resting);
        self.load.code(coder);
    }
}

/// Traffic over a link during one round, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Load {
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
}

impl Load {
    /// Its fields.
    pub(crate) fn code(&mut self, coder: &mut impl Coder) {
        coder.number(&mut self.received);
        coder.number(&mut self.sent);
    }
}

/// An operator's order about a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Use the pinned links and no others.
    Pin,
    /// Never use this link.
    Out,
}

impl Order {
    /// Every order, and that there is none.
    pub(crate) const OR_NONE: [Option<Self>; 3] = [None, Some(Self::Pin), Some(Self::Out)];
}

/// What the selection decided for one family, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Number of the round, counted since the state was first written.
    pub round: u64,
    /// The links that new connections should use; never empty once a link was configured.
    pub choice: BTreeSet<LinkId>,
    /// Whether the choice differs from the one before.
    pub changed: bool,
    /// No link that may be used got an answer in the last judged round.
    pub silent: bool,
    /// One entry a link, in configured order.
    pub links: Vec<LinkVerdict>,
}

/// What the selection says of one link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkVerdict {
    /// Rules 1 to 4 say so now.
    pub healthy: bool,
    /// It is in the choice.
    pub enabled: bool,
    /// How it leaves, or left, while it is not in the choice.
    pub leave: Leave,
    /// Why.
    pub reason: Reason,
}

/// Why a link is where it is: the values the decision was made of.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// The rule that spoke.
    pub code: Code,
    /// Targets that answered over this link.
    pub answered: u32,
    /// Targets asked over this link.
    pub expected: u32,
    /// The most answers a link got from the targets this one was asked for.
    pub best: u32,
    /// Links that got more answers than this one.
    pub outdone_by: Vec<LinkId>,
    /// Targets that did not answer over this link.
    pub missed: Targets,
    /// Judged rounds until the hold-down ends.
    pub hold_left: u32,
    /// Rounds behind without a break, this one included.
    pub behind_for: u32,
    /// Traffic over the link during the round.
    pub load: Load,
    /// Packets this host dropped during the round before anybody could read them.
    pub host_dropped: u64,
}

/// The rule that decided about a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// It answered as well as the best, and has nothing to hold.
    Best,
    /// Another link got more answers.
    Behind,
    /// It answers, and waits until its hold-down ends.
    HoldDown,
    /// No link is healthy; it was in use and answers well enough to stay.
    Incumbent,
    /// No link is healthy; of the best its last fault is the oldest.
    SoleBest,
    /// No link got an answer: everything stands still.
    NothingAnswers,
    /// The interface is down or its cable is out.
    NoCarrier,
    /// No usable address.
    NoAddress,
    /// No gateway.
    NoNextHop,
    /// The operator pinned it, or pinned others instead.
    Pinned,
    /// The operator took it out.
    TakenOut,
    /// No round has been judged yet.
    #[default]
    Starting,
    /// The interface does not exist.
    Absent,
}

impl Code {
    /// The name used in JSON and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Behind => "behind",
            Self::HoldDown => "hold_down",
            Self::Incumbent => "incumbent",
            Self::SoleBest => "sole_best",
            Self::NothingAnswers => "nothing_answers",
            Self::NoCarrier => "no_carrier",
            Self::NoAddress => "no_address",
            Self::NoNextHop => "no_next_hop",
            Self::Pinned => "pinned",
            Self::TakenOut => "taken_out",
            Self::Starting => "starting",
            Self::Absent => "absent",
        }
    }
}
