//! The hash of the tables that are asked for every packet: fast, and not to be steered by who does not know its seed.
//!
//! Words are folded by a widening multiplication with seeded keys. It protects tables whose worst case is a slow probe or an early
//! eviction, not secrets.

use core::hash::{BuildHasher, Hasher};

/// Draws its keys from one seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) const fn new(seed: u64) -> Self {
        // An odd constant (the golden ratio's), so that a seed of zero still mixes.
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The hash of two addresses of two words each, and another word.
    #[inline]
    pub(super) const fn of(self, [a, b, c, d, rest]: [u64; 5]) -> u64 {
        let [mask, other, last] = MULTIPLES;
        let high = fold(a ^ self.0, c ^ mask);
        let low = fold(b ^ self.0.rotate_left(21), d ^ other);
        fold(high ^ low.rotate_left(32) ^ self.0, rest ^ last)
    }
}

/// Odd, and as many ones as zeros.
const MULTIPLES: [u64; 3] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3];

/// All bits of the product of two words in one.
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    (product >> 64) as u64 ^ product as u64
}

impl BuildHasher for Seed {
    type Hasher = Folding;
    #[inline]
    fn build_hasher(&self) -> Folding {
        Folding(self.0)
    }
}

/// What has been folded so far.
pub(super) struct Folding(u64);

impl Hasher for Folding {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.write_u64(chunk.first_chunk().map_or(0, |word| u64::from_le_bytes(*word)));
        }
        let rest = chunks.remainder().iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        // With the length, so that zeros at the end count.
        self.write_u64(rest | (bytes.len() as u64) << 56);
    }

    // An address is hashed as the number of its family, a length and its bytes: each would else be cut into bytes again.
    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    #[inline]
    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.write_u64(number.into());
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        let [_, multiple, _] = MULTIPLES;
        self.0 = fold(self.0 ^ word, multiple) ^ self.0.rotate_left(23);
    }

    #[inline]
    fn finish(&self) -> u64 {
        let [.., multiple] = MULTIPLES;
        fold(self.0, multiple)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn neighbours_fall_into_different_places() {
        let seed = Seed::new(7);
        let places: BTreeSet<u64> = (0..1000).map(|n| seed.of([n, 0, 0, 0, 0]) % 4096).collect();
        assert!(places.len() > 800, "{}", places.len());
        assert_ne!(seed.of([1, 2, 3, 4, 5]), Seed::new(8).of([1, 2, 3, 4, 5]));
    }

    #[test]
    fn texts_that_differ_in_zeros_differ() {
        let seed = Seed::new(7);
        let hashes: BTreeSet<u64> = (0..40).map(|length| seed.hash_one(std::vec![0_u8; length])).collect();
        let texts: BTreeSet<u64> =
            ["", "\0", "a", "a\0", "abcdefgh", "abcdefgh\0"].map(|text| seed.hash_one(text)).into();
        assert_eq!((hashes.len(), texts.len()), (40, 6));
    }
}
