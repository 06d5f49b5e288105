//! A disk on which every fsync of the daemon takes half a minute, as a flash disk busy with captures has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rebootping_lab::{Daemon, Lab, wait_until};

/// Longer than any test waits: what waits for the disk does not happen. In microseconds.
const DELAY: &str = "fsync,fdatasync:delay_enter=30000000";
/// Attaching is a matter of milliseconds.
const ATTACH_LIMIT: Duration = Duration::from_secs(10);

/// strace, attached to every thread of the daemon; dropping it lets them go.
pub(crate) struct SlowDisk {
    strace: Child,
    log: PathBuf,
}

impl SlowDisk {
    /// Slows the disk down for all processes of `daemon`.
    #[track_caller]
    pub(crate) fn under(daemon: &Daemon, lab: &Lab) -> Self {
        let log = lab.dir().join("fsync.log");
        let pids = with_children(daemon.pid());
        assert!(pids.len() > 1, "the daemon has no judge");
        let mut command = Command::new("strace");
        command.args(["-f", "-q", "-e", "trace=fsync,fdatasync", "-e", &format!("inject={DELAY}"), "-o"]).arg(&log);
        for pid in &pids {
            command.args(["-p", &pid.to_string()]);
        }
        let strace = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let slow = Self { strace: strace.expect("strace starts (`apt-get install strace`)"), log };
        wait_until("strace is attached to every thread", ATTACH_LIMIT, || {
            pids.iter().flat_map(|pid| threads(*pid)).all(|thread| is_traced(&thread))
        });
        slow
    }

    /// How many calls have been held up so far.
    pub(crate) fn held_up(&self) -> usize {
        fs::read_to_string(&self.log).unwrap_or_default().lines().filter(|line| line.contains("sync(")).count()
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        // Both fail only when it has ended already. The kernel detaches what it traced.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

fn with_children(pid: u32) -> Vec<u32> {
    let children = threads(pid).into_iter().filter_map(|thread| fs::read_to_string(thread.join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    [pid].into_iter().chain(children).collect()
}

fn threads(pid: u32) -> Vec<PathBuf> {
    let tasks = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"));
    tasks.into_iter().flatten().flatten().map(|task| task.path()).collect()
}

fn is_traced(thread: &Path) -> bool {
    let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
}
