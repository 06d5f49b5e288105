//! Traffic of many devices of every make, each frame made anew from its number: so a million need no memory.

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use rebootping_lab::{Flood, Ns, udp_frame};

use crate::pace::Pace;
use crate::support::{GATEWAY, Mac, device};

/// As large as receive offload makes frames, nearly.
const LARGE: usize = 60_000;
/// Every so many frames one of these.
const LARGE_EVERY: u64 = 1_000;
/// Lengths in the ratio of the "Internet mix" (RFC 6985), nearly.
const LENGTHS: [usize; 12] = [60, 590, 60, 60, 590, 60, 590, 1514, 60, 590, 60, 60];
const GROUP: Mac = [0x01, 0, 0x5e, 0, 0, 0xfb];
const BROADCAST: Mac = [0xff; 6];
/// Long runs of one side, so that a run costs little and both sides have their turns.
const RUN: usize = 2_000;
/// So many are sent at once: 4 MB of records.
const PIECE: usize = 3 * RUN;

/// Devices that talk to each other, to the gateway and to groups.
#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    pub(crate) devices: u16,
}

impl Traffic {
    /// Frame number `number`: its own number stands at its end.
    pub(crate) fn frame(self, number: u64) -> Vec<u8> {
        let drawn = mix(number);
        let from = device((drawn % u64::from(self.devices)) as u16);
        let other = device(((drawn >> 16) % u64::from(self.devices)) as u16);
        let length = if number % LARGE_EVERY == 0 { LARGE } else { LENGTHS[(drawn >> 32) as usize % LENGTHS.len()] };
        let mut frame = match (drawn >> 48) % 8 {
            0 | 1 => udp_frame(from, GATEWAY, 1, length),
            2 => udp_frame(GATEWAY, from, 2, length),
            3 => udp_frame(from, other, 3, length),
            4 => udp_frame(from, BROADCAST, 4, length),
            5 => udp_frame(from, GROUP, 5, length),
            6 => tagged(&udp_frame(from, GATEWAY, 6, length), &[[0x81, 0, 0, 7]]),
            _ => tagged(&udp_frame(from, other, 7, length), &[[0x88, 0xa8, 0, 9], [0x81, 0, 0x20, 7]]),
        };
        let end = frame.len() - 8;
        frame[end..].copy_from_slice(&number.to_be_bytes());
        frame
    }

    /// Puts frames on the wire in this order: those of the gateway from its own side.
    pub(crate) fn send(
        self,
        numbers: std::ops::Range<u64>,
        per_second: u64,
        [gw, street]: [&Ns; 2],
        pace: &mut Pace<'_>,
    ) {
        let numbers: Vec<u64> = numbers.collect();
        for piece in numbers.chunks(PIECE) {
            let records = piece.chunks(RUN).map(|run| self.send_run(run, per_second, [gw, street])).sum();
            pace.sent(records);
        }
    }

    /// Returns how many records they make.
    fn send_run(self, numbers: &[u64], per_second: u64, [gw, street]: [&Ns; 2]) -> u64 {
        let frames = numbers.iter().map(|&number| self.frame(number));
        let (ours, theirs): (Vec<_>, Vec<_>) = frames.partition(|frame| is_of_gateway(frame));
        let records = theirs.iter().chain(&ours).map(|frame| owners(frame).len() as u64).sum();
        send_in_order(street, theirs, per_second);
        send_in_order(gw, ours, per_second);
        records
    }
}

/// Whether the gateway sent it.
pub(crate) fn is_of_gateway(frame: &[u8]) -> bool {
    frame[6..12] == GATEWAY
}

/// Whose captures a frame belongs in: those of the unicast MACs in it that are not the gateway's.
pub(crate) fn owners(frame: &[u8]) -> Vec<Mac> {
    let macs = [&frame[6..12], &frame[..6]].map(|mac| Mac::try_from(mac).expect("six bytes"));
    let mut owners: Vec<Mac> = macs.into_iter().filter(|mac| *mac != GATEWAY && mac[0] & 1 == 0).collect();
    owners.dedup();
    owners
}

/// The frame with these tags behind its MACs, the outermost first.
pub(crate) fn tagged(frame: &[u8], tags: &[[u8; 4]]) -> Vec<u8> {
    let (macs, rest) = frame.split_at(12);
    [macs, tags.concat().as_slice(), rest].concat()
}

/// Sends over `lan0` from one processor: from two, the kernel itself may take frames in another order.
pub(crate) fn send_in_order(ns: &Ns, frames: Vec<Vec<u8>>, per_second: u64) {
    if frames.is_empty() {
        return;
    }
    ns.enter(|| {
        let mut first = CpuSet::new();
        first.set(0).expect("there is a first processor");
        sched_setaffinity(Pid::from_raw(0), &first).expect("a thread may stay where it is");
        Flood::of(frames).per_second(per_second).send("lan0");
    });
}

/// Spreads numbers evenly (the finisher of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
