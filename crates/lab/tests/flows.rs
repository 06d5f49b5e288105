//! Flows tell what users of the gateway would feel; the watcher tells what its kernel did.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rebootping_lab::{Family, Lab, Style, wait_until};

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn flows_spread_over_both_links_and_lose_nothing() {
    let lab = Lab::builder("spread").ipv6(true).build();
    let flows = lab.flows(8, 8, 50);
    let flows6 = lab.flows6(4, 4, 50);
    wait_until("every flow has been answered", LIMIT, || flows.report().iter().all(|flow| flow.answered > 20));
    let links: BTreeSet<_> = flows.report().into_iter().filter_map(|flow| flow.link).collect();
    assert_eq!(links, ["wan1", "wan2"].map(String::from).into());
    assert_eq!(flows.over("wan1").len() + flows.over("wan2").len(), 16);
    for flow in flows.stop().iter().chain(&flows6.stop()) {
        assert!(flow.lost == 0 && !flow.reset && flow.links.len() == 1 && flow.answered > 10, "{flow:?}");
    }
}

#[test]
fn flows_over_a_dead_link_stall_and_the_others_do_not() {
    let lab = Lab::builder("stall").build();
    let flows = lab.flows(8, 8, 50);
    wait_until("every flow has been answered", LIMIT, || flows.report().iter().all(|flow| flow.answered > 5));
    lab.isp(1).blackhole(true);
    wait_until("flows over wan1 stall", LIMIT, || {
        flows.over("wan1").iter().all(|flow| flow.max_stall > Duration::from_millis(500))
    });
    assert!(flows.over("wan2").iter().all(|flow| flow.max_stall < Duration::from_millis(400) && !flow.reset));
    let lost: u64 = flows.stop().iter().filter(|flow| flow.link.as_deref() == Some("wan1")).map(|flow| flow.lost).sum();
    assert!(lost > 0);
}

#[test]
fn new_flows_avoid_a_disabled_provider_and_the_watcher_sees_it_go() {
    let lab = Lab::builder("leave").build();
    let watcher = lab.gw().watch();
    let start = Instant::now();
    assert!(lab.gw().shorewall("disable isp1").status.success());
    watcher.wait_left("wan1", Family::V4, start, LIMIT);
    let links = lab.new_flows_of(Family::V4, (8, 8));
    assert!(links.iter().all(|link| link.as_deref() == Some("wan2")), "{links:?}");
    let start = Instant::now();
    assert!(lab.gw().shorewall("enable isp1").status.success());
    watcher.wait_entered("wan1", Family::V4, start, LIMIT);
    watcher.assert_always_a_way_out(Family::V4);
    assert!(watcher.changes().iter().all(|change| change.link == "wan1"), "{:?}", watcher.changes());
}

#[test]
fn the_watcher_sees_a_time_without_a_way_out() {
    let lab = Lab::builder("gap").providers(Style::PrimaryFallback).without_shorewall().build();
    let watcher = lab.gw().watch();
    let default = lab.gw().run("ip route show default | head -1");
    lab.gw().run("ip route flush exact 0.0.0.0/0");
    wait_until("the watcher sees the gap", LIMIT, || watcher.gaps(Family::V4).len() == 1);
    lab.gw().run(&format!("ip route add {default}"));
    wait_until("the watcher sees its end", LIMIT, || watcher.gaps(Family::V4)[0].end.is_some());
    assert!(watcher.gaps(Family::V6).is_empty());
}
