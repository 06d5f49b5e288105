//! Findings about the links: whether each can be used, what probing it costs, and what they are to each other.

use super::facts::{Facts, Link, Path, ProbeBytes};
use super::finding::{Finding, Remedy};
use super::words::{listed, rough, set_for_good};
use crate::committer::providers::{DefaultRoute, Provider};
use crate::judge::links::Origin;
use crate::report::links::in_words;
use rebootping_core::link::presence::same_subnet;
use rebootping_core::link::{Family, Presence};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Answer ARP for an address on its own interface only, and ask from an address of that interface's subnet (ip-sysctl).
const ARP_IGNORE: u8 = 1;
const ARP_ANNOUNCE: u8 = 2;

/// What can be said of links.
enum Linked<'a> {
    None { file: String },
    Alone(&'a Link),
    State { link: &'a Link, family: Family, path: &'a Path, is_provider: bool },
    Probes { link: &'a Link, families: Vec<Family> },
    ArpFlux { subnet: String, links: Vec<&'a Link> },
    OneGateway { gateway: IpAddr, links: Vec<&'a str> },
    MeteredInBalance { link: &'a Link, provider: &'a Provider, file: String },
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    match facts.links.as_slice() {
        [] => found.push(Linked::None { file: facts.configuration.file.display().to_string() }),
        [link] => found.push(Linked::Alone(link)),
        _ => {}
    }
    for link in &facts.links {
        found.extend(states(facts, link));
        found.push(Linked::Probes { link, families: used(link).map(|(family, _)| family).collect() });
        found.extend(metered_in_balance(facts, link));
    }
    found.extend(in_one_subnet(&facts.links));
    found.extend(with_one_gateway(&facts.links));
    found.iter().map(Linked::told).collect()
}

/// The families in which a link has something; IPv4 where it has nothing at all.
fn used(link: &Link) -> impl Iterator<Item = (Family, &Path)> {
    let has_something = |path: &Path| !matches!(path.presence, Presence::NoAddress | Presence::Absent);
    let none = !link.families.values().any(has_something);
    let first = link.families.keys().next().copied();
    let families = link.families.iter().map(|(family, path)| (*family, path));
    families.filter(move |(family, path)| has_something(path) || none && Some(*family) == first)
}

fn states<'a>(facts: &'a Facts, link: &'a Link) -> impl Iterator<Item = Linked<'a>> {
    let is_provider =
        facts.products.iter().flat_map(|it| &it.providers).any(|provider| provider.interface == link.interface);
    used(link).map(move |(family, path)| Linked::State { link, family, path, is_provider })
}

fn metered_in_balance<'a>(facts: &'a Facts, link: &'a Link) -> impl Iterator<Item = Linked<'a>> {
    let spread = |provider: &&Provider| {
        provider.interface == link.interface && provider.default_route == DefaultRoute::Balance && link.metered
    };
    facts.products.iter().flat_map(move |product| {
        let file = product.etc.join("providers").display().to_string();
        let providers = product.providers.iter().filter(spread);
        providers.map(move |provider| Linked::MeteredInBalance { link, provider, file: file.clone() })
    })
}

/// Links with IPv4 addresses of one subnet, where any of them lets the kernel mix up their ARP.
fn in_one_subnet(links: &[Link]) -> Vec<Linked<'_>> {
    let mut found: Vec<Linked<'_>> = Vec::new();
    for (place, first) in links.iter().enumerate() {
        let Some((address, prefix)) = source_of(first, Family::Ipv4) else { continue };
        let beside = |other: &&Link| {
            source_of(other, Family::Ipv4)
                .is_some_and(|(theirs, length)| same_subnet(address, theirs, length.min(prefix)))
        };
        let named_before = links[..place].iter().any(|link| beside(&link));
        let links: Vec<&Link> = links[place..].iter().filter(beside).collect();
        let mixed = links.iter().any(|it| it.arp_ignore < ARP_IGNORE || it.arp_announce < ARP_ANNOUNCE);
        if links.len() > 1 && mixed && !named_before {
            found.push(Linked::ArpFlux { subnet: format!("{address}/{prefix}"), links });
        }
    }
    found
}

fn source_of(link: &Link, family: Family) -> Option<(IpAddr, u8)> {
    link.families.get(&family)?.source.filter(|(_, prefix)| *prefix > 0 && *prefix < 32)
}

fn with_one_gateway(links: &[Link]) -> Vec<Linked<'_>> {
    let mut by_gateway: BTreeMap<IpAddr, Vec<&str>> = BTreeMap::new();
    for link in links {
        let gateways = link.families.values().filter_map(|path| Some(path.gateway?.0));
        gateways.for_each(|gateway| by_gateway.entry(gateway).or_default().push(&link.interface));
    }
    let shared = by_gateway.into_iter().filter(|(_, links)| links.len() > 1);
    shared.map(|(gateway, links)| Linked::OneGateway { gateway, links }).collect()
}

impl Linked<'_> {
    fn told(&self) -> Finding {
        match self {
            Self::None { file } => Finding::note(
                "links",
                "No link was found: Shorewall has no providers, no interface has a default route, and the configuration \
                 names none.",
                Remedy::write(file, "[links] interfaces = [\"wan*\"]"),
            ),
            Self::Alone(link) => Finding::fine(
                "links",
                format!(
                    "{} is the only link: its state is shown and kept, there is nothing to choose.",
                    link.interface
                ),
            ),
            Self::State { link, family, path, is_provider } => state(link, *family, path, *is_provider),
            Self::Probes { link, families } => Finding::fine(&link.interface, probes(link.probe_bytes, families)),
            Self::ArpFlux { subnet, links } => Finding::mend(
                listed(links.iter().map(|link| link.interface.as_str())),
                format!(
                    "They are in one subnet (that of {subnet}), and the kernel answers ARP for one on the other: packets of \
                     one link take the wire of the other."
                ),
                set_for_good(&format!(
                    "net.ipv4.conf.all.arp_ignore={ARP_IGNORE} net.ipv4.conf.all.arp_announce={ARP_ANNOUNCE}"
                )),
            ),
            Self::OneGateway { gateway, links } => Finding::fine(
                listed(links.iter().copied()),
                format!("They have the same gateway address, {gateway}: each is asked on its own interface."),
            ),
            Self::MeteredInBalance { link, provider, file } => Finding::note(
                &link.interface,
                format!(
                    "It is metered, and its provider {} has `balance`: new connections use it while all is well.",
                    provider.name
                ),
                Remedy::by_hand(format!(
                    "in {file}, give {} the option `fallback` instead of `balance`",
                    provider.name
                )),
            ),
        }
    }
}

