//! The daemon's harness and the demonstration, with a stand-in for the daemon.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rebootping_lab::{Family, Lab, SWITCH_LIMIT, wait_until};

const LIMIT: Duration = Duration::from_secs(10);

fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in.sh")
}

#[test]
fn a_daemon_runs_on_the_gateway_and_can_be_asked_and_ended() {
    let lab = Lab::builder("daemon").binary(stand_in()).build();
    let daemon = lab.gw().daemon("[select]\nhold_down = \"1s\"\n");
    daemon.wait_ready();
    assert_eq!(daemon.link("wan1")["healthy"], true);
    assert!(daemon.cli(&["why", "wan1"]).stdout.starts_with(b"wan1:"));
    assert!(lab.log_contains("started") && !lab.log_contains("told to end"));
    let watcher = lab.gw().watch();
    let broken = lab.isp(1).blackhole(true);
    watcher.wait_left("wan1", Family::V4, broken, SWITCH_LIMIT);
    let mended = lab.isp(1).mend();
    watcher.wait_entered("wan1", Family::V4, mended, SWITCH_LIMIT);
    let (status, _) = daemon.terminate();
    assert!(status.success() && lab.log_contains("told to end"));
}

#[test]
fn a_killed_daemon_is_gone() {
    let lab = Lab::builder("kill").without_shorewall().binary(stand_in()).build();
    let daemon = lab.gw().daemon("");
    daemon.wait_ready();
    let process = Path::new("/proc").join(daemon.pid().to_string());
    assert!(process.exists());
    daemon.kill9();
    wait_until("the process is gone", LIMIT, || !process.exists());
}

#[test]
fn the_demo_breaks_and_mends_by_itself() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_lab"));
    let output = demo.args(["demo", "--script", "--daemon"]).arg(stand_in()).output().expect("the demo starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.signal(), None);
    for sentence in ["wan1 takes no new connections any more", "8 of 8", "wan1 takes new connections again"] {
        assert!(text.contains(sentence), "{text}");
    }
}

#[test]
fn a_demo_without_its_program_says_what_to_build() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_lab"));
    let output = demo.args(["demo", "--daemon", "/nowhere/rebootping"]).output().expect("the demo starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("make build"), "{output:?}");
}

#[test]
fn an_interrupted_demo_leaves_nothing() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_lab"));
    let mut demo = demo.args(["demo", "--script", "--daemon"]).arg(stand_in()).spawn().expect("the demo starts");
    let mine = format!("rb-demo-{}-", demo.id());
    let left = || {
        let names = ["/run/netns", "/etc/netns", "/var/lib/rebootping-lab"].map(std::fs::read_dir);
        names.into_iter().flatten().flatten().flatten().any(|e| e.file_name().to_string_lossy().starts_with(&mine))
    };
    wait_until("the demo has made its lab", LIMIT, left);
    assert!(Command::new("kill").arg(demo.id().to_string()).status().is_ok_and(|status| status.success()));
    assert_eq!(demo.wait().expect("it ends").code(), Some(130));
    assert!(!left());
}
