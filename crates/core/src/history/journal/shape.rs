//! The shape of a round: all that was seen in it but when it was, its traffic and its round trips.
//!
//! Rounds of one shape are alike. A shape is a string of bytes in which one echo's outcome is one number, so that two rounds that
//! differ in an echo differ in a byte. Shapes that were seen lately are known by how long ago that was.

use crate::coder::{Coder, Decoder, Encoder};
use crate::link::decide::{Did, Neighbour, Observed, Opening};
use crate::link::echoes::{self, Echoes};
use crate::link::verdict::{Load, Order, Spoilt};
use crate::link::{Presence, Targets};
use crate::time::Time;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// How many shapes are remembered.
const KNOWN: usize = 64;
/// No shape is longer: 256 links with 32 targets each are 25 KB.
const LONGEST: usize = 32 * 1024;

/// More echoes that are read of one link are damage: a target is one byte.
const MOST_ECHOES: usize = 256;

/// A round's shape.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shape(Vec<u8>);

/// What of a round can matter to a decision: two that agree in this differ in single echoes at most.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Gist(Option<Spoilt>, Vec<(Presence, Option<Order>, Targets, Targets, bool)>);

/// The shapes seen lately, the last one first; never empty.
#[derive(Clone, Debug)]
pub(super) struct Known {
    shapes: VecDeque<(Shape, Gist)>,
}

/// How a shape is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// The one at this place among those seen lately.
    Known(usize),
    /// A new one; nothing that matters to a decision is new in it.
    Alike(Difference),
    /// A new one that may matter.
    New(Difference),
}

/// Where a shape differs from another: bytes they share in front and at the end, and what stands between.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Difference {
    front: usize,
    end: usize,
    between: Vec<u8>,
}

impl Shape {
    pub(super) fn of(round: &Observed) -> Self {
        let mut encoder = Encoder::default();
        encoder.one_of(&mut { round.spoilt }, &SPOILT_OR_NOT);
        encoder.put(round.links.len() as u64);
        for did in &round.links {
            code_head(&mut Did { echoes: Vec::new(), ..*did }, &mut encoder);
            encoder.put(did.echoes.len() as u64);
            for echoes in &did.echoes {
                code_echoes(&mut echoes.clone(), &mut encoder);
            }
        }
        Self(encoder.into_bytes())
    }

    /// That of all rounds while all is well.
    pub(super) fn usual(opening: &Opening) -> Self {
        Self::of(&usual(opening))
    }

    /// A round of this shape; none if these bytes are no shape.
    pub(super) fn round(&self) -> Option<Observed> {
        let mut decoder = Decoder::new(&self.0);
        let mut spoilt = None;
        decoder.one_of(&mut spoilt, &SPOILT_OR_NOT);
        let mut links = Vec::new();
        decoder.list(&mut links, self.0.len(), &NOTHING, |decoder, did| {
            code_head(did, decoder);
            decoder
                .list(&mut did.echoes, MOST_ECHOES, &Echoes::default(), |decoder, echoes| code_echoes(echoes, decoder));
        });
        let read = decoder.is_at_end() && !decoder.is_damaged();
        read.then_some(Observed { at: Time::BOOT, spoilt, host_dropped: 0, links })
    }

    pub(super) fn difference(&self, from: &Self) -> Difference {
        let same = |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| pairs.take_while(|(a, b)| a == b).count();
        let front = same(&mut self.0.iter().zip(&from.0));
        let (rest, rest_from) = (self.0.get(front..).unwrap_or_default(), from.0.get(front..).unwrap_or_default());
        let end = same(&mut rest.iter().rev().zip(rest_from.iter().rev()));
        let between = rest.get(..rest.len().saturating_sub(end)).unwrap_or_default().to_vec();
        Difference { front, end, between }
    }

    pub(super) fn changed(&self, by: &Difference) -> Option<Self> {
        let front = self.0.get(..by.front)?;
        let end = self.0.get(self.0.len().checked_sub(by.end)?..)?;
        let shares = by.front.checked_add(by.end)? <= self.0.len();
        let shape = Self([front, &by.between, end].concat());
        (shares && shape.0.len() <= LONGEST).then_some(shape)
    }
}

impl Known {
    /// At first the shape is known that all rounds have while all is well.
    pub(super) fn new(opening: &Opening) -> Self {
        let usual = usual(opening);
        Self { shapes: [(Shape::of(&usual), Gist::of(&usual))].into() }
    }

