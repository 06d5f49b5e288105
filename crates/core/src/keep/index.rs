//! Where a MAC stands, found in one look: it is ours, or it has a slot among the proven owners.

use super::hash::Hash;
use alloc::boxed::Box;
use alloc::vec;

/// Four times what it ever holds, so that a look ends after one or two places; 512 KiB.
const PLACES: usize = 65_536;
/// A MAC that finds no place so near its own is refused: no choice of addresses can make looks long.
const FARTHEST: usize = 64;
const OURS: u16 = u16::MAX;
const MAC: u64 = 0xffff_ffff_ffff;

/// What is known of a MAC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// It is an interface's of this host.
    Ours,
    /// It has this slot.
    Slot(u16),
}

/// Open addressing with one word a place: the slot above the MAC, 0 for empty.
pub(super) struct Index {
    hash: Hash,
    places: Box<[u64]>,
}

impl Index {
    pub(super) fn new(hash: Hash) -> Self {
        Self { hash, places: vec![0; PLACES].into() }
    }

    /// What is known of the MAC.
    #[inline]
    pub(super) fn get(&self, mac: u64) -> Option<Place> {
        match self.look(mac)? {
            (_, 0) => None,
            (_, word) if (word >> 48) as u16 == OURS => Some(Place::Ours),
            (_, word) => Some(Place::Slot((word >> 48) as u16)),
        }
    }

    /// Whether the MAC can be remembered.
    pub(super) fn has_room(&self, mac: u64) -> bool {
        self.look(mac).is_some()
    }

    /// Remembers the MAC, which is not the all-zero one, if there is room near its place.
    pub(super) fn insert(&mut self, mac: u64, place: Place) {
        let slot = match place {
            Place::Ours => OURS,
            Place::Slot(slot) => slot,
        };
        if let Some((place, _)) = self.look(mac) {
            self.set(place, u64::from(slot) << 48 | mac);
        }
    }

    /// Forgets the MAC.
    pub(super) fn remove(&mut self, mac: u64) {
        let Some((mut hole, _)) = self.look(mac).filter(|&(_, word)| word != 0) else { return };
        let mut at = hole;
        // What stands behind moves up, so that no look ends at a hole before its goal.
        loop {
            at = next(at);
            let word = self.at(at);
            if word == 0 || at == hole {
                break;
            }
            let home = self.home(word & MAC);
            if distance(home, at) >= distance(hole, at) {
                self.set(hole, word);
                hole = at;
            }
        }
        self.set(hole, 0);
    }

    /// Where the MAC stands or would stand, and the word there.
    #[inline]
    fn look(&self, mac: u64) -> Option<(usize, u64)> {
        let mut place = self.home(mac);
        for _ in 0..FARTHEST {
            let word = self.at(place);
            if word == 0 || word & MAC == mac {
                return Some((place, word));
            }
            place = next(place);
        }
        None
    }

    const fn home(&self, mac: u64) -> usize {
        self.hash.of_mac(mac) as usize & (PLACES - 1)
    }

    fn at(&self, place: usize) -> u64 {
        self.places.get(place).copied().unwrap_or_default()
    }

    fn set(&mut self, place: usize, word: u64) {
        if let Some(place) = self.places.get_mut(place) {
            *place = word;
        }
    }
}

const fn next(place: usize) -> usize {
    place.wrapping_add(1) & (PLACES - 1)
}

const fn distance(from: usize, to: usize) -> usize {
    to.wrapping_sub(from) & (PLACES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    proptest! {
        /// Few MACs near each other's places, so that removals have to move others up.
        #[test]
        fn it_is_a_map(seed: u64, steps in proptest::collection::vec((0_u64..200, any::<bool>()), 0..600)) {
            let mut index = Index::new(Hash::new(seed));
            let near: Vec<u64> = (1_u64..).filter(|mac| index.home(*mac) % 512 < 2).take(200).collect();
            let mut map = BTreeMap::new();
            for (number, insert) in steps {
                let mac = near[number as usize];
                if insert {
                    index.insert(mac, Place::Slot(number as u16));
                    map.insert(mac, Place::Slot(number as u16));
                } else {
                    index.remove(mac);
                    map.remove(&mac);
                }
                for mac in &near {
                    prop_assert_eq!(index.get(*mac), map.get(mac).copied());
                }
            }
        }
    }

    #[test]
    fn macs_that_crowd_one_place_are_refused_and_not_searched_for_long() {
        let mut index = Index::new(Hash::new(1));
        let crowd: Vec<u64> = (1_u64..).filter(|mac| index.home(*mac) == 7).take(FARTHEST + 1).collect();
        for (number, mac) in crowd.iter().enumerate() {
            assert_eq!(index.has_room(*mac), number < FARTHEST);
            index.insert(*mac, Place::Ours);
        }
        assert_eq!(index.get(crowd[FARTHEST - 1]), Some(Place::Ours));
        assert_eq!(index.get(crowd[FARTHEST]), None);
    }
}
