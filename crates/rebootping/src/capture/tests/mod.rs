//! Bytes built by hand, bytes at random, and the real kernel in a network namespace of the test's own.

mod frames;
mod interfaces;
mod live;
mod wires;

use crate::netlink::message::{Link, OperState, Stats};

/// A plain Ethernet card.
pub(super) fn card(index: u32, name: &str) -> Link {
    Link {
        index,
        name: name.into(),
        up: true,
        carrier: true,
        operstate: OperState::Up,
        point_to_point: false,
        hardware_type: 1,
        hardware_address: Some([2, 0, 0, 0, 0, index as u8]),
        kind: None,
        master: None,
        below: None,
        vlan: None,
        mtu: 1500,
        stats: None,
    }
}

/// A card that lost so many packets.
pub(super) fn lossy(index: u32, rx_lost: u64) -> Link {
    Link { stats: Some(Stats { rx_bytes: 0, tx_bytes: 0, rx_lost }), ..card(index, "wan1") }
}
