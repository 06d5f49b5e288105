//! What is told as an event, when, and what is not.

use super::super::events::What;
use super::super::ports::Protocol;
use super::super::report::Hardware;
use super::super::{Inventory, Output, Settings, Vendors};
use super::wire::{A, ACK, B, C, LAN, OURS, SYN, SYN_ACK, WAN, Wire};
use crate::packet::neighbour::Mac;
use std::vec::Vec;

const HOUR: u64 = 3600;

fn proven(wire: &mut Wire, mac: Mac, ip: [u8; 4]) {
    wire.arp(mac, ip);
    wire.inventory.handle_proven(mac, wire.now);
}

#[test]
fn a_new_device_waits_a_minute_for_its_name() {
    let mut wire = Wire::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    wire.pass(59);
    assert_eq!(wire.events(), []);
    wire.pass(1);
    assert_eq!(wire.events(), [(A, What::NewDevice)]);
    proven(&mut wire, B, [10, 0, 0, 11]);
    wire.ask_for_lease(B, "tv", b"");
    assert!(wire.inventory.next_deadline(wire.now) <= wire.now + core::time::Duration::from_secs(1));
    wire.pass(1);
    assert_eq!(wire.events(), [(B, What::NewDevice)]);
    wire.pass(600);
    assert_eq!(wire.events(), []);
}

#[test]
fn a_restart_while_a_new_device_waits_for_its_name_does_not_swallow_it() {
    let mut wire = Wire::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    wire.pass(30);
    let kept = wire.inventory.keep();
    let settings = wire.inventory.settings.clone();
    wire.inventory = Inventory::restore(settings, Vendors::default(), 8, kept, wire.now);
    wire.pass(60);
    assert_eq!(wire.events(), [(A, What::NewDevice)]);
    let kept = wire.inventory.keep();
    let settings = wire.inventory.settings.clone();
    wire.inventory = Inventory::restore(settings, Vendors::default(), 8, kept, wire.now);
    wire.pass(60);
    assert_eq!(wire.events(), [], "it is told once");
}

#[test]
fn a_random_mac_silent_for_thirty_days_is_archived_unless_it_is_named() {
    let random = |last| [0xda, 0xa1, 0x19, 0, 0, last];
    let mut wire = Wire::live();
    for (last, mac) in [random(1), random(2), A].into_iter().enumerate() {
        proven(&mut wire, mac, [10, 0, 0, last as u8]);
    }
    wire.inventory.name(random(2), Some("phone".into()), wire.now).unwrap();
    let archived = |wire: &mut Wire| [random(1), random(2), A].map(|mac| wire.device(mac).archived);
    wire.pass(30 * 24 * HOUR - 1);
    assert_eq!(archived(&mut wire), [false; 3]);
    wire.pass(1);
    assert_eq!(archived(&mut wire), [true, false, false]);
    wire.arp(random(1), [10, 0, 0, 1]);
    assert_eq!(archived(&mut wire), [false; 3], "it came back");
}

#[test]
fn the_first_day_is_the_baseline() {
    let mut wire = Wire::live();
    wire.inventory.settings = Settings::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    wire.connect((B, [10, 0, 0, 11], 40000), (A, [10, 0, 0, 10], 22));
    wire.pass(25 * HOUR);
    assert_eq!(wire.events(), []);
    wire.connect((B, [10, 0, 0, 11], 40001), (A, [10, 0, 0, 10], 22));
    wire.connect((B, [10, 0, 0, 11], 40001), (A, [10, 0, 0, 10], 80));
    let port = What::NewPort { ip: [10, 0, 0, 10].into(), protocol: Protocol::Tcp, port: 80 };
    assert_eq!(wire.events(), [(A, port)]);
}

