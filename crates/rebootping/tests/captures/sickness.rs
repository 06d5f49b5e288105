//! A disk that refuses stops the writing and nothing else, is said, and is used again as soon as it works.

use std::fs;
use std::time::Duration;

use rebootping_lab::{Daemon, Flood, Yard, udp_frame, wait_until};
use serde_json::Value;

use crate::disk::Disk;
use crate::pcap::packets;
use crate::support::{GATEWAY, capture, device, folder, prove, start, yard};

const DISK: u64 = 64 << 20;
const CONFIG: &str = "[capture]\nflow_cutoff = \"off\"\nkeep_free = \"1MB\"\n";
/// A sick disk is tried every five seconds, a folder that is gone after half a minute, by another observer; the machine may be busy.
const HEAL_LIMIT: Duration = Duration::from_secs(120);

#[test]
fn a_full_disk_is_said_and_used_again_once_there_is_room() {
    let yard = yard("full");
    let disk = Disk::of_size("ext4", DISK, &yard.dir().join("image"), &yard.captures());
    check(&yard, "are free on the disk, keep_free is 1.0 MB", || disk.fill(), || disk.clear());
}

#[test]
fn a_disk_that_became_read_only_is_said_and_used_again_once_it_is_not() {
    let yard = yard("readonly");
    let disk = Disk::of_size("ext4", DISK, &yard.dir().join("image"), &yard.captures());
    check(&yard, "Read-only file system", || disk.read_only(true), || disk.read_only(false));
}

#[test]
fn a_folder_that_was_moved_away_is_said_and_used_again_once_it_is_back() {
    let yard = yard("moved");
    let (here, away) = (yard.captures(), yard.dir().join("away"));
    let move_away = || fs::rename(&here, &away).expect("it can be moved");
    let move_back = || {
        // What was made in its place meanwhile holds nothing, or there would be no error.
        drop(fs::remove_dir(&here));
        fs::rename(&away, &here).expect("it can be moved back");
    };
    check(&yard, "captures", move_away, move_back);
}

#[test]
fn a_folder_that_was_removed_is_made_again() {
    let yard = yard("removed");
    check(&yard, "captures", || fs::remove_dir_all(yard.captures()).expect("it is there"), || {});
}

/// Has the disk fall ill and get well: in between packets are counted and the trouble is said; after it packets are kept.
#[track_caller]
fn check(yard: &Yard, says: &str, fall_ill: impl FnOnce(), get_well: impl FnOnce()) {
    let daemon = start(yard, CONFIG);
    prove(yard, &daemon, &[device(1)]);
    assert_eq!(error(&daemon), Value::Null);
    fall_ill();
    let mut sent = 0;
    wait_until("the trouble is said", HEAL_LIMIT, || {
        speak(yard, &mut sent);
        error(&daemon).as_str().is_some_and(|error| error.contains(says))
    });
    let told = String::from_utf8_lossy(&daemon.cli(&["status"]).stdout).into_owned();
    assert!(told.contains("NOT KEPT: "), "{told}");
    let before = capture(&daemon);
    speak(yard, &mut sent);
    wait_until("packets are counted all the same", HEAL_LIMIT, || {
        let now = capture(&daemon);
        let grew = |key: &str| now[key].as_u64() > before[key].as_u64();
        grew("packets") && now["dropped"]["writer"].as_u64() > before["dropped"]["writer"].as_u64()
    });
    let processes = daemon.status()["processes"].clone();
    let mut all = processes.as_array().expect("there are processes").iter();
    assert!(all.all(|one| one["restarts"] == 0), "every process goes on: {processes}");
    get_well();
    wait_until("nothing is wrong any more", HEAL_LIMIT, || {
        speak(yard, &mut sent);
        error(&daemon).is_null()
    });
    speak(yard, &mut sent);
    std::thread::sleep(Duration::from_millis(100));
    daemon.terminate();
    let kept = packets(&folder(yard, device(1)));
    let last = udp_frame(device(1), GATEWAY, sent, 200);
    assert_eq!(kept.last().map(|packet| packet.bytes.as_slice()), Some(last.as_slice()), "what comes now is kept");
}

/// What is wrong, as status says; that nobody captures at the moment is wrong too.
fn error(daemon: &Daemon) -> Value {
    match capture(daemon) {
        Value::Null => Value::from("nobody captures"),
        capture => capture["error"].clone(),
    }
}

/// Has the gateway send a frame and the device answer with the next number, and waits a little.
fn speak(yard: &Yard, sent: &mut u16) {
    *sent += 1;
    Flood::of(vec![udp_frame(GATEWAY, device(1), *sent, 200)]).send_in(yard.gw(), "lan0");
    Flood::of(vec![udp_frame(device(1), GATEWAY, *sent, 200)]).send_in(yard.street(), "lan0");
    std::thread::sleep(Duration::from_millis(200));
}
