//! `rebootping check` on gateways that are as they should be, and on some that are not.

use crate::asking::{Folder, NOBODY};
use crate::support::{lab, start};
use rebootping_lab::{Daemon, Family};
use serde_json::Value;
use std::fs;

/// The exit code and the findings, each as `severity about: text -> remedy`.
fn check(daemon: &Daemon) -> (Option<i32>, String) {
    let output = daemon.cli(&["check", "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["schema"], 1);
    let findings = answer["findings"].as_array().expect("a list").iter();
    let line = |it: &Value| format!("{} {}: {} -> {}\n", it["severity"], it["about"], it["text"], it["remedy"]);
    (output.status.code(), findings.map(line).collect::<String>().replace('"', ""))
}

#[track_caller]
fn finds(daemon: &Daemon, severity: &str, about: &str, remedy: &str) {
    let (code, found) = check(daemon);
    let line = found.lines().find(|line| line.starts_with(&format!("{severity} {about}:")) && line.contains(remedy));
    assert!(line.is_some(), "no {severity} of {about} with {remedy:?} in\n{found}");
    assert_eq!(code == Some(1), found.contains("mend "), "{found}");
}

#[test]
fn a_sound_gateway_has_nothing_to_mend() {
    let lab = lab("check").build();
    let daemon = start(&lab, "");
    let (code, found) = check(&daemon);
    assert_eq!(code, Some(0), "{found}");
    assert!(found.contains("fine daemon: It runs; shorewall: applied."), "{found}");
    let prose = String::from_utf8(daemon.cli(&["check"]).stdout).expect("UTF-8");
    let last = prose.lines().last().unwrap_or_default();
    assert!(last.starts_with("Nothing must be mended"), "{prose}");
}

#[test]
fn what_is_wrong_is_found_with_what_mends_it() {
    let lab = lab("checkwrong").build();
    let daemon = start(&lab, "[[link]]\ninterface = \"wan2\"\nmetered = true\n");
    finds(&daemon, "note", "wan2", "the option `fallback`");
    fs::write(lab.gw().etc_dir(Family::V4).join("isusable"), "return 0\n").expect("a script");
    finds(&daemon, "mend", "Shorewall", "shorewall reload -c");
    assert!(lab.gw().shorewall("reload -c").status.success());
    finds(&daemon, "note", "Shorewall", "shorewall/isusable /etc/shorewall/isusable && shorewall reload");
    lab.gw().run("ip link set dev wan1 down");
    finds(&daemon, "mend", "wan1", "ip link set dev wan1 up");
    assert!(lab.gw().shorewall("stop").status.success());
    finds(&daemon, "mend", "Shorewall", "run: shorewall start");
}

#[test]
fn advertised_routes_in_front_of_a_balance_are_found() {
    let lab = lab("checkra").ipv6_ra(true).build();
    lab.gw().run("echo 1 > /proc/sys/net/ipv6/conf/wan1/accept_ra_defrtr");
    let daemon = lab.gw().daemon("");
    daemon.wait_ready();
    finds(&daemon, "mend", "wan1", "net/ipv6/conf/wan1/accept_ra_defrtr=0");
}

#[test]
fn without_shorewall_and_without_root_the_rest_is_looked_at() {
    let lab = lab("checkbare").without_shorewall().build();
    let daemon = lab.gw().daemon("");
    daemon.wait_ready();
    finds(&daemon, "note", "Shorewall", "under [commit]: backend");
    lab.isp(2).carrier(false);
    finds(&daemon, "mend", "wan2", "plug in its cable");
    let open = Folder::new("check");
    let asked = lab.gw().try_run(&format!("{} {} check", NOBODY.join(" "), open.program().display()));
    let told = String::from_utf8_lossy(&asked.stdout);
    assert!(told.contains("sudo rebootping check") && told.contains("It has no carrier."), "{told}");
}
