//! Traffic of one device or link, span after span, each number within 1 % and idle spans for next to nothing.
//!
//! Of a number seven significant bits are kept. How many bits it has is told by how many its like had before; how many packets there
//! were is told by how long packets were before.

use super::Moved;
use crate::history::range::{Chance, Coder, Decoder, Encoder, Number, Tree};
use alloc::vec::Vec;

/// A block has no more spans than this: the minutes of two days.
pub const MOST: usize = 2880;

/// Significant bits behind the first.
const BEHIND: u32 = 6;
/// Lengths are told by their difference, around the corner: there are 65 of them.
const LENGTHS: usize = 128;
const AROUND: u32 = LENGTHS as u32 - 1;

/// A block of spans, oldest first; those beyond [`MOST`] are left out.
pub fn encode(spans: &[Moved]) -> Vec<u8> {
    let count = spans.len().min(MOST);
    let (mut coder, mut model) = (Encoder::new(), Model::default());
    Number::default().code(&mut coder, count as u32);
    for span in spans.iter().take(count) {
        model.code(&mut coder, span);
    }
    coder.finish()
}

/// The spans of a block, oldest first, as [`rounded`] leaves them. Of damaged bytes, at most [`MOST`] spans that mean nothing.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = Moved> {
    let (mut coder, mut model) = (Decoder::new(bytes), Model::default());
    let count = (Number::default().code(&mut coder, 0) as usize).min(MOST);
    (0..count).map(move |_| model.code(&mut coder, &Moved::default()))
}

/// A number as a block keeps it: at most 1 % off.
pub fn rounded(value: u64) -> u64 {
    Rounded::of(value).value()
}

/// A number of seven significant bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Rounded {
    /// How many bits it has.
    length: u32,
    /// The first of them that follow the highest.
    behind: u32,
}

/// What is expected of the next span.
#[derive(Debug, Default)]
struct Model {
    was_idle: bool,
    idle: [Chance; 2],
    sent: Direction,
    received: Direction,
}

/// What is expected of one direction.
#[derive(Debug, Default)]
struct Direction {
    bytes: Lengths,
    /// How many bits a packet's length has.
    packet: Lengths,
}

/// Lengths of which the last one is the most likely.
#[derive(Debug, Default)]
struct Lengths {
    last: u32,
    off: Tree<LENGTHS>,
}

impl Model {
    fn code(&mut self, coder: &mut impl Coder, span: &Moved) -> Moved {
        let [after_some, after_none] = &mut self.idle;
        let idle = if self.was_idle { after_none } else { after_some };
        self.was_idle = coder.decide(idle, *span == Moved::default());
        if self.was_idle {
            return Moved::default();
        }
        let (sent, sent_packets) = self.sent.code(coder, span.sent, span.sent_packets);
        let (received, received_packets) = self.received.code(coder, span.received, span.received_packets);
        Moved { sent, received, sent_packets, received_packets }
    }
}

impl Direction {
    fn code(&mut self, coder: &mut impl Coder, bytes: u64, packets: u64) -> (u64, u64) {
        let (bytes, packets) = (Rounded::of(bytes), Rounded::of(packets));
        let length = self.bytes.code(coder, bytes.length);
        let bytes = bytes.code_behind(coder, length);
        let packet = self.packet.code(coder, length.wrapping_sub(packets.length));
        let packets = packets.code_behind(coder, length.wrapping_sub(packet) & AROUND);
        (bytes.value(), packets.value())
    }
}

impl Lengths {
    fn code(&mut self, coder: &mut impl Coder, length: u32) -> u32 {
        let off = self.off.code(coder, length.wrapping_sub(self.last));
        self.last = self.last.wrapping_add(off) & AROUND;
        self.last
    }
}

impl Rounded {
    fn of(value: u64) -> Self {
        let bits = |value: u64| u64::BITS.wrapping_sub(value.leading_zeros());
        let dropped = bits(value).saturating_sub(BEHIND + 1);
        let value = value.saturating_add(1 << dropped >> 1);
        let length = bits(value);
        let behind = value >> length.saturating_sub(BEHIND + 1);
        Self { length, behind: behind as u32 & !(u32::MAX << length.saturating_sub(1).min(BEHIND)) }
    }

    fn value(self) -> u64 {
        let length = self.length.min(u64::BITS);
        let Some(behind) = length.checked_sub(1) else { return 0 };
        let bits = behind.min(BEHIND);
        (1 << bits | u64::from(self.behind)) << behind.saturating_sub(bits)
    }

    fn code_behind(self, coder: &mut impl Coder, length: u32) -> Self {
        Self { length, behind: coder.plain(length.saturating_sub(1).min(BEHIND), self.behind) }
    }
}
