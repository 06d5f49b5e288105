//! How much of a network is kept, as the operator says it.

use rebootping_lab::{Flood, udp_frame, wait_until};

use crate::pcap::packets;
use crate::support::{KEEP_ALL, REPORT_LIMIT, capture, device, folder, start, text, wait_seen, yard};

/// Ethernet, IPv4 and UDP.
const HEADERS: usize = 14 + 20 + 8;
const LENGTH: usize = 500;

#[test]
fn each_network_is_kept_as_far_as_the_operator_wants_it() {
    let yard = yard("modes");
    for (number, name) in ["lan1", "lan2", "guest0", "guest1"].iter().enumerate() {
        yard.lay_cable(name, &text([0x02, 0, 0, 0, 1, number as u8]));
    }
    let config = format!(
        "{KEEP_ALL}[[network]]\ninterface = \"lan1\"\nmode = \"off\"\n[[network]]\ninterface = \"lan2\"\n\
         mode = \"headers\"\n[[network]]\ninterface = \"guest1\"\nmode = \"full\"\n"
    );
    let daemon = start(&yard, &config);
    let wanted =
        [("lan0", Some(LENGTH)), ("lan1", None), ("lan2", Some(HEADERS)), ("guest0", None), ("guest1", Some(LENGTH))];
    for (number, (interface, _)) in (1..).zip(wanted) {
        let [one, other] = pair(number);
        let talk =
            vec![udp_frame(one, other, 1, LENGTH), udp_frame(other, one, 2, LENGTH), udp_frame(one, other, 3, LENGTH)];
        Flood::of(talk).send_in(yard.street(), interface);
    }
    // What is off altogether may be seen, for its devices are listed; it is not among those waited for.
    wait_seen(&daemon, 9);
    for became in ["kept", "headers", "off"] {
        wait_until(became, REPORT_LIMIT, || capture(&daemon)["frames"][became]["frames"].as_u64() > Some(0));
    }
    wait_until("records are counted", REPORT_LIMIT, || capture(&daemon)["written"].as_u64() > Some(0));
    daemon.terminate();
    for (number, (interface, length)) in (1..).zip(wanted) {
        for mac in pair(number) {
            let kept = packets(&folder(&yard, mac));
            let lengths: Vec<(usize, u32)> = kept.iter().map(|packet| (packet.bytes.len(), packet.original)).collect();
            let expected = length.map_or(vec![], |length| vec![(length, LENGTH as u32); 3]);
            assert_eq!(lengths, expected, "{interface}");
        }
    }
}

/// Two devices that talk to each other.
fn pair(number: u16) -> [[u8; 6]; 2] {
    [device(number * 2), device(number * 2 + 1)]
}

#[test]
fn another_mode_takes_effect_without_a_restart() {
    let yard = yard("remode");
    let daemon = start(&yard, KEEP_ALL);
    let [one, other] = pair(1);
    let talk = |port| vec![udp_frame(one, other, port, LENGTH), udp_frame(other, one, port, LENGTH)];
    Flood::of(talk(1)).send_in(yard.street(), "lan0");
    wait_seen(&daemon, 2);
    daemon.reload(Some(&format!("{KEEP_ALL}mode = \"headers\"\n")));
    // Frames tell when it has: one a round, the first of which may still be whole.
    let mut sent = 2;
    wait_until("headers alone are kept", REPORT_LIMIT, || {
        Flood::of(talk(2)).send_in(yard.street(), "lan0");
        sent += 2;
        wait_seen(&daemon, sent);
        capture(&daemon)["truncated"].as_u64() > Some(0)
    });
    Flood::of(talk(3)).send_in(yard.street(), "lan0");
    wait_seen(&daemon, sent + 2);
    daemon.terminate();
    let kept = packets(&folder(&yard, one));
    assert_eq!(kept.len() as u64, sent + 2);
    assert!(kept[..2].iter().all(|packet| packet.bytes.len() == LENGTH), "what was kept whole stays whole");
    assert!(kept[kept.len() - 2..].iter().all(|packet| packet.bytes.len() == HEADERS));
}
