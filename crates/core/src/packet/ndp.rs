//! Neighbour discovery as anybody speaks it (RFC 4861, RFC 8106): who is where, who is a router, and what it gives out.

use super::neighbour::Mac;
use super::reader::Reader;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

/// So many prefixes, and so many DNS servers, of one advertisement are kept.
pub const MOST: usize = 16;

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
/// ICMPv6's type of a neighbour solicitation.
pub(super) const NEIGHBOUR_SOLICITATION: u8 = 135;
/// ICMPv6's type of a neighbour advertisement.
pub(super) const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
/// The option with where the sender is.
pub(super) const SOURCE_LINK_LAYER: u8 = 1;
/// The option with where the target is.
pub(super) const TARGET_LINK_LAYER: u8 = 2;
const PREFIX: u8 = 3;
const MTU: u8 = 5;
const DNS_SERVERS: u8 = 25;
/// Proves that no router passed a message on.
const HOP_LIMIT: u8 = 255;

/// A message of neighbour discovery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ndp {
    /// Where is the target? From the unspecified address: does anybody have it already (RFC 4862)?
    Solicitation {
        /// The address asked for.
        target: Ipv6Addr,
        /// Where who asks says they are.
        source_mac: Option<Mac>,
    },
    /// Here is the target.
    Advertisement {
        /// The address.
        target: Ipv6Addr,
        /// Where it is.
        target_mac: Option<Mac>,
        /// The sender is a router.
        is_router: bool,
        /// It was asked for.
        is_solicited: bool,
    },
    /// Which routers are there?
    RouterSolicitation {
        /// Where who asks says they are.
        source_mac: Option<Mac>,
    },
    /// Here is a router, or somebody who gives out prefixes.
    RouterAdvertisement(RouterAdvertisement),
}

/// What a router advertises.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RouterAdvertisement {
    /// The hop limit it recommends; zero: none.
    pub hop_limit: u8,
    /// Addresses come from DHCPv6.
    pub is_managed: bool,
    /// Other settings come from DHCPv6.
    pub has_other_configuration: bool,
    /// How long it is a default router; zero: it is none.
    pub router_lifetime: Duration,
    /// Where it says it is.
    pub source_mac: Option<Mac>,
    /// The link's MTU in bytes.
    pub mtu: Option<u32>,
    /// The link's prefixes, at most [`MOST`].
    pub prefixes: Vec<Prefix>,
    /// Recursive DNS servers, at most [`MOST`].
    pub dns_servers: Vec<Ipv6Addr>,
}

/// A prefix of a router advertisement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix {
    /// Its first address.
    pub address: Ipv6Addr,
    /// Its length in bits, 0 to 128.
    pub length: u8,
    /// Hosts make themselves addresses from it (SLAAC).
    pub is_autonomous: bool,
    /// How long it is valid; [`Duration::MAX`] for ever.
    pub valid: Duration,
    /// How long its addresses are preferred; zero: no longer; [`Duration::MAX`] for ever.
    pub preferred: Duration,
}

impl Ndp {
    /// Reads a message, by ICMPv6's type and code, from behind the checksum on. None if it is another, or came through a router:
    /// its hop limit is 255 (RFC 4861 section 7.1).
    pub fn read(kind: u8, code: u8, hop_limit: u8, body: &[u8]) -> Option<Self> {
        if (code, hop_limit) != (0, HOP_LIMIT) {
            return None;
        }
        let mut reader = Reader::new(body);
        let head = reader.array::<4>()?;
        let mac = |options: Reader<'_>, wanted| link_layer(options.rest(), wanted);
        Some(match kind {
            ROUTER_SOLICITATION => Self::RouterSolicitation { source_mac: mac(reader, SOURCE_LINK_LAYER) },
            ROUTER_ADVERTISEMENT => Self::RouterAdvertisement(RouterAdvertisement::read(head, reader)?),
            NEIGHBOUR_SOLICITATION => {
                let target = address(&mut reader)?;
                Self::Solicitation { target, source_mac: mac(reader, SOURCE_LINK_LAYER) }
            }
            NEIGHBOUR_ADVERTISEMENT => {
                let (target, is_router, is_solicited) =
                    (address(&mut reader)?, head[0] & 0x80 != 0, head[0] & 0x40 != 0);
                Self::Advertisement { target, target_mac: mac(reader, TARGET_LINK_LAYER), is_router, is_solicited }
            }
            _ => return None,
        })
    }
}

