//! What is listed, and whose it is.

use super::super::Settings;
use super::super::addresses::Claim;
use super::super::events::What;
use super::super::operator::Refusal;
use super::super::ports::Evidence;
use super::super::report::Hardware;
use super::wire::{A, ACK, B, C, LAN, OURS, RST_ACK, SYN, SYN_ACK, WAN, Wire};
use crate::packet::neighbour::Mac;
use core::net::IpAddr;
use std::vec::Vec;

const CLIENT: super::wire::End = (A, [10, 0, 0, 10], 40000);
const SERVER: super::wire::End = (B, [10, 0, 0, 11], 22);

const D: Mac = [0x00, 0x1b, 0x21, 0, 0, 0xd];

fn files() -> Wire {
    Wire::new(Settings::files())
}

#[test]
fn a_port_is_open_when_its_answer_was_seen() {
    let mut wire = files();
    wire.tcp(CLIENT, SERVER, SYN, &[]);
    assert_eq!(wire.report().devices.len(), 1, "who was only sent to is no device");
    wire.tcp(SERVER, CLIENT, SYN_ACK, &[]);
    assert_eq!(wire.open(B), ["10.0.0.11 22 SynAck"]);
    wire.tcp(SERVER, CLIENT, ACK, &[]);
    wire.tcp(CLIENT, SERVER, RST_ACK, &[]);
    assert_eq!(wire.open(B), ["10.0.0.11 22 SynAck"], "a scanner's reset is no connection");
    wire.tcp(CLIENT, SERVER, ACK, &[]);
    assert_eq!(wire.open(B), ["10.0.0.11 22 Established"]);
    wire.tcp(SERVER, CLIENT, ACK, b"SSH-2.0-x\r\n");
    let port = wire.device(B).tcp_open.remove(0);
    assert_eq!((port.banner.unwrap().raw(), port.service.as_deref()), ("SSH-2.0-x", Some("ssh")));
    wire.tcp(CLIENT, (B, [10, 0, 0, 11], 23), SYN, &[]);
    wire.tcp((B, [10, 0, 0, 11], 23), CLIENT, RST_ACK, &[]);
    assert_eq!(wire.open(B).len(), 1, "a refusal proves nothing");
    assert_eq!(wire.open(A), [""; 0]);
}

#[test]
fn an_address_is_heard_of_as_long_as_its_flows_are() {
    let mut wire = files();
    for port in 1..5 {
        wire.pass(1000);
        wire.connect((A, [10, 0, 0, 10], port), SERVER);
        assert_eq!(wire.device(A).addresses.remove(0).last_seen, wire.now.as_nanos());
    }
    assert_eq!(wire.device(A).addresses.len(), 1);
}

#[test]
fn a_frame_to_whoever_sent_it_counts_both_ways() {
    let mut wire = files();
    wire.udp(CLIENT, (A, SERVER.1, SERVER.2), b"to myself");
    wire.udp(CLIENT, (A, SERVER.1, SERVER.2), b"once more");
    let device = wire.device(A);
    assert_eq!((device.bytes_sent, device.bytes_received), (102, 102));
}

#[test]
fn udp_is_open_when_a_question_was_seen_before_the_answer() {
    let (asker, server) = ((A, [10, 0, 0, 10], 40000), (B, [10, 0, 0, 11], 123));
    let mut wire = files();
    wire.udp(server, asker, b"answer");
    wire.udp(asker, server, b"question");
    assert_eq!((wire.open(A).len(), wire.open(B).len()), (0, 0));
    let mut wire = files();
    wire.udp(asker, server, b"question");
    assert_eq!(wire.report().devices.len(), 1);
    wire.udp(server, asker, b"answer");
    assert_eq!(wire.open(B), ["10.0.0.11 123 Answered"]);
}

#[test]
fn who_claims_anothers_address_does_not_get_its_ports() {
    let mut wire = Wire::live();
    for mac in [A, C] {
        wire.arp(mac, [10, 0, 0, mac[5]]);
        wire.inventory.handle_proven(mac, wire.now);
    }
    wire.arp(C, [10, 0, 0, 0xa]);
    wire.connect((B, [10, 0, 0, 11], 40000), (A, [10, 0, 0, 0xa], 22));
    wire.tcp((A, [10, 0, 0, 0xa], 22), (B, [10, 0, 0, 11], 40000), ACK, b"SSH-2.0-x\r\n");
    let port = wire.device(A).tcp_open.remove(0);
    assert_eq!((port.port, port.evidence, port.banner), (22, Evidence::Established, Some("SSH-2.0-x".into())));
    assert_eq!(wire.device(C).tcp_open, []);
}

