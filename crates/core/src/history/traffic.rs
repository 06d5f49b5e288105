//! How much a device or a link moved: minutes for a month, quarters of an hour for a year, calendar days and months for good.
//!
//! What a graph shows is kept within 1 % (`traffic/block.rs`); what is counted against a cap is exact, and so are the totals of days
//! and months. Where a day begins is for those to say who know the operator's zone: boundaries come from outside.

mod block;
mod cap;

pub use block::{MOST, decode, encode, rounded};
pub use cap::{Cap, Course};

/// What was moved in some time.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Moved {
    /// Bytes it sent.
    pub sent: u64,
    /// Bytes it was sent.
    pub received: u64,
    /// Packets it sent.
    pub sent_packets: u64,
    /// Packets it was sent.
    pub received_packets: u64,
}

impl Moved {
    /// Adds what was moved in another time.
    pub fn add(&mut self, other: &Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.received = self.received.saturating_add(other.received);
        self.sent_packets = self.sent_packets.saturating_add(other.sent_packets);
        self.received_packets = self.received_packets.saturating_add(other.received_packets);
    }
}

#[cfg(test)]
mod tests;
