//! Which route the kernel would take to an address.

use super::exchange::Exchange;
use super::uapi::{NLM_F_ACK, RTA_DST, RTA_OIF, RTA_TABLE, RTM_F_FIB_MATCH, RTM_GETROUTE, RTM_NEWROUTE, family_number};
use super::wire::{Attributes, Request, u32_at};
use nix::sys::socket::SockProtocol;
use rebootping_core::link::Family;
use std::cell::Cell;
use std::io;
use std::net::IpAddr;

/// `struct rtmsg` before the attributes.
const HEADER: usize = 12;

/// The route that fits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Way {
    /// Length of its destination's prefix in bits: 0 is a default route.
    pub(crate) length: u8,
    /// The interface; none for a route of several.
    pub(crate) index: Option<u32>,
    pub(crate) table: u32,
}

/// The route to an address; none if there is none.
pub(crate) fn to(address: IpAddr) -> io::Result<Option<Way>> {
    let (family, length) = if address.is_ipv4() { (Family::Ipv4, 32) } else { (Family::Ipv6, 128) };
    let mut header = [family_number(family), length, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    header[8..].copy_from_slice(&RTM_F_FIB_MATCH.to_ne_bytes());
    let question = Request::new(RTM_GETROUTE, NLM_F_ACK, &header).with_ip(RTA_DST, address);
    // An error is the kernel's way to say that there is none.
    let answers = Exchange::open(SockProtocol::NetlinkRoute)?.ask(question).unwrap_or_default();
    Ok(answers.iter().find(|(kind, _)| *kind == RTM_NEWROUTE).and_then(|(_, body)| way(body)))
}

fn way(body: &[u8]) -> Option<Way> {
    let damaged = Cell::new(0);
    let attributes = Attributes::new(body.get(HEADER..)?, &damaged);
    let number = |kind| attributes.find(kind).and_then(|attribute| attribute.u32());
    let table = number(RTA_TABLE).or_else(|| body.get(4).map(|table| u32::from(*table)))?;
    // Only the whole header says that nothing is missing.
    u32_at(body, 8)?;
    Some(Way { length: *body.get(1)?, index: number(RTA_OIF), table })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_finds_itself() {
        let way = to(IpAddr::from([127, 0, 0, 1])).expect("the kernel answers");
        assert!(way.is_some_and(|way| way.length > 0 && way.index.is_some()), "{way:?}");
    }

    #[test]
    fn what_is_too_short_is_none() {
        assert_eq!(way(&[]), None);
        assert_eq!(way(&[2, 32, 0, 0]), None);
    }
}
