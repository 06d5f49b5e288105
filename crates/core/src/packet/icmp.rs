//! Echo requests and replies of both families (RFC 792, RFC 4443), as packets that begin with their IP header.

use super::checksum;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const ECHO_REQUEST_V4: u8 = 8;
const ECHO_REPLY_V4: u8 = 0;
const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;
const HOP_LIMIT: u8 = 64;
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
/// Type, code, checksum, identifier, sequence, and eight bytes of payload: hosts exist that drop an empty one.
const ECHO: usize = 16;

/// Bytes of an echo and of its answer, from the network header on.
pub const fn length(is_v6: bool) -> usize {
    let header = if is_v6 { IPV6_HEADER } else { IPV4_HEADER };
    header.saturating_add(ECHO)
}

/// An echo, asked or answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo {
    /// Who sent it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// The sender's identifier: ours is drawn at every start.
    pub identifier: u16,
    /// The sequence number.
    pub sequence: u16,
    /// The first eight bytes of payload.
    pub token: u64,
}

/// A packet of at most the length of an IPv6 echo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    bytes: [u8; IPV6_HEADER + ECHO],
    length: usize,
}

impl Packet {
    /// The packet, from its IP header on.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

/// The packet of an echo request; none if its addresses are not of one family.
pub fn request(echo: &Echo) -> Option<Packet> {
    match (echo.source, echo.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => Some(request_v4(source, destination, echo)),
        (IpAddr::V6(source), IpAddr::V6(destination)) => Some(request_v6(source, destination, echo)),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

fn request_v4(source: Ipv4Addr, destination: Ipv4Addr, echo: &Echo) -> Packet {
    let mut message = message(ECHO_REQUEST_V4, echo);
    let sum = checksum(&[&message]);
    write(&mut message, 2, &sum.to_be_bytes());
    let length = ((IPV4_HEADER + ECHO) as u16).to_be_bytes();
    let [source, destination] = [source.octets(), destination.octets()];
    let mut header = [0; IPV4_HEADER];
    // Version 4, five words of header; don't fragment; the kernel fills in nothing of a packet socket's packets.
    write(&mut header, 0, &[0x45, 0, length[0], length[1], 0, 0, 0x40, 0, HOP_LIMIT, ICMP]);
    write(&mut header, 12, &source);
    write(&mut header, 16, &destination);
    let sum = checksum(&[&header]);
    write(&mut header, 10, &sum.to_be_bytes());
    joined(&header, &message)
}

fn request_v6(source: Ipv6Addr, destination: Ipv6Addr, echo: &Echo) -> Packet {
    let mut message = message(ECHO_REQUEST_V6, echo);
    let [source, destination] = [source.octets(), destination.octets()];
    let pseudo_header = [0, 0, 0, ECHO as u8, 0, 0, 0, ICMPV6];
    let sum = checksum(&[&source, &destination, &pseudo_header, &message]);
    write(&mut message, 2, &sum.to_be_bytes());
    let mut header = [0; IPV6_HEADER];
    write(&mut header, 0, &[0x60, 0, 0, 0, 0, ECHO as u8, ICMPV6, HOP_LIMIT]);
    write(&mut header, 8, &source);
    write(&mut header, 24, &destination);
    joined(&header, &message)
}

fn message(kind: u8, echo: &Echo) -> [u8; ECHO] {
    let mut message = [0; ECHO];
    write(&mut message, 0, &[kind]);
    write(&mut message, 4, &echo.identifier.to_be_bytes());
    write(&mut message, 6, &echo.sequence.to_be_bytes());
    write(&mut message, 8, &echo.token.to_be_bytes());
    message
}

fn joined(header: &[u8], message: &[u8]) -> Packet {
    let mut packet = Packet { bytes: [0; IPV6_HEADER + ECHO], length: header.len().saturating_add(message.len()) };
    write(&mut packet.bytes, 0, header);
    write(&mut packet.bytes, header.len(), message);
    packet
}

fn write(into: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in into.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}

/// Reads an echo reply from a packet that begins with its IP header; none if it is anything else. Checksums are not looked at: the
/// token proves more, and drivers leave them to hardware.
pub fn reply(packet: &[u8]) -> Option<Echo> {
    echo_of(packet, ECHO_REPLY_V4, ECHO_REPLY_V6)
}

/// Reads an echo request of ours as the kernel hands it back with its departure time.
pub fn own_request(packet: &[u8]) -> Option<Echo> {
    echo_of(packet, ECHO_REQUEST_V4, ECHO_REQUEST_V6)
}

fn echo_of(packet: &[u8], v4: u8, v6: u8) -> Option<Echo> {
    let (source, destination, kind, message): (IpAddr, IpAddr, u8, &[u8]) = match packet.first()? >> 4 {
        4 => {
            let header = usize::from(packet.first()? & 0xf).checked_mul(4).filter(|&length| length >= IPV4_HEADER)?;
            let fragmented = u16::from_be_bytes(array(packet, 6)?) & 0x3fff != 0;
            if fragmented || *packet.get(9)? != ICMP {
                return None;
            }
            let [source, destination] =
                [Ipv4Addr::from(array::<4>(packet, 12)?), Ipv4Addr::from(array::<4>(packet, 16)?)];
            (source.into(), destination.into(), v4, packet.get(header..)?)
        }
        6 if *packet.get(6)? == ICMPV6 => {
            let [source, destination] =
                [Ipv6Addr::from(array::<16>(packet, 8)?), Ipv6Addr::from(array::<16>(packet, 24)?)];
            (source.into(), destination.into(), v6, packet.get(IPV6_HEADER..)?)
        }
        _ => return None,
    };
    if array(message, 0)? != [kind, 0] {
        return None;
    }
    let [identifier, sequence] = [u16::from_be_bytes(array(message, 4)?), u16::from_be_bytes(array(message, 6)?)];
    Some(Echo { source, destination, identifier, sequence, token: u64::from_be_bytes(array(message, 8)?) })
}

pub(super) fn array<const LENGTH: usize>(bytes: &[u8], at: usize) -> Option<[u8; LENGTH]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn echo(source: &str, destination: &str) -> Echo {
        let [source, destination] = [source, destination].map(|ip| ip.parse().unwrap());
        Echo { source, destination, identifier: 0xabcd, sequence: 0x0102, token: 0x0304_0506_0708_090a }
    }

    /// Turns a request into the reply a host would send.
    fn answered(request: &Packet) -> std::vec::Vec<u8> {
        let mut bytes = request.bytes().to_vec();
        let header = if bytes[0] >> 4 == 4 { IPV4_HEADER } else { IPV6_HEADER };
        bytes[header] = if header == IPV4_HEADER { ECHO_REPLY_V4 } else { ECHO_REPLY_V6 };
        bytes
    }

    #[test]
    fn requests_are_well_formed_and_replies_are_read_back() {
        for echo in [echo("198.51.100.2", "8.8.8.8"), echo("2001:db8::2", "2001:4860:4860::8888")] {
            let packet = request(&echo).unwrap();
            assert_eq!(own_request(packet.bytes()), Some(echo));
            assert_eq!(reply(packet.bytes()), None, "a request is no reply");
            assert_eq!(reply(&answered(&packet)), Some(echo));
        }
        assert!(request(&echo("198.51.100.2", "2001:db8::2")).is_none());
    }

    #[test]
    fn checksums_hold() {
        let v4 = request(&echo("198.51.100.2", "8.8.8.8")).unwrap();
        assert_eq!((checksum(&[&v4.bytes()[..20]]), checksum(&[&v4.bytes()[20..]])), (0, 0));
        let v6 = request(&echo("2001:db8::2", "2001:4860:4860::8888")).unwrap();
        assert_eq!(checksum(&[&v6.bytes()[8..40], &[0, 0, 0, 16, 0, 0, 0, 58], &v6.bytes()[40..]]), 0);
    }

    #[test]
    fn what_is_no_echo_reply_is_none() {
        let reply_bytes = answered(&request(&echo("198.51.100.2", "8.8.8.8")).unwrap());
        let with = |at: usize, byte: u8| {
            let mut bytes = reply_bytes.clone();
            bytes[at] = byte;
            bytes
        };
        for (what, bytes) in [
            ("version", with(0, 0x55)),
            ("short header", with(0, 0x44)),
            ("long header", with(0, 0x4f)),
            ("fragment", with(7, 1)),
        ] {
            assert_eq!(reply(&bytes), None, "{what}");
        }
        assert_eq!(reply(&with(9, 17)), None, "UDP");
        assert_eq!(reply(&with(21, 1)), None, "code");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), version in 4_u8..7) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = version << 4 | *first & 0xf;
            }
            let _ = (reply(&bytes), own_request(&bytes));
        }
    }
}
