//! Numbers in as few whole bits as they are expected to need: less dense than arithmetic coding, and several times as fast to read.
//!
//! As with [`super::range`], a model is written once: the writer keeps the numbers it is handed, the reader ignores them and answers
//! with those that were kept.

use alloc::vec::Vec;

/// A quotient is counted out up to this; a larger number stands there as it is.
const LONGEST_RUN: u32 = 20;

/// What numbers are handed to.
pub(super) trait Bits {
    /// The lowest bits of a value, at most 32.
    fn plain(&mut self, bits: u32, value: u32) -> u32;

    /// A number that is expected to be about two to the power of `size`, at most 31: Rice's code.
    fn rice(&mut self, size: u32, value: u32) -> u32;

    /// A number of which nothing is expected but that it is small: Elias' gamma code of the next higher.
    fn gamma(&mut self, value: u32) -> u32;

    /// One of `count` numbers that are equally likely: the first ones take a bit less.
    fn one_of(&mut self, count: u32, value: u32) -> u32 {
        let (bits, short) = truncated(count);
        let long = value.wrapping_add(short);
        let coded = self.plain(bits, if value < short { value } else { long >> 1 });
        if coded < short { coded } else { (coded << 1 | self.plain(1, long)).wrapping_sub(short) }
    }
}

/// Writes bits, the first in the lowest place.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    waiting: u64,
    count: u32,
}

/// Reads bits; behind the end of its bytes it reads zeros.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    waiting: u64,
    count: u32,
}

impl Writer {
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.plain(7, 0);
        self.bytes
    }
}

impl Bits for Writer {
    fn plain(&mut self, bits: u32, value: u32) -> u32 {
        let value = u64::from(value) & !(u64::MAX << bits);
        self.waiting |= value << self.count;
        self.count = self.count.wrapping_add(bits);
        while self.count >= 8 {
            self.bytes.push(self.waiting as u8);
            self.waiting >>= 8;
            self.count = self.count.wrapping_sub(8);
        }
        value as u32
    }

    fn rice(&mut self, size: u32, value: u32) -> u32 {
        let quotient = value >> size;
        if quotient < LONGEST_RUN {
            self.plain(quotient.wrapping_add(1), 1 << quotient);
            self.plain(size, value);
        } else {
            self.plain(LONGEST_RUN, 0);
            self.plain(u32::BITS, value);
        }
        value
    }

    fn gamma(&mut self, value: u32) -> u32 {
        let next = u64::from(value).wrapping_add(1);
        let length = next.ilog2();
        self.plain(length, 0);
        self.plain(1, 1);
        self.plain(length, next as u32);
        value
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, waiting: 0, count: 0 }
    }

    /// Has at least 56 bits waiting, zeros where there are none left.
    #[inline]
    fn fill(&mut self) {
        if let Some(next) = self.rest.first_chunk() {
            // Bits of a byte that is not taken yet are put where they will be put again.
            self.waiting |= u64::from_le_bytes(*next) << self.count;
            let taken = 63_u32.wrapping_sub(self.count) >> 3;
            self.rest = self.rest.get(taken as usize..).unwrap_or_default();
            self.count |= 0x38;
        } else {
            self.fill_at_the_end();
        }
    }

    #[cold]
    fn fill_at_the_end(&mut self) {
        while self.count < 56 {
            let (byte, rest) = self.rest.split_first().unwrap_or((&0, &[]));
            self.waiting |= u64::from(*byte) << self.count;
            (self.rest, self.count) = (rest, self.count.wrapping_add(8));
        }
    }

    #[inline]
    fn take(&mut self, bits: u32) -> u32 {
        let value = (self.waiting & !(u64::MAX << bits)) as u32;
        self.waiting >>= bits;
        self.count = self.count.wrapping_sub(bits);
        value
    }
}

impl Bits for Reader<'_> {
    #[inline]
    fn plain(&mut self, bits: u32, _: u32) -> u32 {
        self.fill();
        self.take(bits)
    }

    #[inline]
    fn rice(&mut self, size: u32, _: u32) -> u32 {
        self.fill();
        let quotient = self.waiting.trailing_zeros();
        if quotient >= LONGEST_RUN {
            self.take(LONGEST_RUN);
            return self.take(u32::BITS);
        }
        self.take(quotient.wrapping_add(1));
        quotient << size | self.take(size)
    }

    #[inline]
    fn gamma(&mut self, _: u32) -> u32 {
        self.fill();
        let length = self.waiting.trailing_zeros().min(u32::BITS);
        self.take(length);
        self.take(1);
        self.fill();
        ((1_u64 << length) as u32 | self.take(length)).wrapping_sub(1)
    }
}

/// Bits of the short codes that tell `count` numbers apart, and how many of them there are; all others take one more.
const fn truncated(count: u32) -> (u32, u32) {
    let bits = (count | 1).ilog2();
    (bits, (2_u64 << bits).wrapping_sub(count as u64) as u32)
}
