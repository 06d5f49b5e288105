//! What a process is told, without ever waiting for it: what it does not take at once lies here, within a bound.

use crate::ipc::frame;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};
use serde::Serialize;
use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Bytes that may lie here.
const MOST: usize = 256 * 1024;
/// What is passed on for others leaves the rest to what we have to say ourselves.
const MOST_PASSED_ON: usize = 64 * 1024;

/// The way to one process.
#[derive(Debug)]
pub(super) struct Mailbox {
    stream: UnixStream,
    waiting: VecDeque<u8>,
}

impl Mailbox {
    pub(super) const fn new(stream: UnixStream) -> Self {
        Self { stream, waiting: VecDeque::new() }
    }

    /// Tells it something; `WouldBlock` if too much lies here.
    pub(super) fn post(&mut self, message: &impl Serialize) -> io::Result<()> {
        self.add(&frame(message)?, MOST)
    }

    /// Passes something on, unless so much lies here that it might be in the way of more important things.
    pub(super) fn pass_on(&mut self, message: &impl Serialize) -> io::Result<()> {
        self.add(&frame(message)?, MOST_PASSED_ON)
    }

    fn add(&mut self, frame: &[u8], most: usize) -> io::Result<()> {
        if self.waiting.len() + frame.len() > most {
            self.deliver()?;
        }
        if self.waiting.len() + frame.len() > most {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "it does not read what it was told before"));
        }
        self.waiting.extend(frame);
        self.deliver()
    }

    /// Hands over as much as it takes.
    pub(super) fn deliver(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let (front, _) = self.waiting.as_slices();
            // Not the stream's own mode: whoever reads it waits.
            match send(self.stream.as_raw_fd(), front, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                Ok(sent) => drop(self.waiting.drain(..sent)),
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// It is told nothing more.
    pub(super) fn close(&self) {
        // One that is closed already needs no closing.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::take_frames;
    use std::io::Read;

    #[test]
    fn what_is_not_read_waits_within_a_bound_and_comes_whole_and_in_order() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut mailbox = Mailbox::new(ours);
        let text = |n: usize| format!("{n:08}").repeat(1000);
        let posted = (0..10_000).take_while(|&n| mailbox.pass_on(&text(n)).is_ok()).count();
        assert!((8..100).contains(&posted), "{posted}");
        mailbox.post(&text(posted)).expect("our own still has room");
        theirs.set_nonblocking(true).unwrap();
        let (mut inbox, mut buffer, mut got) = (Vec::new(), vec![0; 65_536], Vec::<String>::new());
        while got.len() <= posted {
            if let Ok(length) = theirs.read(&mut buffer) {
                inbox.extend_from_slice(&buffer[..length]);
            }
            mailbox.deliver().unwrap();
            got.extend(take_frames::<String>(&mut inbox).unwrap());
        }
        assert!(got.iter().enumerate().all(|(n, it)| *it == text(n)));
    }
}
