//! The frames of an opened Initial packet that carry the handshake (RFC 9000 sections 12.4 and 19).

use super::initial::varint;
use crate::packet::reader::Reader;

const PADDING: usize = 0x00;
const PING: usize = 0x01;
const ACK: usize = 0x02;
const ACK_ECN: usize = 0x03;
const CRYPTO: usize = 0x06;

/// The pieces of the handshake, each with its offset. A frame that has no place in an Initial packet ends them.
pub(super) fn crypto(payload: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut reader = Reader::new(payload);
    core::iter::from_fn(move || {
        loop {
            match varint(&mut reader)? {
                PADDING => skip_padding(&mut reader)?,
                PING => {}
                ACK => skip_ack(&mut reader, 0)?,
                ACK_ECN => skip_ack(&mut reader, 3)?,
                CRYPTO => {
                    let (at, length) = (varint(&mut reader)?, varint(&mut reader)?);
                    return Some((at, reader.bytes(length)?));
                }
                _ => return None,
            }
        }
    })
}

/// Padding is most of what a client's first packet holds.
fn skip_padding(reader: &mut Reader<'_>) -> Option<()> {
    let more = reader.rest().iter().take_while(|byte| **byte == 0).count();
    reader.bytes(more).map(|_| ())
}

/// Largest acknowledged, delay, number of ranges, first range, the ranges, and the counts of marked packets.
fn skip_ack(reader: &mut Reader<'_>, counts: usize) -> Option<()> {
    let (_largest, _delay) = (varint(reader)?, varint(reader)?);
    let ranges = varint(reader)?;
    let numbers = ranges.saturating_mul(2).saturating_add(1).saturating_add(counts);
    (0..numbers).try_for_each(|_| varint(reader).map(|_| ()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(payload: &[u8], expected: &[(usize, &[u8])]) {
        assert!(crypto(payload).eq(expected.iter().copied()), "{payload:x?}");
    }

    #[test]
    fn the_handshake_is_found_among_all_else() {
        check(&[0, 0, 1, 6, 0, 2, 8, 9, 0, 6, 0x40, 2, 1, 7], &[(0, &[8, 9]), (2, &[7])]);
        check(&[2, 9, 0, 1, 0, 3, 4, 6, 0, 1, 5], &[(0, &[5])]);
        check(&[3, 9, 0, 0, 0, 1, 2, 3, 6, 0, 1, 5], &[(0, &[5])]);
        check(&[6, 0, 1, 5, 0x1c, 6, 0, 1, 5], &[(0, &[5])]);
        check(&[6, 0, 2, 5], &[]);
        check(&[2, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], &[]);
        check(&[], &[]);
    }
}
