//! The beginning of a stream of bytes, out of pieces that come in any order, twice, or never.

use alloc::vec::Vec;
use core::ops::Range;

/// No stream is kept beyond so many bytes: a ClientHello with keys against quantum computers has 2 KB.
pub(super) const LONGEST: usize = 16 * 1024;
/// So many separate runs are kept: a browser that shuffles its QUIC frames on purpose makes about twenty.
const MOST_RUNS: usize = 64;

/// A stream as far as it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// What of `bytes` has come: apart from each other, sorted.
    runs: Vec<Range<usize>>,
}

impl Pieces {
    /// Puts a piece where it belongs. What ends beyond [`LONGEST`], or makes one run too many, is left out and false.
    pub(super) fn put(&mut self, at: usize, piece: &[u8]) -> bool {
        let end = at.saturating_add(piece.len());
        if piece.is_empty() {
            return true;
        }
        let touched = |run: &Range<usize>| run.start <= end && at <= run.end;
        if end > LONGEST || (self.runs.len() >= MOST_RUNS && !self.runs.iter().any(touched)) {
            return false;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(at..end) {
            place.copy_from_slice(piece);
        }
        let joined = self
            .runs
            .iter()
            .filter(|run| touched(run))
            .fold(at..end, |joined, run| joined.start.min(run.start)..joined.end.max(run.end));
        self.runs.retain(|run| !touched(run));
        let place = self.runs.partition_point(|run| run.start < joined.start);
        self.runs.insert(place, joined);
        true
    }

    /// The bytes from the first on without a gap.
    pub(super) fn beginning(&self) -> &[u8] {
        let end = self.runs.first().filter(|run| run.start == 0).map_or(0, |run| run.end);
        self.bytes.get(..end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Bytes of memory held.
    pub(super) fn size(&self) -> usize {
        let runs = self.runs.capacity().saturating_mul(size_of::<Range<usize>>());
        self.bytes.capacity().saturating_add(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_in_any_order_make_one_beginning() {
        let mut pieces = Pieces::default();
        assert!(pieces.put(4, b"ef") && pieces.put(8, b"i") && pieces.beginning().is_empty());
        assert!(pieces.put(0, b"ab") && pieces.beginning() == b"ab");
        assert!(pieces.put(1, b"bcde") && pieces.beginning() == b"abcdef");
        assert!(pieces.put(6, b"gh") && pieces.beginning() == b"abcdefghi");
        assert_eq!(pieces.runs.len(), 1);
    }

    #[test]
    fn there_is_an_end_to_length_and_to_runs() {
        let mut pieces = Pieces::default();
        assert!(!pieces.put(LONGEST, b"x") && !pieces.put(usize::MAX, b"x") && pieces.is_empty());
        assert!(pieces.put(LONGEST - 1, b"x"));
        assert!((0..MOST_RUNS - 1).all(|run| pieces.put(run * 2, b"x")));
        assert!(!pieces.put(MOST_RUNS * 2, b"x"), "one run too many");
        assert!(pieces.put(1, b"y"), "it joins two");
        assert!(pieces.put(MOST_RUNS * 2, b"x"));
        assert!(pieces.size() < LONGEST * 2 + 4096);
    }

    proptest! {
        #[test]
        fn whatever_the_order_the_beginning_is_the_streams(
            cuts in proptest::collection::vec((0..200_usize, 1..40_usize), 0..40),
        ) {
            let stream: Vec<u8> = (0..255).collect();
            let mut pieces = Pieces::default();
            let mut come = [false; 255];
            for (at, length) in cuts {
                if pieces.put(at, &stream[at..at + length]) {
                    come[at..at + length].fill(true);
                }
                let expected = come.iter().position(|&here| !here).unwrap_or(255);
                prop_assert_eq!(pieces.beginning(), &stream[..expected]);
                prop_assert!(pieces.runs.windows(2).all(|pair| pair[0].end < pair[1].start));
            }
        }
    }
}
