//! A link that had a fault sits out its whole hold-down and then comes back, whatever is done to Shorewall and the daemon meanwhile.

use std::time::{Duration, Instant};

use rebootping_lab::{Daemon, Family, Lab, SWITCH_LIMIT, Watcher, wait_until};

use crate::support::{RETURN_LIMIT, hold_down, hold_left, lab, start, wait_in, wait_mid_hold_down, wait_out};

/// A fault may end in the midst of a round that then counts as a good one.
const ROUND: Duration = Duration::from_secs(1);
/// Five times the two seconds within which a Shorewall that starts is met.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Breaks a link until it is out and mends it; the moment at which the fault ended.
#[track_caller]
fn glitch(lab: &Lab, daemon: &Daemon, isp: usize) -> Instant {
    lab.isp(isp).blackhole(true);
    wait_out(lab, daemon, &lab.isp(isp).link(), SWITCH_LIMIT);
    lab.isp(isp).mend()
}

/// Waits until the link is back, not before `hold_down` seconds after its fault ended, and in time.
#[track_caller]
fn check_returns(lab: &Lab, daemon: &Daemon, watcher: &Watcher, isp: usize, (mended, hold_down): (Instant, u64)) {
    let (link, hold_down) = (lab.isp(isp).link(), Duration::from_secs(hold_down));
    let returned = watcher.wait_entered(&link, Family::V4, mended, hold_down + RETURN_LIMIT);
    println!("{link} returned after {} ms", returned.as_millis());
    assert!(returned + ROUND >= hold_down, "{link} was back after {returned:?}, before {hold_down:?} were over");
    wait_in(lab, daemon, &link, RETURN_LIMIT);
    watcher.assert_always_a_way_out(Family::V4);
}

/// How often the daemon has changed its choice.
fn switches(daemon: &Daemon) -> usize {
    daemon.log().matches("new connections use").count()
}

#[track_caller]
fn succeeds(lab: &Lab, command: &str) {
    let output = lab.gw().shorewall(command);
    assert!(output.status.success(), "shorewall {command}: {output:?}");
}

#[test]
fn a_link_returns_after_its_hold_down_through_disable_reload_and_restart() {
    const HOLD_DOWN: u64 = 15;
    let lab = lab("admin").build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let watcher = lab.gw().watch();
    let mended = glitch(&lab, &daemon, 1);
    let mut left = wait_mid_hold_down(&daemon, "wan1", HOLD_DOWN);
    for command in ["disable isp1", "reload", "restart"] {
        succeeds(&lab, command);
        assert!(!lab.gw().balance_has("wan1", Family::V4), "`shorewall {command}` brought wan1 in");
        let now = hold_left(&daemon, "wan1");
        assert!(now <= left, "after `shorewall {command}` wan1 has {now} s to hold, and had {left} s before");
        left = now;
    }
    check_returns(&lab, &daemon, &watcher, 1, (mended, HOLD_DOWN));
    assert_eq!(switches(&daemon), 2, "wan1 went and came back, no more:\n{}", daemon.log());
}

#[test]
fn an_administrators_enable_is_put_right_and_the_hold_down_goes_on() {
    const HOLD_DOWN: u64 = 25;
    let lab = lab("enable").build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let mended = glitch(&lab, &daemon, 1);
    let left = wait_mid_hold_down(&daemon, "wan1", HOLD_DOWN);
    succeeds(&lab, "enable isp1");
    assert!(lab.gw().balance_has("wan1", Family::V4), "`shorewall enable` asks nobody");
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert!(
        daemon.log().contains("somebody enabled wan1") && daemon.log().contains("link pin wan1"),
        "{}",
        daemon.log()
    );
    assert!(hold_left(&daemon, "wan1") <= left, "the hold-down goes on");
    let watcher = lab.gw().watch();
    check_returns(&lab, &daemon, &watcher, 1, (mended, HOLD_DOWN));
    assert_eq!(switches(&daemon), 2, "wan1 went and came back, no more:\n{}", daemon.log());
}

