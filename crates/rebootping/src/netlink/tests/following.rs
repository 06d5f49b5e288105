//! The snapshot against the kernel's own tools, and against lost messages.

use super::{enter_new_namespace, run, run_all};
use crate::netlink::message::{Message, NeighbourState};
use crate::netlink::socket::{Dump, RECEIVE_BUFFER};
use crate::netlink::watch::Watch;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_core::link::Family;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::os::fd::AsFd;

/// Reads until the kernel has nothing more to say.
#[track_caller]
fn settle(watch: &mut Watch) {
    let mut quiet = false;
    while !(quiet && watch.is_settled()) {
        let heard = poll(&mut [PollFd::new(watch.as_fd(), PollFlags::POLLIN)], PollTimeout::from(50_u8)).expect("poll");
        quiet = heard == 0;
        watch.receive().expect("what the kernel says");
    }
}

#[track_caller]
fn follow(receive_buffer: usize) -> Watch {
    let mut watch = Watch::open(receive_buffer).expect("a netlink socket");
    settle(&mut watch);
    watch
}

fn links_by_ip() -> BTreeMap<u64, String> {
    let links: serde_json::Value = serde_json::from_str(&run("ip -j link")).expect("JSON");
    let link = |link: &serde_json::Value| Some((link["ifindex"].as_u64()?, link["ifname"].as_str()?.to_owned()));
    links.as_array().expect("a list").iter().map(|value| link(value).expect("a link")).collect()
}

fn links_by_us(watch: &Watch) -> BTreeMap<u64, String> {
    watch.snapshot().links().map(|link| (u64::from(link.index), link.name.clone())).collect()
}

/// The gateways of the default routes of a family.
fn gateways(watch: &Watch, family: Family) -> Vec<String> {
    let routes = watch.snapshot().default_routes().filter(|route| route.family == family);
    let hops = routes.flat_map(|route| route.hops.iter().map(move |hop| (route.table, hop)));
    hops.map(|(table, hop)| format!("{} {}", table, hop.gateway.map_or("-".into(), |ip| ip.to_string()))).collect()
}

#[test]
fn after_an_overrun_the_snapshot_is_what_ip_says() {
    enter_new_namespace();
    let mut watch = follow(32 << 10);
    let batch: Vec<_> = (0..500).map(|n| format!("link add a{n} type veth peer name b{n}\n")).collect();
    let file = std::env::temp_dir().join(format!("rebootping-veth-{}", std::process::id()));
    std::fs::write(&file, batch.concat()).expect("a batch file");
    run(&format!("ip -batch {}", file.display()));
    std::fs::remove_file(&file).expect("remove the batch file");
    run("ip link del a7");
    settle(&mut watch);
    assert!(watch.overruns() > 0, "1,000 devices fitted into 32 KiB");
    assert_eq!(links_by_us(&watch).len(), 999);
    assert_eq!(links_by_us(&watch), links_by_ip());
    assert_eq!(watch.damaged(), 0);
}

#[test]
fn links_come_and_go_with_their_carrier() {
    enter_new_namespace();
    run_all("ip link add wan1 type veth peer name isp1\n ip link set dev wan1 up");
    let mut watch = follow(RECEIVE_BUFFER);
    let carrier = |watch: &Watch| watch.snapshot().link_named("wan1").map(|link| (link.up, link.carrier));
    assert_eq!(carrier(&watch), Some((true, false)));
    run("ip link set dev isp1 up");
    settle(&mut watch);
    assert_eq!(carrier(&watch), Some((true, true)));
    let link = watch.snapshot().link_named("wan1").expect("wan1");
    assert_eq!(link.kind.as_deref(), Some("veth"));
    assert!(link.stats.is_some() && link.hardware_address.is_some() && !link.point_to_point);
    run("ip link set dev isp1 down");
    settle(&mut watch);
    assert_eq!(carrier(&watch), Some((true, false)));
    run("ip link del wan1");
    settle(&mut watch);
    assert_eq!(carrier(&watch), None);
}

#[test]
fn a_tun_device_needs_no_next_hop_and_a_port_that_leaves_its_bridge_stays() {
    enter_new_namespace();
    run_all(
        "ip tuntap add dev tun0 mode tun
         ip link add br0 type bridge
         ip link add port type veth peer name other
         ip link set dev port master br0",
    );
    let mut watch = follow(RECEIVE_BUFFER);
    let bridge = watch.snapshot().link_named("br0").expect("br0").index;
    assert!(watch.snapshot().link_named("tun0").is_some_and(|link| link.point_to_point));
    assert_eq!(watch.snapshot().link_named("port").and_then(|link| link.master), Some(bridge));
    run("ip link set dev port nomaster");
    settle(&mut watch);
    assert_eq!(watch.snapshot().link_named("port").map(|link| link.master), Some(None));
}

