//! Packet sockets: whole IP packets to and from any interface, with the kernel's own stamps. The raw system calls are here.
//!
//! A packet socket neither asks routes nor passes netfilter, so what it carries is the truth in every state of the firewall
//! (packet(7)). Opening one needs `CAP_NET_RAW`; using one needs nothing.
#![expect(unsafe_code, reason = "packet sockets, filters and control messages have no safe interface")]

use rebootping_core::packet::neighbour::Mac;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Replies of a thousand echoes fit, whatever else keeps us from reading.
const RECEIVE_BUFFER: libc::c_int = 1 << 20;

/// One instruction of a classic BPF filter.
pub(crate) type Instruction = libc::sock_filter;

/// A packet socket that neither needs nor makes link-layer headers.
#[derive(Debug)]
pub(crate) struct PacketSocket {
    fd: OwnedFd,
}

/// What came with a received packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    /// Bytes of it in the buffer.
    pub(crate) length: usize,
    /// The interface it arrived on.
    pub(crate) index: u32,
    /// It was addressed to this host, not overheard.
    pub(crate) to_us: bool,
    /// When the kernel received it, in nanoseconds of its real-time clock.
    pub(crate) stamp: Option<u64>,
}

impl PacketSocket {
    /// A socket that receives the packets of one Ethernet protocol that pass the filter, on all interfaces.
    pub(crate) fn listening(protocol: u16, filter: &[Instruction]) -> io::Result<Self> {
        // Protocol 0 hears nothing, so no packet can slip in before the filter is there.
        let socket = Self::silent()?;
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        socket.set_option(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)?;
        socket.set_option(libc::SOL_SOCKET, libc::SO_RCVBUF, &RECEIVE_BUFFER)?;
        let address = link_address(protocol, 0, None);
        // SAFETY: the address is a whole sockaddr_ll and the length is its size.
        checked(unsafe {
            libc::bind(socket.fd.as_raw_fd(), (&raw const address).cast(), size_of::<libc::sockaddr_ll>() as u32)
        })?;
        Ok(socket)
    }

    /// A socket that only sends, and hears nothing but when its packets left.
    pub(crate) fn silent() -> io::Result<Self> {
        let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: plain system call without pointers.
        let raw = checked(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
        // SAFETY: the descriptor was just opened and nobody else owns it.
        let socket = Self { fd: unsafe { OwnedFd::from_raw_fd(raw) } };
        let stamps =
            libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_TX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
        socket.set_option(libc::SOL_SOCKET, libc::SO_TIMESTAMPING, &stamps)?;
        Ok(socket)
    }

    /// Sends a packet, from its network header on, over an interface; `to` is none on a point-to-point device.
    pub(crate) fn send(&self, packet: &[u8], protocol: u16, index: u32, to: Option<Mac>) -> io::Result<()> {
        let address = link_address(protocol, index, to);
        // SAFETY: buffer and address are valid for the lengths given.
        let sent = unsafe {
            libc::sendto(
                self.fd.as_raw_fd(),
                packet.as_ptr().cast(),
                packet.len(),
                0,
                (&raw const address).cast(),
                size_of::<libc::sockaddr_ll>() as u32,
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Takes the next packet, if there is one.
    pub(crate) fn receive(&self, into: &mut [u8]) -> io::Result<Option<Received>> {
        self.receive_message(into, libc::MSG_DONTWAIT)
    }

    /// Takes the next packet of ours that left, with its link-layer header if it has one; the stamp says when.
    pub(crate) fn receive_departed(&self, into: &mut [u8]) -> io::Result<Option<Received>> {
        self.receive_message(into, libc::MSG_DONTWAIT | libc::MSG_ERRQUEUE)
    }

    fn receive_message(&self, into: &mut [u8], flags: libc::c_int) -> io::Result<Option<Received>> {
        // SAFETY: all-zero is a valid value of both C structures.
        let (mut address, mut message): (libc::sockaddr_ll, libc::msghdr) = unsafe { (zeroed(), zeroed()) };
        let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        // Aligned as control messages must be; room for the stamps and for the error queue's own record.
        let mut control = [0_u64; 32];
        message.msg_name = (&raw mut address).cast();
        message.msg_namelen = size_of::<libc::sockaddr_ll>() as u32;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control);
        // SAFETY: every pointer in the message is to a live local of the length given beside it.
        let length = unsafe { libc::recvmsg(self.fd.as_raw_fd(), &raw mut message, flags) };
        if length < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::WouldBlock { Ok(None) } else { Err(error) };
        }
        let index = u32::try_from(address.sll_ifindex).unwrap_or(0);
        let to_us = u32::from(address.sll_pkttype) == u32::from(libc::PACKET_HOST);
        Ok(Some(Received { length: (length as usize).min(into.len()), index, to_us, stamp: software_stamp(&message) }))
    }

    fn set_option<T>(&self, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
        // SAFETY: the value is live and as long as said.
        let result = unsafe {
            libc::setsockopt(self.fd.as_raw_fd(), level, name, (&raw const *value).cast(), size_of::<T>() as u32)
        };
        checked(result).map(drop)
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The kernel's software stamp among a message's control data, in nanoseconds; none if it is absent or zero.
fn software_stamp(message: &libc::msghdr) -> Option<u64> {
    // SAFETY: the kernel filled the control buffer the message points to and set its length.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: CMSG_NXTHDR stays within that buffer and ends with null.
    while let Some(control) = unsafe { header.as_ref() } {
        if (control.cmsg_level, control.cmsg_type) == (libc::SOL_SOCKET, libc::SO_TIMESTAMPING) {
            // SAFETY: such a control message holds three timespecs, the first of them the software stamp.
            let stamp: libc::timespec = unsafe { libc::CMSG_DATA(header).cast::<libc::timespec>().read_unaligned() };
            let nanos = (stamp.tv_sec as u64).checked_mul(1_000_000_000)?.checked_add(stamp.tv_nsec as u64)?;
            return (nanos > 0).then_some(nanos);
        }
        // SAFETY: as above.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    None
}

fn link_address(protocol: u16, index: u32, to: Option<Mac>) -> libc::sockaddr_ll {
    // SAFETY: all-zero is a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = i32::try_from(index).unwrap_or(0);
    if let Some(mac) = to {
        address.sll_halen = mac.len() as u8;
        for (into, byte) in address.sll_addr.iter_mut().zip(mac) {
            *into = byte;
        }
    }
    address
}

/// Lets this process run before others when the machine is busy (setpriority(2)); needs root.
pub(crate) fn run_first(nice: libc::c_int) -> io::Result<()> {
    // SAFETY: plain system call without pointers.
    checked(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) }).map(drop)
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
