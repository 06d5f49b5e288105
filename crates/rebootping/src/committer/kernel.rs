//! What the kernel really does with each provider's connections, and the drain that keeps established ones where they are.
//!
//! A drain is two rules and a table of ours: `DRAIN_BASE + number: from all fwmark MARK/MASK lookup DRAIN_BASE + number`, the
//! same at `SPARE_BASE + number`, and in that table the provider's default route. They stand behind Shorewall's own rule for
//! the mark (10000 and up), so they say nothing while the provider is enabled; and before those for source addresses (20000).
//! Mark and mask are read from Shorewall's rule while it is there, and remembered.
//!
//! Two, because Shorewall's `enable` begins with deleting the first rule for the mark, which is ours, and puts its own rule
//! and the provider's routes in one by one after that: the spare keeps the flows on their link meanwhile.

use super::providers::{DefaultRoute, Gateway, Provider};
use crate::netlink::change::{MarkRule, Routing};
use crate::netlink::conntrack::Conntrack;
use crate::netlink::message::{Hop, RouteKind};
use crate::netlink::snapshot::Snapshot;
use crate::netlink::socket::RECEIVE_BUFFER;
use crate::netlink::watch::Watch;
use rebootping_core::commit::Drain;
use rebootping_core::link::Family;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

/// Added to a provider's number for the priority of its drain's rule and for the table that asks.
const DRAIN_BASE: u32 = 19_000;
/// The same for the drain's second rule.
const SPARE_BASE: u32 = 19_500;
/// Shorewall numbers its providers up to this.
const MOST_PROVIDERS: u32 = 252;
/// Where Shorewall spreads connections over its `balance` providers.
const BALANCE_TABLE: u32 = 250;
/// Tables asked for every packet: main, default, and Shorewall's balance.
const SHARED_TABLES: [u32; 3] = [254, 253, BALANCE_TABLE];
/// Rules every machine has: local, main, default.
const STANDARD_PRIORITIES: [u32; 3] = [0, 32_766, 32_767];

/// The kernel's routing and connection tracking.
#[derive(Debug)]
pub(crate) struct Kernel {
    watch: Watch,
    routing: Routing,
    conntrack: Conntrack,
    known: BTreeMap<(Family, u32), Known>,
}

/// What was seen of a provider while it was enabled, and is gone while it is not.
#[derive(Clone, Copy, Default, Debug)]
struct Known {
    mark: Option<(u32, u32)>,
    /// The next hop of its own table.
    hop: Option<NextHop>,
}

/// Where a provider's packets go first.
#[derive(Clone, Copy, Debug)]
enum NextHop {
    /// To this router.
    Via(IpAddr),
    /// To the other end, which needs no name.
    Direct,
}

