//! Snappy's block format, in which remote-write is sent: what repeats is told by where it stood before.
//!
//! Source: <https://github.com/google/snappy/blob/main/format_description.txt>. Each place that was passed is remembered by its four
//! bytes, the latest of equals alone; whatever starts with the same four is told as a copy.

use alloc::vec;
use alloc::vec::Vec;

/// Places are remembered in so many slots, as a power of two: 64 KB while a message is written.
const SLOTS: u32 = 14;
/// A copy is told with two bytes for how far back it is, and six bits for its length.
const FARTHEST: usize = 0xffff;
const LONGEST_COPY: usize = 64;
/// A literal is told in pieces of this length, with two bytes for it.
const LONGEST_LITERAL: usize = 0x1_0000;
/// Beyond this the length of a literal has bytes of its own.
const SHORT_LITERAL: usize = 60;
/// Where nothing repeats, places are skipped, one more for each so many without a find.
const PATIENCE: usize = 32;

/// The same bytes, compressed.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2);
    varint(bytes.len() as u64, &mut out);
    let mut known = vec![usize::MAX; 1 << SLOTS];
    let (mut at, mut told) = (0_usize, 0_usize);
    while let Some(four) = four(bytes, at) {
        let before = remember(&mut known, four, at).filter(|before| self::four(bytes, *before) == Some(four));
        let Some(before) = before else {
            let skip = at.saturating_sub(told).checked_div(PATIENCE).unwrap_or(0);
            at = at.saturating_add(1).saturating_add(skip);
            continue;
        };
        literal(bytes.get(told..at).unwrap_or_default(), &mut out);
        let length = common(bytes.get(before..).unwrap_or_default(), bytes.get(at..).unwrap_or_default());
        copy(at.saturating_sub(before), length, &mut out);
        at = at.saturating_add(length);
        told = at;
    }
    literal(bytes.get(told..).unwrap_or_default(), &mut out);
    out
}

/// A number in sevens of bits, the lowest first.
pub(crate) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*four))
}

/// Remembers a place; the last one that had as good as the same bytes, if a copy reaches it.
fn remember(known: &mut [usize], four: u32, at: usize) -> Option<usize> {
    // Knuth's multiplicative hash.
    let slot = four.wrapping_mul(0x9e37_79b1) >> (u32::BITS.saturating_sub(SLOTS));
    let before = core::mem::replace(known.get_mut(slot as usize)?, at);
    at.checked_sub(before).is_some_and(|distance| distance <= FARTHEST).then_some(before)
}

fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

fn literal(bytes: &[u8], out: &mut Vec<u8>) {
    for piece in bytes.chunks(LONGEST_LITERAL) {
        let length = piece.len().saturating_sub(1);
        match u8::try_from(length) {
            Ok(short) if length < SHORT_LITERAL => out.push(short << 2),
            Ok(byte) => out.extend([60 << 2, byte]),
            Err(_) => {
                out.push(61 << 2);
                out.extend((length as u16).to_le_bytes());
            }
        }
        out.extend_from_slice(piece);
    }
}

fn copy(distance: usize, mut length: usize, out: &mut Vec<u8>) {
    while length > 0 {
        let piece = length.min(LONGEST_COPY);
        out.push((piece.saturating_sub(1) as u8) << 2 | 0b10);
        out.extend((distance as u16).to_le_bytes());
        length = length.saturating_sub(piece);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::collection::vec as some;
    use proptest::prelude::*;

    /// Written from the format's description alone.
    pub(in crate::metrics) fn decompress(mut bytes: &[u8]) -> Vec<u8> {
        let mut take = |count: usize| {
            let (taken, rest) = bytes.split_at(count.min(bytes.len()));
            bytes = rest;
            taken.to_vec()
        };
        let (mut length, mut shift) = (0_usize, 0);
        while let [byte] = take(1)[..] {
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let mut out: Vec<u8> = Vec::new();
        while let [tag] = take(1)[..] {
            let number = |bytes: Vec<u8>| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            let upper = usize::from(tag >> 2);
            let (distance, length) = match tag & 3 {
                0 => {
                    let length = if upper < 60 { upper } else { number(take(upper - 59)) } + 1;
                    out.extend(take(length));
                    continue;
                }
                1 => ((usize::from(tag >> 5) << 8) | number(take(1)), (upper & 7) + 4),
                2 => (number(take(2)), upper + 1),
                _ => (number(take(4)), upper + 1),
            };
            assert!(distance > 0 && distance <= out.len(), "it copies what is there");
            for _ in 0..length {
                out.push(out[out.len() - distance]);
            }
        }
        assert_eq!(out.len(), length);
        out
    }

    #[test]
    fn bytes_as_the_format_has_them() {
        assert_eq!(compress(b""), [0]);
        assert_eq!(compress(b"abc"), [3, 2 << 2, b'a', b'b', b'c']);
        // One literal of one byte, and copies of what is one byte back.
        assert_eq!(compress(&[7; 70]), [70, 0, 7, 63 << 2 | 2, 1, 0, 4 << 2 | 2, 1, 0]);
        let long: Vec<u8> = (0..100).collect();
        assert_eq!(compress(&long)[..3], [100, 60 << 2, 99]);
        let longer: Vec<u8> = (0..300_u32).flat_map(|n| n.wrapping_mul(0x9e37_79b1).to_le_bytes()).collect();
        assert_eq!(compress(&longer)[..5], [0xb0, 0x09, 61 << 2, 0xaf, 0x04]);
    }

    #[test]
    fn what_repeats_is_told_once() {
        let line = b"rebootping_echoes_sent_total{link=\"wan1\",family=\"ipv4\"}";
        let bytes: Vec<u8> = (0..200_u8).flat_map(|n| [line.as_slice(), &[n]].concat()).collect();
        let compressed = compress(&bytes);
        assert!(compressed.len() * 10 < bytes.len(), "{} of {}", compressed.len(), bytes.len());
        assert_eq!(decompress(&compressed), bytes);
    }

    proptest! {
        #[test]
        fn bytes_come_back(words in some(some(0_u8..4, 0..9), 0..4000), noise in some(any::<u8>(), 0..70_000)) {
            let bytes = [words.concat(), noise, words.concat()].concat();
            prop_assert_eq!(decompress(&compress(&bytes)), bytes);
        }
    }
}
