//! A stream of pcapng cut at the ends of blocks: Wireshark gets whole ones, whenever we stop.

/// What a stream begins with: a Section Header Block (draft-ietf-opsawg-pcapng, section 4.1).
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// A block has a type and two lengths.
const SHORTEST: usize = 12;
/// No packet of ours is longer than 256 KiB, and none has many remarks.
const LONGEST: usize = 16 << 20;

/// What is sent is no pcapng of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Strange;

/// What came and was not handed on.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    waiting: Vec<u8>,
    has_begun: bool,
}

impl Blocks {
    /// Where what comes is appended.
    pub(super) const fn inbox(&mut self) -> &mut Vec<u8> {
        &mut self.waiting
    }

    /// Takes all whole blocks out.
    pub(super) fn take(&mut self) -> Result<Vec<u8>, Strange> {
        let length = self.whole()?;
        let rest = self.waiting.split_off(length);
        self.has_begun |= length > 0;
        Ok(std::mem::replace(&mut self.waiting, rest))
    }

    /// Nothing is left of a block.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn whole(&self) -> Result<usize, Strange> {
        let mut rest = self.waiting.as_slice();
        while let Some((head, _)) = rest.split_first_chunk::<8>() {
            let [a, b, c, d, lengths @ ..] = *head;
            let length = u32::from_le_bytes(lengths) as usize;
            let is_first = !self.has_begun && rest.len() == self.waiting.len();
            let is_ours = (SHORTEST..=LONGEST).contains(&length) && length % 4 == 0;
            if !is_ours || (is_first && [a, b, c, d] != SECTION) {
                return Err(Strange);
            }
            let Some(after) = rest.get(length..) else { break };
            rest = after;
        }
        Ok(self.waiting.len() - rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(kind: [u8; 4], length: u8) -> Vec<u8> {
        let mut block = vec![7; usize::from(length)];
        block[..8].copy_from_slice(&[&kind[..], &[length, 0, 0, 0]].concat());
        block
    }

    #[test]
    fn blocks_come_out_whole_however_they_are_cut() {
        let stream = [block(SECTION, 28), block([6, 0, 0, 0], 32), block([5, 0, 0, 0], 12)].concat();
        for cut in 1..stream.len() {
            let (mut blocks, mut out, mut ends) = (Blocks::default(), Vec::new(), Vec::new());
            for piece in stream.chunks(cut) {
                blocks.inbox().extend_from_slice(piece);
                out.extend(blocks.take().expect("ours"));
                ends.push(out.len());
            }
            assert!(ends.iter().all(|end| [0, 28, 60, 72].contains(end)), "{ends:?}");
            assert_eq!((out, blocks.is_empty()), (stream.clone(), true));
        }
    }

    #[test]
    fn what_is_none_of_ours_is_noticed() {
        for bytes in [block([6, 0, 0, 0], 28), b"{\"error\":\"no\"}".to_vec(), block(SECTION, 8), block(SECTION, 30)] {
            let mut blocks = Blocks::default();
            blocks.inbox().extend(bytes);
            assert_eq!(blocks.take(), Err(Strange));
        }
    }
}
