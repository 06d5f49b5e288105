//! What one side of a TCP connection has said since a message began, while that message is not whole: in order, in bounded room.

use alloc::vec::Vec;

/// No message is kept beyond so many bytes: heads of HTTP with large cookies, and answers of DNS, have less.
const LONGEST: usize = 16 * 1024;
/// So many segments are put together.
const MOST_SEGMENTS: u8 = 64;

/// The beginning of a message.
#[derive(Clone, Debug)]
pub struct Opening {
    first: u32,
    segments: u8,
    bytes: Vec<u8>,
}

impl Opening {
    /// It begins with these bytes of a segment, of which the first has this sequence number.
    pub fn new(first: u32, bytes: &[u8]) -> Self {
        Self { first, segments: 1, bytes: bytes.into() }
    }

    /// Takes the payload of the next segment, or one that was sent again; false if something is missing before it, or it is too much:
    /// then nothing will make the message whole.
    #[must_use]
    pub fn push(&mut self, sequence: u32, payload: &[u8]) -> bool {
        // Before the message, at its end, or beyond. What begins long before it is not sent again but another connection's.
        let at = i64::from(sequence.wrapping_sub(self.first) as i32);
        let known = (self.bytes.len() as i64).saturating_sub(at);
        let Some(known) = usize::try_from(known).ok().filter(|_| at.saturating_neg() <= LONGEST as i64) else {
            return false;
        };
        let new = payload.get(known..).unwrap_or_default();
        self.segments = self.segments.saturating_add(1);
        let is_bounded = self.segments <= MOST_SEGMENTS && self.bytes.len().saturating_add(new.len()) <= LONGEST;
        if is_bounded {
            self.bytes.extend_from_slice(new);
        }
        is_bounded
    }

    /// The sequence number of its first byte.
    pub const fn first(&self) -> u32 {
        self.first
    }

    /// All that has come.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same behind so many bytes, which are understood: the next message begins there.
    #[must_use]
    pub fn behind(mut self, understood: usize) -> Self {
        let understood = understood.min(self.bytes.len());
        self.bytes.drain(..understood);
        self.first = self.first.wrapping_add(understood as u32);
        self
    }

    /// Bytes of memory held beside the value itself.
    pub fn size(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(segments: &[(u32, &[u8])], is_taken: bool, bytes: &[u8]) {
        let mut opening = Opening::new(u32::MAX, b"GET ");
        let (last, before) = segments.split_last().unwrap();
        assert!(before.iter().all(|(sequence, payload)| opening.push(*sequence, payload)));
        assert_eq!((opening.push(last.0, last.1), opening.bytes()), (is_taken, bytes));
    }

    #[test]
    fn segments_follow_each_other_or_come_again() {
        check(&[(3, b"/ ")], true, b"GET / ");
        check(&[(3, b"/ "), (5, b"H")], true, b"GET / H");
        check(&[(3, b"/"), (3, b"/ H")], true, b"GET / H");
        check(&[(1, b"T / ")], true, b"GET / ");
        check(&[(u32::MAX, b"GET")], true, b"GET ");
        check(&[(u32::MAX - 2, b"x\nGET / ")], true, b"GET / ");
        check(&[(u32::MAX - 20, b"long ago")], true, b"GET ");
        check(&[(4, b" HTTP")], false, b"GET ");
        check(&[(u32::MAX - LONGEST as u32, b"long ago")], true, b"GET ");
        check(&[(u32::MAX - LONGEST as u32 - 1, b"another")], false, b"GET ");
    }

    #[test]
    fn what_is_understood_makes_room_for_the_next_message() {
        let mut opening = Opening::new(7, b"one\ntw").behind(4);
        assert!(opening.push(13, b"o") && (opening.first(), opening.bytes()) == (11, b"two"));
        let mut opening = opening.behind(99);
        assert!(opening.push(14, b"three") && opening.bytes() == b"three");
    }

    #[test]
    fn there_is_an_end_to_bytes_and_to_segments() {
        let mut opening = Opening::new(0, &[7; LONGEST - 1]);
        assert!(opening.push(LONGEST as u32 - 1, b"x") && !opening.push(LONGEST as u32, b"x"));
        let mut opening = Opening::new(0, b"x");
        assert!((1..MOST_SEGMENTS).all(|at| opening.push(u32::from(at), b"x")));
        assert!(!opening.push(MOST_SEGMENTS.into(), b"x"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(segments in proptest::collection::vec((any::<u32>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..20)) {
            let mut opening = Opening::new(0, b"x");
            for (sequence, payload) in segments {
                let _ = opening.push(sequence, &payload);
                opening = opening.behind(1);
                prop_assert!(opening.size() <= 2 * LONGEST);
            }
        }
    }
}
