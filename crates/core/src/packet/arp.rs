//! ARP as anybody speaks it (RFC 826, RFC 5227): who says that which IPv4 address is at which hardware address.

use super::neighbour::Mac;
use super::reader::Reader;
use core::net::Ipv4Addr;

/// Ethernet, IPv4, address lengths 6 and 4.
pub(super) const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// An ARP packet of Ethernet and IPv4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arp {
    /// What it is.
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

/// What an ARP packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Where is the target?
    Request,
    /// Here is the sender.
    Reply,
}

impl Arp {
    /// Reads what follows the frame's EtherType; none for other hardware, protocols and operations.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        if reader.array()? != ETHERNET_IPV4 {
            return None;
        }
        let operation = match reader.u16()? {
            1 => Operation::Request,
            2 => Operation::Reply,
            _ => return None,
        };
        Some(Self {
            operation,
            sender_mac: reader.array()?,
            sender: Ipv4Addr::from(reader.array::<4>()?),
            target_mac: reader.array()?,
            target: Ipv4Addr::from(reader.array::<4>()?),
        })
    }

    /// Does anybody have the target already? The sender claims nothing yet (RFC 5227 section 2.1).
    pub fn is_probe(&self) -> bool {
        self.operation == Operation::Request && self.sender.is_unspecified()
    }

    /// The sender tells everybody its own address unasked: gratuitous, as a request or a reply (RFC 5227 section 2.3).
    pub fn is_announcement(&self) -> bool {
        self.sender == self.target && !self.sender.is_unspecified()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn packet(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
        let head: [&[u8]; 2] = [&ETHERNET_IPV4, &[0, operation]];
        let body: [&[u8]; 4] = [&[2, 0, 0, 0, 0, 1], &sender, &[2, 0, 0, 0, 0, 2], &target];
        [head.concat(), body.concat()].concat()
    }

    #[track_caller]
    fn check(operation: u8, sender: [u8; 4], target: [u8; 4], expected: Option<(Operation, bool, bool)>) {
        let arp = Arp::read(&packet(operation, sender, target));
        assert_eq!(arp.map(|arp| (arp.operation, arp.is_probe(), arp.is_announcement())), expected);
        if let Some(arp) = arp {
            assert_eq!((arp.sender.octets(), arp.target.octets()), (sender, target));
            assert_eq!((arp.sender_mac[5], arp.target_mac[5]), (1, 2));
        }
    }

    #[test]
    fn questions_answers_probes_and_announcements_are_told_apart() {
        let (nobody, one, two) = ([0; 4], [192, 0, 2, 1], [192, 0, 2, 2]);
        check(1, one, two, Some((Operation::Request, false, false)));
        check(2, one, two, Some((Operation::Reply, false, false)));
        check(1, nobody, two, Some((Operation::Request, true, false)));
        check(1, one, one, Some((Operation::Request, false, true)));
        check(2, one, one, Some((Operation::Reply, false, true)));
        check(1, nobody, nobody, Some((Operation::Request, true, false)));
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
