//! The Initial packets of a datagram, still sealed (RFC 9000 section 17.2): several packets may share one datagram.

use crate::packet::reader::Reader;

/// A version whose keys are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Version {
    /// RFC 9000, and drafts 33 and 34 of it.
    One,
    /// RFC 9369.
    Two,
    /// Drafts 21 and 22 of RFC 9000, which differ from it in their salt alone.
    Draft21,
    /// Drafts 23 to 28.
    Draft23,
    /// Drafts 29 to 32.
    Draft29,
}

/// An Initial packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Initial<'a> {
    pub(super) version: Version,
    /// The connection's identifier at the receiver.
    pub(super) destination: &'a [u8],
    /// The packet from its first byte to its last.
    pub(super) packet: &'a [u8],
    /// Where the packet number is.
    pub(super) number_at: usize,
}

/// The Initial packets of a datagram.
pub(super) struct Initials<'a>(&'a [u8]);

/// Long header, and the bit that is always set.
const LONG: u8 = 0xc0;
/// No connection identifier of these versions is longer (RFC 9000 section 17.2).
const LONGEST_IDENTIFIER: usize = 20;

enum Kind {
    Initial,
    EarlyData,
    Handshake,
    Retry,
}

impl<'a> Initials<'a> {
    pub(super) const fn of(datagram: &'a [u8]) -> Self {
        Self(datagram)
    }

    /// Those with the first one's identifier: others have no place in its datagram (RFC 9000 section 12.2).
    pub(super) fn of_one_connection(datagram: &'a [u8]) -> impl Iterator<Item = Initial<'a>> {
        let mut packets = Self::of(datagram).peekable();
        let first = packets.peek().map(|packet| packet.destination);
        packets.filter(move |packet| Some(packet.destination) == first)
    }
}

impl<'a> Iterator for Initials<'a> {
    type Item = Initial<'a>;

    fn next(&mut self) -> Option<Initial<'a>> {
        loop {
            let (packet, rest) = read(self.0)?;
            self.0 = rest;
            if packet.is_some() {
                return packet;
            }
        }
    }
}

/// Reads one packet, if it is an Initial, and what follows it; none if it is nothing with a length of its own.
fn read(datagram: &[u8]) -> Option<(Option<Initial<'_>>, &[u8])> {
    let mut reader = Reader::new(datagram);
    let first = reader.u8().filter(|first| first & LONG == LONG)?;
    let version = Version::read(reader.u32()?)?;
    let destination = reader.vector8().filter(|identifier| identifier.len() <= LONGEST_IDENTIFIER)?;
    let _source = reader.vector8().filter(|identifier| identifier.len() <= LONGEST_IDENTIFIER)?;
    let is_initial = match version.kind(first) {
        Kind::Initial => {
            let token = varint(&mut reader)?;
            reader.bytes(token)?;
            true
        }
        Kind::EarlyData | Kind::Handshake => false,
        Kind::Retry => return None,
    };
    let length = varint(&mut reader)?;
    let number_at = datagram.len().saturating_sub(reader.rest().len());
    let (packet, rest) = datagram.split_at_checked(number_at.saturating_add(length))?;
    Some((is_initial.then_some(Initial { version, destination, packet, number_at }), rest))
}

impl Version {
    const fn read(number: u32) -> Option<Self> {
        match number {
            1 | 0xff00_0021..=0xff00_0022 => Some(Self::One),
            0x6b33_43cf => Some(Self::Two),
            // Facebook's own numbers stand for drafts 22 and 27.
            0xff00_0015..=0xff00_0016 | 0xface_b001 => Some(Self::Draft21),
            0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => Some(Self::Draft23),
            0xff00_001d..=0xff00_0020 => Some(Self::Draft29),
            _ => None,
        }
    }

    const fn kind(self, first: u8) -> Kind {
        let kind = match self {
            Self::One | Self::Draft21 | Self::Draft23 | Self::Draft29 => first >> 4 & 3,
            Self::Two => (first >> 4).wrapping_sub(1) & 3,
        };
        match kind {
            0 => Kind::Initial,
            1 => Kind::EarlyData,
            2 => Kind::Handshake,
            _ => Kind::Retry,
        }
    }
}

/// A number of one, two, four or eight bytes (RFC 9000 section 16).
pub(super) fn varint(reader: &mut Reader<'_>) -> Option<usize> {
    let first = reader.u8()?;
    let rest = reader.bytes((1_usize << (first >> 6)).saturating_sub(1))?;
    let value = rest.iter().fold(u64::from(first & 0x3f), |value, &byte| value << 8 | u64::from(byte));
    value.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_their_first_two_bits_say() {
        // RFC 9000 appendix A.1.
        let cases: [(&[u8], Option<usize>); 6] = [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], Some(151_288_809_941_952_652)),
            (&[0x9d, 0x7f, 0x3e, 0x7d], Some(494_878_333)),
            (&[0x7b, 0xbd], Some(15_293)),
            (&[0x25], Some(37)),
            (&[0x40], None),
            (&[], None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(varint(&mut Reader::new(bytes)), expected);
        }
    }

    #[track_caller]
    fn check(datagram: &[u8], expected: &[(Version, &[u8], usize)]) {
        let found: std::vec::Vec<_> = Initials::of(datagram)
            .map(|initial| (initial.version, initial.destination, initial.packet.len()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn types_differ_between_the_versions() {
        let one = [0xc0, 0, 0, 0, 1, 2, 7, 8, 1, 9, 1, 0xff, 2, 0, 0];
        let two = [0xd0, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1, 0];
        check(&one, &[(Version::One, &[7, 8], 15)]);
        check(&two, &[(Version::Two, &[], 10)]);
        check(&[&one[..], &two].concat(), &[(Version::One, &[7, 8], 15), (Version::Two, &[], 10)]);
        let handshake = [0xe0, 0, 0, 0, 1, 0, 0, 2, 5, 5];
        check(&[&handshake[..], &two].concat(), &[(Version::Two, &[], 10)]);
        let draft = |number| [0xc0, 0xff, 0, 0, number, 0, 0, 0, 1, 0];
        for (number, version) in
            [(22, Version::Draft21), (27, Version::Draft23), (29, Version::Draft29), (34, Version::One)]
        {
            check(&draft(number), &[(version, &[], 10)]);
        }
        check(&draft(20), &[]);
        let retry = [0xf0, 0, 0, 0, 1, 0, 0, 2, 5, 5];
        check(&[&retry[..], &two].concat(), &[]);
        check(&one[..14], &[]);
        check(&[0x80, 0, 0, 0, 1, 0, 0, 0, 0], &[]);
        check(&[0xc0, 0, 0, 0, 0, 0, 0, 0, 0], &[]);
        let mut long = [0xc0, 0, 0, 0, 1, 21].to_vec();
        long.resize(40, 0);
        check(&long, &[]);
    }
}
