//! A connection that is over by a certain time, however slowly the other end speaks; encrypted, or not yet.

use crate::clock;
use rebootping_core::time::Time;
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection.
#[derive(Debug)]
pub(super) enum Wire {
    /// Anybody in between can read it.
    Plain(Timed),
    /// Nobody can.
    Encrypted(Box<StreamOwned<ClientConnection, Timed>>),
}

/// A stream that fails once its time is over.
#[derive(Debug)]
pub(super) struct Timed {
    stream: TcpStream,
    until: Time,
}

impl Timed {
    pub(super) const fn new(stream: TcpStream, until: Time) -> Self {
        Self { stream, until }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = clock::until(self.until);
        if left.is_zero() { Err(too_slow()) } else { Ok(left) }
    }
}

fn too_slow() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "it took too long")
}

/// A timeout of the kernel's is ours.
fn named(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { too_slow() } else { error }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer).map_err(named)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Encrypted(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}
