//! Reads tokens as entries.

use super::rough;
use super::shape::{Difference, Known};
use super::{LOST, ORDERS, RETRY, ROUND, SHIFT, STRETCH, STRETCH_ROUNDS};
use crate::coder::{Coder, Decoder};
use crate::link::decide::{Entry, Observed, Opening};
use crate::link::verdict::{Load, Order};
use crate::link::{LinkId, Presence};
use crate::time::Time;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

/// More orders than any gateway has links are damage.
const MOST_ORDERS: u64 = 256;

/// Entries, one after the other, until the end or until something cannot be read.
#[derive(Clone, Debug)]
pub(super) struct Reading<'a> {
    decoder: Decoder<'a>,
    interval: Duration,
    expected: Time,
    known: Known,
    /// Rounds of a stretch that was read.
    rounds: VecDeque<Observed>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(decoder: Decoder<'a>, opening: &Opening) -> Self {
        let known = Known::new(opening);
        Self { decoder, interval: opening.interval, expected: opening.at, known, rounds: VecDeque::new() }
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.decoder.is_damaged()
    }

    pub(super) fn next(&mut self) -> Option<Entry> {
        loop {
            if let Some(round) = self.rounds.pop_front() {
                return Some(self.in_time(round));
            }
            if self.decoder.is_at_end() {
                return None;
            }
            let head = self.decoder.take();
            let (kind, argument) = (head & 7, head >> 3);
            let entry = match kind {
                SHIFT => {
                    self.expected = self.moment();
                    None
                }
                STRETCH => {
                    self.rounds = self.stretch(argument);
                    None
                }
                ROUND => self.round(argument > 0).map(|round| self.in_time(round)),
                LOST => {
                    let (link, at, mut presence) = (self.link(argument), self.moment(), Presence::Absent);
                    presence.code(&mut self.decoder);
                    link.map(|link| Entry::Lost(at, link, presence))
                }
                ORDERS => Some(self.orders(argument)),
                RETRY => {
                    let (link, at) = (self.link(argument), self.moment());
                    link.map(|link| Entry::Retry(at, link))
                }
                _ => {
                    self.decoder.refuse();
                    None
                }
            };
            if self.decoder.is_damaged() {
                self.rounds.clear();
                return None;
            }
            if entry.is_some() {
                return entry;
            }
        }
    }

    fn in_time(&mut self, mut round: Observed) -> Entry {
        round.at = self.expected;
        self.expected = round.at + self.interval;
        Entry::Round(round)
    }

    fn stretch(&mut self, count: u64) -> VecDeque<Observed> {
        let count = if count == 0 { STRETCH_ROUNDS } else { count };
        let mut rounds = VecDeque::new();
        while (rounds.len() as u64) < count {
            let left = count.min(STRETCH_ROUNDS).saturating_sub(rounds.len() as u64);
            let run = self.run(left);
            if self.decoder.is_damaged() {
                return VecDeque::new();
            }
            rounds.extend(run);
        }
        let links = rounds.front().map_or(0, |round| round.links.len());
        if rounds.iter().any(|round| round.links.len() != links) {
            self.decoder.refuse();
        }
        for link in 0..links {
            let [received, sent] = [(); 2].map(|()| spread(rough::unpack(self.decoder.take()), count));
            for (round, (received, sent)) in rounds.iter_mut().zip(received.zip(sent)) {
                if let Some(did) = round.links.get_mut(link) {
                    did.load = Load { received, sent };
                }
            }
        }
        rounds
    }

    /// A run, of which so many rounds are left.
    fn run(&mut self, left: u64) -> impl Iterator<Item = Observed> + use<> {
        let head = self.decoder.take();
        let rounds = if head >> 2 == 0 { left } else { head >> 2 };
        let name = match head & 3 {
            3 => self.decoder.take().saturating_add(3),
            name => name,
        };
        let round = match name.checked_sub(1).map(usize::try_from) {
            None => self.known.learn(&Difference::read(&mut self.decoder)),
            Some(Ok(place)) => self.known.known(place),
            Some(Err(_)) => None,
        };
        if round.is_none() || rounds > left || left == 0 {
            self.decoder.refuse();
        }
        let rounds = usize::try_from(rounds.min(left)).unwrap_or(0);
        round.into_iter().flat_map(move |round| core::iter::repeat_n(round, rounds))
    }

    fn round(&mut self, has_dropped: bool) -> Option<Observed> {
        let mut round = self.run(1).next()?;
        if has_dropped {
            round.host_dropped = self.decoder.take();
        }
        for did in &mut round.links {
            did.load.code(&mut self.decoder);
        }
        Some(round)
    }

    fn orders(&mut self, count: u64) -> Entry {
        let (at, mut orders) = (self.moment(), Vec::new());
        if count > MOST_ORDERS {
            self.decoder.refuse();
        }
        for _ in 0..count.min(MOST_ORDERS) {
            let mut order = None;
            self.decoder.one_of(&mut order, &Order::OR_NONE);
            orders.push(order);
        }
        Entry::Orders(at, orders)
    }

    fn moment(&mut self) -> Time {
        let later = unzigzag(self.decoder.take());
        Time::from_nanos(self.expected.as_nanos().wrapping_add(later))
    }

    fn link(&mut self, number: u64) -> Option<LinkId> {
        let link = u16::try_from(number).map(LinkId).ok();
        if link.is_none() {
            self.decoder.refuse();
        }
        link
    }
}

/// A sum shared out among so many, what does not come out even to the first.
fn spread(sum: u64, count: u64) -> impl Iterator<Item = u64> {
    let each = sum.checked_div(count).unwrap_or(0);
    let first = sum.saturating_sub(each.saturating_mul(count)).saturating_add(each);
    core::iter::once(first).chain(core::iter::repeat(each))
}

/// What [`super::pen`] made a small number of.
fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}
