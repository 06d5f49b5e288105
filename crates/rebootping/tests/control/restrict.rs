//! What each mode keeps from a device and what it leaves it, and when it ends.

use std::fs;
use std::time::{Duration, Instant};

use rebootping_lab::{Lab, wait_until};

use crate::support::{
    BACK_LIMIT, GATEWAY, Running, TABLET, dnsmasq, flows, internet, is_restricted, lab, look_up, order, reaches, shown,
    start, table, wait_flowing, wait_still,
};

/// The port of the page, unless the configuration says another.
const PAGE: u16 = 8067;
/// Another service of the gateway.
const PROXY: u16 = 3128;

/// DNS and DHCP on the gateway.
fn serve(lab: &Lab) -> Running {
    let mut dnsmasq = dnsmasq(lab);
    dnsmasq.args(["--pid-file=", "--leasefile-ro", "--address=/nas.home/10.50.0.77"]);
    let running = Running::start(&mut dnsmasq, &lab.dir().join("dnsmasq.log"));
    wait_until("dnsmasq answers", BACK_LIMIT, || look_up(lab.lan(2), "nas.home").is_some());
    running
}

/// Whether the tablet can get a lease.
fn gets_lease(lab: &Lab) -> bool {
    let conf = lab.dir().join("dhclient.conf");
    fs::write(&conf, "initial-interval 1;\nretry 2;\ntimeout 4;\n").expect("a file");
    let line = format!(
        "rm -f {0}/leases; dhclient -4 -1 -d -cf {0}/dhclient.conf -sf /bin/true -lf {0}/leases -pf {0}/pid eth0 & \
         sleep 4; kill $!; grep -q fixed-address {0}/leases",
        lab.dir().display()
    );
    lab.lan(1).try_run(&line).status.success()
}

#[test]
fn pause_stops_what_is_established_in_both_families_and_leaves_the_gateway() {
    let lab = lab("pause").build();
    let daemon = start(&lab, "");
    let flows = flows(&lab);
    wait_flowing(&flows);
    assert_eq!(table(&lab), None, "nothing is restricted, so there is no table");
    let begun = Instant::now();
    let said = order(&daemon, &["restrict", TABLET, "pause", "--for", "1h"]);
    println!("the prompt was back after {:?}: {said}", begun.elapsed());
    assert!(
        said.starts_with(&format!("{TABLET}: no Internet until ")) && said.contains("connections were cut"),
        "{said}"
    );
    wait_still(&flows);
    assert_eq!(internet(&lab), [false, false]);
    assert!(reaches(&lab, PROXY), "the gateway stays");
    let restriction = &shown(&daemon)["restriction"];
    assert_eq!((&restriction["mode"], &restriction["in_force"]), (&"pause".into(), &true.into()), "{restriction}");
    assert!(restriction["packets"].as_u64().is_some_and(|packets| packets > 0), "{restriction}");

    let said = order(&daemon, &["allow", TABLET]);
    assert!(said.starts_with(&format!("{TABLET} is allowed everything")), "{said}");
    assert_eq!(internet(&lab), [true, true]);
    assert_eq!(table(&lab), None, "nothing is restricted any more");
}

#[test]
fn local_leaves_dhcp_dns_the_page_and_the_neighbours() {
    let lab = lab("local").build();
    let _dnsmasq = serve(&lab);
    let daemon = start(&lab, "");
    let flows = flows(&lab);
    wait_flowing(&flows);
    order(&daemon, &["restrict", TABLET, "local"]);
    wait_still(&flows);
    assert_eq!(internet(&lab), [false, false]);
    assert_eq!(look_up(lab.lan(1), "nas.home"), Some(vec![10, 50, 0, 77]));
    assert!(reaches(&lab, PAGE), "the page stays");
    assert!(gets_lease(&lab), "DHCP stays");
    assert!(lab.lan(1).try_run("ping -q -c 1 -W 5 10.50.0.11").status.success(), "its neighbours stay");
    assert!(lab.gw().try_run("ping -q -c 1 -W 5 10.50.0.10").status.success(), "the gateway reaches it");
    assert!(lab.lan(1).try_run("ping -6 -q -c 1 -W 5 fd61::1").status.success(), "IPv6 finds its neighbours");
    assert!(!reaches(&lab, PROXY), "no proxy on the gateway leads around it");
}

