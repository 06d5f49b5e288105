//! Who has this address: our own questions, as ARP requests (RFC 826) and neighbour solicitations (RFC 4861), and the answers.

use super::arp::{Arp, ETHERNET_IPV4, Operation};
use super::checksum;
use super::icmp::array;
use super::ndp::{NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, Ndp, SOURCE_LINK_LAYER};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A link-layer address of Ethernet.
pub type Mac = [u8; 6];

/// A MAC as a number of 48 bits, its first byte highest; the all-zero address is 0.
pub fn number(mac: Mac) -> u64 {
    let mut bytes = [0; 8];
    bytes[2..].copy_from_slice(&mac);
    u64::from_be_bytes(bytes)
}

/// The Ethernet broadcast address.
pub const BROADCAST: Mac = [0xff; 6];

const ARP: usize = 28;
const SOLICITATION: usize = 40 + 24 + 8;
const ICMPV6: u8 = 58;

/// Somebody says that this address is at this hardware address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The address asked for.
    pub address: IpAddr,
    /// Where it is; an advertisement may leave it out.
    pub mac: Option<Mac>,
}

/// An ARP request, without its Ethernet header.
pub fn arp_request(from: Mac, source: Ipv4Addr, target: Ipv4Addr) -> [u8; ARP] {
    let request = [0, 1];
    let parts: [&[u8]; 6] = [&ETHERNET_IPV4, &request, &from, &source.octets(), &[0; 6], &target.octets()];
    filled(&parts)
}

/// Reads what an ARP reply or announcement says; none if it is anything else.
pub fn arp_reply(packet: &[u8]) -> Option<Answer> {
    let arp = Arp::read(packet)?;
    match arp.operation {
        // Who announces an address says where it is, asked or not.
        Operation::Reply | Operation::Announcement => {
            Some(Answer { address: arp.sender.into(), mac: Some(arp.sender_mac) })
        }
        Operation::Request | Operation::Probe => None,
    }
}

/// A neighbour solicitation to the target's solicited-node group, from its IPv6 header on.
pub fn solicitation(from: Mac, source: Ipv6Addr, target: Ipv6Addr) -> [u8; SOLICITATION] {
    let [source, target, destination] = [source.octets(), target.octets(), solicited_node(target).octets()];
    let mut head = [NEIGHBOUR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
    let option = [SOURCE_LINK_LAYER, 1, from[0], from[1], from[2], from[3], from[4], from[5]];
    let pseudo_header = [0, 0, 0, 32, 0, 0, 0, ICMPV6];
    let [high, low] = checksum(&[&source, &destination, &pseudo_header, &head, &target, &option]).to_be_bytes();
    (head[2], head[3]) = (high, low);
    // Hop limit 255 proves to the receiver that no router passed it on.
    let header = [0x60, 0, 0, 0, 0, 32, ICMPV6, 255];
    filled(&[&header, &source, &destination, &head, &target, &option])
}

/// The group a solicitation for this address goes to (RFC 4291 section 2.7.1).
pub fn solicited_node(target: Ipv6Addr) -> Ipv6Addr {
    let last = target.to_bits() & 0xff_ffff;
    Ipv6Addr::from_bits(0xff02_0000_0000_0000_0000_0001_ff00_0000 | last)
}

/// The Ethernet address of an IPv6 multicast group (RFC 2464 section 7).
pub fn multicast_mac(group: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = group.octets();
    [0x33, 0x33, a, b, c, d]
}

/// Reads a neighbour advertisement from its IPv6 header on; none if it is anything else, or came through a router.
pub fn advertisement(packet: &[u8]) -> Option<Answer> {
    let [next_header, hop_limit] = array(packet, 6)?;
    let [kind, code] = array(packet, 40)?;
    if packet.first()? >> 4 != 6 || next_header != ICMPV6 || kind != NEIGHBOUR_ADVERTISEMENT {
        return None;
    }
    match Ndp::read(kind, code, hop_limit, packet.get(44..)?)? {
        Ndp::Advertisement { target, target_mac, .. } => Some(Answer { address: target.into(), mac: target_mac }),
        Ndp::Solicitation { .. } | Ndp::RouterSolicitation { .. } | Ndp::RouterAdvertisement(_) => None,
    }
}

fn filled<const LENGTH: usize>(parts: &[&[u8]]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    for (to, from) in bytes.iter_mut().zip(parts.iter().flat_map(|part| part.iter())) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::ndp::TARGET_LINK_LAYER;
    use super::*;
    use proptest::prelude::*;

    const OURS: Mac = [2, 0, 0, 0, 0, 1];
    const THEIRS: Mac = [2, 0, 0, 0, 0, 2];

    #[test]
    fn an_arp_question_is_answered() {
        let (us, gateway) = (Ipv4Addr::new(198, 51, 100, 2), Ipv4Addr::new(198, 51, 100, 1));
        let request = arp_request(OURS, us, gateway);
        assert_eq!(arp_reply(&request), None);
        let mut reply = arp_request(THEIRS, gateway, us);
        reply[7] = 2;
        assert_eq!(arp_reply(&reply), Some(Answer { address: gateway.into(), mac: Some(THEIRS) }));
        assert_eq!(arp_reply(&reply[..17]), None);
    }

    #[test]
    fn a_solicitation_goes_to_the_group_and_an_advertisement_is_read() {
        let [us, router]: [Ipv6Addr; 2] = ["fe80::2", "fe80::12:3456"].map(|ip| ip.parse().unwrap());
        assert_eq!(solicited_node(router), "ff02::1:ff12:3456".parse::<Ipv6Addr>().unwrap());
        assert_eq!(multicast_mac(solicited_node(router)), [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
        let packet = solicitation(OURS, us, router);
        assert_eq!(checksum(&[&packet[8..40], &[0, 0, 0, 32, 0, 0, 0, 58], &packet[40..]]), 0);
        assert_eq!(advertisement(&packet), None);
        let mut answer = packet;
        answer[40] = NEIGHBOUR_ADVERTISEMENT;
        assert_eq!(advertisement(&answer), Some(Answer { address: router.into(), mac: None }));
        answer[64] = TARGET_LINK_LAYER;
        answer[66..72].copy_from_slice(&THEIRS);
        assert_eq!(advertisement(&answer), Some(Answer { address: router.into(), mac: Some(THEIRS) }));
        answer[7] = 64;
        assert_eq!(advertisement(&answer), None, "it came through a router");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = (arp_reply(&bytes), advertisement(&bytes));
        }
    }
}
