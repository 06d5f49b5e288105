//! A captured frame taken apart down to its ports, whatever the link: by value, without copying a byte.
//!
//! Written here and not taken from a library: it runs for every packet on every wire, so it reads each header once, keeps
//! ranges instead of slices, and goes on as far as a cut frame lets it.

#[cfg(test)]
mod tests;
mod usual;

use super::neighbour::Mac;
use crate::time::Time;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// What a frame of an interface begins with, as pcap names it (LINKTYPE_).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum LinkType {
    /// An Ethernet header (1).
    Ethernet,
    /// An IP header: tun, PPP, raw-ip LTE (101, and 228 and 229 in files).
    Ip,
    /// Linux "cooked" version 1 (113); in files only.
    Cooked,
    /// Linux "cooked" version 2 (276); in files only.
    Cooked2,
    /// Four bytes of address family in the byte order of its host (0, and 108 in network order); in files only.
    Null,
}

impl LinkType {
    /// The link type of a capture file's number; none if we cannot take such frames apart.
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Ethernet,
            12 | 14 | 101 | 228 | 229 => Self::Ip,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            0 | 108 => Self::Null,
            _ => return None,
        })
    }

    /// The number in a capture file.
    pub const fn number(self) -> u16 {
        match self {
            Self::Ethernet => 1,
            Self::Ip => 101,
            Self::Cooked => 113,
            Self::Cooked2 => 276,
            Self::Null => 0,
        }
    }
}

/// The interface a frame was captured on: the kernel's index, or the number a capture file gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct InterfaceId(pub u32);

/// Which way a captured frame went, as its host saw it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Direction {
    /// To this host, or to a group.
    Received,
    /// From somebody to somebody else.
    Overheard,
    /// From this host.
    Sent,
}

/// One captured frame, and what its capture says of it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When it was on the wire.
    pub at: Time,
    /// Where it was captured.
    pub interface: InterfaceId,
    /// Which way it went.
    pub direction: Direction,
    /// What it begins with.
    pub link: LinkType,
    /// Its bytes, as many as were captured.
    pub frame: &'a [u8],
    /// Its length on the wire in bytes.
    pub original: u32,
}

/// A frame taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// Its MAC addresses, where the link has any.
    pub ether: Option<Ether>,
    /// The protocol within: an EtherType, or [`LLC`] for a frame of IEEE 802.3 that has a length there.
    pub ethertype: u16,
    /// The first VLAN's identifier.
    pub vlan: Option<u16>,
    /// Where the protocol within begins and ends, in bytes of the frame, without padding where that is known.
    pub network: Range<usize>,
    /// Its IP header, if it has one.
    pub ip: Option<Ip>,
    /// Its ports or kind, if it got that far.
    pub transport: Transport,
    /// What the transport carries; for all else, what follows the last header we know.
    pub payload: Range<usize>,
}

/// Stands for LLC (IEEE 802.2) where an EtherType would be.
pub const LLC: u16 = 0;
/// ARP's EtherType.
pub const ARP: u16 = 0x0806;
/// IPv4's EtherType.
pub const IPV4: u16 = 0x0800;
/// IPv6's EtherType.
pub const IPV6: u16 = 0x86dd;
/// An EtherType below this is a length (IEEE 802.3 section 3.2.6).
const LEAST_ETHERTYPE: u16 = 0x0600;

/// LLC's header before an EtherType (IEEE 802.2, RFC 1042).
const SNAP: [u8; 6] = [0xaa, 0xaa, 3, 0, 0, 0];

/// Who sent a frame to whom on its wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ether {
    /// The receiver, which may be a group.
    pub destination: Mac,
    /// The sender.
    pub source: Mac,
}

/// What an IP header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ip {
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
    /// Time to live, or hop limit.
    pub hop_limit: u8,
    /// The protocol within, after IPv6's extension headers.
    pub protocol: u8,
    /// It is not the first fragment of its packet, so it begins in the middle of something.
    pub is_later_fragment: bool,
}

/// What a transport header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// A TCP segment.
    Tcp {
        /// The sender's port.
        source: u16,
        /// The receiver's port.
        destination: u16,
        /// CWR to FIN, as in the header.
        flags: u8,
        /// The sequence number.
        sequence: u32,
        /// The acknowledgement number.
        acknowledgement: u32,
    },
    /// A UDP datagram.
    Udp {
        /// The sender's port.
        source: u16,
        /// The receiver's port.
        destination: u16,
    },
    /// An ICMP or ICMPv6 message.
    Icmp {
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
    },
    /// Something else, or cut before its ports.
    Other,
}

