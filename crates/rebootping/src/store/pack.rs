//! Several series in one block: small numbers say which and how long, their bytes follow.
//!
//! One series of an hour is a few kilobytes at most; a row of its own would leave half a page of the file empty each time.

/// One series of a block: its number in the file, and its bytes.
pub(super) type Part<'a> = (i64, &'a [u8]);

/// Writes series as one.
pub(super) fn pack(parts: &[Part<'_>]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(parts.iter().map(|(_, bytes)| bytes.len() + 6).sum());
    put(parts.len() as u64, &mut packed);
    for (series, bytes) in parts {
        put(*series as u64, &mut packed);
        put(bytes.len() as u64, &mut packed);
    }
    for (_, bytes) in parts {
        packed.extend_from_slice(bytes);
    }
    packed
}

/// The parts of a block; none of a damaged one.
pub(super) fn unpack(packed: &[u8]) -> Vec<Part<'_>> {
    read(packed).unwrap_or_default()
}

fn read(mut rest: &[u8]) -> Option<Vec<Part<'_>>> {
    let count = take(&mut rest)?;
    let mut heads = Vec::new();
    for _ in 0..count {
        heads.push((take(&mut rest)? as i64, usize::try_from(take(&mut rest)?).ok()?));
    }
    let mut parts = Vec::with_capacity(heads.len());
    for (series, length) in heads {
        let (bytes, after) = rest.split_at_checked(length)?;
        parts.push((series, bytes));
        rest = after;
    }
    Some(parts)
}

/// Appends a number, seven bits a byte, the lowest first.
pub(super) fn put(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front; none of one that is cut off or too long.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(parts in prop::collection::vec((0..i64::MAX, any::<Vec<u8>>()), 0..9)) {
            let parts: Vec<Part<'_>> = parts.iter().map(|(series, bytes)| (*series, bytes.as_slice())).collect();
            let packed = pack(&parts);
            prop_assert_eq!(unpack(&packed), parts);
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = unpack(&bytes);
        }
    }
}
