//! `rebootping pcap` beside the daemon that writes: history merged, and what comes.

use rebootping_lab::{Flood, udp_frame};

use crate::followed::Followed;
use crate::pcap::read;
use crate::support::{GATEWAY, KEEP_ALL, device, prove, start, text, wait_seen, yard};

#[test]
fn two_devices_are_merged_in_time_order_and_what_they_share_is_there_once() {
    let yard = yard("merge");
    let daemon = start(&yard, KEEP_ALL);
    let [one, other] = [device(1), device(2)];
    let greetings = prove(&yard, &daemon, &[one, other]);
    let mut said = Vec::new();
    for number in 0..500 {
        said.extend([
            udp_frame(one, other, number, 80),
            udp_frame(other, one, number, 120),
            udp_frame(one, GATEWAY, number, 60),
        ]);
    }
    Flood::of(said.clone()).per_second(3_000).send_in(yard.street(), "lan0");
    wait_seen(&daemon, 4 + said.len() as u64);
    daemon.terminate();
    let daemon = start(&yard, KEEP_ALL);
    let file = yard.dir().join("both.pcapng");
    let output = daemon.cli(&["pcap", &text(one), &text(other), "-w", file.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let kept = read(&file);
    assert!(kept.is_sorted_by_key(|packet| packet.stamp));
    let [asked, answered] = [0, 1].map(|side| greetings.iter().map(move |pair| pair[side].clone()));
    let sent: Vec<Vec<u8>> = asked.chain(answered).chain(said).collect();
    assert!(kept.into_iter().map(|packet| packet.bytes).eq(sent));
}

#[test]
fn what_comes_is_followed_packet_by_packet() {
    let yard = yard("follow");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    let mut followed = Followed::start(&yard, &daemon);
    followed.wait_for(2);
    for number in 0..7 {
        Flood::of(vec![udp_frame(device(1), GATEWAY, number, 60)]).send_in(yard.street(), "lan0");
        // How soon is measured in the bench of captures.
        followed.wait_for(3 + usize::from(number));
    }
}
