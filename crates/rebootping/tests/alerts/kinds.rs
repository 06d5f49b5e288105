//! Every kind of message is sent by a real daemon: what happens to links and tariffs, what is not carried out, and a full disk.

use crate::notes::Notes;
use rebootping_lab::{Daemon, Lab, wait_until};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// Minutes of traffic are told by the minute, and a repetition comes after one; the machine may be slow.
const LIMIT: Duration = Duration::from_secs(240);
/// The sink is on the gateway itself.
const SINK: &str = "127.0.0.1:8080";

/// The web server that is told, and `[alerts]` with its address.
fn sink(lab: &Lab) -> (Notes, String) {
    let notes = Notes::of(lab.gw().enter(|| TcpListener::bind(SINK).expect("a port")));
    let path = lab.dir().join("hook.url");
    fs::write(&path, format!("http://{SINK}/hook")).expect("an address");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
    (notes, format!("[alerts]\nwebhook_url_file = \"{}\"\n", path.display()))
}

fn alerts(daemon: &Daemon) -> Value {
    serde_json::from_slice(&daemon.cli(&["alerts", "--json"]).stdout).unwrap_or_default()
}

#[track_caller]
fn wait_kind(notes: &Notes, kind: &str) -> Value {
    wait_until(&format!("{kind} is told"), LIMIT, || !notes.of_kind(kind).is_empty());
    notes.of_kind(kind).swap_remove(0)
}

#[test]
fn links_tariffs_choices_and_disks_are_told() {
    let lab = Lab::builder("kinds").default_targets(true).without_shorewall();
    let lab = lab.binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let (notes, alerts_section) = sink(&lab);
    let (program, fails) = (lab.dir().join("commit"), lab.dir().join("fails"));
    let script = format!("#!/bin/sh\n[ ! -e {} ] || {{ echo 'the modem is busy' >&2; exit 7; }}\n", fails.display());
    fs::write(&program, script).expect("a program");
    fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("its mode");
    let config = |cap: &str, capture: &str, of_alerts: &str| {
        format!(
            "[select]\nhold_down = \"10s\"\n[commit]\nbackend = \"exec\"\ncommand = [\"{}\"]\n[capture]\nkeep_free = \"{capture}\"\n[[link]]\ninterface = \"wan1\"\nlabel = \"fibre\"\ncap = \"{cap}\"\n[[link]]\ninterface = \"wan2\"\nlabel = \"lte\"\nmetered = true\n{alerts_section}after = \"1s\"\n{of_alerts}",
            program.display()
        )
    };
    let daemon = lab.gw().daemon(&config("1TB", "0MB", ""));
    daemon.wait_ready();
    wait_until("both links are in use", LIMIT, || {
        daemon.status()["commit"]["state"] == "applied"
            && ["wan1", "wan2"].iter().all(|name| daemon.link(name)["healthy"] == true)
    });

    fs::write(&fails, "").expect("it can be written");
    lab.isp(1).blackhole(true);
    let out = wait_kind(&notes, "link_out");
    assert_eq!((&out["links"], &out["place"]), (&serde_json::json!(["wan1"]), &"isp".into()), "{out}");
    let metered = wait_kind(&notes, "metered");
    assert_eq!((&metered["title"], &metered["links"][0]), (&"Only lte is used".into(), &"wan2".into()), "{metered}");
    let failed = wait_kind(&notes, "not_applied");
    assert!(failed["error"].as_str().is_some_and(|why| why.contains("the modem is busy")), "{failed}");
    fs::remove_file(&fails).expect("it is there");
    lab.isp(1).mend();
    let back = wait_kind(&notes, "back");
    assert!(back["title"].as_str().is_some_and(|title| title.starts_with("fibre is back after ")), "{back}");

    tariff_is_told(&daemon, &notes, |cap| config(cap, "0MB", ""));
    disk_is_told(&daemon, &notes, |of_alerts| config("1TB", "900TB", of_alerts));
    let once = ["link_out", "metered", "not_applied", "back"].map(|kind| notes.of_kind(kind).len());
    assert_eq!(once, [1; 4], "{:?}", notes.kinds());
}

