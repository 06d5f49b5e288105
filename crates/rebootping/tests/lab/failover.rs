//! A link that fails leaves the routing of new connections at once, whatever its fault and however slow the disk.

use std::time::{Duration, Instant};

use rebootping_lab::{Family, Lab, PUBLIC_V4, SWITCH_LIMIT, Watcher, wait_until};

use crate::slow_disk::SlowDisk;
use crate::support::{self, hold_down, links, start, wait_out};

/// Five times the half second within which a link without carrier must have left.
const CARRIER_LIMIT: Duration = Duration::from_millis(2_500);

#[track_caller]
fn check_leaves(lab: &Lab, watcher: &Watcher, link: &str, fault: Instant, limit: Duration) {
    let took = watcher.wait_left(link, Family::V4, fault, limit);
    println!("{} left after {} ms", link, took.as_millis());
    watcher.assert_always_a_way_out(Family::V4);
    assert!(lab.gw().default_route_exists(Family::V4));
}

#[test]
fn a_blackholed_upstream_is_left_with_no_target_configured() {
    let lab = support::lab("hole").build();
    let daemon = start(&lab, &hold_down(600));
    for link in links(&daemon.status()) {
        assert_eq!(
            (&link["answered"], &link["expected"]),
            (&PUBLIC_V4.len().into(), &PUBLIC_V4.len().into()),
            "{link}"
        );
    }
    let watcher = lab.gw().watch();
    let fault = lab.isp(1).blackhole(true);
    check_leaves(&lab, &watcher, "wan1", fault, SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    let wan1 = daemon.link("wan1");
    assert_eq!((&wan1["reason"]["code"], &wan1["best"]), (&"behind".into(), &4.into()), "{wan1}");
    assert!(watcher.changes().iter().all(|change| change.link == "wan1"), "{:?}", watcher.changes());
    assert!(lab.gw().uses("wan2", Family::V4) && lab.gw().status_file("wan2").as_deref() == Some("0\n"));
}

#[test]
fn each_kind_of_fault_takes_its_own_link_out() {
    let lab = support::lab("faults").isps(3).build();
    let daemon = start(&lab, &hold_down(600));
    let watcher = lab.gw().watch();
    let fault = lab.isp(1).carrier(false);
    check_leaves(&lab, &watcher, "wan1", fault, CARRIER_LIMIT);
    let fault = lab.isp(2).silence(true);
    check_leaves(&lab, &watcher, "wan2", fault, SWITCH_LIMIT);
    for (link, why) in [("wan1", "no_carrier"), ("wan2", "behind")] {
        wait_out(&lab, &daemon, link, SWITCH_LIMIT);
        assert_eq!(daemon.link(link)["reason"]["code"], why);
    }
    assert!(lab.gw().uses("wan3", Family::V4));
}

#[test]
fn a_gateway_that_moved_away_is_missed_though_its_box_still_forwards() {
    let lab = support::lab("moved").build();
    let daemon = start(&lab, &hold_down(600));
    let watcher = lab.gw().watch();
    let fault = lab.isp(1).move_gateway(254);
    // A gateway is asked every ten seconds, and given up after five questions more.
    check_leaves(&lab, &watcher, "wan1", fault, 3 * SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert_eq!(daemon.link("wan1")["reason"]["code"], "behind");
}

#[test]
fn no_failover_waits_for_the_disk() {
    let lab = support::lab("disk").isps(3).build();
    let daemon = start(&lab, &hold_down(600));
    let watcher = lab.gw().watch();
    let disk = SlowDisk::under(&daemon);
    let fault = lab.isp(1).blackhole(true);
    check_leaves(&lab, &watcher, "wan1", fault, SWITCH_LIMIT);
    let fault = lab.isp(2).carrier(false);
    check_leaves(&lab, &watcher, "wan2", fault, CARRIER_LIMIT);
    wait_out(&lab, &daemon, "wan2", SWITCH_LIMIT);
    wait_until("status files and memory are being brought to the disk", SWITCH_LIMIT, || {
        let held_up = disk.held_up();
        ["status-sync", "keeper"].iter().all(|thread| held_up.contains(*thread))
    });
}
