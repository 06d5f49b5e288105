//! The operator's own programs: the back-end `exec`, and hooks beside any back-end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rebootping_lab::{Family, Lab, SWITCH_LIMIT, wait_until};
use serde_json::{Value, json};

use crate::asking::{ask, is_healthy};
use crate::support::{RETURN_LIMIT, hold_down, lab, start, wait_out};

/// Start-up judges a first round after at most three seconds.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// A program that appends what it reads to `NAME.told`, and fails while `NAME.fails` is there.
fn program(lab: &Lab, name: &str) -> PathBuf {
    let path = lab.dir().join(name);
    let place = path.display();
    let script = format!(
        "#!/bin/sh\nread -r line\necho \"$line\" >>{place}.told\n\
         if [ -e {place}.fails ]; then echo 'the modem is busy' >&2; exit 7; fi\n"
    );
    fs::write(&path, script).expect("it can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

/// What a program was told so far.
fn told(program: &Path) -> Vec<Value> {
    let text = fs::read_to_string(program.with_extension("told")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("no JSON ({e}): {line}"))).collect()
}

#[test]
fn the_program_of_exec_is_told_the_choice_until_it_succeeds() {
    let lab = lab("exec").without_shorewall().build();
    let (commit, hook) = (program(&lab, "commit"), program(&lab, "hook"));
    let daemon = lab.gw().daemon(&format!(
        "{}[commit]\nbackend = \"exec\"\ncommand = [\"{}\", \"--quiet\"]\n[hooks]\nlink = [\"{}\"]\n",
        hold_down(3600),
        commit.display(),
        hook.display()
    ));
    daemon.wait_ready();
    wait_until("both links are healthy", SETTLE_LIMIT, || is_healthy(&daemon));
    wait_until("the program was told", RETURN_LIMIT, || daemon.status()["commit"]["state"] == "applied");
    assert_eq!(daemon.status()["commit"]["backend"], "exec");
    let first = told(&commit).pop().expect("it was told");
    assert_eq!(first["links"].as_array().map(Vec::len), Some(2));

    fs::write(commit.with_extension("fails"), "").expect("it can be written");
    let before = told(&commit).len();
    lab.isp(1).blackhole(true);
    wait_until("it is shown that the choice is not applied", SWITCH_LIMIT, || {
        daemon.status()["commit"]["state"] == "failing"
    });
    let shown = ask(&daemon, "status").out;
    assert!(shown.contains("NOT APPLIED (failing)") && shown.contains("the modem is busy"), "{shown}");
    assert_eq!(daemon.link("wan1")["committed"], false);
    let said = ": it ended with exit code 7: the modem is busy; it is tried again until it succeeds";
    assert!(daemon.log().contains(said), "{}", daemon.log());
    wait_until("it is told again and again", SWITCH_LIMIT, || told(&commit).len() >= before + 3);
    let hooked = told(&hook).len();

    fs::remove_file(commit.with_extension("fails")).expect("it is there");
    wait_until("it has applied the choice", SWITCH_LIMIT, || daemon.status()["commit"]["state"] == "applied");
    assert_eq!(daemon.link("wan1")["committed"], true);
    assert_is_the_loss_of_wan1(&told(&commit).pop().expect("it was told"), None);
    wait_until("the hook was told after it was applied", RETURN_LIMIT, || told(&hook).len() == hooked + 1);
    assert_is_the_loss_of_wan1(&told(&hook).pop().expect("it was told"), None);
}

/// The document of the contract: wan1 leaves for good, wan2 stays.
#[track_caller]
fn assert_is_the_loss_of_wan1(document: &Value, provider: Option<&str>) {
    assert_eq!(document["schema"], 1);
    assert_eq!(document["changed"], json!(["wan1"]));
    assert!(document["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{document}");
    let wan1 = &document["links"][0];
    assert_eq!((&wan1["name"], &wan1["interface"]), (&json!("wan1"), &json!("wan1")));
    assert_eq!((&wan1["provider"], &wan1["gateway"]), (&json!(provider), &json!("198.51.100.1")));
    let ipv4 = &wan1["families"]["ipv4"];
    assert_eq!((&ipv4["enabled"], &ipv4["leave"]), (&json!(false), &json!("cut")));
    let wan2 = &document["links"][1]["families"]["ipv4"];
    assert_eq!((&wan2["enabled"], &wan2["leave"]), (&json!(true), &Value::Null));
}

#[test]
fn hooks_are_told_of_what_shorewall_has_applied_and_a_failing_one_harms_nobody() {
    let lab = lab("hooks").build();
    let (bad, good) = (program(&lab, "bad"), program(&lab, "good"));
    fs::write(bad.with_extension("fails"), "").expect("it can be written");
    let hooks = format!("[hooks]\nlink = [\"{}\", [\"{}\", \"quiet\"]]\n", bad.display(), good.display());
    let daemon = start(&lab, &format!("{}{hooks}", hold_down(3600)));
    wait_until("the hooks were told of the first choice", RETURN_LIMIT, || !told(&good).is_empty());
    let before = told(&good).len();
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    wait_until("both hooks were told", RETURN_LIMIT, || told(&good).len() > before && told(&bad).len() > before);
    assert_is_the_loss_of_wan1(&told(&good).pop().expect("it was told"), Some("isp1"));
    let said = format!("hook {} failed: it ended with exit code 7: the modem is busy", bad.display());
    wait_until("the failure of the hook is said", RETURN_LIMIT, || daemon.log().contains(&said));
    assert_eq!(daemon.status()["commit"]["state"], "applied");
    assert!(!lab.gw().balance_has("wan1", Family::V4));
}
