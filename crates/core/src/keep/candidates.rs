//! What is remembered of MACs that are not proven: a table of fixed size, whatever number of them a flood invents.

use super::hash::Hash;
use crate::packet::frame::InterfaceId;
use crate::time::Time;
use alloc::boxed::Box;
use alloc::vec;
use core::time::Duration;

/// Holds every device of a large network until it is proven, and costs about 1 MB.
const CANDIDATES: usize = 16_384;
const WAYS: usize = 4;
/// How long a MAC that was spoken to is kept before those that only spoke: a flood must not push out a newcomer whom the
/// gateway has just answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who has sent a unicast frame to a candidate; what it says next proves it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(super) enum Asked {
    /// Nobody whose word counts.
    #[default]
    Nobody,
    /// A MAC that was itself proven only by talking with another.
    ByPair,
    /// This host, or a MAC proven otherwise.
    Firmly,
}

/// A MAC that is not proven.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Candidate {
    /// The MAC as a number; 0 is an empty place.
    mac: u64,
    /// When it last spoke or was spoken to.
    pub(super) touched: Time,
    /// Where it last spoke.
    pub(super) heard_on: Option<InterfaceId>,
    /// Who spoke to it.
    pub(super) asked: Asked,
    /// Marks of the unproven MACs it last sent unicast frames to.
    peers: [u32; 2],
    /// Its newest record in the ring of the overheard; 0 for none.
    pub(super) newest: u64,
    /// How many frames of its were put there, overwritten ones included.
    pub(super) recorded: u32,
}

impl Candidate {
    /// Remembers that it sent a unicast frame to the MAC of this mark.
    pub(super) fn speak_to(&mut self, mark: u32) {
        let [newer, _] = self.peers;
        if newer != mark {
            self.peers = [mark, newer];
        }
    }

    /// Whether it lately sent a unicast frame to the MAC of this mark.
    pub(super) fn spoke_to(&self, mark: u32) -> bool {
        self.peers.contains(&mark)
    }

    /// Those with the least rank are replaced first.
    fn rank(&self, now: Time) -> (bool, Time) {
        let expected = self.asked != Asked::Nobody && now.since(self.touched) < PATIENCE;
        (self.mac != 0 && expected, self.touched)
    }
}

/// All candidates.
pub(super) struct Candidates {
    hash: Hash,
    sets: Box<[[Candidate; WAYS]]>,
    used: u32,
}

impl Candidates {
    pub(super) fn new(hash: Hash) -> Self {
        Self { hash, sets: vec![[Candidate::default(); WAYS]; CANDIDATES / WAYS].into(), used: 0 }
    }

    /// A MAC's entry, made if there is none: in an empty place, or in that of one touched longest ago.
    #[expect(clippy::indexing_slicing, reason = "`number` and `place` are below the lengths, whatever the MAC")]
    pub(super) fn touch(&mut self, mac: u64, now: Time) -> &mut Candidate {
        let number = self.number(mac);
        let set = &mut self.sets[number];
        let place = set.iter().position(|candidate| candidate.mac == mac).unwrap_or_else(|| {
            let ranks = set.iter().enumerate().map(|(place, candidate)| (candidate.rank(now), place));
            ranks.min().map_or(0, |(_, place)| place)
        });
        let candidate = &mut set[place];
        if candidate.mac != mac {
            self.used = self.used.saturating_add(u32::from(candidate.mac == 0));
            *candidate = Candidate { mac, ..Candidate::default() };
        }
        candidate.touched = now;
        candidate
    }

    /// What is known of a MAC, if anything.
    pub(super) fn get(&self, mac: u64) -> Option<&Candidate> {
        self.sets.get(self.number(mac))?.iter().find(|candidate| candidate.mac == mac)
    }

    /// Removes a MAC's entry.
    pub(super) fn take(&mut self, mac: u64) -> Option<Candidate> {
        let number = self.number(mac);
        let candidate = self.sets.get_mut(number)?.iter_mut().find(|candidate| candidate.mac == mac)?;
        self.used = self.used.saturating_sub(1);
        Some(core::mem::take(candidate))
    }

    /// How many there are.
    pub(super) const fn used(&self) -> u32 {
        self.used
    }

    /// What a MAC is remembered as by those who sent frames to it; never 0.
    pub(super) const fn mark(&self, mac: u64) -> u32 {
        (self.hash.of_mac(mac) >> 32) as u32 | 1
    }

    const fn number(&self, mac: u64) -> usize {
        self.hash.of_mac(mac) as usize & (CANDIDATES / WAYS - 1)
    }
}
