//! rebootping itself, running on a lab's gateway.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::child::spawn_logged;
use crate::files::write;
use crate::ns::{Ns, both};
use crate::wait::{holds_within, wait_until};

/// Names the program where it is set.
const BINARY_VARIABLE: &str = "REBOOTPING_BIN";
/// Five times the time within which it must end with a Shorewall command in flight.
const END_LIMIT: Duration = Duration::from_secs(25);
/// Start-up asks Shorewall, which takes a second where the machine is busy.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// What the daemon says of a process that its own filter of system calls has ended.
const DENIED: &str = "its sandbox refused";
/// Of a failed test's daemon this much is shown.
const LINES_SHOWN: usize = 200;

static COUNT: AtomicU32 = AtomicU32::new(1);

/// A running daemon; dropping it kills it, and shows its log when that happens in a panic.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    ns: Ns,
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
}

impl Daemon {
    #[track_caller]
    pub(crate) fn start(ns: &Ns, dir: &Path, binary: Option<&Path>, config: &str) -> Self {
        let binary = env::var_os(BINARY_VARIABLE).map(PathBuf::from).or_else(|| binary.map(Path::to_path_buf));
        let binary = binary.unwrap_or_else(|| panic!("say `.binary(…)` to the lab's builder or set {BINARY_VARIABLE}"));
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = dir.join(format!("daemon{number}.log"));
        let path = dir.join("rebootping.toml");
        let place = dir.display();
        let config = for_any_disk(config);
        write(&path, &format!("{config}\n[paths]\nstate = \"{place}/state\"\nrun = \"{place}/run\"\n"));
        let child = spawn_logged(ns.command(&binary).arg("--config").arg(&path).arg("run"), &log);
        Self { child, ns: ns.clone(), binary, config: path, log }
    }

    /// Waits until the daemon answers `status`, and returns that.
    #[track_caller]
    pub fn wait_ready(&self) -> Value {
        let mut last = None;
        wait_until("the daemon answers `status`", READY_LIMIT, || {
            last = self.try_status();
            last.is_some()
        });
        last.expect("it has answered")
    }

    /// What `status --json` says; panics where that is no JSON.
    #[track_caller]
    pub fn status(&self) -> Value {
        let output = self.cli(&["status", "--json"]);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("`status --json` gave no JSON ({e}), {}:\n{}", output.status, both(&output)))
    }

    /// What `status --json` says, or `None` when it gives no JSON.
    pub fn try_status(&self) -> Option<Value> {
        serde_json::from_slice(&self.cli(&["status", "--json"]).stdout).ok()
    }

    /// What `status --json` says of one link; `Null` where it does not name it.
    #[track_caller]
    pub fn link(&self, name: &str) -> Value {
        let status = self.status();
        let links = status["links"].as_array();
        links.and_then(|links| links.iter().find(|link| link["name"] == name)).cloned().unwrap_or_default()
    }

    /// Runs `rebootping --config FILE ARGUMENTS` on the gateway.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        let mut command = self.ns.command(&self.binary);
        command.arg("--config").arg(&self.config).args(arguments).stdin(Stdio::null());
        command.output().expect("`ip` starts")
    }

    /// Process id of the daemon's first process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Process id of the daemon's process of that name, such as `web`, while there is one.
    pub fn process(&self, name: &str) -> Option<i32> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid())).ok()?.flatten();
        let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let pids: Vec<i32> =
            children.flat_map(|line| line.split_whitespace().flat_map(str::parse).collect::<Vec<i32>>()).collect();
        let last = format!("\0{name}\0");
        let is_it =
            |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.ends_with(last.as_bytes()));
        pids.into_iter().find(is_it)
    }

    /// Kills the daemon's first process as `kill -9` does.
    pub fn kill9(mut self) {
        self.child.kill().expect("it has not been waited for");
        self.child.wait().expect("it can be waited for");
    }

    /// Asks it to end as systemd does; how it ended, and how long that took.
    #[track_caller]
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        self.signal(Signal::SIGTERM);
        let mut status = None;
        wait_until("the daemon ends after SIGTERM", END_LIMIT, || {
            status = self.child.try_wait().expect("it can be waited for");
            status.is_some()
        });
        (status.expect("it has ended"), start.elapsed())
    }

    /// Has it read its configuration again; `config` replaces all but `[paths]` where it is given.
    pub fn reload(&self, config: Option<&str>) {
        if let Some(config) = config {
            let old = crate::files::read(&self.config);
            let paths = old.rfind("\n[paths]\n").map_or("", |at| &old[at..]);
            write(&self.config, &format!("{}{paths}", for_any_disk(config)));
        }
        self.signal(Signal::SIGHUP);
    }

    /// Waits until the daemon has ended by itself; how.
    #[track_caller]
    pub fn wait_end(mut self, limit: Duration) -> ExitStatus {
        let mut status = None;
        wait_until("the daemon has ended", limit, || {
            status = self.child.try_wait().expect("it can be waited for");
            status.is_some()
        });
        status.expect("it has ended")
    }

    /// All it has printed so far.
    pub fn log(&self) -> String {
        crate::files::read(&self.log)
    }

    /// Where its configuration lies.
    pub fn config_path(&self) -> &Path {
        &self.config
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("the daemon has not been waited for");
    }
}

/// The configuration with `keep_free` of nothing unless it says how much: the disk that tests run on may be nearly full.
fn for_any_disk(config: &str) -> String {
    const SECTION: &str = "[capture]\n";
    const KEPT: &str = "[capture]\nkeep_free = \"0MB\"\n";
    if config.contains("keep_free") {
        config.to_owned()
    } else if config.contains(SECTION) {
        config.replacen(SECTION, KEPT, 1)
    } else {
        format!("{config}\n{KEPT}")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if panicking {
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
            eprintln!("--- the daemon's log, {} lines:\n{}\n---", lines.len(), shown.join("\n"));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            // A second to put things right by itself, so that its children end with it.
            self.signal(Signal::SIGTERM);
            let ended = holds_within(Duration::from_secs(1), || !matches!(self.child.try_wait(), Ok(None)));
            if ended.is_none() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
        assert!(panicking || !log.contains(DENIED), "a sandbox forbade what its process needs:\n{log}");
    }
}

#[cfg(test)]
mod tests {
    use super::for_any_disk;

    #[test]
    fn only_a_test_that_says_so_needs_room_on_the_disk() {
        assert_eq!(for_any_disk("[web]\n"), "[web]\n\n[capture]\nkeep_free = \"0MB\"\n");
        assert_eq!(for_any_disk("[capture]\nmode = \"off\"\n"), "[capture]\nkeep_free = \"0MB\"\nmode = \"off\"\n");
        assert_eq!(for_any_disk("[capture]\nkeep_free = \"8MB\"\n"), "[capture]\nkeep_free = \"8MB\"\n");
    }
}
