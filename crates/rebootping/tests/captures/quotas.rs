//! No bound is ever broken, as somebody sees it who looks at the disk from outside all the time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::statvfs::statvfs;
use nix::unistd::Pid;
use rebootping_lab::{Yard, udp_frame};

use crate::disk::Disk;
use crate::pace::Pace;
use crate::pcap::{packets, segments};
use crate::support::{GATEWAY, Mac, capture, device, folder, observer, prove, start, text, times, wait_seen, yard};
use crate::traffic::send_in_order;

const MB: u64 = 1_000_000;
const DISK: u64 = 64 << 20;
const PER_DEVICE: u64 = 4 * MB;
const KEEP_FREE: u64 = 8 * MB;
const DEVICES: u16 = 60;
/// So many at their limit are well below `total`.
const LOUD: u16 = 8;
const LENGTH: usize = 1_400;
/// 11 MB/s.
const PER_SECOND: u64 = 8_000;
/// Frames that are sent at once, 3.5 MB.
const PIECE: usize = 2_500;
/// Between two looks at which nothing moves.
const STOP_EVERY: Duration = Duration::from_millis(200);

#[test]
fn neither_a_device_nor_all_together_ever_have_more_than_their_limit() {
    let yard = yard("quotas");
    let _disk = Disk::of_size("ext4", DISK, &yard.dir().join("image"), &yard.captures());
    let total = 40 * MB;
    let daemon = start(&yard, &config(total));
    let devices: Vec<Mac> = (0..DEVICES).map(device).collect();
    prove(&yard, &daemon, &devices);
    let mut sent = u64::from(DEVICES) * 2;
    let watched = Watched { captures: yard.captures(), total, observer: observer(&daemon) };
    // A few, as much as there is of them: `per_device` binds. Then all of them: `total` does.
    let frames = times(60_000, 300_000);
    let mut pace = Pace::from(&daemon, sent);
    watched.during(|| flood(&yard, &devices[..usize::from(LOUD)], 0..frames, &mut pace));
    sent += frames;
    wait_seen(&daemon, sent);
    for &mac in &devices[..usize::from(LOUD)] {
        let bytes = bytes_of(&folder(&yard, mac));
        assert!(bytes >= PER_DEVICE * 85 / 100, "{} has {bytes} bytes of {PER_DEVICE}", text(mac));
    }
    watched.during(|| flood(&yard, &devices, frames..frames * 2, &mut pace));
    sent += frames;
    wait_seen(&daemon, sent);
    let kept = capture(&daemon)["kept_bytes"].as_u64().expect("a number");
    assert!(kept >= total * 85 / 100, "{kept} bytes are kept of {total}");
    daemon.terminate();
    check_newest(&yard, &devices, frames * 2);
}

#[test]
fn the_disk_keeps_what_others_need_of_it() {
    let yard = yard("keepfree");
    let _disk = Disk::of_size("ext4", DISK, &yard.dir().join("image"), &yard.captures());
    let total = 1_000 * MB;
    let daemon = start(&yard, &config(total));
    let devices: Vec<Mac> = (0..DEVICES).map(device).collect();
    prove(&yard, &daemon, &devices);
    let watched = Watched { captures: yard.captures(), total, observer: observer(&daemon) };
    let (frames, greetings) = (times(80_000, 400_000), u64::from(DEVICES) * 2);
    watched.during(|| flood(&yard, &devices, 0..frames, &mut Pace::from(&daemon, greetings)));
    wait_seen(&daemon, frames + greetings);
    let free = free(&yard.captures());
    assert!(free < KEEP_FREE + 6 * MB, "{free} bytes are free: this test would have had nothing to show");
    daemon.terminate();
    check_newest(&yard, &devices, frames);
}

fn config(total: u64) -> String {
    format!(
        "[capture]\nflow_cutoff = \"off\"\nper_device = \"4MB\"\ntotal = \"{}MB\"\nkeep_free = \"8MB\"\n",
        total / MB
    )
}

/// Each of these devices in turn sends the next of these numbers.
fn flood(yard: &Yard, devices: &[Mac], numbers: std::ops::Range<u64>, pace: &mut Pace<'_>) {
    let numbers: Vec<u64> = numbers.collect();
    for numbers in numbers.chunks(PIECE) {
        let frames = numbers.iter().map(|&number| frame(devices[number as usize % devices.len()], number));
        send_in_order(yard.street(), frames.collect(), PER_SECOND);
        pace.sent(numbers.len() as u64);
    }
}

fn frame(mac: Mac, number: u64) -> Vec<u8> {
    let mut frame = udp_frame(mac, GATEWAY, 9, LENGTH);
    frame[LENGTH - 8..].copy_from_slice(&number.to_be_bytes());
    frame
}

