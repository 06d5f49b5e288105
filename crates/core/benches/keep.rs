//! What a frame costs from its bytes to the decision who keeps how much of it, in nanoseconds.
//!
//! `cargo bench -p rebootping-core`; frames lie in memory, each row is the fastest of many turns. The flood's memory is asked of the kernel.

use rebootping_core::keep::{Interface, Keep, Keeping, Mode, Output, Settings};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType, Packet, Seen};
use rebootping_core::packet::neighbour::Mac;
use rebootping_core::time::Time;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::hint::black_box;
use std::time::Instant;

const GATEWAY: Mac = [2, 0, 0, 0, 0, 0xfe];
const WIRE: InterfaceId = InterfaceId(2);
const DEVICES: u64 = 50;
const FRAMES: u64 = 4096;
/// Many and short, so that some of them are not interrupted.
const TURNS: u64 = 500;
const FLOOD: u64 = 10_000_000;
/// Seven short, four middling, one long: what is called IMIX.
const IMIX: [usize; 12] = [60, 60, 594, 60, 60, 594, 60, 594, 60, 60, 594, 1514];

fn main() {
    // First, because memory that was used before would not show.
    flood();
    hashes();
    let frames: Vec<(Direction, Vec<u8>)> = (0..FRAMES).map(frame).collect();
    row("IMIX, taken apart", || {
        for (_, frame) in &frames {
            black_box(Packet::read(LinkType::Ethernet, frame));
        }
    });
    for (what, flow_cutoff) in [("off", None), ("64 KB", Some(64_000))] {
        let mut keep = keep_of(flow_cutoff);
        let mut at = 0;
        row(&format!("IMIX, taken apart and decided, cut-off {what}"), || {
            for (direction, frame) in &frames {
                at += 1000;
                black_box(pass(&mut keep, at, *direction, frame));
            }
        });
        assert_eq!(keep.counts().unproven.frames, 0, "every device is proven");
    }
}

/// Ten million frames, each of another sender nobody knows.
fn flood() {
    let mut keep = keep_of(Some(64_000));
    let mut random = Random(7);
    let mut frame = frame(0).1;
    frame[..6].copy_from_slice(&GATEWAY);
    let (before, start) = (anonymous(), Instant::now());
    for number in 0..FLOOD {
        frame[6..12].copy_from_slice(&random.mac());
        black_box(pass(&mut keep, number * 500, Direction::Received, &frame));
    }
    let nanos = start.elapsed().as_nanos() as f64 / FLOOD as f64;
    let counts = keep.counts();
    println!("{nanos:7.1} ns  {FLOOD} senders nobody knows, {} KiB more memory", anonymous() - before);
    assert_eq!((counts.proven, counts.unproven.frames), (DEVICES as u32, FLOOD));
}

/// Why `keep::hash` is no `SipHash`: the same work on a MAC, side by side.
fn hashes() {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product >> 64) as u64 ^ product as u64
    };
    row("a MAC hashed, keep::hash", || {
        for number in 0..FRAMES {
            let once = fold(black_box(number) ^ 0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03);
            black_box(fold(once ^ 0x8cb9_2ba7_2f3d_8dd7, 0xaef1_7502_b3f6_2a4d));
        }
    });
    row("a MAC hashed, SipHash-1-3", || {
        for number in 0..FRAMES {
            let mut hasher = SipHasher13::new_with_keys(1, 2);
            hasher.write_u64(black_box(number));
            black_box(hasher.finish());
        }
    });
}

fn row(what: &str, mut work: impl FnMut()) {
    // Once before, so that every turn finds caches and pages as they will be.
    work();
    let mut best = f64::INFINITY;
    for _ in 0..TURNS {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_nanos() as f64 / FRAMES as f64);
    }
    println!("{best:7.1} ns  {what}");
}

fn pass(keep: &mut Keep, at: u64, direction: Direction, frame: &[u8]) -> Keeping {
    let seen = Seen {
        at: Time::from_nanos(at),
        interface: WIRE,
        direction,
        link: LinkType::Ethernet,
        frame,
        original: frame.len() as u32,
    };
    let packet = Packet::read(LinkType::Ethernet, frame);
    let keeping = keep.handle_frame(&seen, &packet);
    while keep.poll_output().is_some() {}
    keeping
}

fn keep_of(flow_cutoff: Option<u64>) -> Keep {
    let mut keep = Keep::new(Settings { flow_cutoff }, 42);
    let interface = Interface {
        id: WIRE,
        name: "lan0".into(),
        mac: Some(GATEWAY),
        bridge: None,
        mode: Mode::Full,
        vlans: BTreeMap::new(),
    };
    keep.set_interfaces(&[interface], Time::BOOT);
    for number in 0..DEVICES {
        keep.handle_reachable(device(number), Time::BOOT);
    }
    while let Some(output) = keep.poll_output() {
        assert!(matches!(output, Output::Opened { .. }));
    }
    keep
}

/// A device and the gateway by turns, in 16 flows a device: UDP and TCP, every tenth by IPv6.
fn frame(number: u64) -> (Direction, Vec<u8>) {
    let device_number = number / 2 % DEVICES;
    let port = 40_000 + (number / 2 / DEVICES % 16) as u16;
    let is_sent = number % 2 == 1;
    let (from, to, direction) = if is_sent {
        (GATEWAY, device(device_number), Direction::Sent)
    } else {
        (device(device_number), GATEWAY, Direction::Received)
    };
    let mut frame = [&to[..], &from[..]].concat();
    let length = IMIX[(number % 12) as usize];
    let protocol = if port % 4 == 0 { 17 } else { 6 };
    let [near, far] = [device_number as u8, 200];
    let (source, destination) = if is_sent { (far, near) } else { (near, far) };
    if device_number % 10 == 0 && length > 60 {
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
        frame.extend(((length - 54) as u16).to_be_bytes());
        frame.extend([protocol, 64]);
        for last in [source, destination] {
            frame.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        }
    } else {
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(((length - 14) as u16).to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, source, 10, 0, 0, destination]);
    }
    for port in if is_sent { [443, port] } else { [port, 443] } {
        frame.extend(port.to_be_bytes());
    }
    frame.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10]);
    frame.resize(length, 0);
    (direction, frame)
}

const fn device(number: u64) -> Mac {
    [2, 0, 0, 0, 1, number as u8]
}

/// Anonymous memory of this process in KiB, as `proc_pid_status(5)` tells it.
fn anonymous() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("since Linux 4.5");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("it is a number")
}

/// Numbers that look random enough to a table (splitmix64).
struct Random(u64);

impl Random {
    fn mac(&mut self) -> Mac {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let [_, _, mut mac @ ..] = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb).to_be_bytes();
        // No group, and no vendor's.
        mac[0] = mac[0] & 0xfe | 2;
        mac
    }
}
