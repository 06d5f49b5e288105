//! Disks that take nothing: no round is missed, captures go on, `status` says what is not kept, and afterwards all is there.

use std::time::Duration;

use rebootping_lab::{Daemon, Lab, wait_until};
use rusqlite::Connection;
use serde_json::Value;

use crate::beat::Beat;
use crate::crash::{CONFIG, assert_complete};
use crate::disk::Disk;
use crate::kept::{Kept, file};
use crate::slow_disk::SlowDisk;
use crate::support::{lab, start, stays_so};

/// A refused flush is tried again after ten seconds, as is the opening of a file.
const SEEN_LIMIT: Duration = Duration::from_secs(30);
/// A disk that hangs does so for half a minute.
const HANGS: Duration = Duration::from_secs(30);

fn store(daemon: &Daemon) -> Value {
    daemon.status()["store"].clone()
}

fn packets(daemon: &Daemon) -> u64 {
    daemon.status()["capture"]["packets"].as_u64().expect("packets are counted")
}

/// Something is wrong until it is ended: the beat goes on, captures go on, `status` says it, and nothing is missing afterwards.
#[track_caller]
fn check(lab: &Lab, daemon: &Daemon, said: &str, begin: impl FnOnce(), end: impl FnOnce()) {
    let (beat, before) = (Beat::of(lab), packets(daemon));
    begin();
    wait_until(&format!("it is said: {said}"), SEEN_LIMIT, || {
        store(daemon)["error"].as_str().is_some_and(|error| error.contains(said))
    });
    let shown = String::from_utf8_lossy(&daemon.cli(&["status"]).stdout).into_owned();
    assert!(shown.contains("HISTORY NOT KEPT"), "{shown}");
    assert!(packets(daemon) > before, "captures go on");
    end();
    wait_until("all is kept again", SEEN_LIMIT * 2, || {
        let store = store(daemon);
        store["error"].is_null() && store["waiting_bytes"].as_u64() < Some(4096)
    });
    beat.assert_unbroken();
    assert_eq!(store(daemon)["lost"].as_object().map(serde_json::Map::len), Some(0));
}

#[test]
fn a_disk_that_is_full_read_only_or_hangs_costs_no_round_and_no_history() {
    let lab = lab("sick").build();
    let state = lab.dir().join("state");
    let disk = Disk::of_size("ext4", 16 << 20, &lab.dir().join("image"), &state);
    let daemon = start(&lab, CONFIG);
    wait_until("history is kept", SEEN_LIMIT, || store(&daemon)["written"].is_string());
    check(&lab, &daemon, "full", || disk.fill(), || disk.clear());
    let stuck = Connection::open(file(&state)).expect("a file");
    let mut slow = None;
    check(
        &lab,
        &daemon,
        "the disk has not answered",
        || slow = Some(SlowDisk::under(&daemon)),
        || stays_so("the daemon answers", HANGS, || daemon.try_status().is_some()),
    );
    drop((slow, stuck));
    assert!(daemon.terminate().0.success());
    assert_complete(&Kept::open(&state).rounds());
}
