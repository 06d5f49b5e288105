//! Which interfaces are Internet links, and what the kernel, the firewall and memory say of each.

use super::leases::{Interface, Leases};
use super::memory::Gateways;
use crate::config::glob::Glob;
use crate::echo::Way;
use crate::ipc::{JudgeSettings, JudgedLink, LinkRule};
use crate::netlink::message::{Address, Link, NeighbourState};
use crate::netlink::snapshot::Snapshot;
use rebootping_core::engine::LinkSettings;
use rebootping_core::link::presence::{self, Facts, NextHop, Path};
use rebootping_core::link::probe::Course;
use rebootping_core::link::{Family, Targets};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The kernel's main routing table: what a DHCP client or an administrator writes comes here first.
const MAIN: u32 = 254;
/// No more links than this are judged: one message must hold the report on all.
pub(super) const MOST: usize = 32;

/// The interfaces that are links now, in order. One that was a link stays one, gone or not, until the configuration changes.
pub(crate) fn names(settings: &JudgeSettings, snapshot: &Snapshot, known: &[String]) -> Vec<String> {
    let found: Vec<String> = if settings.interfaces.is_empty() {
        found_by_routing(settings, snapshot)
    } else {
        configured(settings, snapshot)
    };
    let mut names = known.to_vec();
    names.extend(found.into_iter().filter(|name| !known.contains(name)));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(MOST);
    names
}

/// The providers' interfaces, or where there is no provider, every interface with a default route.
fn found_by_routing(settings: &JudgeSettings, snapshot: &Snapshot) -> Vec<String> {
    if !settings.providers.is_empty() {
        return settings.providers.iter().map(|provider| provider.interface.clone()).collect();
    }
    let hops = snapshot.default_routes().flat_map(|route| &route.hops);
    let named: BTreeSet<String> =
        hops.filter_map(|hop| snapshot.link(hop.index)).map(|link| link.name.clone()).collect();
    named.into_iter().filter(|name| name != "lo").collect()
}

/// The configured interfaces: names as they are, patterns as far as something matches.
fn configured(settings: &JudgeSettings, snapshot: &Snapshot) -> Vec<String> {
    let mut names = Vec::new();
    for pattern in &settings.interfaces {
        match pattern.contains(['*', '?', '[']).then(|| Glob::parse(pattern)) {
            Some(Ok(glob)) => {
                names.extend(snapshot.links().map(|link| link.name.clone()).filter(|name| glob.matches(name)));
            }
            Some(Err(_)) | None => names.push(pattern.clone()),
        }
    }
    names
}

/// The settings of each link, by the first rule that matches it.
pub(crate) fn settings_of(settings: &JudgeSettings, names: &[String]) -> Vec<LinkSettings> {
    (0..).zip(names).map(|(place, name)| one_links_settings(settings, place, name)).collect()
}

/// Each link as the committer shows it.
pub(super) fn described(settings: &JudgeSettings, names: &[String]) -> Vec<JudgedLink> {
    let described = |name: &String| {
        let rule = rule_for(settings, name);
        JudgedLink {
            name: name.clone(),
            label: rule.and_then(|rule| rule.label.clone()),
            metered: rule.is_some_and(|rule| rule.metered),
        }
    };
    names.iter().map(described).collect()
}

fn one_links_settings(settings: &JudgeSettings, place: u16, name: &str) -> LinkSettings {
    let rule = rule_for(settings, name);
    let own = rule.and_then(|rule| rule.targets.as_ref());
    let echoes = rule.and_then(|rule| rule.echoes).unwrap_or(settings.echoes);
    let course = |family: Family| {
        let of_family = |target: &&IpAddr| target.is_ipv4() == (family == Family::Ipv4);
        // A rule that names targets of one family leaves the other to the common list.
        let own = own.filter(|targets| targets.iter().any(|target| of_family(&target)));
        let list = if own.is_some() { place + 1 } else { 0 };
        let targets = own.unwrap_or(&settings.targets).iter().filter(of_family).copied().take(Targets::MAX).collect();
        Course { list, targets, echoes }
    };
    LinkSettings {
        name: name.to_owned(),
        metered: rule.is_some_and(|rule| rule.metered),
        hold_down: rule.and_then(|rule| rule.hold_down).unwrap_or(settings.hold_down),
        courses: Family::ALL.map(course),
    }
}

fn rule_for<'a>(settings: &'a JudgeSettings, name: &str) -> Option<&'a LinkRule> {
    settings.rules.iter().find(|rule| Glob::parse(&rule.interface).is_ok_and(|glob| glob.matches(name)))
}

/// What is known of gateways that nobody names now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recalled<'a> {
    /// Those of DHCP leases.
    pub(crate) leases: &'a Leases,
    /// Those that worked last.
    pub(crate) last: &'a Gateways,
}

/// The interfaces whose IPv4 gateway neither the firewall nor the kernel names: a lease may.
pub(crate) fn in_want_of_a_lease(names: &[String], snapshot: &Snapshot, settings: &JudgeSettings) -> Vec<Interface> {
    let links = names.iter().filter_map(|name| snapshot.link_named(name));
    let in_want = links.filter(|link| named_gateways(link, Family::Ipv4, snapshot, settings).is_empty());
    in_want.map(|link| (link.name.clone(), link.index)).collect()
}

