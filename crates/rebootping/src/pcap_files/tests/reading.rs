//! Segments as readers see them: ours, tcpdump and tshark.

use super::places::{Place, run};
use super::*;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A packet as a reader finds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub(super) stamp: u64,
    pub(super) interface: String,
    pub(super) flags: u32,
    pub(super) original: u32,
    pub(super) bytes: Vec<u8>,
}

/// Reads a whole segment; panics where a block is not whole.
#[track_caller]
pub(super) fn read(path: &Path) -> Vec<Found> {
    let file = fs::read(path).expect("the segment is there");
    let mut rest = &file[..];
    let (mut interfaces, mut found) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let length = word(rest, 4) as usize;
        let block = &rest[..length];
        assert_eq!(word(block, length - 4) as usize, length, "{}", path.display());
        match word(block, 0) {
            0x0a0d_0d0a => interfaces.clear(),
            1 => {
                let length = usize::from(u16::from_le_bytes([block[18], block[19]]));
                interfaces.push(String::from_utf8_lossy(&block[20..20 + length]).into_owned());
            }
            6 => {
                let captured = word(block, 20) as usize;
                found.push(Found {
                    stamp: u64::from(word(block, 12)) << 32 | u64::from(word(block, 16)),
                    interface: interfaces[word(block, 8) as usize].clone(),
                    flags: word(block, 28 + captured.next_multiple_of(4) + 4),
                    original: word(block, 24),
                    bytes: block[28..28 + captured].to_vec(),
                });
            }
            other => panic!("a block of type {other}"),
        }
        rest = &rest[length..];
    }
    found
}

/// Every packet of a device, in the order of its files.
#[track_caller]
pub(super) fn read_all(place: &Place, device: &str) -> Vec<Found> {
    place.segments(device).iter().flat_map(|path| read(path)).collect()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// tcpdump reads it to the end, without complaint; returns how many packets it saw.
#[track_caller]
pub(super) fn tcpdump(path: &Path) -> usize {
    let output = Command::new("tcpdump").args(["-nn", "-t", "-r"]).arg(path).output().expect("tcpdump is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", path.display());
    let complaint = errors.lines().find(|line| !line.starts_with("reading from file"));
    assert_eq!(complaint, None, "{}", path.display());
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.starts_with('\t')).count()
}

#[test]
fn tcpdump_and_tshark_read_what_was_written() {
    let place = Place::new();
    let mut files = start(&place, limits(4 * MB));
    let folder = open(&mut files, 1);
    files.set_interface(InterfaceId(9), "wlan0");
    let directions = [Direction::Received, Direction::Overheard, Direction::Sent];
    for (at, direction) in directions.into_iter().enumerate() {
        let bytes = frame(at as u64, 60 + at);
        let interface = if at == 2 { InterfaceId(9) } else { LAN };
        let stamp = START + Duration::from_nanos(at as u64);
        files.append(
            Slot(1),
            &Record { interface, direction: Some(direction), original: 1500, ..record(stamp, &bytes) },
        );
    }
    assert!(files.flush(PATIENCE));
    assert_eq!((files.status().truncated, files.status().written.records), (3, 3));
    let path = &place.segments(&folder)[0];
    assert_eq!(path.file_name().and_then(|name| name.to_str()), Some("20261122T101213.123456789Z.pcapng"));
    assert_eq!(tcpdump(path), 3);
    let fields = ["frame.time_epoch", "frame.interface_name", "frame.packet_flags", "frame.len", "frame.cap_len"];
    let mut tshark = Command::new("tshark");
    tshark.args(["-T", "fields"]).args(fields.iter().flat_map(|field| ["-e", field])).arg("-r").arg(path);
    let told = run(&mut tshark);
    let told: Vec<Vec<&str>> = told.lines().map(|line| line.split('\t').skip(1).collect()).collect();
    assert_eq!(
        told,
        [
            ["lan0", "0x00000001", "1500", "60"],
            ["lan0", "0x00000011", "1500", "61"],
            ["wlan0", "0x00000002", "1500", "62"]
        ]
    );
    let about = run(Command::new("capinfos").args(["-M"]).arg(path));
    for words in ["rebootping 0", "nanosecond", "x86_64", "Ethernet"] {
        assert!(about.contains(words), "{words}: {about}");
    }
}

#[test]
fn remarks_are_understood_by_wireshark() {
    use super::super::pcapng::{add_remark, put_interface, put_packet, put_section};
    let place = Place::new();
    let mut out = Vec::new();
    put_section(&mut out, &maker(), "");
    put_interface(&mut out, LinkType::Ethernet, "lan0");
    let bytes = frame(1, 61);
    let mut block = Vec::new();
    put_packet(&mut block, 0, &record(START, &bytes));
    add_remark(&mut block, "the link was left here");
    out.extend(block);
    let path = place.folder("x.pcapng");
    fs::create_dir_all(place.path()).and_then(|()| fs::write(&path, &out)).expect("it can be written");
    assert_eq!(tcpdump(&path), 1);
    let remark = run(Command::new("tshark").args(["-T", "fields", "-e", "frame.comment", "-r"]).arg(&path));
    assert_eq!(remark.trim(), "the link was left here");
}
