//! A gateway without Shorewall: `dist/exec/ip-route` carries the choice out with plain routes, rules and marks.

use std::time::Duration;

use rebootping_lab::{Daemon, Family, Flows, Lab, PUBLIC_V4, SWITCH_LIMIT, wait_until};

use crate::flows::{assert_new_flows_use, assert_unharmed, began_on, open_flows, wait_for_answers, wait_moved};
use crate::support::{RETURN_LIMIT, hold_down, lab};

/// Start-up judges a first round after at most three seconds.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// What the script leaves to the operator: masquerading, and a reverse path filter that lets every link answer.
fn masquerade(lab: &Lab) {
    let gw = lab.gw();
    gw.run("nft add table ip lan");
    gw.run("nft 'add chain ip lan out { type nat hook postrouting priority srcnat; }'");
    for link in ["wan1", "wan2"] {
        gw.run(&format!("nft add rule ip lan out oifname {link} masquerade"));
        gw.run(&format!("sysctl -qw net.ipv4.conf.{link}.rp_filter=0"));
    }
    gw.run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
    gw.run("sysctl -qw net.ipv4.fib_multipath_hash_policy=1");
}

/// A lab whose gateway follows the script, both links in, and flows over both.
fn follow(lab: &Lab) -> (Daemon, Flows) {
    masquerade(lab);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist/exec/ip-route");
    let daemon = lab.gw().daemon(&format!("{}[commit]\nbackend = \"exec\"\ncommand = [\"{script}\"]\n", hold_down(10)));
    daemon.wait_ready();
    wait_until("the script has put both links in", SETTLE_LIMIT, || {
        daemon.status()["commit"]["state"] == "applied"
            && ["wan1", "wan2"].iter().all(|link| lab.gw().uses(link, Family::V4))
    });
    let flows = open_flows(lab);
    (daemon, flows)
}

fn wait_back(lab: &Lab) {
    wait_until("wan1 is in again", RETURN_LIMIT + SWITCH_LIMIT, || {
        ["wan1", "wan2"].iter().all(|link| lab.gw().uses(link, Family::V4))
    });
}

#[test]
fn a_link_that_drains_keeps_its_flows_without_shorewall_too() {
    let lab = lab("routes").without_shorewall().build();
    let (daemon, flows) = follow(&lab);
    lab.isp(1).lose_target(PUBLIC_V4[0], true);
    wait_until("wan1 is out", SWITCH_LIMIT, || !lab.gw().uses("wan1", Family::V4));
    assert_eq!(daemon.link("wan1")["leave"], "drain");
    assert_new_flows_use(&lab, "wan2");
    wait_for_answers(&flows, |_| true);
    lab.isp(1).mend();
    wait_back(&lab);
    wait_for_answers(&flows, |_| true);
    assert_unharmed(&flows.stop(), |_| true);
}

#[test]
fn a_dead_link_is_cut_without_shorewall_too_and_the_others_lose_nothing() {
    let lab = lab("routescut").without_shorewall().build();
    let (daemon, flows) = follow(&lab);
    lab.isp(1).blackhole(true);
    wait_until("wan1 is out", SWITCH_LIMIT, || !lab.gw().uses("wan1", Family::V4));
    wait_moved(&flows, "wan1");
    assert_eq!(daemon.link("wan1")["leave"], "cut");
    assert_new_flows_use(&lab, "wan2");
    lab.isp(1).mend();
    wait_back(&lab);
    wait_for_answers(&flows, |flow| !flow.reset);
    assert_unharmed(&flows.stop(), began_on("wan2"));
    assert!(daemon.cli(&["release"]).status.success());
    wait_back(&lab);
}
