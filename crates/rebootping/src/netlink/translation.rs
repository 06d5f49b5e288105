//! Which IPv6 sources leave as another address (NAT, masquerading, `NPTv6`), as far as nftables' rules say so.
//!
//! Read are rules of the families ip6 and inet, iptables' own too: a condition on the source's prefix, one on the interface it
//! leaves over, and what translates. Of a rule with other conditions it is assumed that it holds.

use super::exchange::Exchange;
use super::uapi::{
    NFPROTO_INET, NFPROTO_IPV6, NFT_CMP_EQ, NFT_META_NFPROTO, NFT_META_OIFNAME, NFT_MSG_GETRULE, NFT_MSG_NEWRULE,
    NFT_NAT_SNAT, NFT_PAYLOAD_NETWORK_HEADER, NFTA_BITWISE_MASK, NFTA_CMP_DATA, NFTA_CMP_OP, NFTA_DATA_VALUE,
    NFTA_EXPR_DATA, NFTA_EXPR_NAME, NFTA_META_KEY, NFTA_NAT_TYPE, NFTA_PAYLOAD_BASE, NFTA_PAYLOAD_LEN,
    NFTA_PAYLOAD_OFFSET, NFTA_RULE_EXPRESSIONS, NFTA_TARGET_NAME, NLM_F_DUMP,
};
use super::wire::{Attribute, Attributes, Request, array_at};
use nix::sys::socket::SockProtocol;
use rebootping_core::control::prefix::Prefix;
use std::cell::Cell;
use std::io;
use std::net::Ipv6Addr;

/// Where an IPv6 header has its source (RFC 8200 section 3).
const SOURCE_AT: u32 = 8;
/// Targets of iptables that give packets another source.
const TARGETS: [&str; 4] = ["MASQUERADE", "SNAT", "NETMAP", "SNPT"];
/// `struct nfgenmsg` before the attributes.
const HEADER: usize = 4;

/// A rule that translates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Translation {
    /// The sources; all if it does not say.
    pub(crate) source: Option<Prefix>,
    over: Option<Over>,
}

/// The interfaces over which it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Over {
    name: String,
    /// Those whose names begin so.
    is_beginning: bool,
}

impl Translation {
    /// It holds for packets that leave over that interface.
    pub(crate) fn is_over(&self, interface: &str) -> bool {
        self.over.as_ref().is_none_or(|over| {
            if over.is_beginning { interface.starts_with(&over.name) } else { interface == over.name }
        })
    }
}

/// All of them, in the kernel's order.
pub(crate) fn list() -> io::Result<Vec<Translation>> {
    let mut kernel = Exchange::open(SockProtocol::NetlinkNetFilter)?;
    let mut found = Vec::new();
    for family in [NFPROTO_IPV6, NFPROTO_INET] {
        let answers = kernel.ask(Request::new(NFT_MSG_GETRULE, NLM_F_DUMP, &[family, 0, 0, 0]))?;
        let bodies = answers.iter().filter(|(kind, _)| *kind == NFT_MSG_NEWRULE);
        found.extend(bodies.filter_map(|(_, body)| rule(body.get(HEADER..)?)));
    }
    Ok(found)
}

/// What a comparison is about.
enum Loaded {
    /// So many bits of the source.
    Source(u8),
    /// The interface it leaves over.
    Interface,
    /// The IP version.
    Version,
    Other,
}

