//! A household's day with default settings: what is written to the disk, and whether quiet devices keep their month.
//!
//! An hour of it passes in virtual time, twenty-four of them are a day. The gateway has a LAN and an Ethernet link to its provider, so
//! all that goes to the Internet is captured twice: for its device, and for the provider's router.
//!
//! - A stream of 20 GB a day: segments of 1448 bytes, of which the kernel's GRO hands over four as one, and an ACK for every second.
//! - 1,000 flows an hour: eight of ten carry 5 KB, every sixth 30 KB, one of fifty a megabyte; an ACK for every second segment.
//! - 30 quiet devices: every half minute a message, its answer and an ACK over TLS, every minute ARP, every three mDNS.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rebootping::measuring::Passage;
use rebootping_lab::udp_frame;

use crate::support::{GATEWAY, Mac, device, text};

/// The default cut-off and `per_device`, in bytes.
const CUTOFF: u64 = 64_000;
const PER_DEVICE: u64 = 100_000_000;
/// What may be written a day.
const MOST_WRITTEN: u64 = 5_000_000_000;
const MONTH: u64 = 30;
const HOUR: u64 = 3600;

const LAN: u32 = 0;
const WAN: u32 = 1;
const GATEWAYS_WAN: Mac = [2, 0, 0, 0, 1, 1];
const PROVIDER: Mac = [2, 0, 0, 0, 1, 0xfe];
const TELEVISION: u16 = 1;
/// Those who browse.
const BUSY: u16 = 5;
const FIRST_QUIET: u16 = 100;
const QUIET: u16 = 30;

const SEGMENT: usize = 1448;
const STREAM_A_SECOND: usize = 20_000_000_000 / 86_400;
/// Ethernet, IPv4, and TCP with stamps.
const HEADERS: usize = 14 + 20 + 32;
/// Where frames of the lab go.
const CLIENT_PORT: [u8; 2] = [0, 9];
/// A stream's first flow; others have numbers of their own.
const STREAM: u32 = 1;

#[test]
fn a_household_day_writes_less_than_five_gigabytes_and_quiet_devices_keep_their_month() {
    let [merged, single] = [4, 1].map(hour);
    println!("a day with segments merged by four: {} MB written; none merged: {} MB", merged.a_day(), single.a_day());
    println!("the loudest of the quiet: {} KB a month", merged.loudest_quiet * 24 * MONTH / 1000);
    for hour in [&merged, &single] {
        assert!(hour.written * 24 <= MOST_WRITTEN, "{} MB a day", hour.a_day());
    }
    assert!(merged.loudest_quiet * 24 * MONTH <= PER_DEVICE, "{} bytes an hour", merged.loudest_quiet);
}

/// Bytes an hour.
struct Hour {
    written: u64,
    /// Of the quiet device with the most.
    loudest_quiet: u64,
}

impl Hour {
    /// Megabytes a day.
    const fn a_day(&self) -> u64 {
        self.written * 24 / 1_000_000
    }
}

/// Lets an hour pass in which GRO merges so many segments.
fn hour(merged: usize) -> Hour {
    let folder = Folder::new(merged);
    let everybody: Vec<Mac> =
        (1..=BUSY).chain(FIRST_QUIET..FIRST_QUIET + QUIET).map(device).chain([PROVIDER]).collect();
    let passage = Passage::new(&folder.0, Some(CUTOFF), &[GATEWAY, GATEWAYS_WAN], &everybody);
    let mut house = House { passage: passage.expect("threads start"), flows: STREAM };
    for second in 0..HOUR {
        house.carry(device(TELEVISION), STREAM, STREAM_A_SECOND, merged);
        if second * 1000 / HOUR != (second + 1) * 1000 / HOUR {
            house.browse(merged);
        }
        for number in 0..QUIET {
            house.be_quiet(device(FIRST_QUIET + number), u32::from(number), second);
        }
        house.passage.wait(Duration::from_secs(1));
    }
    assert_eq!(house.passage.end(), 0, "no record is lost");
    let captures = folder.0.join("captures");
    let quiet = (FIRST_QUIET..FIRST_QUIET + QUIET).map(|number| bytes_below(&captures.join(text(device(number)))));
    Hour { written: bytes_below(&captures), loudest_quiet: quiet.max().unwrap_or(0) }
}

