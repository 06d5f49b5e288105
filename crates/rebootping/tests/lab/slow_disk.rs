//! A disk on which every fsync of the daemon takes half a minute, as a flash disk busy with captures has it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rebootping_lab::{Daemon, wait_until};

/// Longer than any test waits: what waits for the disk does not happen. In microseconds.
const DELAY: &str = "inject=fsync,fdatasync:delay_enter=30000000";
/// Attaching is a matter of milliseconds.
const ATTACH_LIMIT: Duration = Duration::from_secs(10);

/// strace, attached to every thread of the daemon but not to the commands it runs, which would be slower for that; dropping it
/// lets them go.
pub(crate) struct SlowDisk {
    strace: Child,
    pids: Vec<u32>,
}

impl SlowDisk {
    /// Slows the disk down for all processes of `daemon`.
    #[track_caller]
    pub(crate) fn under(daemon: &Daemon) -> Self {
        let pids = with_children(daemon.pid());
        assert!(pids.len() > 1, "the daemon has no judge");
        let threads: Vec<PathBuf> = pids.iter().flat_map(|pid| threads_of(*pid)).collect();
        let mut command = Command::new("strace");
        command.args(["-q", "-e", "trace=fsync,fdatasync", "-e", DELAY, "-o", "/dev/null"]);
        for thread in threads.iter().filter_map(|thread| thread.file_name()) {
            command.arg("-p").arg(thread);
        }
        let strace = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let disk = Self { strace: strace.expect("strace starts (`apt-get install strace`)"), pids };
        wait_until("strace is attached to every thread", ATTACH_LIMIT, || {
            // One may have ended before strace came.
            threads.iter().all(|thread| is_traced(thread) || !thread.exists())
        });
        disk
    }

    /// The names of the threads that wait for the disk now.
    pub(crate) fn held_up(&self) -> BTreeSet<String> {
        let threads = self.pids.iter().flat_map(|pid| threads_of(*pid));
        let waiting = threads.filter(|thread| is_syncing(thread));
        waiting.map(|thread| read(&thread, "comm").trim().to_owned()).collect()
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
    let lists: Vec<String> = threads_of(pid).iter().map(|thread| read(thread, "children")).collect();
    let children = lists.iter().flat_map(|list| list.split_whitespace()).filter_map(|pid| pid.parse().ok());
    [pid].into_iter().chain(children).collect()
}

fn threads_of(pid: u32) -> Vec<PathBuf> {
    let tasks = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"));
    tasks.into_iter().flatten().flatten().map(|task| task.path()).collect()
}

fn is_traced(thread: &Path) -> bool {
    let tracer = |line: &str| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0");
    read(thread, "status").lines().any(tracer)
}

fn is_syncing(thread: &Path) -> bool {
    let call = read(thread, "syscall").split(' ').next().and_then(|number| number.parse().ok());
    call.is_some_and(|number| [libc::SYS_fsync, libc::SYS_fdatasync].contains(&number))
}

/// What the kernel says of a thread; nothing when it has ended.
fn read(thread: &Path, file: &str) -> String {
    fs::read_to_string(thread.join(file)).unwrap_or_default()
}
