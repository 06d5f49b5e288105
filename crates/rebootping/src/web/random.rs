//! Secrets drawn from the kernel, through a file that was opened while files could be opened.

use std::fs::File;
use std::io::{self, Read};

/// The kernel's source of random bytes.
#[derive(Debug)]
pub(super) struct Random(File);

impl Random {
    /// Opens it.
    pub(super) fn open() -> io::Result<Self> {
        File::open("/dev/urandom").map(Self)
    }

    /// So many bytes nobody can guess.
    pub(super) fn draw<const BYTES: usize>(&self) -> io::Result<[u8; BYTES]> {
        let mut bytes = [0; BYTES];
        (&self.0).read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