struct House {
    passage: Passage,
    flows: u32,
}

impl House {
    /// The next flow of somebody who browses.
    fn browse(&mut self, merged: usize) {
        self.flows += 1;
        let bytes = match self.flows % 50 {
            0 => 1_000_000,
            1..=9 => 30_000,
            _ => 5_000,
        };
        let busy = device(1 + (self.flows % u32::from(BUSY)) as u16);
        self.carry(busy, self.flows, 600, 1);
        self.carry(busy, self.flows, bytes, merged);
    }

    /// A flow's bytes to a device, and its ACKs.
    fn carry(&mut self, to: Mac, flow: u32, bytes: usize, merged: usize) {
        let mut segments = bytes.div_ceil(SEGMENT);
        self.up(to, flow, (segments / 2).max(1), 0);
        while segments > 0 {
            let now = segments.min(merged);
            self.down(to, flow, now * SEGMENT.min(bytes));
            segments -= now;
        }
    }

    fn be_quiet(&mut self, who: Mac, number: u32, second: u64) {
        let flow = 0x0100_0000 + number;
        let is_time = |every: u64| second % every == u64::from(number) % every;
        if is_time(30) {
            self.up(who, flow, 1, 120);
            self.down(who, flow, 120);
            self.up(who, flow, 1, 0);
        }
        if is_time(60) {
            let mut question = udp_frame(who, GATEWAY, 0, 60);
            question[12..14].copy_from_slice(&[8, 6]);
            self.passage.take(LAN, false, &question);
            question[..6].copy_from_slice(&who);
            question[6..12].copy_from_slice(&GATEWAY);
            self.passage.take(LAN, true, &question);
        }
        if is_time(180) {
            self.passage.take(LAN, false, &udp_frame(who, [1, 0, 0x5e, 0, 0, 0xfb], 5353, 300));
        }
    }

    /// Packets of a device to the Internet, each with so many bytes.
    fn up(&mut self, from: Mac, flow: u32, packets: usize, bytes: usize) {
        let mut frame = tcp_frame(from, GATEWAY, flow, false, bytes);
        (0..packets).for_each(|_| self.passage.take(LAN, false, &frame));
        frame[..6].copy_from_slice(&PROVIDER);
        frame[6..12].copy_from_slice(&GATEWAYS_WAN);
        (0..packets).for_each(|_| self.passage.take(WAN, true, &frame));
    }

    /// A packet from the Internet, with so many bytes.
    fn down(&mut self, to: Mac, flow: u32, bytes: usize) {
        let mut frame = tcp_frame(PROVIDER, GATEWAYS_WAN, flow, true, bytes);
        self.passage.take(WAN, false, &frame);
        frame[..6].copy_from_slice(&to);
        frame[6..12].copy_from_slice(&GATEWAY);
        self.passage.take(LAN, true, &frame);
    }
}

/// A TCP segment of that flow, on its way down from the Internet or up.
fn tcp_frame(from: Mac, to: Mac, flow: u32, is_down: bool, bytes: usize) -> Vec<u8> {
    const ACK: u8 = 0x10;
    let mut frame = udp_frame(from, to, 443, HEADERS + bytes);
    frame[23] = 6;
    let (server, client) = if is_down { (26..30, 30..34) } else { (30..34, 26..30) };
    if !is_down {
        frame.copy_within(34..36, 36);
        frame[34..36].copy_from_slice(&CLIENT_PORT);
    }
    frame[server].copy_from_slice(&flow.to_be_bytes());
    frame[client].copy_from_slice(&[10, 0, 0, 1]);
    (frame[46], frame[47]) = (0x80, ACK);
    frame
}

/// A folder in memory that goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(number: usize) -> Self {
        let folder = Path::new("/dev/shm").join(format!("rebootping-day-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("state")).expect("a folder can be made");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder can be listed").map(|entry| entry.expect("it is there"));
    entries
        .map(|entry| match entry.metadata().expect("it is there") {
            found if found.is_dir() => bytes_below(&entry.path()),
            found => found.len(),
        })
        .sum()
}