impl Kernel {
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            watch: Watch::open(RECEIVE_BUFFER)?,
            routing: Routing::open()?,
            conntrack: Conntrack::open()?,
            known: BTreeMap::new(),
        })
    }

    /// Takes in what has been announced; true when it is complete and differs from before.
    pub(crate) fn hear(&mut self) -> io::Result<bool> {
        let changed = self.watch.receive()?;
        Ok(changed && self.watch.is_settled())
    }

    /// Asks for everything anew and waits for the answer, at most 2 s.
    pub(crate) fn look(&mut self) -> io::Result<()> {
        self.watch.refresh()?;
        self.watch.settle()
    }

    /// New connections of that family may take the provider, and what keeps its established ones; learns on the way.
    /// `gateway` is the next hop as the link's judge knows it.
    pub(crate) fn observe(&mut self, family: Family, provider: &Provider, gateway: Option<IpAddr>) -> (bool, Drain) {
        let snapshot = self.watch.snapshot();
        let known = self.known.entry((family, provider.number)).or_default();
        known.learn(snapshot, family, provider);
        (is_in_use(snapshot, family, provider), drain(snapshot, family, provider, *known, gateway))
    }

    /// Why a provider that Shorewall has disabled is still in use, when that is so.
    pub(crate) fn why_still_in_use(&self, family: Family, provider: &Provider) -> Option<String> {
        let snapshot = self.watch.snapshot();
        let table = SHARED_TABLES.into_iter().find(|table| hop_in(snapshot, family, provider, &[*table]).is_some())?;
        let interface = &provider.interface;
        let whose = if table == BALANCE_TABLE { "Shorewall left" } else { "somebody else keeps" };
        Some(format!("{whose} a default route over {interface} in table {table}"))
    }

    /// Shorewall no longer knows that the provider is in use, so that `disable` would do nothing: an interface that went
    /// down and up has taken the provider's own table with it, but not the next hop among several in the balance table.
    pub(crate) fn is_forgotten(&self, family: Family, provider: &Provider) -> bool {
        is_forgotten(self.watch.snapshot(), family, provider)
    }

    /// Shorewall knows the provider as in use, so that `enable` would do nothing: another interface that was deleted, as
    /// `PPPoE`'s is at every dialling, has taken the whole balance route with it, but not this provider's own table.
    pub(crate) fn is_believed_enabled(&self, family: Family, provider: &Provider) -> bool {
        is_believed_enabled(self.watch.snapshot(), family, provider)
    }

    /// Takes the mark and mask as configured, for a provider whose rule has not been seen.
    pub(crate) fn assume_mark(&mut self, family: Family, number: u32, mark: (u32, u32)) {
        self.known.entry((family, number)).or_default().mark.get_or_insert(mark);
    }

    /// Somebody has added rules of that family, as a running Shorewall has.
    pub(crate) fn has_rules(&self, family: Family) -> bool {
        has_rules(self.watch.snapshot(), family)
    }

    /// Puts the drain in: the route first, for the rules would send packets nowhere without it.
    pub(crate) fn install_drain(
        &mut self,
        family: Family,
        provider: &Provider,
        gateway: Option<IpAddr>,
    ) -> Result<(), String> {
        let known = self.known.get(&(family, provider.number)).copied().unwrap_or_default();
        let snapshot = self.watch.snapshot();
        let link =
            snapshot.link_named(&provider.interface).ok_or_else(|| format!("there is no {}", provider.interface))?;
        let hop = known.next_hop(provider, gateway, link.point_to_point).ok_or("its gateway is not known")?;
        let rules = known.drain_rules(family, provider).ok_or("its mark is not known")?;
        let installed = self.routing.replace_default(family, hop.gateway(), link.index, drain_number(provider));
        installed.map_err(|error| format!("route: {error}"))?;
        rules.iter().try_for_each(|rule| self.routing.add_rule(rule)).map_err(|error| format!("rule: {error}"))
    }

    /// Takes out whatever is there of the drain: the rules first.
    pub(crate) fn remove_drain(&mut self, family: Family, provider: &Provider) -> Result<(), String> {
        let number = drain_number(provider);
        let rules: Vec<MarkRule> = drain_rules(self.watch.snapshot(), family, number).collect();
        for rule in rules {
            self.routing.delete_rule(&rule).map_err(|error| format!("rule: {error}"))?;
        }
        self.routing.flush_table(family, number).map_err(|error| format!("route: {error}"))
    }

    /// Forgets the provider's established flows: those with its mark, and those translated to an address of its interface
    /// that never got a reply and so no mark. On a shared interface the address says nothing, so only the mark counts.
    pub(crate) fn delete_flows(&mut self, family: Family, provider: &Provider) -> Result<(), String> {
        let known = self.known.get(&(family, provider.number)).copied().unwrap_or_default();
        if let Some((mark, mask)) = known.mark {
            self.conntrack.delete_marked(family, mark, mask).map_err(|error| format!("by mark: {error}"))?;
        }
        if provider.address.is_some() {
            return Ok(());
        }
        for address in self.addresses(family, &provider.interface) {
            self.conntrack.delete_translated_to(address).map_err(|error| format!("by address: {error}"))?;
        }
        Ok(())
    }

    fn addresses(&self, family: Family, interface: &str) -> Vec<IpAddr> {
        let snapshot = self.watch.snapshot();
        let Some(link) = snapshot.link_named(interface) else { return Vec::new() };
        let of_family = snapshot.addresses_of(link.index).filter(|address| address.family == family);
        of_family.map(|address| address.ip).collect()
    }
}

