//! A second opinion on what a frame says: where we and etherparse both get far enough, we agree.
//!
//! Any bytes at all may come. What only one of us reads is left out, each case with its reason.

use etherparse::{LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use rebootping_core::packet::frame::{IPV4, IPV6, LinkType, Packet, Transport};
use std::net::IpAddr;

const ETHERNET: usize = 14;
const TAG: usize = 4;
/// Authentication: they read it behind IPv4 too, where nobody sends it.
const AUTHENTICATION: u8 = 51;

/// Takes an Ethernet frame, however it is cut; panics where we disagree.
#[track_caller]
pub(crate) fn agree(frame: &[u8]) {
    let ours = Packet::read(LinkType::Ethernet, frame);
    assert!(ours.payload.start <= ours.payload.end && ours.payload.end <= frame.len());
    let Ok(theirs) = LaxSlicedPacket::from_ethernet(frame) else {
        assert!(frame.len() < ETHERNET && ours.ip.is_none());
        assert_eq!(ours.ether.is_some(), frame.len() >= 12);
        return;
    };
    let ether = ours.ether.expect("it is long enough");
    assert_eq!((&ether.destination[..], &ether.source[..]), (&frame[..6], &frame[6..12]));
    // What MACsec protects we do not read.
    if theirs.link_exts.iter().any(|extension| matches!(extension, LaxLinkExtSlice::Macsec(_))) {
        return;
    }
    match theirs.vlan_ids().first() {
        Some(vlan) => assert_eq!(ours.vlan, Some(vlan.value())),
        None => assert!(ours.vlan.is_none() || frame.len() < ETHERNET + TAG),
    }
    match &theirs.net {
        Some(LaxNetSlice::Arp(_)) => assert!(ours.ip.is_none()),
        Some(net) => agree_on_ip(frame, &ours, &theirs, net),
        // They read nothing of a header with a fault in it; we read what stands before that.
        None => {}
    }
}

fn agree_on_ip(frame: &[u8], ours: &Packet, theirs: &LaxSlicedPacket<'_>, net: &LaxNetSlice<'_>) {
    let Some(ip) = ours.ip else { panic!("only they read an IP header: {net:?}") };
    match net {
        LaxNetSlice::Ipv4(net) => {
            let header = net.header();
            assert_eq!(ip.source, IpAddr::V4(header.source_addr()));
            assert_eq!(ip.destination, IpAddr::V4(header.destination_addr()));
            assert_eq!((ip.hop_limit, ip.protocol, ours.ethertype), (header.ttl(), header.protocol().0, IPV4));
            assert_eq!(ip.is_later_fragment, header.fragments_offset().value() != 0);
            // A packet that would end within its header carries nothing; they go on to the frame's end.
            if (1..header.slice().len()).contains(&usize::from(header.total_len())) {
                return assert_eq!(ours.transport, Transport::Other);
            }
        }
        LaxNetSlice::Ipv6(net) => {
            let header = net.header();
            assert_eq!(ip.source, IpAddr::V6(header.source_addr()));
            assert_eq!(ip.destination, IpAddr::V6(header.destination_addr()));
            assert_eq!((ip.hop_limit, ours.ethertype), (header.hop_limit(), IPV6));
        }
        LaxNetSlice::Arp(_) => unreachable!("it is no IP"),
    }
    let payload = net.ip_payload_ref().expect("it is IP");
    // Cut within an extension header they stop before it; we go on to what it announces. In a later fragment they take what
    // follows for headers. Of a long chain of headers we read eight, and they none of those for mobility, HIP and shim6.
    let is_complete = theirs.stop_err.is_none() && !ip.is_later_fragment;
    let is_passed_by_one = [ip.protocol, payload.ip_number.0].into_iter().any(is_extension);
    if ip.protocol == AUTHENTICATION || (is_complete && is_passed_by_one) {
        return;
    }
    if is_complete {
        assert_eq!(ip.protocol, payload.ip_number.0);
        assert_eq!(ours.network.end, offset(frame, payload.payload) + payload.payload.len());
    }
    match &theirs.transport {
        Some(transport) => {
            let (expected, start) = read(frame, transport);
            assert_eq!((ours.transport, ours.payload.start), (expected, start));
        }
        None if payload.fragmented || ip.is_later_fragment => {
            assert!(!ip.is_later_fragment || ours.transport == Transport::Other);
        }
        None if is_complete => {
            assert_eq!((ours.transport, ours.payload.start), (Transport::Other, offset(frame, payload.payload)));
        }
        // Cut within the header, or its lengths are wrong: as much of it as there is we read.
        None => {}
    }
}

const fn is_extension(protocol: u8) -> bool {
    matches!(protocol, 0 | 43 | 44 | AUTHENTICATION | 60 | 135 | 139 | 140)
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
        TransportSlice::Igmp(igmp) => (Transport::Other, offset(frame, igmp.slice())),
    }
}

fn offset(frame: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - frame.as_ptr() as usize
}