/// What each device has ends with the last it sent, and nothing is missing before that.
#[track_caller]
fn check_newest(yard: &Yard, devices: &[Mac], end: u64) {
    for (place, &mac) in (0..).zip(devices) {
        let kept = packets(&folder(yard, mac));
        let number = |bytes: &[u8]| u64::from_be_bytes(bytes[LENGTH - 8..].try_into().expect("eight bytes"));
        let mut numbers: Vec<u64> = kept.iter().map(|packet| number(&packet.bytes)).collect();
        // Nothing is missing; in which order a machine brought to a standstill again and again takes them is not asked here.
        numbers.sort_unstable();
        let step = devices.len() as u64;
        let last = (0..end).rev().find(|number| number % step == place).expect("it has sent");
        assert_eq!(numbers.last(), Some(&last), "{} lacks its newest", text(mac));
        let gap = numbers.windows(2).find(|pair| pair[1] != pair[0] + step);
        // Those of the first part were sent by fewer in turn.
        assert!(gap.is_none_or(|pair| pair[0] < end / 2), "{} has a hole: {gap:?}", text(mac));
    }
}

/// A folder of captures with its bounds.
struct Watched {
    captures: PathBuf,
    total: u64,
    observer: Pid,
}

impl Watched {
    /// Does something and looks at the folder all the while.
    fn during(&self, work: impl FnOnce()) {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let walker = scope.spawn(|| self.walk(&is_over));
            let stopper = scope.spawn(|| self.stop(&is_over));
            work();
            is_over.store(true, Ordering::Relaxed);
            let looks =
                [walker, stopper].map(|watcher| watcher.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
            println!("{} looks in passing and {} at a standstill", looks[0], looks[1]);
            assert!(looks.iter().all(|&looks| looks > 5), "{looks:?}");
        });
    }

    /// Looks at every device while everything moves; returns how often.
    fn walk(&self, is_over: &AtomicBool) -> u64 {
        let mut looks = 0;
        while !is_over.load(Ordering::Relaxed) {
            for (folder, bytes) in sizes(&self.captures) {
                assert!(bytes <= PER_DEVICE, "{folder} has {bytes} bytes");
                let free = free(&self.captures);
                assert!(free >= KEEP_FREE, "{free} bytes are free");
            }
            looks += 1;
        }
        looks
    }

    /// Has the observer stand still now and then, wherever it is, and adds up everything; returns how often.
    fn stop(&self, is_over: &AtomicBool) -> u64 {
        let mut looks = 0;
        while !is_over.load(Ordering::Relaxed) {
            if let Some(standing) = Standing::still(self.observer) {
                let sum: u64 = sizes(&self.captures).values().sum();
                drop(standing);
                assert!(sum <= self.total, "{sum} bytes of {}", self.total);
                looks += 1;
            }
            thread::sleep(STOP_EVERY);
        }
        looks
    }
}

/// An observer that writes nothing; dropping it lets it go on.
struct Standing(Pid);

impl Standing {
    /// None if the disk holds its writer up: for longer than this it must not stand, or packets would be lost.
    fn still(process: Pid) -> Option<Self> {
        const MOST: Duration = Duration::from_millis(500);
        kill(process, Signal::SIGSTOP).expect("it runs");
        let standing = Self(process);
        let until = Instant::now() + MOST;
        while !stands(process) {
            if Instant::now() > until {
                return None;
            }
            thread::sleep(Duration::from_millis(1));
        }
        Some(standing)
    }
}

/// Whether the thread that writes is stopped: one in a call to the disk stops when that is done.
fn stands(process: Pid) -> bool {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("it runs").flatten();
    let stat = |task: fs::DirEntry| fs::read_to_string(task.path().join("stat")).unwrap_or_default();
    let writer = tasks.map(stat).find(|stat| stat.contains("(pcap-write)")).expect("it has a writer");
    writer.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
}

impl Drop for Standing {
    fn drop(&mut self) {
        kill(self.0, Signal::SIGCONT).expect("it was stopped and not ended");
    }
}

/// Bytes of each folder. Its newest segment is asked first: the others only ever go, so this is never more than there is.
fn sizes(captures: &Path) -> BTreeMap<String, u64> {
    let folders = fs::read_dir(captures).expect("the folder is there").flatten();
    folders.map(|folder| (folder.file_name().to_string_lossy().into_owned(), bytes_of(&folder.path()))).collect()
}

fn bytes_of(folder: &Path) -> u64 {
    segments(folder).iter().rev().map(|segment| fs::metadata(segment).map_or(0, |found| found.len())).sum()
}

/// What somebody without privileges can still write.
fn free(captures: &Path) -> u64 {
    let found = statvfs(captures).expect("it is mounted");
    found.blocks_available() * found.fragment_size()
}
