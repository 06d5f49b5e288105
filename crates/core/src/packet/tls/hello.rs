//! The ClientHello of one TCP connection, from segments that may come in any order, and records that may end anywhere.

use super::{CLIENT_HELLO, ClientHello};
use crate::packet::pieces::{LONGEST, Pieces};
use crate::packet::reader::Reader;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The type of a record with a handshake message, with which it begins (RFC 8446 section 5.1).
pub const HANDSHAKE: u8 = 22;
/// A handshake's type and length.
const HEADER: usize = 4;
/// So many segments are looked at: 16 KiB in segments of the least MTU are thirty.
const MOST_SEGMENTS: u8 = 64;

/// The beginning of what a client says on one connection: 16 KiB at most.
#[derive(Clone, Debug)]
pub struct Hello {
    first: u32,
    segments: u8,
    pieces: Pieces,
}

/// How far reading a ClientHello has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It has not ended yet.
    More,
    /// Here it is.
    Done(Box<ClientHello>),
    /// It is none, or too long.
    Not,
}

impl Hello {
    /// Waits for the bytes from this sequence number on: the one after the client's SYN, or that of its first segment with data.
    pub fn new(first: u32) -> Self {
        Self { first, segments: 0, pieces: Pieces::default() }
    }

    /// Takes the payload of a segment with its sequence number. After `Done` or `Not` there is nothing more to tell.
    pub fn push(&mut self, sequence: u32, bytes: &[u8]) -> Progress {
        let at = sequence.wrapping_sub(self.first) as usize;
        // Nearly all come in one segment, which then need not be copied.
        if at == 0 && self.pieces.is_empty() {
            match read(bytes) {
                Progress::More => {}
                told => return told,
            }
        }
        self.segments = self.segments.saturating_add(1);
        if self.segments > MOST_SEGMENTS {
            return Progress::Not;
        }
        // What is too far ahead, or a keep-alive's byte before the first, is not needed yet, or never.
        self.pieces.put(at, bytes);
        read(self.pieces.beginning())
    }

    /// Bytes of memory held beside the value itself.
    pub fn size(&self) -> usize {
        self.pieces.size()
    }
}

fn read(stream: &[u8]) -> Progress {
    let mut reader = Reader::new(stream);
    let mut handshake = Vec::new();
    loop {
        let record = reader.rest();
        let Some(([kind, major, _minor], length)) = reader.array().zip(reader.u16()) else {
            return if may_begin(record) { Progress::More } else { Progress::Not };
        };
        if (kind, major) != (HANDSHAKE, 3) || length == 0 || usize::from(length) > LONGEST {
            return Progress::Not;
        }
        let whole = reader.bytes(length.into());
        let body = whole.unwrap_or(reader.rest());
        // Nearly all are one record, which then need not be copied.
        if handshake.is_empty() {
            match progress(body) {
                Progress::More => {}
                told => return told,
            }
        }
        handshake.extend_from_slice(body);
        match progress(&handshake) {
            Progress::More => {}
            told => return told,
        }
        if whole.is_none() {
            return Progress::More;
        }
    }
}

/// Whether the first bytes of a record could be a handshake's.
fn may_begin(record: &[u8]) -> bool {
    record.iter().zip([HANDSHAKE, 3]).all(|(&is, expected)| is == expected)
}

