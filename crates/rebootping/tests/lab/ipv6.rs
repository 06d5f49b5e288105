//! IPv6 by router advertisement from two ISPs, judged and committed apart from IPv4.

use std::time::{Duration, Instant};

use rebootping_lab::{Change, Daemon, Family, Lab, PUBLIC_V6, SWITCH_LIMIT, Watcher, wait_until};
use serde_json::Value;

use crate::support::{RETURN_LIMIT, hold_down, lab, start, stays_so};

/// Several rounds: time enough to be wrong in.
const SOME_ROUNDS: Duration = Duration::from_secs(6);
/// Router advertisements come when they like; a busy machine needs longer to find the gateway.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

fn gateway(prefix: &str) -> Lab {
    lab(prefix).ipv6_ra(true).build()
}

/// Starts the daemon and waits until it uses every link in both families.
fn start_both(lab: &Lab, config: &str) -> Daemon {
    let daemon = start(lab, config);
    wait_until("both links are healthy in IPv6 and committed", SETTLE_LIMIT, || {
        ["wan1", "wan2"].into_iter().all(|link| {
            let ipv6 = ipv6(&daemon, link);
            ipv6["healthy"] == true && ipv6["committed"] == true
        })
    });
    daemon
}

fn ipv6(daemon: &Daemon, link: &str) -> Value {
    daemon.link(link)["families"]["ipv6"].clone()
}

fn ipv4(daemon: &Daemon, link: &str) -> Value {
    daemon.link(link)["families"]["ipv4"].clone()
}

fn changes_of(watcher: &Watcher, family: Family) -> Vec<Change> {
    watcher.changes().into_iter().filter(|change| change.family == family).collect()
}

#[test]
fn a_dead_ipv6_takes_the_link_out_of_ipv6_alone_until_its_hold_down_is_over() {
    const HOLD_DOWN: u64 = 8;
    let lab = gateway("six");
    let daemon = start_both(&lab, &hold_down(HOLD_DOWN));
    let watcher = lab.gw().watch();
    let broken = lab.isp(1).blackhole6(true);
    watcher.wait_left("wan1", Family::V6, broken, SWITCH_LIMIT);
    wait_until("wan1 is out of IPv6, in file and kernel", SWITCH_LIMIT, || {
        let said = ipv6(&daemon, "wan1");
        said["enabled"] == false && said["committed"] == true
    });
    // The reload takes the routes away before it has loaded its rules.
    wait_until("the reload is over", SWITCH_LIMIT, || daemon.status()["commit"]["state"] == "applied");
    assert_shorewall6_uses_only(&lab, "wan2");
    assert_eq!(ipv4(&daemon, "wan1")["enabled"], true);
    assert_eq!(lab.gw().status_file_of("wan1", Family::V4).as_deref(), Some("0\n"));
    assert_eq!(lab.new_flows_of(Family::V6, (2, 6)), vec![Some("wan2".to_owned()); 8]);

    let mended = lab.isp(1).mend();
    let back = watcher.wait_entered("wan1", Family::V6, mended, Duration::from_secs(HOLD_DOWN) + RETURN_LIMIT);
    // The last bad round may have begun a round before it was mended.
    assert!(back >= Duration::from_secs(HOLD_DOWN - 1), "back after {back:?}");
    wait_until("both links are in, in file and kernel", RETURN_LIMIT, || {
        ["wan1", "wan2"].into_iter().all(|link| {
            let said = ipv6(&daemon, link);
            said["enabled"] == true && said["committed"] == true && lab.gw().balance_has(link, Family::V6)
        })
    });
    assert_eq!(lab.gw().status_file_of("wan1", Family::V6).as_deref(), Some("0\n"));
    assert_eq!(changes_of(&watcher, Family::V4), []);
}

/// Shorewall6 is whole right after a commit: it runs, routes for new connections lead to `link` alone, and flows pass.
#[track_caller]
fn assert_shorewall6_uses_only(lab: &Lab, link: &str) {
    let gw = lab.gw();
    let other = if link == "wan1" { "wan2" } else { "wan1" };
    assert!(gw.uses(link, Family::V6) && !gw.balance_has(other, Family::V6), "{:?}", gw.default_routes(Family::V6));
    let status = gw.shorewall6("status");
    let text = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success() && text.contains("State:Started"), "{text}");
    assert!(gw.run("ip6tables -S").lines().count() > 10, "Shorewall6 has no rules");
    assert_eq!(gw.status_file_of(other, Family::V6).as_deref(), Some("1\n"));
    assert_eq!(gw.status_file_of(link, Family::V6).as_deref(), Some("0\n"));
}

#[test]
fn a_dead_ipv4_leaves_ipv6_as_it_is() {
    let lab = gateway("four");
    let daemon = start_both(&lab, &hold_down(3600));
    let watcher = lab.gw().watch();
    let broken = lab.isp(2).blackhole4(true);
    watcher.wait_left("wan2", Family::V4, broken, SWITCH_LIMIT);
    stays_so("wan2 is used for IPv6 alone", SOME_ROUNDS, || {
        ipv4(&daemon, "wan2")["enabled"] == false && ipv6(&daemon, "wan2")["enabled"] == true
    });
    assert_eq!(changes_of(&watcher, Family::V6), []);
    watcher.assert_always_a_way_out(Family::V4);
    let status = daemon.cli(&["status"]);
    assert_eq!(status.status.code(), Some(1), "a link that is ill in one family is not healthy");
}

#[test]
fn targets_that_are_dead_everywhere_change_nothing_in_ipv6() {
    let lab = gateway("sixdead");
    let daemon = start_both(&lab, &hold_down(3600));
    let watcher = lab.gw().watch();
    for (dead, target) in (1..).zip(&PUBLIC_V6[..3]) {
        lab.target_dead(target, true);
        wait_until("the dead target is noticed on both links", RETURN_LIMIT, || {
            ["wan1", "wan2"].into_iter().all(|link| ipv6(&daemon, link)["answered"] == 4 - dead)
        });
        let both_healthy = || ["wan1", "wan2"].into_iter().all(|link| ipv6(&daemon, link)["healthy"] == true);
        stays_so("both links are healthy", SOME_ROUNDS / 3, both_healthy);
    }
    let last = Instant::now();
    lab.target_dead(PUBLIC_V6[3], true);
    wait_until("it is said that nothing answers", RETURN_LIMIT, || {
        ipv6(&daemon, "wan1")["reason"]["code"] == "nothing_answers"
    });
    stays_so("the choice stands", SOME_ROUNDS / 2, || ipv6(&daemon, "wan1")["enabled"] == true);
    assert_eq!(ipv4(&daemon, "wan1")["reason"]["code"], "best");
    assert_eq!(watcher.changes(), [], "since {:?}", last.elapsed());
}
