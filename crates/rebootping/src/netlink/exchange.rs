//! Sends one netlink request and waits for the kernel's answer: for the committer, which may block.

use super::socket::{check_strictly, receive_into};
use super::uapi::{NLMSG_DONE, NLMSG_ERROR};
use super::wire::{Frame, Frames, Request, array_at};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, send, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::cell::Cell;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, OwnedFd};

/// The kernel answers while it takes the request in; only waiting for its lock can take this long.
const TIMEOUT_SECONDS: i64 = 2;

/// The kernel fills at most 32 KiB per datagram of a dump.
const DATAGRAM: usize = 64 << 10;

/// A socket for requests, one at a time.
#[derive(Debug)]
pub(super) struct Exchange {
    socket: OwnedFd,
    sequence: u32,
}

impl Exchange {
    pub(super) fn open(protocol: SockProtocol) -> io::Result<Self> {
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::seconds(TIMEOUT_SECONDS))?;
        check_strictly(&socket);
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Sends a request that asks for an acknowledgement or a dump and waits for its end; returns type and body of what
    /// came before. An error is the kernel's own, or `WouldBlock` when it did not answer within 2 s.
    pub(super) fn ask(&mut self, request: Request) -> io::Result<Vec<(u16, Vec<u8>)>> {
        self.sequence = self.sequence.wrapping_add(1);
        send(self.socket.as_raw_fd(), &request.finish(self.sequence), MsgFlags::empty())?;
        let mut answers = Vec::new();
        let mut buffer = vec![0; DATAGRAM];
        while self.read(&mut buffer, &mut answers)?.is_continue() {}
        Ok(answers)
    }

    fn read(&self, buffer: &mut [u8], answers: &mut Vec<(u16, Vec<u8>)>) -> io::Result<ControlFlow<()>> {
        let (length, from_kernel) = match receive_into(&self.socket, buffer) {
            Err(Errno::EINTR) => return Ok(ControlFlow::Continue(())),
            received => received?,
        };
        let datagram = buffer.get(..length).ok_or(Errno::EMSGSIZE)?;
        let damaged = Cell::new(0);
        let ours = Frames::new(datagram, &damaged).filter(|frame| from_kernel && frame.sequence == self.sequence);
        for frame in ours {
            match frame.kind {
                NLMSG_DONE | NLMSG_ERROR => return end(&frame),
                kind => answers.push((kind, frame.body.to_vec())),
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Both ends of an answer begin with zero or a negated error number.
fn end(frame: &Frame<'_>) -> io::Result<ControlFlow<()>> {
    match array_at(frame.body, 0).map_or(0, i32::from_ne_bytes) {
        0.. => Ok(ControlFlow::Break(())),
        error => Err(io::Error::from_raw_os_error(error.saturating_neg())),
    }
}