impl AsFd for Kernel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}

impl NextHop {
    const fn gateway(self) -> Option<IpAddr> {
        match self {
            Self::Via(gateway) => Some(gateway),
            Self::Direct => None,
        }
    }
}

impl Known {
    fn learn(&mut self, snapshot: &Snapshot, family: Family, provider: &Provider) {
        let tables = [provider.number, drain_number(provider)];
        let rules = || snapshot.rules().filter(|rule| rule.family == family && tables.contains(&rule.table));
        self.mark = rules().find_map(|rule| rule.fwmark).or(self.mark);
        let seen = tables.iter().find_map(|table| hop_in(snapshot, family, provider, &[*table]));
        self.hop = seen.map(|hop| hop.gateway.map_or(NextHop::Direct, NextHop::Via)).or(self.hop);
    }

    /// The drain's next hop; nothing while it is not known.
    fn next_hop(&self, provider: &Provider, judged: Option<IpAddr>, point_to_point: bool) -> Option<NextHop> {
        let configured = match provider.gateway {
            Gateway::Address(gateway) => Some(NextHop::Via(gateway)),
            Gateway::None | Gateway::Detect => None,
        };
        let direct = point_to_point.then_some(NextHop::Direct);
        self.hop.or(judged.map(NextHop::Via)).or(configured).or(direct)
    }

    fn drain_rules(&self, family: Family, provider: &Provider) -> Option<[MarkRule; 2]> {
        let (mark, mask) = self.mark?;
        let table = drain_number(provider);
        Some(drain_priorities(table).map(|priority| MarkRule { family, priority, mark, mask, table }))
    }
}

/// Somebody has added rules of that family, as a running Shorewall has.
pub(crate) fn has_rules(snapshot: &Snapshot, family: Family) -> bool {
    let theirs = |priority: u32| !STANDARD_PRIORITIES.contains(&priority) && !is_drain(priority);
    snapshot.rules().any(|rule| rule.family == family && theirs(rule.priority))
}

/// A default route over the provider is where every packet is looked up. One that has no such route by design is in use
/// while its mark's rule is there.
fn is_in_use(snapshot: &Snapshot, family: Family, provider: &Provider) -> bool {
    let by_mark = || {
        let its_rule = |priority: u32, table: u32| table == provider.number && !is_drain(priority);
        let mut rules = snapshot.rules().filter(|rule| rule.family == family && rule.fwmark.is_some());
        rules.any(|rule| its_rule(rule.priority, rule.table))
            && hop_in(snapshot, family, provider, &[provider.number]).is_some()
    };
    match provider.default_route {
        DefaultRoute::Balance | DefaultRoute::Primary | DefaultRoute::Fallback => {
            hop_in(snapshot, family, provider, &SHARED_TABLES).is_some()
        }
        DefaultRoute::Own => by_mark(),
    }
}

fn is_forgotten(snapshot: &Snapshot, family: Family, provider: &Provider) -> bool {
    hop_in(snapshot, family, provider, &[BALANCE_TABLE]).is_some() && !is_believed_enabled(snapshot, family, provider)
}

fn is_believed_enabled(snapshot: &Snapshot, family: Family, provider: &Provider) -> bool {
    hop_in(snapshot, family, provider, &[provider.number]).is_some()
}