/// At 80 and at 100 parts of a hundred, once each. Traffic is told by the minute: from one to the next it stands.
fn tariff_is_told(daemon: &Daemon, notes: &Notes, config: impl Fn(&str) -> String) {
    let used = || daemon.link("wan1")["cap"]["used"].as_u64().unwrap_or(0);
    let before = used();
    wait_until("a minute's traffic is counted", LIMIT, || used() > before);
    let moved = used();
    daemon.reload(Some(&config(&format!("{}B", moved * 10 / 9))));
    let first = wait_kind(notes, "cap");
    assert_eq!((&first["percent"], &first["cap"]), (&80.into(), &(moved * 10 / 9).into()), "{first}");
    daemon.reload(Some(&config(&format!("{}B", moved / 2))));
    wait_until("that all is used is told", LIMIT, || notes.of_kind("cap").len() == 2);
    assert_eq!(notes.of_kind("cap")[1]["title"], "fibre has used 100 % of its tariff");
}

/// It waits while hours are quiet, is sent when they are over, and again while it goes on.
fn disk_is_told(daemon: &Daemon, notes: &Notes, config: impl Fn(&str) -> String) {
    daemon.reload(Some(&config("quiet = [\"00:00-24:00\"]\nrepeat = \"60s\"\n")));
    wait_until("a message waits", LIMIT, || alerts(daemon)["sinks"][0]["waiting"] == 1);
    let state = alerts(daemon);
    assert_eq!(state["quiet"], true, "{state}");
    assert!(notes.of_kind("disk").is_empty(), "{:?}", notes.kinds());
    let test = daemon.cli(&["alerts", "test"]);
    assert_eq!(String::from_utf8_lossy(&test.stdout), "webhook: taken\n", "{test:?}");
    assert!(notes.of_kind("disk").is_empty(), "{:?}", notes.kinds());
    daemon.reload(Some(&config("repeat = \"60s\"\n")));
    let disk = wait_kind(notes, "disk");
    assert!(disk["error"].as_str().is_some_and(|why| !why.is_empty()), "{disk}");
    wait_until("it is told again", LIMIT, || notes.of_kind("disk").len() == 2);
    let again = &notes.of_kind("disk")[1];
    assert_eq!((&again["repeated"], &again["since"]), (&1.into(), &disk["since"]), "{again}");
    assert!(again["title"].as_str().is_some_and(|title| title.starts_with("Still: ")), "{again}");
}

#[test]
fn that_nothing_works_from_the_first_round_on_is_told_and_no_link_before_it() {
    let lab = Lab::builder("allout").default_targets(true).without_shorewall();
    let lab = lab.binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let (notes, alerts_section) = sink(&lab);
    lab.isp(1).blackhole(true);
    lab.isp(2).carrier(false);
    let daemon = lab.gw().daemon(&format!(
        "[links]\ninterfaces = [\"wan1\", \"wan2\"]\n[select]\nhold_down = \"10s\"\n{alerts_section}after = \"0s\"\n"
    ));
    daemon.wait_ready();
    let out = wait_kind(&notes, "all_out");
    assert_eq!(notes.kinds(), ["all_out"], "{:?}", notes.posts());
    assert!(out["text"].as_str().is_some_and(|text| text.starts_with("Nothing has worked since ")), "{out}");
    lab.isp(1).mend();
    let back = wait_kind(&notes, "back");
    assert_eq!((&back["links"], &back["all_out_since"]), (&serde_json::json!(["wan1"]), &out["since"]), "{back}");

    // Both at once: one is not told before the other is known to have followed.
    lab.isp(2).carrier(true);
    wait_until("both links are healthy", LIMIT, || {
        ["wan1", "wan2"].iter().all(|name| daemon.link(name)["healthy"] == true)
    });
    lab.isp(1).blackhole(true);
    lab.isp(2).blackhole(true);
    wait_until("that nothing works is told again", LIMIT, || notes.of_kind("all_out").len() == 2);
    assert_eq!(notes.kinds(), ["all_out", "back", "all_out"], "{:?}", notes.posts());
}
