//! What the kernel's networking looks like now, put together from its messages.
//!
//! Kept: all links, addresses and rules, the default routes of every table, and the neighbours of chosen interfaces. A
//! dump is a statement about everything of its kind, so what it did not mention is gone when it ends.

use super::message::{Address, Hop, Link, Message, Neighbour, Route, RouteKind, Rule};
use super::socket::Dump;
use rebootping_core::link::Family;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The kernel's links, addresses, default routes, neighbours and rules, sorted.
#[derive(Default, Debug)]
pub(crate) struct Snapshot {
    links: Table<u32, Link>,
    addresses: Table<AddressKey, Address>,
    default_routes: Table<RouteKey, Route>,
    neighbours: Table<(u32, IpAddr), Neighbour>,
    rules: Table<Rule, ()>,
    neighbour_interfaces: BTreeSet<u32>,
}

type AddressKey = (u32, IpAddr, u8, Option<IpAddr>);

/// IPv6 keeps several default routes of one metric side by side, so only the hops tell them apart.
type RouteKey = (Family, u32, u32, RouteKind, Vec<Hop>);

impl Snapshot {
    /// All network devices, by index.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.entries.values()
    }

    /// The device of that index.
    pub(crate) fn link(&self, index: u32) -> Option<&Link> {
        self.links.entries.get(&index)
    }

    /// The device of that name.
    pub(crate) fn link_named(&self, name: &str) -> Option<&Link> {
        self.links().find(|link| link.name == name)
    }

    /// The addresses of one device, IPv4 first.
    pub(crate) fn addresses_of(&self, index: u32) -> impl Iterator<Item = &Address> {
        self.addresses.entries.values().filter(move |address| address.index == index)
    }

    /// The default routes of all tables, IPv4 first, then by table and metric.
    pub(crate) fn default_routes(&self) -> impl Iterator<Item = &Route> {
        self.default_routes.entries.values()
    }

    /// What is known of that neighbour, on an interface given to [`Self::follow_neighbours`].
    pub(crate) fn neighbour(&self, index: u32, ip: IpAddr) -> Option<&Neighbour> {
        self.neighbours.entries.get(&(index, ip))
    }

    /// The neighbours of all followed interfaces.
    pub(crate) fn neighbours(&self) -> impl Iterator<Item = &Neighbour> {
        self.neighbours.entries.values()
    }

    /// The routing rules, IPv4 first, then in the order in which they are asked.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.entries.keys()
    }

    /// Keeps the neighbours of these interfaces and no others; true if some were not followed before, so that they have
    /// to be dumped.
    pub(crate) fn follow_neighbours(&mut self, interfaces: BTreeSet<u32>) -> bool {
        self.neighbours.entries.retain(|(index, _), _| interfaces.contains(index));
        let grew = !interfaces.is_subset(&self.neighbour_interfaces);
        self.neighbour_interfaces = interfaces;
        grew
    }

    /// Takes in one message; true if anything but byte counts changed.
    pub(crate) fn apply(&mut self, message: &Message) -> bool {
        match message {
            Message::Link(link) => self.put_link(link),
            Message::LinkGone(index) => self.remove_link(*index),
            Message::Address(address) => self.addresses.put(address_key(address), address),
            Message::AddressGone(address) => self.addresses.remove(&address_key(address)),
            Message::Route(route) => route.is_default() && self.default_routes.put(route_key(route), route),
            Message::RouteGone(route) => route.is_default() && self.default_routes.remove(&route_key(route)),
            Message::Neighbour(neighbour) => self.put_neighbour(neighbour),
            Message::NeighbourGone(neighbour) => self.neighbours.remove(&(neighbour.index, neighbour.ip)),
            Message::Rule(rule) => self.rules.put(rule.clone(), &()),
            Message::RuleGone(rule) => self.rules.remove(rule),
            Message::Done | Message::Error { .. } | Message::Overrun | Message::Other(_) => false,
        }
    }

    /// From here on, what is not mentioned until [`Self::end_dump`] counts as gone. A dump that was interrupted is not
    /// ended but begun again.
    pub(crate) fn begin_dump(&mut self, kind: Dump) {
        match kind {
            Dump::Links => self.links.begin(),
            Dump::Addresses => self.addresses.begin(),
            Dump::Routes => self.default_routes.begin(),
            Dump::Neighbours => self.neighbours.begin(),
            Dump::Rules => self.rules.begin(),
        }
    }

    /// Removes what the dump did not mention; true if there was any.
    pub(crate) fn end_dump(&mut self, kind: Dump) -> bool {
        match kind {
            Dump::Links => self.links.end(),
            Dump::Addresses => self.addresses.end(),
            Dump::Routes => self.default_routes.end(),
            Dump::Neighbours => self.neighbours.end(),
            Dump::Rules => self.rules.end(),
        }
    }

    fn put_link(&mut self, link: &Link) -> bool {
        let old = self.links.entries.get(&link.index).cloned();
        self.links.put(link.index, link);
        old.map(|old| Link { stats: link.stats, ..old }).as_ref() != Some(link)
    }

    fn remove_link(&mut self, gone: u32) -> bool {
        self.addresses.entries.retain(|(index, ..), _| *index != gone);
        self.neighbours.entries.retain(|(index, _), _| *index != gone);
        self.links.remove(&gone)
    }

    fn put_neighbour(&mut self, neighbour: &Neighbour) -> bool {
        self.neighbour_interfaces.contains(&neighbour.index)
            && self.neighbours.put((neighbour.index, neighbour.ip), neighbour)
    }
}

fn address_key(address: &Address) -> AddressKey {
    (address.index, address.ip, address.prefix_len, address.peer)
}

fn route_key(route: &Route) -> RouteKey {
    let way = |hop: &Hop| Hop { dead: false, linkdown: false, ..hop.clone() };
    (route.family, route.table, route.metric, route.kind, route.hops.iter().map(way).collect())
}

/// Entries of one kind, and those the running dump has not mentioned yet.
#[derive(Debug)]
struct Table<K, V> {
    entries: BTreeMap<K, V>,
    unseen: BTreeSet<K>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), unseen: BTreeSet::new() }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Table<K, V> {
    fn put(&mut self, key: K, value: &V) -> bool {
        self.unseen.remove(&key);
        if self.entries.get(&key) == Some(value) {
            return false;
        }
        self.entries.insert(key, value.clone());
        true
    }

    fn remove(&mut self, key: &K) -> bool {
        self.entries.remove(key).is_some()
    }

    fn begin(&mut self) {
        self.unseen = self.entries.keys().cloned().collect();
    }

    fn end(&mut self) -> bool {
        let unseen = std::mem::take(&mut self.unseen);
        let before = self.entries.len();
        self.entries.retain(|key, _| !unseen.contains(key));
        self.entries.len() < before
    }
}
