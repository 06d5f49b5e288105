//! The three system calls the lab needs that no safe wrapper offers: the only `unsafe` code here.
#![expect(unsafe_code, reason = "tun devices and packet sockets are set up by ioctl and setsockopt on C structures")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

/// Makes and opens a tun device in the calling thread's namespace; it goes when the file is closed.
pub fn open_tun(name: &str) -> io::Result<File> {
    let file = File::options().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")?;
    // SAFETY: an `ifreq` of zeroes is a valid one: it holds integers and arrays of them.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    assert!(name.len() < libc::IFNAMSIZ, "{name} is too long for an interface");
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
    // SAFETY: the descriptor is open and `request` lives through the call, which reads and writes an `ifreq`.
    check(unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) })?;
    Ok(file)
}

/// Switches a tun device's carrier.
pub(crate) fn set_carrier(tun: &File, on: bool) -> io::Result<()> {
    let on = i32::from(on);
    // SAFETY: the descriptor is open and the call reads one `int`.
    check(unsafe { libc::ioctl(tun.as_raw_fd(), libc::TUNSETCARRIER, &raw const on) })
}

/// Has every frame of a packet socket begin with a `virtio_net_hdr`, so that checksums and segments that the sender left to
/// its card can be left to the next one.
pub(crate) fn use_vnet_header(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on = 1_i32;
    let size = size_of_val(&on) as libc::socklen_t;
    let at = (&raw const on).cast();
    // SAFETY: the descriptor is open and `at` points to the `int` of that size that the option takes.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, libc::PACKET_VNET_HDR, at, size) })
}

fn check(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
