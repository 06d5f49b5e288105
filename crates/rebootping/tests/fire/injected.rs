//! A kill at every call that changes a file: strace ends a process when one of its threads comes to its first, second, third … one.

use std::fs;
use std::time::Duration;

use rebootping_lab::{Daemon, Family, Lab, SWITCH_LIMIT, wait_until};

use crate::crash::{Holding, config, reader};
use crate::support::{lab, start, wait_out};
use crate::times;
use crate::wrapper::{Wrapper, replace};

/// Each changes a file or brings it to the disk.
const CALLS: [&str; 4] = ["write", "fsync", "rename", "unlink"];
/// So many calls of one kind some thread makes at the start, and a few more.
const POINTS: usize = 12;
/// The program, ended by `$0.how`; `-D` has it be the process that is waited for, and strace its grandchild.
const RUN: &str = "[ -s \"$0.how\" ] || exec \"$@\"\nexec strace -D -f -qqq -o /dev/null -e \"$(cat \"$0.how\")\" \"$@\"";
/// A daemon that reads a choice from memory and finds files missing has written all it must when it has judged once.
const LIFE_LIMIT: Duration = Duration::from_secs(30);

/// Starts the daemon to be killed at the `nth` call of a kind, has it write all its files, and says whether it was.
#[track_caller]
fn is_killed_at(lab: &Lab, wrapper: &Wrapper, call: &str, nth: usize) -> bool {
    replace(&wrapper.how(), &format!("inject={call}:signal=KILL:when={nth}"));
    let before = lab.log_contains("killed by SIGKILL");
    let mut daemon = lab.gw().daemon(&config());
    // The other way round than it will find it: it must be written.
    let turned = lab.gw().status_file("wan2").as_deref() == Some("0\n");
    lab.isp(2).blackhole(turned);
    let mut killed = false;
    wait_until("it was killed or has judged", LIFE_LIMIT, || {
        killed = daemon.has_ended();
        let expected = if turned { "1\n" } else { "0\n" };
        killed || lab.gw().status_file("wan2").as_deref() == Some(expected)
    });
    killed
}
