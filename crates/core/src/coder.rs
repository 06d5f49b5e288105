//! Values as bytes and back: what is kept says once which of its fields follow which, and is written and read by that.
//!
//! Numbers are seven bits a byte, the lowest first, the highest bit set while more follow (LEB128). Reading cannot fail: what is
//! cut off or cannot be is read as zero, nothing after it is read, and the decoder knows.

use crate::time::Time;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

/// Bytes of the longest number: 64 bits by seven.
const LONGEST_NUMBER: u32 = 10;

/// Writes values, or fills them in with what it reads.
pub(crate) trait Coder {
    /// A number.
    fn number(&mut self, value: &mut u64);

    /// So many bytes as they are.
    fn bytes(&mut self, value: &mut Vec<u8>, count: usize);

    /// What was read cannot be: nothing more is read.
    fn refuse(&mut self);

    /// A number of fewer bits.
    fn small<T: Copy + Into<u64> + TryFrom<u64>>(&mut self, value: &mut T) {
        let mut wide = (*value).into();
        self.number(&mut wide);
        match T::try_from(wide) {
            Ok(read) => *value = read,
            Err(_) => self.refuse(),
        }
    }

    /// Yes or no.
    fn flag(&mut self, value: &mut bool) {
        self.one_of(value, &[false, true]);
    }

    /// One of these, by its place among them.
    fn one_of<T: Copy + PartialEq>(&mut self, value: &mut T, all: &[T]) {
        let mut place = all.iter().position(|of| of == value).unwrap_or_default() as u64;
        self.number(&mut place);
        match usize::try_from(place).ok().and_then(|place| all.get(place)) {
            Some(read) => *value = *read,
            None => self.refuse(),
        }
    }

    /// A value that may be missing.
    fn option<T>(&mut self, value: &mut Option<T>, blank: T, code: impl FnOnce(&mut Self, &mut T))
    where
        Self: Sized,
    {
        let mut there = value.is_some();
        self.flag(&mut there);
        if there {
            code(self, value.get_or_insert(blank));
        } else {
            *value = None;
        }
    }

    /// A moment.
    fn time(&mut self, value: &mut Time) {
        let mut nanos = value.as_nanos();
        self.number(&mut nanos);
        *value = Time::from_nanos(nanos);
    }

    /// A span of at most 584 years.
    fn duration(&mut self, value: &mut Duration) {
        let mut nanos = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        self.number(&mut nanos);
        *value = Duration::from_nanos(nanos);
    }

    /// An address.
    fn address(&mut self, value: &mut IpAddr) {
        let mut is_v6 = value.is_ipv6();
        self.flag(&mut is_v6);
        let mut octets = match value {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        self.bytes(&mut octets, if is_v6 { 16 } else { 4 });
        if let Ok(octets) = <[u8; 16]>::try_from(octets.as_slice()) {
            *value = octets.into();
        } else if let Ok(octets) = <[u8; 4]>::try_from(octets.as_slice()) {
            *value = octets.into();
        }
    }

    /// A short text.
    fn text(&mut self, value: &mut String) {
        let mut length = value.len() as u64;
        self.number(&mut length);
        let mut bytes = core::mem::take(value).into_bytes();
        self.bytes(&mut bytes, usize::try_from(length).unwrap_or(usize::MAX));
        match String::from_utf8(bytes) {
            Ok(text) => *value = text,
            Err(_) => self.refuse(),
        }
    }

    /// A list of at most so many.
    fn list<T: Clone>(&mut self, list: &mut Vec<T>, most: usize, blank: &T, mut code: impl FnMut(&mut Self, &mut T))
    where
        Self: Sized,
    {
        let mut count = list.len() as u64;
        self.number(&mut count);
        if let Some(count) = usize::try_from(count).ok().filter(|&count| count <= most) {
            list.resize(count, blank.clone());
        } else {
            list.clear();
            self.refuse();
        }
        for one in list {
            code(self, one);
        }
    }
}

/// Writes.
#[derive(Clone, Default, Debug)]
pub(crate) struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// How many bytes were written.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was written so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes a number that nobody reads into.
    pub(crate) fn put(&mut self, number: u64) {
        let mut rest = number;
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    /// Writes bytes as they are.
    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl Coder for Encoder {
    fn number(&mut self, value: &mut u64) {
        self.put(*value);
    }

    fn bytes(&mut self, value: &mut Vec<u8>, _: usize) {
        self.put_bytes(value);
    }

    /// Nothing is read here.
    fn refuse(&mut self) {}
}

/// Reads.
#[derive(Clone, Debug)]
pub(crate) struct Decoder<'a> {
    rest: &'a [u8],
    damaged: bool,
}

impl<'a> Decoder<'a> {
    /// Reads these bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, damaged: false }
    }

    /// Something could not be read.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Nothing is left to be read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// A number.
    pub(crate) fn take(&mut self) -> u64 {
        let mut number = 0;
        self.number(&mut number);
        number
    }

    /// So many bytes; none if fewer are left.
    pub(crate) fn take_bytes(&mut self, count: u64) -> &'a [u8] {
        let cut = usize::try_from(count).ok().and_then(|count| self.rest.split_at_checked(count));
        let Some((taken, rest)) = cut else {
            self.refuse();
            return &[];
        };
        self.rest = rest;
        taken
    }
}

impl Coder for Decoder<'_> {
    fn number(&mut self, value: &mut u64) {
        *value = 0;
        for place in 0..LONGEST_NUMBER {
            let Some((&byte, rest)) = self.rest.split_first() else { break };
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            let shift = place.saturating_mul(7);
            let shifted = bits.checked_shl(shift).unwrap_or(0);
            if shifted.checked_shr(shift) != Some(bits) {
                break;
            }
            *value |= shifted;
            if byte < 0x80 {
                return;
            }
        }
        *value = 0;
        self.refuse();
    }

    fn bytes(&mut self, value: &mut Vec<u8>, count: usize) {
        *value = self.take_bytes(count as u64).to_vec();
    }

    fn refuse(&mut self) {
        self.damaged = true;
        self.rest = &[];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    proptest! {
        #[test]
        fn numbers_come_back(numbers: Vec<u64>, shift in 0_u32..64) {
            let mut encoder = Encoder::default();
            for number in &numbers {
                encoder.put(number >> shift);
            }
            let bytes = encoder.into_bytes();
            let mut decoder = Decoder::new(&bytes);
            for number in &numbers {
                prop_assert_eq!(decoder.take(), number >> shift);
            }
            prop_assert!(decoder.is_at_end() && !decoder.is_damaged());
        }
    }

    #[test]
    fn what_cannot_be_read_is_zero_and_known() {
        for bytes in [&[][..], &[0x80], &[0xff; 11], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]] {
            let mut decoder = Decoder::new(bytes);
            assert_eq!((decoder.take(), decoder.is_damaged(), decoder.is_at_end()), (0, true, true), "{bytes:?}");
        }
    }

    #[test]
    fn a_list_longer_than_can_be_is_not_made() {
        let mut encoder = Encoder::default();
        encoder.put(1 << 40);
        let bytes = encoder.into_bytes();
        let (mut decoder, mut list) = (Decoder::new(&bytes), vec![7_u8]);
        decoder.list(&mut list, 32, &0, Coder::small);
        assert!(list.is_empty() && decoder.is_damaged());
    }
}