fn state(link: &Link, family: Family, path: &Path, is_provider: bool) -> Finding {
    let (name, family_name) = (&link.interface, in_words(family));
    let label = link.label.as_ref().map_or_else(String::new, |label| format!("\"{label}\": "));
    match path.presence {
        Presence::Present => Finding::fine(name, format!("{label}{family_name} is there: {}.", way(path))),
        Presence::NoCarrier if !link.is_up => {
            Finding::mend(name, format!("{label}It is down."), Remedy::run(format!("ip link set dev {name} up")))
        }
        Presence::NoCarrier => Finding::mend(
            name,
            format!("{label}It has no carrier."),
            Remedy::by_hand("plug in its cable and switch on the provider's box"),
        ),
        Presence::NoAddress => Finding::mend(
            name,
            format!("{label}It has no address."),
            Remedy::by_hand(format!("start its DHCP or PPP client, or run: ip address add ADDRESS/LENGTH dev {name}")),
        ),
        Presence::NoNextHop => Finding::mend(
            name,
            format!(
                "{label}{family_name} has an address and no gateway: no provider, route, advertisement or lease names one."
            ),
            Remedy::by_hand(gateway_remedy(name, is_provider)),
        ),
        Presence::Absent => Finding::note(
            name,
            format!("{label}There is no such interface."),
            Remedy::by_hand("plug it in, or correct its name in Shorewall's providers file or in [links] interfaces"),
        ),
    }
}

fn way(path: &Path) -> String {
    let source = path.source.map_or_else(String::new, |(ip, prefix)| format!("{ip}/{prefix}, "));
    let gateway = path.gateway.map_or_else(
        || "point-to-point, which needs no gateway".to_owned(),
        |(ip, origin)| format!("gateway {ip} ({})", named_by(origin)),
    );
    source + &gateway
}

const fn named_by(origin: Origin) -> &'static str {
    match origin {
        Origin::Providers => "named in Shorewall's providers file",
        Origin::Route => "from a default route",
        Origin::Advertisement => "from a router advertisement",
        Origin::Lease => "from the DHCP lease",
        Origin::Memory => "the last that worked; nothing names one now",
    }
}

fn gateway_remedy(name: &str, is_provider: bool) -> String {
    if is_provider {
        format!("write the gateway's address for {name} in the GATEWAY column of Shorewall's providers file")
    } else {
        format!("run: ip route add default via GATEWAY dev {name} metric 1000")
    }
}

fn probes(bytes: ProbeBytes, families: &[Family]) -> String {
    let families = listed(families.iter().map(|family| in_words(*family)));
    let in_full = rough(bytes.in_full);
    match bytes.resting {
        Some(resting) => format!(
            "Metered: its probes ({families}) are at most {} a month while the others are well, {in_full} in full.",
            rough(resting)
        ),
        None => format!("Its probes ({families}) are {in_full} a month, replies included."),
    }
}
