//! Other programs that watch a link and disable its provider, each with its own defaults.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rebootping_lab::{Family, Lab, PUBLIC_V4, Watcher, gateway_v4};

use crate::{LIMIT, wait_random_phase};

/// What both need until they take the link for healthy: lsm wants 10 answers, dpinger a filled window.
const WARM_UP: Duration = Duration::from_secs(15);

/// A program to be compared with.
#[derive(Clone, Copy)]
pub(crate) enum Rival {
    /// The Link Status Monitor that Shorewall's documentation recommends.
    Lsm,
    /// The monitor of pfSense and `OPNsense`.
    Dpinger,
}

impl Rival {
    pub(crate) const ALL: [Self; 2] = [Self::Lsm, Self::Dpinger];

    /// The program's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lsm => "lsm",
            Self::Dpinger => "dpinger",
        }
    }

    /// How long each of so many blackholed upstreams kept the link in use; `None` where the program is not on PATH.
    pub(crate) fn failovers(self, times: usize) -> Option<Vec<Duration>> {
        if !is_on_path(self.name()) {
            return None;
        }
        let lab = Lab::builder("rival").default_targets(true).build();
        let watcher = lab.gw().watch();
        Some((0..times).map(|_| self.failover(&lab, &watcher)).collect())
    }

    fn failover(self, lab: &Lab, watcher: &Watcher) -> Duration {
        let running = Running::start(self.command(lab), &lab.dir().join("rival.log"));
        thread::sleep(WARM_UP);
        wait_random_phase();
        let fault = lab.isp(1).blackhole(true);
        let took = watcher.wait_left("wan1", Family::V4, fault, LIMIT);
        drop(running);
        lab.isp(1).mend();
        let enabled = lab.gw().shorewall("enable isp1");
        assert!(enabled.status.success(), "{enabled:?}");
        took
    }

    fn command(self, lab: &Lab) -> Command {
        let mut command = lab.gw().command(self.name());
        let firewall = lab.gw().var_dir(Family::V4).join("firewall");
        let target = PUBLIC_V4[0];
        match self {
            Self::Lsm => {
                let test = format!("[ \"$1\" = down ] && exec {} disable \"$4\"", firewall.display());
                let script = script(lab, &test);
                let config = lab.dir().join("lsm.conf");
                let text = format!(
                    "defaults {{\n  name=defaults\n  eventscript={}\n  notifyscript=/bin/true\n}}\n\
                     connection {{\n  name=wan1\n  checkip={target}\n  device=wan1\n}}\n",
                    script.display()
                );
                fs::write(&config, text).expect("the lab's directory is ours");
                command.arg("--no-fork").arg("--config").arg(&config);
                command.arg("--pidfile").arg(lab.dir().join("lsm.pid"));
            }
            Self::Dpinger => {
                // Its own defaults but for the alarm, for which it has none: pfSense's 20 % of loss.
                let script = script(lab, &format!("[ \"$2\" = 1 ] && exec {} disable wan1", firewall.display()));
                command.args(["-f", "-r", "0", "-L", "20", "-B", &gateway_v4(1).to_string(), "-C"]);
                command.arg(script).arg(target);
            }
        }
        command
    }
}

/// A program that is ended with its owner.
struct Running(Child);

impl Running {
    fn start(mut command: Command, log: &Path) -> Self {
        let log = File::create(log).expect("the lab's directory is ours");
        let again = log.try_clone().expect("a descriptor can be duplicated");
        Self(command.stdin(Stdio::null()).stdout(log).stderr(again).spawn().expect("`ip` starts"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn script(lab: &Lab, line: &str) -> PathBuf {
    let path = lab.dir().join("rival.sh");
    fs::write(&path, format!("#!/bin/sh\n{line}\nexit 0\n")).expect("the lab's directory is ours");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("the script is ours");
    path
}

fn is_on_path(program: &str) -> bool {
    let directories = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&directories).any(|directory| directory.join(program).is_file())
}
