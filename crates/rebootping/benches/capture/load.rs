//! What is sent: frames of so many bytes, between so many devices, at a pace two processors keep.

use crate::support::{GATEWAY, Mac, device};
use rebootping_lab::{Flood, imix, udp_frame};

/// As many as a household with guests.
const DEVICES: u16 = 50;

/// Frames of one kind, and what capturing them may cost.
pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The frames of a device whose packets go to a MAC.
    frames: fn(Mac, Mac) -> Vec<Vec<u8>>,
    /// Whether they go to another device, or to the gateway.
    between_devices: bool,
    pub(crate) packets: u64,
    pub(crate) per_second: u64,
    /// The most it may cost, in what tcpdump does; where there is none, losses alone are counted.
    pub(crate) limit: Option<f64>,
}

/// Four seconds of each.
pub(crate) const LOADS: [Load; 5] = [
    Load {
        name: "imix",
        what: "IMIX, devices to the gateway",
        frames: imix,
        between_devices: false,
        packets: 400_000,
        per_second: 100_000,
        limit: Some(1.0),
    },
    Load {
        name: "long",
        what: "1400 bytes, devices to the gateway",
        frames: |from, to| vec![udp_frame(from, to, 40_000, 1400)],
        between_devices: false,
        packets: 240_000,
        per_second: 60_000,
        limit: Some(1.0),
    },
    Load {
        name: "short",
        what: "64 bytes, devices to the gateway",
        frames: |from, to| vec![udp_frame(from, to, 40_000, 60)],
        between_devices: false,
        packets: 600_000,
        per_second: 150_000,
        limit: Some(1.15),
    },
    Load {
        name: "devices",
        what: "IMIX, device to device: two records a packet",
        frames: imix,
        between_devices: true,
        packets: 400_000,
        per_second: 100_000,
        limit: Some(1.5),
    },
    Load {
        name: "gigabit",
        what: "IMIX that fills a wire of 1 Gbit/s, devices to the gateway",
        frames: imix,
        between_devices: false,
        packets: 1_300_000,
        per_second: 330_000,
        limit: None,
    },
];

impl Load {
    /// Everybody in it.
    pub(crate) fn devices() -> Vec<Mac> {
        (0..DEVICES).map(device).collect()
    }

    /// All frames, each device by turns.
    pub(crate) fn flood(&self) -> Flood {
        let to = |number: u16| if self.between_devices { device((number + 1) % DEVICES) } else { GATEWAY };
        let each: Vec<Vec<Vec<u8>>> = (0..DEVICES).map(|number| (self.frames)(device(number), to(number))).collect();
        let rounds = each.first().map_or(0, Vec::len);
        let frames = (0..rounds).flat_map(|round| each.iter().map(move |frames| frames[round].clone())).collect();
        Flood::of(frames).count(self.packets).per_second(self.per_second)
    }
}