#[track_caller]
fn check_while_down(prefix: &str, command: &str) {
    const HOLD_DOWN: u64 = 10;
    let lab = lab(prefix).build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let mended = glitch(&lab, &daemon, 1);
    wait_mid_hold_down(&daemon, "wan1", HOLD_DOWN);
    succeeds(&lab, command);
    wait_until("the daemon waits for Shorewall", START_LIMIT, || daemon.status()["commit"]["state"] == "waiting");
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("1\n"));
    let limit = Duration::from_secs(HOLD_DOWN) + RETURN_LIMIT;
    wait_until("the file says 0 again", limit, || lab.gw().status_file("wan1").as_deref() == Some("0\n"));
    assert!(mended.elapsed() + ROUND >= Duration::from_secs(HOLD_DOWN), "the file says 0 after {:?}", mended.elapsed());
    assert!(daemon.link("wan1")["healthy"] == true && daemon.link("wan1")["committed"] == false);
    succeeds(&lab, "start");
    wait_in(&lab, &daemon, "wan1", START_LIMIT);
    assert_eq!(switches(&daemon), 2, "wan1 went and came back, no more:\n{}", daemon.log());
}

#[test]
fn with_shorewall_stopped_the_file_is_right_in_time_and_the_link_is_in_after_the_start() {
    check_while_down("stop", "stop");
}

#[test]
fn with_shorewall_cleared_the_file_is_right_in_time_and_the_link_is_in_after_the_start() {
    check_while_down("clear", "clear");
}

#[track_caller]
fn check_restarted(prefix: &str, end: impl FnOnce(Daemon)) {
    const HOLD_DOWN: u64 = 12;
    let lab = lab(prefix).build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let watcher = lab.gw().watch();
    let mended = glitch(&lab, &daemon, 1);
    let left = wait_mid_hold_down(&daemon, "wan1", HOLD_DOWN);
    end(daemon);
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("1\n"));
    let daemon = lab.gw().daemon(&hold_down(HOLD_DOWN));
    let mut after = 0;
    wait_until("the new daemon has judged wan1", START_LIMIT, || {
        let Some(status) = daemon.try_status() else { return false };
        after = status["links"][0]["hold_down_left_s"].as_u64().unwrap_or_default();
        status["links"][0]["reason"]["code"] == "hold_down"
    });
    // Its first rounds may have been judged before it was asked.
    assert!(after + 3 >= left && after <= HOLD_DOWN, "{left} s were left to hold, and {after} s are after the restart");
    check_returns(&lab, &daemon, &watcher, 1, (mended, HOLD_DOWN));
    let only_once = watcher.changes().iter().filter(|change| change.link == "wan1" && change.entered).count();
    assert_eq!(only_once, 1, "{:?}", watcher.changes());
}

#[test]
fn a_restarted_daemon_goes_on_with_the_hold_down() {
    check_restarted("term", |daemon| {
        let (status, _) = daemon.terminate();
        assert!(status.success(), "{status}");
    });
}

#[test]
fn a_daemon_after_kill_9_goes_on_with_the_hold_down() {
    check_restarted("kill", Daemon::kill9);
}

#[test]
fn a_link_whose_gateway_came_by_dhcp_returns_after_its_hold_down() {
    const HOLD_DOWN: u64 = 10;
    let lab = lab("dhcp").detect().build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let watcher = lab.gw().watch();
    let mended = glitch(&lab, &daemon, 1);
    check_returns(&lab, &daemon, &watcher, 1, (mended, HOLD_DOWN));
}

#[test]
fn a_dhcp_link_returns_though_the_daemon_was_started_while_it_was_disabled() {
    const HOLD_DOWN: u64 = 10;
    let lab = lab("lease").detect().build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let watcher = lab.gw().watch();
    let mended = glitch(&lab, &daemon, 2);
    daemon.kill9();
    let daemon = lab.gw().daemon(&hold_down(HOLD_DOWN));
    daemon.wait_ready();
    check_returns(&lab, &daemon, &watcher, 2, (mended, HOLD_DOWN));
}

#[test]
fn a_tun_link_without_gateway_returns_after_its_hold_down() {
    const HOLD_DOWN: u64 = 10;
    let lab = lab("tun").tun_link().build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let watcher = lab.gw().watch();
    let mended = glitch(&lab, &daemon, 2);
    check_returns(&lab, &daemon, &watcher, 2, (mended, HOLD_DOWN));
}

#[test]
fn a_link_that_lost_its_carrier_returns_after_its_hold_down() {
    const HOLD_DOWN: u64 = 10;
    let lab = lab("plug").build();
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let watcher = lab.gw().watch();
    lab.isp(1).carrier(false);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    let mended = lab.isp(1).carrier(true);
    check_returns(&lab, &daemon, &watcher, 1, (mended, HOLD_DOWN));
}
