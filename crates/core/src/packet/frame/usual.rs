//! The frames that nearly all are, taken apart at one go: Ethernet without a tag, IPv4 without options, TCP or UDP, no fragment.
//!
//! One look at the length stands for all fields, each of which has its fixed place. The long way would find the same.

use super::{Ether, IPV4, Ip, Packet, TCP, Transport, UDP, bytes, word};
use core::net::{IpAddr, Ipv4Addr};

/// Ethernet's header.
const NETWORK: usize = 14;
/// And IPv4's.
const SEGMENT: usize = NETWORK + 20;
/// And what is read of TCP's; the few datagrams of UDP that end before it go the long way.
const HEAD: usize = SEGMENT + 16;
/// Version 4, and a header of five words.
const PLAIN: u8 = 0x45;
/// The bits of a fragment's place in its packet.
const OFFSET: u16 = 0x1fff;

impl Packet {
    /// Reads a frame that is as nearly all are; none, and nothing is read, if it is another.
    #[inline]
    pub(super) fn read_usual(&mut self, frame: &[u8]) -> Option<()> {
        let head: &[u8; HEAD] = frame.first_chunk()?;
        let length = usize::from(word(head, NETWORK + 2)?);
        let is_plain = word(head, 12)? == IPV4 && *head.get(NETWORK)? == PLAIN && word(head, 20)? & OFFSET == 0;
        if !is_plain || length < HEAD - NETWORK {
            return None;
        }
        let (source, destination) = (word(head, SEGMENT)?, word(head, SEGMENT + 2)?);
        let protocol = *head.get(23)?;
        let (transport, header) = match protocol {
            TCP => {
                let [sequence, acknowledgement] = [SEGMENT + 4, SEGMENT + 8].map(|at| double(head, at));
                let flags = *head.get(SEGMENT + 13)?;
                let words = usize::from(*head.get(SEGMENT + 12)? >> 4);
                if words < 5 {
                    return None;
                }
                let transport = Transport::Tcp { source, destination, flags, sequence, acknowledgement };
                (transport, words.saturating_mul(4))
            }
            UDP => (Transport::Udp { source, destination }, 8),
            _ => return None,
        };
        let end = frame.len().min(NETWORK.saturating_add(length));
        self.ether = Some(Ether { destination: bytes(head, 0)?, source: bytes(head, 6)? });
        self.ethertype = IPV4;
        self.network = NETWORK..end;
        self.ip = Some(Ip {
            source: address(head, 26),
            destination: address(head, 30),
            hop_limit: *head.get(22)?,
            protocol,
            is_later_fragment: false,
        });
        self.transport = transport;
        self.payload = SEGMENT.saturating_add(header).min(end)..end;
        Some(())
    }
}

#[inline]
fn address(head: &[u8; HEAD], at: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(double(head, at)))
}

/// Four bytes that are there.
#[inline]
fn double(head: &[u8; HEAD], at: usize) -> u32 {
    bytes(head, at).map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::super::{LLC, LinkType};
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn empty() -> Packet {
        let (network, payload) = (0..0, 0..0);
        Packet { ether: None, ethertype: LLC, vlan: None, network, ip: None, transport: Transport::Other, payload }
    }

    proptest! {
        /// Frames that are usual but for one thing or another.
        #[test]
        fn it_tells_what_the_long_way_tells(
            bytes in prop::collection::vec(any::<u8>(), 0..120),
            plain in prop::array::uniform4(0_u8..8),
            protocol in prop::sample::select(std::vec![TCP, UDP, 1, 47]),
            length in 0_u16..140,
        ) {
            let mut frame = bytes;
            let mut put = |at: usize, value: &[u8]| {
                if let Some(place) = frame.get_mut(at..at + value.len()) {
                    place.copy_from_slice(value);
                }
            };
            let [ethertype, version, fragment, known] = plain.map(|odd| odd > 0);
            if ethertype {
                put(12, &[8, 0]);
            }
            if version {
                put(14, &[PLAIN]);
            }
            if fragment {
                put(20, &[0x40, 0]);
            }
            if known {
                put(16, &length.to_be_bytes());
                put(23, &[protocol]);
            }
            let mut long = empty();
            long.read_ethernet(&frame);
            let mut usual = empty();
            if usual.read_usual(&frame).is_some() {
                prop_assert_eq!(&usual, &long);
            } else {
                prop_assert_eq!(&usual, &empty());
            }
            prop_assert_eq!(Packet::read(LinkType::Ethernet, &frame), long);
        }
    }

    #[test]
    fn the_usual_is_taken_for_usual() {
        for (protocol, payload) in [(TCP, 54..60), (UDP, 42..60)] {
            let mut frame: Vec<u8> = std::vec![0; 64];
            frame[12..18].copy_from_slice(&[8, 0, PLAIN, 0, 0, 46]);
            (frame[23], frame[46]) = (protocol, 0x50);
            let mut packet = empty();
            assert_eq!((packet.read_usual(&frame), packet.payload), (Some(()), payload));
        }
    }
}
