//! What bytes mean, and that no bytes do harm.

use crate::netlink::decode::parse;
use crate::netlink::message::{Address, AddressFlags, Below, Hop, Message, OperState, Route, RouteKind, Rule, Stats};
use crate::netlink::uapi::{
    FR_ACT_TO_TBL, FRA_FWMARK, FRA_PRIORITY, IFA_ADDRESS, IFA_FLAGS, IFA_LOCAL, IFLA_ADDRESS, IFLA_CARRIER,
    IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINK, IFLA_LINK_NETNSID, IFLA_LINKINFO, IFLA_MTU, IFLA_OPERSTATE,
    IFLA_STATS64, IFLA_VLAN_ID, IFLA_WIRELESS, NDA_DST, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, RTA_DST, RTA_GATEWAY,
    RTA_MULTIPATH, RTA_OIF, RTA_PRIORITY, RTA_TABLE, RTA_VIA, RTM_DELLINK, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEIGH,
    RTM_NEWROUTE, RTM_NEWRULE,
};
use crate::netlink::wire::Request;
use proptest::prelude::{any, prop, proptest};
use rebootping_core::link::Family;
use std::cell::Cell;
use std::net::IpAddr;

const SEQUENCE: u32 = 7;

#[track_caller]
fn check(request: Request, expected: &[Message]) {
    check_damaged(request, expected, 0);
}

