//! Findings about Shorewall and Shorewall6: whether they run, whether they read our verdicts, and what their providers lack.

use super::facts::{Consent, Facts, Product};
use super::finding::{Finding, Remedy};
use super::words::{listed, of_interface, set_for_good};
use crate::committer::providers::{DefaultRoute, Provider, has_balance};
use crate::committer::shorewall::product as command;
use crate::config::commit::Backend;
use rebootping_core::commit::Firewall;
use rebootping_core::link::{Family, Presence};
use std::path::Path;

/// What can be said of the firewall.
enum Walled<'a> {
    Nowhere(Backend),
    NotForIpv6(Vec<&'a str>),
    State { product: &'a Product, state: Firewall },
    NoProviders(&'a Product),
    Consent { product: &'a Product, consent: Consent, backend: Backend, script: &'a Path },
    UnusedScript(&'a Product),
    Unmarked { product: &'a Product, provider: &'a Provider },
    FixedAddress { product: &'a Product, provider: &'a Provider, action: &'a str },
    Shared { first: &'a Provider, second: &'a Provider },
    Reloads(&'a Product),
    AdvertisedRoutes { interface: &'a str },
    NoProvider { interface: &'a str, file: String },
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let backend = facts.configuration.backend;
    if !matches!(backend, Backend::Auto | Backend::Shorewall) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if facts.products.is_empty() {
        found.push(Walled::Nowhere(backend));
    }
    for product in &facts.products {
        found.extend(of_product(product, facts));
    }
    found.extend(not_for_ipv6(facts));
    found.extend(links_without_provider(facts));
    found.iter().map(Walled::told).collect()
}

fn of_product<'a>(product: &'a Product, facts: &'a Facts) -> Vec<Walled<'a>> {
    let mut found: Vec<_> = product.state.map(|state| Walled::State { product, state }).into_iter().collect();
    if product.providers.is_empty() {
        found.extend(facts.is_root.then_some(Walled::NoProviders(product)));
        return found;
    }
    let (consent, backend) = (product.consent, facts.configuration.backend);
    if consent != Consent::Unknown {
        found.push(Walled::Consent { product, consent, backend, script: &facts.script });
    }
    found.extend(product.has_unused_script.then_some(Walled::UnusedScript(product)));
    for (place, provider) in product.providers.iter().enumerate() {
        let first = product.providers[..place].iter().find(|other| other.interface == provider.interface);
        found.extend(first.map(|first| Walled::Shared { first, second: provider }));
        found.extend((!can_drain(product, provider)).then_some(Walled::Unmarked { product, provider }));
        let action = product.translated.get(&provider.interface);
        found.extend(action.map(|action| Walled::FixedAddress { product, provider, action }));
    }
    if product.family == Family::Ipv6 && has_balance(&product.providers) {
        found.push(Walled::Reloads(product));
        found.extend(advertised_routes(product, facts));
    }
    found
}

/// Connections of a provider can be kept on it only if their packets carry its mark.
fn can_drain(product: &Product, provider: &Provider) -> bool {
    let is_marked = match product.state {
        Some(Firewall::Started) if provider.mark.is_none() => product.marked.contains(&provider.number),
        _ => provider.mark.is_some(),
    };
    provider.tracks && is_marked
}

fn advertised_routes<'a>(product: &'a Product, facts: &'a Facts) -> impl Iterator<Item = Walled<'a>> {
    let links = facts.links.iter().filter(|link| link.takes_advertised_routes);
    let balanced = links.filter(|link| product.providers.iter().any(|provider| provider.interface == link.interface));
    balanced.map(|link| Walled::AdvertisedRoutes { interface: &link.interface })
}

/// With one link of that family there is nothing to commit.
fn not_for_ipv6(facts: &Facts) -> Option<Walled<'_>> {
    let present = |path: &super::facts::Path| path.presence == Presence::Present;
    let links: Vec<&str> = facts
        .links
        .iter()
        .filter(|link| link.families.get(&Family::Ipv6).is_some_and(present))
        .map(|link| link.interface.as_str())
        .collect();
    let lacks = facts.products.iter().all(|product| product.family == Family::Ipv4) && !facts.products.is_empty();
    (lacks && links.len() > 1).then_some(Walled::NotForIpv6(links))
}

fn links_without_provider(facts: &Facts) -> impl Iterator<Item = Walled<'_>> {
    let providers = || facts.products.iter().flat_map(|product| &product.providers);
    let file = facts.products.first().map_or_else(String::new, |product| file(product, "providers"));
    let links = facts.links.iter().filter(move |_| providers().next().is_some());
    let strangers = links.filter(move |link| providers().all(|provider| provider.interface != link.interface));
    strangers.map(move |link| Walled::NoProvider { interface: &link.interface, file: file.clone() })
}

impl Walled<'_> {
    fn told(&self) -> Finding {
        match self {
            Self::Nowhere(Backend::Shorewall) => Finding::mend(
                "Shorewall",
                "[commit] backend is \"shorewall\", and Shorewall is not set up.",
                Remedy::by_hand("install shorewall and write a provider for each link to /etc/shorewall/providers"),
            ),
            Self::Nowhere(Backend::Auto | Backend::Exec | Backend::Observe) => Finding::note(
                "Shorewall",
                "It is not set up: the choice of links is shown and not carried out.",
                Remedy::by_hand(
                    "write a provider for each link to /etc/shorewall/providers, or under [commit]: backend = \"exec\" and \
                     command = \"PROGRAM\"",
                ),
            ),
            Self::NotForIpv6(links) => Finding::note(
                "Shorewall6",
                format!("It is not set up: IPv6 of {} is judged and not carried out.", listed(links.iter().copied())),
                Remedy::by_hand("install shorewall6 and write a provider for each link to /etc/shorewall6/providers"),
            ),
            Self::State { product, state } => state_of(product, *state),
            Self::NoProviders(product) => Finding::note(
                name(product.family),
                "It has no providers: there is nothing to switch.",
                Remedy::write(file(product, "providers"), "isp1 1 1 - wan1 detect track,balance"),
            ),
            Self::Consent { product, consent, backend, script } => consented(product, *consent, *backend, script),
            Self::UnusedScript(product) => Finding::mend(
                name(product.family),
                format!("{} is not the script in force: it was changed or removed since.", file(product, "isusable")),
                Remedy::run(format!("{} reload -c", command(product.family))),
            ),
            Self::Unmarked { product, provider } => Finding::note(
                &provider.name,
                "Its connections are not marked: when it leaves they are cut, not drained.",
                Remedy::by_hand(format!(
                    "in {}, give {} a MARK of its own and the option `track`",
                    file(product, "providers"),
                    provider.name
                )),
            ),
            Self::FixedAddress { product, provider, action } => Finding::note(
                &provider.name,
                format!("Flows over it have a fixed address ({action}): when it is cut they are deleted, not moved."),
                Remedy::by_hand(format!(
                    "in {}, write MASQUERADE for {} instead of {action}",
                    file(product, "snat"),
                    provider.interface
                )),
            ),
            Self::Shared { first, second } => Finding::mend(
                &second.name,
                format!(
                    "It shares {} with {}: a link is an interface, so {0} is judged once, and only {1} is switched.",
                    second.interface, first.name
                ),
                Remedy::run(format!(
                    "ip link add link {} name {} type macvlan mode private",
                    second.interface, second.name
                )),
            ),
            Self::Reloads(product) => Finding::note(
                "Shorewall6",
                "It has `balance` providers, which it cannot enable or disable one by one: each change is a reload, which \
                 costs every link some 40 ms of IPv6.",
                Remedy::by_hand(format!(
                    "in {}, write `primary` for the first and `fallback` for the others",
                    file(product, "providers")
                )),
            ),
            Self::AdvertisedRoutes { interface } => Finding::mend(
                *interface,
                "Each router advertisement puts a default route into the main table, in front of Shorewall6's balance: a \
                 link that is out stays in use.",
                set_for_good(&format!("{}=0", of_interface("ipv6", interface, "accept_ra_defrtr"))),
            ),
            Self::NoProvider { interface, file } => Finding::note(
                *interface,
                "No provider is on it: it is judged and shown, and cannot be switched.",
                Remedy::by_hand(format!("add a provider with {interface} to {file}")),
            ),
        }
    }
}

fn state_of(product: &Product, state: Firewall) -> Finding {
    let (name, command) = (name(product.family), command(product.family));
    let providers = listed(product.providers.iter().map(|provider| provider.name.as_str()));
    match state {
        Firewall::Started if product.providers.is_empty() => Finding::fine(name, "It runs."),
        Firewall::Started => {
            let word = if product.providers.len() == 1 { "provider" } else { "providers" };
            Finding::fine(name, format!("It runs, with the {word} {providers}."))
        }
        Firewall::Stopped => Finding::mend(
            name,
            "It is stopped or cleared: status files are kept right, the rest waits for its start.",
            Remedy::run(format!("{command} start")),
        ),
        Firewall::Absent => Finding::mend(
            name,
            format!("It has the providers {providers} and was never started."),
            Remedy::run(format!("{command} check && {command} start")),
        ),
    }
}

fn consented(product: &Product, consent: Consent, backend: Backend, script: &Path) -> Finding {
    let name = name(product.family);
    let what = match consent {
        Consent::Given | Consent::Unknown => {
            return Finding::fine(name, "The `isusable` in force reads our status files: choices are carried out.");
        }
        Consent::Refused => "The `isusable` in force does not read our status files",
        Consent::NoScript => "There is no `isusable` in force",
    };
    let command = command(product.family);
    let remedy = Remedy::run(format!(
        "install -m 644 {} {} && {command} reload -c",
        script.display(),
        file(product, "isusable")
    ));
    match backend {
        Backend::Shorewall => Finding::mend(
            name,
            format!("{what}: the next reload brings every link back in, whatever was chosen."),
            remedy,
        ),
        Backend::Auto | Backend::Exec | Backend::Observe => Finding::note(
            name,
            format!("{what}: choices are shown and not carried out. Installing ours is your consent."),
            remedy,
        ),
    }
}

const fn name(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "Shorewall",
        Family::Ipv6 => "Shorewall6",
    }
}

fn file(product: &Product, name: &str) -> String {
    product.etc.join(name).display().to_string()
}

/// Whether several providers spread connections over one route.
pub(super) fn spreads(product: &Product) -> bool {
    product.providers.iter().filter(|provider| provider.default_route == DefaultRoute::Balance).count() > 1
}
