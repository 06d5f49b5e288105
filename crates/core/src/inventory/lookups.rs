//! What a device last learned an address to be called: answers it got from DNS, for the moment it talks there.

use super::dictionary::NameId;
use super::seed::Seed;
use crate::packet::neighbour::{Mac, number};
use alloc::vec::Vec;
use core::net::IpAddr;

/// A device's answers share places with others'; there are so many groups of [`WAYS`] places.
const GROUPS: usize = 4096;
const WAYS: usize = 4;

/// One answer.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Answer {
    who: u64,
    ip: u128,
    name: NameId,
    turn: u32,
}

/// The latest answers of all devices, in fixed room: 16,384.
pub(super) struct Lookups {
    seed: Seed,
    places: Vec<Option<Answer>>,
    turn: u32,
}

impl Lookups {
    pub(super) const fn new(seed: Seed) -> Self {
        Self { seed, places: Vec::new(), turn: 0 }
    }

    /// Keeps an answer, in the place of the oldest of its group.
    pub(super) fn learn(&mut self, who: u64, ip: IpAddr, name: NameId) {
        if self.places.is_empty() {
            self.places.resize(GROUPS.saturating_mul(WAYS), None);
        }
        self.turn = self.turn.wrapping_add(1);
        let answer = Answer { who, ip: bits(ip), name, turn: self.turn };
        let range = self.group(who, answer.ip);
        let Some(group) = self.places.get_mut(range) else { return };
        let known = group.iter().position(|p| p.is_some_and(|p| p.who == who && p.ip == answer.ip));
        let oldest = || group.iter().enumerate().min_by_key(|(_, p)| p.map_or(0, |p| p.turn)).map(|(at, _)| at);
        if let Some(place) = known.or_else(oldest).and_then(|at| group.get_mut(at)) {
            *place = Some(answer);
        }
    }

    /// What the address is called.
    pub(super) fn name(&self, who: u64, ip: IpAddr) -> Option<NameId> {
        let ip = bits(ip);
        let group = self.places.get(self.group(who, ip))?;
        group.iter().flatten().find(|answer| answer.who == who && answer.ip == ip).map(|answer| answer.name)
    }

    /// The names in use.
    pub(super) fn names(&self) -> impl Iterator<Item = NameId> {
        self.places.iter().flatten().map(|answer| answer.name)
    }

    /// Forgets what all devices learned.
    pub(super) fn clear(&mut self) {
        self.places.fill(None);
    }

    /// Forgets what one device learned.
    pub(super) fn forget(&mut self, who: u64) {
        for place in self.places.iter_mut().filter(|place| place.is_some_and(|answer| answer.who == who)) {
            *place = None;
        }
    }

    fn group(&self, who: u64, ip: u128) -> core::ops::Range<usize> {
        let hash = self.seed.of([who, (ip >> 64) as u64, ip as u64, 0, 0]) as usize;
        let begin = (hash % GROUPS).saturating_mul(WAYS);
        begin..begin.saturating_add(WAYS)
    }
}

/// The number a device's answers are kept under.
pub(super) fn who(mac: Mac) -> u64 {
    number(mac)
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
