//! Frames of every make, cut at every byte, taken apart by us and by etherparse: where both get far enough they agree.

use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use proptest::prelude::*;
use rebootping_core::packet::frame::{IPV4, IPV6, LinkType, Packet, Transport};
use std::net::IpAddr;

const ETHERNET: usize = 14;
const TAG: usize = 4;

/// A generated frame.
#[derive(Clone, Debug)]
struct Frame {
    bytes: Vec<u8>,
    /// There is more to its packet, before it or after.
    is_fragment: bool,
}

fn frame() -> impl Strategy<Value = Frame> {
    let tags =
        proptest::collection::vec((prop_oneof![Just(0x8100_u16), Just(0x88a8), Just(0x9100)], any::<u16>()), 0..4);
    let padding = prop_oneof![3 => Just(0_usize), 1 => 1..9_usize];
    (any::<[u8; 12]>(), tags, prop_oneof![ipv4(), ipv6()], padding).prop_map(
        |(macs, tags, (ip, is_fragment), padding)| {
            let ethertype = if ip[0] >> 4 == 4 { IPV4 } else { IPV6 };
            let mut bytes = macs.to_vec();
            for (kind, tag) in tags {
                bytes.extend(kind.to_be_bytes().iter().chain(&tag.to_be_bytes()));
            }
            bytes.extend(ethertype.to_be_bytes());
            bytes.extend(ip);
            bytes.extend(vec![0; padding]);
            Frame { bytes, is_fragment }
        },
    )
}

fn ipv4() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let options = (0..11_usize).prop_map(|words| vec![1_u8; words * 4]);
    let fragment = prop_oneof![4 => Just(0_u16), 1 => any::<u16>().prop_map(|word| word & 0x3fff)];
    (any::<[u8; 8]>(), any::<u8>(), options, fragment, transport(1)).prop_map(
        |(addresses, ttl, options, fragment, (protocol, payload))| {
            let header = 20 + options.len();
            let [high, low] = ((header + payload.len()) as u16).to_be_bytes();
            let [fragment_high, fragment_low] = fragment.to_be_bytes();
            let mut ip =
                vec![0x40 | (header / 4) as u8, 0, high, low, 0, 0, fragment_high, fragment_low, ttl, protocol, 0, 0];
            ip.extend(addresses);
            ip.extend(options);
            ip.extend(payload);
            (ip, fragment != 0)
        },
    )
}

/// Extension headers in the order of RFC 8200 section 4.1, each there or not.
fn ipv6() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let extensions = (any::<[bool; 6]>(), 0..4_u8, prop_oneof![Just(0_u16), any::<u16>()]);
    (any::<[u8; 32]>(), any::<u8>(), extensions, transport(58)).prop_map(
        |(addresses, hop_limit, (there, units, fragment), (protocol, payload))| {
            let order = [0_u8, 60, 43, 44, 51, 60];
            let present: Vec<u8> =
                order.into_iter().zip(there).filter(|(_, there)| *there).map(|(kind, _)| kind).collect();
            let mut rest = payload;
            let mut next = protocol;
            for kind in present.iter().rev() {
                let [high, low] = fragment.to_be_bytes();
                let extension = match kind {
                    44 => vec![next, 0, high, low, 0, 0, 0, 9],
                    // In words of four bytes less two, the others in units of eight less one.
                    51 => [vec![next, units + 1], vec![0; 4 * usize::from(units) + 10]].concat(),
                    _ => [vec![next, units], vec![0; 8 * usize::from(units) + 6]].concat(),
                };
                rest = [extension, rest].concat();
                next = *kind;
            }
            let [high, low] = (rest.len() as u16).to_be_bytes();
            let header = [0x60, 0, 0, 0, high, low, next, hop_limit];
            let is_fragment = present.contains(&44) && fragment & 0xfff9 != 0;
            ([&header[..], &addresses, &rest].concat(), is_fragment)
        },
    )
}

fn transport(icmp: u8) -> impl Strategy<Value = (u8, Vec<u8>)> {
    let payload = || proptest::collection::vec(any::<u8>(), 0..40);
    let ports = any::<[u8; 4]>();
    let tcp = (ports, any::<[u8; 8]>(), 5..16_u8, any::<u8>(), payload()).prop_map(
        |(ports, numbers, words, flags, payload)| {
            let options = vec![1; usize::from(words) * 4 - 20];
            (6, [&ports[..], &numbers, &[words << 4, flags, 0, 1, 0, 0, 0, 0], &options, &payload].concat())
        },
    );
    let udp = (ports, payload()).prop_map(|(ports, payload)| {
        let [high, low] = (payload.len() as u16 + 8).to_be_bytes();
        (17, [&ports[..], &[high, low, 0, 0], &payload].concat())
    });
    let icmp = (any::<[u8; 6]>(), payload()).prop_map(move |(rest, payload)| {
        let echo = if icmp == 1 { 8 } else { 128 };
        (icmp, [&[echo, 0][..], &rest, &payload].concat())
    });
    let other = payload().prop_map(|payload| (89, payload));
    prop_oneof![3 => tcp, 3 => udp, 2 => icmp, 1 => other]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn we_and_etherparse_agree(frame in frame()) {
        for length in 0..=frame.bytes.len() {
            agree(&frame.bytes[..length], frame.is_fragment);
        }
    }
}

