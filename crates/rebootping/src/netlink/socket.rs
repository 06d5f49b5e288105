//! A netlink socket that never blocks: it hears of every change and asks for dumps.

use super::decode::parse;
use super::message::Message;
use super::uapi;
use super::wire::Request;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvmsg, send, setsockopt, socket,
    sockopt,
};
use std::cell::Cell;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Room for what the kernel says while we are busy. 1,000 devices appearing at once need about 2 MiB.
pub(crate) const RECEIVE_BUFFER: usize = 8 << 20;

/// The kernel fills up to 32 KiB per datagram of a dump; an event may be longer, then [`Netlink`] grows its buffer.
const DATAGRAM: usize = 32 << 10;

/// How many datagrams one call reads at most, so that a flood cannot keep the caller from its deadlines.
const DATAGRAMS_PER_CALL: usize = 256;

/// What can be asked for as a whole, in the order in which it is best asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Dump {
    Links,
    Addresses,
    Routes,
    Neighbours,
    Rules,
}

impl Dump {
    /// All kinds.
    pub(crate) const ALL: [Self; 5] = [Self::Links, Self::Addresses, Self::Routes, Self::Neighbours, Self::Rules];

    /// The request's type, and the size of its fixed header; all zero, the header asks for everything.
    const fn request(self) -> (u16, usize) {
        match self {
            Self::Links => (uapi::RTM_GETLINK, 16),
            Self::Addresses => (uapi::RTM_GETADDR, 8),
            Self::Routes => (uapi::RTM_GETROUTE, 12),
            Self::Neighbours => (uapi::RTM_GETNEIGH, 12),
            Self::Rules => (uapi::RTM_GETRULE, 12),
        }
    }

    /// The multicast groups that tell of changes, as a mask.
    const fn groups(self) -> u32 {
        match self {
            Self::Links => group(uapi::RTNLGRP_LINK),
            Self::Addresses => group(uapi::RTNLGRP_IPV4_IFADDR) | group(uapi::RTNLGRP_IPV6_IFADDR),
            Self::Routes => group(uapi::RTNLGRP_IPV4_ROUTE) | group(uapi::RTNLGRP_IPV6_ROUTE),
            Self::Neighbours => group(uapi::RTNLGRP_NEIGH),
            Self::Rules => group(uapi::RTNLGRP_IPV4_RULE) | group(uapi::RTNLGRP_IPV6_RULE),
        }
    }
}

const fn group(number: u32) -> u32 {
    1 << (number - 1)
}

/// A route netlink socket.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: OwnedFd,
    buffer: Vec<u8>,
    sequence: u32,
    damaged: Cell<u64>,
}

impl Netlink {
    /// Opens a socket that hears of changes of these kinds and holds `receive_buffer` bytes unread; without
    /// `CAP_NET_ADMIN` the system's `rmem_max` caps that.
    pub(crate) fn open(kinds: &[Dump], receive_buffer: usize) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        if setsockopt(&socket, sockopt::RcvBufForce, &receive_buffer).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &receive_buffer)?;
        }
        check_strictly(&socket);
        let groups = kinds.iter().fold(0, |groups, kind| groups | kind.groups());
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM], sequence: 0, damaged: Cell::new(0) })
    }

    /// Asks for everything of one kind; returns the sequence number an error would carry. The kernel runs one dump per
    /// socket, so the next is asked for after [`Message::Done`].
    pub(crate) fn dump(&mut self, kind: Dump) -> io::Result<u32> {
        let (request, header) = kind.request();
        self.send(Request::new(request, uapi::NLM_F_DUMP, &vec![0; header]))
    }

    /// Asks for one device, its byte counts included; returns the sequence number an error would carry.
    pub(crate) fn request_link(&mut self, index: u32) -> io::Result<u32> {
        let mut header = [0; 16];
        for (byte, new) in header.iter_mut().skip(4).zip(index.to_ne_bytes()) {
            *byte = new;
        }
        self.send(Request::new(uapi::RTM_GETLINK, 0, &header))
    }

    /// What has arrived; empty when nothing has. Lost messages are said by [`Message::Overrun`].
    pub(crate) fn receive(&mut self) -> io::Result<Vec<Message>> {
        let mut messages = Vec::new();
        for _ in 0..DATAGRAMS_PER_CALL {
            match self.receive_datagram(&mut messages) {
                Ok(()) | Err(Errno::EINTR) => {}
                Err(Errno::ENOBUFS) => messages.push(Message::Overrun),
                Err(Errno::EAGAIN) => break,
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(messages)
    }

    /// How many messages and attributes were too short to be read, since the start.
    pub(crate) fn damaged(&self) -> u64 {
        self.damaged.get()
    }

    fn send(&mut self, request: Request) -> io::Result<u32> {
        self.sequence = self.sequence.wrapping_add(1);
        send(self.socket.as_raw_fd(), &request.finish(self.sequence), MsgFlags::empty())?;
        Ok(self.sequence)
    }

    fn receive_datagram(&mut self, messages: &mut Vec<Message>) -> nix::Result<()> {
        let (length, from_kernel) = receive_into(&self.socket, &mut self.buffer)?;
        match self.buffer.get(..length) {
            Some(datagram) if from_kernel => messages.extend(parse(datagram, &self.damaged)),
            Some(_) => {}
            None => {
                self.buffer.resize(length, 0);
                messages.push(Message::Overrun);
            }
        }
        Ok(())
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Reads one datagram; returns its whole length, which may be more than was read, and whether the kernel sent it.
pub(super) fn receive_into(socket: &OwnedFd, buffer: &mut [u8]) -> nix::Result<(usize, bool)> {
    let mut parts = [IoSliceMut::new(buffer)];
    let received = recvmsg::<NetlinkAddr>(socket.as_raw_fd(), &mut parts, None, MsgFlags::MSG_TRUNC)?;
    Ok((received.bytes, received.address.is_some_and(|sender| sender.pid() == 0)))
}

/// Makes the kernel (since 4.20) heed what a dump's header and attributes ask for; older ones dump everything, so
/// whoever filters must check the answers all the same.
pub(super) fn check_strictly(socket: &OwnedFd) {
    let _ = setsockopt(socket, StrictChecking, &true);
}

#[derive(Clone, Copy)]
struct StrictChecking;
nix::setsockopt_impl!(StrictChecking, libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, bool, sockopt::SetBool);
