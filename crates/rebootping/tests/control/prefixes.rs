//! IPv6 of the LAN's hosts when a link goes: real radvd and dnsmasq tell them to avoid its prefix, and to use it again with the link.

use std::fs;
use std::thread;
use std::time::Duration;

use rebootping_lab::{Daemon, Family, Lab, wait_until};

use crate::delegated::{SERVED_LIMIT, delegated, fetch, is_of, names, network, preferred, radvd, radvd_file};
use crate::support::{start, table};

/// Long enough for a machine that is ten times too busy.
const LIMIT: Duration = Duration::from_secs(60);
const HOLD_DOWN: &str = "[select]\nhold_down = \"5s\"\n";
/// As operators write it who have prefixes that change, with the default intervals of ten minutes.
const WILDCARD: &str = "interface lan0 {\n  AdvSendAdvert on;\n  prefix ::/64 { AdvPreferredLifetime 3600; };\n};\n";
const CONSTRUCTED: [&str; 2] = ["--enable-ra", "--dhcp-range=::,constructor:lan0,ra-only,1h"];

/// Starts the daemon and waits until the tablet uses what both ISPs delegate.
fn begin(lab: &Lab, config: &str) -> Daemon {
    wait_until("the tablet has addresses of both ISPs", SERVED_LIMIT, || preferred(lab) == [1, 2]);
    let daemon = start(lab, config);
    wait_until("IPv6 of both links is in use", LIMIT, || {
        ["wan1", "wan2"].iter().all(|link| daemon.link(link)["families"]["ipv6"]["committed"] == true)
    });
    wait_until("whose link a prefix is was learnt", LIMIT, || {
        fs::read_to_string(lab.dir().join("state/prefixes.json")).is_ok_and(|text| text.contains(&network(2)))
    });
    daemon
}

/// An outage of the ISP whose prefix the tablet uses, and its end.
fn outage(lab: &Lab, daemon: &Daemon) {
    wait_until("the tablet is seen with ISP 1's prefix", LIMIT, || is_of(fetch(lab, "-6"), 1));
    assert!(fetch(lab, "-4").is_some());
    let broken = lab.isp(1).blackhole(true);
    wait_until("a name with both versions is fetched again", LIMIT, || fetch(lab, "").is_some());
    println!("a dual-stack name was fetched {:?} after the outage began", broken.elapsed());
    wait_until("over IPv6 alone too", LIMIT, || is_of(fetch(lab, "-6"), 2));
    println!("over IPv6 alone {:?} after", broken.elapsed());
    wait_until("the prefix is avoided", LIMIT, || preferred(lab) == [2]);
    assert!(daemon.log().contains("hosts on lan0 are to avoid 2001:db8:100::/64 while wan1 is out of IPv6"));

    let mended = lab.isp(1).mend();
    wait_until("it is used again", LIMIT, || preferred(lab) == [1, 2]);
    println!("used again {:?} after the outage ended", mended.elapsed());
    wait_until("the tablet is seen with it", LIMIT, || is_of(fetch(lab, "-6"), 1));
    wait_until("that is said", LIMIT, || daemon.log().contains("hosts on lan0 may use 2001:db8:100::/64 again"));
}

#[test]
fn with_radvd_hosts_leave_with_the_link_and_return_with_it() {
    let lab = delegated("radvd");
    let _names = names(&lab, &[]);
    let _radvd = radvd(&lab, WILDCARD);
    let daemon = begin(&lab, HOLD_DOWN);
    outage(&lab, &daemon);
    assert_eq!(fs::read_to_string(radvd_file(&lab)).expect("it is there"), WILDCARD, "the file is as it was");
}

#[test]
fn with_dnsmasq_hosts_leave_with_the_link_and_return_with_it() {
    let lab = delegated("radnsmasq");
    let _names = names(&lab, &CONSTRUCTED);
    let daemon = begin(&lab, HOLD_DOWN);
    outage(&lab, &daemon);
}

