//! How much a device or a link moved: minutes for a month, quarters of an hour for a year, calendar days and months for good.
//!
//! What a graph shows is kept within 1 % (`traffic/block.rs`); what is counted against a cap is exact, and so are the totals of days
//! and months. Where a day begins is for those to say who know the operator's zone: boundaries come from outside.

mod block;
mod cap;

use super::rollup::Span;
use crate::time::Time;
use alloc::vec;
use alloc::vec::Vec;
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

/// The open span of one device or link.
#[derive(Clone, Copy, Debug)]
pub struct Adder {
    span: Span,
    open: Option<(Time, Moved)>,
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

impl Adder {
    /// Nothing yet.
    pub const fn new(span: Span) -> Self {
        Self { span, open: None }
    }

    /// Adds what was moved at a time; returns the span before, and when it began, if it is over.
    pub fn note(&mut self, at: Time, moved: &Moved) -> Option<(Time, Moved)> {
        let begins = self.span.begin(at);
        let over = self.open.filter(|(open, _)| *open != begins);
        let (_, sum) = match &mut self.open {
            Some(open) if over.is_none() => open,
            open => open.insert((begins, Moved::default())),
        };
        sum.add(moved);
        over
    }
}

/// What was moved from each boundary to the next, in unix seconds: days from minutes, months from days. What lies before the first
/// boundary or after the last is left out.
pub fn by_period(moved: impl IntoIterator<Item = (i64, Moved)>, boundaries: &[i64]) -> Vec<Moved> {
    let mut periods = vec![Moved::default(); boundaries.len().saturating_sub(1)];
    for (at, moved) in moved {
        let period = boundaries.partition_point(|boundary| *boundary <= at).checked_sub(1);
        if let Some(period) = period.and_then(|period| periods.get_mut(period)) {
            period.add(&moved);
        }
    }
    periods
}

#[cfg(test)]
mod tests;
