//! One entry by itself, with all that is known of it: traffic, and round trips in steps of 10 µs.

use super::shape::{Difference, Shape};
use crate::coder::{Coder, Decoder, Encoder};
use crate::link::decide::{Entry, Observed, Opening};
use crate::link::echoes::Echoes;
use crate::link::verdict::Order;
use crate::link::{LinkId, Presence};
use crate::time::Time;
use alloc::vec::Vec;
use core::time::Duration;

/// Nanoseconds of a step of round trips.
const STEP: u64 = 10_000;
/// More orders than any gateway has links are damage.
const MOST_ORDERS: usize = 256;

/// What entries are told by: the shape of rounds in which all is well.
#[derive(Clone, Debug)]
pub(in crate::history) struct Usual(Shape);

/// The kinds of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Round,
    Lost,
    Orders,
    Retry,
}

const KINDS: [Kind; 4] = [Kind::Round, Kind::Lost, Kind::Orders, Kind::Retry];

impl Usual {
    pub(in crate::history) fn new(opening: &Opening) -> Self {
        Self(Shape::usual(opening))
    }

    pub(in crate::history) fn write(&self, entry: &Entry) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.one_of(&mut Kind::of(entry), &KINDS);
        match entry {
            Entry::Round(round) => {
                encoder.time(&mut { round.at });
                self.write_round(round, &mut encoder);
            }
            Entry::Lost(at, link, presence) => {
                encoder.time(&mut { *at });
                encoder.put(link.0.into());
                encoder.one_of(&mut { *presence }, &Presence::ALL);
            }
            Entry::Orders(at, orders) => {
                encoder.time(&mut { *at });
                encoder.put(orders.len() as u64);
                for order in orders {
                    encoder.one_of(&mut { *order }, &Order::OR_NONE);
                }
            }
            Entry::Retry(at, link) => {
                encoder.time(&mut { *at });
                encoder.put(link.0.into());
            }
        }
        encoder.into_bytes()
    }

    /// None if these bytes are no entry.
    pub(in crate::history) fn read(&self, bytes: &[u8]) -> Option<Entry> {
        let (mut decoder, mut kind, mut at) = (Decoder::new(bytes), Kind::Round, Time::BOOT);
        decoder.one_of(&mut kind, &KINDS);
        decoder.time(&mut at);
        let (mut link, mut presence, mut orders) = (0, Presence::Absent, Vec::new());
        let entry = match kind {
            Kind::Round => Entry::Round(Observed { at, ..self.read_round(&mut decoder)? }),
            Kind::Lost => {
                decoder.small(&mut link);
                presence.code(&mut decoder);
                Entry::Lost(at, LinkId(link), presence)
            }
            Kind::Orders => {
                let code = |decoder: &mut Decoder<'_>, order: &mut _| decoder.one_of(order, &Order::OR_NONE);
                decoder.list(&mut orders, MOST_ORDERS, &None, code);
                Entry::Orders(at, orders)
            }
            Kind::Retry => {
                decoder.small(&mut link);
                Entry::Retry(at, LinkId(link))
            }
        };
        (decoder.is_at_end() && !decoder.is_damaged()).then_some(entry)
    }

    fn write_round(&self, round: &Observed, encoder: &mut Encoder) {
        Shape::of(round).difference(&self.0).write(encoder);
        encoder.put(round.host_dropped);
        for did in &round.links {
            did.load.clone().code(encoder);
            for echoes in &did.echoes {
                code_best(&mut echoes.clone(), encoder);
            }
        }
    }

    fn read_round(&self, decoder: &mut Decoder<'_>) -> Option<Observed> {
        let mut round = self.0.changed(&Difference::read(decoder))?.round()?;
        round.host_dropped = decoder.take();
        for did in &mut round.links {
            did.load.code(decoder);
            for echoes in &mut did.echoes {
                code_best(echoes, decoder);
            }
        }
        Some(round)
    }
}

impl Kind {
    fn of(entry: &Entry) -> Self {
        match entry {
            Entry::Round(_) => Self::Round,
            Entry::Lost(..) => Self::Lost,
            Entry::Orders(..) => Self::Orders,
            Entry::Retry(..) => Self::Retry,
        }
    }
}

/// One more than the steps of the best round trip, or zero.
fn code_best(echoes: &mut Echoes, coder: &mut impl Coder) {
    let steps = |best: Duration| u64::try_from(best.as_nanos()).unwrap_or(u64::MAX) / STEP;
    let mut number = echoes.best.map_or(0, |best| steps(best).saturating_add(1));
    coder.number(&mut number);
    echoes.best = number.checked_sub(1).map(|steps| Duration::from_nanos(steps.saturating_mul(STEP)));
}
