//! A machine: that Debian with a service manager of its own as its first process, in the lab's gateway for its network.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Lab, wait_until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const BOOT: &str = include_str!("boot.sh");
/// Booting takes seconds, on a busy host more.
const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// A running machine; gone with all it wrote when dropped.
pub(crate) struct Machine {
    child: Child,
    layer: PathBuf,
    cgroup: PathBuf,
}

impl Machine {
    /// Boots one on the lab's gateway and waits until its units have started.
    #[track_caller]
    pub(crate) fn boot(lab: &Lab, root: &Path) -> Self {
        let layer = Path::new(env!("CARGO_TARGET_TMPDIR")).join(lab.name());
        let cgroup = unified().join(lab.name());
        for folder in [&layer, &cgroup] {
            fs::create_dir_all(folder).expect("a folder can be made");
        }
        let etc = Path::new("/etc/netns").join(lab.gw().name());
        let mut command = Command::new("sh");
        command.args(["-c", BOOT, "sh"]).arg(root).arg(&layer).arg(lab.dir()).arg(etc);
        command.arg(lab.gw().name()).arg(&cgroup);
        let child = command.stdin(Stdio::null()).spawn().expect("a shell starts");
        let machine = Self { child, layer, cgroup };
        wait_until("the machine has booted", BOOT_LIMIT, || {
            let (_, said) = machine.try_run("systemctl is-system-running");
            matches!(said.trim(), "running" | "degraded")
        });
        machine
    }

    /// Runs a shell line on the machine; all it printed. Panics when it fails.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> String {
        let (worked, said) = self.try_run(line);
        assert!(worked, "`{line}` failed:\n{said}");
        said
    }

    /// Runs a shell line on the machine: whether it worked, and its standard output.
    pub(crate) fn try_run(&self, line: &str) -> (bool, String) {
        let Some(first) = self.first_process() else { return (false, String::new()) };
        let mut command = Command::new("nsenter");
        command.arg(format!("--target={first}"));
        command.args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd=/"]);
        command.args(["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", line]);
        let output = command.stdin(Stdio::null()).output().expect("nsenter is installed");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Puts a package where the machine finds it.
    pub(crate) fn take(&self, package: &Path) {
        let first = self.first_process().expect("it runs");
        fs::copy(package, format!("/proc/{first}/root/tmp/rebootping.deb")).expect("a file can be copied");
    }

    /// The machine's first process, as this host numbers it: the child of what began as a shell.
    fn first_process(&self) -> Option<u32> {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (_, journal) = self.try_run("journalctl --no-pager --lines 150; systemctl --failed --no-pager");
            eprintln!("--- the machine's journal:\n{journal}\n---");
        }
        // The first process of a namespace takes all others with it.
        if let Some(first) = self.first_process() {
            let _ = kill(Pid::from_raw(first as i32), Signal::SIGKILL);
        }
        drop(self.child.wait());
        wait_until("all of it has ended", BOOT_LIMIT, || remove_groups(&self.cgroup));
        drop(fs::remove_dir_all(&self.layer));
    }
}

/// Where this host keeps the groups of processes of the second kind (cgroups(7)).
#[track_caller]
fn unified() -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mounts").expect("it can be read");
    let place =
        mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|words| words.get(2) == Some(&"cgroup2"));
    place.and_then(|words| words.get(1).map(PathBuf::from)).expect("this kernel has cgroup2")
}

/// Removes a group and those in it; false while a process is in one.
fn remove_groups(group: &Path) -> bool {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() && !remove_groups(&entry.path()) {
            return false;
        }
    }
    fs::remove_dir(group).is_ok() || !group.exists()
}
