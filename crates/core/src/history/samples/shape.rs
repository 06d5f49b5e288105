//! Everything of a sample but its round trip: mostly what the round before was.

use super::{Sample, Trip};
use crate::history::range::{Chance, Coder, Number, Tree};

const KINDS: usize = 8;

/// A sample without its round trip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    kind: Kind,
    sent: u8,
    lost: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Unwatched,
    Absent,
    NotAsked,
    Lost,
    Whole,
    Partly,
}

/// What is expected of the next shape.
#[derive(Debug)]
pub(super) struct Model {
    /// Echoes sent when the target was last asked.
    usual: u8,
    /// The last two kinds.
    before: [Kind; 2],
    kinds: [[Tree<KINDS>; KINDS]; KINDS],
    as_usual: Chance,
    sent: Number,
    lost: Number,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            usual: 1,
            before: [Kind::Whole; 2],
            kinds: Default::default(),
            as_usual: Chance::default(),
            sent: Number::default(),
            lost: Number::default(),
        }
    }
}

impl Model {
    pub(super) fn code(&mut self, coder: &mut impl Coder, shape: Shape) -> Shape {
        let kind = self.kind(coder, shape.kind);
        match kind {
            Kind::Unwatched | Kind::Absent | Kind::NotAsked => Shape { kind, sent: 0, lost: 0 },
            Kind::Lost | Kind::Whole => Shape { kind, sent: self.sent(coder, shape.sent), lost: 0 },
            Kind::Partly => {
                let sent = self.sent(coder, shape.sent);
                Shape { kind, sent, lost: self.lost.code(coder, shape.lost.into()) as u8 }
            }
        }
    }

    fn kind(&mut self, coder: &mut impl Coder, kind: Kind) -> Kind {
        let [last, one_before] = self.before;
        let tree = self.kinds.get_mut(last as usize).and_then(|trees| trees.get_mut(one_before as usize));
        let kind = tree.map_or(Kind::Unwatched, |tree| Kind::of(tree.code(coder, kind as u32)));
        self.before = [kind, last];
        kind
    }

    fn sent(&mut self, coder: &mut impl Coder, sent: u8) -> u8 {
        if !coder.decide(&mut self.as_usual, sent == self.usual) {
            self.usual = self.sent.code(coder, sent.into()) as u8;
        }
        self.usual
    }
}

impl Kind {
    const fn of(number: u32) -> Self {
        match number {
            1 => Self::Absent,
            2 => Self::NotAsked,
            3 => Self::Lost,
            4 => Self::Whole,
            5 => Self::Partly,
            _ => Self::Unwatched,
        }
    }
}

impl Shape {
    /// The shape of a sample, and its round trip.
    pub(super) fn of(sample: Sample) -> (Self, Trip) {
        let (kind, sent, lost, best) = match sample {
            Sample::Unwatched => (Kind::Unwatched, 0, 0, Trip::default()),
            Sample::Absent => (Kind::Absent, 0, 0, Trip::default()),
            Sample::NotAsked => (Kind::NotAsked, 0, 0, Trip::default()),
            Sample::Lost { sent } => (Kind::Lost, sent, 0, Trip::default()),
            Sample::Answered { sent, lost: 0, best } => (Kind::Whole, sent, 0, best),
            Sample::Answered { sent, lost, best } => (Kind::Partly, sent, lost, best),
        };
        (Self { kind, sent, lost }, best)
    }

    /// The sample of this shape; what answered takes a round trip.
    pub(super) fn with(self, best: impl FnOnce() -> Trip) -> Sample {
        let Self { kind, sent, lost } = self;
        match kind {
            Kind::Unwatched => Sample::Unwatched,
            Kind::Absent => Sample::Absent,
            Kind::NotAsked => Sample::NotAsked,
            Kind::Lost => Sample::Lost { sent },
            Kind::Whole | Kind::Partly => Sample::Answered { sent, lost, best: best() },
        }
    }
}
