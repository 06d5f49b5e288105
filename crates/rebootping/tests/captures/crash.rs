//! Observers that are killed and disks that lose their power, under load: every file opens afterwards, and two seconds are lost at most.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Daemon, SWITCH_LIMIT, wait_until};

use crate::disk::Disk;
use crate::pcap::packets;
use crate::stream::{Stream, numbers};
use crate::support::{Mac, REPORT_LIMIT, capture, captures, device, folder, prove, start, times, yard};

const CONFIG: &str = "[capture]\nflow_cutoff = \"off\"\n";
const DEVICES: u16 = 3;
/// A megabyte a second: a busy household.
const PER_SECOND: u64 = 2_000;
const LENGTH: usize = 500;
/// Of packets, by the sender's own pace.
const MOST_LOST: u64 = 2;

#[test]
fn an_observer_killed_under_load_leaves_files_that_open_and_loses_two_seconds_at_most() {
    let yard = yard("killed");
    let daemon = start(&yard, CONFIG);
    let stream = Stream::of(devices(), PER_SECOND, LENGTH);
    prove(&yard, &daemon, &devices());
    thread::scope(|scope| {
        let sender = stream.start(scope, &yard);
        for _ in 0..times(5, 50) {
            let killed = observer(&daemon);
            thread::sleep(Duration::from_millis(random(2_000)));
            kill(Pid::from_raw(killed as i32), Signal::SIGKILL).expect("it lives");
            wait_until("another observer captures", REPORT_LIMIT, || {
                find_observer(&daemon).is_some_and(|pid| pid != killed)
                    && capture(&daemon)["packets"].as_u64() > Some(0)
            });
        }
        stream.end();
        sender.join().expect("it sends to the end");
    });
    assert!(daemon.terminate().0.success(), "the daemon ends well");
    for mac in devices() {
        let kept = numbers(&packets(&folder(&yard, mac)));
        let gaps: Vec<u64> = kept.windows(2).map(|pair| pair[1].saturating_sub(pair[0] + u64::from(DEVICES))).collect();
        let most = gaps.iter().copied().max().unwrap_or(0);
        println!(
            "of {} frames {} are kept; the most lost at once were sent in {} ms",
            stream.sent(),
            kept.len(),
            most * 1000 / PER_SECOND
        );
        assert!(kept.is_sorted(), "each once, in order");
        assert!(most <= stream.in_seconds(MOST_LOST), "{most} of {PER_SECOND} frames a second are missing in a row");
        assert_eq!(kept.last().map(|last| last / 100), Some(stream.sent() / 100 - 1), "the end is there");
    }
}

#[test]
fn an_ext4_that_loses_its_power_under_load_keeps_files_that_open_and_loses_two_seconds_at_most() {
    check_power("capext4", "ext4");
}

#[test]
fn an_xfs_that_loses_its_power_under_load_keeps_files_that_open_and_loses_two_seconds_at_most() {
    check_power("capxfs", "xfs");
}

#[track_caller]
fn check_power(prefix: &str, kind: &str) {
    let yard = yard(prefix);
    let disk = Disk::made(kind, &yard.dir().join("image"), &yard.dir().join("state"));
    for loss in 0..times(5, 50) {
        let daemon = start(&yard, CONFIG);
        prove(&yard, &daemon, &devices());
        let stream = Stream::of(devices(), PER_SECOND, LENGTH);
        let sent = thread::scope(|scope| {
            let sender = stream.start(scope, &yard);
            // Longer than what may be lost, or nothing of it might be there.
            thread::sleep(Duration::from_millis(2_500 + random(1_000)));
            let sent = stream.sent();
            disk.lose_power();
            stream.end();
            sender.join().expect("it sends to the end");
            sent
        });
        let observer = observer(&daemon);
        daemon.kill9();
        wait_until("its observer has ended", SWITCH_LIMIT, || !is_alive(observer));
        fs::remove_dir_all(yard.dir().join("run")).expect("it was there");
        disk.boot();
        let daemon = start(&yard, CONFIG);
        wait_until("it has looked through its files", REPORT_LIMIT, || capture(&daemon)["devices"] == DEVICES);
        for mac in devices() {
            // Numbers begin anew with every stream.
            let kept = numbers(&packets(&folder(&yard, mac)));
            let begin = kept.windows(2).rposition(|pair| pair[1] < pair[0]).map_or(0, |at| at + 1);
            let last = kept.last().copied().filter(|_| begin > 0 || loss == 0).unwrap_or(0);
            let lost = sent.saturating_sub(last);
            println!("{kind}, loss {loss}: {} packets are there, {} ms are lost", kept.len(), lost * 1000 / PER_SECOND);
            assert!(lost <= stream.in_seconds(MOST_LOST), "{lost} frames of {PER_SECOND} a second are lost");
            let steps = kept[begin..].windows(2).all(|pair| pair[1] == pair[0] + u64::from(DEVICES));
            assert!(steps, "none is missing before the end");
        }
        assert!(daemon.terminate().0.success(), "the daemon ends well");
    }
}

fn devices() -> Vec<Mac> {
    (1..=DEVICES).map(device).collect()
}

/// The daemon's observer.
#[track_caller]
pub(crate) fn observer(daemon: &Daemon) -> u32 {
    let mut found = None;
    wait_until("there is an observer that captures", REPORT_LIMIT, || {
        found = find_observer(daemon).filter(|_| captures(daemon, "lan0"));
        found.is_some()
    });
    found.expect("it was just found")
}

fn find_observer(daemon: &Daemon) -> Option<u32> {
    let output = Command::new("pgrep").args(["-P", &daemon.pid().to_string(), "-f", "rebootping observer$"]).output();
    String::from_utf8_lossy(&output.expect("pgrep starts").stdout).lines().next()?.parse().ok()
}

fn is_alive(pid: u32) -> bool {
    kill(Pid::from_raw(pid as i32), None).is_ok()
}

/// A moment that is another each time.
fn random(below: u64) -> u64 {
    RandomState::new().hash_one(()) % below
}