fn drain(snapshot: &Snapshot, family: Family, provider: &Provider, known: Known, gateway: Option<IpAddr>) -> Drain {
    let number = drain_number(provider);
    let rules = drain_rules(snapshot, family, number).count();
    let route = hop_in(snapshot, family, provider, &[number]).is_some();
    match (rules, route) {
        (2.., true) => Drain::Installed,
        (1.., _) | (0, true) => Drain::Partial,
        (0, false) => {
            let link = snapshot.link_named(&provider.interface).filter(|link| link.up);
            let hop = link.and_then(|link| known.next_hop(provider, gateway, link.point_to_point));
            if hop.is_some() && known.mark.is_some() { Drain::Absent } else { Drain::Impossible }
        }
    }
}

/// The living hop over the provider's interface of a default route in one of these tables. Where an interface has several
/// providers, only the gateway tells them apart.
fn hop_in<'a>(snapshot: &'a Snapshot, family: Family, provider: &Provider, tables: &[u32]) -> Option<&'a Hop> {
    let index = snapshot.link_named(&provider.interface)?.index;
    let gateway = match (provider.address, provider.gateway) {
        (Some(_), Gateway::Address(gateway)) => Some(gateway),
        (Some(_), Gateway::Detect | Gateway::None) | (None, _) => None,
    };
    let routes = snapshot.default_routes();
    let asked = routes.filter(|it| it.family == family && it.kind == RouteKind::Unicast && tables.contains(&it.table));
    let mut hops = asked.flat_map(|route| &route.hops).filter(|hop| hop.index == index && !hop.dead);
    hops.find(|hop| gateway.is_none() || hop.gateway == gateway)
}

fn drain_rules(snapshot: &Snapshot, family: Family, number: u32) -> impl Iterator<Item = MarkRule> {
    let is_ours = move |priority| drain_priorities(number).contains(&priority);
    let ours =
        snapshot.rules().filter(move |rule| rule.family == family && rule.table == number && is_ours(rule.priority));
    ours.filter_map(move |rule| {
        let (mark, mask) = rule.fwmark?;
        Some(MarkRule { family, priority: rule.priority, mark, mask, table: number })
    })
}

/// The table of a provider's drain, and the priority of its first rule.
const fn drain_number(provider: &Provider) -> u32 {
    DRAIN_BASE + provider.number
}

const fn drain_priorities(number: u32) -> [u32; 2] {
    [number, number - DRAIN_BASE + SPARE_BASE]
}

