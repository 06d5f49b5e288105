//! What comes off real wires, in a network namespace of each test's own.

use super::wires::{Caught, OURS, Observer, SOMEBODY, end, frame, in_new_namespace, is_end, run, wait_forwarding};
use crate::capture::filter::dropping;
use crate::sys::ring::{Ring, Settings};
use caps::CapSet;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rebootping_core::packet::frame::{Direction, LinkType};
use rebootping_lab::{Flood, open_tun};
use serde_json::Value;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const BLOCKS: u16 = 4;
const TWO_WIRES: &str = "
    ip link add wan1 type veth peer name isp1
    ip link set dev wan1 address 02:00:00:00:00:11 up
    ip link set dev isp1 address 02:00:00:00:00:12 up";
const WAN1: [u8; 6] = [2, 0, 0, 0, 0, 0x11];

/// The frames seen on an interface, the last one left away.
fn on<'a>(caught: &'a [Caught], interface: &str) -> Vec<&'a [u8]> {
    let there = caught.iter().filter(|caught| caught.interface == interface && !is_end(caught));
    there.map(|caught| &caught.bytes[..]).collect()
}

fn has_arrived_on(interface: &str) -> impl Fn(&Caught) -> bool {
    move |caught| is_end(caught) && caught.seen() == (interface, Direction::Received)
}

#[test]
fn tags_are_put_back_at_both_ends_of_a_wire() {
    in_new_namespace(TWO_WIRES);
    let mut observer = Observer::start(BLOCKS);
    let payload = [7; 50];
    let sent = [
        frame(SOMEBODY, &[], &payload),
        frame(SOMEBODY, &[0x81, 0, 0x20, 7], &payload),
        frame(SOMEBODY, &[0x88, 0xa8, 0, 100, 0x81, 0, 0, 7], &payload),
        frame(SOMEBODY, &[0x81, 0, 0, 100, 0x81, 0, 0, 7], &payload),
    ];
    Flood::of(sent.iter().cloned().chain([end()]).collect()).send("isp1");
    let caught = observer.catch_until(has_arrived_on("wan1"));
    assert_eq!(on(&caught, "wan1"), sent);
    assert_eq!(on(&caught, "isp1"), sent);
    assert!(caught.iter().all(|caught| caught.link == LinkType::Ethernet));
    assert!(caught.is_sorted_by_key(|caught| caught.stamp));
}

#[test]
fn asking_an_empty_ring_does_not_pass_its_next_block_over() {
    in_new_namespace(TWO_WIRES);
    let settings = Settings { blocks: BLOCKS, retire: Duration::from_millis(5) };
    let mut ring = Ring::open(settings, &dropping(&[])).expect("a ring");
    for number in 0..=BLOCKS {
        (0..number).for_each(|_| drop(ring.next_block()));
        Flood::of(vec![end()]).send("isp1");
        poll(&mut [PollFd::new(ring.as_fd(), PollFlags::POLLIN)], PollTimeout::MAX).expect("poll");
        assert!(ring.next_block().is_some(), "asked {number} times in vain, another block is waited for");
    }
}

#[test]
fn a_frame_says_whether_it_was_sent_received_or_overheard() {
    in_new_namespace(TWO_WIRES);
    let mut observer = Observer::start(BLOCKS);
    Flood::of(vec![frame(WAN1, &[], b"to us"), frame(SOMEBODY, &[], b"to somebody"), end()]).send("isp1");
    let caught = observer.catch_until(has_arrived_on("wan1"));
    let seen = |what: &[u8]| -> Vec<_> {
        caught.iter().filter(|caught| caught.bytes.ends_with(what)).map(Caught::seen).collect()
    };
    assert_eq!(seen(b"to us"), [("isp1", Direction::Sent), ("wan1", Direction::Received)]);
    assert_eq!(seen(b"to somebody"), [("isp1", Direction::Sent), ("wan1", Direction::Overheard)]);
}