#[test]
fn what_is_avoided_is_put_right_outlives_us_and_is_given_back() {
    let lab = delegated("prefixback");
    let _names = names(&lab, &[]);
    let named = WILDCARD.replace("::/64", "2001:db8:100::/64").replace("};\n};", "};\n  prefix 2001:db8:200::/64;\n};");
    let _radvd = radvd(&lab, &named);
    let daemon = begin(&lab, "");
    lab.isp(1).blackhole6(true);
    wait_until("the prefix is avoided", LIMIT, || preferred(&lab) == [2]);
    let own = || lab.gw().run("ip -6 -o address show dev lan0 scope global deprecated");
    wait_until("this host avoids its own address", LIMIT, || own().contains(&network(1)));

    // Somebody's DHCP client renews the address, and somebody edits the file.
    lab.gw().run(&format!("ip address change {}:1/64 dev lan0 preferred_lft 3000 valid_lft 6000", network(1)));
    wait_until("it is avoided again", LIMIT, || own().contains(&network(1)));
    fs::write(radvd_file(&lab), &named).expect("a file can be written");
    wait_until("the file says so again", LIMIT, || {
        fs::read_to_string(radvd_file(&lab)).is_ok_and(|text| text.contains("AdvPreferredLifetime 0;"))
    });

    daemon.kill9();
    assert!(own().contains(&network(1)), "it stays while nobody runs");
    let daemon = start_with_outage(&lab);
    wait_until("the judge has spoken", LIMIT, || daemon.link("wan1")["families"]["ipv6"]["enabled"] == false);
    assert_eq!(preferred(&lab), [2]);
    assert!(daemon.cli(&["release"]).status.success());
    wait_until("release gives it back", LIMIT, || preferred(&lab) == [1, 2]);
    assert_eq!(fs::read_to_string(radvd_file(&lab)).expect("it is there"), named, "the file is as it was");
    let shown = lab.gw().run(&format!("ip -6 -o address show dev lan0 to {}:1", network(1)));
    let left = shown.split("preferred_lft ").nth(1).and_then(|it| it.split("sec").next()?.parse::<u32>().ok());
    assert!(left.is_some_and(|left| (1..=3000).contains(&left)), "what was left of it: {shown}");
}

/// A daemon that finds the outage as it was.
fn start_with_outage(lab: &Lab) -> Daemon {
    let daemon = lab.gw().daemon("");
    daemon.wait_ready();
    daemon
}

#[test]
fn what_is_translated_on_its_way_out_is_not_touched() {
    let lab = delegated("npt");
    let _names = names(&lab, &[]);
    let _radvd = radvd(&lab, WILDCARD);
    let snat = lab.gw().etc_dir(Family::V6).join("snat");
    let mut text = fs::read_to_string(&snat).expect("it is there");
    text.push_str("MASQUERADE 2001:db8:100::/56 wan1\nMASQUERADE 2001:db8:100::/56 wan2\n");
    fs::write(&snat, text).expect("a file can be written");
    assert!(lab.gw().shorewall6("restart").status.success());
    let daemon = begin(&lab, "");
    lab.isp(2).blackhole6(true);
    wait_until("a prefix that is not translated is avoided", LIMIT, || preferred(&lab) == [1]);
    lab.isp(2).mend();
    lab.isp(1).blackhole6(true);
    assert!(daemon.cli(&["link", "retry", "wan2"]).status.success());
    wait_until("wan2 alone is in use", LIMIT, || {
        let enabled = |link: &str| daemon.link(link)["families"]["ipv6"]["enabled"] == true;
        enabled("wan2") && !enabled("wan1")
    });
    wait_until("both are used", LIMIT, || preferred(&lab) == [1, 2]);
    for _ in 0..10 {
        assert_eq!(preferred(&lab), [1, 2]);
        thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn where_ipv6s_only_link_is_dead_hosts_are_refused_at_once_and_go_on_over_ipv4() {
    let lab = delegated("deadend");
    let _names = names(&lab, &[]);
    let _radvd = radvd(&lab, WILDCARD);
    lab.gw().run("ip -6 address flush dev wan2 scope global");
    let daemon = start(&lab, HOLD_DOWN);
    wait_until("the tablet is seen with ISP 1's prefix", LIMIT, || is_of(fetch(&lab, ""), 1));
    assert_eq!(table(&lab), None);
    lab.isp(1).blackhole6(true);
    wait_until("what is forwarded is refused", LIMIT, || table(&lab).is_some_and(|it| it.contains("\"wan1\"")));
    let said = lab.lan(1).try_run("ping -6 -c 1 -W 5 2001:db8:9::1");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("No route"), "{said}");
    assert!(fetch(&lab, "").is_some_and(|address| address.is_ipv4()), "IPv4 goes on");
    lab.isp(1).mend();
    wait_until("nothing is refused any more", LIMIT, || table(&lab).is_none());
    wait_until("IPv6 is used again", LIMIT, || is_of(fetch(&lab, ""), 1));
    drop(daemon);
}
