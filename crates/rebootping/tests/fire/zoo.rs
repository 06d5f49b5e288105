//! A kernel in motion: interfaces that come, go, change their names, numbers, addresses and next hops, many at once.

use std::fmt::Write;
use std::time::Duration;

use rebootping_lab::{Daemon, Family, Lab, SWITCH_LIMIT, wait_until};

use crate::beat::Beat;
use crate::support::{self, hold_down, lab, links, stays_so, wait_in, wait_out};
use crate::times;

/// Start-up judges a first round after at most three seconds.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// So many rounds are watched before it counts that nothing came of it.
const AFTERWARDS: Duration = Duration::from_secs(3);
/// The kernel makes them in a third of a second.
const PAIRS: usize = 500;
const HOLD_DOWN: u64 = 4;

/// Starts the daemon where nothing is committed, and waits until these links, and no others, are healthy.
#[track_caller]
fn start(lab: &Lab, names: &[&str]) -> Daemon {
    let daemon = lab.gw().daemon(&hold_down(HOLD_DOWN));
    daemon.wait_ready();
    wait_until("every link is healthy", SETTLE_LIMIT, || {
        let status = daemon.status();
        links(&status).map(|link| &link["name"]).eq(names) && links(&status).all(|link| link["healthy"] == true)
    });
    daemon
}

#[track_caller]
fn assert_no_switch(daemon: &Daemon) {
    assert!(!daemon.log().contains("new connections use"), "{}", daemon.log());
}

/// Lays one more link, `name` on the gateway: a network of its own and a box in the Internet itself.
fn lay(lab: &Lab, name: &str, index: Option<u32>) {
    let (gw, net) = (lab.gw(), lab.net());
    let index = index.map_or_else(String::new, |index| format!("index {index} "));
    gw.run(&format!("ip link add {name} {index}type veth peer name {name} netns {}", net.name()));
    net.run(&format!("ip address add 100.64.9.1/24 dev {name} && ip link set dev {name} up"));
    gw.run(&format!("ip address add 100.64.9.2/24 dev {name} && ip link set dev {name} up"));
    gw.run(&format!("ip route add default via 100.64.9.1 dev {name} metric 500"));
}

fn index(lab: &Lab, name: &str) -> u32 {
    let shown = lab.gw().run(&format!("cat /sys/class/net/{name}/ifindex"));
    shown.trim().parse().expect("an interface has a number")
}

/// Packets that went out over an interface.
fn sent(lab: &Lab, name: &str) -> u64 {
    let shown = lab.gw().run(&format!("cat /sys/class/net/{name}/statistics/tx_packets"));
    shown.trim().parse().expect("an interface counts")
}

#[track_caller]
fn wait_healthy(daemon: &Daemon, link: &str) {
    let limit = SWITCH_LIMIT + Duration::from_secs(HOLD_DOWN);
    wait_until(&format!("{link} is healthy and answers"), limit, || {
        let said = daemon.link(link);
        said["healthy"] == true && said["enabled"] == true && said["answered"] == 4
    });
}

#[test]
fn a_number_that_another_interface_takes_over_is_no_link() {
    let lab = lab("index").without_shorewall().build();
    lay(&lab, "wan9", None);
    let daemon = start(&lab, &["wan1", "wan2", "wan9"]);
    let number = index(&lab, "wan9");
    lab.gw().run("ip link delete dev wan9");
    lab.gw().run(&format!(
        "ip link add lan9 index {number} type veth peer name peer9 && ip link set dev lan9 up && ip link set dev peer9 up"
    ));
    wait_until("wan9 is gone", SWITCH_LIMIT, || daemon.link("wan9")["reason"]["code"] == "absent");
    let quiet = sent(&lab, "lan9");
    stays_so("the other interface is no link", AFTERWARDS, || {
        daemon.link("wan9")["reason"]["code"] == "absent" && daemon.link("lan9").is_null()
    });
    assert!(sent(&lab, "lan9") < quiet + 12, "no round of echoes goes out over the other interface");
    lab.gw().run("ip link delete dev lan9");
    lay(&lab, "wan9", Some(number));
    wait_healthy(&daemon, "wan9");
    assert!(["wan1", "wan2"].iter().all(|link| daemon.link(link)["enabled"] == true));
}

