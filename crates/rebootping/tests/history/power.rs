//! Power that is lost while history is written: the file opens, nothing older than a flush is lost, nothing that was answered is.

use std::fs;
use std::thread;
use std::time::Duration;

use rebootping_lab::wait_until;

use crate::crash::{CONFIG, now, order};
use crate::disk::Disk;
use crate::kept::Kept;
use crate::support::{lab, start};
use crate::{find, is_alive, times};

/// What a busy machine takes to end a process.
const END_LIMIT: Duration = Duration::from_secs(20);
/// The round under way, the flush, and what the disk takes.
const MOST_LOST: u64 = 5_000_000_000;

#[track_caller]
fn check(prefix: &str, kind: &str) {
    let lab = lab(prefix).build();
    let state = lab.dir().join("state");
    let disk = Disk::made(kind, &lab.dir().join("image"), &state);
    for loss in 0..times(2, 25) {
        let daemon = start(&lab, CONFIG);
        thread::sleep(Duration::from_millis(1_500 + 137 * loss as u64));
        order(&daemon, loss);
        let children = [find(&daemon, "judge"), find(&daemon, "observer")];
        let before = now();
        disk.lose_power();
        daemon.kill9();
        wait_until("its processes have ended", END_LIMIT, || !children.iter().flatten().any(|pid| is_alive(*pid)));
        fs::remove_dir_all(lab.dir().join("run")).expect("it was there");
        disk.boot();
        let kept = Kept::open(&state);
        let last = *kept.rounds().last().expect("there are rounds");
        println!(
            "{kind}, loss {loss}: the last round kept began {} ms before",
            before.saturating_sub(last) / 1_000_000
        );
        assert!(last + MOST_LOST > before, "{last} {before}");
        assert_eq!(kept.bodies("audit").len(), loss + 1, "{kind}, loss {loss}");
        let aside = fs::read_dir(state.join("observer")).expect("a folder").flatten();
        assert_eq!(aside.filter(|it| it.file_name().to_string_lossy().contains("damaged")).count(), 0);
    }
}

#[test]
fn an_ext4_that_loses_its_power_keeps_the_history() {
    check("hext4", "ext4");
}

#[test]
fn an_xfs_that_loses_its_power_keeps_the_history() {
    check("hxfs", "xfs");
}