#[test]
fn what_a_router_passes_on_is_behind_it() {
    let mut wire = files();
    wire.tcp(CLIENT, (C, [192, 0, 2, 1], 443), SYN, &[]);
    wire.hop_limit = 57;
    wire.tcp((C, [192, 0, 2, 1], 443), CLIENT, SYN_ACK, &[]);
    let report = wire.report();
    assert_eq!((report.hosts.len(), wire.open(C).len()), (1, 0));
    assert_eq!((report.hosts[0].ip, report.hosts[0].behind.unwrap().0), (IpAddr::from([192, 0, 2, 1]), C));
    assert_eq!((wire.device(C).kind, wire.events()), (None, Vec::new()), "its own hop limit may be odd");
    wire.connect(CLIENT, (C, [192, 0, 2, 2], 443));
    assert_eq!(wire.device(C).kind.as_deref(), Some("router"));
    assert_eq!(wire.events(), [(C, What::ActsAsRouter { advertises: false })]);
    wire.arp(C, [192, 0, 2, 1]);
    assert_eq!((wire.report().hosts.len(), wire.open(C)), (1, std::vec!["192.0.2.1 443 SynAck".into()]));
}

#[test]
fn who_shows_many_addresses_keeps_only_those_it_claims() {
    let mut wire = files();
    wire.arp(C, [192, 0, 2, 0]);
    for last in 0..17 {
        wire.tcp((C, [192, 0, 2, last], 80), CLIENT, SYN_ACK, &[]);
    }
    assert_eq!(wire.open(C), ["192.0.2.0 80 SynAck"]);
    let device = wire.device(C);
    assert_eq!((device.kind.as_deref(), device.addresses.len()), (Some("router"), 1));
    assert_eq!(wire.report().hosts.len(), 16);
}

#[test]
fn leases_arp_and_traffic_claim_addresses() {
    let mut wire = files();
    wire.ask_for_lease(A, "printer", b"id");
    wire.give_lease((B, [10, 0, 0, 1], 67), A, [10, 0, 0, 10]);
    wire.arp(A, [10, 0, 0, 10]);
    let device = wire.device(A);
    assert_eq!(device.addresses[0].claimed_by, Claim::Dhcp);
    assert_eq!((device.name.unwrap().raw(), device.dhcp.parameters.as_deref()), ("printer", Some("1,3,6")));
    assert_eq!(device.dhcp.vendor_class.unwrap().raw(), "udhcp");
    let asked = (device.dhcp.requested, device.dhcp.client_id.as_deref());
    assert_eq!(asked, (Some([10, 0, 0, 10].into()), Some("6964")));
    assert_eq!(wire.device(B).addresses[0].claimed_by, Claim::Traffic);
}

#[test]
fn what_a_device_said_at_other_times_stands_beside_what_it_says_now() {
    let mut wire = files();
    for (class, parameters) in [(&b"PXEClient"[..], &[1, 3][..]), (b"MSFT 5.0", &[1, 15]), (b"PXEClient", &[1, 3])] {
        wire.discover(A, &[(60, class), (55, parameters)]);
    }
    let dhcp = wire.device(A).dhcp;
    assert_eq!((dhcp.vendor_class.unwrap().raw(), dhcp.parameters.as_deref()), ("PXEClient", Some("1,3")));
    assert_eq!(
        (dhcp.other_vendor_classes, dhcp.other_parameters),
        (std::vec!["MSFT 5.0".into()], std::vec!["1,15".into()])
    );
}

#[test]
fn whoever_is_found_by_ssdp_says_its_software_in_any_message() {
    for begin in ["NOTIFY * HTTP/1.1", "M-SEARCH * HTTP/1.1", "HTTP/1.1 200 OK"] {
        let mut wire = files();
        let words = std::format!("{begin}\r\nUSER-AGENT: app/1\r\nSERVER: Linux UPnP/1.0 tv/2\r\n\r\n");
        wire.udp((A, [10, 0, 0, 10], 1900), (B, [10, 0, 0, 11], 1900), words.as_bytes());
        let device = wire.device(A);
        assert_eq!(
            (device.user_agents, device.models),
            (std::vec!["app/1".into()], std::vec!["Linux UPnP/1.0 tv/2".into()])
        );
    }
}