#[test]
fn a_link_in_use_may_change_its_name_and_take_it_back() {
    let lab = lab("rename").without_shorewall().build();
    let daemon = start(&lab, &["wan1", "wan2"]);
    lab.gw().run("ip link set dev wan2 name away");
    wait_until("wan2 is gone", SWITCH_LIMIT, || daemon.link("wan2")["reason"]["code"] == "absent");
    wait_healthy(&daemon, "away");
    lab.gw().run("ip link set dev away name wan2");
    wait_until("the other name is gone", SWITCH_LIMIT, || daemon.link("away")["reason"]["code"] != "best");
    wait_healthy(&daemon, "wan2");
    assert_eq!(daemon.link("wan1")["enabled"], true);
}

#[test]
fn a_line_that_is_dialled_anew_sits_out_its_hold_down_and_is_used_again() {
    let lab = lab("dial").tun_link().build();
    let daemon = support::start(&lab, &hold_down(HOLD_DOWN));
    for _ in 0..times(2, 10) {
        let (dialled, number) = (lab.isp(2).redial(), index(&lab, "wan2"));
        wait_out(&lab, &daemon, "wan2", SWITCH_LIMIT);
        wait_in(&lab, &daemon, "wan2", SWITCH_LIMIT + Duration::from_secs(HOLD_DOWN));
        let held = Duration::from_secs(HOLD_DOWN - 1);
        assert!(dialled.elapsed() >= held, "it was back after {:?}", dialled.elapsed());
        assert_eq!(index(&lab, "wan2"), number, "the new line is the one in use");
    }
    let routes = lab.gw().run("ip rule; ip route show table all | grep default");
    assert!(lab.gw().uses("wan1", Family::V4) && lab.gw().uses("wan2", Family::V4), "{routes}");
}

#[test]
fn another_address_or_next_hop_is_no_reason_to_switch() {
    let lab = lab("move").without_shorewall().build();
    let daemon = start(&lab, &["wan1", "wan2"]);
    let beat = Beat::of(&lab);
    lab.gw().change_address("wan1", 77);
    wait_until("echoes have the new address", SWITCH_LIMIT, || daemon.link("wan1")["source"] == "198.51.100.77");
    // The box keeps its second address when the first goes.
    lab.isp(2).ns().run("echo 1 > /proc/sys/net/ipv4/conf/c0/promote_secondaries");
    lab.isp(2).ns().run("ip address add 203.0.113.254/24 dev c0");
    lab.gw().run("ip route replace default via 203.0.113.254 dev wan2 metric 102");
    wait_until("echoes take the new next hop", SWITCH_LIMIT, || daemon.link("wan2")["gateway"] == "203.0.113.254");
    lab.isp(2).ns().run("ip address delete 203.0.113.1/24 dev c0");
    stays_so("both links answer", AFTERWARDS, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["enabled"] == true)
    });
    wait_healthy(&daemon, "wan1");
    wait_healthy(&daemon, "wan2");
    assert_no_switch(&daemon);
    beat.assert_unbroken();
}

