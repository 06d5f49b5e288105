//! The kernel's default routes, asked by netlink in microseconds instead of by a process in milliseconds.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

use crate::Family;

// linux/netlink.h, linux/rtnetlink.h
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTA_OIF: u16 = 4;
const RTA_PRIORITY: u16 = 6;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTN_UNICAST: u8 = 1;
const RTNH_F_DEAD: u8 = 1;
const RTM_F_CLONED: u32 = 0x200;
/// `RTNLGRP_LINK`, `RTNLGRP_IPV4_ROUTE` and `RTNLGRP_IPV6_ROUTE` as a bit mask.
const GROUPS: u32 = 1 | 1 << 6 | 1 << 10;
/// The kernel fills at most this much in one read of a dump.
const READ_SIZE: usize = 64 * 1024;

/// One default route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefaultRoute {
    /// Routing table.
    pub table: u32,
    /// Metric; the lowest wins.
    pub metric: u32,
    /// Interface indices of its next hops that are not dead.
    pub interfaces: Vec<u32>,
}

/// A netlink socket in the namespace of the thread that opened it.
#[derive(Debug)]
pub(crate) struct Rtnl {
    socket: OwnedFd,
}

impl Rtnl {
    pub(crate) fn open() -> Self {
        Self::bound_to(0)
    }

    /// Opens one that becomes readable when a route or a link changes.
    pub(crate) fn open_listener() -> Self {
        Self::bound_to(GROUPS)
    }

    fn bound_to(groups: u32) -> Self {
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)
            .expect("a netlink socket opens");
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups)).expect("a netlink socket binds");
        Self { socket }
    }

    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.socket
    }

    /// Throws away all notifications that wait.
    pub(crate) fn drain(&self) {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                // An overrun only says that there were more of them.
                Ok(_) | Err(nix::Error::ENOBUFS | nix::Error::EINTR) => {}
                Err(_) => return,
            }
        }
    }

    /// All unicast default routes of `family`, in every table, sorted.
    pub(crate) fn default_routes(&self, family: Family) -> Vec<DefaultRoute> {
        send(self.socket.as_raw_fd(), &dump_request(family), MsgFlags::empty()).expect("the kernel takes a request");
        let mut routes = Vec::new();
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let length = match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) => length,
                Err(nix::Error::EINTR) => continue,
                Err(error) => panic!("reading routes: {error}"),
            };
            for (kind, body) in messages(&buffer[..length]) {
                match kind {
                    NLMSG_DONE | NLMSG_ERROR => {
                        routes.sort();
                        return routes;
                    }
                    RTM_NEWROUTE => routes.extend(default_route(body)),
                    _ => {}
                }
            }
        }
    }
}

fn dump_request(family: Family) -> Vec<u8> {
    let family = match family {
        Family::V4 => libc::AF_INET as u8,
        Family::V6 => libc::AF_INET6 as u8,
    };
    let mut request = Vec::with_capacity(28);
    request.extend_from_slice(&28_u32.to_ne_bytes());
    request.extend_from_slice(&RTM_GETROUTE.to_ne_bytes());
    request.extend_from_slice(&NLM_F_REQUEST_DUMP.to_ne_bytes());
    request.extend_from_slice(&[0; 8]);
    request.push(family);
    request.extend_from_slice(&[0; 11]);
    request
}

/// Splits what one read gave into (type, body).
fn messages(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    while bytes.len() >= 16 {
        let length = (u32_at(bytes, 0) as usize).clamp(16, bytes.len());
        found.push((u16_at(bytes, 4), &bytes[16..length]));
        bytes = &bytes[length.next_multiple_of(4).min(bytes.len())..];
    }
    found
}

fn default_route(body: &[u8]) -> Option<DefaultRoute> {
    let (header, rest) = body.split_at_checked(12)?;
    let flags = u32_at(header, 8);
    if header[1] != 0 || header[7] != RTN_UNICAST || flags & RTM_F_CLONED != 0 {
        return None;
    }
    let alive = flags as u8 & RTNH_F_DEAD == 0;
    let mut route = DefaultRoute { table: u32::from(header[4]), metric: 0, interfaces: Vec::new() };
    for (kind, value) in attributes(rest) {
        match kind {
            RTA_TABLE => route.table = u32_at(value, 0),
            RTA_PRIORITY => route.metric = u32_at(value, 0),
            RTA_OIF if alive => route.interfaces.push(u32_at(value, 0)),
            RTA_MULTIPATH => route.interfaces.extend(next_hops(value)),
            _ => {}
        }
    }
    Some(route)
}

fn attributes(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    while bytes.len() >= 4 {
        let length = usize::from(u16_at(bytes, 0)).clamp(4, bytes.len());
        found.push((u16_at(bytes, 2), &bytes[4..length]));
        bytes = &bytes[length.next_multiple_of(4).min(bytes.len())..];
    }
    found
}

/// Interfaces of the living next hops in a multipath attribute (`struct rtnexthop`).
fn next_hops(mut bytes: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        if bytes[2] & RTNH_F_DEAD == 0 {
            found.push(u32_at(bytes, 4));
        }
        let length = usize::from(u16_at(bytes, 0)).max(8);
        bytes = &bytes[length.next_multiple_of(4).min(bytes.len())..];
    }
    found
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
