//! The LAN's IPv6 networks: over which link each works, and who has hosts hear of it.

use crate::check::facts::{Advertiser, Link, Network, Way};
use crate::committer::dhcp::dnsmasq::{Advertised, Dnsmasq};
use crate::committer::prefixes::known;
use crate::committer::prefixes::networks::Networks;
use crate::committer::prefixes::radvd::Radvd;
use crate::config::meant::Config;
use crate::daemon::settings::prefix_settings;
use rebootping_core::control::outlook::{Standings, Use, use_of};
use rebootping_core::control::prefix::Prefix;
use std::io;

/// All of them, in the kernel's order.
pub(super) fn look(config: &Config, links: &[Link]) -> io::Result<Vec<Network>> {
    let settings = prefix_settings(config, links.iter().map(|link| link.interface.as_str()));
    let networks = Networks::look()?;
    let known = known(&settings, &networks);
    let (radvd, dnsmasq) = (Radvd::all(), Dnsmasq::all());
    let network = |interface: String, prefix: Prefix| Network {
        way: match use_of(prefix, &known, &Standings::new()) {
            Use::Unknown => Way::Unknown,
            Use::Translated => Way::Any,
            Use::Works(link) | Use::Avoided(link) => Way::Link(link.to_owned()),
        },
        advertised: advertisers(&radvd, &dnsmasq, &interface, prefix),
        interface,
        prefix,
    };
    Ok(networks.own(&settings.links).into_iter().map(|own| network(own.interface, own.network)).collect())
}

fn advertisers(radvd: &[Radvd], dnsmasq: &[Dnsmasq], interface: &str, prefix: Prefix) -> Vec<Advertiser> {
    let of_radvd = radvd.iter().filter(|it| it.advertises(interface, prefix));
    let of_dnsmasq = dnsmasq.iter().filter_map(|it| it.advertises(interface, prefix)).map(|how| match how {
        Advertised::AsAddress => Advertiser::Dnsmasq,
        Advertised::Fixed(range) => Advertiser::FixedDnsmasq(range),
    });
    of_radvd.map(|it| Advertiser::Radvd(it.file.clone())).chain(of_dnsmasq).collect()
}