#[test]
fn links_with_one_gateway_address_in_one_subnet_are_judged_apart_and_check_warns() {
    let lab = lab("twins").without_shorewall().build();
    // The twin of wan1: the same network and the same next hop, at the other end of another cable.
    let (gw, isp) = (lab.gw(), lab.isp(2).ns());
    gw.run(&format!("ip link add wan9 type veth peer name c9 netns {}", isp.name()));
    isp.run("ip address add 198.51.100.1/24 dev c9 && ip link set dev c9 up");
    isp.run("nft add table ip twin && nft 'add chain ip twin post { type nat hook postrouting priority 100; }'");
    isp.run("nft add rule ip twin post oifname up0 ip saddr 198.51.100.0/24 masquerade");
    gw.run("ip address add 198.51.100.9/24 dev wan9 && ip link set dev wan9 up");
    gw.run("ip route add default via 198.51.100.1 dev wan9 metric 500");
    let daemon = start(&lab, &["wan1", "wan2", "wan9"]);
    let gateways: Vec<_> = ["wan1", "wan9"].map(|link| daemon.link(link)["gateway"].clone()).into();
    assert_eq!(gateways, ["198.51.100.1", "198.51.100.1"]);
    let warned =
        String::from_utf8_lossy(&daemon.cli(&["check"]).stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in ["They are in one subnet", "They have the same gateway address, 198.51.100.1"] {
        assert!(warned.contains(sentence), "{warned}");
    }
    lab.isp(1).blackhole(true);
    wait_until("wan1 is left", SWITCH_LIMIT, || {
        daemon.link("wan1")["enabled"] == false && daemon.link("wan1")["answered"] == 0
    });
    stays_so("its twin is not", AFTERWARDS, || {
        daemon.link("wan1")["answered"] == 0 && daemon.link("wan9")["answered"] == 4
    });
    assert_eq!(daemon.link("wan9")["enabled"], true);
}

#[test]
fn five_hundred_pairs_that_come_and_go_at_once_are_no_reason_to_switch() {
    let lab = lab("flood").without_shorewall().build();
    let daemon = start(&lab, &["wan1", "wan2"]);
    let beat = Beat::of(&lab);
    let batch = lab.dir().join("pairs");
    let each = |line: &dyn Fn(usize) -> String| {
        let mut lines = String::new();
        (0..PAIRS).for_each(|pair| writeln!(lines, "{}", line(pair)).expect("a string takes text"));
        std::fs::write(&batch, lines).expect("a file can be written");
        lab.gw().run(&format!("ip -batch {}", batch.display()));
    };
    each(&|pair| format!("link add va{pair} type veth peer name vb{pair}"));
    each(&|pair| format!("link set dev va{pair} up"));
    each(&|pair| format!("link delete dev va{pair}"));
    stays_so("both links are in use", AFTERWARDS, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["enabled"] == true)
    });
    assert_eq!(links(&daemon.status()).count(), 2);
    assert_no_switch(&daemon);
    lab.isp(1).carrier(false);
    wait_until("the kernel is heard as before", SWITCH_LIMIT, || daemon.link("wan1")["reason"]["code"] == "no_carrier");
    beat.assert_unbroken();
}

#[test]
fn an_advertisement_that_changes_the_prefix_is_no_reason_to_switch() {
    let lab = lab("prefix").ipv6_ra(true).without_shorewall().build();
    let daemon = start(&lab, &["wan1", "wan2"]);
    wait_until("both links answer in IPv6", SETTLE_LIMIT, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["families"]["ipv6"]["answered"] == 4)
    });
    let beat = Beat::of(&lab);
    lab.net().run("ip route add 2001:db8:41::/64 via 2001:db8:f1::1");
    lab.isp(1).ns().run("ip address add 2001:db8:41::1/64 dev c0");
    let settings = lab.dir().join("radvd1.conf");
    let old = std::fs::read_to_string(&settings).expect("the ISP advertises");
    let withdrawn = "prefix 2001:db8:1::/64 { AdvOnLink on; AdvAutonomous on; AdvPreferredLifetime 0; };";
    let (head, _) = old.split_once("prefix").expect("it advertises a prefix");
    let new = "prefix 2001:db8:41::/64 { AdvOnLink on; AdvAutonomous on; };";
    std::fs::write(&settings, format!("{head}{withdrawn}\n {new}\n}};\n")).expect("a file can be written");
    lab.isp(1).ns().run(&format!("kill -HUP $(cat {})", lab.dir().join("radvd1.pid").display()));
    wait_until("echoes have an address of the new prefix", SETTLE_LIMIT, || {
        let source = &daemon.link("wan1")["families"]["ipv6"]["source"];
        source.as_str().is_some_and(|source| source.starts_with("2001:db8:41:"))
    });
    stays_so("both links are in use", AFTERWARDS, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["families"]["ipv6"]["enabled"] == true)
    });
    wait_until("they answer", SWITCH_LIMIT, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["families"]["ipv6"]["answered"] == 4)
    });
    assert_no_switch(&daemon);
    assert!(lab.gw().address("wan1", Family::V6).is_some());
    beat.assert_unbroken();
}