#[test]
fn a_registration_that_is_cut_tells_its_name_and_not_whether_many_share_it() {
    let mut wire = files();
    let letters = [&b"EB"[..], &b"CA".repeat(14), b"AA"].concat();
    let question = [&b"\0\x09\x29\x10\0\x01\0\0\0\0\0\x01\x20"[..], &letters, b"\0\0\x20\0\x01\xc0\x0c"].concat();
    wire.udp((A, [10, 0, 0, 10], 137), ([0xff; 6], [10, 0, 0, 255], 137), &question);
    let names: Vec<_> = wire.device(A).names.iter().map(|name| (name.name.clone(), name.group)).collect();
    assert_eq!(names, [("A".into(), true)]);
}

#[test]
fn a_name_that_is_taken_back_stays_listed_and_calls_nobody() {
    let mut wire = files();
    let address = |name: &[u8], ttl: u8| {
        let end = [&[0, 1, 0x80, 1, 0, 0, 0, ttl, 0, 4][..], &[10, 0, 0, 10]].concat();
        [&b"\0\0\x84\0\0\0\0\x01\0\0\0\0\x03"[..], name, b"\x05local\0", &end].concat()
    };
    for (name, ttl) in [(b"new", 120), (b"old", 0), (b"new", 0)] {
        wire.udp((A, [10, 0, 0, 10], 5353), ([1, 0, 0x5e, 0, 0, 0xfb], [224, 0, 0, 251], 5353), &address(name, ttl));
    }
    let device = wire.device(A);
    let names: Vec<_> = device.names.iter().map(|name| (name.name.raw(), name.group)).collect();
    assert_eq!(names, [("old.local", true), ("new.local", false)]);
    assert_eq!(device.name.unwrap().raw(), "new.local");
}

#[test]
fn a_gateway_lists_the_proven_and_not_itself() {
    let mut wire = Wire::live();
    wire.connect(CLIENT, (OURS, [10, 0, 0, 1], 80));
    assert_eq!((wire.report().devices.len(), wire.report().left_out.unproven), (0, 1));
    wire.inventory.handle_proven(A, wire.now);
    let report = wire.report();
    assert_eq!(report.devices.iter().map(|device| device.mac.0).collect::<Vec<_>>(), [A]);
    assert_eq!((report.devices[0].interfaces.as_slice(), report.hosts.len()), (&["lan0".into()][..], 0));
    let contact = &report.devices[0].contacts[0];
    assert_eq!((contact.port, contact.bytes_sent, contact.bytes_received), (80, 108, 54));
}

#[test]
fn whom_a_device_has_not_talked_to_for_a_month_is_forgotten() {
    let mut wire = Wire::live();
    wire.connect(CLIENT, (OURS, [10, 0, 0, 1], 443));
    wire.inventory.handle_proven(A, wire.now);
    for day in 0..32 {
        wire.connect(CLIENT, (OURS, [10, 0, 0, 1], 80));
        let ports: Vec<u16> = wire.device(A).contacts.iter().map(|contact| contact.port).collect();
        assert_eq!(ports.contains(&443), day <= 30, "{ports:?} on day {day}");
        assert!(ports.contains(&80));
        wire.pass(24 * 3600);
    }
}

#[test]
fn what_lives_on_an_internet_link_is_the_providers() {
    let mut wire = Wire::live();
    wire.interface = WAN;
    wire.arp(B, [192, 0, 2, 1]);
    wire.inventory.handle_proven(B, wire.now);
    wire.arp(C, [192, 0, 2, 1]);
    wire.hop_limit = 57;
    wire.tcp((B, [198, 51, 100, 1], 443), (OURS, [192, 0, 2, 2], 50000), SYN_ACK, &[]);
    wire.hop_limit = 64;
    wire.tcp((C, [192, 0, 2, 1], 443), (OURS, [192, 0, 2, 2], 50000), SYN_ACK, &[]);
    wire.pass(61);
    assert_eq!(wire.device(B).kind.as_deref(), Some("provider's equipment or neighbour"));
    assert_eq!((wire.report().hosts.len(), wire.events().len()), (0, 0));
}

