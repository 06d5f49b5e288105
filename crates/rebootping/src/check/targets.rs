//! Findings about the targets: how many there are, and how many operators they depend on.

use super::facts::{Facts, TargetList};
use super::finding::{Finding, Remedy};
use super::words::listed;
use crate::report::links::in_words;
use rebootping_core::link::Family;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

/// With fewer, one operator's outage or rate limit may look like a link's fault.
const ENOUGH_OPERATORS: usize = 3;

/// Public resolvers, whose addresses alone do not tell that one operator has them.
const OPERATORS: [(&str, &[&str]); 4] = [
    ("Google", &["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888"]),
    ("Cloudflare", &["1.1.1.1", "1.0.0.1", "2606:4700:4700::1111"]),
    ("Quad9", &["9.9.9.9", "149.112.112.112", "2620:fe::fe"]),
    ("OpenDNS", &["208.67.222.222", "208.67.220.220", "2620:119:35::35"]),
];

/// What can be said of a list of targets.
enum Asked<'a> {
    Enough { list: &'a TargetList, operators: usize },
    FewOperators { list: &'a TargetList, operators: usize },
    One(&'a TargetList),
    LeftOut(Vec<IpAddr>),
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let lists = facts.targets.iter().filter(|list| !list.targets.is_empty()).map(|list| {
        let operators = list.targets.iter().map(|target| operator(*target)).collect::<BTreeSet<_>>().len();
        match list.targets.len() {
            1 => Asked::One(list),
            _ if operators < ENOUGH_OPERATORS => Asked::FewOperators { list, operators },
            _ => Asked::Enough { list, operators },
        }
    });
    let left_out = facts.daemon.running().map(|running| running.left_out.iter().copied().collect::<Vec<_>>());
    let left_out = left_out.filter(|targets| !targets.is_empty()).map(Asked::LeftOut);
    lists.chain(left_out).map(|it| it.told(facts)).collect()
}

/// Who runs a target, as far as its address tells: its name, else its network.
fn operator(target: IpAddr) -> String {
    let text = target.to_string();
    let known = OPERATORS.iter().find(|(_, addresses)| addresses.contains(&text.as_str()));
    if let Some((name, _)) = known {
        return (*name).to_owned();
    }
    match target {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            format!("{a}.{b}")
        }
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 96 << 96).to_string(),
    }
}

impl Asked<'_> {
    fn told(&self, facts: &Facts) -> Finding {
        match self {
            Self::Enough { list, operators } => Finding::fine(
                ABOUT,
                format!("{}: {} targets of {operators} operators.", place(list), list.targets.len()),
            ),
            Self::FewOperators { list, operators } => Finding::note(
                ABOUT,
                format!(
                    "{}: {} targets of {}: its outage or rate limit hits {} at once.",
                    place(list),
                    list.targets.len(),
                    if *operators == 1 { "one operator".to_owned() } else { format!("{operators} operators") },
                    if *operators == 1 { "all" } else { "several" },
                ),
                rewrite(list, facts),
            ),
            Self::One(list) => Finding::mend(
                ABOUT,
                format!("{}: one target alone: what it does is taken for what the links do.", place(list)),
                rewrite(list, facts),
            ),
            Self::LeftOut(targets) => {
                let names: Vec<String> = targets.iter().map(ToString::to_string).collect();
                Finding::note(
                    ABOUT,
                    format!(
                        "{} left out for now: one link alone cannot reach {}.",
                        if let [one] = names.as_slice() { format!("{one} is") } else { are(&names) },
                        if names.len() == 1 { "it" } else { "them" },
                    ),
                    Remedy::by_hand(
                        "it counts again after 10 good minutes; if it stays out, name another under [probe] targets",
                    ),
                )
            }
        }
    }
}

const ABOUT: &str = "targets";

fn are(names: &[String]) -> String {
    format!("{} are", listed(names.iter().map(String::as_str)))
}

fn place(list: &TargetList) -> String {
    format!("{} {}", list.section, in_words(list.family))
}

/// The section's line as it is, with targets of operators it does not ask yet.
fn rewrite(list: &TargetList, facts: &Facts) -> Remedy {
    let written = facts.targets.iter().filter(|other| other.section == list.section).flat_map(|other| &other.targets);
    let mut targets: Vec<IpAddr> = written.copied().collect();
    for known in OPERATORS.iter().filter_map(|(_, addresses)| address_of(addresses, list.family)) {
        if targets.iter().all(|target| operator(*target) != operator(known)) {
            targets.push(known);
        }
    }
    let quoted: Vec<String> = targets.iter().map(|target| format!("\"{target}\"")).collect();
    let file = facts.configuration.file.display();
    Remedy::write(format!("{file}, {}", list.section), format!("targets = [{}]", quoted.join(", ")))
}

fn address_of(addresses: &[&str], family: Family) -> Option<IpAddr> {
    let addresses = addresses.iter().filter_map(|address| address.parse::<IpAddr>().ok());
    addresses.into_iter().find(|address| address.is_ipv4() == (family == Family::Ipv4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_of_one_operator_are_one_operator() {
        let same =
            |a: &str, b: &str| operator(a.parse().expect("an address")) == operator(b.parse().expect("an address"));
        assert!(same("1.1.1.1", "1.0.0.1") && same("192.0.2.1", "192.0.99.2"));
        assert!(same("2001:db8::1", "2001:db8:ffff::2") && same("8.8.8.8", "2001:4860:4860::8888"));
        assert!(!same("8.8.8.8", "9.9.9.9") && !same("2620:fe::fe", "2620:119:35::35"));
    }
}
