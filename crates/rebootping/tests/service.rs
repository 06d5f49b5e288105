//! The daemon under a service manager: what it tells it, and that what the unit takes away is not missed.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Family, Lab, SWITCH_LIMIT, Yard, wait_until};

const UNIT: &str = "dist/systemd/rebootping.service";
/// Start-up asks Shorewall, which takes a second where the machine is busy.
const START_LIMIT: Duration = Duration::from_secs(60);
/// The judge beats once a second; the machine may be busy.
const BEAT_LIMIT: Duration = Duration::from_secs(15);
/// A judge that stands still has said its last by then.
const SILENT: Duration = Duration::from_secs(4);

/// A process that is killed when the test is over.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It ends its own processes where it can.
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        drop(self.0.wait());
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the unit says after `KEY=`.
fn setting(key: &str) -> String {
    let unit = fs::read_to_string(root().join(UNIT)).expect("the unit is there");
    let value = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("the unit says {key}")).to_owned()
}

#[test]
fn the_unit_exposes_at_most_4_of_10() {
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager", "--threshold=40"]).arg(root().join(UNIT));
    let output = command.output().expect("systemd-analyze is installed; see tools/need");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("Overall exposure level"), "{said}");
}

#[test]
fn the_watchdog_is_fed_by_the_judge_and_by_nobody_else() {
    let yard = Yard::build("notify", env!("CARGO_BIN_EXE_rebootping"));
    let config = config_of(yard.daemon("[capture]\nmode = \"off\"\n"));
    let socket = yard.dir().join("notify");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    let mut command = yard.gw().command(env!("CARGO_BIN_EXE_rebootping"));
    command.env("NOTIFY_SOCKET", &socket).arg("--config").arg(&config).arg("run").stderr(Stdio::null());
    let daemon = Running(command.spawn().expect("`ip` starts"));
    assert_eq!(said(&manager, START_LIMIT).as_deref(), Some("READY=1\nWATCHDOG_USEC=30000000"));
    for _ in 0..3 {
        assert_eq!(said(&manager, BEAT_LIMIT).as_deref(), Some("WATCHDOG=1"));
    }
    let judge = judge_of(&daemon);
    kill(judge, Signal::SIGSTOP).expect("it runs");
    while said(&manager, SILENT).is_some() {}
    kill(judge, Signal::SIGCONT).expect("it runs");
    assert_eq!(said(&manager, BEAT_LIMIT).as_deref(), Some("WATCHDOG=1"));
    kill(Pid::from_raw(daemon.0.id() as i32), Signal::SIGTERM).expect("it runs");
    wait_until("it says that it stops", BEAT_LIMIT, || said(&manager, BEAT_LIMIT).as_deref() == Some("STOPPING=1"));
}

#[test]
fn links_are_switched_with_no_more_than_the_unit_leaves() {
    let lab = Lab::builder("unit").default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    // Whatever disk the tests run on.
    let config = config_of(lab.gw().daemon("[capture]\nkeep_free = \"0MB\"\n"));
    let capabilities = setting("CapabilityBoundingSet").to_lowercase().replace("cap_", "+").replace(' ', ",");
    assert_eq!((setting("NoNewPrivileges").as_str(), setting("ProtectSystem").as_str()), ("yes", "yes"));
    let read_only = |folder| format!("mount --rbind {folder} {folder} && mount -o remount,bind,ro {folder} && ");
    let script = format!("{}exec setpriv --no-new-privs --bounding-set=-all,{capabilities} \"$@\"", read_only("/usr"));
    let mut command = lab.gw().command("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_rebootping"), "--config"]).arg(&config).arg("run");
    let _daemon = Running(command.stderr(Stdio::null()).spawn().expect("`ip` starts"));
    wait_until("both links are in", START_LIMIT, || {
        ["wan1", "wan2"].iter().all(|link| lab.gw().status_file(link).as_deref() == Some("0\n"))
    });
    lab.isp(1).blackhole(true);
    wait_until("wan1 is out, in file and kernel", SWITCH_LIMIT, || {
        lab.gw().status_file("wan1").as_deref() == Some("1\n") && !lab.gw().balance_has("wan1", Family::V4)
    });
    wait_until("packets are captured", START_LIMIT, || {
        let mut ask = lab.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        let status = ask.arg("--config").arg(&config).args(["status", "--json"]).output().expect("`ip` starts");
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap_or_default();
        status["capture"]["packets"].as_u64() > Some(0) && status["capture"]["error"].is_null()
    });
}

/// The configuration of a daemon, which is ended.
#[track_caller]
fn config_of(daemon: rebootping_lab::Daemon) -> PathBuf {
    let config = daemon.config_path().to_owned();
    daemon.wait_ready();
    daemon.terminate();
    config
}

/// The next thing a service manager is told, if it comes in time.
fn said(manager: &UnixDatagram, limit: Duration) -> Option<String> {
    manager.set_read_timeout(Some(limit)).expect("a socket");
    let mut buffer = [0; 256];
    let length = manager.recv(&mut buffer).ok()?;
    Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// The process that judges.
#[track_caller]
fn judge_of(daemon: &Running) -> Pid {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.0.id())).expect("the daemon runs").flatten();
    let children: Vec<String> =
        tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok()).collect();
    let is_judge = |pid: &&str| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|&byte| byte == 0).any(|word| word == b"judge")
    };
    let children = children.join(" ");
    let pid = children.split_whitespace().find(is_judge).expect("the daemon has a judge");
    Pid::from_raw(pid.parse().expect("a number"))
}
