//! What other programs read in a capture, packet by packet: tcpdump, and tshark beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A pcap file's header with stamps in nanoseconds, little-endian.
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;

/// A packet of a capture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Packet {
    /// Nanoseconds since 1970.
    pub(crate) stamp: u64,
    /// Its length on the wire in bytes.
    pub(crate) original: u32,
    pub(crate) bytes: Vec<u8>,
}

/// The segments of a folder, oldest first; none if there is no folder.
pub(crate) fn segments(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "pcapng"));
    found.sort();
    found
}

/// The packets of a folder's segments as tcpdump reads them, oldest segment first.
#[track_caller]
pub(crate) fn packets(folder: &Path) -> Vec<Packet> {
    segments(folder).iter().flat_map(|segment| read(segment)).collect()
}

/// The packets of a folder's segments, oldest segment first, which tcpdump and tshark must read alike.
#[track_caller]
pub(crate) fn packets_in_all_eyes(folder: &Path) -> Vec<Packet> {
    let mut all = Vec::new();
    for segment in segments(folder) {
        let packets = read(&segment);
        let shark = converted(Command::new("tshark").args(["-n", "-F", "nsecpcap", "-w", "-", "-r"]).arg(&segment));
        assert!(packets == shark, "tcpdump and tshark do not read the same in {}", segment.display());
        all.extend(packets);
    }
    all
}

/// The packets of a file as tcpdump reads them.
#[track_caller]
pub(crate) fn read(file: &Path) -> Vec<Packet> {
    converted(Command::new("tcpdump").args(["-n", "--time-stamp-precision=nano", "-w", "-", "-r"]).arg(file))
}

/// The packets that a program writes to its output as a pcap file.
#[track_caller]
fn converted(program: &mut Command) -> Vec<Packet> {
    let output = program.output().unwrap_or_else(|e| panic!("{program:?}: {e}; see tools/need"));
    assert!(output.status.success(), "{program:?}: {}", String::from_utf8_lossy(&output.stderr));
    packets_of(&output.stdout)
}

/// The packets of a pcap file with stamps in nanoseconds.
#[track_caller]
fn packets_of(mut pcap: &[u8]) -> Vec<Packet> {
    if pcap.is_empty() {
        return Vec::new();
    }
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    assert_eq!(word(pcap, 0), NANOSECONDS, "it writes what it is asked for");
    pcap = &pcap[FILE_HEADER..];
    let mut packets = Vec::new();
    while !pcap.is_empty() {
        let (header, rest) = pcap.split_at(PACKET_HEADER);
        let (bytes, rest) = rest.split_at(word(header, 8) as usize);
        let stamp = u64::from(word(header, 0)) * 1_000_000_000 + u64::from(word(header, 4));
        packets.push(Packet { stamp, original: word(header, 12), bytes: bytes.to_vec() });
        pcap = rest;
    }
    packets
}