/// TCP's FIN flag.
pub const FIN: u8 = 0x01;
/// TCP's SYN flag.
pub const SYN: u8 = 0x02;
/// TCP's RST flag.
pub const RST: u8 = 0x04;
/// TCP's ACK flag.
pub const ACK: u8 = 0x10;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
/// More extension headers than this are an attack (RFC 8504 section 5.3 lets hosts limit them).
const MOST_EXTENSIONS: usize = 8;
/// As many VLAN tags are read.
const MOST_TAGS: usize = 4;

impl Packet {
    /// Takes a frame apart as far as its bytes go.
    pub fn read(link: LinkType, frame: &[u8]) -> Self {
        let mut packet = Self {
            ether: None,
            ethertype: LLC,
            vlan: None,
            network: 0..0,
            ip: None,
            transport: Transport::Other,
            payload: 0..0,
        };
        match link {
            LinkType::Ethernet => packet.read_usual(frame).unwrap_or_else(|| packet.read_ethernet(frame)),
            LinkType::Ip => packet.read_ip(frame, 0),
            LinkType::Cooked => packet.read_cooked(frame, 14, 16),
            LinkType::Cooked2 => packet.read_cooked(frame, 0, 20),
            // The address family differs between systems; the version in the IP header does not.
            LinkType::Null => packet.read_ip(frame, 4),
        }
        packet
    }

    fn read_ethernet(&mut self, frame: &[u8]) {
        let (Some(destination), Some(source)) = (bytes(frame, 0), bytes(frame, 6)) else {
            return self.end_at(frame, LLC, frame.len());
        };
        self.ether = Some(Ether { destination, source });
        self.read_tagged(frame, 12);
    }

    /// Reads from the EtherType that stands at `at`, through VLAN tags.
    fn read_tagged(&mut self, frame: &[u8], mut at: usize) {
        let mut ethertype = LLC;
        for _ in 0..=MOST_TAGS {
            ethertype = word(frame, at).unwrap_or(LLC);
            at = at.saturating_add(2);
            if !matches!(ethertype, 0x8100 | 0x88a8 | 0x9100) {
                break;
            }
            self.vlan = self.vlan.or(word(frame, at).map(|tag| tag & 0x0fff));
            at = at.saturating_add(2);
        }
        self.read_network(frame, ethertype, at);
    }

    fn read_cooked(&mut self, frame: &[u8], protocol_at: usize, at: usize) {
        match word(frame, protocol_at) {
            Some(0x8100) => self.read_tagged(frame, protocol_at),
            ethertype => self.read_network(frame, ethertype.unwrap_or(LLC), at),
        }
    }

    fn read_network(&mut self, frame: &[u8], ethertype: u16, at: usize) {
        match ethertype {
            IPV4 | IPV6 => self.read_ip(frame, at),
            // PPPoE's session stage: six bytes, then PPP's protocol number (RFC 2516, RFC 1332, RFC 5072).
            0x8864 => match word(frame, at.saturating_add(6)) {
                Some(0x0021 | 0x0057) => self.read_ip(frame, at.saturating_add(8)),
                _ => self.end_at(frame, ethertype, at),
            },
            // IP behind a length (RFC 1042) says itself where it ends.
            length if length < LEAST_ETHERTYPE && is_ip_behind_llc(frame, at) => {
                self.read_ip(frame, at.saturating_add(8));
            }
            length if length < LEAST_ETHERTYPE => {
                self.end_at(frame, LLC, at);
                let end = at.saturating_add(usize::from(length)).min(frame.len());
                self.network.end = end.max(self.network.start);
                self.payload = self.network.clone();
            }
            _ => self.end_at(frame, ethertype, at),
        }
    }

    fn read_ip(&mut self, frame: &[u8], at: usize) {
        match frame.get(at).map(|first| first >> 4) {
            Some(4) => self.read_ipv4(frame, at),
            Some(6) => self.read_ipv6(frame, at),
            _ => self.end_at(frame, LLC, at),
        }
    }

    fn read_ipv4(&mut self, frame: &[u8], at: usize) {
        self.end_at(frame, IPV4, at);
        let Some(header) = frame.get(at..).and_then(|rest| rest.first_chunk::<20>()) else { return };
        let &[first, _, long, gth, _, _, fragment, ment, hop_limit, protocol, _, _, addresses @ ..] = header;
        let [source, destination] = [0, 4].map(|at| Ipv4Addr::from(bytes::<4>(&addresses, at).unwrap_or_default()));
        let length = usize::from(u16::from_be_bytes([long, gth]));
        let header = usize::from(first & 0x0f).saturating_mul(4);
        if header < 20 {
            return;
        }
        // A length of zero is a segmentation offload's: the frame is longer than the field can say.
        let ends_within_header = length > 0 && length < header;
        if length > 0 && !ends_within_header {
            self.network.end = at.saturating_add(length).min(frame.len());
        }
        let offset = u16::from_be_bytes([fragment, ment]) & 0x1fff;
        self.ip = Some(Ip {
            source: IpAddr::V4(source),
            destination: IpAddr::V4(destination),
            hop_limit,
            protocol,
            is_later_fragment: offset != 0,
        });
        self.read_transport(frame, protocol, offset != 0 || ends_within_header, at.saturating_add(header));
    }

