//! What every packet socket needs: to be opened, to have options set, and to begin to hear (packet(7)).

use rebootping_core::packet::neighbour::Mac;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// One instruction of a classic BPF filter.
pub(crate) type Instruction = libc::sock_filter;

/// An instruction that goes on with the next one.
pub(crate) const fn step(code: u16, k: u32) -> Instruction {
    branch(code, k, 0, 0)
}

/// An instruction that skips `jt` others if what it asks for is so, else `jf`.
pub(crate) const fn branch(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

/// Opens a packet socket of that kind; its protocol is 0, so it hears nothing yet.
pub(super) fn open(kind: libc::c_int) -> io::Result<OwnedFd> {
    let kind = kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: plain system call without pointers.
    let raw = checked(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
    // SAFETY: the descriptor was just opened and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Sets one option of a socket.
pub(super) fn set_option<T>(fd: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the value is live and as long as said.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, (&raw const *value).cast(), size_of::<T>() as u32) };
    checked(result).map(drop)
}

/// Has the kernel drop what the filter refuses, in one step instead of what another filter refused.
pub(super) fn attach(fd: BorrowedFd<'_>, filter: &[Instruction]) -> io::Result<()> {
    let length = u16::try_from(filter.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut() };
    set_option(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// Begins to hear that Ethernet protocol on an interface; 0 is every one there is and will be.
pub(super) fn hear(fd: BorrowedFd<'_>, protocol: u16, index: u32) -> io::Result<()> {
    let address = link_address(protocol, index, None);
    let length = size_of::<libc::sockaddr_ll>() as u32;
    // SAFETY: the address is a whole sockaddr_ll and the length is its size.
    checked(unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), length) }).map(drop)
}

/// The address of an interface, and of somebody on its wire.
pub(super) fn link_address(protocol: u16, index: u32, to: Option<Mac>) -> libc::sockaddr_ll {
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

/// The result of a system call, or why it failed.
pub(super) fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
