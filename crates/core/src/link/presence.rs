//! When a link is present, and the path its echoes take: interface, own address, next hop.
//!
//! A link is present when it is up with carrier, has a usable address and a next hop: a gateway, or none needed on a
//! point-to-point device (`PPPoE`, raw-ip LTE, tun). The gateway is the first that is known, in the order in which the program
//! lists them: the firewall's providers file, a default route, a router advertisement, the DHCP client's lease, the last that worked.

use super::{Family, Presence};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use serde::{Deserialize, Serialize};

/// What is known of a link's interface and of the ways out of it, for one family.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Facts {
    /// The kernel's number of the interface; none if there is no such interface.
    pub index: Option<u32>,
    /// Administratively up, operational state up or unknown, with carrier.
    pub running: bool,
    /// Frames need no link-layer address.
    pub point_to_point: bool,
    /// Addresses in the kernel's order.
    pub addresses: Vec<Address>,
    /// Gateways, best source of knowledge first.
    pub gateways: Vec<IpAddr>,
}

/// An address of an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// The address itself.
    pub ip: IpAddr,
    /// Length of its subnet's prefix, in bits.
    pub prefix: u8,
    /// Its duplicate address detection is over and its preferred lifetime is not.
    pub preferred: bool,
    /// Made for privacy, and soon replaced (RFC 8981).
    pub temporary: bool,
}

/// Where a link's frames go first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum NextHop {
    /// To this gateway's link-layer address.
    Gateway(IpAddr),
    /// Nowhere in particular: there is one other end.
    PointToPoint,
}

impl NextHop {
    /// The gateway, where there is one.
    pub const fn gateway(self) -> Option<IpAddr> {
        match self {
            Self::Gateway(gateway) => Some(gateway),
            Self::PointToPoint => None,
        }
    }
}

/// The path of a link's echoes, as far as there is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Path {
    /// Whether the link may be used, and if not, what is missing.
    pub presence: Presence,
    /// The kernel's number of the interface.
    pub index: Option<u32>,
    /// The address echoes are sent from.
    pub source: Option<IpAddr>,
    /// Where frames go first.
    pub next_hop: Option<NextHop>,
}

impl Path {
    /// The path of a link of which nothing is known yet.
    pub const UNKNOWN: Self = Self { presence: Presence::Absent, index: None, source: None, next_hop: None };
}

/// Finds the path of one family in what is known.
pub fn path(family: Family, facts: &Facts) -> Path {
    let next_hop = next_hop(family, facts);
    let source = source(family, facts, next_hop);
    let presence = match facts.index {
        None => Presence::Absent,
        Some(_) if !facts.running => Presence::NoCarrier,
        Some(_) if source.is_none() => Presence::NoAddress,
        Some(_) if next_hop.is_none() => Presence::NoNextHop,
        Some(_) => Presence::Present,
    };
    Path { presence, index: facts.index, source, next_hop }
}

fn next_hop(family: Family, facts: &Facts) -> Option<NextHop> {
    if facts.point_to_point {
        return Some(NextHop::PointToPoint);
    }
    facts.gateways.iter().find(|gateway| of_family(**gateway, family)).map(|&gateway| NextHop::Gateway(gateway))
}

/// The address to send from: in the gateway's subnet if there is one, lasting rather than temporary, global rather than private.
fn source(family: Family, facts: &Facts, next_hop: Option<NextHop>) -> Option<IpAddr> {
    let usable = facts
        .addresses
        .iter()
        .filter(|address| address.preferred && of_family(address.ip, family) && reaches_beyond_link(address.ip));
    let rank = |address: &&Address| {
        let beside_gateway =
            matches!(next_hop, Some(NextHop::Gateway(gateway)) if same_subnet(address.ip, gateway, address.prefix));
        (!beside_gateway, address.temporary, is_unique_local(address.ip))
    };
    usable.min_by_key(rank).map(|address| address.ip)
}

