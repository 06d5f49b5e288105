//! Frames with a length where an EtherType would be (IEEE 802.2): spanning tree, CDP, and what old networks spoke.

use super::neighbour::Mac;
use super::reader::Reader;

/// What such a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Llc<'a> {
    /// A bridge tells of the spanning tree (STP, RSTP, MSTP, Cisco's one per VLAN).
    Bpdu(Bpdu),
    /// A bridge tells that the tree changes; it names nobody.
    TopologyChange,
    /// Cisco's discovery protocol, for [`super::cdp::Cdp::read`].
    Cdp(&'a [u8]),
    /// An EtherType within (SNAP, RFC 1042), and what it carries.
    Ethertype(u16, &'a [u8]),
    /// IPX.
    Ipx,
    /// NetBIOS frames (`NetBEUI`).
    NetBeui,
    /// The OSI family's routing, IS-IS.
    Osi,
}

/// A configuration BPDU (IEEE 802.1D-2004 section 9.3, IEEE 802.1Q-2018 section 14.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bpdu {
    /// The protocol's version: 0 STP, 2 RSTP, 3 MSTP.
    pub version: u8,
    /// The root of the tree.
    pub root: Mac,
    /// The bridge that sent it, which need not be the frame's source.
    pub bridge: Mac,
}

/// An information frame without numbers.
const UNNUMBERED: u8 = 0x03;
const BRIDGES: u8 = 0x42;
const SNAP: u8 = 0xaa;
const NOBODY: [u8; 3] = [0, 0, 0];
const CISCO: [u8; 3] = [0, 0, 0x0c];

/// Reads what follows the length; none if we do not know it.
pub fn read(frame: &[u8]) -> Option<Llc<'_>> {
    let mut reader = Reader::new(frame);
    match (reader.array()?, reader.u8()?) {
        ([BRIDGES, BRIDGES], UNNUMBERED) => bpdu(reader),
        ([SNAP, SNAP], UNNUMBERED) => match (reader.array()?, reader.u16()?) {
            (NOBODY, ethertype) => Some(Llc::Ethertype(ethertype, reader.rest())),
            (CISCO, 0x2000) => Some(Llc::Cdp(reader.rest())),
            (CISCO, 0x010b) => bpdu(reader),
            _ => None,
        },
        // Novell's first frames had no LLC header: IPX's unused checksum stands in its place.
        ([0xe0, 0xe0] | [0xff, 0xff], _) => Some(Llc::Ipx),
        // The lowest bit of the second address tells responses from commands.
        ([0xf0, 0xf0 | 0xf1], _) => Some(Llc::NetBeui),
        ([0xfe, 0xfe], UNNUMBERED) => Some(Llc::Osi),
        _ => None,
    }
}

fn bpdu(mut reader: Reader<'_>) -> Option<Llc<'_>> {
    let message = reader.rest();
    let ([0, 0], version, kind) = (reader.array()?, reader.u8()?, reader.u8()?) else { return None };
    match kind {
        0x00 | 0x02 => {
            let (_flags, root) = (reader.u8()?, bridge(&mut reader)?);
            let (_cost, sender) = (reader.u32()?, bridge(&mut reader)?);
            // MSTP has the root of its region there, and itself behind the regions' names.
            let own = message.get(93..).filter(|_| version >= 3).and_then(|rest| bridge(&mut Reader::new(rest)));
            Some(Llc::Bpdu(Bpdu { version, root, bridge: own.unwrap_or(sender) }))
        }
        0x80 => Some(Llc::TopologyChange),
        _ => None,
    }
}

/// A bridge's identifier is a priority before a MAC.
fn bridge(reader: &mut Reader<'_>) -> Option<Mac> {
    let _priority = reader.u16()?;
    reader.array()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    const ROOT: Mac = [2, 0, 0, 0, 0, 1];
    const BRIDGE: Mac = [2, 0, 0, 0, 0, 2];
    const OWN: Mac = [2, 0, 0, 0, 0, 3];

    fn message(version: u8, kind: u8) -> Vec<u8> {
        let parts: [&[u8]; 7] =
            [&[0, 0, version, kind, 0x3c, 0x80, 0], &ROOT, &[0, 0, 0, 4], &[0x80, 0], &BRIDGE, &[], &[0; 10]];
        parts.concat()
    }

    fn with(head: &[u8], message: &[u8]) -> Vec<u8> {
        [head, message].concat()
    }

    #[track_caller]
    fn check(frame: &[u8], expected: Option<Llc<'_>>) {
        assert_eq!(read(frame), expected);
    }

    #[test]
    fn every_kind_is_known_by_its_head() {
        let bpdu = |version| Some(Llc::Bpdu(Bpdu { version, root: ROOT, bridge: BRIDGE }));
        check(&with(&[0x42, 0x42, 3], &message(0, 0)), bpdu(0));
        check(&with(&[0x42, 0x42, 3], &message(2, 2)), bpdu(2));
        check(&with(&[0x42, 0x42, 3], &message(3, 2)), bpdu(3));
        check(&with(&[0xaa, 0xaa, 3, 0, 0, 0x0c, 1, 0x0b], &message(2, 2)), bpdu(2));
        check(&[0x42, 0x42, 3, 0, 0, 0, 0x80], Some(Llc::TopologyChange));
        check(&[0x42, 0x42, 3, 0, 0, 0, 7], None);
        check(&[0x42, 0x42, 3, 0, 1, 0, 0x80], None);
        check(&[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180], Some(Llc::Cdp(&[2, 180])));
        check(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 6, 1], Some(Llc::Ethertype(0x0806, &[1])));
        check(&[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 3], None);
        check(&[0xff, 0xff, 0, 34], Some(Llc::Ipx));
        check(&[0xe0, 0xe0, 3], Some(Llc::Ipx));
        check(&[0xf0, 0xf1, 0x73], Some(Llc::NetBeui));
        check(&[0xfe, 0xfe, 3, 0x83], Some(Llc::Osi));
        check(&[0x42, 0x42], None);
    }

    #[test]
    fn a_bridge_of_a_region_names_itself_behind_the_region() {
        let mut long = message(3, 2);
        long.resize(95, 0);
        long.extend(OWN);
        check(&with(&[0x42, 0x42, 3], &long), Some(Llc::Bpdu(Bpdu { version: 3, root: ROOT, bridge: OWN })));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), head in 0..3_usize) {
            let heads: [&[u8]; 3] = [&[], &[0x42, 0x42, 3, 0, 0], &[0xaa, 0xaa, 3, 0, 0, 0x0c]];
            let _ = read(&with(heads[head], &bytes));
        }
    }
}
