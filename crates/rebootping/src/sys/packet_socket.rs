//! Packet sockets: whole IP packets to and from any interface, with the kernel's own stamps.
//!
//! A packet socket neither asks routes nor passes netfilter, so what it carries is the truth in every state of the firewall
//! (packet(7)). Opening one needs `CAP_NET_RAW`; using one needs nothing.

use super::options::{Instruction, attach, hear, link_address, open, set_option};
use rebootping_core::packet::neighbour::Mac;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Replies of a thousand echoes fit, whatever else keeps us from reading.
const RECEIVE_BUFFER: libc::c_int = 1 << 20;

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
    /// When the kernel received it, in nanoseconds of its real-time clock.
    pub(crate) stamp: Option<u64>,
}

impl PacketSocket {
    /// A socket that will receive what passes the filter, of any protocol and not from us, once it is told where.
    ///
    /// Nobody can give it another filter. What would come on several interfaces comes on each.
    pub(crate) fn listening(filter: &[Instruction]) -> io::Result<Self> {
        const YES: libc::c_int = 1;
        let socket = Self::silent()?;
        attach(socket.as_fd(), filter)?;
        set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_LOCK_FILTER, &YES)?;
        set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, &RECEIVE_BUFFER)?;
        set_option(socket.as_fd(), libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &YES)?;
        Ok(socket)
    }

    /// Receives what comes in on an interface, and no longer what came on another; 0 is every one there is and will be.
    pub(crate) fn hear_on(&self, index: u32) -> io::Result<()> {
        hear(self.as_fd(), libc::ETH_P_ALL as u16, index)
    }

    /// A socket that only sends, and hears nothing but when its packets left.
    pub(crate) fn silent() -> io::Result<Self> {
        let socket = Self { fd: open(libc::SOCK_DGRAM)? };
        let stamps =
            libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_TX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
        set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPING, &stamps)?;
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
        Ok(Some(Received { length: (length as usize).min(into.len()), index, stamp: software_stamp(&message) }))
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
