//! Provider options other than `balance`, in both families, and metered links.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rebootping_lab::{Family, Lab, SWITCH_LIMIT, Style, wait_until};

use crate::asking::ask;
use crate::support::{RETURN_LIMIT, hold_down, lab, start, stays_so, wait_in, wait_out};

/// What a metered link may cost in a month of 30 days.
const MOST_A_MONTH: f64 = 60e6;
const MONTH: Duration = Duration::from_secs(30 * 86_400);
/// A resting spare's next hop is asked this often; none of it falls into the time that is measured, so it is added.
const QUESTION_EVERY: Duration = Duration::from_secs(120);
const METERED: &str = "[[link]]\ninterface = \"wan2\"\nlabel = \"lte\"\nmetered = true\n";

#[test]
fn a_dead_primary_gives_way_to_the_fallback_and_comes_back() {
    let lab = lab("primary").providers(Style::PrimaryFallback).build();
    let daemon = start(&lab, &hold_down(4));
    assert!(lab.gw().uses("wan1", Family::V4) && !lab.gw().uses("wan2", Family::V4));
    let watcher = lab.gw().watch();
    let broken = lab.isp(1).blackhole(true);
    watcher.wait_left("wan1", Family::V4, broken, SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    assert!(lab.gw().uses("wan2", Family::V4));
    assert_eq!(lab.new_flows(4), vec![Some("wan2".to_owned()); 4]);
    lab.isp(1).mend();
    wait_in(&lab, &daemon, "wan1", Duration::from_secs(4) + RETURN_LIMIT);
    assert!(lab.gw().uses("wan1", Family::V4) && !lab.gw().uses("wan2", Family::V4));
    watcher.assert_always_a_way_out(Family::V4);
}

#[test]
fn a_dead_fallback_leaves_and_comes_back_while_the_primary_stays() {
    let lab = lab("fallback").ipv6(true).providers(Style::PrimaryFallback).build();
    let daemon = start(&lab, &hold_down(4));
    let watcher = lab.gw().watch();
    let broken = lab.isp(2).blackhole(true);
    for family in [Family::V4, Family::V6] {
        watcher.wait_left("wan2", family, broken, SWITCH_LIMIT);
    }
    wait_out(&lab, &daemon, "wan2", SWITCH_LIMIT);
    assert_eq!(lab.gw().status_file_of("wan2", Family::V6).as_deref(), Some("1\n"));
    let mended = lab.isp(2).mend();
    for family in [Family::V4, Family::V6] {
        watcher.wait_entered("wan2", family, mended, Duration::from_secs(4) + RETURN_LIMIT);
        assert!(lab.gw().uses("wan1", family) && !lab.gw().uses("wan2", family));
    }
    let moved = watcher.changes().into_iter().filter(|change| change.link == "wan1").collect::<Vec<_>>();
    assert_eq!(moved, [], "the primary was left alone in both families");
}

#[test]
fn a_persistent_provider_stays_out_through_a_reload_and_comes_back_after_its_hold_down() {
    let lab = lab("persistent").persistent(true).build();
    let daemon = start(&lab, &hold_down(10));
    let watcher = lab.gw().watch();
    let broken = lab.isp(1).blackhole(true);
    watcher.wait_left("wan1", Family::V4, broken, SWITCH_LIMIT);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    let mended = lab.isp(1).mend();
    assert!(lab.gw().shorewall("reload").status.success());
    assert!(!lab.gw().balance_has("wan1", Family::V4));
    let back = watcher.wait_entered("wan1", Family::V4, mended, Duration::from_secs(10) + RETURN_LIMIT);
    assert!(back >= Duration::from_secs(9), "back after {back:?}");
    wait_in(&lab, &daemon, "wan1", RETURN_LIMIT);
}

#[test]
fn a_metered_spare_costs_at_most_60_mb_a_month() {
    // Its turns come every 10 s: three of them.
    check_cost(&lab("cost").build(), &[Family::V4], Duration::from_secs(30));
}

#[test]
fn a_metered_spare_with_ipv6_costs_at_most_60_mb_a_month() {
    // Each family has its turn every 30 s: two of them.
    check_cost(&lab("costboth").ipv6(true).build(), &[Family::V4, Family::V6], Duration::from_secs(60));
}

/// Counts what passes over the spare for `time`, a whole number of its turns, and says what a month of that is.
#[track_caller]
fn check_cost(lab: &Lab, families: &[Family], time: Duration) {
    know_the_gateway(lab);
    let daemon = start(lab, &format!("{}{METERED}", hold_down(3600)));
    let rests = |family: &Family| {
        let name = if *family == Family::V4 { "ipv4" } else { "ipv6" };
        let of_family = daemon.link("wan2")["families"][name].clone();
        of_family["reason"]["text"].as_str().is_some_and(|text| text.contains("metered spare"))
    };
    wait_until("the spare rests", Duration::from_secs(30), || families.iter().all(rests));
    wait_between_turns(lab);
    let from = carried(lab);
    thread::sleep(time);
    let echoes = carried(lab) - from;
    let questions: f64 = families.iter().map(|family| question(*family)).sum();
    let a_second = echoes as f64 / time.as_secs_f64() + questions / QUESTION_EVERY.as_secs_f64();
    let month = a_second * MONTH.as_secs_f64();
    println!("a metered spare: {echoes} B in {time:?}, with its next hops {:.1} MB a month", month / 1e6);
    assert!(echoes > 0, "it is asked in its turns");
    assert!(month <= MOST_A_MONTH, "{echoes} B in {time:?} are {:.1} MB a month", month / 1e6);
    assert!(families.iter().all(rests), "{:?}", daemon.link("wan2"));
}

/// Bytes of one question to a next hop with its answer, on Ethernet. One of NDP makes the kernels at both ends look whether the
/// other is still there, which is two more questions and answers.
fn question(family: Family) -> f64 {
    match family {
        Family::V4 => 2.0 * 42.0,
        Family::V6 => 2.0 * 86.0 + 2.0 * (86.0 + 78.0),
    }
}

/// The ISP's box need not look for the gateway, so that what is measured are echoes alone.
fn know_the_gateway(lab: &Lab) {
    let shown = lab.gw().run("ip -brief link show dev wan2");
    let mac = shown.split_whitespace().nth(2).expect("the third word is the MAC");
    let addresses = lab.gw().run("ip -oneline address show dev wan2");
    for address in addresses.lines().filter_map(|line| line.split_whitespace().nth(3)?.split('/').next()) {
        lab.isp(2).ns().run(&format!("ip neighbour replace {address} lladdr {mac} dev c0 nud permanent"));
    }
}

/// Waits until nothing has passed over the spare for two seconds: a turn's echoes are spread over half a second.
#[track_caller]
fn wait_between_turns(lab: &Lab) {
    let (mut last, mut quiet_since) = (carried(lab), Instant::now());
    wait_until("the spare is between its turns", Duration::from_secs(60), || {
        let now = carried(lab);
        if now != last {
            (last, quiet_since) = (now, Instant::now());
        }
        quiet_since.elapsed() >= Duration::from_secs(2)
    });
}

/// Bytes received and sent over the spare, headers of Ethernet included.
fn carried(lab: &Lab) -> u64 {
    lab.gw().enter(|| {
        let table = fs::read_to_string(Path::new("/proc/thread-self/net/dev")).expect("the kernel counts");
        let line = table.lines().find_map(|line| line.trim().strip_prefix("wan2:")).expect("wan2 is there");
        let counts: Vec<u64> = line.split_whitespace().filter_map(|count| count.parse().ok()).collect();
        counts[0] + counts[8]
    })
}

#[test]
fn a_metered_spare_is_asked_in_full_and_takes_over_when_the_other_link_dies() {
    let lab = lab("metered").build();
    let daemon = start(&lab, &format!("{}{METERED}", hold_down(3600)));
    let text = |link: &str| daemon.link(link)["reason"]["text"].as_str().unwrap_or_default().to_owned();
    wait_until("the spare rests", RETURN_LIMIT, || text("wan2").contains("metered spare"));
    assert_eq!(daemon.link("wan2")["metered"], true);
    let watcher = lab.gw().watch();
    let broken = lab.isp(1).blackhole(true);
    let took = watcher.wait_left("wan1", Family::V4, broken, SWITCH_LIMIT);
    assert!(
        took >= Duration::from_millis(1500),
        "what leaves a metered link alone must last three rounds, not {took:?}"
    );
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    wait_until("the spare is asked in full", RETURN_LIMIT, || daemon.link("wan2")["expected"] == 4);
    assert_eq!(lab.new_flows(4), vec![Some("wan2".to_owned()); 4]);
    let held = daemon.link("wan1")["hold_down_left_s"].as_u64().expect("seconds");
    assert!((200..=300).contains(&held), "five minutes where only a metered link is left, not {held} s");
    lab.isp(1).mend();
    wait_until("wan1 holds", RETURN_LIMIT, || daemon.link("wan1")["reason"]["code"] == "hold_down");
    ask(&daemon, "link retry wan1").is_done("wan1: its hold-down ends now");
    wait_in(&lab, &daemon, "wan1", RETURN_LIMIT);
    wait_until("the spare rests again", RETURN_LIMIT, || text("wan2").contains("metered spare"));
    stays_so("the spare rests and is in use", Duration::from_secs(3), || daemon.link("wan2")["enabled"] == true);
}