/// Reads as much of a handshake as there is.
pub(in crate::packet) fn progress(handshake: &[u8]) -> Progress {
    let length = match *handshake {
        [] | [CLIENT_HELLO] | [CLIENT_HELLO, 0] | [CLIENT_HELLO, 0, _] => return Progress::More,
        [CLIENT_HELLO, high, middle, low, ..] => u32::from_be_bytes([0, high, middle, low]) as usize,
        _ => return Progress::Not,
    };
    match length.saturating_add(HEADER) {
        LONGEST.. => Progress::Not,
        needed if handshake.len() < needed => Progress::More,
        _ => ClientHello::read(handshake).map_or(Progress::Not, |hello| Progress::Done(hello.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::browser;
    use super::*;
    use proptest::prelude::*;

    /// The handshake in records of so many bytes each.
    fn records(handshake: &[u8], length: usize) -> Vec<u8> {
        let record = |body: &[u8]| [&[HANDSHAKE, 3, 1][..], &(body.len() as u16).to_be_bytes(), body].concat();
        handshake.chunks(length).flat_map(record).collect()
    }

    fn done(handshake: &[u8]) -> Progress {
        Progress::Done(ClientHello::read(handshake).unwrap().into())
    }

    #[test]
    fn one_segment_is_told_at_once_and_held_nowhere() {
        let handshake = browser(10);
        let mut hello = Hello::new(u32::MAX);
        assert_eq!(hello.push(u32::MAX, &records(&handshake, 5000)), done(&handshake));
        assert_eq!(hello.size(), 0);
    }

    #[test]
    fn records_end_anywhere_and_segments_come_in_any_order() {
        let handshake = browser(900);
        for length in [1, 3, 500, 1999] {
            let stream = records(&handshake, length);
            let mut segments: Vec<(u32, &[u8])> = stream
                .chunks(1 + stream.len() / 12)
                .scan(u32::MAX - 700, |at, segment| {
                    let sequence = *at;
                    *at = at.wrapping_add(segment.len() as u32);
                    Some((sequence, segment))
                })
                .collect();
            for turn in 0..segments.len() {
                segments.rotate_left(turn);
                let mut hello = Hello::new(u32::MAX - 700);
                let (last, before) = segments.split_last().unwrap();
                for (sequence, segment) in before {
                    assert_eq!(hello.push(*sequence, segment), Progress::More);
                    assert_eq!(hello.push(*sequence, segment), Progress::More, "sent again");
                }
                assert_eq!(hello.push(last.0, last.1), done(&handshake), "records of {length}, turn {turn}");
            }
        }
    }

    #[track_caller]
    fn check(stream: &[u8], expected: &Progress) {
        assert_eq!(Hello::new(5).push(5, stream), *expected, "{stream:x?}");
    }

    #[test]
    fn what_is_no_client_hello_is_said_as_soon_as_it_shows() {
        check(&[], &Progress::More);
        check(&[22], &Progress::More);
        check(&[22, 3, 1, 0, 200], &Progress::More);
        check(&[22, 3, 1, 0, 200, 1, 0], &Progress::More);
        check(b"GET / HTTP/1.1", &Progress::Not);
        check(&[22, 2], &Progress::Not);
        check(&[22, 3, 1, 0, 0], &Progress::Not);
        check(&[22, 3, 1, 0x40, 1], &Progress::Not);
        check(&[22, 3, 1, 0, 200, 2], &Progress::Not);
        check(&[22, 3, 1, 0, 200, 1, 1], &Progress::Not);
        check(&[22, 3, 1, 0, 200, 1, 0, 0x40], &Progress::More);
        check(&[22, 3, 1, 0, 200, 1, 0, 0x40, 0], &Progress::Not);
        check(&[22, 3, 1, 0, 5, 1, 0, 0, 1, 3], &Progress::Not);
    }

    #[test]
    fn a_client_that_never_ends_is_given_up() {
        let stream = records(&browser(900), 5000);
        let mut hello = Hello::new(0);
        for at in 0..u32::from(MOST_SEGMENTS) {
            assert_eq!(hello.push(at, &stream[at as usize..=at as usize]), Progress::More);
        }
        assert_eq!(hello.push(64, &stream[64..]), Progress::Not);
        assert_eq!(Hello::new(9).push(8, b"\0"), Progress::More, "a keep-alive");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(segments in proptest::collection::vec((0..40_u32, proptest::collection::vec(any::<u8>(), 0..40)), 0..20)) {
            let mut hello = Hello::new(0);
            let _ = hello.push(0, &[22, 3, 1]);
            for (sequence, bytes) in segments {
                let _ = hello.push(sequence, &bytes);
                prop_assert!(hello.size() < LONGEST * 2);
            }
        }
    }
}
