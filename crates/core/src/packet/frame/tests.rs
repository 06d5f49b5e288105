//! What is read of frames that are whole, cut, tagged, too short.

use super::*;
use std::vec::Vec;

/// UDP from port 1 to port 2 with two bytes, from 10.0.0.1 to 10.0.0.2.
const PACKET: [u8; 30] =
    [0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 10, 0, 0, b'h', b'i'];
const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

fn ethernet(parts: &[&[u8]]) -> Vec<u8> {
    [&MACS[..], &parts.concat()].concat()
}

/// The packet is found behind `before` bytes, and what it carries is what remains.
#[track_caller]
fn check(link: LinkType, before: &[u8], vlan: Option<u16>) {
    let frame = [before, &PACKET].concat();
    let packet = Packet::read(link, &frame);
    assert_eq!(packet.transport, Transport::Udp { source: 1, destination: 2 });
    assert_eq!((packet.ethertype, packet.vlan), (IPV4, vlan));
    assert_eq!(packet.network, before.len()..frame.len());
    assert_eq!(&frame[packet.payload], b"hi");
    for length in 0..frame.len() {
        let packet = Packet::read(link, &frame[..length]);
        assert!(packet.network.end <= length && packet.payload.end <= length);
    }
}

#[test]
fn every_link_leads_to_the_packet() {
    check(LinkType::Ip, &[], None);
    check(LinkType::Null, &[2, 0, 0, 0], None);
    check(LinkType::Null, &[0, 0, 0, 2], None);
    check(LinkType::Cooked, &[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], None);
    let tagged = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0, 0, 5, 8, 0];
    check(LinkType::Cooked, &tagged, Some(5));
    check(LinkType::Cooked2, &[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], None);
    check(LinkType::Ethernet, &ethernet(&[&[8, 0]]), None);
    check(LinkType::Ethernet, &ethernet(&[&[0x81, 0, 0x60, 7, 8, 0]]), Some(7));
    check(LinkType::Ethernet, &ethernet(&[&[0x88, 0xa8, 0, 9, 0x81, 0, 0, 7, 8, 0]]), Some(9));
    check(LinkType::Ethernet, &ethernet(&[&[0x88, 0x64, 0x11, 0, 0, 1, 0, 32, 0, 0x21]]), None);
    check(LinkType::Ethernet, &ethernet(&[&[0, 38, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]]), None);
}

#[test]
fn a_length_where_an_ethertype_would_be_ends_the_frame() {
    let frame = ethernet(&[&[0, 3, 0x42, 0x42, 3], &[0; 40]]);
    let packet = Packet::read(LinkType::Ethernet, &frame);
    assert_eq!((packet.ethertype, packet.network.clone(), packet.payload), (LLC, 14..17, 14..17));
}

#[test]
fn padding_is_not_of_the_packet() {
    let frame = ethernet(&[&[8, 0], &PACKET, &[0; 16]]);
    assert_eq!(Packet::read(LinkType::Ethernet, &frame).payload, 42..44);
}

#[test]
fn a_length_of_zero_is_an_offloads() {
    let mut long = PACKET.to_vec();
    long[2..4].copy_from_slice(&[0, 0]);
    long.resize(66_000, 7);
    assert_eq!(Packet::read(LinkType::Ip, &long).payload, 28..66_000);
}

#[test]
fn what_is_cut_or_too_short_has_no_ports() {
    let has_ports = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut packet = PACKET.to_vec();
        change(&mut packet);
        Packet::read(LinkType::Ip, &packet).transport != Transport::Other
    };
    assert!(has_ports(&|_| {}));
    assert!(!has_ports(&|packet| packet.truncate(27)), "cut in its checksum");
    assert!(!has_ports(&|packet| packet[0] = 0x44), "a header of four words");
    assert!(!has_ports(&|packet| packet[3] = 19), "it would end within its header");
    let mut tcp = PACKET.to_vec();
    tcp.resize(60, 0);
    (tcp[3], tcp[9], tcp[32]) = (60, TCP, 0x50);
    assert!(matches!(Packet::read(LinkType::Ip, &tcp).transport, Transport::Tcp { .. }));
    tcp[32] = 0x40;
    assert_eq!(Packet::read(LinkType::Ip, &tcp).transport, Transport::Other, "a header of four words");
}

#[test]
fn a_later_fragment_has_no_ports() {
    let mut fragment = PACKET;
    fragment[7] = 1;
    let packet = Packet::read(LinkType::Ip, &fragment);
    assert_eq!((packet.transport, packet.payload), (Transport::Other, 20..30));
    assert!(packet.ip.unwrap().is_later_fragment);
    fragment[6..8].copy_from_slice(&[0x20, 0]);
    assert_eq!(Packet::read(LinkType::Ip, &fragment).payload, 28..30, "the first has them");
}

#[test]
fn numbers_of_links_are_those_of_pcap() {
    for link in [LinkType::Ethernet, LinkType::Ip, LinkType::Cooked, LinkType::Cooked2, LinkType::Null] {
        assert_eq!(LinkType::from_number(link.number().into()), Some(link));
    }
    assert_eq!(LinkType::from_number(105), None, "of 802.11 we know nothing");
}