#[test]
fn a_port_lent_for_a_while_is_told_when_it_lasts() {
    let mut wire = Wire::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    wire.pass(60);
    wire.events();
    let server = (A, [10, 0, 0, 10], 50000);
    wire.connect((B, [10, 0, 0, 11], 40000), server);
    assert_eq!(wire.events(), []);
    wire.now = wire.now + core::time::Duration::from_secs(HOUR);
    wire.tcp((B, [10, 0, 0, 11], 40001), server, SYN, &[]);
    wire.tcp(server, (B, [10, 0, 0, 11], 40001), SYN_ACK, &[]);
    wire.tcp((B, [10, 0, 0, 11], 40001), server, ACK, &[]);
    let told = What::NewPort { ip: [10, 0, 0, 10].into(), protocol: Protocol::Tcp, port: 50000 };
    assert_eq!(wire.events(), [(A, told)]);
}

#[test]
fn who_takes_anothers_address_is_told_once() {
    let mut wire = Wire::live();
    for mac in [A, C] {
        proven(&mut wire, mac, [10, 0, 0, mac[5]]);
    }
    wire.pass(60);
    wire.events();
    wire.arp(OURS, [10, 0, 0, 1]);
    wire.arp(C, [10, 0, 0, 1]);
    for _ in 0..5 {
        wire.arp(C, [10, 0, 0, 0xa]);
        wire.arp(A, [10, 0, 0, 0xa]);
    }
    let conflict = |ip: [u8; 4], with| What::AddressConflict { ip: ip.into(), with: Hardware(with) };
    wire.arp(A, [10, 0, 0, 0xa]);
    assert_eq!(wire.events(), [(C, conflict([10, 0, 0, 1], OURS)), (C, conflict([10, 0, 0, 0xa], A))]);
    wire.pass(HOUR);
    wire.arp(A, [10, 0, 0, 0xa]);
    wire.arp(C, [10, 0, 0, 0xa]);
    assert_eq!(wire.events(), [(C, conflict([10, 0, 0, 0xa], A))], "an hour later it is told again");
}

#[test]
fn who_passes_for_us_is_told_whoever_spoke_first() {
    let mut wire = Wire::live();
    proven(&mut wire, C, [10, 0, 0, C[5]]);
    wire.pass(60);
    wire.events();
    let conflict = What::AddressConflict { ip: [10, 0, 0, 1].into(), with: Hardware(OURS) };
    for _ in 0..2 {
        for mac in [C, OURS, C, OURS] {
            wire.arp(mac, [10, 0, 0, 1]);
        }
        assert_eq!(wire.events(), [(C, conflict.clone())]);
        wire.pass(HOUR);
    }
}

#[test]
fn nobody_claims_addresses_in_our_place() {
    let mut wire = Wire::live();
    for mac in [A, C] {
        proven(&mut wire, mac, [10, 0, 0, mac[5]]);
    }
    wire.pass(60);
    wire.events();
    for number in 0..70_000_u32 {
        wire.arp_from(C, OURS, (number | 11 << 24).to_be_bytes());
    }
    wire.arp(A, [10, 0, 0, 77]);
    wire.arp(C, [10, 0, 0, 77]);
    let conflict = What::AddressConflict { ip: [10, 0, 0, 77].into(), with: Hardware(A) };
    assert_eq!(wire.events(), [(C, conflict)]);
    assert_eq!(wire.report().left_out.addresses, 0);
}

#[test]
fn who_acts_as_a_gateway_is_told_once() {
    let mut wire = Wire::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    proven(&mut wire, B, [10, 0, 0, 11]);
    wire.pass(60);
    wire.events();
    wire.give_lease((OURS, [10, 0, 0, 1], 67), A, [10, 0, 0, 10]);
    assert_eq!(wire.events(), []);
    for _ in 0..3 {
        wire.give_lease((B, [10, 0, 0, 11], 67), A, [10, 0, 0, 10]);
    }
    assert_eq!(wire.events(), [(B, What::ActsAsDhcpServer { is_v6: false })]);
    for last in 0..20 {
        wire.tcp((A, [192, 0, 2, last], 80), (B, [10, 0, 0, 11], 40000), ACK, &[]);
    }
    assert_eq!(wire.events(), [(A, What::ActsAsRouter { advertises: false })]);
}

