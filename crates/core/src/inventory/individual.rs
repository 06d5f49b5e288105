//! A MAC that is one interface's, as a number: a single comparison tells two of them apart.

use crate::packet::frame::Packet;
use crate::packet::neighbour::{Mac, number};

/// Zero for a group's MAC, and where a link has none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Individual(u64);

/// The bit of a MAC's first byte that makes it a group's (IEEE 802 section 8.2.2).
const GROUP: u64 = 1 << 40;

impl Individual {
    /// None of one interface.
    pub(super) const NOBODY: Self = Self(0);

    /// That of a frame's sender, and that of its receiver.
    #[inline]
    pub(super) fn ends(packet: &Packet) -> [Self; 2] {
        packet.ether.map_or([Self::NOBODY; 2], |ether| [ether.source, ether.destination].map(Self::of))
    }

    /// A MAC, if it is one interface's.
    #[inline]
    pub(super) fn of(mac: Mac) -> Self {
        let number = number(mac);
        Self(if number & GROUP == 0 { number } else { 0 })
    }

    /// The MAC, if there is one.
    #[inline]
    pub(super) fn mac(self) -> Option<Mac> {
        let [_, _, mac @ ..] = self.0.to_be_bytes();
        (self != Self::NOBODY).then_some(mac)
    }

    /// The number of the MAC.
    #[inline]
    pub(super) const fn number(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_nobody_are_none() {
        let mac = [2, 0, 0x5e, 0, 0xff, 1];
        assert_eq!((Individual::of(mac).mac(), Individual::of(mac).number()), (Some(mac), 0x0200_5e00_ff01));
        for none in [[0; 6], [0xff; 6], [1, 0, 0x5e, 0, 0, 0xfb]] {
            assert_eq!(Individual::of(none).mac(), None);
        }
    }
}