fn of_family(ip: IpAddr, family: Family) -> bool {
    ip.is_ipv4() == (family == Family::Ipv4)
}

/// Not loopback, multicast, unspecified or link-local (RFC 3927, RFC 4291 section 2.5.6).
fn reaches_beyond_link(ip: IpAddr) -> bool {
    let local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !(local || ip.is_loopback() || ip.is_multicast() || ip.is_unspecified())
}

/// RFC 4193.
fn is_unique_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unique_local())
}

/// Whether both addresses lie in one subnet of this prefix length.
pub fn same_subnet(a: IpAddr, b: IpAddr, prefix: u8) -> bool {
    let as_v6 = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let prefix = if a.is_ipv4() { u32::from(prefix).saturating_add(96) } else { u32::from(prefix) };
    let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
    let masked = |ip: Ipv6Addr| ip.to_bits() & mask;
    a.is_ipv4() == b.is_ipv4() && masked(as_v6(a)) == masked(as_v6(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn address(ip: &str, prefix: u8) -> Address {
        Address { ip: ip.parse().unwrap(), prefix, preferred: true, temporary: false }
    }

    fn facts(addresses: Vec<Address>, gateways: &[&str]) -> Facts {
        let gateways = gateways.iter().map(|ip| ip.parse().unwrap()).collect();
        Facts { index: Some(3), running: true, point_to_point: false, addresses, gateways }
    }

    #[track_caller]
    fn check(family: Family, facts: &Facts, presence: Presence, source: Option<&str>) {
        let path = path(family, facts);
        assert_eq!((path.presence, path.source), (presence, source.map(|ip| ip.parse().unwrap())));
    }

    #[test]
    fn a_link_needs_carrier_address_and_next_hop_in_that_order() {
        let full = facts(vec![address("198.51.100.2", 24)], &["198.51.100.1"]);
        check(Family::Ipv4, &full, Presence::Present, Some("198.51.100.2"));
        check(Family::Ipv6, &full, Presence::NoAddress, None);
        check(Family::Ipv4, &Facts { gateways: vec![], ..full.clone() }, Presence::NoNextHop, Some("198.51.100.2"));
        check(Family::Ipv4, &Facts { addresses: vec![], ..full.clone() }, Presence::NoAddress, None);
        check(Family::Ipv4, &Facts { running: false, ..full.clone() }, Presence::NoCarrier, Some("198.51.100.2"));
        check(Family::Ipv4, &Facts { index: None, ..full }, Presence::Absent, Some("198.51.100.2"));
    }

    #[test]
    fn a_point_to_point_link_needs_no_gateway() {
        let tun = Facts { point_to_point: true, ..facts(vec![address("100.64.0.2", 32)], &[]) };
        check(Family::Ipv4, &tun, Presence::Present, Some("100.64.0.2"));
        assert_eq!(path(Family::Ipv4, &tun).next_hop, Some(NextHop::PointToPoint));
    }

    #[test]
    fn the_source_lies_beside_the_gateway_and_lasts() {
        check(
            Family::Ipv4,
            &facts(vec![address("10.9.9.2", 24), address("198.51.100.2", 24)], &["198.51.100.1"]),
            Presence::Present,
            Some("198.51.100.2"),
        );
        let temporary = Address { temporary: true, ..address("2001:db8::99", 64) };
        let old = Address { preferred: false, ..address("2001:db8::1", 64) };
        let six = facts(
            vec![address("fe80::1", 64), address("fd00::5", 64), old, temporary, address("2001:db8::5", 64)],
            &["10.0.0.1", "fe80::ff"],
        );
        check(Family::Ipv6, &six, Presence::Present, Some("2001:db8::5"));
        check(Family::Ipv6, &facts(vec![address("fd00::5", 64)], &["fe80::ff"]), Presence::Present, Some("fd00::5"));
        check(Family::Ipv4, &facts(vec![address("169.254.7.7", 16)], &["169.254.0.1"]), Presence::NoAddress, None);
    }
}
