//! ARP as anybody speaks it (RFC 826, RFC 5227): who says that which IPv4 address is at which hardware address.

use super::icmp::array;
use super::neighbour::Mac;
use core::net::Ipv4Addr;

/// Ethernet, IPv4, address lengths 6 and 4.
const ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// An ARP packet of Ethernet and IPv4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arp {
    /// What it is for.
    pub operation: Operation,
    /// The hardware address the sender claims, which need not be the frame's.
    pub sender_mac: Mac,
    /// The address the sender claims; unspecified in a probe.
    pub sender: Ipv4Addr,
    /// Zero or anything in a request.
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
    /// Does anybody have this address already? The sender claims nothing yet (RFC 5227 section 2.1).
    Probe,
    /// The sender tells everybody its own address, as a request or a reply (gratuitous; RFC 5227 section 2.3).
    Announcement,
}

impl Arp {
    /// Reads what follows the frame's EtherType; none for other hardware, protocols and operations.
    pub fn read(packet: &[u8]) -> Option<Self> {
        let [sender, target] = [array::<4>(packet, 14)?, array::<4>(packet, 24)?].map(Ipv4Addr::from);
        if array(packet, 0)? != ETHERNET_IPV4 {
            return None;
        }
        let operation = match array(packet, 6)? {
            [0, 1 | 2] if sender == target && !sender.is_unspecified() => Operation::Announcement,
            [0, 1] if sender.is_unspecified() => Operation::Probe,
            [0, 1] => Operation::Request,
            [0, 2] => Operation::Reply,
            _ => return None,
        };
        Some(Self { operation, sender_mac: array(packet, 8)?, sender, target_mac: array(packet, 18)?, target })
    }
}
