//! The part of an input that lies in memory: what was read and not yet used up, in one buffer that slides along.

use core::ops::Range;
use std::io::{self, ErrorKind, Read};

/// As much is asked of the system at once: what it copies is still in the processor's second cache when it is looked at.
const USUAL: usize = 256 << 10;

/// A sliding window over an input.
pub(super) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer holds bytes that were read and not used up.
    held: Range<usize>,
    /// How many bytes were used up before the buffer's first.
    before: u64,
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; USUAL], held: 0..0, before: 0 }
    }

    /// The next `wanted` bytes, which stay where they are; none if the input ends before.
    #[inline]
    pub(super) fn ahead(&mut self, wanted: usize) -> io::Result<Option<&[u8]>> {
        if self.held.len() < wanted && !self.gather(wanted)? {
            return Ok(None);
        }
        Ok(self.buffer.get(self.held.start..self.held.start + wanted))
    }

    /// The next bytes as an array.
    #[inline]
    pub(super) fn peek<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        Ok(self.ahead(N)?.and_then(|bytes| bytes.first_chunk()).copied())
    }

    /// Uses up bytes that were seen ahead, and returns where they lie until the next call of [`Window::ahead`].
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Range<usize> {
        let from = self.held.start;
        let to = (from + length).min(self.held.end);
        self.held.start = to;
        from..to
    }

    /// The bytes of a range that [`Window::take`] returned, or of a part of it.
    #[inline]
    pub(super) fn lent(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Nothing is held: at the end of the input this means that it ended where something else ended.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How many bytes were used up so far.
    pub(super) const fn consumed(&self) -> u64 {
        self.before + self.held.start as u64
    }

    /// Forgets what was read and not used up.
    pub(super) const fn forget(&mut self) {
        self.before = self.consumed();
        self.held = 0..0;
    }

    pub(super) const fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// Reads on until so many bytes are held; false if the input ends before.
    #[cold]
    fn gather(&mut self, wanted: usize) -> io::Result<bool> {
        while self.held.len() < wanted {
            if self.fill(wanted)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn fill(&mut self, wanted: usize) -> io::Result<usize> {
        if self.held.start + wanted > self.buffer.len() || self.held.is_empty() {
            self.buffer.copy_within(self.held.clone(), 0);
            self.before = self.consumed();
            self.held = 0..self.held.len();
        }
        if self.held.end == self.buffer.len() {
            // Doubled as bytes really come, so that a length nobody sends costs nothing.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.held.end..).unwrap_or_default();
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.held.end += read;
        Ok(read)
    }
}
