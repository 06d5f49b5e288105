//! Which interfaces are captured, in houses of every kind.

use super::card;
use crate::capture::interfaces::{Captured, Treatment};
use crate::config::glob::Glob;
use crate::config::observing::{Capture, CaptureMode, NetworkRule};
use crate::netlink::message::{Below, Link};
use rebootping_core::packet::frame::{InterfaceId, LinkType};

const LO: u32 = 1;

fn loopback() -> Link {
    Link { hardware_type: 772, hardware_address: Some([0; 6]), ..card(LO, "lo") }
}

fn virtual_link(index: u32, name: &str, kind: &str) -> Link {
    Link { kind: Some(kind.into()), ..card(index, name) }
}

fn port(link: Link, master: u32) -> Link {
    Link { master: Some(master), ..link }
}

fn on(link: Link, below: u32) -> Link {
    Link { below: Some(Below::Here(below)), ..link }
}

fn vlan(index: u32, name: &str, below: u32, id: u16) -> Link {
    Link { vlan: Some(id), ..on(virtual_link(index, name, "vlan"), below) }
}

/// One end of a veth whose other end is in another namespace.
fn veth(index: u32, name: &str) -> Link {
    Link { below: Some(Below::Elsewhere), ..virtual_link(index, name, "veth") }
}

fn pattern(text: &str) -> Glob {
    Glob::parse(text).expect("a pattern")
}

fn rule(interface: &str, mode: Option<CaptureMode>, devices: Option<bool>) -> NetworkRule {
    NetworkRule { interface: pattern(interface), mode, devices }
}

fn decide(links: &[Link], interfaces: &[&str], rules: &[NetworkRule]) -> Captured {
    let interfaces = interfaces.iter().map(|text| pattern(text)).collect();
    Captured::decide(links.iter(), &Capture { interfaces, ..Capture::default() }, rules)
}

#[track_caller]
fn check(links: &[Link], interfaces: &[&str], expected: &[&str]) {
    let captured = decide(links, interfaces, &[]);
    let names: Vec<&str> = captured.interfaces.iter().map(|interface| interface.name.as_str()).collect();
    assert_eq!(names, expected);
    assert_eq!(captured.interfaces.len() + captured.left_out.len(), links.len());
    assert!(captured.left_out.is_sorted());
}

#[test]
fn neighbours_are_asked_for_where_the_addresses_are() {
    let links = [
        loopback(),
        card(2, "wan1"),
        port(card(3, "lan1"), 4),
        virtual_link(4, "br0", "bridge"),
        vlan(5, "br0.30", 4, 30),
        port(veth(6, "veth12ab"), 7),
        virtual_link(7, "docker0", "bridge"),
    ];
    // A bridge of containers alone is captured itself, for nothing below it is.
    let addressed = |interfaces: &[&str]| decide(&links, interfaces, &[]).addressed.into_iter().collect::<Vec<_>>();
    assert_eq!(addressed(&[]), [2, 3, 4, 5, 7]);
    assert_eq!(addressed(&["lan1"]), [3, 4, 5]);
}

#[test]
fn a_frame_belongs_to_the_lowest_device_that_carried_it() {
    let router = [
        loopback(),
        card(2, "wan1"),
        port(card(3, "lan1"), 5),
        port(card(4, "lan2"), 5),
        virtual_link(5, "br0", "bridge"),
        vlan(6, "br0.30", 5, 30),
        on(virtual_link(7, "mac0", "macvlan"), 6),
    ];
    check(&router, &[], &["wan1", "lan1", "lan2"]);
    check(&router, &["br0"], &["br0"]);
    check(&router, &["lan1", "br0"], &["lan1", "br0"]);
    check(&router, &["lo", "wan1"], &["lo", "wan1"]);
    check(&router, &["mac*", "wan*"], &["wan1", "mac0"]);
    check(&router, &["*"], &["wan1", "lan1", "lan2"]);
    let bonded = [port(card(1, "eth0"), 3), port(card(2, "eth1"), 3), port(virtual_link(3, "bond0", "bond"), 4)];
    let bonded = [&bonded[..], &[virtual_link(4, "br0", "bridge"), vlan(5, "bond0.7", 3, 7)]].concat();
    check(&bonded, &[], &["eth0", "eth1"]);
    check(&bonded, &["bond0*", "br0"], &["bond0", "br0"]);
}