#[track_caller]
fn check_damaged(request: Request, expected: &[Message], expected_damage: u64) {
    let damaged = Cell::new(0);
    let messages: Vec<_> = parse(&request.finish(SEQUENCE), &damaged).collect();
    assert_eq!(messages, expected);
    assert_eq!(damaged.get(), expected_damage);
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// `struct ifinfomsg` of index 5.
fn link_header(family: u8, hardware_type: u16, flags: u32) -> Vec<u8> {
    [&[family, 0][..], &hardware_type.to_ne_bytes(), &5_u32.to_ne_bytes(), &flags.to_ne_bytes(), &[0; 4]].concat()
}

/// `struct rtmsg` of a unicast route by RA.
fn route_header(family: u8, prefix_len: u8, flags: u8) -> [u8; 12] {
    [family, prefix_len, 0, 0, 254, 9, 0, 1, flags, 0, 0, 0]
}

fn read_link(request: Request) -> crate::netlink::message::Link {
    let damaged = Cell::new(0);
    match parse(&request.finish(SEQUENCE), &damaged).next() {
        Some(Message::Link(link)) => link,
        other => panic!("a link, not {other:?}"),
    }
}

#[test]
fn a_link_is_read_and_what_is_unknown_in_it_skipped() {
    let counts = [1_u64, 2, 300, 400, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 60, 700];
    let counts: Vec<u8> = counts.iter().flat_map(|count| count.to_ne_bytes()).collect();
    let kind = Request::new(0, 0, &[]).with(IFLA_INFO_KIND, b"veth").finish(0);
    let link = read_link(
        Request::new(RTM_NEWLINK, 0, &link_header(0, 1, 0x1_0001))
            .with(IFLA_IFNAME, b"wan1\0")
            .with(900, b"of a newer kernel")
            .with(IFLA_ADDRESS, &[2, 0, 0, 0, 0, 1])
            .with_u32(IFLA_MTU, 1492)
            .with(IFLA_OPERSTATE, &[6])
            .with(IFLA_CARRIER, &[1])
            .with_nested(IFLA_LINKINFO, kind.get(16..).expect("an attribute"))
            .with(IFLA_STATS64, &counts),
    );
    assert_eq!((link.index, link.name.as_str(), link.mtu), (5, "wan1", 1492));
    assert!(link.up && link.carrier && !link.point_to_point);
    assert_eq!(link.operstate, OperState::Up);
    assert_eq!(link.hardware_address, Some([2, 0, 0, 0, 0, 1]));
    assert_eq!(link.kind.as_deref(), Some("veth"));
    assert_eq!(link.stats, Some(Stats { rx_bytes: 300, tx_bytes: 400, rx_lost: 760 }));
}

#[test]
fn a_device_on_another_says_which_and_with_which_tag() {
    let made_of = |kind: &[u8]| {
        let data = Request::new(0, 0, &[]).with(IFLA_VLAN_ID, &7_u16.to_ne_bytes()).finish(0);
        let info = Request::new(0, 0, &[]).with(IFLA_INFO_KIND, kind);
        let info = info.with_nested(IFLA_INFO_DATA, data.get(16..).expect("an attribute")).finish(0);
        let request = Request::new(RTM_NEWLINK, 0, &link_header(0, 1, 0)).with_u32(IFLA_LINK, 3);
        request.with_nested(IFLA_LINKINFO, info.get(16..).expect("attributes"))
    };
    let vlan = read_link(made_of(b"vlan\0"));
    assert_eq!((vlan.below, vlan.vlan, vlan.hardware_type), (Some(Below::Here(3)), Some(7), 1));
    let veth = read_link(made_of(b"veth\0").with_u32(IFLA_LINK_NETNSID, 0));
    assert_eq!((veth.below, veth.vlan), (Some(Below::Elsewhere), None));
}

#[test]
fn carrier_needs_the_flag_the_state_and_the_carrier() {
    let carrier = |flags, operstate, carrier| {
        let request = Request::new(RTM_NEWLINK, 0, &link_header(0, 1, flags));
        read_link(request.with(IFLA_OPERSTATE, &[operstate]).with(IFLA_CARRIER, &[carrier])).carrier
    };
    assert!(carrier(0x1_0001, 6, 1));
    assert!(carrier(0x1_0001, 0, 1), "tun and PPP devices say unknown");
    assert!(!carrier(0x1, 6, 1));
    assert!(!carrier(0x1_0001, 2, 1));
    assert!(!carrier(0x1_0001, 5, 1), "dormant: 802.1X has not finished");
    assert!(!carrier(0x1_0001, 6, 0));
}

#[test]
fn a_device_that_resolves_no_neighbours_is_point_to_point() {
    let is = |hardware_type, flags| {
        read_link(Request::new(RTM_NEWLINK, 0, &link_header(0, hardware_type, flags))).point_to_point
    };
    assert!(is(512, 0x10d1), "PPP");
    assert!(is(519, 0x81), "raw IP of an LTE modem");
    assert!(is(0xfffe, 0x10d1), "tun, WireGuard");
    assert!(is(768, 0x81), "a tunnel without ARP and without a MAC");
    assert!(!is(1, 0x1003), "Ethernet");
    let muted = Request::new(RTM_NEWLINK, 0, &link_header(0, 1, 0x83)).with(IFLA_ADDRESS, &[2; 6]);
    assert!(!read_link(muted).point_to_point, "Ethernet with ARP off still needs a MAC to send to");
}

#[test]
fn what_a_bridge_or_a_radio_says_of_its_port_is_no_news_of_the_device() {
    check(Request::new(RTM_DELLINK, 0, &link_header(7, 1, 0)), &[Message::Other(RTM_DELLINK)]);
    let radio = Request::new(RTM_NEWLINK, 0, &link_header(0, 1, 0)).with(IFLA_WIRELESS, &[0; 8]);
    check(radio, &[Message::Other(RTM_NEWLINK)]);
    let forwarding = Request::new(RTM_NEWNEIGH, 0, &[7, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0]).with(NDA_DST, &[10, 0, 0, 1]);
    check(forwarding, &[Message::Other(RTM_NEWNEIGH)]);
}

#[test]
fn an_address_with_a_peer_is_told_from_the_peer() {
    let request = Request::new(RTM_NEWADDR, 0, &[2, 32, 0x80, 0, 5, 0, 0, 0])
        .with_ip(IFA_ADDRESS, ip("10.0.0.1"))
        .with_ip(IFA_LOCAL, ip("10.0.0.2"))
        .with_u32(IFA_FLAGS, 0x280);
    let address = Address {
        index: 5,
        family: Family::Ipv4,
        ip: ip("10.0.0.2"),
        prefix_len: 32,
        peer: Some(ip("10.0.0.1")),
        scope: 0,
        flags: AddressFlags(0x280),
    };
    check(request, &[Message::Address(address)]);
    let flags = AddressFlags(0x69);
    assert!(flags.is_tentative() && flags.is_duplicate() && flags.is_deprecated() && flags.is_temporary());
}

fn default_route(family: Family, hops: Vec<Hop>) -> Route {
    Route {
        family,
        table: 254,
        destination: None,
        hops,
        protocol: 9,
        metric: 0,
        kind: RouteKind::Unicast,
        prefsrc: None,
        cached: false,
    }
}

fn hop(index: u32, gateway: Option<&str>) -> Hop {
    Hop { index, gateway: gateway.map(ip), weight: 1, dead: false, linkdown: false }
}

#[test]
fn a_default_route_names_its_hop_of_either_family() {
    let request = Request::new(RTM_NEWROUTE, 0, &route_header(10, 0, 0))
        .with_u32(RTA_TABLE, 1001)
        .with_u32(RTA_PRIORITY, 1024)
        .with_u32(RTA_OIF, 5)
        .with_ip(RTA_GATEWAY, ip("fe80::1"));
    let route = default_route(Family::Ipv6, vec![hop(5, Some("fe80::1"))]);
    check(request, &[Message::Route(Route { table: 1001, metric: 1024, ..route })]);

    let via = [&[10, 0][..], &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]].concat();
    let request = Request::new(RTM_NEWROUTE, 0, &route_header(2, 0, 0)).with_u32(RTA_OIF, 5).with(RTA_VIA, &via);
    check(request, &[Message::Route(default_route(Family::Ipv4, vec![hop(5, Some("fe80::1"))]))]);
}