#[test]
fn block_cuts_all_and_allow_gives_all_back() {
    let lab = lab("block").build();
    let _dnsmasq = serve(&lab);
    let daemon = start(&lab, "");
    let flows = flows(&lab);
    wait_flowing(&flows);
    order(&daemon, &["restrict", TABLET, "block"]);
    wait_still(&flows);
    assert_eq!(internet(&lab), [false, false]);
    assert_eq!(look_up(lab.lan(1), "nas.home"), None);
    assert!(!reaches(&lab, PAGE) && !reaches(&lab, PROXY));
    assert!(!gets_lease(&lab));
    for ping in [format!("ping -q -c 1 -W 2 {GATEWAY}"), "ping -6 -q -c 1 -W 2 fd61::1".into()] {
        assert!(!lab.lan(1).try_run(&ping).status.success(), "{ping}");
    }
    assert!(lab.lan(2).try_run("ping -q -c 1 -W 5 192.0.2.1").status.success(), "nobody else is blocked");
    order(&daemon, &["allow", TABLET]);
    assert_eq!(internet(&lab), [true, true]);
    assert!(reaches(&lab, PAGE) && look_up(lab.lan(1), "nas.home").is_some());
}

#[test]
fn a_restriction_ends_at_its_time_and_not_before_also_while_nobody_runs() {
    let lab = lab("expiry").build();
    let daemon = start(&lab, "");
    let begun = Instant::now();
    order(&daemon, &["restrict", TABLET, "pause", "--for", "5s"]);
    assert!(is_restricted(&lab));
    wait_until("it is over", BACK_LIMIT, || !is_restricted(&lab));
    let took = begun.elapsed();
    println!("a restriction of 5 s was over after {took:?}");
    assert!(took > Duration::from_millis(4900), "{took:?}");
    let end = format!("{TABLET} is no longer restricted: its time is over");
    wait_until("that is said", BACK_LIMIT, || daemon.log().contains(&end));

    order(&daemon, &["restrict", TABLET, "block", "--for", "3s"]);
    assert!(daemon.terminate().0.success());
    assert!(is_restricted(&lab), "the end of the daemon changes nothing");
    std::thread::sleep(Duration::from_secs(4));
    let _daemon = start(&lab, "");
    wait_until("what ended meanwhile has ended", BACK_LIMIT, || !is_restricted(&lab));
}

#[test]
fn a_schedule_holds_in_its_hours_only() {
    let lab = lab("hours").build();
    let daemon = start(&lab, "");
    let now = lab.gw().run("date +%H");
    let hour: u32 = now.trim().parse().expect("an hour");
    let hours = |from: u32, to: u32| format!("{:02}:00-{:02}:00", from % 24, to % 24);
    // From twelve hours ago until ten hours ago; then from an hour ago until in twelve hours.
    order(&daemon, &["restrict", TABLET, "pause", "--hours", &hours(hour + 12, hour + 14)]);
    assert!(!is_restricted(&lab));
    assert_eq!(internet(&lab), [true, true]);
    wait_until("the tablet is listed", BACK_LIMIT, || daemon.cli(&["device", "show", TABLET]).status.success());
    assert_eq!(shown(&daemon)["restriction"]["in_force"], false);
    order(&daemon, &["restrict", TABLET, "pause", "--hours", &hours(hour + 23, hour + 12)]);
    assert!(is_restricted(&lab));
    assert_eq!(internet(&lab), [false, false]);
}
