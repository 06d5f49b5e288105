//! What operators order, and what they do to Shorewall behind the daemon's back.

use std::time::{Duration, Instant};

use rebootping_lab::{Family, SWITCH_LIMIT, wait_until};

use crate::asking::ask;
use crate::support::{RETURN_LIMIT, hold_down, lab, start, stays_so, wait_in, wait_out};

#[test]
fn a_pinned_link_is_used_alone_until_auto() {
    let lab = lab("pin").build();
    let daemon = start(&lab, &hold_down(3600));
    let watcher = lab.gw().watch();
    ask(&daemon, "link pin isp2").is_done("isp2 is pinned: pinned links are used and no others");
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert_eq!(daemon.link("wan1")["reason"]["code"], "pinned");
    assert_eq!(daemon.link("wan2")["order"]["order"], "pin");
    lab.isp(2).lose_target("8.8.8.8", true);
    wait_until("wan2 is behind", RETURN_LIMIT, || daemon.link("wan2")["answered"] == 3);
    stays_so("a pinned link is used whatever it answers", Duration::from_secs(2), || {
        daemon.link("wan2")["enabled"] == true && daemon.link("wan1")["enabled"] == false
    });
    ask(&daemon, "link auto isp2").is_done("isp2 is judged by its answers alone again");
    wait_in(&lab, &daemon, "wan1", SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan2", SWITCH_LIMIT);
    watcher.assert_always_a_way_out(Family::V4);
}

#[test]
fn an_order_is_shown_before_its_round_ends() {
    let lab = lab("midround").build();
    let daemon = start(&lab, "[probe]\ninterval = \"10s\"\n");
    let begun = Instant::now();
    for (order, code) in [("out", "taken_out"), ("auto", "best"), ("out", "taken_out"), ("auto", "best")] {
        assert!(daemon.cli(&["link", order, "wan2"]).status.success(), "{order}");
        wait_until("the order is shown", SWITCH_LIMIT, || daemon.link("wan2")["reason"]["code"] == code);
    }
    // If each had waited for the end of a round, three rounds at least would be over.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_link_taken_out_for_a_time_comes_back_by_itself() {
    let lab = lab("out").build();
    let daemon = start(&lab, &hold_down(3600));
    let ordered = Instant::now();
    ask(&daemon, "link out wan1 --for 6s").is_done("wan1 is taken out for 6s");
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert_eq!(daemon.link("wan1")["reason"]["code"], "taken_out");
    assert!(daemon.link("wan1")["order"]["left_s"].as_u64().is_some_and(|left| left <= 6));
    assert!(ask(&daemon, "status").out.contains("wan1 is taken out for "));
    wait_in(&lab, &daemon, "wan1", Duration::from_secs(6) + RETURN_LIMIT);
    assert!(ordered.elapsed() >= Duration::from_secs(6));
    assert!(daemon.log().contains("wan1: the operator's order ended; its answers decide again"), "{}", daemon.log());
}

#[test]
fn retry_ends_a_hold_down_at_once() {
    let lab = lab("retry").build();
    let daemon = start(&lab, &hold_down(3600));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    lab.isp(1).mend();
    wait_until("wan1 holds", RETURN_LIMIT, || daemon.link("wan1")["reason"]["code"] == "hold_down");
    ask(&daemon, "link retry wan1").is_done("wan1: its hold-down ends now");
    wait_in(&lab, &daemon, "wan1", RETURN_LIMIT);
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
}

#[test]
fn the_last_link_is_not_taken_out_without_force() {
    let lab = lab("last").build();
    let daemon = start(&lab, &hold_down(3600));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    wait_until("wan1 answers nothing", RETURN_LIMIT, || daemon.link("wan1")["answered"] == 0);
    ask(&daemon, "link out wan2").is_refused(
        1,
        "rebootping: without wan2 no link that answers would be left; add --force to do it nevertheless",
    );
    let pin = ask(&daemon, "link pin wan1");
    assert!(pin.code == Some(1) && pin.err.contains("pinned, it would be used nevertheless"), "{pin:?}");
    stays_so("nothing changes", Duration::from_secs(2), || daemon.link("wan2")["enabled"] == true);
    ask(&daemon, "link out wan2 --force").is_done("wan2 is taken out");
    wait_until("the other link is used, dead as it is", SWITCH_LIMIT, || {
        daemon.link("wan1")["enabled"] == true && lab.gw().uses("wan1", Family::V4)
    });
    assert!(lab.gw().default_route_exists(Family::V4));
    ask(&daemon, "link auto wan2").is_done("wan2 is judged by its answers alone again");
    wait_in(&lab, &daemon, "wan2", SWITCH_LIMIT);
}

#[test]
fn an_order_outlives_the_daemon() {
    let lab = lab("outlive").build();
    let daemon = start(&lab, &hold_down(3600));
    ask(&daemon, "link out wan1").is_done("wan1 is taken out");
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert!(daemon.terminate().0.success());
    let daemon = lab.gw().daemon(&hold_down(3600));
    daemon.wait_ready();
    wait_until("the next daemon has judged", RETURN_LIMIT, || daemon.link("wan1")["reason"]["code"] == "taken_out");
    assert!(!lab.gw().balance_has("wan1", Family::V4));
}

#[test]
fn what_somebody_does_by_hand_is_put_right_once_and_then_left_alone() {
    let lab = lab("drift").build();
    let daemon = start(&lab, &hold_down(3600));
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);

    let by_hand = enable_by_hand(&lab);
    wait_until("it is put right", Duration::from_secs(25), || !lab.gw().balance_has("wan1", Family::V4));
    assert!(by_hand.elapsed() >= Duration::from_millis(4500), "it may heal by itself for 5 s: {:?}", by_hand.elapsed());
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    let log = daemon.log();
    assert!(log.contains("rebootping link pin wan1"), "{log}");
    assert!(log.contains("somebody enabled wan1 in shorewall against the choice"), "{log}");

    enable_by_hand(&lab);
    wait_until("it is left alone", Duration::from_secs(25), || {
        daemon.status()["commit"]["left_alone"] == serde_json::json!(["wan1"])
    });
    stays_so("it is left alone", Duration::from_secs(3), || lab.gw().balance_has("wan1", Family::V4));
    assert_eq!(daemon.link("wan1")["committed"], false);
    assert!(daemon.log().contains("once more and is left so"), "{}", daemon.log());
    let shown = ask(&daemon, "status").out;
    assert!(shown.contains("wan1 was changed by hand twice within the hour and is left so"), "{shown}");
}

fn enable_by_hand(lab: &rebootping_lab::Lab) -> Instant {
    let now = Instant::now();
    let output = lab.gw().shorewall("enable wan1");
    assert!(output.status.success() && lab.gw().balance_has("wan1", Family::V4), "{output:?}");
    now
}