#[test]
fn the_longest_frame_of_an_offload_comes_whole() {
    in_new_namespace(TWO_WIRES);
    run("ip link set dev wan1 mtu 65535\n ip link set dev isp1 mtu 65535");
    let mut observer = Observer::start(BLOCKS);
    let long = frame(SOMEBODY, &[0x81, 0, 0, 7], &vec![0xa5; 65_226 - 18]);
    assert_eq!(long.len(), 65_226);
    Flood::of(vec![long.clone(), end()]).send("isp1");
    let caught = observer.catch_until(has_arrived_on("wan1"));
    assert!(on(&caught, "wan1") == [&long[..]], "it is not the same");
}

#[test]
fn a_bridge_of_two_ports_shows_each_frame_once_on_each_wire_and_not_on_itself() {
    in_new_namespace(
        "ip link add br0 type bridge
         ip link add lan1 type veth peer name host1
         ip link add lan2 type veth peer name host2
         ip link add mac0 link br0 type macvlan
         ip link set dev lan1 master br0 up
         ip link set dev lan2 master br0 up
         ip link set dev host1 up
         ip link set dev host2 up
         ip link set dev br0 up
         ip link set dev mac0 up",
    );
    ["lan1", "lan2"].into_iter().for_each(wait_forwarding);
    let mut observer = Observer::start(BLOCKS);
    assert_eq!(observer.captured(), ["host1", "lan1", "host2", "lan2"]);
    let sent = frame(SOMEBODY, &[0x81, 0, 0, 7], b"to a tagged host");
    Flood::of(vec![sent.clone(), end()]).send("host1");
    let caught = observer.catch_until(has_arrived_on("host2"));
    for wire in ["host1", "lan1", "lan2", "host2"] {
        assert_eq!(on(&caught, wire), [&sent[..]], "{wire}");
    }
    assert_eq!(caught.iter().filter(|caught| !is_end(caught)).count(), 4);
}

