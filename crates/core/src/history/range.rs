//! Arithmetic coding of decisions: each costs as many bits as it surprises, by chances that both sides learn on the way.
//!
//! What was decided so far is an interval of 64-bit numbers; each decision keeps the part of it that is as large as the decision
//! was likely. Bytes on which both ends agree are final (G. N. N. Martin, "Range encoding", 1979). A model is written once: it hands
//! its decisions to a [`Coder`], the encoder keeps them, the decoder ignores them and answers with those that were kept.

use alloc::vec::Vec;

/// Parts of a chance.
const WHOLE: u32 = 1 << 16;
/// A chance never comes nearer to nothing than this, so that no decision costs more than 12 bits.
const LEAST: u16 = 16;
/// A chance is learnt from so many of its last decisions, more or less.
const MEMORY: u8 = 250;

/// What decisions are handed to.
pub(super) trait Coder {
    /// Codes a decision by its chance, and lets the chance learn from it.
    fn decide(&mut self, chance: &mut Chance, yes: bool) -> bool;

    /// Codes the lowest `bits` of a value, at most 32, that nothing is known about.
    fn plain(&mut self, bits: u32, value: u32) -> u32;
}

/// How likely a yes is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    yes: u16,
    learnt: u8,
}

/// Values of so many bits, each decided bit by bit from the highest. There are `NODES`, two to the power of the bits.
#[derive(Clone, Debug)]
pub(super) struct Tree<const NODES: usize>([Chance; NODES]);

/// Numbers of any size, of which small ones are likely: first how many bits they have, then the bits.
#[derive(Clone, Debug)]
pub(super) struct Number {
    lengths: Tree<64>,
    leading: [Chance; 33],
}

/// Writes decisions down.
#[derive(Debug)]
pub(super) struct Encoder {
    low: u64,
    high: u64,
    bytes: Vec<u8>,
}

/// Reads decisions; behind the end of its bytes it reads zeros.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    low: u64,
    high: u64,
    value: u64,
    rest: &'a [u8],
}

impl Default for Chance {
    fn default() -> Self {
        Self { yes: 1 << 15, learnt: 0 }
    }
}

impl Chance {
    /// The last number of an interval that means yes: never the last of all, so that no remains possible.
    #[inline]
    fn split(self, low: u64, high: u64) -> u64 {
        low.wrapping_add((high.wrapping_sub(low) >> 16).wrapping_mul(u64::from(self.yes)))
    }

    #[inline]
    fn learn(&mut self, yes: bool) {
        // A half of what it is off at first, less and less with what it has learnt: the estimate of Krichevsky and Trofimov.
        let share = SHARES.get(usize::from(self.learnt)).copied().unwrap_or_default();
        let moved = |off: u16| (u32::from(off).wrapping_mul(share) >> 16) as u16;
        if yes {
            let off = u16::MAX.wrapping_sub(self.yes);
            self.yes = self.yes.wrapping_add(moved(off)).min(u16::MAX.wrapping_sub(LEAST));
        } else {
            self.yes = self.yes.wrapping_sub(moved(self.yes)).max(LEAST);
        }
        self.learnt = self.learnt.saturating_add(1).min(MEMORY);
    }
}

/// By what share of what it is off a chance moves, by how much it has learnt.
const SHARES: [u32; 256] = {
    let mut shares = [0; 256];
    let mut learnt = 0;
    while learnt < 256 {
        #[expect(clippy::indexing_slicing, reason = "computed when it is compiled")]
        {
            shares[learnt] = WHOLE * 2 / (2 * learnt as u32 + 3);
            learnt += 1;
        }
    }
    shares
};

impl<const NODES: usize> Default for Tree<NODES> {
    fn default() -> Self {
        Self([Chance::default(); NODES])
    }
}

impl<const NODES: usize> Tree<NODES> {
    #[inline]
    pub(super) fn code(&mut self, coder: &mut impl Coder, value: u32) -> u32 {
        let mut node = 1;
        for place in (0..NODES.trailing_zeros()).rev() {
            let Some(chance) = self.0.get_mut(node) else { break };
            node = node << 1 | usize::from(coder.decide(chance, value >> place & 1 == 1));
        }
        (node ^ NODES) as u32
    }
}

impl Default for Number {
    fn default() -> Self {
        Self { lengths: Tree::default(), leading: [Chance::default(); 33] }
    }
}

impl Number {
    pub(super) fn code(&mut self, coder: &mut impl Coder, value: u32) -> u32 {
        let length = self.lengths.code(coder, u32::BITS.wrapping_sub(value.leading_zeros())).min(u32::BITS);
        let Some(leading) = self.leading.get_mut(length as usize).filter(|_| length > 1) else { return length };
        // The highest bit is known; the one below it is not spread evenly.
        let rest = length.wrapping_sub(2);
        let second = u32::from(coder.decide(leading, value >> rest & 1 == 1));
        (2 | second) << rest | coder.plain(rest, value)
    }
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { low: 0, high: u64::MAX, bytes: Vec::new() }
    }

    /// The bytes of all decisions: the shortest number that lies in what is left of the interval.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut kept = 0;
        while self.high & kept < self.low {
            kept = kept >> 8 | 0xff << 56;
        }
        self.bytes.extend((self.high & kept).to_be_bytes());
        let length = self.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.wrapping_add(1));
        self.bytes.truncate(length);
        self.bytes
    }

    #[inline]
    fn settle(&mut self) {
        while (self.low ^ self.high) >> 56 == 0 {
            self.bytes.push((self.high >> 56) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
    }
}

impl Coder for Encoder {
    #[inline]
    fn decide(&mut self, chance: &mut Chance, yes: bool) -> bool {
        let split = chance.split(self.low, self.high);
        if yes {
            self.high = split;
        } else {
            self.low = split.wrapping_add(1);
        }
        chance.learn(yes);
        self.settle();
        yes
    }

    fn plain(&mut self, bits: u32, value: u32) -> u32 {
        for place in (0..bits).rev() {
            self.decide(&mut Chance::default(), value >> place & 1 == 1);
        }
        low_bits(bits, value)
    }
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { low: 0, high: u64::MAX, value: 0, rest: bytes };
        for _ in 0..8 {
            decoder.take();
        }
        decoder
    }

    #[inline]
    fn take(&mut self) {
        let (byte, rest) = self.rest.split_first().unwrap_or((&0, &[]));
        (self.value, self.rest) = (self.value << 8 | u64::from(*byte), rest);
    }

    #[inline]
    fn settle(&mut self) {
        while (self.low ^ self.high) >> 56 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            self.take();
        }
    }
}

impl Coder for Decoder<'_> {
    #[inline]
    fn decide(&mut self, chance: &mut Chance, _: bool) -> bool {
        let split = chance.split(self.low, self.high);
        let yes = self.value <= split;
        if yes {
            self.high = split;
        } else {
            self.low = split.wrapping_add(1);
        }
        chance.learn(yes);
        self.settle();
        yes
    }

    fn plain(&mut self, bits: u32, _: u32) -> u32 {
        (0..bits).fold(0, |value, _| value << 1 | u32::from(self.decide(&mut Chance::default(), false)))
    }
}

const fn low_bits(bits: u32, value: u32) -> u32 {
    if bits < 32 { value & !(u32::MAX << bits) } else { value }
}
