//! Programs of the operator's are run for each message, by root, with all of it on their input and in their environment.

use rebootping_lab::{Yard, wait_until};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const GUIDE: &str = include_str!("../../../../docs/alerts.md");
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn a_hook_has_the_message_on_its_input_and_in_its_environment() {
    let yard = Yard::build("alerthook", env!("CARGO_BIN_EXE_rebootping"));
    let (script, told) = (yard.dir().join("hook"), yard.dir().join("told"));
    let body = format!(
        "#!/bin/sh\n{{ id -u; env | grep REBOOTPING_ | sort; cat; echo; }} > {0}.new && mv {0}.new {0}\n",
        told.display()
    );
    fs::write(&script, body).expect("a hook");
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("its mode");
    let daemon = yard.daemon(&format!("[hooks]\nalert = [\"{}\"]\n", script.display()));
    daemon.wait_ready();
    wait_until("there is a courier", LIMIT, || daemon.process("courier").is_some());
    let test = daemon.cli(&["alerts", "test"]);
    assert!(test.status.success(), "{test:?}");
    assert_eq!(String::from_utf8_lossy(&test.stdout), "hook: taken\n");
    let told = fs::read_to_string(told).expect("it was told");
    let mut lines = told.lines();
    assert_eq!(lines.next(), Some("0"));
    let variables: Vec<&str> = told.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    let all = ["GATEWAY", "KIND", "LINKS", "TEXT", "TIME", "TITLE"].map(|name| format!("REBOOTPING_{name}"));
    assert_eq!(variables.iter().copied().filter(|it| it.starts_with("REBOOTPING_")).collect::<Vec<_>>(), all);
    for name in &all {
        assert!(GUIDE.contains(&format!("`{name}`")), "docs/alerts.md lacks {name}");
    }
    assert!(told.contains("\nREBOOTPING_KIND=test\n") && told.contains("\nREBOOTPING_TITLE=Test\n"), "{told}");
    let json: Value = serde_json::from_str(told.lines().last().expect("JSON")).expect("JSON");
    assert_eq!((&json["schema"], &json["kind"]), (&1.into(), &"test".into()), "{json}");

    fs::write(&script, "#!/bin/sh\necho no way >&2\nexit 3\n").expect("a hook");
    let test = daemon.cli(&["alerts", "test"]);
    let said = String::from_utf8_lossy(&test.stderr).into_owned();
    assert!(!test.status.success() && said.contains("it ended with exit code 3: no way; it waits"), "{said}");

    // Nobody is to be told anything any more: there is no courier.
    daemon.reload(Some(""));
    wait_until("the courier is gone", LIMIT, || daemon.process("courier").is_none());
    let test = daemon.cli(&["alerts", "test"]);
    assert!(String::from_utf8_lossy(&test.stderr).contains("nobody is to be told anything"), "{test:?}");
}
