//! Targets that are dead for everybody say nothing about a link; neither does an Internet that is dead on all of them.

use std::time::Duration;

use rebootping_lab::{Daemon, Family, PUBLIC_V4, SWITCH_LIMIT, Watcher, wait_until};

use crate::support::{
    RETURN_LIMIT, hold_down, hold_left, lab, links, start, stays_so, wait_in, wait_mid_hold_down, wait_out,
};

/// So many rounds are watched before it counts that nothing happens.
const ROUNDS: Duration = Duration::from_secs(4);

/// The number of targets each link reached in the last round.
fn answered(daemon: &Daemon) -> Vec<u64> {
    links(&daemon.status()).filter_map(|link| link["answered"].as_u64()).collect()
}

#[track_caller]
fn assert_nothing_changed(daemon: &Daemon, watcher: &Watcher) {
    assert!(watcher.changes().is_empty(), "{:?}", watcher.changes());
    assert!(links(&daemon.status()).all(|link| link["healthy"] == true && link["enabled"] == true));
    assert!(!daemon.log().contains("new connections use"), "{}", daemon.log());
}

#[test]
fn targets_dead_everywhere_change_nothing() {
    let lab = lab("target").build();
    let daemon = start(&lab, &hold_down(600));
    let watcher = lab.gw().watch();
    for (dead, target) in (1..=3).zip(PUBLIC_V4) {
        lab.target_dead(target, true);
        let left = 4 - dead;
        wait_until(&format!("{left} targets answer on both links"), SWITCH_LIMIT, || answered(&daemon) == [left, left]);
        stays_so("the other targets answer on both links", ROUNDS, || answered(&daemon) == [left, left]);
        assert_nothing_changed(&daemon, &watcher);
    }
    lab.targets_dead(&PUBLIC_V4, false);
    wait_until("all targets answer again", SWITCH_LIMIT, || answered(&daemon) == [4, 4]);
    assert_nothing_changed(&daemon, &watcher);
}

#[test]
fn with_all_links_dead_the_choice_and_the_hold_down_stand_still() {
    const HOLD_DOWN: u64 = 20;
    let lab = lab("dead").isps(3).build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    lab.isp(1).mend();
    wait_mid_hold_down(&daemon, "wan1", HOLD_DOWN);
    let watcher = lab.gw().watch();
    lab.targets_dead(&PUBLIC_V4, true);
    wait_until("no link is answered", SWITCH_LIMIT, || {
        links(&daemon.status()).all(|link| link["reason"]["code"] == "nothing_answers")
    });
    assert_eq!(daemon.cli(&["status"]).status.code(), Some(2), "`status` says that nothing answers");
    let left = hold_left(&daemon, "wan1");
    assert!((1..HOLD_DOWN).contains(&left), "{left} s");
    stays_so("wan1 has as much to hold as before", ROUNDS, || hold_left(&daemon, "wan1") == left);
    assert!(watcher.changes().is_empty(), "{:?}", watcher.changes());
    for isp in 1..=3 {
        lab.isp(isp).blackhole(true);
    }
    stays_so("links that are dead too change nothing", ROUNDS, || hold_left(&daemon, "wan1") == left);
    for isp in 1..=3 {
        lab.isp(isp).mend();
    }
    assert!(watcher.changes().is_empty(), "{:?}", watcher.changes());
    lab.targets_dead(&PUBLIC_V4, false);
    wait_in(&lab, &daemon, "wan1", Duration::from_secs(left) + RETURN_LIMIT);
    let only_wan1_came = watcher.changes().iter().all(|change| change.link == "wan1" && change.entered);
    assert!(only_wan1_came, "{:?}", watcher.changes());
}

#[test]
fn of_three_links_two_stay_when_one_dies() {
    let lab = lab("three").isps(3).build();
    let daemon = start(&lab, &hold_down(600));
    let watcher = lab.gw().watch();
    let fault = lab.isp(2).blackhole(true);
    watcher.wait_left("wan2", Family::V4, fault, SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan2", SWITCH_LIMIT);
    stays_so("the other two are used", ROUNDS, || {
        ["wan1", "wan3"].iter().all(|link| lab.gw().uses(link, Family::V4) && daemon.link(link)["healthy"] == true)
    });
    assert!(watcher.changes().iter().all(|change| change.link == "wan2"), "{:?}", watcher.changes());
}
