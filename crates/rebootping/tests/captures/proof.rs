//! Who gets a folder, and what was heard of a device before it had one.

use std::io::Write;

use rebootping_lab::{Flood, open_tun, udp_frame, wait_until};

use crate::pcap::packets;
use crate::support::{
    GATEWAY, KEEP_ALL, REPORT_LIMIT, WRITE_LIMIT, captures, device, folder, start, text, wait_seen, yard,
};

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

#[test]
fn a_neighbour_on_a_bridge_is_proven_behind_its_port() {
    let yard = yard("neighbour");
    yard.gw().run(
        "ip link add br0 type bridge && ip link set dev lan0 master br0 && ip link set dev br0 up \
         && ip address add 10.0.0.1/24 dev br0",
    );
    let daemon = start(&yard, KEEP_ALL);
    let said = udp_frame(device(1), [0xff; 6], 1, 60);
    Flood::of(vec![said.clone()]).send_in(yard.street(), "lan0");
    let replace = format!("ip neigh replace 10.0.0.5 lladdr {} dev br0 nud reachable", text(device(1)));
    yard.gw().run(&replace);
    wait_until("the kernel's word has proven it", WRITE_LIMIT, || folder(&yard, device(1)).exists());
    daemon.terminate();
    let [kept] = packets(&folder(&yard, device(1))).try_into().expect("one packet");
    assert_eq!(kept.bytes, said);
}

#[test]
fn what_belongs_to_no_device_belongs_to_the_interface() {
    let yard = yard("nobody");
    let tun = yard.gw().enter(|| open_tun("tun0")).expect("a tun device");
    yard.gw().run("ip link set dev tun0 up");
    let daemon = start(&yard, KEEP_ALL);
    wait_until("tun0 is captured", REPORT_LIMIT, || captures(&daemon, "tun0"));
    let ours = udp_frame(GATEWAY, [0x01, 0, 0x5e, 0, 0, 0xfb], 1, 60);
    Flood::of(vec![ours.clone()]).send_in(yard.gw(), "lan0");
    // What comes in over a line without MACs begins with the IP header.
    let packet = udp_frame(device(1), GATEWAY, 2, 60).split_off(14);
    (&tun).write_all(&packet).expect("the device is up");
    wait_seen(&daemon, 2);
    daemon.terminate();
    let bytes = |folder: &str| -> Vec<Vec<u8>> {
        packets(&yard.captures().join(folder)).into_iter().map(|packet| packet.bytes).collect()
    };
    assert_eq!(bytes("if-lan0"), [ours]);
    assert_eq!(bytes("if-tun0"), [packet]);
}
