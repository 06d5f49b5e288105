//! Every frame is in exactly the files it belongs to, byte by byte and in its order.

use std::collections::BTreeMap;

use rebootping_lab::{Flood, udp_frame};

use crate::pace::Pace;
use crate::pcap::{Packet, packets, packets_in_all_eyes};
use crate::support::{KEEP_ALL, Mac, device, folder, prove, start, text, times, wait_seen, yard};
use crate::traffic::{Traffic, is_of_gateway, owners, tagged};

const DEVICES: u16 = 50;
/// What a debug build takes beside everything else a machine of two processors has to do.
const PER_SECOND: u64 = 15_000;

#[test]
fn a_million_frames_of_fifty_devices_are_each_where_they_belong() {
    let yard = yard("million");
    for ns in [yard.gw(), yard.street()] {
        ns.run("ip link set dev lan0 mtu 65535");
    }
    let daemon = start(&yard, &format!("{KEEP_ALL}per_device = \"2GB\"\n"));
    let devices: Vec<Mac> = (0..DEVICES).map(device).collect();
    let greetings = prove(&yard, &daemon, &devices);
    let frames = times(100_000, 1_000_000);
    let traffic = Traffic { devices: DEVICES };
    let greeted = greetings.len() as u64 * 2;
    traffic.send(0..frames, PER_SECOND, [yard.gw(), yard.street()], &mut Pace::from(&daemon, greeted));
    wait_seen(&daemon, frames + greeted);
    daemon.terminate();

    let mut expected: BTreeMap<Mac, Vec<u64>> = BTreeMap::new();
    for number in 0..frames {
        for owner in owners(&traffic.frame(number)) {
            expected.entry(owner).or_default().push(number);
        }
    }
    for (mac, [asked, answered]) in devices.iter().zip(&greetings) {
        let kept = packets_in_all_eyes(&folder(&yard, *mac));
        let sent = expected.get(mac).map(Vec::as_slice).unwrap_or_default();
        let sent = || [asked, answered].into_iter().cloned().chain(sent.iter().map(|&number| traffic.frame(number)));
        // The two sides of a cable do not wait for each other: each has its own order.
        for ours in [true, false] {
            let kept = kept.iter().filter(|packet| is_of_gateway(&packet.bytes) == ours);
            compare(&text(*mac), kept, sent().filter(|frame| is_of_gateway(frame) == ours));
        }
    }
    let folders = std::fs::read_dir(yard.captures()).expect("a folder").count();
    assert_eq!(folders, devices.len(), "nobody else has a folder");
}

/// Fails at the first difference between what was kept and what was sent.
#[track_caller]
fn compare<'a>(whose: &str, kept: impl Iterator<Item = &'a Packet>, sent: impl Iterator<Item = Vec<u8>>) {
    let (mut kept, mut sent, mut before) = (kept, sent, 0);
    for place in 0.. {
        match (kept.next(), sent.next()) {
            (None, None) => return,
            (Some(packet), Some(frame)) => {
                assert_eq!(packet.bytes, frame, "{whose}: packet {place} is not the frame that was sent");
                assert_eq!(packet.original as usize, frame.len(), "{whose}: packet {place} is not as long as it was");
                assert!(packet.stamp >= before, "{whose}: packet {place} is older than the one before it");
                before = packet.stamp;
            }
            (kept, sent) => panic!("{whose}: at {place} there is {kept:?} in the files and {sent:?} on the wire"),
        }
    }
}

#[test]
fn over_a_bridge_with_two_ports_and_a_vlan_each_frame_is_kept_once() {
    const VLAN: [u8; 4] = [0x81, 0, 0, 7];
    const BRIDGE: Mac = [0x02, 0, 0, 0, 0, 0xb0];
    let yard = yard("bridge");
    yard.lay_cable("lan1", "02:00:00:00:00:02");
    yard.gw().run(&format!(
        "ip link add br0 address {} type bridge && ip link set dev lan0 master br0 && ip link set dev lan1 master br0 \
         && ip link set dev br0 up",
        text(BRIDGE)
    ));
    let daemon = start(&yard, KEEP_ALL);
    let [left, right, tagger] = [device(1), device(2), device(3)];
    let street = |interface: &str, frame: &Vec<u8>| Flood::of(vec![frame.clone()]).send_in(yard.street(), interface);
    let gw = |interface: &str, frame: &Vec<u8>| Flood::of(vec![frame.clone()]).send_in(yard.gw(), interface);
    let tag = |frame: Vec<u8>| tagged(&frame, &[VLAN]);
    let mut expected: BTreeMap<Mac, Vec<Vec<u8>>> = BTreeMap::new();
    let mut number = 0;
    for _ in 0..20 {
        let mut next = |from, to| {
            number += 1;
            udp_frame(from, to, number, 100)
        };
        // The bridge learns on which port each is.
        let said = [
            ("lan0", next(left, [0xff; 6])),
            ("lan1", next(right, [0xff; 6])),
            ("lan1", tag(next(tagger, [0xff; 6]))),
            ("lan0", next(left, right)),
            ("lan1", next(right, left)),
            ("lan0", next(left, BRIDGE)),
            ("lan1", tag(next(tagger, BRIDGE))),
            ("lan1", tag(next(tagger, left))),
        ];
        for (port, frame) in &said {
            street(port, frame);
        }
        let answers = [next(BRIDGE, left), tag(next(BRIDGE, tagger))];
        for frame in &answers {
            gw("br0", frame);
        }
        for frame in said.into_iter().map(|(_, frame)| frame).chain(answers) {
            for owner in owners(&frame).into_iter().filter(|owner| *owner != BRIDGE) {
                expected.entry(owner).or_default().push(frame.clone());
            }
        }
    }
    wait_seen(&daemon, 200);
    daemon.terminate();
    for mac in [left, right, tagger] {
        let mut kept: Vec<Vec<u8>> = packets(&folder(&yard, mac)).into_iter().map(|packet| packet.bytes).collect();
        let mut sent = expected.remove(&mac).expect("it has sent something");
        assert_eq!(kept.len(), sent.len(), "{} has as many packets as there were", text(mac));
        // One processor's frames may be stamped before another's and come to the ring after them.
        kept.sort();
        sent.sort();
        assert_eq!(kept, sent, "{}", text(mac));
    }
    // What the bridge itself may say to groups is its ports' and no device's.
    let names = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("a folder").file_name();
    let folders = std::fs::read_dir(yard.captures()).expect("a folder").map(names);
    let others: Vec<_> = folders.filter(|name| !name.to_string_lossy().starts_with("if-")).collect();
    assert_eq!(others.len(), 3, "{others:?}");
}