#[test]
fn what_a_stranger_did_is_told_when_it_is_proven() {
    let mut wire = Wire::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    wire.pass(60);
    wire.events();
    wire.give_lease((B, [10, 0, 0, 11], 67), A, [10, 0, 0, 10]);
    wire.arp(A, [10, 0, 0, 10]);
    wire.arp(B, [10, 0, 0, 10]);
    assert_eq!(wire.events(), [], "of who is not proven nothing is told");
    wire.inventory.handle_proven(B, wire.now);
    assert_eq!(wire.events(), [(B, What::ActsAsDhcpServer { is_v6: false })]);
    wire.arp(A, [10, 0, 0, 10]);
    wire.arp(B, [10, 0, 0, 10]);
    let told = wire.events();
    let told: Vec<_> = told.iter().filter(|(_, what)| matches!(what, What::AddressConflict { .. })).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    wire.inventory.handle_proven(B, wire.now);
    wire.give_lease((B, [10, 0, 0, 11], 67), A, [10, 0, 0, 10]);
    wire.arp(B, [10, 0, 0, 10]);
    assert_eq!(wire.events(), []);
}

#[test]
fn gone_is_who_never_was_silent_so_long() {
    let mut wire = Wire::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    for _ in 0..25 * 6 {
        wire.pass(600);
        wire.arp(A, [10, 0, 0, 10]);
    }
    wire.events();
    wire.pass(3600);
    assert_eq!(wire.events(), []);
    wire.pass(60);
    assert_eq!(wire.events(), [(A, What::Gone { silent_s: 3660 })]);
    assert!(wire.device(A).gone);
    wire.pass(60);
    wire.arp(A, [10, 0, 0, 10]);
    assert_eq!(wire.events(), [(A, What::Back { silent_s: 3720 })]);
}

#[test]
fn bytes_are_told_by_the_minute() {
    let mut wire = Wire::live();
    proven(&mut wire, A, [10, 0, 0, 10]);
    let begin = wire.now;
    wire.arp(A, [10, 0, 0, 10]);
    wire.udp((B, [10, 0, 0, 11], 1), (A, [10, 0, 0, 10], 1), b"x");
    wire.pass(60);
    let mut minutes = Vec::new();
    while let Some(output) = wire.inventory.poll_output() {
        match output {
            Output::Minute(mac, minute) => {
                let packets = [minute.sent_packets, minute.received_packets];
                minutes.push((mac, minute.begins <= begin, minute.sent, minute.received, packets));
            }
            Output::Event(_) | Output::Names { .. } => {}
        }
    }
    assert_eq!(minutes, [(A, true, 84, 43, [2, 1])]);
}

#[test]
fn names_that_are_not_answered_are_told_on_whatever_wire_they_are_asked() {
    let (device, resolver) = ((A, [10, 0, 0, 10], 40_000), (OURS, [10, 0, 0, 1], 53));
    let (gateway, provider) = ((OURS, [192, 0, 2, 2], 40_000), (B, [198, 51, 100, 53], 53));
    for (interface, asker, server) in [(LAN, device, resolver), (WAN, gateway, provider)] {
        let mut wire = Wire::live();
        wire.interface = interface;
        wire.pass(1);
        let ask = |wire: &mut Wire, is_answered: bool| {
            for _ in 0..6 {
                wire.udp(asker, server, &[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
                if is_answered {
                    wire.udp(server, asker, &[0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]);
                }
            }
            wire.pass(10);
        };
        for is_answered in [true, true, false, true] {
            ask(&mut wire, is_answered);
        }
        let mut told = Vec::new();
        while let Some(output) = wire.inventory.poll_output() {
            if let Output::Names { begins, ends, answered } = output {
                told.push((ends.since(begins).as_secs(), answered));
            }
        }
        assert_eq!(told, [(10, false), (10, true)]);
    }
}