fn rule(attributes: &[u8]) -> Option<Translation> {
    let damaged = Cell::new(0);
    let expressions = Attributes::new(attributes, &damaged).find(NFTA_RULE_EXPRESSIONS)?;
    let (mut loaded, mut translation) = (Loaded::Other, Translation { source: None, over: None });
    for expression in expressions.nested() {
        let name = expression.nested().find(NFTA_EXPR_NAME)?.text();
        // One without anything to say, as `masq` often is, has no data.
        let none = Attributes::new(&[], &damaged);
        let data = expression.nested().find(NFTA_EXPR_DATA).map_or(none, |data| data.nested());
        match name.as_str() {
            "payload" => loaded = payload(&data),
            "meta" => loaded = meta(&data),
            "bitwise" => {
                if let (Loaded::Source(bits), Some(mask)) = (&mut loaded, value(&data, NFTA_BITWISE_MASK)) {
                    *bits = ones(mask.value);
                }
            }
            // Of a table for both versions, this one is for IPv4.
            "cmp" if matches!(loaded, Loaded::Version) && !is_ipv6(&data) => return None,
            "cmp" => {
                compare(&loaded, &data, &mut translation);
                loaded = Loaded::Other;
            }
            "masq" => return Some(translation),
            "nat" if is(&data, NFTA_NAT_TYPE, NFT_NAT_SNAT) => return Some(translation),
            "target" if data.find(NFTA_TARGET_NAME).is_some_and(|it| TARGETS.contains(&it.text().as_str())) => {
                return Some(translation);
            }
            _ => {}
        }
    }
    None
}

fn meta(data: &Attributes<'_>) -> Loaded {
    match number(data, NFTA_META_KEY) {
        Some(NFT_META_OIFNAME) => Loaded::Interface,
        Some(NFT_META_NFPROTO) => Loaded::Version,
        _ => Loaded::Other,
    }
}

fn is_ipv6(data: &Attributes<'_>) -> bool {
    value(data, NFTA_CMP_DATA).is_some_and(|version| version.value.first() == Some(&NFPROTO_IPV6))
}

fn payload(data: &Attributes<'_>) -> Loaded {
    let is_source = is(data, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER) && is(data, NFTA_PAYLOAD_OFFSET, SOURCE_AT);
    match number(data, NFTA_PAYLOAD_LEN) {
        // A prefix of whole bytes is compared without a mask.
        Some(length @ 1..=16) if is_source => Loaded::Source((length * 8) as u8),
        _ => Loaded::Other,
    }
}

fn compare(loaded: &Loaded, data: &Attributes<'_>, translation: &mut Translation) {
    let Some(compared) = value(data, NFTA_CMP_DATA).filter(|_| is(data, NFTA_CMP_OP, NFT_CMP_EQ)) else { return };
    match loaded {
        Loaded::Source(bits) => {
            let mut octets = [0; 16];
            octets.iter_mut().zip(compared.value).for_each(|(octet, byte)| *octet = *byte);
            translation.source = Prefix::of(Ipv6Addr::from(octets), *bits);
        }
        Loaded::Interface => {
            let is_beginning = !compared.value.contains(&0) && compared.value.len() < 16;
            translation.over = Some(Over { name: compared.text(), is_beginning });
        }
        Loaded::Version | Loaded::Other => {}
    }
}

fn value<'a>(data: &Attributes<'a>, kind: u16) -> Option<Attribute<'a>> {
    data.find(kind)?.nested().find(NFTA_DATA_VALUE)
}

fn is(data: &Attributes<'_>, kind: u16, wanted: u32) -> bool {
    number(data, kind) == Some(wanted)
}

/// nftables' numbers are in network order.
fn number(data: &Attributes<'_>, kind: u16) -> Option<u32> {
    array_at(data.find(kind)?.value, 0).map(u32::from_be_bytes)
}

