//! What an ISP does wrong, as a value that becomes one nftables transaction.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

/// The faults one ISP has at the moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) blackhole4: bool,
    pub(crate) blackhole6: bool,
    /// The box answers nothing, not even ARP.
    pub(crate) silent: bool,
    /// Share of the packets from the Internet that get lost, in percent.
    pub(crate) lose: u8,
    pub(crate) lost_targets: BTreeSet<IpAddr>,
}

impl Faults {
    /// The ruleset of the ISP's namespace, in place of whatever was there.
    pub(crate) fn ruleset(&self) -> String {
        let mut forward = String::new();
        for (on, family) in [(self.blackhole4, "ipv4"), (self.blackhole6, "ipv6")] {
            if on {
                rule(&mut forward, &format!("meta nfproto {family} drop"));
            }
        }
        match self.lose {
            0 => {}
            // nft refuses a comparison that is always true.
            100.. => rule(&mut forward, "iifname up0 drop"),
            share => rule(&mut forward, &format!("iifname up0 numgen random mod 100 < {share} drop")),
        }
        for target in &self.lost_targets {
            rule(&mut forward, &format!("{} drop", destination(*target)));
        }
        let device = if self.silent { "  drop\n" } else { "" };
        let chains = [
            ("inet", "forward", "hook forward", forward.as_str()),
            ("netdev", "from_gateway", "hook ingress device c0", device),
            ("netdev", "to_gateway", "hook egress device c0", device),
        ];
        chains.map(|(family, name, hook, rules)| replaced_chain(family, name, hook, rules)).concat()
    }
}

/// The ruleset of the Internet's namespace in which `dead` answer nobody.
pub(crate) fn dead_targets(dead: &BTreeSet<IpAddr>) -> String {
    let mut input = String::new();
    for target in dead {
        rule(&mut input, &format!("{} drop", destination(*target)));
    }
    replaced_chain("inet", "input", "hook input", &input)
}

/// Gives a chain these rules and no others, within the transaction it is part of.
fn replaced_chain(family: &str, name: &str, hook: &str, rules: &str) -> String {
    let chain = |content: &str| format!("table {family} lab {{\n chain {name} {{\n{content} }}\n}}\n");
    let empty = chain(&format!("  type filter {hook} priority 0; policy accept;\n"));
    format!("{empty}flush chain {family} lab {name}\n{}", chain(rules))
}

fn rule(rules: &mut String, text: &str) {
    writeln!(rules, "  {text}").expect("a string takes text");
}

fn destination(target: IpAddr) -> String {
    match target {
        IpAddr::V4(v4) => format!("ip daddr {v4}"),
        IpAddr::V6(v6) => format!("ip6 daddr {v6}"),
    }
}
