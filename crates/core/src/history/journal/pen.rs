//! Writes entries as tokens.

use super::rough;
use super::shape::{Known, Named};
use super::{LOST, ORDERS, RETRY, ROUND, SHIFT, STRETCH, STRETCH_ROUNDS};
use crate::coder::{Coder, Encoder};
use crate::link::Presence;
use crate::link::decide::{Entry, Observed, Opening};
use crate::link::verdict::{Load, Order};
use crate::time::Time;
use alloc::vec::Vec;
use core::time::Duration;

/// Writes entries behind each other.
#[derive(Clone, Debug)]
pub(super) struct Pen {
    encoder: Encoder,
    interval: Duration,
    /// When the next round begins if all goes on as it did.
    expected: Time,
    known: Known,
    stretch: Stretch,
}

/// Rounds that are not yet written.
#[derive(Clone, Default, Debug)]
struct Stretch {
    rounds: u64,
    /// Runs of one shape: its name, and how many rounds.
    runs: Vec<(Named, u64)>,
    loads: Vec<Load>,
}

impl Pen {
    pub(super) fn new(opening: &Opening, now: Time) -> Self {
        Self {
            encoder: Encoder::default(),
            interval: opening.interval,
            expected: now,
            known: Known::new(opening),
            stretch: Stretch::default(),
        }
    }

    pub(super) fn push(&mut self, entry: &Entry) {
        if let Entry::Round(round) = entry {
            return self.round(round);
        }
        self.end_stretch();
        match entry {
            Entry::Round(_) => {}
            Entry::Lost(at, link, presence) => {
                self.token(LOST, link.0.into());
                self.moment(*at);
                self.encoder.one_of(&mut { *presence }, &Presence::ALL);
            }
            Entry::Orders(at, orders) => {
                self.token(ORDERS, orders.len() as u64);
                self.moment(*at);
                for order in orders {
                    self.encoder.one_of(&mut { *order }, &Order::OR_NONE);
                }
            }
            Entry::Retry(at, link) => {
                self.token(RETRY, link.0.into());
                self.moment(*at);
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end_stretch();
        self.encoder.into_bytes()
    }

    fn round(&mut self, round: &Observed) {
        if round.at != self.expected {
            self.end_stretch();
            self.token(SHIFT, 0);
            self.moment(round.at);
        }
        self.expected = round.at + self.interval;
        let named = self.known.name(round);
        let is_alone = matches!(named, Named::New(_)) || round.host_dropped > 0;
        if is_alone || self.stretch.loads.len() != round.links.len() || self.stretch.rounds == STRETCH_ROUNDS {
            self.end_stretch();
        }
        if is_alone { self.round_alone(&named, round) } else { self.stretch.push(named, round) }
    }

    fn round_alone(&mut self, named: &Named, round: &Observed) {
        self.token(ROUND, u64::from(round.host_dropped > 0));
        write_run(named, 0, &mut self.encoder);
        if round.host_dropped > 0 {
            self.encoder.put(round.host_dropped);
        }
        for did in &round.links {
            did.load.clone().code(&mut self.encoder);
        }
    }

    fn end_stretch(&mut self) {
        let stretch = core::mem::take(&mut self.stretch);
        let Some(((last, _), runs)) = stretch.runs.split_last() else { return };
        self.token(STRETCH, if stretch.rounds == STRETCH_ROUNDS { 0 } else { stretch.rounds });
        for (named, rounds) in runs {
            write_run(named, *rounds, &mut self.encoder);
        }
        write_run(last, 0, &mut self.encoder);
        for sum in stretch.loads.iter().flat_map(|load| [load.received, load.sent]) {
            self.encoder.put(rough::pack(sum));
        }
    }

    /// How much later than the expected round.
    fn moment(&mut self, at: Time) {
        self.encoder.put(zigzag(at.as_nanos().wrapping_sub(self.expected.as_nanos())));
    }

    fn token(&mut self, kind: u64, argument: u64) {
        self.encoder.put(kind | argument << 3);
    }
}

impl Stretch {
    fn push(&mut self, named: Named, round: &Observed) {
        self.loads.resize(round.links.len(), Load::default());
        for (sum, did) in self.loads.iter_mut().zip(&round.links) {
            sum.received = sum.received.saturating_add(did.load.received);
            sum.sent = sum.sent.saturating_add(did.load.sent);
        }
        self.rounds = self.rounds.saturating_add(1);
        match self.runs.last_mut() {
            Some((_, rounds)) if named == Named::Known(0) => *rounds = rounds.saturating_add(1),
            Some(_) | None => self.runs.push((named, 1)),
        }
    }
}

/// A run: how many rounds it has, 0 being all that are left, above two bits that are the shape's name, or 3 and the rest of it
/// behind.
fn write_run(named: &Named, rounds: u64, encoder: &mut Encoder) {
    let name = match named {
        Named::Alike(_) | Named::New(_) => 0,
        Named::Known(place) => (*place as u64).saturating_add(1),
    };
    encoder.put(rounds << 2 | name.min(3));
    if let Some(rest) = name.checked_sub(3) {
        encoder.put(rest);
    }
    match named {
        Named::Alike(difference) | Named::New(difference) => difference.write(encoder),
        Named::Known(_) => {}
    }
}

/// Small numbers, above or below zero, as small numbers.
fn zigzag(shift: u64) -> u64 {
    (shift << 1) ^ ((shift as i64 >> 63) as u64)
}
