//! The daemon under a service manager: what it tells it, and that what the unit takes away is not missed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Family, Lab, SWITCH_LIMIT, Yard, wait_until};

const UNITS: &str = "dist/systemd";
const UNIT: &str = "rebootping.service";
const JUDGE: &str = "rebootping-judge.service";
const OBSERVER: &str = "rebootping-observer.service";
const WEB: &str = "rebootping-web.service";
const COURIER: &str = "rebootping-courier.service";
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

/// What a unit says after `KEY=`.
fn said_by(unit: &str, key: &str) -> String {
    let path = root().join(UNITS).join(unit);
    let text = fs::read_to_string(path).expect("the unit is there");
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("{unit} says {key}")).to_owned()
}

/// What the daemon's own unit says after `KEY=`.
fn setting(key: &str) -> String {
    said_by(UNIT, key)
}

/// Capabilities in setpriv's words.
fn in_words(capabilities: &str) -> String {
    format!("-all,{}", capabilities.to_lowercase().replace("cap_", "+").replace(' ', ","))
}

#[test]
fn no_unit_is_exposed_more_than_it_must_be() {
    for (unit, tenths) in [(UNIT, 40), (JUDGE, 20), (OBSERVER, 20), (WEB, 20), (COURIER, 25)] {
        let mut command = Command::new("systemd-analyze");
        let threshold = format!("--threshold={tenths}");
        command.args(["security", "--offline=true", "--no-pager", &threshold]).arg(root().join(UNITS).join(unit));
        let output = command.output().expect("systemd-analyze is installed; see tools/need");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("Overall exposure level"), "{unit}: {said}");
    }
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
    let config = config_of(lab.gw().daemon(""));
    let capabilities = in_words(&setting("CapabilityBoundingSet"));
    assert_eq!((setting("NoNewPrivileges").as_str(), setting("ProtectSystem").as_str()), ("yes", "yes"));
    let read_only = |folder| format!("mount --rbind {folder} {folder} && mount -o remount,bind,ro {folder} && ");
    let script = format!("{}exec setpriv --no-new-privs --bounding-set={capabilities} \"$@\"", read_only("/usr"));
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

#[test]
fn processes_that_units_start_join_and_one_that_does_not_is_started() {
    let lab = Lab::builder("joined").default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let config = config_of(lab.gw().daemon(""));
    let folder = config.with_file_name("join");
    let program = env!("CARGO_BIN_EXE_rebootping");
    let mut command = lab.gw().command(program);
    command.arg("--config").arg(&config).args(["run", "--join"]).arg(&folder);
    let daemon = Running(command.stderr(Stdio::null()).spawn().expect("`ip` starts"));
    let join = |unit: &str, name: &str| {
        let socket = folder.join(name);
        wait_until("it can be joined", START_LIMIT, || socket.exists());
        let user = fs::metadata(&socket).expect("it is there").uid();
        let powers = in_words(&said_by(unit, "AmbientCapabilities"));
        let script = "exec setpriv --reuid=$1 --regid=$1 --clear-groups --no-new-privs --inh-caps=$2 --ambient-caps=$2 \
                      --bounding-set=$2 \"$3\" $4 --join \"$5\"";
        let mut command = lab.gw().command("sh");
        command.args(["-c", script, "sh", &user.to_string(), &powers, program, name]).arg(&folder);
        Running(command.stdin(Stdio::null()).spawn().expect("`ip` starts"))
    };
    let judge = join(JUDGE, "judge");
    let _others = [join(OBSERVER, "observer"), join(WEB, "web")];
    let status = || {
        let mut ask = lab.gw().command(program);
        let status = ask.arg("--config").arg(&config).args(["status", "--json"]).output().expect("`ip` starts");
        serde_json::from_slice::<serde_json::Value>(&status.stdout).unwrap_or_default()
    };
    wait_until("all three do their work", START_LIMIT, || {
        let status = status();
        let processes = status["processes"].as_array().cloned().unwrap_or_default();
        processes.len() == 4
            && processes.iter().all(|process| process["state"] == "running" && process["restarts"] == 0)
            && status["capture"]["packets"].as_u64() > Some(0)
            && status["capture"]["error"].is_null()
    });
    assert!(find_judge(&daemon).is_none(), "the daemon has started none itself");
    lab.isp(1).blackhole(true);
    wait_until("wan1 is out, in file and kernel", SWITCH_LIMIT, || {
        lab.gw().status_file("wan1").as_deref() == Some("1\n") && !lab.gw().balance_has("wan1", Family::V4)
    });
    kill(Pid::from_raw(judge.0.id() as i32), Signal::SIGKILL).expect("it runs");
    wait_until("another judge runs", START_LIMIT, || find_judge(&daemon).is_some());
    lab.isp(1).blackhole(false);
    lab.isp(2).blackhole(true);
    wait_until("wan1 is in again", START_LIMIT, || lab.gw().status_file("wan1").as_deref() == Some("0\n"));
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

/// The process that judges, which the daemon has started.
#[track_caller]
fn judge_of(daemon: &Running) -> Pid {
    find_judge(daemon).expect("the daemon has a judge")
}

/// The process that judges, if the daemon has started one.
fn find_judge(daemon: &Running) -> Option<Pid> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.0.id())).expect("the daemon runs").flatten();
    let children: Vec<String> =
        tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok()).collect();
    let is_judge = |pid: &&str| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|&byte| byte == 0).any(|word| word == b"judge")
    };
    let children = children.join(" ");
    let pid = children.split_whitespace().find(is_judge)?;
    Some(Pid::from_raw(pid.parse().expect("a number")))
}