impl RouterAdvertisement {
    fn read([hop_limit, flags, lifetime @ ..]: [u8; 4], mut reader: Reader<'_>) -> Option<Self> {
        let (_reachable, _retransmit) = (reader.u32()?, reader.u32()?);
        let mut advertisement = Self {
            hop_limit,
            is_managed: flags & 0x80 != 0,
            has_other_configuration: flags & 0x40 != 0,
            router_lifetime: Duration::from_secs(u16::from_be_bytes(lifetime).into()),
            source_mac: link_layer(reader.rest(), SOURCE_LINK_LAYER),
            ..Self::default()
        };
        for (kind, body) in options(reader.rest()) {
            advertisement.read_option(kind, Reader::new(body));
        }
        Some(advertisement)
    }

    fn read_option(&mut self, kind: u8, mut body: Reader<'_>) {
        match kind {
            PREFIX if self.prefixes.len() < MOST => self.prefixes.extend(Prefix::read(body)),
            MTU => self.mtu = body.u16().and_then(|_reserved| body.u32()).or(self.mtu),
            DNS_SERVERS => {
                let (_reserved, lifetime) = (body.u16(), body.u32());
                let servers = core::iter::from_fn(|| address(&mut body));
                // A server with no lifetime left is taken back.
                let room = MOST.saturating_sub(self.dns_servers.len());
                self.dns_servers.extend(servers.take(room).filter(|_| lifetime.is_some_and(|seconds| seconds > 0)));
            }
            _ => {}
        }
    }
}

impl Prefix {
    fn read(mut body: Reader<'_>) -> Option<Self> {
        let (length, flags) = (body.u8().filter(|&length| length <= 128)?, body.u8()?);
        let (valid, preferred) = (lifetime(body.u32()?), lifetime(body.u32()?));
        let _reserved = body.u32()?;
        Some(Self { address: address(&mut body)?, length, is_autonomous: flags & 0x40 != 0, valid, preferred })
    }
}

fn lifetime(seconds: u32) -> Duration {
    if seconds == u32::MAX { Duration::MAX } else { Duration::from_secs(seconds.into()) }
}

fn link_layer(bytes: &[u8], wanted: u8) -> Option<Mac> {
    options(bytes).find(|(kind, _)| *kind == wanted).and_then(|(_, body)| body.try_into().ok())
}

/// Options behind their type and their length in units of eight bytes; one without length ends them.
fn options(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut reader = Reader::new(bytes);
    core::iter::from_fn(move || {
        let (kind, units) = (reader.u8()?, reader.u8()?);
        let length = usize::from(units).saturating_mul(8).checked_sub(2)?;
        Some((kind, reader.bytes(length)?))
    })
}