fn ones(mask: &[u8]) -> u8 {
    let mut bits = 0;
    for byte in mask {
        bits += byte.leading_ones() as u8;
        if *byte != u8::MAX {
            break;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::uapi::NLA_F_NESTED;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((value.len() + 4) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn be(kind: u16, number: u32) -> Vec<u8> {
        attribute(kind, &number.to_be_bytes())
    }

    fn expression(name: &str, data: &[Vec<u8>]) -> Vec<u8> {
        let name = attribute(NFTA_EXPR_NAME, format!("{name}\0").as_bytes());
        let data = attribute(NFTA_EXPR_DATA | NLA_F_NESTED, &data.concat());
        attribute(1 | NLA_F_NESTED, &[name, data].concat())
    }

    fn data(kind: u16, value: &[u8]) -> Vec<u8> {
        attribute(kind | NLA_F_NESTED, &attribute(NFTA_DATA_VALUE, value))
    }

    fn source(length: u32, bytes: &[u8]) -> Vec<Vec<u8>> {
        let load = [be(NFTA_PAYLOAD_BASE, 1), be(NFTA_PAYLOAD_OFFSET, 8), be(NFTA_PAYLOAD_LEN, length)];
        vec![expression("payload", &load), expression("cmp", &[be(NFTA_CMP_OP, 0), data(NFTA_CMP_DATA, bytes)])]
    }

    fn over(name: &[u8]) -> Vec<Vec<u8>> {
        vec![
            expression("meta", &[be(NFTA_META_KEY, NFT_META_OIFNAME)]),
            expression("cmp", &[be(NFTA_CMP_OP, 0), data(NFTA_CMP_DATA, name)]),
        ]
    }

    #[track_caller]
    fn check(expressions: &[Vec<Vec<u8>>], expected: Option<(Option<&str>, &[&str])>) {
        let all = attribute(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, &expressions.concat().concat());
        let found = rule(&all).map(|it| {
            let over: Vec<&str> = ["wan1", "wan2", "tun0"].into_iter().filter(|name| it.is_over(name)).collect();
            (it.source.map(|source| source.to_string()), over)
        });
        let expected = expected.map(|(source, over)| (source.map(str::to_owned), over.to_vec()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_rule_says_whose_source_it_changes_and_over_which_interface() {
        let masquerade = || vec![expression("masq", &[])];
        let target = |name: &str| vec![expression("target", &[attribute(NFTA_TARGET_NAME, name.as_bytes())])];
        let everywhere: &[&str] = &["wan1", "wan2", "tun0"];
        let ula = [0xfd, 0x61, 0, 0, 0, 0, 0, 0];
        check(&[masquerade()], Some((None, everywhere)));
        check(&[source(8, &ula), masquerade()], Some((Some("fd61::/64"), everywhere)));
        check(&[over(b"wan1\0\0\0\0\0\0\0\0\0\0\0\0"), target("MASQUERADE\0")], Some((None, &["wan1"])));
        check(&[over(b"wan"), target("SNPT\0")], Some((None, &["wan1", "wan2"])));
        check(&[vec![expression("nat", &[be(NFTA_NAT_TYPE, 0)])]], Some((None, everywhere)));
        check(&[vec![expression("nat", &[be(NFTA_NAT_TYPE, 1)])]], None);
        check(&[target("DNAT\0")], None);
        let version = |number: u8| {
            let load = expression("meta", &[be(NFTA_META_KEY, NFT_META_NFPROTO)]);
            vec![load, expression("cmp", &[be(NFTA_CMP_OP, 0), data(NFTA_CMP_DATA, &[number])])]
        };
        check(&[version(2), masquerade()], None);
        check(&[version(10), masquerade()], Some((None, everywhere)));
        check(&[source(8, &ula)], None);
    }

    #[test]
    fn a_mask_says_how_long_the_prefix_is() {
        let load = [be(NFTA_PAYLOAD_BASE, 1), be(NFTA_PAYLOAD_OFFSET, 8), be(NFTA_PAYLOAD_LEN, 16)];
        let mut mask = [0xff; 16];
        mask[7..].fill(0);
        let mut network = [0; 16];
        network[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        let expressions = vec![
            expression("payload", &load),
            expression("bitwise", &[data(NFTA_BITWISE_MASK, &mask)]),
            expression("cmp", &[be(NFTA_CMP_OP, 0), data(NFTA_CMP_DATA, &network)]),
            expression("masq", &[]),
        ];
        check(&[expressions], Some((Some("2001:db8::/56"), &["wan1", "wan2", "tun0"])));
    }
}
