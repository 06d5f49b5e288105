//! Who gets a folder, and what was heard of a device before it had one.

use rebootping_lab::{Flood, udp_frame};

use crate::pcap::packets;
use crate::support::{GATEWAY, KEEP_ALL, device, folder, start, wait_seen, yard};

#[test]
fn what_a_device_said_before_it_was_proven_is_kept_in_order() {
    let yard = yard("proof");
    let daemon = start(&yard, KEEP_ALL);
    let early: Vec<Vec<u8>> = (1..=300).map(|port| udp_frame(device(1), [0xff; 6], port, 60)).collect();
    Flood::of(early.clone()).per_second(3_000).send_in(yard.street(), "lan0");
    wait_seen(&daemon, 300);
    assert!(!folder(&yard, device(1)).exists(), "nobody has spoken to it");
    let asked = udp_frame(GATEWAY, device(1), 1000, 60);
    let answered = udp_frame(device(1), GATEWAY, 1001, 60);
    Flood::of(vec![asked.clone()]).send_in(yard.gw(), "lan0");
    Flood::of(vec![answered.clone()]).send_in(yard.street(), "lan0");
    wait_seen(&daemon, 302);
    daemon.terminate();
    let kept = packets(&folder(&yard, device(1)));
    let bytes: Vec<Vec<u8>> = kept.iter().map(|packet| packet.bytes.clone()).collect();
    assert_eq!(bytes.len(), 302);
    assert_eq!(bytes, [early, vec![asked, answered]].concat());
    assert!(kept.is_sorted_by_key(|packet| packet.stamp));
}
