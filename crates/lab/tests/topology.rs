//! Every kind of lab carries what it promises.

use std::path::Path;
use std::time::Duration;

use rebootping_lab::{Family, Isusable, Lab, Ns, Style, gateway_v4, wait_until};

const LIMIT: Duration = Duration::from_secs(10);

fn pings(from: &Ns, target: &str) -> bool {
    from.try_run(&format!("ping -n -c1 -w3 -i0.2 {target}")).status.success()
}

/// Whether the gateway's own ping over one link is answered.
fn pings_over(lab: &Lab, link: &str, target: &str) -> bool {
    lab.gw().try_run(&format!("ping -n -c1 -w3 -i0.2 -I {link} {target}")).status.success()
}

/// Whether both providers are in and each, alone, carries the LAN's traffic.
#[track_caller]
fn check_both_carry(lab: &Lab, family: Family, target: &str) {
    let gw = lab.gw();
    for (out, stays) in [(1, 2), (2, 1)] {
        assert!(gw.balance_has("wan1", family) && gw.balance_has("wan2", family), "{:?}", gw.default_routes(family));
        std::fs::write(gw.var_dir(family).join(format!("rebootping-wan{out}.status")), "1\n").expect("it is ours");
        reload(lab, family);
        assert!(!gw.balance_has(&format!("wan{out}"), family), "isp{out} is in: {:?}", gw.default_routes(family));
        assert!(gw.uses(&format!("wan{stays}"), family), "isp{stays} is not used: {:?}", gw.default_routes(family));
        wait_until(&format!("the LAN reaches {target} over isp{stays}"), LIMIT, || pings(lab.lan(1), target));
        std::fs::write(gw.var_dir(family).join(format!("rebootping-wan{out}.status")), "0\n").expect("it is ours");
        reload(lab, family);
    }
}

#[track_caller]
fn reload(lab: &Lab, family: Family) {
    let output = match family {
        Family::V4 => lab.gw().shorewall("reload"),
        Family::V6 => lab.gw().shorewall6("reload"),
    };
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_lan_reaches_the_internet_over_both_isps() {
    let lab = Lab::builder("both").rp_filter(1).build();
    check_both_carry(&lab, Family::V4, "192.0.2.1");
    assert!(pings_over(&lab, "wan1", "192.0.2.1") && pings_over(&lab, "wan2", "192.0.2.1"));
    assert_eq!(lab.gw().run("cat /proc/sys/net/ipv4/fib_multipath_hash_policy"), "1\n");
}

#[test]
fn four_isps_and_three_clients() {
    let lab = Lab::builder("four").isps(4).clients(3).build();
    for isp in 1..=4 {
        assert!(
            lab.gw().balance_has(&format!("wan{isp}"), Family::V4)
                && pings_over(&lab, &format!("wan{isp}"), "192.0.2.2")
        );
    }
    for client in 1..=3 {
        assert!(pings(lab.lan(client), "192.0.2.3"));
    }
}

#[test]
fn static_ipv6_over_both_isps() {
    let lab = Lab::builder("six").ipv6(true).build();
    check_both_carry(&lab, Family::V6, "2001:db8:9::1");
}

#[test]
fn router_advertisements_give_addresses_and_shorewall6_uses_them() {
    let lab = Lab::builder("ra").ipv6_ra(true).build();
    for (link, net) in [("wan1", "2001:db8:1:"), ("wan2", "2001:db8:2:")] {
        assert!(lab.gw().run(&format!("ip -6 -o addr show dev {link} dynamic")).contains(net));
    }
    check_both_carry(&lab, Family::V6, "2001:db8:9::1");
}

#[test]
fn a_tun_link_has_no_gateway_and_carries() {
    let lab = Lab::builder("tun").ipv6(true).tun_link().build();
    assert!(lab.gw().run("ip link show dev wan2").contains("POINTOPOINT"));
    assert!(!lab.gw().run("ip route show table isp2").contains("via"));
    check_both_carry(&lab, Family::V4, "192.0.2.1");
    check_both_carry(&lab, Family::V6, "2001:db8:9::1");
    lab.isp(2).carrier(false);
    wait_until("wan2 has no carrier", LIMIT, || lab.gw().run("ip link show dev wan2").contains("NO-CARRIER"));
    lab.isp(2).carrier(true);
    wait_until("wan2 carries again", LIMIT, || pings_over(&lab, "wan2", "192.0.2.1"));
}

#[test]
fn dhcp_gives_address_and_gateway_and_shorewall_detects_it() {
    let lab = Lab::builder("dhcp").detect().build();
    let gw = lab.gw();
    assert!(gw.run("cat /var/lib/dhcp/dhclient.wan1.leases").contains("option routers 198.51.100.1;"));
    assert!(gw.run("ip route show table isp1").contains("default via 198.51.100.1"));
    check_both_carry(&lab, Family::V4, "192.0.2.1");
    lab.isp(1).renumber(77, 254);
    assert_eq!(gw.address("wan1", Family::V4), Some("198.51.100.77".parse().expect("an address")));
    reload(&lab, Family::V4);
    assert!(gw.run("ip route show table isp1").contains("default via 198.51.100.254"));
    assert!(!Path::new("/var/lib/dhcp/dhclient.wan1.leases").exists(), "the host's lease directory was written");
}

#[test]
fn primary_and_fallback() {
    let lab = Lab::builder("pf").ipv6(true).providers(Style::PrimaryFallback).build();
    for family in [Family::V4, Family::V6] {
        let gw = lab.gw();
        assert!(gw.balance_has("wan1", family) && gw.balance_has("wan2", family), "{:?}", gw.default_routes(family));
        assert!(gw.uses("wan1", family) && !gw.uses("wan2", family));
    }
    assert!(lab.gw().shorewall("disable isp1").status.success());
    assert!(lab.gw().uses("wan2", Family::V4) && pings(lab.lan(1), "192.0.2.1"));
}

#[test]
fn static_snat_and_persistent_providers() {
    let lab =
        Lab::builder("snat").providers(Style::BalanceStaticSnat).persistent(true).isusable(Isusable::None).build();
    assert!(lab.gw().run("iptables -t nat -S").contains(&format!("--to-source {}", gateway_v4(1))));
    assert!(pings(lab.lan(1), "192.0.2.1"));
    assert!(!lab.gw().etc_dir(Family::V4).join("isusable").exists());
}

#[test]
fn without_shorewall_there_are_plain_default_routes() {
    let lab = Lab::builder("plain").ipv6(true).default_targets(true).without_shorewall().build();
    for (family, targets) in [(Family::V4, rebootping_lab::PUBLIC_V4), (Family::V6, rebootping_lab::PUBLIC_V6)] {
        assert!(
            lab.gw().uses("wan1", family) && lab.gw().balance_has("wan2", family) && !lab.gw().uses("wan2", family)
        );
        for target in targets {
            assert!(pings(lab.lan(1), target), "{target}");
        }
    }
}
