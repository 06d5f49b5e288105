//! Who has which address on the networks of this gateway, as its kernel knows: for cutting flows, and for seeing what a cut would hit.

use crate::netlink::conntrack::Conntrack;
use crate::netlink::message::Address;
use crate::netlink::snapshot::Snapshot;
use crate::netlink::socket::RECEIVE_BUFFER;
use crate::netlink::watch::Watch;
use rebootping_core::inventory::report::Hardware;
use rebootping_core::link::Family;
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

/// A host rarely has more addresses of IPv4: a new lease while the old one is remembered, and one for a container.
const MOST_ADDRESSES: usize = 3;

/// One look at the kernel.
pub(super) struct Neighbourhood(Watch);

/// Why cutting off a MAC would hit more than one device, or who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stake {
    /// It is this gateway's own.
    Ours,
    /// It is a router: an Internet link's next hop, or one that advertises itself.
    Router,
    /// So many devices' packets come from it.
    Several(usize),
    /// The operator works from there.
    Asking,
}

impl Neighbourhood {
    /// Asks the kernel, which takes a few milliseconds.
    pub(super) fn look() -> io::Result<Self> {
        let mut watch = Watch::open(RECEIVE_BUFFER)?;
        watch.settle()?;
        let all = watch.snapshot().links().map(|link| link.index).collect();
        watch.follow_neighbours(all)?;
        watch.settle()?;
        Ok(Self(watch))
    }

    /// What speaks against cutting off that MAC.
    pub(super) fn stake(&self, mac: Hardware, asking: Option<IpAddr>) -> Option<Stake> {
        stake(self.0.snapshot(), mac, asking)
    }

    /// The MACs on an interface.
    pub(super) fn on(&self, interface: &str) -> BTreeSet<Hardware> {
        let snapshot = self.0.snapshot();
        let Some(link) = snapshot.link_named(interface) else { return BTreeSet::new() };
        let here = snapshot.neighbours().filter(|neighbour| neighbour.index == link.index);
        let macs = here.filter_map(|neighbour| neighbour.hardware_address).filter(|mac| mac[0] & 1 == 0);
        macs.map(Hardware).collect()
    }

    /// Has the established flows of these devices begin anew, so that none goes on unseen; flows that stay within our
    /// networks are spared unless nothing is to be. Returns how many there were.
    pub(super) fn cut(&self, macs: &[Hardware], internet: &BTreeSet<String>, spare_local: bool) -> io::Result<usize> {
        let snapshot = self.0.snapshot();
        let addresses: BTreeSet<IpAddr> = macs.iter().flat_map(|mac| addresses_of(snapshot, *mac)).collect();
        if addresses.is_empty() {
            return Ok(0);
        }
        let mut conntrack = Conntrack::open()?;
        let is_spared = |ip| spare_local && is_local(snapshot, internet, ip);
        let mut cut = 0;
        for family in Family::ALL {
            cut += conntrack.delete_of(family, &addresses, is_spared)?;
        }
        Ok(cut)
    }
}

fn addresses_of(snapshot: &Snapshot, mac: Hardware) -> impl Iterator<Item = IpAddr> {
    snapshot.neighbours().filter(move |neighbour| neighbour.hardware_address == Some(mac.0)).map(|it| it.ip)
}

fn stake(snapshot: &Snapshot, mac: Hardware, asking: Option<IpAddr>) -> Option<Stake> {
    if snapshot.links().any(|link| link.hardware_address == Some(mac.0)) {
        return Some(Stake::Ours);
    }
    let hops = || snapshot.default_routes().flat_map(|route| &route.hops).filter_map(|hop| hop.gateway);
    let its = |neighbour: &&crate::netlink::message::Neighbour| neighbour.hardware_address == Some(mac.0);
    if snapshot.neighbours().filter(its).any(|it| it.router || hops().any(|hop| hop == it.ip)) {
        return Some(Stake::Router);
    }
    if asking.is_some_and(|asking| addresses_of(snapshot, mac).any(|ip| ip == asking.to_canonical())) {
        return Some(Stake::Asking);
    }
    let count = addresses_of(snapshot, mac).filter(IpAddr::is_ipv4).count();
    (count > MOST_ADDRESSES).then_some(Stake::Several(count))
}

