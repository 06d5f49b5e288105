//! Whatever comes, the inventory stays within its bounds, keeps the proven, counts the rest, and does not panic.

use super::super::{Settings, addresses, contacts, device, devices, hosts};
use super::wire::{A, B, SYN, SYN_ACK, Wire};
use crate::packet::neighbour::Mac;
use proptest::prelude::*;
use std::vec::Vec;

fn mac(number: u32) -> Mac {
    let [a, b, c, d] = number.to_be_bytes();
    [0, 2, a, b, c, d]
}

#[test]
fn a_flood_of_macs_leaves_the_proven_alone() {
    let mut wire = Wire::live();
    wire.arp(A, [10, 0, 0, 10]);
    wire.inventory.handle_proven(A, wire.now);
    for number in 0..30_000 {
        wire.arp(mac(number), number.to_be_bytes());
    }
    let report = wire.report();
    assert_eq!(report.devices.len(), 1);
    assert_eq!(report.left_out.unproven, devices::MOST_UNPROVEN as u64);
    assert_eq!(report.left_out.devices, 30_000 - devices::MOST_UNPROVEN as u64);
    assert!(report.events.is_empty());
}

#[test]
fn one_device_cannot_fill_the_inventory() {
    let mut wire = Wire::new(Settings::files());
    wire.arp(A, [10, 0, 0, 10]);
    for number in 0..20_000_u32 {
        let [_, b, c, d] = number.to_be_bytes();
        wire.arp(A, [172, b.wrapping_add(16), c, d]);
        wire.tcp((A, [10, 0, 0, 10], number as u16), (B, [10, 0, 0, 11], 5), SYN_ACK, &[]);
        wire.tcp((B, [198, b, c, d], 80), (A, [10, 0, 0, 10], 5), SYN_ACK, &[]);
        wire.tcp((A, [10, 0, 0, 10], 40000), (B, [198, b, c, d], 80), SYN, &[]);
    }
    let report = wire.report();
    assert_eq!(report.hosts.len(), hosts::MOST);
    let hostile = &report.devices[0];
    assert_eq!(hostile.addresses.len(), addresses::MOST);
    assert!(hostile.tcp_open.len() <= device::MOST_PORTS && hostile.contacts.len() == contacts::MOST);
    assert!(report.left_out.addresses > 0 && report.left_out.hosts > 0 && report.left_out.contacts > 0);
}

#[test]
fn one_device_may_have_many_contacts_and_a_crowd_has_few_each() {
    let mut wire = Wire::new(Settings::files());
    for device in 0..300_u32 {
        for number in 0..500_u32 {
            let [_, _, c, d] = number.to_be_bytes();
            let client = (mac(device), [10, 0, (device >> 8) as u8, device as u8], 40000);
            wire.udp(client, (B, [198, 51, c, d], 53), b"x");
        }
        if device == 0 {
            assert_eq!(wire.device(mac(0)).contacts.len(), 500);
        }
        wire.pass(1);
    }
    let contacts: usize = wire.report().devices.iter().map(|device| device.contacts.len()).sum();
    assert!((contacts::MANY..contacts::MANY + 300 * contacts::FEW + 1000).contains(&contacts), "{contacts}");
    assert!(wire.report().left_out.contacts > 0);
}

#[test]
fn ports_lent_for_a_while_leave_room_for_services() {
    let mut wire = Wire::new(Settings::files());
    let client = (A, [10, 0, 0, 10], 40000);
    let mut open = |port| wire.connect(client, (B, [10, 0, 0, 11], port));
    (50_000..=50_000 + device::MOST_PORTS as u16).for_each(&mut open);
    open(3389);
    let ports = wire.open(B);
    assert!(ports.contains(&"10.0.0.11 3389 Established".into()) && ports.len() == device::MOST_PORTS, "{ports:?}");
    assert_eq!(wire.report().left_out.ports, 2, "one that found no room, and one that had to go");
}