#[test]
fn default_routes_of_all_tables_follow_their_device_and_address() {
    enter_new_namespace();
    run_all(
        "ip link add wan1 type veth peer name isp1
         ip link add wan2 type veth peer name isp2
         ip link set dev isp1 up
         ip link set dev isp2 up
         ip link set dev wan1 up
         ip link set dev wan2 up
         ip address add 10.1.0.2/24 dev wan1
         ip address add 10.2.0.2/24 dev wan2
         ip route add default nexthop via 10.1.0.1 dev wan1 nexthop via 10.2.0.1 dev wan2
         ip route add default via 10.1.0.1 dev wan1 table 1001
         ip route add 192.0.2.0/24 via 10.1.0.1",
    );
    let mut watch = follow(RECEIVE_BUFFER);
    assert_eq!(gateways(&watch, Family::Ipv4), ["254 10.1.0.1", "254 10.2.0.1", "1001 10.1.0.1"]);
    run("ip route replace default via 10.2.0.1 dev wan2");
    settle(&mut watch);
    assert_eq!(gateways(&watch, Family::Ipv4), ["254 10.2.0.1", "1001 10.1.0.1"]);
    run("ip link set dev wan2 down");
    settle(&mut watch);
    assert_eq!(gateways(&watch, Family::Ipv4), ["1001 10.1.0.1"], "the kernel drops it without a word");
    run("ip address del 10.1.0.2/24 dev wan1");
    settle(&mut watch);
    let wan1 = watch.snapshot().link_named("wan1").expect("wan1").index;
    assert_eq!(watch.snapshot().addresses_of(wan1).filter(|address| address.family == Family::Ipv4).count(), 0);
}

#[test]
fn ipv6_routes_of_several_hops_lose_one_at_a_time() {
    enter_new_namespace();
    run_all(
        "ip link add wan1 type veth peer name isp1
         ip link set dev isp1 up
         ip link set dev wan1 up
         ip -6 address add 2001:db8::2/64 dev wan1 nodad
         ip -6 route add default nexthop via 2001:db8::a nexthop via 2001:db8::b nexthop via 2001:db8::c",
    );
    let mut watch = follow(RECEIVE_BUFFER);
    assert_eq!(gateways(&watch, Family::Ipv6).len(), 3);
    run("ip -6 route del default via 2001:db8::b dev wan1");
    settle(&mut watch);
    assert_eq!(gateways(&watch, Family::Ipv6), ["254 2001:db8::a", "254 2001:db8::c"]);
    run("ip -6 route append default via 2001:db8::d dev wan1");
    settle(&mut watch);
    assert_eq!(gateways(&watch, Family::Ipv6), ["254 2001:db8::a", "254 2001:db8::c", "254 2001:db8::d"]);
}

#[test]
fn neighbours_are_kept_of_followed_interfaces_alone() {
    enter_new_namespace();
    run_all(
        "ip link add wan1 type veth peer name lan0
         ip link set dev wan1 up
         ip link set dev lan0 up
         ip neighbour add 10.1.0.1 lladdr 02:00:00:00:00:01 dev wan1
         ip neighbour add fe80::1 lladdr 02:00:00:00:00:01 router dev wan1
         ip neighbour add 10.9.0.9 lladdr 02:00:00:00:00:09 dev lan0",
    );
    let mut watch = follow(RECEIVE_BUFFER);
    assert_eq!(watch.snapshot().neighbours().count(), 0);
    let wan1 = watch.snapshot().link_named("wan1").expect("wan1").index;
    watch.follow_neighbours(BTreeSet::from([wan1])).expect("a dump");
    settle(&mut watch);
    let of = |ip: &str| watch.snapshot().neighbour(wan1, ip.parse::<IpAddr>().expect("an address")).cloned();
    let gateway = of("10.1.0.1").expect("the gateway");
    assert_eq!((gateway.hardware_address, gateway.state), (Some([2, 0, 0, 0, 0, 1]), NeighbourState::Permanent));
    assert!(!gateway.router && of("fe80::1").expect("the router").router);
    assert!(watch.snapshot().neighbours().all(|neighbour| neighbour.index == wan1));
}

#[test]
fn what_a_dump_does_not_mention_is_gone_only_when_it_ends() {
    let mut snapshot = crate::netlink::snapshot::Snapshot::default();
    let rule = |priority| crate::netlink::message::Rule {
        family: Family::Ipv4,
        priority,
        fwmark: None,
        table: 254,
        from: None,
        iif: None,
        oif: None,
    };
    assert!(snapshot.apply(&Message::Rule(rule(1))));
    assert!(snapshot.apply(&Message::Rule(rule(2))));
    snapshot.begin_dump(Dump::Rules);
    assert!(!snapshot.apply(&Message::Rule(rule(1))));
    assert!(snapshot.apply(&Message::Rule(rule(3))), "an event in the middle of the dump");
    assert_eq!(snapshot.rules().count(), 3);
    snapshot.begin_dump(Dump::Rules);
    assert!(!snapshot.apply(&Message::Rule(rule(3))));
    assert!(snapshot.end_dump(Dump::Rules));
    assert_eq!(snapshot.rules().map(|rule| rule.priority).collect::<Vec<_>>(), [3]);
}

#[test]
fn byte_counts_alone_are_no_change() {
    enter_new_namespace();
    let mut watch = follow(RECEIVE_BUFFER);
    let loopback = watch.snapshot().link_named("lo").expect("lo").clone();
    let mut snapshot = crate::netlink::snapshot::Snapshot::default();
    assert!(snapshot.apply(&Message::Link(loopback.clone())));
    let mut busier = loopback;
    busier.stats = None;
    assert!(!snapshot.apply(&Message::Link(busier)));
    watch.request_link(1).expect("a request");
    settle(&mut watch);
    assert!(watch.snapshot().link(1).is_some_and(|link| link.stats.is_some()));
}
