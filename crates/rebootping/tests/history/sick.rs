//! Disks that take nothing: no round is missed, captures go on, `status` says what is not kept, and afterwards all is there.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use rebootping_lab::{Daemon, Lab, wait_until};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::beat::Beat;
use crate::crash::{CONFIG, assert_complete};
use crate::disk::Disk;
use crate::find;
use crate::kept::{Kept, file};
use crate::slow_disk::SlowDisk;
use crate::support::{lab, start, stays_so};

/// A refused flush is tried again after ten seconds, as is the opening of a file.
const SEEN_LIMIT: Duration = Duration::from_secs(60);
/// A disk that hangs does so for half a minute.
const HANGS: Duration = Duration::from_secs(30);
/// The log is full after so many flushes of a few pages, one a second.
const FULL_LOG_LIMIT: Duration = Duration::from_secs(180);

/// A gateway whose state lies on a disk of its own.
struct Sick {
    daemon: Daemon,
    // Unmounted before the lab's folder goes.
    disk: Disk,
    state: PathBuf,
    lab: Lab,
}

impl Sick {
    fn new(prefix: &str, config: &str) -> Self {
        let lab = lab(prefix).build();
        let state = lab.dir().join("state");
        let disk = Disk::of_size("ext4", 16 << 20, &lab.dir().join("image"), &state);
        let daemon = start(&lab, config);
        wait_until("history is kept", SEEN_LIMIT, || daemon.status()["store"]["written"].is_string());
        Self { daemon, disk, state, lab }
    }

    fn store(&self) -> Value {
        self.daemon.status()["store"].clone()
    }

    /// What was begun goes on until it is ended: the beat goes on, captures go on, `status` says it; then nothing is missing.
    #[track_caller]
    fn check(self, begin: impl FnOnce(&Self), said: &str, limit: Duration, end: impl FnOnce(&Self)) {
        let packets = || self.daemon.status()["capture"]["packets"].as_u64().unwrap_or(0);
        let beat = Beat::of(&self.lab);
        begin(&self);
        wait_until(&format!("it is said: {said}"), limit, || {
            self.store()["error"].as_str().is_some_and(|error| error.contains(said))
        });
        let shown = String::from_utf8_lossy(&self.daemon.cli(&["status"]).stdout).into_owned();
        assert!(shown.contains("HISTORY NOT KEPT"), "{shown}");
        let before = packets();
        wait_until("captures go on", SEEN_LIMIT, || packets() > before);
        end(&self);
        wait_until("all is kept again", SEEN_LIMIT * 2, || {
            let store = self.store();
            store["error"].is_null() && store["waiting_bytes"].as_u64() < Some(4096)
        });
        wait_until("enough rounds are kept to see gaps", SEEN_LIMIT, || Kept::glance(&self.state).rounds().len() > 12);
        beat.assert_unbroken();
        assert_eq!(self.store()["lost"].as_object().map(serde_json::Map::len), Some(0));
        assert!(self.daemon.terminate().0.success());
        assert_complete(&Kept::open(&self.state).rounds());
    }
}

#[test]
fn a_full_disk_costs_no_round_and_no_history() {
    Sick::new("full", CONFIG).check(|sick| sick.disk.fill(), "full", SEEN_LIMIT, |sick| sick.disk.clear());
}

#[test]
fn a_read_only_disk_costs_no_round_and_no_history() {
    let begin = |sick: &Sick| {
        // The observer has the history open, and is started anew within an instant.
        wait_until("nobody can write any more", SEEN_LIMIT, || {
            if let Some(observer) = find(&sick.daemon, "observer") {
                // It may have ended by itself just now.
                let _ = kill(observer, Signal::SIGKILL);
            }
            sick.disk.try_read_only()
        });
    };
    Sick::new("ronly", CONFIG).check(begin, "Read-only file system", SEEN_LIMIT, |sick| sick.disk.read_only(false));
}

#[test]
fn a_disk_that_hangs_for_half_a_minute_costs_no_round_and_no_history() {
    let slow = RefCell::new(None);
    let begin = |sick: &Sick| drop(slow.replace(Some(SlowDisk::under(&sick.daemon))));
    let end = |sick: &Sick| {
        stays_so("the daemon answers", HANGS, || sick.daemon.try_status().is_some());
        drop(slow.take());
    };
    Sick::new("hang", CONFIG).check(begin, "the disk has not answered", SEEN_LIMIT, end);
}

#[test]
fn a_reader_that_does_not_finish_costs_no_round_and_no_history() {
    let stuck = RefCell::new(None);
    let begin = |sick: &Sick| {
        let reader = Connection::open_with_flags(file(&sick.state), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a file");
        reader.execute_batch("BEGIN; SELECT count(*) FROM boot").expect("it can be read");
        drop(stuck.replace(Some(reader)));
    };
    // So small that its log is soon as long as it may be.
    let config = format!("{CONFIG}max_size = \"1MB\"\n");
    Sick::new("stuck", &config).check(begin, "somebody reads it", FULL_LOG_LIMIT, |_| drop(stuck.take()));
}