fn address(reader: &mut Reader<'_>) -> Option<Ipv6Addr> {
    reader.array::<16>().map(Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    const HERE: Mac = [2, 0, 0, 0, 0, 1];
    const SOURCE_OPTION: [u8; 8] = [1, 1, 2, 0, 0, 0, 0, 1];
    const TARGET_OPTION: [u8; 8] = [2, 1, 2, 0, 0, 0, 0, 1];

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(kind: u8, parts: &[&[u8]], expected: Option<&Ndp>) {
        assert_eq!(Ndp::read(kind, 0, 255, &parts.concat()).as_ref(), expected);
        assert_eq!(Ndp::read(kind, 0, 254, &parts.concat()), None, "it came through a router");
        assert_eq!(Ndp::read(kind, 1, 255, &parts.concat()), None);
    }

    #[test]
    fn questions_and_answers_are_read_with_where_they_come_from() {
        let target = ip("fe80::12");
        let octets = target.octets();
        let asked = |source_mac| Ndp::Solicitation { target, source_mac };
        check(135, &[&[0; 4], &octets, &SOURCE_OPTION], Some(&asked(Some(HERE))));
        check(135, &[&[0; 4], &octets, &TARGET_OPTION], Some(&asked(None)));
        check(135, &[&[0; 4], &octets, &[14, 1, 0, 0, 0, 0, 0, 0], &SOURCE_OPTION], Some(&asked(Some(HERE))));
        check(135, &[&[0; 4], &octets, &[14, 0], &SOURCE_OPTION], Some(&asked(None)));
        check(135, &[&[0; 4], &octets, &SOURCE_OPTION[..7]], Some(&asked(None)));
        check(135, &[&[0; 4], &octets[..15]], None);
        let answer =
            |is_router, is_solicited, target_mac| Ndp::Advertisement { target, target_mac, is_router, is_solicited };
        check(136, &[&[0xe0, 0, 0, 0], &octets, &TARGET_OPTION], Some(&answer(true, true, Some(HERE))));
        check(136, &[&[0x20, 0, 0, 0], &octets], Some(&answer(false, false, None)));
        check(133, &[&[0; 4], &SOURCE_OPTION], Some(&Ndp::RouterSolicitation { source_mac: Some(HERE) }));
        check(133, &[&[0; 3]], None);
        check(137, &[&[0; 4], &octets], None);
    }

    fn prefix(length: u8, lifetimes: [u32; 2]) -> Vec<u8> {
        let [valid, preferred] = lifetimes.map(u32::to_be_bytes);
        [&[3, 4, length, 0xc0][..], &valid, &preferred, &[0; 4], &ip("2001:db8::").octets()].concat()
    }

    #[test]
    fn a_router_tells_what_it_gives_out() {
        let (mtu, dns) = ([5, 1, 0, 0, 0, 0, 5, 0xd4], [25, 3, 0, 0, 0, 0, 0, 9]);
        let taken_back = [&[25, 3, 0, 0, 0, 0, 0, 0][..], &ip("2001:db8::54").octets()].concat();
        let parts: [&[u8]; 9] = [
            &[64, 0xc0, 7, 8],
            &[0; 8],
            &SOURCE_OPTION,
            &mtu,
            &prefix(64, [u32::MAX, 0]),
            &prefix(129, [1, 1]),
            &dns,
            &ip("2001:db8::53").octets(),
            &taken_back,
        ];
        let known = Prefix {
            address: ip("2001:db8::"),
            length: 64,
            is_autonomous: true,
            valid: Duration::MAX,
            preferred: Duration::ZERO,
        };
        let expected = RouterAdvertisement {
            hop_limit: 64,
            is_managed: true,
            has_other_configuration: true,
            router_lifetime: Duration::from_secs(0x0708),
            source_mac: Some(HERE),
            mtu: Some(1492),
            prefixes: vec![known],
            dns_servers: vec![ip("2001:db8::53")],
        };
        check(134, &parts, Some(&Ndp::RouterAdvertisement(expected)));
        check(134, &[&[64, 0, 0, 0], &[0; 7]], None);
    }

    #[test]
    fn a_flood_of_prefixes_and_servers_is_cut() {
        let servers = [&[25, 251, 0, 0, 0, 0, 0, 9][..], &[7; 250 * 8]].concat();
        let parts: [&[u8]; 3] = [&[0; 12], &prefix(64, [9, 9]).repeat(40), &servers];
        let Some(Ndp::RouterAdvertisement(read)) = Ndp::read(134, 0, 255, &parts.concat()) else { panic!("it is one") };
        assert_eq!((read.prefixes.len(), read.dns_servers.len()), (MOST, MOST));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(kind in 133..138_u8, bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Ndp::read(kind, 0, 255, &bytes);
        }
    }
}