    fn read_ipv6(&mut self, frame: &[u8], at: usize) {
        self.end_at(frame, IPV6, at);
        let Some(header) = frame.get(at..).and_then(|rest| rest.first_chunk::<40>()) else { return };
        let (Some(length), Some(source), Some(destination)) =
            (word(header, 4), bytes::<16>(header, 8), bytes::<16>(header, 24))
        else {
            return;
        };
        let mut next = at.saturating_add(40);
        // Zero is a jumbogram's, or a segmentation offload's.
        if length != 0 {
            self.network.end = next.saturating_add(usize::from(length)).min(frame.len());
        }
        let mut protocol = header.get(6).copied().unwrap_or_default();
        let mut is_later_fragment = false;
        for _ in 0..MOST_EXTENSIONS {
            let Some([following, length]) = bytes(frame, next).filter(|_| is_extension(protocol)) else { break };
            let words = match protocol {
                FRAGMENT => {
                    is_later_fragment |= word(frame, next.saturating_add(2)).is_some_and(|offset| offset & 0xfff8 != 0);
                    8
                }
                AUTHENTICATION => usize::from(length).saturating_add(2).saturating_mul(4),
                _ => usize::from(length).saturating_add(1).saturating_mul(8),
            };
            next = next.saturating_add(words);
            protocol = following;
            if is_later_fragment {
                break;
            }
        }
        self.ip = Some(Ip {
            source: IpAddr::V6(Ipv6Addr::from(source)),
            destination: IpAddr::V6(Ipv6Addr::from(destination)),
            hop_limit: header.get(7).copied().unwrap_or_default(),
            protocol,
            is_later_fragment,
        });
        self.read_transport(frame, protocol, is_later_fragment, next);
    }

    /// What begins at `at` is not taken apart, as far as is known yet.
    fn end_at(&mut self, frame: &[u8], ethertype: u16, at: usize) {
        let rest = at.min(frame.len())..frame.len();
        self.ethertype = ethertype;
        self.network = rest.clone();
        self.payload = rest;
    }

    fn read_transport(&mut self, frame: &[u8], protocol: u8, has_none: bool, at: usize) {
        let end = self.network.end;
        self.payload = at.min(end)..end;
        let Some(segment) = frame.get(self.payload.clone()).filter(|_| !has_none) else { return };
        let (transport, header) = match protocol {
            TCP => (tcp(segment), segment.get(12).map_or(20, |words| usize::from(words >> 4).saturating_mul(4))),
            UDP => (udp(segment), 8),
            ICMP | ICMPV6 => (icmp(segment), 4),
            _ => (None, 0),
        };
        if let Some(transport) = transport {
            self.transport = transport;
            self.payload.start = at.saturating_add(header).min(end);
        }
    }
}

fn is_ip_behind_llc(frame: &[u8], at: usize) -> bool {
    bytes(frame, at) == Some(SNAP) && matches!(word(frame, at.saturating_add(SNAP.len())), Some(IPV4 | IPV6))
}

const fn is_extension(protocol: u8) -> bool {
    // Hop-by-hop, routing, fragment, authentication, destination options, mobility, HIP, shim6 (RFC 7045 section 4).
    matches!(protocol, 0 | 43 | FRAGMENT | AUTHENTICATION | 60 | 135 | 139 | 140)
}

fn tcp(segment: &[u8]) -> Option<Transport> {
    // Of one that was cut before its checksum nothing is told, as others do; one whose header is too short is none.
    let &[a, b, c, d, s1, s2, s3, s4, a1, a2, a3, a4, words, flags, ..] = segment.first_chunk::<16>()?;
    if words >> 4 < 5 {
        return None;
    }
    Some(Transport::Tcp {
        source: u16::from_be_bytes([a, b]),
        destination: u16::from_be_bytes([c, d]),
        flags,
        sequence: u32::from_be_bytes([s1, s2, s3, s4]),
        acknowledgement: u32::from_be_bytes([a1, a2, a3, a4]),
    })
}

fn udp(segment: &[u8]) -> Option<Transport> {
    let &[a, b, c, d, ..] = segment.first_chunk::<8>()?;
    Some(Transport::Udp { source: u16::from_be_bytes([a, b]), destination: u16::from_be_bytes([c, d]) })
}

fn icmp(segment: &[u8]) -> Option<Transport> {
    bytes(segment, 0).map(|[kind, code]| Transport::Icmp { kind, code })
}

#[inline]
fn word(frame: &[u8], at: usize) -> Option<u16> {
    bytes(frame, at).map(u16::from_be_bytes)
}

#[inline]
fn bytes<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    frame.get(at..)?.first_chunk().copied()
}