/// A link's path in one family, and how its packets go out.
pub(super) fn way(
    name: &str,
    family: Family,
    snapshot: &Snapshot,
    settings: &JudgeSettings,
    recalled: Recalled<'_>,
) -> (Path, Way) {
    let Some(link) = snapshot.link_named(name) else { return (Path::UNKNOWN, Way::default()) };
    let (path, _) = path_of(link, family, snapshot, settings, recalled);
    let link_local = snapshot.addresses_of(link.index).find_map(|address| match address.ip {
        IpAddr::V6(ip) if ip.is_unicast_link_local() && is_usable(address) => Some(ip),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    });
    (path, Way::new(&path, link.hardware_address, link_local, kernels_answer(&path, snapshot)))
}

/// A link's path in one family, and who named its gateway.
pub(crate) fn path_of(
    link: &Link,
    family: Family,
    snapshot: &Snapshot,
    settings: &JudgeSettings,
    recalled: Recalled<'_>,
) -> (Path, Option<Origin>) {
    let addresses: Vec<presence::Address> =
        snapshot.addresses_of(link.index).filter(|address| address.family == family).map(usable).collect();
    let mut known = named_gateways(link, family, snapshot, settings);
    if known.is_empty() {
        known = recalled_gateways(link, family, &addresses, recalled);
    }
    let facts = Facts {
        index: Some(link.index),
        running: link.up && link.carrier,
        point_to_point: link.point_to_point,
        gateways: known.iter().map(|(_, gateway)| *gateway).collect(),
        addresses,
    };
    let path = presence::path(family, &facts);
    let gateway = path.next_hop.and_then(NextHop::gateway);
    (path, known.into_iter().find(|(_, named)| Some(*named) == gateway).map(|(origin, _)| origin))
}

/// The address a path's echoes are sent from, with its subnet.
pub(super) fn address_of(path: &Path, snapshot: &Snapshot) -> Option<presence::Address> {
    snapshot.addresses_of(path.index?).find(|address| Some(address.ip) == path.source).map(usable)
}

/// Where the kernel has lately found the gateway, by its neighbour table. What it has not confirmed is left out: our own question
/// is as quick, and a gateway that moved away must not seem to be there.
fn kernels_answer(path: &Path, snapshot: &Snapshot) -> Option<[u8; 6]> {
    let gateway = path.next_hop.and_then(NextHop::gateway)?;
    let found = snapshot.neighbour(path.index?, gateway)?;
    let confirmed =
        matches!(found.state, NeighbourState::Reachable | NeighbourState::Permanent | NeighbourState::NoArp);
    found.hardware_address.filter(|_| confirmed)
}

/// Who named a gateway, the best source first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Origin {
    /// The firewall's providers file.
    Providers,
    /// A default route of the interface, in any table.
    Route,
    /// A router advertisement (RFC 4861).
    Advertisement,
    /// The DHCP client's lease.
    Lease,
    /// Nobody now: it is the last that worked.
    Memory,
}

/// Gateways that somebody names now, the best source first.
fn named_gateways(link: &Link, family: Family, snapshot: &Snapshot, settings: &JudgeSettings) -> Vec<(Origin, IpAddr)> {
    let provider = settings
        .providers
        .iter()
        .filter(|provider| provider.interface == link.name)
        .filter_map(|provider| provider.gateway)
        .map(|gateway| (Origin::Providers, gateway));
    let mut routes: Vec<_> = snapshot.default_routes().filter(|route| route.family == family).collect();
    routes.sort_by_key(|route| (route.table != MAIN, route.metric));
    let hops = routes.iter().flat_map(|route| &route.hops).filter(|hop| hop.index == link.index);
    let routed = hops.filter_map(|hop| hop.gateway).map(|gateway| (Origin::Route, gateway));
    let advertised = snapshot
        .neighbours()
        .filter(|neighbour| neighbour.router && neighbour.index == link.index)
        .map(|neighbour| (Origin::Advertisement, neighbour.ip));
    let all = provider.chain(routed).chain(advertised);
    all.filter(|(_, gateway)| gateway.is_ipv4() == (family == Family::Ipv4)).collect()
}

/// Gateways that were good before.
fn recalled_gateways(
    link: &Link,
    family: Family,
    addresses: &[presence::Address],
    recalled: Recalled<'_>,
) -> Vec<(Origin, IpAddr)> {
    let leased = recalled.leases.of(&link.name).filter(|_| family == Family::Ipv4);
    let last = addresses.iter().filter_map(|address| recalled.last.of(&link.name, *address));
    let leased = leased.into_iter().map(|gateway| (Origin::Lease, IpAddr::V4(gateway)));
    leased.chain(last.map(|gateway| (Origin::Memory, gateway))).collect()
}

fn usable(address: &Address) -> presence::Address {
    presence::Address {
        ip: address.ip,
        prefix: address.prefix_len,
        preferred: is_usable(address) && !address.flags.is_deprecated(),
        // For IPv4 the same bit means a secondary address, which lasts as long as any.
        temporary: address.ip.is_ipv6() && address.flags.is_temporary(),
    }
}

fn is_usable(address: &Address) -> bool {
    !address.flags.is_tentative() && !address.flags.is_duplicate()
}
