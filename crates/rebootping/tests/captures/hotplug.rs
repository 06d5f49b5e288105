//! Interfaces that come, change their name, go and come back while the daemon runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rebootping_lab::{Flood, Yard, udp_frame, wait_until};

use crate::pcap::segments;
use crate::support::{KEEP_ALL, REPORT_LIMIT, captures, device, folder, start, wait_seen, yard};

/// Section Header Block and Interface Description Block of pcapng.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
/// Frames of each of its lives.
const FRAMES: u16 = 200;

#[test]
fn an_interface_is_captured_under_its_name_as_often_as_it_comes() {
    let yard = yard("hotplug");
    let daemon = start(&yard, KEEP_ALL);
    let mut sent = 0;
    let mut talk = |interface: &str, life: u16| {
        let [one, other] = [device(1), device(2)];
        let frames = (0..FRAMES / 2).flat_map(|_| [udp_frame(one, other, life, 100), udp_frame(other, one, life, 100)]);
        Flood::of(frames.collect()).per_second(10_000).send_in(yard.street(), interface);
        sent += u64::from(FRAMES);
    };
    // Each begins to speak at once, and has not ended long before the name does.
    yard.lay_cable("lan1", "02:00:00:00:00:11");
    talk("lan1", 1);
    wait_until("lan1 is captured", REPORT_LIMIT, || captures(&daemon, "lan1"));
    rename(&yard, "lan1", "lan9");
    talk("lan9", 2);
    wait_until("lan9 is captured", REPORT_LIMIT, || captures(&daemon, "lan9") && !captures(&daemon, "lan1"));
    talk("lan9", 3);
    yard.gw().run("ip link delete dev lan9");
    wait_until("lan9 is gone", REPORT_LIMIT, || !captures(&daemon, "lan9"));
    yard.lay_cable("lan1", "02:00:00:00:00:12");
    talk("lan1", 4);
    wait_seen(&daemon, sent);
    assert_eq!(restarts(&daemon.status()), 0, "no process was started again");
    daemon.terminate();
    let named = names(&folder(&yard, device(1)));
    let every = u64::from(FRAMES);
    let expected = [((1, "lan1"), every), ((2, "lan9"), every), ((3, "lan9"), every), ((4, "lan1"), every)];
    let expected = expected.map(|((life, name), count)| ((life, name.to_owned()), count));
    assert_eq!(named, BTreeMap::from(expected));
}

/// How often processes were started again.
fn restarts(status: &serde_json::Value) -> u64 {
    let processes = status["processes"].as_array().expect("a list").iter();
    processes.map(|process| process["restarts"].as_u64().expect("a number")).sum()
}

/// Gives both ends of a cable another name.
fn rename(yard: &Yard, from: &str, to: &str) {
    for ns in [yard.gw(), yard.street()] {
        ns.run(&format!("ip link set dev {from} down && ip link set dev {from} name {to} && ip link set dev {to} up"));
    }
}

/// How many packets came from each source port over each interface. Read here, because tshark 4.0 looks the interfaces of
/// every section up in the first one.
fn names(folder: &Path) -> BTreeMap<(u16, String), u64> {
    let mut counts = BTreeMap::new();
    for segment in segments(folder) {
        let mut interfaces = Vec::new();
        for (kind, body) in blocks(&fs::read(segment).expect("it can be read")) {
            match kind {
                SECTION => interfaces.clear(),
                INTERFACE => interfaces.push(name(body)),
                _ => {
                    let interface = u32::from_le_bytes(body[..4].try_into().expect("four bytes"));
                    let port = u16::from_be_bytes(body[20 + 34..20 + 36].try_into().expect("two bytes"));
                    let name = interfaces.get(interface as usize).expect("it was described").clone();
                    *counts.entry((port, name)).or_default() += 1;
                }
            }
        }
    }
    counts
}

/// The kind of each block of a pcapng file and what stands between its lengths (section 3.1 of the draft).
fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
    let mut found = Vec::new();
    while !file.is_empty() {
        let [kind, length] = [0, 4].map(|at| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes")));
        let (block, rest) = file.split_at(length as usize);
        found.push((kind, &block[8..block.len() - 4]));
        file = rest;
    }
    found
}

/// The name in an interface's description: its first option.
fn name(body: &[u8]) -> String {
    assert_eq!(body[8..10], [2, 0], "if_name comes first");
    let length = usize::from(body[10]);
    String::from_utf8_lossy(&body[12..12 + length]).into_owned()
}