#[test]
fn a_balanced_route_names_every_hop_with_weight_and_state() {
    let gateway = Request::new(0, 0, &[]).with_ip(RTA_GATEWAY, ip("10.1.0.1")).finish(0);
    let mut hops = [&[16, 0, 17, 1][..], &5_u32.to_ne_bytes(), gateway.get(16..).expect("an attribute")].concat();
    hops.extend([&[8, 0, 0, 0][..], &6_u32.to_ne_bytes()].concat());
    let request = Request::new(RTM_NEWROUTE, 0, &route_header(2, 0, 0)).with(RTA_MULTIPATH, &hops);
    let first = Hop { weight: 2, dead: true, linkdown: true, ..hop(5, Some("10.1.0.1")) };
    check(request, &[Message::Route(default_route(Family::Ipv4, vec![first, hop(6, None)]))]);
}

#[test]
fn a_route_whose_destination_cannot_be_read_is_no_default_route() {
    let request = Request::new(RTM_NEWROUTE, 0, &route_header(2, 24, 0)).with(RTA_DST, &[10, 0]).with_u32(RTA_OIF, 5);
    check_damaged(request, &[Message::Other(RTM_NEWROUTE)], 1);
}

#[test]
fn a_rule_with_a_mark_alone_compares_all_of_it() {
    let header = [2, 0, 0, 0, 5, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0];
    let request = Request::new(RTM_NEWRULE, 0, &header).with_u32(FRA_PRIORITY, 10_000).with_u32(FRA_FWMARK, 1);
    let rule = Rule {
        family: Family::Ipv4,
        priority: 10_000,
        fwmark: Some((1, u32::MAX)),
        table: 5,
        from: None,
        iif: None,
        oif: None,
    };
    check(request, &[Message::Rule(rule)]);
}

#[test]
fn an_interrupted_dump_and_one_that_broke_off_do_not_pass_for_complete_ones() {
    check(Request::new(NLMSG_DONE, NLM_F_DUMP_INTR, &[0; 4]), &[Message::Overrun, Message::Done]);
    check(Request::new(NLMSG_DONE, 0, &(-4_i32).to_ne_bytes()), &[Message::Error { errno: 4, sequence: SEQUENCE }]);
    check(Request::new(NLMSG_ERROR, 0, &(-19_i32).to_ne_bytes()), &[Message::Error { errno: 19, sequence: SEQUENCE }]);
}

#[test]
fn a_short_attribute_is_counted_and_the_rest_of_the_message_kept() {
    let request =
        Request::new(RTM_NEWLINK, 0, &link_header(0, 1, 1)).with(IFLA_MTU, &[1, 2]).with(IFLA_IFNAME, b"wan1");
    let damaged = Cell::new(0);
    let messages: Vec<_> = parse(&request.finish(0), &damaged).collect();
    assert!(matches!(messages.as_slice(), [Message::Link(link)] if link.name == "wan1" && link.mtu == 0));
    assert_eq!(damaged.get(), 1);
}

proptest! {
    #[test]
    fn no_bytes_do_harm(bytes: Vec<u8>) {
        assert!(parse(&bytes, &Cell::new(0)).count() <= bytes.len());
    }

    #[test]
    fn no_body_of_a_known_type_does_harm(kind in 16_u16..36, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let damaged = Cell::new(0);
        assert_eq!(parse(&Request::new(kind, 0, &body).finish(0), &damaged).count(), 1);
    }

    #[test]
    fn no_attribute_of_a_known_type_does_harm(
        kind in 16_u16..36,
        family in prop::sample::select(vec![0_u8, 2, 10]),
        attributes in prop::collection::vec((0_u16..64, prop::collection::vec(any::<u8>(), 0..64)), 0..8),
    ) {
        let mut request = Request::new(kind, 0, &[&[family][..], &[0; 15]].concat());
        for (kind, value) in &attributes {
            request = request.with(*kind, value);
        }
        assert_eq!(parse(&request.finish(0), &Cell::new(0)).count(), 1);
    }
}
