//! What was: a fault is made, and `why --at`, `replay` and `history` tell of it from the disk.

use std::time::Duration;

use rebootping_lab::{Daemon, SWITCH_LIMIT, wait_until};
use serde_json::Value;

use crate::support::{hold_down, lab, start, wait_in, wait_out};

/// The history is written every second here; a busy disk takes its time.
const WRITTEN_LIMIT: Duration = Duration::from_secs(30);
/// Rounds of ten seconds' hold-down, a fault, and a slow machine.
const RETURN_LIMIT: Duration = Duration::from_secs(90);

fn ask(daemon: &Daemon, arguments: &[&str]) -> Result<String, String> {
    let output = daemon.cli(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[track_caller]
fn json(daemon: &Daemon, arguments: &[&str]) -> Value {
    let text = ask(daemon, arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

/// The last recorded change of a link to that state, once it is on the disk: RFC 3339.
#[track_caller]
fn recorded(daemon: &Daemon, link: &str, enabled: bool) -> String {
    let mut found = None;
    wait_until("the change is in the history", WRITTEN_LIMIT, || {
        let Ok(text) = ask(daemon, &["replay", "--json"]) else { return false };
        let replay: Value = serde_json::from_str(&text).expect("JSON");
        let changes = replay["recorded"].as_array().expect("a list").iter();
        found = changes.rev().find(|change| change["link"] == link && change["enabled"] == enabled).cloned();
        found.is_some()
    });
    found.expect("it was just found")["time"].as_str().expect("a time").to_owned()
}

#[test]
fn a_fault_is_told_from_the_history_explained_and_replayed() {
    let lab = lab("told").build();
    let daemon = start(
        &lab,
        &format!("{}[store]\nflush = \"1s\"\n[[link]]\ninterface = \"wan1\"\nlabel = \"fibre\"\n", hold_down(10)),
    );
    assert!(ask(&daemon, &["history", "nowhere"]).is_err());
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    let out = recorded(&daemon, "wan1", false);
    lab.isp(1).mend();
    wait_in(&lab, &daemon, "wan1", RETURN_LIMIT);
    recorded(&daemon, "wan1", true);

    let why = ask(&daemon, &["why", "fibre", "--at", &out]).expect("it is known");
    println!("{why}");
    assert!(why.starts_with("fibre was out of use for IPv4 at "), "{why}");
    // The fault may have come in the middle of a round.
    assert!(why.contains(" of 4 targets while wan2 answered 4"), "{why}");
    assert!(why.contains("The choice changed here; ") && why.lines().count() <= 10, "{why}");
    let why = json(&daemon, &["why", "wan1", "--at", &out, "--json"]);
    assert_eq!(why["links"][0]["code"], "behind", "{why}");
    assert!(why["links"][0]["answered"].as_u64() < Some(4), "{why}");
    assert_eq!((&why["links"][1]["enabled"], &why["links"][1]["answered"]), (&true.into(), &4.into()), "{why}");
    assert!(why["pings"].as_array().is_some_and(|pings| pings.iter().any(|ping| ping["answered"] == 0)), "{why}");

    let same = json(&daemon, &["replay", "--json"]);
    assert_eq!((&same["identical"], &same["recorded"]), (&true.into(), &same["replayed"]), "{same}");
    assert!(same["rounds"].as_u64().is_some_and(|rounds| rounds > 12), "{same}");
    let longer = json(&daemon, &["replay", "--hold-down", "1h", "--json"]);
    assert_eq!(longer["identical"], false, "{longer}");
    let back =
        |side: &str| longer[side].as_array().expect("a list").iter().filter(|change| change["enabled"] == true).count();
    assert!(back("replayed") < back("recorded"), "an hour is not over: {longer}");
    let refused = ask(&daemon, &["replay", "--interval", "1500ms"]).expect_err("no multiple");
    assert!(refused.contains("rounds of 1s were recorded; ask for a multiple of that"), "{refused}");
    println!("{}", ask(&daemon, &["replay"]).expect("it is known"));

    let drawn = ask(&daemon, &["history", "fibre", "--since", "2m"]).expect("it is known");
    println!("{drawn}");
    assert!(drawn.contains('o') && drawn.contains("echoes lost"), "{drawn}");
    let columns = json(&daemon, &["history", "wan1", "--since", "2m", "--json"]);
    let sum = |key: &str| {
        columns["families"]["ipv4"][key].as_array().expect("a column").iter().filter_map(Value::as_u64).sum::<u64>()
    };
    assert!(sum("asked") > 100 && sum("lost") >= 12 && sum("lost") < sum("asked"), "{columns}");
    assert!(ask(&daemon, &["history", "wan1", "--csv"]).expect("it is known").starts_with("family,time,asked,lost,"));
}
