//! ARP as anybody speaks it (RFC 826, RFC 5227): who says that which IPv4 address is at which hardware address.

use super::neighbour::Mac;
use super::reader::Reader;
use core::net::Ipv4Addr;

/// Ethernet, IPv4, address lengths 6 and 4.
pub(super) const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// An ARP packet of Ethernet and IPv4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arp {
    /// What it is for.
    pub operation: Operation,
    /// The hardware address the sender claims, which need not be the frame's.
    pub sender_mac: Mac,
    /// The address the sender claims; unspecified in a probe.
    pub sender: Ipv4Addr,
    /// Anything in a request.
    pub target_mac: Mac,
    /// The address asked for, or whom a reply is to.
    pub target: Ipv4Addr,
}

/// What an ARP packet is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Where is the target?
    Request,
    /// Here is the sender.
    Reply,
    /// Does anybody have the target already? The sender claims nothing yet (RFC 5227 section 2.1).
    Probe,
    /// The sender tells everybody its own address unasked: gratuitous, as a request or a reply (RFC 5227 section 2.3).
    Announcement,
}

impl Arp {
    /// Reads what follows the frame's EtherType; none for other hardware, protocols and operations.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        if reader.array()? != ETHERNET_IPV4 {
            return None;
        }
        let code = reader.u16()?;
        let (sender_mac, sender) = (reader.array()?, Ipv4Addr::from(reader.array::<4>()?));
        let (target_mac, target) = (reader.array()?, Ipv4Addr::from(reader.array::<4>()?));
        let operation = match code {
            1 if sender.is_unspecified() => Operation::Probe,
            1 | 2 if sender == target => Operation::Announcement,
            1 => Operation::Request,
            2 => Operation::Reply,
            _ => return None,
        };
        Some(Self { operation, sender_mac, sender, target_mac, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn packet(code: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
        let head: [&[u8]; 2] = [&ETHERNET_IPV4, &[0, code]];
        let body: [&[u8]; 4] = [&[2, 0, 0, 0, 0, 1], &sender, &[2, 0, 0, 0, 0, 2], &target];
        [head.concat(), body.concat()].concat()
    }

    #[track_caller]
    fn check(code: u8, sender: [u8; 4], target: [u8; 4], expected: Option<Operation>) {
        let expected = expected.map(|operation| Arp {
            operation,
            sender_mac: [2, 0, 0, 0, 0, 1],
            sender: sender.into(),
            target_mac: [2, 0, 0, 0, 0, 2],
            target: target.into(),
        });
        assert_eq!(Arp::read(&packet(code, sender, target)), expected);
    }

    #[test]
    fn questions_answers_probes_and_announcements_are_told_apart() {
        let (nobody, one, two) = ([0; 4], [192, 0, 2, 1], [192, 0, 2, 2]);
        check(1, one, two, Some(Operation::Request));
        check(2, one, two, Some(Operation::Reply));
        check(1, nobody, two, Some(Operation::Probe));
        check(1, nobody, nobody, Some(Operation::Probe));
        check(1, one, one, Some(Operation::Announcement));
        check(2, one, one, Some(Operation::Announcement));
        check(3, one, two, None);
    }

    #[test]
    fn other_hardware_and_cut_packets_are_none() {
        let whole = packet(1, [192, 0, 2, 1], [192, 0, 2, 2]);
        assert!((0..whole.len()).all(|length| Arp::read(&whole[..length]).is_none()));
        for at in 0..6 {
            let mut other = whole.clone();
            other[at] ^= 0x10;
            assert_eq!(Arp::read(&other), None, "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = bytes;
            let _ = Arp::read(&bytes);
            bytes.splice(..bytes.len().min(6), ETHERNET_IPV4);
            let _ = Arp::read(&bytes);
        }
    }
}