#[test]
fn containers_are_seen_on_their_bridge_and_plain_veths_are_wires() {
    let docker =
        [card(2, "eth0"), virtual_link(3, "docker0", "bridge"), port(veth(4, "veth1a2b3c4"), 3), veth(5, "wan1")];
    check(&docker, &[], &["eth0", "docker0", "wan1"]);
    check(&docker, &["veth*"], &["veth1a2b3c4"]);
    let same_namespace = [on(virtual_link(2, "veth0", "veth"), 3), on(virtual_link(3, "veth1", "veth"), 2)];
    check(&same_namespace, &[], &["veth0", "veth1"]);
}

#[test]
fn what_only_passes_frames_through_is_left_out() {
    let shaped = [card(2, "wan1"), virtual_link(3, "ifb0", "ifb")];
    check(&shaped, &[], &["wan1"]);
    let switch = [card(2, "eth0"), on(virtual_link(3, "lan1", "dsa"), 2), on(virtual_link(4, "lan2", "dsa"), 2)];
    check(&switch, &[], &["lan1", "lan2"]);
    let can = [Link { hardware_type: 280, ..card(2, "can0") }];
    check(&can, &["can0"], &[]);
}

#[test]
fn a_chain_that_bites_its_tail_comes_to_an_end() {
    let torn = [port(on(virtual_link(2, "a", "macvlan"), 3), 3), port(on(virtual_link(3, "b", "macvlan"), 2), 2)];
    assert_eq!(decide(&torn, &[], &[]).left_out.len() + decide(&torn, &[], &[]).interfaces.len(), 2);
}

#[test]
fn devices_without_macs_are_told_from_ethernet() {
    let links =
        [Link { hardware_type: 0xfffe, hardware_address: None, ..virtual_link(2, "tun0", "tun") }, card(3, "e")];
    let captured = decide(&links, &[], &[]);
    let links: Vec<LinkType> = captured.interfaces.iter().map(|interface| interface.link).collect();
    assert_eq!(links, [LinkType::Ip, LinkType::Ethernet]);
    assert_eq!(captured.own.into_iter().collect::<Vec<_>>(), [[2, 0, 0, 0, 0, 3]]);
}

/// What holds for frames on that interface with that VLAN tag.
fn treatment(captured: &Captured, index: u32, vlan: Option<u16>) -> Treatment {
    let interface = captured.get(InterfaceId(index)).expect("it is captured");
    vlan.and_then(|vlan| interface.vlans.get(&vlan)).copied().unwrap_or(interface.treatment)
}

#[test]
fn rules_are_found_under_the_names_of_port_bridge_and_vlan() {
    let full = Treatment { mode: CaptureMode::Full, devices: true };
    let off = Treatment { mode: CaptureMode::Off, devices: true };
    let headers = Treatment { mode: CaptureMode::Headers, devices: true };
    let links = [
        port(card(2, "lan1"), 4),
        port(card(3, "lan2"), 4),
        virtual_link(4, "br0", "bridge"),
        vlan(5, "guests", 4, 30),
        vlan(6, "br0.7", 4, 7),
        port(card(7, "lan3"), 8),
        virtual_link(8, "guest0", "bridge"),
    ];
    let captured = decide(&links, &[], &[]);
    assert_eq!(treatment(&captured, 2, None), full);
    assert_eq!(treatment(&captured, 2, Some(30)), off);
    assert_eq!(treatment(&captured, 2, Some(7)), full);
    assert_eq!(treatment(&captured, 7, None), off);

    let rules = [rule("lan1", Some(CaptureMode::Headers), None), rule("br0", Some(CaptureMode::Off), Some(false))];
    let captured = decide(&links, &[], &rules);
    assert_eq!(treatment(&captured, 2, None), headers);
    assert_eq!(treatment(&captured, 2, Some(99)), headers);
    assert_eq!(treatment(&captured, 3, Some(7)).mode, CaptureMode::Off);

    let captured = decide(&links, &[], &[rule("guest*", Some(CaptureMode::Full), Some(false))]);
    assert_eq!(treatment(&captured, 7, None), Treatment { mode: CaptureMode::Full, devices: false });
    let captured =
        decide(&links, &[], &[rule("guest*", None, Some(false)), rule("br0.7", Some(CaptureMode::Off), None)]);
    assert!(captured.get(InterfaceId(7)).is_none(), "nothing of it is wanted");
    assert_eq!(treatment(&captured, 3, Some(7)), off);
}