fn is_drain(priority: u32) -> bool {
    [DRAIN_BASE, SPARE_BASE].iter().any(|base| priority > *base && priority <= base + MOST_PROVIDERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::message::{Link, Message, Route, Rule};

    const ISP1: &str = "198.51.100.1";

    fn provider(default_route: DefaultRoute) -> Provider {
        Provider {
            name: "isp1".into(),
            number: 1,
            mark: Some(1),
            interface: "wan1".into(),
            address: None,
            gateway: Gateway::Detect,
            default_route,
            tracks: true,
        }
    }

    fn device(index: u32, name: &str) -> Message {
        Message::Link(Link::ethernet(index, name))
    }

    fn hop(index: u32, gateway: &str, dead: bool) -> Hop {
        Hop { index, gateway: gateway.parse().ok(), weight: 1, dead, linkdown: dead }
    }

    fn route(table: u32, hops: &[Hop]) -> Message {
        Message::Route(Route {
            family: Family::Ipv4,
            table,
            destination: None,
            hops: hops.to_vec(),
            protocol: 3,
            metric: 0,
            kind: RouteKind::Unicast,
            prefsrc: None,
            cached: false,
        })
    }

    fn rule(priority: u32, table: u32) -> Message {
        let fwmark = Some((1, 0xff));
        Message::Rule(Rule { family: Family::Ipv4, priority, fwmark, table, from: None, iif: None, oif: None })
    }

    fn snapshot(messages: &[Message]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for message in [device(2, "wan1"), device(3, "wan2")].iter().chain(messages) {
            snapshot.apply(message);
        }
        snapshot
    }

    #[track_caller]
    fn check(kind: DefaultRoute, messages: &[Message], in_use: bool, expected: Drain) {
        let (snapshot, provider) = (snapshot(messages), provider(kind));
        let mut known = Known::default();
        known.learn(&snapshot, Family::Ipv4, &provider);
        let found = drain(&snapshot, Family::Ipv4, &provider, known, None);
        assert_eq!((is_in_use(&snapshot, Family::Ipv4, &provider), found), (in_use, expected));
        assert!(!is_in_use(&snapshot, Family::Ipv6, &provider));
    }

    #[test]
    fn a_provider_is_in_use_while_a_shared_table_leads_over_it() {
        let own = [rule(10_000, 1), route(1, &[hop(2, ISP1, false)])];
        let with = |more: Message| [own[0].clone(), own[1].clone(), more];
        for table in SHARED_TABLES {
            check(
                DefaultRoute::Balance,
                &with(route(table, &[hop(3, "203.0.113.1", false), hop(2, ISP1, false)])),
                true,
                Drain::Absent,
            );
        }
        check(DefaultRoute::Balance, &with(route(250, &[hop(3, "203.0.113.1", false)])), false, Drain::Absent);
        check(DefaultRoute::Balance, &with(route(250, &[hop(2, ISP1, true)])), false, Drain::Absent);
        check(DefaultRoute::Fallback, &own, false, Drain::Absent);
        check(DefaultRoute::Own, &own, true, Drain::Absent);
        check(DefaultRoute::Own, &own[1..], false, Drain::Impossible);
    }

    #[test]
    fn a_drain_is_two_rules_and_a_route_of_ours() {
        let (rule, spare) = (rule(19_001, 19_001), rule(19_501, 19_001));
        let route = route(19_001, &[hop(2, ISP1, false)]);
        let whole = [rule.clone(), spare.clone(), route.clone()];
        check(DefaultRoute::Balance, &whole, false, Drain::Installed);
        check(DefaultRoute::Own, &whole, false, Drain::Installed);
        for partial in [vec![rule.clone(), spare.clone()], vec![rule, route.clone()], vec![spare], vec![route]] {
            check(DefaultRoute::Balance, &partial, false, Drain::Partial);
        }
        check(DefaultRoute::Balance, &[], false, Drain::Impossible);
    }

    #[test]
    fn what_shorewall_believes_of_a_provider_is_read_from_the_providers_own_table() {
        let (own, balance) = (route(1, &[hop(2, ISP1, false)]), route(250, &[hop(2, ISP1, false)]));
        let dead = route(1, &[hop(2, ISP1, true)]);
        let others = route(250, &[hop(3, "203.0.113.1", false)]);
        // What there is, whether `enable` would do nothing, whether `disable` would.
        for (there, believed_enabled, forgotten) in [
            (vec![own.clone(), balance.clone()], true, false),
            (vec![own, others.clone()], true, false),
            (vec![balance.clone()], false, true),
            (vec![dead, balance], false, true),
            (vec![others], false, false),
            (vec![], false, false),
        ] {
            let (snapshot, provider) = (snapshot(&there), provider(DefaultRoute::Balance));
            let found = (
                is_believed_enabled(&snapshot, Family::Ipv4, &provider),
                is_forgotten(&snapshot, Family::Ipv4, &provider),
            );
            assert_eq!(found, (believed_enabled, forgotten), "{there:?}");
        }
    }

    #[test]
    fn on_a_shared_interface_the_gateway_tells_providers_apart() {
        let mut provider = provider(DefaultRoute::Balance);
        provider.address = "198.51.100.2".parse().ok();
        provider.gateway = Gateway::Address(ISP1.parse().expect("an address"));
        let other = snapshot(&[route(250, &[hop(2, "198.51.100.9", false)])]);
        assert!(!is_in_use(&other, Family::Ipv4, &provider));
        assert!(is_in_use(&snapshot(&[route(250, &[hop(2, ISP1, false)])]), Family::Ipv4, &provider));
    }
}
