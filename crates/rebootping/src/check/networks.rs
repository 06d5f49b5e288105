//! Findings about the LAN when a link goes: whether hosts leave its IPv6 prefix, and whether names are still found.

use super::facts::{Advertiser, Facts, Network, Way};
use super::finding::{Finding, Remedy};
use super::words::listed;
use crate::config::commit::Backend;
use rebootping_core::link::{Family, Presence};
use std::net::IpAddr;

/// What can be said of it.
enum Lan<'a> {
    AnyLink(&'a Network),
    Unknown { network: &'a Network, file: String },
    Alone { network: &'a Network, link: &'a str },
    Followed { network: &'a Network, link: &'a str, by: Vec<String> },
    Fixed { network: &'a Network, link: &'a str, range: &'a str },
    Unheard { network: &'a Network, link: &'a str },
    TurnedOff { network: &'a Network, link: &'a str, file: String },
    BoundResolver { address: IpAddr, link: &'a str },
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let bound = facts.bound_resolvers.iter().filter(|_| facts.links.len() > 1);
    let resolvers = bound.map(|(address, link)| Lan::BoundResolver { address: *address, link });
    let is_carried_out = facts.configuration.backend != Backend::Observe;
    let networks = facts.networks.iter().filter(|_| is_carried_out).map(|network| of_network(network, facts));
    networks.chain(resolvers).map(|it| it.told()).collect()
}

fn of_network<'a>(network: &'a Network, facts: &'a Facts) -> Lan<'a> {
    let file = || facts.configuration.file.display().to_string();
    let link = match &network.way {
        Way::Any => return Lan::AnyLink(network),
        Way::Unknown => return Lan::Unknown { network, file: file() },
        Way::Link(link) => link,
    };
    if !facts.configuration.deprecates_prefixes {
        return Lan::TurnedOff { network, link, file: file() };
    }
    let fixed = network.advertised.iter().find_map(|advertiser| match advertiser {
        Advertiser::FixedDnsmasq(range) => Some(range),
        Advertiser::Radvd(_) | Advertiser::Dnsmasq => None,
    });
    if let Some(range) = fixed {
        return Lan::Fixed { network, link, range };
    }
    if network.advertised.is_empty() {
        return Lan::Unheard { network, link };
    }
    let is_there = |other: &&super::facts::Link| {
        other.families.get(&Family::Ipv6).is_some_and(|path| path.presence == Presence::Present)
    };
    let mut there = facts.links.iter().filter(is_there);
    if there.all(|other| other.interface == *link) {
        return Lan::Alone { network, link };
    }
    let by = network.advertised.iter().map(|advertiser| match advertiser {
        Advertiser::Radvd(file) => format!("radvd ({})", file.display()),
        Advertiser::Dnsmasq | Advertiser::FixedDnsmasq(_) => "dnsmasq".to_owned(),
    });
    Lan::Followed { network, link, by: by.collect() }
}

impl Lan<'_> {
    fn told(&self) -> Finding {
        match self {
            Self::AnyLink(network) => Finding::fine(
                &network.interface,
                format!(
                    "{} gets another source on its way out (NPTv6 or NAT): it works over any link, and is not touched.",
                    network.prefix
                ),
            ),
            Self::Unknown { network, file } => Finding::mend(
                &network.interface,
                format!(
                    "Nobody says over which link {} works, which only its provider carries: hosts go on using it when that link is out.",
                    network.prefix
                ),
                Remedy::by_hand(format!(
                    "give it a line in Shorewall6's rtrules, or in {file} write prefixes = [\"{}\"] below [[link]] of its link",
                    network.prefix
                )),
            ),
            Self::Alone { network, link } => Finding::fine(
                &network.interface,
                format!(
                    "{} works over {link}, which alone has IPv6: when nothing answers there, hosts are refused at once and go on over IPv4.",
                    network.prefix
                ),
            ),
            Self::Followed { network, link, by } => Finding::fine(
                &network.interface,
                format!(
                    "{} works over {link}: hosts are told by {} to avoid it while {link} is out of IPv6.",
                    network.prefix,
                    listed(by.iter().map(String::as_str))
                ),
            ),
            Self::Fixed { network, link, range } => Finding::mend(
                &network.interface,
                format!(
                    "{} works over {link}, and dnsmasq has hosts use it as long as it runs: they go on when {link} is out.",
                    network.prefix
                ),
                Remedy::by_hand(format!(
                    "in dnsmasq's configuration, write dhcp-range=::,constructor:{},ra-only instead of dhcp-range={range}, and restart it",
                    network.interface
                )),
            ),
            Self::Unheard { network, link } => Finding::note(
                &network.interface,
                format!(
                    "{} works over {link}, and neither radvd nor dnsmasq here tells hosts of it: what they have goes on when {link} is out.",
                    network.prefix
                ),
                Remedy::by_hand("have radvd or dnsmasq on this gateway advertise it"),
            ),
            Self::TurnedOff { network, link, file } => Finding::note(
                &network.interface,
                format!("{} works over {link}, and hosts are not told to avoid it when {link} is out.", network.prefix),
                Remedy::write(file, "[commit] deprecate_prefixes = true"),
            ),
            Self::BoundResolver { address, link } => Finding::note(
                address.to_string(),
                format!("This resolver is reached over {link} alone: when {link} is out, it does not answer."),
                Remedy::by_hand("name another resolver beside it, which every link reaches, such as 9.9.9.9"),
            ),
        }
    }
}
