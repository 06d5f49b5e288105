//! The other end of a connection in tests: it has said all it will ever say before it is spoken to, and keeps what it hears.

use std::io::{self, Cursor, Read, Write};

/// Says its piece, a few bytes at a time, and hangs up.
pub(crate) struct Scripted {
    says: Cursor<Vec<u8>>,
    /// All that was said to it.
    pub(crate) heard: Vec<u8>,
}

impl Scripted {
    pub(crate) fn new(says: &str) -> Self {
        Self { says: Cursor::new(says.into()), heard: Vec::new() }
    }
}

impl Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Never all of what belongs together.
        let most = buffer.len().min(5);
        self.says.read(&mut buffer[..most])
    }
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heard.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
