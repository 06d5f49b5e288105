//! The memory packets wait in: buffers of a few sizes, used again and again, all together bounded.

/// Together with what is on its way to the disk: a disk that hangs for a moment at a gigabit a second is bridged, a small machine not filled.
pub(super) const MOST: usize = 32 << 20;
/// Of these, as many may be filling; the rest is for those on their way, so that a busy writer leaves room to go on.
const MOST_FILLING: usize = MOST / 2;
/// What a quiet owner says in half a second.
const SMALLEST: usize = 2 << 10;
/// Appending to fifty files by turns on ext4, 404 bytes (a packet of the usual mix with its block) cost 244 ns in pieces of 64 KB,
/// 187 ns in 128 KB and 138 ns in 256 KB: fewer opened files, and larger runs of pages. Sixty-four such buffers may fill at once.
pub(super) const LARGEST_BY_RATE: Size = Size(7);
/// A packet of the snap length fits.
const SIZES: usize = 9;

/// A size of buffers: 2 KB, 4 KB, and so on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size(u8);

impl Size {
    /// The smallest that holds so many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        let doublings = bytes.div_ceil(SMALLEST).next_power_of_two().ilog2() as u8;
        Self(doublings.min(SIZES as u8 - 1))
    }

    pub(super) const fn bytes(self) -> usize {
        SMALLEST << self.0
    }

    pub(super) fn larger(self) -> Self {
        Self(self.0 + 1).min(LARGEST_BY_RATE)
    }

    pub(super) const fn smaller(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All buffers there are.
#[derive(Debug, Default)]
pub(super) struct Memory {
    free: [Vec<Vec<u8>>; SIZES],
    /// Bytes of all buffers: filling, on their way, and free.
    bytes: usize,
    filling: usize,
}

impl Memory {
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a buffer more may fill, or another must be handed out first.
    pub(super) const fn may_fill(&self, size: Size) -> bool {
        self.filling + size.bytes() <= MOST_FILLING
    }

    /// An empty buffer to fill; none if the bound is reached.
    pub(super) fn take(&mut self, size: Size) -> Option<Vec<u8>> {
        let buffer = self.find(size)?;
        self.filling += size.bytes();
        Some(buffer)
    }

    /// Has the bytes of a buffer on its way in the smallest that holds them, where there is room for one: then those that wait
    /// for the disk are more than half full.
    pub(super) fn pack(&mut self, buffer: Vec<u8>) -> Vec<u8> {
        let size = Size::of(buffer.len());
        if size >= size_of(&buffer) {
            return buffer;
        }
        let Some(mut packed) = self.find(size) else { return buffer };
        packed.extend_from_slice(&buffer);
        self.give_back(buffer);
        packed
    }

    fn find(&mut self, size: Size) -> Option<Vec<u8>> {
        self.free[size.index()].pop().or_else(|| self.make(size))
    }

    fn make(&mut self, size: Size) -> Option<Vec<u8>> {
        while self.bytes + size.bytes() > MOST {
            // Free buffers of other sizes make room.
            let other = self.free.iter_mut().find_map(Vec::pop)?;
            self.bytes -= size_of(&other).bytes();
        }
        self.bytes += size.bytes();
        Some(Vec::with_capacity(size.bytes()))
    }

    /// Notes that a buffer is on its way.
    pub(super) fn handed_out(&mut self, buffer: &Vec<u8>) {
        self.filling -= size_of(buffer).bytes();
    }

    /// Takes a buffer back that was on its way.
    pub(super) fn give_back(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.free[size_of(&buffer).index()].push(buffer);
    }
}

/// The size a buffer was made with.
pub(super) fn size_of(buffer: &Vec<u8>) -> Size {
    // An allocator may give more than was asked for.
    Size((buffer.capacity() / SMALLEST).max(1).ilog2().min(SIZES as u32 - 1) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_holds_what_it_was_chosen_for_and_no_more_than_needed() {
        for (bytes, size) in [(0, 2048), (2048, 2048), (2049, 4096), (65_536, 65_536), (262_188, 524_288)] {
            assert_eq!(Size::of(bytes).bytes(), size, "{bytes} bytes");
        }
    }

    #[test]
    fn all_buffers_together_stay_within_the_bound() {
        let mut memory = Memory::default();
        let small: Vec<Vec<u8>> = std::iter::from_fn(|| memory.take(Size::of(0))).collect();
        assert_eq!(small.len(), MOST / SMALLEST);
        assert_eq!((memory.bytes(), memory.may_fill(Size::of(0))), (MOST, false));
        for buffer in small {
            memory.handed_out(&buffer);
            memory.give_back(buffer);
        }
        assert_eq!(memory.bytes(), MOST, "they are free, not gone");
        let large = memory.take(LARGEST_BY_RATE).expect("free ones make room");
        assert_eq!((large.capacity(), memory.bytes()), (262_144, MOST));
        memory.handed_out(&large);
        memory.give_back(large);
        assert!(memory.may_fill(LARGEST_BY_RATE));
    }

    #[test]
    fn what_waits_takes_no_more_than_twice_its_length() {
        let mut memory = Memory::default();
        for length in [1, 2048, 2049, 65_536, 65_537, 131_073, 262_144] {
            let mut buffer = memory.take(LARGEST_BY_RATE).expect("there is room");
            buffer.extend((0..length).map(|at| at as u8));
            memory.handed_out(&buffer);
            let bytes = buffer.clone();
            let packed = memory.pack(buffer);
            assert_eq!(packed, bytes);
            assert!(packed.capacity() <= SMALLEST.max(length * 2), "{length} bytes in {}", packed.capacity());
            memory.give_back(packed);
        }
        assert!(memory.bytes() <= 2 * LARGEST_BY_RATE.bytes(), "buffers are used again: {} bytes", memory.bytes());
    }
}
