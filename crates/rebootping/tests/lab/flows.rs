//! What users feel when a link leaves or comes back: established flows stay, move or end at once, and nobody else notices.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rebootping_lab::{Daemon, Family, FlowReport, Flows, Lab, PUBLIC_V4, Protocol, SWITCH_LIMIT, Style, wait_until};

use crate::support::{RETURN_LIMIT, hold_down, lab, start, wait_in, wait_out};

/// Questions a second of each flow.
const RATE: u32 = 50;
/// Answers that show a flow to be at work.
const AT_WORK: u64 = 30;
/// Two seconds' idle time until all flows are answered, five times.
const FLOW_LIMIT: Duration = Duration::from_secs(10);
/// Five times the second within which the flows of a cut link are elsewhere or reset.
const MOVE_LIMIT: Duration = Duration::from_secs(5);

/// Opens 8 TCP and 8 UDP flows, some over each of two links.
#[track_caller]
pub(crate) fn open_flows(lab: &Lab) -> Flows {
    let flows = lab.flows(8, 8, RATE);
    wait_for_answers(&flows, |_| true);
    for link in ["wan1", "wan2"] {
        assert!(!flows.over(link).is_empty(), "16 flows and none over {link}");
    }
    flows
}

/// Waits until each of these flows has been answered many times more.
#[track_caller]
pub(crate) fn wait_for_answers(flows: &Flows, which: impl Fn(&FlowReport) -> bool) {
    let before: Vec<u64> = flows.report().iter().map(|flow| flow.answered).collect();
    wait_until("all flows are answered", FLOW_LIMIT, || {
        let mut all = flows.report().into_iter().zip(&before);
        all.all(|(flow, before)| !which(&flow) || flow.answered >= before + AT_WORK)
    });
}

pub(crate) fn began_on(link: &str) -> impl Fn(&FlowReport) -> bool {
    move |flow| flow.link.as_deref() == Some(link)
}

/// Nothing of these flows was lost, and they are where they were.
#[track_caller]
pub(crate) fn assert_unharmed(flows: &[FlowReport], which: impl Fn(&FlowReport) -> bool) {
    for flow in flows.iter().filter(|flow| which(flow)) {
        assert!(flow.lost == 0 && !flow.reset && flow.links.len() == 1, "{flow:?}");
    }
}

/// Waits until every flow that began on `link` has moved to another or was reset.
#[track_caller]
pub(crate) fn wait_moved(flows: &Flows, link: &str) {
    let over = |protocol| flows.over(link).into_iter().filter(move |flow| flow.protocol == protocol);
    let udp = wait_until("the UDP flows of the dead link are elsewhere", MOVE_LIMIT, || {
        over(Protocol::Udp).all(|flow| flow.links.len() > 1)
    });
    let tcp = wait_until("its TCP flows are elsewhere or reset", MOVE_LIMIT, || {
        over(Protocol::Tcp).all(|flow| flow.reset || flow.links.len() > 1)
    });
    println!("the flows of {link} left it: UDP after {} ms, TCP {} ms later", udp.as_millis(), tcp.as_millis());
}

#[track_caller]
pub(crate) fn assert_new_flows_use(lab: &Lab, link: &str) {
    let links: BTreeSet<_> = lab.new_flows_of(Family::V4, (8, 8)).into_iter().collect();
    assert_eq!(links, [Some(link.to_owned())].into());
}

