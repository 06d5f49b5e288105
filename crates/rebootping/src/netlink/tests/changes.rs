//! Changes to routing and connection tracking, as the kernel's own tools see them afterwards.

use super::{enter_new_namespace, run, run_all};
use crate::netlink::change::{MarkRule, Routing};
use crate::netlink::conntrack::Conntrack;
use rebootping_core::link::Family;

const TABLE: u32 = 4_000;

fn index_of(interface: &str) -> u32 {
    nix::net::if_::if_nametoindex(interface).expect(interface)
}

fn flows(extra: &str) -> Vec<String> {
    let listing = run(&format!("conntrack -L -o extended {extra}"));
    let source = |line: &str| line.split_whitespace().find_map(|word| word.strip_prefix("src=")).map(str::to_owned);
    let mut sources: Vec<String> = listing.lines().filter_map(source).collect();
    sources.sort();
    sources
}

#[test]
fn rules_are_added_and_deleted_twice() {
    enter_new_namespace();
    let mut routing = Routing::open().expect("a netlink socket");
    for family in Family::ALL {
        let rule = MarkRule { family, priority: 10_050, mark: 1, mask: 0xff, table: TABLE };
        let flag = if family == Family::Ipv4 { "-4" } else { "-6" };
        let listed = || run(&format!("ip {flag} rule")).contains("10050:\tfrom all fwmark 0x1/0xff lookup 4000");
        routing.add_rule(&rule).expect("add");
        routing.add_rule(&rule).expect("add again");
        assert!(listed());
        let other = MarkRule { mark: 2, ..rule };
        routing.delete_rule(&other).expect("delete what is not there");
        assert!(listed());
        routing.delete_rule(&rule).expect("delete");
        routing.delete_rule(&rule).expect("delete again");
        assert!(!listed());
    }
}

#[test]
fn a_default_route_is_replaced_and_its_table_flushed() {
    enter_new_namespace();
    run_all(
        "ip link add wan1 type veth peer name isp1
         ip link set dev isp1 up
         ip link set dev wan1 up
         ip address add 10.1.0.2/24 dev wan1
         ip tuntap add dev tun0 mode tun
         ip link set dev tun0 up
         ip route add default via 10.1.0.1 dev wan1 table 4001",
    );
    let wan1 = index_of("wan1");
    let mut routing = Routing::open().expect("a netlink socket");
    let mut check = |family: Family, gateway: Option<&str>, interface: &str, expected: &str| {
        let gateway = gateway.map(|ip| ip.parse().expect("an address"));
        for _ in 0..2 {
            routing.replace_default(family, gateway, index_of(interface), TABLE).expect(expected);
        }
        let flag = if family == Family::Ipv4 { "-4" } else { "-6" };
        let routes = run(&format!("ip {flag} route show table {TABLE}"));
        assert_eq!(routes.lines().count(), 1, "{routes}");
        assert!(routes.starts_with(expected), "{routes}");
    };
    check(Family::Ipv4, Some("10.1.0.1"), "wan1", "default via 10.1.0.1 dev wan1");
    check(Family::Ipv4, Some("192.0.2.1"), "wan1", "default via 192.0.2.1 dev wan1");
    check(Family::Ipv4, Some("fe80::1"), "wan1", "default via inet6 fe80::1 dev wan1");
    check(Family::Ipv4, None, "tun0", "default dev tun0");
    check(Family::Ipv6, Some("fe80::1"), "wan1", "default via fe80::1 dev wan1");
    check(Family::Ipv6, Some("2001:db8::1"), "wan1", "default via 2001:db8::1 dev wan1");
    for family in Family::ALL {
        routing.flush_table(family, TABLE).expect("flush");
        routing.flush_table(family, TABLE).expect("flush what is empty");
        routing.flush_table(family, 4_999).expect("flush what never was");
    }
    assert_eq!(run("ip -4 route show table 4000") + &run("ip -6 route show table 4000"), "");
    assert_eq!(run("ip route show table 4001").lines().count(), 1, "another table is another table");
    let refused = routing.replace_default(Family::Ipv4, None, wan1 + 1_000, TABLE);
    assert!(refused.is_err(), "there is no such device");
}

#[test]
fn connections_of_one_mark_go_and_all_others_stay() {
    enter_new_namespace();
    let insert = |from: &str, to: &str, mark: &str| {
        run(&format!("conntrack -I -p udp -s {from} -d {to} --sport 1 --dport 2 --timeout 99 --mark {mark}"));
    };
    insert("10.0.0.1", "192.0.2.1", "0x1");
    insert("10.0.0.2", "192.0.2.1", "0x2");
    insert("10.0.0.3", "192.0.2.1", "0x301");
    insert("10.0.0.4", "192.0.2.1", "0x3");
    insert("fd00::1", "2001:db8::1", "0x1");
    let mut conntrack = Conntrack::open().expect("a netlink socket");
    conntrack.delete_marked(Family::Ipv4, 1, 0xff).expect("delete");
    conntrack.delete_marked(Family::Ipv4, 1, 0xff).expect("delete what is not there");
    assert_eq!(flows("-f ipv4"), ["10.0.0.2", "10.0.0.4"]);
    assert_eq!(flows("-f ipv6"), ["fd00::1"]);
    assert!(conntrack.delete_marked(Family::Ipv4, 0, 0).is_err());
    conntrack.delete_marked(Family::Ipv6, 1, 0xff).expect("delete");
    assert!(flows("-f ipv6").is_empty());
}

#[test]
fn connections_translated_to_one_address_go_and_all_others_stay() {
    enter_new_namespace();
    let insert = |from: &str, port: u16, also: &str| {
        run(&format!(
            "conntrack -I -p tcp --state ESTABLISHED -s {from} -d 192.0.2.1 --sport {port} --dport 2 --timeout 99 {also}"
        ));
    };
    insert("10.0.0.1", 1, "--src-nat 203.0.113.1");
    insert("10.0.0.2", 2, "--src-nat 203.0.113.2");
    insert("203.0.113.1", 3, "");
    let mut conntrack = Conntrack::open().expect("a netlink socket");
    let gone = "203.0.113.1".parse().expect("an address");
    assert_eq!(conntrack.delete_translated_to(gone).expect("delete"), 1);
    assert_eq!(conntrack.delete_translated_to(gone).expect("delete what is not there"), 0);
    assert_eq!(flows("-f ipv4"), ["10.0.0.2", "203.0.113.1"]);
}
