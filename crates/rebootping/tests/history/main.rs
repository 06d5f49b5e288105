//! The history as the daemon keeps it: killed, without power, on sick disks; what is in its file is read here by SQLite alone.
//!
//! What takes long is done fewer times unless `REBOOTPING_LONG` is set.

mod backup;
#[path = "../fire/beat.rs"]
#[expect(dead_code, reason = "the tests under fire ask it more")]
mod beat;
mod crash;
#[path = "../fire/disk.rs"]
#[expect(dead_code, reason = "the tests under fire ask it more")]
mod disk;
mod kept;
mod outages;
mod power;
mod sick;
#[path = "../lab/slow_disk.rs"]
#[expect(dead_code, reason = "the tests of the lab ask it more")]
mod slow_disk;
#[path = "../lab/support.rs"]
#[expect(dead_code, reason = "the tests of the lab ask it more")]
mod support;

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::Daemon;

/// So often is done what `make test` does `short` times and `make test-long` `long` times.
fn times(short: usize, long: usize) -> usize {
    if std::env::var_os("REBOOTPING_LONG").is_some() { long } else { short }
}

/// The daemon's process of that name, if there is one.
fn find(daemon: &Daemon, name: &str) -> Option<Pid> {
    let name = format!("rebootping {name}$");
    let output = Command::new("pgrep").args(["-P", &daemon.pid().to_string(), "-f", &name]).output();
    let pid = String::from_utf8_lossy(&output.expect("pgrep starts").stdout).lines().next()?.parse().ok()?;
    Some(Pid::from_raw(pid))
}

fn is_alive(pid: Pid) -> bool {
    kill(pid, None::<Signal>).is_ok()
}