#[test]
fn a_link_behind_by_one_target_keeps_its_flows_and_gets_no_new_ones() {
    let lab = lab("drain").build();
    let daemon = start(&lab, &hold_down(10));
    let (watcher, flows) = (lab.gw().watch(), open_flows(&lab));
    let fault = lab.isp(1).lose_target(PUBLIC_V4[0], true);
    watcher.wait_left("wan1", Family::V4, fault, SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert_eq!(daemon.link("wan1")["leave"], "drain");
    assert_new_flows_use(&lab, "wan2");
    wait_for_answers(&flows, |_| true);
    let mended = lab.isp(1).mend();
    watcher.wait_entered("wan1", Family::V4, mended, SWITCH_LIMIT + RETURN_LIMIT);
    wait_in(&lab, &daemon, "wan1", RETURN_LIMIT);
    wait_for_answers(&flows, |_| true);
    assert_unharmed(&flows.stop(), |_| true);
    let rules = lab.gw().run("ip rule show");
    assert!(!rules.contains("lookup 1900"), "the drain's rule is left: {rules}");
}

#[track_caller]
fn check_cut(prefix: &str, style: Style) {
    let lab = lab(prefix).providers(style).build();
    let daemon = start(&lab, &hold_down(10));
    let (watcher, flows) = (lab.gw().watch(), open_flows(&lab));
    let fault = lab.isp(1).blackhole(true);
    watcher.wait_left("wan1", Family::V4, fault, SWITCH_LIMIT);
    wait_moved(&flows, "wan1");
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert_eq!(daemon.link("wan1")["leave"], "cut");
    assert_new_flows_use(&lab, "wan2");
    wait_for_answers(&flows, |flow| !flow.reset);
    let mended = lab.isp(1).mend();
    watcher.wait_entered("wan1", Family::V4, mended, SWITCH_LIMIT + RETURN_LIMIT);
    wait_in(&lab, &daemon, "wan1", RETURN_LIMIT);
    wait_for_answers(&flows, |flow| !flow.reset);
    assert_unharmed(&flows.stop(), began_on("wan2"));
    watcher.assert_always_a_way_out(Family::V4);
}

#[test]
fn flows_of_a_blackholed_link_move_or_end_and_the_others_lose_nothing() {
    check_cut("cut", Style::Balance);
}

#[test]
fn flows_translated_to_a_dead_links_own_address_are_not_stranded() {
    check_cut("snat", Style::BalanceStaticSnat);
}

#[track_caller]
fn order(daemon: &Daemon, verb: &str, link: &str) -> Instant {
    let moment = Instant::now();
    let output = daemon.cli(&["link", verb, link]);
    assert!(output.status.success(), "link {verb} {link}: {output:?}");
    moment
}

#[test]
fn links_are_swapped_without_an_instant_without_default_route() {
    let lab = lab("swap").build();
    let daemon = start(&lab, &hold_down(600));
    let watcher = lab.gw().watch();
    let pinned = order(&daemon, "pin", "wan1");
    watcher.wait_left("wan2", Family::V4, pinned, SWITCH_LIMIT);
    wait_in(&lab, &daemon, "wan1", SWITCH_LIMIT);
    for (from, to) in [("wan1", "wan2"), ("wan2", "wan1"), ("wan1", "wan2")] {
        order(&daemon, "auto", from);
        let pinned = order(&daemon, "pin", to);
        watcher.wait_left(from, Family::V4, pinned, SWITCH_LIMIT);
        wait_in(&lab, &daemon, to, SWITCH_LIMIT);
        assert_new_flows_use(&lab, to);
    }
    watcher.assert_always_a_way_out(Family::V4);
}

#[test]
fn when_the_only_healthy_link_dies_the_one_that_sits_out_takes_its_place() {
    let lab = lab("relay").build();
    let daemon = start(&lab, &hold_down(600));
    let watcher = lab.gw().watch();
    let fault = lab.isp(1).blackhole(true);
    watcher.wait_left("wan1", Family::V4, fault, SWITCH_LIMIT);
    lab.isp(1).mend();
    wait_until("wan1 sits out", SWITCH_LIMIT, || daemon.link("wan1")["reason"]["code"] == "hold_down");
    let fault = lab.isp(2).blackhole(true);
    watcher.wait_left("wan2", Family::V4, fault, SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan2", SWITCH_LIMIT);
    assert!(lab.gw().uses("wan1", Family::V4));
    // The best of those that are left when it is chosen, and the one in use from the next round on.
    let why = daemon.link("wan1")["reason"]["code"].clone();
    assert!(why == "sole_best" || why == "incumbent", "{why}");
    assert_new_flows_use(&lab, "wan1");
    watcher.assert_always_a_way_out(Family::V4);
}
