//! Who may order what, what needs force, and how orders are written down and undone.

use std::fs;

use rebootping_lab::{Lab, isp_v4};
use serde_json::Value;

use crate::support::{TABLET, internet, is_restricted, lab, order, refused, start, table};

/// The rows of the audit.
fn audit(lab: &Lab) -> Vec<Value> {
    let text = fs::read_to_string(lab.dir().join("state/audit")).expect("it was written");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn what_would_cut_off_others_or_who_asks_needs_force_and_an_end() {
    let lab = lab("force").build();
    let daemon = start(&lab, "");
    lab.gw().run(&format!("ping -q -c 1 -W 5 10.50.0.10 && ping -q -c 1 -W 5 {}", isp_v4(1)));
    let why = refused(&daemon, &["restrict", "02:00:00:00:00:01", "block"]);
    assert!(why.contains("is this gateway's own"), "{why}");
    let why = refused(&daemon, &["restrict", "02:00:00:01:00:01", "block"]);
    assert!(why.contains("is a router"), "{why}");
    let why = refused(&daemon, &["restrict", "02:00:00:01:00:01", "block", "--force"]);
    assert!(why.contains("--force together with --for"), "without an end: {why}");
    order(&daemon, &["restrict", "02:00:00:01:00:01", "pause", "--force", "--for", "1m"]);
    order(&daemon, &["allow", "02:00:00:01:00:01"]);

    // Who works from there is told so, over sudo too, which keeps none of the session's variables.
    let program = env!("CARGO_BIN_EXE_rebootping");
    let session = |then: &str| {
        let line = format!(
            "SSH_CONNECTION='10.50.0.10 50000 10.50.0.1 22' sh -c '{then} {program} --config {} device restrict {TABLET} block; true'",
            daemon.config_path().display()
        );
        let output = lab.gw().try_run(&line);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for then in ["", "env -i"] {
        let why = session(then);
        assert!(why.contains("is the device you work from"), "{then}: {why}");
    }
    lab.gw().run("for last in 81 82 83 84; do ip neigh replace 10.50.0.$last lladdr 02:00:00:00:01:02 dev lan0; done");
    let why = refused(&daemon, &["restrict", "02:00:00:00:01:02", "local"]);
    assert!(why.contains("carries 4 devices") || why.contains("carries 5 devices"), "{why}");
    assert_eq!(table(&lab), None, "nothing of this was done");
}

#[test]
fn every_order_is_written_down_with_who_and_what_was_before_and_can_be_undone() {
    let lab = lab("audit").build();
    let daemon = start(&lab, "");
    order(&daemon, &["restrict", TABLET, "pause", "--for", "1h"]);
    order(&daemon, &["restrict", TABLET, "block"]);
    order(&daemon, &["allow", TABLET]);
    let said = order(&daemon, &["undo"]);
    assert!(said.starts_with(&format!("order 3 is undone: {TABLET}: blocked")), "{said}");
    assert!(is_restricted(&lab) && internet(&lab) == [false, false]);
    let said = order(&daemon, &["undo"]);
    assert!(said.starts_with(&format!("order 2 is undone: {TABLET}: no Internet until ")), "{said}");
    let why = refused(&daemon, &["undo", "2"]);
    assert!(why.contains("order 2 is undone already"), "{why}");
    let said = order(&daemon, &["undo", "1"]);
    assert!(said.starts_with(&format!("order 1 is undone: {TABLET} is allowed everything")), "{said}");
    assert_eq!(table(&lab), None);
    let why = refused(&daemon, &["undo"]);
    assert!(why.contains("there is nothing to undo"), "{why}");

    let rows = audit(&lab);
    let verbs: Vec<&str> = rows.iter().filter_map(|row| row["verb"].as_str()).collect();
    assert_eq!(verbs, ["restrict", "restrict", "allow", "undo", "undo", "undo"]);
    assert!(rows.iter().all(|row| row["uid"] == 0 && row["pid"].as_u64() > Some(0) && row["time"].is_string()));
    let changed = &rows[1]["changes"][0];
    assert_eq!(changed["mac"], TABLET);
    assert_eq!(changed["before"]["restriction"]["mode"], "pause");
    assert_eq!(changed["after"]["restriction"], serde_json::json!({"mode": "block", "until": null, "schedule": null}));
}

#[test]
fn only_root_may_restrict_and_a_firewall_that_refuses_leaves_nothing_half_done() {
    let lab = lab("mayctl").build();
    let daemon = start(&lab, "");
    let line = format!(
        "setpriv --reuid=65534 --regid=65534 --clear-groups {} --config {} device restrict {TABLET} block",
        env!("CARGO_BIN_EXE_rebootping"),
        daemon.config_path().display()
    );
    let output = lab.gw().try_run(&line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("only root may restrict and name devices"), "{said}");
    assert_eq!(table(&lab), None);
    assert!(!lab.dir().join("state/audit").exists(), "what was not done is not written down");
}