#[track_caller]
fn agree(frame: &[u8], is_fragment: bool) {
    let ours = Packet::read(LinkType::Ethernet, frame);
    let Ok(theirs) = LaxSlicedPacket::from_ethernet(frame) else {
        assert!(frame.len() < ETHERNET && ours.ip.is_none());
        assert_eq!(ours.ether.is_some(), frame.len() >= 12);
        return;
    };
    let ether = ours.ether.expect("it is long enough");
    assert_eq!((&ether.destination[..], &ether.source[..]), (&frame[..6], &frame[6..12]));
    match theirs.vlan_ids().first() {
        Some(vlan) => assert_eq!(ours.vlan, Some(vlan.value())),
        None => assert!(ours.vlan.is_none() || frame.len() < ETHERNET + TAG),
    }
    let Some(net) = &theirs.net else {
        // Cut within IPv4's options they read nothing of it; we read what stands before them.
        assert!(ours.ip.is_none_or(|ip| ip.source.is_ipv4() && ours.payload.is_empty()), "{ours:?}");
        return;
    };
    let Some(ip) = ours.ip else {
        panic!("only they read an IP header: {net:?}");
    };
    match net {
        LaxNetSlice::Ipv4(net) => {
            let header = net.header();
            assert_eq!(ip.source, IpAddr::V4(header.source_addr()));
            assert_eq!(ip.destination, IpAddr::V4(header.destination_addr()));
            assert_eq!((ip.hop_limit, ip.protocol), (header.ttl(), header.protocol().0));
            assert_eq!(ip.is_later_fragment, header.fragments_offset().value() != 0);
        }
        LaxNetSlice::Ipv6(net) => {
            let header = net.header();
            assert_eq!(ip.source, IpAddr::V6(header.source_addr()));
            assert_eq!(ip.destination, IpAddr::V6(header.destination_addr()));
            assert_eq!(ip.hop_limit, header.hop_limit());
        }
        LaxNetSlice::Arp(_) => panic!("none was generated"),
    }
    let payload = net.ip_payload_ref().expect("it is IP");
    // Cut within an extension header they stop before it; we go on to what it announces. In a later fragment they take what
    // follows for headers.
    let is_complete = theirs.stop_err.is_none() && !ip.is_later_fragment;
    if is_complete {
        assert_eq!(ip.protocol, payload.ip_number.0);
        assert_eq!(ours.network.end, offset(frame, payload.payload) + payload.payload.len());
    }
    match &theirs.transport {
        Some(transport) => {
            let (expected, start) = read(frame, transport);
            assert_eq!((ours.transport, ours.payload.start), (expected, start));
        }
        None if is_fragment || ip.is_later_fragment => {
            assert!(!ip.is_later_fragment || ours.transport == Transport::Other);
        }
        None if is_complete => {
            assert_eq!((ours.transport, ours.payload.start), (Transport::Other, offset(frame, payload.payload)));
        }
        // Cut within the header: nothing of it is payload.
        None => assert!(ours.transport == Transport::Other || ours.payload.len() <= 4, "{ours:?}"),
    }
    assert!(ours.payload.start <= ours.payload.end && ours.payload.end <= frame.len());
}

/// What they read as we would say it, and where its payload begins.
fn read(frame: &[u8], transport: &TransportSlice<'_>) -> (Transport, usize) {
    match transport {
        TransportSlice::Tcp(tcp) => {
            let flags = [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh(), tcp.ack(), tcp.urg(), tcp.ece(), tcp.cwr()];
            let flags = flags.into_iter().rev().fold(0, |flags, flag| flags << 1 | u8::from(flag));
            let (source, destination) = (tcp.source_port(), tcp.destination_port());
            let (sequence, acknowledgement) = (tcp.sequence_number(), tcp.acknowledgment_number());
            (Transport::Tcp { source, destination, flags, sequence, acknowledgement }, offset(frame, tcp.payload()))
        }
        TransportSlice::Udp(udp) => {
            let (source, destination) = (udp.source_port(), udp.destination_port());
            (Transport::Udp { source, destination }, offset(frame, udp.payload()))
        }
        // They count what differs between kinds to the header; we do not.
        TransportSlice::Icmpv4(icmp) => {
            let start = offset(frame, icmp.slice()) + 4;
            (Transport::Icmp { kind: icmp.type_u8(), code: icmp.code_u8() }, start)
        }
        TransportSlice::Icmpv6(icmp) => {
            let start = offset(frame, icmp.slice()) + 4;
            (Transport::Icmp { kind: icmp.type_u8(), code: icmp.code_u8() }, start)
        }
        TransportSlice::Igmp(_) => panic!("none was generated"),
    }
}

fn offset(frame: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - frame.as_ptr() as usize
}