#[test]
fn a_device_is_called_what_dns_said_before_it_spoke() {
    let mut wire = files();
    let (asker, resolver) = ((A, [10, 0, 0, 10], 40001), (B, [10, 0, 0, 1], 53));
    let answer = |wire: &mut Wire, question: &[u8], records: &[u8], counts: [u8; 6]| {
        wire.udp(asker, resolver, &[&b"\0\x01\x01\0\0\x01\0\0\0\0\0\0"[..], question].concat());
        wire.udp(resolver, asker, &[&b"\0\x01\x81\x80\0\x01"[..], &counts, question, records].concat());
    };
    // An alias and the address of what it stands for; beside a service, its server's address.
    let alias = b"\xc0\x0c\0\x05\0\x01\0\0\0\x09\0\x06\x03nas\xc0\x10\xc0\x25\0\x01\0\x01\0\0\0\x09\0\x04\x0a\0\0\x0c";
    answer(&mut wire, b"\x03www\x03lan\0\0\x01\0\x01", alias, [0, 2, 0, 0, 0, 0]);
    let service = b"\xc0\x0c\0\x21\0\x01\0\0\0\x09\0\x0b\0\0\0\0\x01\x85\x02dc\xc0\x17";
    let beside = b"\x02dc\x03lan\0\0\x01\0\x01\0\0\0\x09\0\x04\x0a\0\0\x0d";
    let records = [&service[..], beside].concat();
    answer(&mut wire, b"\x05_ldap\x04_tcp\x03lan\0\0\x21\0\x01", &records, [0, 1, 0, 0, 0, 1]);
    let names = |wire: &mut Wire, mac| {
        let names = wire.device(mac).names;
        let mut names: Vec<_> = names.iter().map(|name| std::string::String::from(name.name.raw())).collect();
        names.sort();
        names
    };
    wire.connect(CLIENT, (C, [10, 0, 0, 12], 445));
    assert_eq!(names(&mut wire, C), ["nas.lan"]);
    wire.arp(D, [10, 0, 0, 13]);
    assert_eq!(names(&mut wire, D), ["dc.lan"]);
    wire.pass(7200);
    answer(&mut wire, b"\x03www\x03lan\0\0\x01\0\x01", alias, [0, 2, 0, 0, 0, 0]);
    assert_eq!(names(&mut wire, C), ["nas.lan", "www.lan"]);
}

#[test]
fn contacts_are_called_what_the_device_was_told() {
    let mut wire = files();
    let (asker, resolver) = ((A, [10, 0, 0, 10], 40001), (B, [10, 0, 0, 1], 53));
    let question = b"\x03www\x07example\x00\x00\x01\x00\x01";
    let answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\xc0\x00\x02\x07";
    wire.udp(asker, resolver, &[&b"\0\x01\x01\0\0\x01\0\0\0\0\0\0"[..], question].concat());
    wire.udp(resolver, asker, &[&b"\0\x01\x81\x80\0\x01\0\x01\0\0\0\0"[..], question, answer].concat());
    wire.connect(CLIENT, (B, [192, 0, 2, 7], 443));
    let contacts = wire.device(A).contacts;
    let named = contacts.iter().find(|contact| contact.port == 443).unwrap();
    assert_eq!(named.name.as_ref().unwrap().raw(), "www.example");
}

#[test]
fn the_operator_names_merges_splits_and_forgets() {
    let mut wire = Wire::live();
    for (mac, ip) in [(A, [10, 0, 0, 10]), (B, [10, 0, 0, 11])] {
        wire.arp(mac, ip);
        wire.ask_for_lease(mac, "laptop", b"one");
        wire.inventory.handle_proven(mac, wire.now);
    }
    assert_eq!(wire.device(A).likely_also, [Hardware(B)]);
    assert_eq!(wire.device(B).likely_also, [Hardware(A)]);
    assert_eq!(wire.inventory.merge(B, B), Err(Refusal::Same));
    assert_eq!(wire.inventory.merge(C, A), Err(Refusal::Unknown));
    assert_eq!(wire.inventory.merge(B, A), Ok(()));
    assert_eq!(wire.inventory.name(B, Some("Anna's".into()), wire.now), Ok(()));
    assert_eq!(wire.inventory.note(A, Some("é".repeat(4000))), Ok(()));
    let report = wire.report();
    assert_eq!((report.devices.len(), report.devices[0].also[0].0, report.devices[0].likely_also.len()), (1, B, 0));
    assert_eq!((report.devices[0].addresses.len(), report.devices[0].name.as_ref().unwrap().raw()), (2, "Anna's"));
    assert_eq!(report.devices[0].note.as_ref().unwrap().len(), 4096);
    assert_eq!(wire.inventory.split(B), Ok(()));
    assert_eq!(wire.inventory.split(B), Err(Refusal::Unknown));
    assert_eq!(wire.report().devices.len(), 2);
    wire.inventory.forget(A);
    let text = serde_json::to_string(&wire.report()).unwrap();
    assert!(!text.contains("0a\""), "{text}");
}