/// An address of this gateway, or of a network that it is on and that is not the Internet's.
fn is_local(snapshot: &Snapshot, internet: &BTreeSet<String>, ip: IpAddr) -> bool {
    snapshot.links().any(|link| {
        let is_internet = internet.contains(&link.name);
        snapshot.addresses_of(link.index).any(|at| at.ip == ip || (!is_internet && is_within(at, ip)))
    })
}

fn is_within(network: &Address, ip: IpAddr) -> bool {
    let length = u32::from(network.prefix_len);
    match (network.ip, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
            u32::from(network) & mask == u32::from(ip) & mask
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0);
            u128::from(network) & mask == u128::from(ip) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::message::{AddressFlags, Hop, Link, Message, Neighbour, NeighbourState, Route, RouteKind};

    const TV: Hardware = Hardware([2, 0, 0, 0, 0, 2]);
    const NEXT_HOP: Hardware = Hardware([2, 0, 0, 0, 0, 3]);
    const REPEATER: Hardware = Hardware([2, 0, 0, 0, 0, 4]);
    const GATEWAY: Hardware = Hardware([2, 0, 0, 0, 0, 1]);

    fn link(index: u32, name: &str, mac: Hardware) -> Message {
        Message::Link(Link { hardware_address: Some(mac.0), ..Link::ethernet(index, name) })
    }

    fn address(index: u32, ip: &str, prefix_len: u8) -> Message {
        let ip: IpAddr = ip.parse().expect("an address");
        let family = if ip.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
        Message::Address(Address { index, family, ip, prefix_len, peer: None, scope: 0, flags: AddressFlags(0) })
    }

    fn neighbour(index: u32, ip: &str, mac: Hardware) -> Message {
        Message::Neighbour(Neighbour {
            index,
            ip: ip.parse().expect("an address"),
            hardware_address: Some(mac.0),
            state: NeighbourState::Stale,
            router: false,
        })
    }

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.follow_neighbours([1, 2].into());
        let hop = Hop { index: 1, gateway: "198.51.100.1".parse().ok(), weight: 1, dead: false, linkdown: false };
        let route = Message::Route(Route {
            family: Family::Ipv4,
            table: 254,
            destination: None,
            hops: vec![hop],
            protocol: 4,
            metric: 0,
            kind: RouteKind::Unicast,
            prefsrc: None,
            cached: false,
        });
        let mut all = vec![
            link(1, "wan1", Hardware([2, 0, 0, 0, 0, 9])),
            link(2, "lan0", GATEWAY),
            address(1, "198.51.100.2", 24),
            address(2, "10.0.0.1", 24),
            address(2, "2001:db8::1", 64),
            route,
            neighbour(1, "198.51.100.1", NEXT_HOP),
            neighbour(2, "10.0.0.9", TV),
            neighbour(2, "2001:db8::9", TV),
        ];
        all.extend((20..25).map(|last| neighbour(2, &format!("10.0.0.{last}"), REPEATER)));
        for message in &all {
            snapshot.apply(message);
        }
        snapshot
    }

    #[test]
    fn what_would_hit_more_than_one_device_or_who_asks_is_at_stake() {
        let stake = |mac, asking: Option<&str>| stake(&snapshot(), mac, asking.and_then(|ip| ip.parse().ok()));
        assert_eq!(stake(TV, None), None);
        assert_eq!(stake(TV, Some("10.0.0.8")), None);
        assert_eq!(stake(TV, Some("2001:db8::9")), Some(Stake::Asking));
        assert_eq!(stake(TV, Some("::ffff:10.0.0.9")), Some(Stake::Asking));
        assert_eq!(stake(GATEWAY, None), Some(Stake::Ours));
        assert_eq!(stake(NEXT_HOP, None), Some(Stake::Router));
        assert_eq!(stake(REPEATER, None), Some(Stake::Several(5)));
        assert_eq!(stake(Hardware([2; 6]), None), None, "nobody knows it yet");
    }

    #[test]
    fn our_networks_are_local_and_the_links_are_not() {
        let internet = BTreeSet::from(["wan1".to_owned()]);
        for (ip, expected) in [
            ("10.0.0.77", true),
            ("10.0.1.77", false),
            ("2001:db8::77", true),
            ("2001:db8:1::77", false),
            ("198.51.100.2", true),
            ("198.51.100.1", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(is_local(&snapshot(), &internet, ip.parse().expect("an address")), expected, "{ip}");
        }
    }
}
