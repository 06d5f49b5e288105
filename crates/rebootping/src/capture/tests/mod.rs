//! Bytes built by hand, bytes at random, and the real kernel in a network namespace of the test's own.

mod frames;
mod interfaces;
mod live;
mod wires;

use crate::netlink::message::{Link, Stats};

/// A plain Ethernet card.
pub(super) fn card(index: u32, name: &str) -> Link {
    Link { hardware_address: Some([2, 0, 0, 0, 0, index as u8]), ..Link::ethernet(index, name) }
}

/// A card that lost so many packets.
pub(super) fn lossy(index: u32, rx_lost: u64) -> Link {
    Link { stats: Some(Stats { rx_bytes: 0, tx_bytes: 0, rx_lost }), ..card(index, "wan1") }
}
