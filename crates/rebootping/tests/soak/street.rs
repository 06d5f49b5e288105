//! The traffic of thirty households on one LAN, in frames between devices that stay the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rebootping_lab::{Flood, Lab, imix};

pub(crate) type Mac = [u8; 6];

/// The street's end of the cable.
const CABLE: &str = "eth9";
/// Packets a second of a household that moves 20 GB a day, the day's average.
const HOUSEHOLD: u64 = 200;
const HOUSEHOLDS: u64 = 30;
/// Pairs of devices that talk to each other.
const PAIRS: u16 = 30;

/// The MAC of a device of the street.
pub(crate) fn device(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    [0x02, 0xde, 0, 0, high, low]
}

/// A MAC as commands take it.
pub(crate) fn text(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Lays a cable from the gateway, on which all that the street says is heard: a switch would keep it to itself.
pub(crate) fn lay_cable(lab: &Lab) {
    let peer = lab.lan(1).name();
    lab.gw().run(&format!("ip link add lan9 type veth peer name {CABLE} netns {peer} && ip link set dev lan9 up"));
    lab.lan(1).run(&format!("ip link set dev {CABLE} up"));
}

/// Sends frames into the cable; returns when they have left.
pub(crate) fn send(lab: &Lab, frames: &Flood) {
    frames.send_in(lab.lan(1), CABLE);
}

/// Talks until `over`; how many frames.
pub(crate) fn talk(lab: &Lab, over: &AtomicBool) -> u64 {
    let rate = HOUSEHOLD * HOUSEHOLDS;
    let flood = Flood::of(frames()).count(rate).per_second(rate);
    let mut seconds = 0;
    while !over.load(Ordering::Relaxed) {
        send(lab, &flood);
        seconds += 1;
        thread::yield_now();
    }
    seconds * rate
}

/// Both directions of each pair, in the Internet's mix of sizes: two that talk to each other prove each other.
fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for pair in 0..PAIRS {
        let (one, other) = (device(2 * pair), device(2 * pair + 1));
        frames.extend(imix(one, other));
        frames.extend(imix(other, one));
    }
    frames
}