#[test]
fn an_interface_plugged_in_later_is_captured_and_one_renamed_or_replaced_still_is() {
    in_new_namespace(TWO_WIRES);
    let mut observer = Observer::start(BLOCKS);
    let passes = |observer: &mut Observer, from: &str, to: &str, captured: &[&str]| {
        observer.follow();
        assert_eq!(observer.captured(), captured);
        Flood::of(vec![frame(SOMEBODY, &[], b"hot"), end()]).send(from);
        let caught = observer.catch_until(has_arrived_on(to));
        assert_eq!(on(&caught, to).len(), 1, "{to}");
    };
    run("ip link add lan0 type veth peer name pc
         ip link set dev lan0 up
         ip link set dev pc up");
    passes(&mut observer, "pc", "lan0", &["isp1", "wan1", "pc", "lan0"]);
    run("ip link set dev pc down
         ip link set dev pc name laptop
         ip link set dev laptop up");
    passes(&mut observer, "laptop", "lan0", &["isp1", "wan1", "laptop", "lan0"]);
    run("ip link del lan0
         ip link add lan0 type veth peer name pc
         ip link set dev lan0 up
         ip link set dev pc up");
    passes(&mut observer, "pc", "lan0", &["isp1", "wan1", "pc", "lan0"]);
    let devices: Value = serde_json::from_str(&run("ip -d -j link show dev lan0")).expect("JSON");
    assert_eq!(devices[0]["promiscuity"], 1, "cards hand on what is for others only when asked");
}

#[test]
fn frames_of_what_was_just_left_out_come_no_more() {
    in_new_namespace(TWO_WIRES);
    run("ip link add lan1 type veth peer name pc
         ip link add br0 type bridge
         ip link set dev br0 up
         ip link set dev lan1 up
         ip link set dev pc up");
    let mut observer = Observer::start(BLOCKS);
    assert!(observer.captured().contains(&"br0"));
    run("ip link set dev lan1 master br0");
    observer.follow();
    assert!(!observer.captured().contains(&"br0"));
    wait_forwarding("lan1");
    Flood::of(vec![frame(SOMEBODY, &[], b"x"), end()]).send("br0");
    let caught = observer.catch_until(has_arrived_on("pc"));
    assert_eq!(on(&caught, "lan1").len(), 1);
    assert_eq!(on(&caught, "br0").len(), 0);
}

#[test]
fn a_tunnel_device_shows_ip_packets() {
    in_new_namespace("");
    let tun = open_tun("tun0").expect("a tun device");
    run("ip link set dev tun0 up");
    let mut observer = Observer::start(BLOCKS);
    let echo = "4500001c00000000400166dfc0000201c6336401080000000000ffff";
    let packet: Vec<u8> = (0..28).map(|at| u8::from_str_radix(&echo[2 * at..][..2], 16).expect("hex")).collect();
    std::io::Write::write_all(&mut &tun, &packet).expect("a tun device takes packets");
    let is_it = |caught: &Caught| caught.bytes == packet;
    let caught = observer.catch_until(is_it);
    let found = caught.iter().find(|caught| is_it(caught)).expect("it was waited for");
    assert_eq!((found.seen(), found.link), (("tun0", Direction::Received), LinkType::Ip));
}

#[test]
fn what_a_full_ring_could_not_take_is_counted_and_nothing_else_is() {
    in_new_namespace(TWO_WIRES);
    let mut observer = Observer::start(2);
    let before = observer.counters();
    let long = frame(SOMEBODY, &[], &[0; 1400]);
    let (first, second) = (5_000, 1_000);
    Flood::of(vec![long.clone()]).count(first).send("isp1");
    let full = observer.counters();
    assert!(full.drops.ring > 0 && full.packets - before.packets >= first);
    Flood::of(vec![long.clone()]).count(second).send("isp1");
    let fuller = observer.counters();
    assert!(fuller.drops.ring >= full.drops.ring + second, "each call adds to the ones before: {fuller:?}");
    let taken = observer.close().len() as u64;
    let said = fuller.packets - before.packets - (fuller.drops.ring - before.drops.ring);
    // Two blocks hold 1,400 of them; one that was handed over before it was full holds fewer.
    assert!(taken >= 500 && taken <= said, "{taken} of {said} came out");
}

#[test]
fn without_any_capability_it_goes_on() {
    in_new_namespace(TWO_WIRES);
    let mut observer = Observer::start(BLOCKS);
    run("ip link add br0 type bridge
         ip link add lan1 type veth peer name pc
         ip link set dev lan1 master br0 up
         ip link set dev pc up");
    let (powerless, sender_waits) = mpsc::channel();
    thread::scope(|scope| {
        // A thread of its own keeps the power to send.
        scope.spawn(move || {
            sender_waits.recv().expect("the observer gives up its power");
            Flood::of(vec![frame(SOMEBODY, &[], b"hot"), end()]).send("pc");
        });
        for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
            caps::clear(None, set).expect("powers are given up");
        }
        observer.follow();
        assert_eq!(observer.captured(), ["isp1", "wan1", "pc", "lan1"]);
        powerless.send(()).expect("the sender waits");
        let caught = observer.catch_until(has_arrived_on("lan1"));
        assert_eq!(on(&caught, "lan1").len(), 1);
        assert!(observer.counters().packets >= 4);
    });
    observer.close();
}

#[test]
fn the_tail_is_handed_out_before_the_end() {
    in_new_namespace(TWO_WIRES);
    let observer = Observer::start(BLOCKS);
    Flood::of(vec![frame(SOMEBODY, &[], b"last words")]).send("wan1");
    let caught = observer.close();
    assert!(caught.iter().any(|caught| caught.bytes.ends_with(b"last words") && caught.bytes[12..14] == OURS));
}