#[test]
fn macs_of_one_dhcp_client_are_suggested_as_one_device() {
    #[track_caller]
    fn check(a: (&str, &[u8]), b: (&str, &[u8]), is_suggested: bool) {
        let mut wire = files();
        wire.ask_for_lease(A, a.0, a.1);
        wire.ask_for_lease(B, b.0, b.1);
        let report = wire.report();
        assert_eq!(report.devices.len(), 2, "nothing is merged by itself");
        let suggested: Vec<_> = report.devices.iter().map(|device| device.likely_also.len()).collect();
        assert_eq!(suggested, [usize::from(is_suggested); 2], "{a:?} {b:?}");
    }
    check(("laptop", b"one"), ("laptop", b"one"), true);
    check(("laptop", b"one"), ("laptop", b"other"), false);
    check(("laptop", b"one"), ("desktop", b"one"), false);
    // The same client with another interface (RFC 4361), and another client with the same.
    check(("laptop", b"\xffwlan\0\x01duid"), ("laptop", b"\xffeth0\0\x01duid"), true);
    check(("laptop", b"\xffeth0\0\x01duid"), ("laptop", b"\xffeth0\0\x01diud"), false);
}

#[test]
fn a_restart_changes_nothing() {
    let mut wire = Wire::live();
    wire.ask_for_lease(A, "printer", b"id");
    wire.connect((B, [10, 0, 0, 11], 40000), (A, [10, 0, 0, 10], 80));
    wire.hop_limit = 60;
    wire.tcp((B, [192, 0, 2, 1], 443), CLIENT, SYN_ACK, &[]);
    for mac in [A, B] {
        wire.inventory.handle_proven(mac, wire.now);
    }
    wire.inventory.merge(B, A).unwrap();
    let before = wire.report();
    let kept = serde_json::to_string(&wire.inventory.keep()).unwrap();
    let settings = Settings::live();
    let kept = serde_json::from_str(&kept).unwrap();
    wire.inventory = super::super::Inventory::restore(settings, super::super::Vendors::default(), 8, kept, wire.now);
    let after = wire.report();
    assert_eq!((after.devices, after.hosts), (before.devices, before.hosts));
    assert!(wire.interface == LAN);
}

#[test]
fn a_step_of_the_clock_moves_every_time() {
    let mut wire = Wire::live();
    wire.connect(CLIENT, SERVER);
    wire.inventory.handle_proven(B, wire.now);
    let before = wire.device(B);
    wire.inventory.shift(wire.now, false, core::time::Duration::from_secs(5));
    let after = wire.device(B);
    let stepped = |time: u64| time - 5_000_000_000;
    assert_eq!((after.first_seen, after.last_seen), (stepped(before.first_seen), stepped(before.last_seen)));
    assert_eq!(after.tcp_open[0].first_seen, stepped(before.tcp_open[0].first_seen));
    assert_eq!(after.addresses[0].last_seen, stepped(before.addresses[0].last_seen));
}

#[test]
fn a_step_of_the_clock_leaves_contacts_and_what_another_run_learnt() {
    const YEAR: core::time::Duration = core::time::Duration::from_secs(365 * 24 * 3600);
    let mut wire = Wire::live();
    wire.connect(CLIENT, SERVER);
    wire.inventory.handle_proven(A, wire.now);
    wire.inventory.handle_proven(B, wire.now);
    let before = wire.device(B);
    let kept = serde_json::from_str(&serde_json::to_string(&wire.inventory.keep()).unwrap()).unwrap();
    // A gateway without a battery starts with the clock of a year ago, and is told the time later.
    wire.now = wire.now - YEAR;
    let (settings, vendors) = (Settings::live(), super::super::Vendors::default());
    wire.inventory = super::super::Inventory::restore(settings, vendors, 8, kept, wire.now);
    wire.set_interfaces();
    wire.connect(CLIENT, (C, [10, 0, 0, 12], 80));
    wire.inventory.handle_proven(C, wire.now);
    let stepped_at = wire.now;
    wire.inventory.shift(wire.now, true, YEAR);
    wire.now = wire.now + YEAR;
    wire.inventory.handle_wake(wire.now);
    let after = wire.device(B);
    assert_eq!((after.first_seen, &after.contacts), (before.first_seen, &before.contacts));
    assert_eq!(after.tcp_open[0].first_seen, before.tcp_open[0].first_seen);
    assert!(wire.device(C).first_seen + 1_000_000_000 >= (stepped_at + YEAR).as_nanos());
}
