//! What DNS called addresses that nobody was known to have: the question for a name comes before the first packet to it.

use super::dictionary::NameId;
use super::seed::Seed;
use crate::time::Time;
use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;
use core::time::Duration;

/// Each address has one place among so many, which it shares with others.
const PLACES: usize = 4096;
/// So long an answer says who somebody is that is heard of later.
const WITHIN: Duration = Duration::from_secs(3600);

/// The latest answers about addresses without an owner, in fixed room.
pub(super) struct Foretold {
    seed: Seed,
    places: Vec<Option<(IpAddr, NameId, Time)>>,
}

impl Foretold {
    pub(super) const fn new(seed: Seed) -> Self {
        Self { seed, places: Vec::new() }
    }

    /// DNS calls an address so that nobody has yet.
    pub(super) fn keep(&mut self, ip: IpAddr, name: NameId, now: Time) {
        if self.places.is_empty() {
            self.places.resize(PLACES, None);
        }
        let place = self.place(ip);
        if let Some(place) = self.places.get_mut(place) {
            *place = Some((ip, name, now));
        }
    }

    /// What the address was called lately, told once.
    pub(super) fn take(&mut self, ip: IpAddr, now: Time) -> Option<NameId> {
        let place = self.place(ip);
        let (_, name, at) = self.places.get_mut(place)?.take_if(|(known, ..)| *known == ip)?;
        (now.since(at) < WITHIN).then_some(name)
    }

    /// The names in use.
    pub(super) fn names(&self) -> impl Iterator<Item = NameId> {
        self.places.iter().flatten().map(|(_, name, _)| *name)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.places.fill(None);
    }

    fn place(&self, ip: IpAddr) -> usize {
        self.seed.hash_one(ip) as usize % PLACES
    }
}