#[test]
fn a_flood_of_answers_does_not_take_the_names_of_contacts() {
    let mut wire = Wire::live();
    let resolver = (B, [10, 0, 0, 1], 53);
    let answer = |wire: &mut Wire, asker: super::wire::End, label: &str, ip: [u8; 4]| {
        let mut name = Vec::new();
        for _ in 0..4 {
            name.push(label.len() as u8);
            name.extend(label.bytes());
        }
        name.extend(b"\0\0\x01\0\x01");
        wire.udp(asker, resolver, &[&b"\0\x01\x01\0\0\x01\0\0\0\0\0\0"[..], &name].concat());
        let answer = [&b"\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x04"[..], &ip].concat();
        wire.udp(resolver, asker, &[&b"\0\x01\x81\x80\0\x01\0\x01\0\0\0\0"[..], &name, &answer].concat());
    };
    for number in 0..120_000_u32 {
        if number % 10_000 == 0 {
            wire.pass(60);
        }
        let asker = ([0, 2, 0, 0, 0, 9], [10, 0, 0, 99], 40001);
        answer(&mut wire, asker, &std::format!("{number:060}"), (number | 11 << 24).to_be_bytes());
    }
    wire.pass(60);
    answer(&mut wire, (A, [10, 0, 0, 10], 40002), "www", [192, 0, 2, 7]);
    wire.connect((A, [10, 0, 0, 10], 40003), (B, [192, 0, 2, 7], 443));
    wire.inventory.handle_proven(A, wire.now);
    let contacts = wire.device(A).contacts;
    let named = contacts.iter().find(|contact| contact.port == 443).unwrap();
    assert_eq!(named.name.as_ref().map(crate::untrusted::Untrusted::raw), Some("www.www.www.www"));
}

#[test]
fn every_frame_counts_even_if_its_flow_had_to_go() {
    let mut wire = Wire::new(Settings::files());
    for number in 0..200_000_u32 {
        wire.udp((A, [10, 0, 0, 10], number as u16), (B, [10, 0, 1, (number >> 16) as u8], 7), b"x");
    }
    let device = wire.device(A);
    assert_eq!(device.bytes_sent, 200_000 * 43);
    assert_eq!(device.contacts.iter().map(|contact| contact.bytes_sent).sum::<u64>(), 200_000 * 43);
    assert!(wire.report().left_out.flows > 0);
}

fn frames() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let begins: [&[u8]; 8] = [
        b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01",
        b"\x08\x00\x45\x00\x00\x60\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x35\x9c\x40\x00\x4c\x00\x00",
        b"\x08\x00\x45\x00\x00\x60\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\xe0\x00\x00\xfb\x14\xe9\x14\xe9\x00\x4c\x00\x00",
        b"\x08\x00\x45\x00\x01\x60\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\xff\xff\xff\xff\x00\x44\x00\x43\x01\x4c\x00\x00\x01\x01\x06",
        b"\x08\x00\x45\x00\x00\x60\x00\x00\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\x9c\x40\x01\xbb",
        b"\x86\xdd\x60\x00\x00\x00\x00\x40\x3a\xff",
        b"\x88\xcc\x02\x07\x04",
        b"\x00\x40\xaa\xaa\x03\x00\x00\x0c\x20\x00",
    ];
    let frame = (0..4_u8, 0..begins.len(), proptest::collection::vec(any::<u8>(), 0..120)).prop_map(
        move |(who, begin, rest)| {
            let macs = [0, 0, 0, 0, 0, who ^ 1, 0, 0, 0, 0, 0, who.saturating_add(1)];
            (who, [&macs[..], begins[begin], &rest].concat())
        },
    );
    proptest::collection::vec(frame, 0..60)
}

proptest! {
    #[test]
    fn no_frames_panic_and_the_same_make_the_same(frames in frames()) {
        let run = || {
            let mut wire = Wire::live();
            for (second, frame) in &frames {
                wire.pass(u64::from(*second));
                wire.see(frame);
                for who in 1..6 {
                    wire.inventory.handle_proven([0, 0, 0, 0, 0, who], wire.now);
                }
            }
            serde_json::to_string(&wire.report()).unwrap()
        };
        prop_assert_eq!(run(), run());
    }
}
