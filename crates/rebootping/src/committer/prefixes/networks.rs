//! The IPv6 networks of the LAN, and whose link each prefix is, as the kernel tells it.
//!
//! A prefix works over the link of the provider that delegated it, so a gateway with several has a routing rule for each, `from
//! PREFIX lookup TABLE` (Shorewall6: the file `rtrules`): its table's default route names the link. Where one link alone has
//! IPv6, every prefix is its.

use crate::netlink::lifetimes::{Lifetimes, Lived};
use crate::netlink::snapshot::Snapshot;
use crate::netlink::socket::RECEIVE_BUFFER;
use crate::netlink::translation::{self, Translation};
use crate::netlink::watch::Watch;
use rebootping_core::control::outlook::Known;
use rebootping_core::control::prefix::Prefix;
use rebootping_core::link::Family;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::IpAddr;

/// A rule about less than a subnet is about the gateway's own address.
const LONGEST: u8 = 64;
/// Iptables from before nftables has its tables here; what its rules do cannot be read.
const OLD_TABLES: &str = "/proc/net/ip6_tables_names";

/// An address of this gateway in a network of the LAN.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Own {
    pub(crate) interface: String,
    pub(crate) network: Prefix,
    pub(super) address: Lived,
}

/// One look at the kernel.
#[derive(Debug)]
pub(crate) struct Networks {
    watch: Watch,
    lived: Vec<Lived>,
    translations: Vec<Translation>,
    is_unreadable: bool,
}

impl Networks {
    /// Asks the kernel, which takes a few milliseconds.
    pub(crate) fn look() -> io::Result<Self> {
        let mut watch = Watch::open(RECEIVE_BUFFER)?;
        watch.settle()?;
        let is_unreadable = fs::read_to_string(OLD_TABLES).is_ok_and(|tables| tables.lines().any(|it| it == "nat"));
        Ok(Self { watch, lived: Lifetimes::open()?.list()?, translations: translation::list()?, is_unreadable })
    }

    /// Our addresses in global networks that are not those of the Internet links, in the kernel's order.
    pub(crate) fn own(&self, links: &BTreeSet<String>) -> Vec<Own> {
        let snapshot = self.watch.snapshot();
        let own = |address: &Lived| {
            let interface = snapshot.link(address.index)?.name.clone();
            let network = Prefix::of(address.ip, address.prefix_len)?;
            let is_of_lan = address.scope == 0 && network.is_global() && !address.is_temporary();
            let is_one = is_of_lan && network.length() <= LONGEST && !links.contains(&interface);
            is_one.then(|| Own { interface, network, address: address.clone() })
        };
        self.lived.iter().filter_map(own).collect()
    }

    /// What can be seen of prefixes now.
    pub(crate) fn known(&self, links: &BTreeSet<String>) -> Known {
        Known { delegated: delegated(self.watch.snapshot(), links), translated: self.translated(links) }
    }

    /// The one link that has IPv6, if one alone has.
    pub(crate) fn only_link(&self, links: &BTreeSet<String>) -> Option<String> {
        let snapshot = self.watch.snapshot();
        let has_ipv6 = |link: &&String| {
            let index = snapshot.link_named(link).map(|link| link.index);
            self.lived.iter().any(|address| Some(address.index) == index && address.scope == 0)
        };
        let mut with = links.iter().filter(has_ipv6);
        with.next().filter(|_| with.next().is_none()).cloned()
    }

    fn translated(&self, links: &BTreeSet<String>) -> BTreeSet<Prefix> {
        let of_links = self.translations.iter().filter(|it| links.iter().any(|link| it.is_over(link)));
        let all = Prefix::of(std::net::Ipv6Addr::UNSPECIFIED, 0);
        let unreadable = all.filter(|_| self.is_unreadable);
        of_links.filter_map(|it| it.source.or(all)).chain(unreadable).collect()
    }
}

fn delegated(snapshot: &Snapshot, links: &BTreeSet<String>) -> BTreeMap<Prefix, String> {
    let rules =
        snapshot.rules().filter(|rule| rule.family == Family::Ipv6 && rule.fwmark.is_none() && rule.oif.is_none());
    let named = |(address, length)| match address {
        IpAddr::V6(address) => Prefix::of(address, length).filter(|it| it.is_global() && length <= LONGEST),
        IpAddr::V4(_) => None,
    };
    rules.filter_map(|rule| Some((rule.from.and_then(named)?, way_of(snapshot, rule.table, links)?))).collect()
}

/// The link to which all default routes of a table lead.
fn way_of(snapshot: &Snapshot, table: u32, links: &BTreeSet<String>) -> Option<String> {
    let routes = snapshot.default_routes().filter(|route| route.family == Family::Ipv6 && route.table == table);
    let ways: BTreeSet<u32> = routes.flat_map(|route| &route.hops).map(|hop| hop.index).collect();
    let mut names = ways.iter().filter_map(|index| snapshot.link(*index)).map(|link| &link.name);
    let (only, other) = (names.next()?, names.next());
    (other.is_none() && links.contains(only)).then(|| only.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::message::{Hop, Link, Message, Route, RouteKind, Rule};

    fn link(index: u32, name: &str) -> Message {
        Message::Link(Link::ethernet(index, name))
    }

    fn route(table: u32, indices: &[u32]) -> Message {
        let hop = |index: &u32| Hop {
            index: *index,
            gateway: "fe80::1".parse().ok(),
            weight: 1,
            dead: false,
            linkdown: false,
        };
        Message::Route(Route {
            family: Family::Ipv6,
            table,
            destination: None,
            hops: indices.iter().map(hop).collect(),
            protocol: 4,
            metric: 1024,
            kind: RouteKind::Unicast,
            prefsrc: None,
            cached: false,
        })
    }

    fn rule(from: &str, length: u8, table: u32, fwmark: Option<(u32, u32)>) -> Message {
        let from = Some((from.parse().expect("an address"), length));
        Message::Rule(Rule { family: Family::Ipv6, priority: 11_000, fwmark, table, from, iif: None, oif: None })
    }

    #[test]
    fn a_rule_for_a_source_says_whose_link_a_prefix_is() {
        let mut snapshot = Snapshot::default();
        for message in [
            link(1, "wan1"),
            link(2, "wan2"),
            link(3, "tun0"),
            route(1, &[1]),
            route(2, &[2]),
            route(3, &[3]),
            route(250, &[1, 2]),
            rule("2001:db8:100::", 56, 1, None),
            rule("2001:db8:200::", 64, 2, None),
            rule("2001:db8:300::", 56, 3, None),
            rule("2001:db8:400::", 56, 250, None),
            rule("2001:db8:500::", 56, 9, None),
            rule("2001:db8:600::", 56, 1, Some((1, 0xff))),
            rule("2001:db8:1::2", 128, 1, None),
            rule("fd61::", 64, 1, None),
        ] {
            snapshot.apply(&message);
        }
        let links = BTreeSet::from(["wan1".to_owned(), "wan2".to_owned()]);
        let found: Vec<_> =
            delegated(&snapshot, &links).into_iter().map(|(prefix, link)| format!("{prefix} {link}")).collect();
        assert_eq!(found, ["2001:db8:100::/56 wan1", "2001:db8:200::/64 wan2"]);
    }
}