    /// Names a round's shape, and puts it first.
    pub(super) fn name(&mut self, round: &Observed) -> Named {
        let shape = Shape::of(round);
        if let Some(place) = self.shapes.iter().position(|(known, _)| *known == shape) {
            self.raise(place);
            return Named::Known(place);
        }
        let difference = self.shapes.front().map_or(Difference::NONE, |(last, _)| shape.difference(last));
        let gist = Gist::of(round);
        let is_alike = self.shapes.iter().any(|(_, known)| *known == gist);
        self.add(shape, gist);
        if is_alike { Named::Alike(difference) } else { Named::New(difference) }
    }

    /// The round of the shape at this place, which is first from now on.
    pub(super) fn known(&mut self, place: usize) -> Option<Observed> {
        self.raise(place);
        self.shapes.front().filter(|_| place < KNOWN).and_then(|(shape, _)| shape.round())
    }

    /// The round of a new shape, which is first from now on.
    pub(super) fn learn(&mut self, difference: &Difference) -> Option<Observed> {
        let shape = self.shapes.front()?.0.changed(difference)?;
        let round = shape.round()?;
        self.add(shape, Gist::of(&round));
        Some(round)
    }

    fn raise(&mut self, place: usize) {
        if let Some(shape) = self.shapes.remove(place) {
            self.shapes.push_front(shape);
        }
    }

    fn add(&mut self, shape: Shape, gist: Gist) {
        self.shapes.truncate(KNOWN.saturating_sub(1));
        self.shapes.push_front((shape, gist));
    }
}

impl Gist {
    fn of(round: &Observed) -> Self {
        let link = |did: &Did| {
            let echoes = &did.echoes;
            let (asked, answered) = (echoes::asked(echoes), echoes::answered(echoes));
            (did.presence, did.order, asked, answered, echoes::fell_silent(echoes))
        };
        Self(round.spoilt, round.links.iter().map(link).collect())
    }
}

impl Difference {
    const NONE: Self = Self { front: 0, end: 0, between: Vec::new() };

    pub(super) fn write(&self, encoder: &mut Encoder) {
        for number in [self.front, self.end, self.between.len()] {
            encoder.put(number as u64);
        }
        encoder.put_bytes(&self.between);
    }

    pub(super) fn read(decoder: &mut Decoder<'_>) -> Self {
        let [front, end, length] = [(); 3].map(|()| decoder.take());
        let between = decoder.take_bytes(length).to_vec();
        Self { front: front as usize, end: end as usize, between }
    }
}

const SPOILT_OR_NOT: [Option<Spoilt>; 4] =
    [None, Some(Spoilt::SendFailed), Some(Spoilt::Late), Some(Spoilt::OneTargetLeft)];
const NEIGHBOURS: [Neighbour; 3] = [Neighbour::Unasked, Neighbour::Answers, Neighbour::Silent];
const NOTHING: Did = Did {
    presence: Presence::Absent,
    order: None,
    resting: false,
    next_hop: Neighbour::Unasked,
    load: Load { received: 0, sent: 0 },
    echoes: Vec::new(),
};

/// A round in which every target of every link answered every echo.
fn usual(opening: &Opening) -> Observed {
    let link = |targets: usize, sent: u8| {
        let echo = |target: u8| Echoes { target, sent, answered: all(sent), best: None };
        let echoes = (0..).take(targets).map(echo).collect();
        Did { presence: Presence::Present, next_hop: Neighbour::Answers, echoes, ..NOTHING }
    };
    let links = opening.links.iter().map(|of| link(of.targets.len(), of.echoes)).collect();
    Observed { at: Time::BOOT, spoilt: None, host_dropped: 0, links }
}

fn code_head(did: &mut Did, coder: &mut impl Coder) {
    did.presence.code(coder);
    coder.one_of(&mut did.order, &Order::OR_NONE);
    coder.flag(&mut did.resting);
    coder.one_of(&mut did.next_hop, &NEIGHBOURS);
}

fn code_echoes(echoes: &mut Echoes, coder: &mut impl Coder) {
    coder.small(&mut echoes.target);
    coder.small(&mut echoes.sent);
    // What was not answered: nothing, as a rule, and nothing is one byte.
    let mut missed = echoes.answered ^ all(echoes.sent);
    coder.small(&mut missed);
    echoes.answered = missed ^ all(echoes.sent);
}

/// The bits of so many echoes.
fn all(sent: u8) -> u32 {
    Targets::first(usize::from(sent)).0
}
