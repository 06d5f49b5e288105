//! The journal: all that a family's decisions were made of, in blocks of a few hundred bytes an hour.
//!
//! A block begins with the decider as it stood, so that a replay can begin at any block, and goes on with what happened, entry by
//! entry. It keeps every echo's outcome and leaves out what no decision needs: round trips (the samples have them), and how the
//! traffic of a minute in which nothing new happened was spread over its rounds; that minute's sum is known within half a percent.
//!
//! ```text
//! block   = version, decider, token…, checksum
//! token   = shift (time since the round before is not the interval) · stretch · round · loss · orders · retry
//! stretch = up to 60 rounds, each of a shape as in recent rounds: runs of shapes, then the traffic of all of them together
//! round   = one unlike those before it: its shape, and its own traffic
//! shape   = presence, orders, outcome of each echo: named by how recent it is, or told by where it differs from the last one
//! ```
//!
//! A block whose checksum is wrong is not read at all: decisions replayed from it would be inventions.

mod pen;
mod reading;
mod rough;
mod shape;
mod whole;

use crate::coder::{Decoder, Encoder};
use crate::link::decide::{Decider, Entry};
use crate::time::Time;
use alloc::vec::Vec;
use core::hash::Hasher;
use pen::Pen;
use reading::Reading;
use siphasher::sip::SipHasher13;

pub(super) use whole::Usual;

/// The way blocks are written, raised when that changes.
const VERSION: u8 = 1;
/// Bytes of the checksum at a block's end.
const CHECKSUM: usize = 4;
/// Most rounds of a stretch: at one a second their traffic is known by the minute.
const STRETCH_ROUNDS: u64 = 60;

// The kinds of tokens, in the lowest three bits of their first number; what its other bits say stands beside each.
/// Nothing. By how many nanoseconds the next round is later than expected follows.
const SHIFT: u64 = 0;
/// How many rounds, 0 being the most there may be. Their runs follow, then the traffic of each link.
const STRETCH: u64 = 1;
/// Whether this host dropped packets. The shape follows, then how many, and each link's traffic.
const ROUND: u64 = 2;
/// Which link. When, from the expected round on, and its presence follow.
const LOST: u64 = 3;
/// How many. When, and the orders follow.
const ORDERS: u64 = 4;
/// Which link. When follows.
const RETRY: u64 = 5;

/// Writes a block.
#[derive(Clone, Debug)]
pub struct Writer {
    head: Encoder,
    pen: Pen,
    entries: u64,
}

impl Writer {
    /// A block that begins with a decider as it stands now.
    pub fn new(decider: &Decider, now: Time) -> Self {
        let mut head = Encoder::default();
        head.put(VERSION.into());
        decider.write(now, &mut head);
        Self { head, pen: Pen::new(decider.opening(), now), entries: 0 }
    }

    /// Adds what happened next.
    pub fn push(&mut self, entry: &Entry) {
        self.entries = self.entries.saturating_add(1);
        self.pen.push(entry);
    }

    /// How many entries there are.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The block.
    pub fn finish(self) -> Vec<u8> {
        let mut block = self.head.into_bytes();
        block.extend(self.pen.finish());
        block.extend(checksum(&block));
        block
    }
}

/// Reads a block, entry by entry.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    decider: Decider,
    reading: Reading<'a>,
}

impl<'a> Reader<'a> {
    /// Reads the block's beginning; none if it is damaged, or of a version that is not known here.
    pub fn new(block: &'a [u8]) -> Option<Self> {
        let (content, sum) = block.split_at_checked(block.len().checked_sub(CHECKSUM)?)?;
        if sum != checksum(content) {
            return None;
        }
        let mut decoder = Decoder::new(content);
        if decoder.take() != u64::from(VERSION) {
            return None;
        }
        let decider = Decider::read(&mut decoder)?;
        let reading = Reading::new(decoder, decider.opening());
        Some(Self { decider, reading })
    }

    /// The decider as it stood when the block began.
    pub fn decider(&self) -> &Decider {
        &self.decider
    }

    /// Whether reading came upon something that cannot be, and ended there.
    pub fn is_damaged(&self) -> bool {
        self.reading.is_damaged()
    }
}

impl Iterator for Reader<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.reading.next()
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = SipHasher13::new();
    hasher.write(content);
    (hasher.finish() as u32).to_le_bytes()
}

#[cfg(test)]
mod tests;
