//! DHCPv6 messages (RFC 8415) with the options that tell who a client is, taken out of what relays wrapped around them.

use super::dns::name;
use super::icmp::array;
use super::neighbour::Mac;
use crate::untrusted::Untrusted;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

/// Relays wrap at most so often here (RFC 8415 section 7.6 allows 8; nobody has so many at home).
const MOST_RELAYS: usize = 4;
/// So many options of a message are looked at.
const MOST_OPTIONS: usize = 256;
/// A relay's message has two addresses before its options (RFC 8415 section 9).
const RELAY_HEADER: usize = 34;

const CLIENT_ID: u16 = 1;
const SERVER_ID: u16 = 2;
const IA_NA: u16 = 3;
const IA_TA: u16 = 4;
const IA_ADDRESS: u16 = 5;
const OPTION_REQUEST: u16 = 6;
const RELAY_MESSAGE: u16 = 9;
const VENDOR_CLASS: u16 = 16;
const IA_PD: u16 = 25;
const IA_PREFIX: u16 = 26;
const CLIENT_FQDN: u16 = 39;
const CLIENT_LINK_LAYER: u16 = 79;

/// A message between client and server.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// What it is.
    pub kind: Kind,
    /// Joins requests and replies; 24 bits.
    pub transaction: u32,
    /// The client's address as the relay next to it saw it.
    pub peer: Option<Ipv6Addr>,
    /// The client's MAC address as the relay next to it saw it (RFC 6939).
    pub relayed_mac: Option<Mac>,
    options: &'a [u8],
}

/// What a message is (RFC 8415 section 7.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A client looks for servers.
    Solicit,
    /// A server offers.
    Advertise,
    /// A client wants addresses.
    Request,
    /// A client asks whether its addresses still fit.
    Confirm,
    /// A client keeps its addresses, with its server.
    Renew,
    /// A client keeps its addresses, with any server.
    Rebind,
    /// A server answers.
    Reply,
    /// A client gives addresses back.
    Release,
    /// A client found an address taken.
    Decline,
    /// A server wants to be asked.
    Reconfigure,
    /// A client wants no addresses, only the rest.
    InformationRequest,
    /// Of other documents.
    Other(u8),
}

/// A DHCP unique identifier (RFC 8415 section 11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Duid<'a>(pub &'a [u8]);

/// An address of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The address.
    pub address: Ipv6Addr,
    /// May be used so many seconds more; 0 ends it.
    pub valid: u32,
}

/// A prefix delegated to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix {
    /// Its first address.
    pub address: Ipv6Addr,
    /// Its length, in bits.
    pub length: u8,
    /// May be used so many seconds more; 0 ends it.
    pub valid: u32,
}

impl<'a> Message<'a> {
    /// Reads a message, through at most four relays.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (mut bytes, mut peer, mut relayed_mac) = (bytes, None, None);
        for _ in 0..=MOST_RELAYS {
            if !matches!(bytes.first()?, 12 | 13) {
                return Self::read_direct(bytes, peer, relayed_mac);
            }
            let inner = bytes.get(RELAY_HEADER..)?;
            peer = array::<16>(bytes, 18).map(Ipv6Addr::from);
            relayed_mac = option(inner, CLIENT_LINK_LAYER).and_then(ethernet);
            bytes = option(inner, RELAY_MESSAGE)?;
        }
        None
    }

    fn read_direct(bytes: &'a [u8], peer: Option<Ipv6Addr>, relayed_mac: Option<Mac>) -> Option<Self> {
        let ([kind, t1, t2, t3], options) = bytes.split_first_chunk()?;
        let kind = match kind {
            1 => Kind::Solicit,
            2 => Kind::Advertise,
            3 => Kind::Request,
            4 => Kind::Confirm,
            5 => Kind::Renew,
            6 => Kind::Rebind,
            7 => Kind::Reply,
            8 => Kind::Release,
            9 => Kind::Decline,
            10 => Kind::Reconfigure,
            11 => Kind::InformationRequest,
            0 => return None,
            other => Kind::Other(*other),
        };
        Some(Self { kind, transaction: u32::from_be_bytes([0, *t1, *t2, *t3]), peer, relayed_mac, options })
    }

    /// Who the client is.
    pub fn client(&self) -> Option<Duid<'a>> {
        option(self.options, CLIENT_ID).map(Duid)
    }

    /// Who the server is.
    pub fn server(&self) -> Option<Duid<'a>> {
        option(self.options, SERVER_ID).map(Duid)
    }

    /// The addresses wanted or given, of both kinds of association.
    pub fn leases(&self) -> impl Iterator<Item = Lease> + use<'a> {
        self.nested(&[(IA_NA, 12), (IA_TA, 4)], IA_ADDRESS).filter_map(|address| {
            Some(Lease { address: array::<16>(address, 0)?.into(), valid: array(address, 20).map(u32::from_be_bytes)? })
        })
    }

    /// The prefixes wanted or given.
    pub fn prefixes(&self) -> impl Iterator<Item = Prefix> + use<'a> {
        self.nested(&[(IA_PD, 12)], IA_PREFIX).filter_map(|prefix| {
            let valid = array(prefix, 4).map(u32::from_be_bytes)?;
            let length = *prefix.get(8).filter(|&&bits| bits <= 128)?;
            Some(Prefix { address: array::<16>(prefix, 9)?.into(), length, valid })
        })
    }

    /// The client's name (option 39, RFC 4704).
    pub fn fqdn(&self) -> Option<Untrusted> {
        name::uncompressed(option(self.options, CLIENT_FQDN)?.get(1..)?)
    }

    /// What the client's system is: the first text of its vendor class.
    pub fn vendor_class(&self) -> Option<Untrusted> {
        let class = option(self.options, VENDOR_CLASS)?;
        let length = usize::from(u16::from_be_bytes(array(class, 4)?));
        class.get(6..)?.get(..length).filter(|text| !text.is_empty()).map(Untrusted::new)
    }

    /// The options the client asks for, in its order.
    pub fn requested(&self) -> Vec<u16> {
        let codes = option(self.options, OPTION_REQUEST).unwrap_or_default();
        codes.chunks_exact(2).filter_map(|code| array(code, 0)).map(u16::from_be_bytes).collect()
    }

    /// The options of one kind within associations, which have so many bytes before their options.
    fn nested(&self, within: &'static [(u16, usize)], wanted: u16) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let associations = options(self.options).filter_map(move |(code, value)| {
            let (_, head) = within.iter().find(|(outer, _)| *outer == code)?;
            value.get(*head..)
        });
        associations.flat_map(options).filter(move |(code, _)| *code == wanted).map(|(_, value)| value)
    }
}

impl Duid<'_> {
    /// The MAC address it was made from, if it was (DUID-LLT, DUID-LL): of some card of the client, not always the one in use.
    pub fn mac(&self) -> Option<Mac> {
        match self.0 {
            [0, 1, 0, 1, _, _, _, _, mac @ ..] | [0, 3, 0, 1, mac @ ..] => mac.try_into().ok(),
            _ => None,
        }
    }
}

/// The address in a client link-layer option, if it is Ethernet's.
fn ethernet(option: &[u8]) -> Option<Mac> {
    option.strip_prefix(&[0, 1])?.try_into().ok()
}

fn option(field: &[u8], wanted: u16) -> Option<&[u8]> {
    options(field).find(|(code, _)| *code == wanted).map(|(_, value)| value)
}

fn options(field: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = field;
    let options = core::iter::from_fn(move || {
        let (&[c, ode, len, gth], after) = rest.split_first_chunk()?;
        let (value, behind) = after.split_at_checked(usize::from(u16::from_be_bytes([len, gth])))?;
        rest = behind;
        Some((u16::from_be_bytes([c, ode]), value))
    });
    options.take(MOST_OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAC: Mac = [2, 0, 0, 0, 0, 7];

    fn option_of(code: u16, parts: &[&[u8]]) -> Vec<u8> {
        let value = parts.concat();
        [&code.to_be_bytes(), u16::try_from(value.len()).unwrap().to_be_bytes().as_slice(), &value].concat()
    }

    fn message(kind: u8, options: &[Vec<u8>]) -> Vec<u8> {
        [&[kind, 0, 0x12, 0x34], options.concat().as_slice()].concat()
    }

    /// What a relay makes of a message it has from `fe80::` and this last byte.
    fn relayed(from: u8, options: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = std::vec![12, 0];
        bytes.extend([0; 16]);
        bytes.extend(ip(from).octets());
        bytes.extend(options.concat());
        bytes
    }

    fn ip(last: u8) -> Ipv6Addr {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last.into())
    }

    #[test]
    fn a_client_tells_who_it_is() {
        let bytes = message(
            1,
            &[
                option_of(CLIENT_ID, &[&[0, 1, 0, 1, 0x2c, 0, 0, 0], &MAC]),
                option_of(SERVER_ID, &[&[0, 3, 0, 1], &MAC]),
                option_of(OPTION_REQUEST, &[&[0, 23, 0, 24, 0]]),
                option_of(CLIENT_FQDN, &[b"\x01\x02pc\x03lan\0"]),
                option_of(VENDOR_CLASS, &[&[0, 0, 1, 0x37, 0, 8], b"MSFT 5.0", &[0, 1, b'x']]),
            ],
        );
        let read = Message::read(&bytes).unwrap();
        assert_eq!((read.kind, read.transaction, read.peer, read.relayed_mac), (Kind::Solicit, 0x1234, None, None));
        assert_eq!(
            (read.client().and_then(|duid| duid.mac()), read.server().and_then(|duid| duid.mac())),
            (Some(MAC), Some(MAC))
        );
        assert_eq!(read.requested(), [23, 24]);
        assert_eq!((read.fqdn(), read.vendor_class()), (Some("pc.lan".into()), Some("MSFT 5.0".into())));
        assert_eq!((read.leases().count(), read.prefixes().count()), (0, 0));
    }

    #[test]
    fn addresses_and_prefixes_stand_within_their_associations() {
        let lease = |last, valid: u32| {
            option_of(IA_ADDRESS, &[&ip(last).octets(), &[0; 4], &valid.to_be_bytes(), &option_of(13, &[&[0, 0]])])
        };
        let prefix = |length: u8| option_of(IA_PREFIX, &[&[0, 0, 0, 1, 0, 0, 0, 2, length], &ip(0).octets()]);
        let bytes = message(
            7,
            &[
                option_of(IA_NA, &[&[0; 12], &lease(1, 60), &prefix(64), &lease(2, 0)]),
                option_of(IA_TA, &[&[0; 4], &lease(3, 5)]),
                option_of(IA_PD, &[&[0; 12], &prefix(56), &prefix(129)]),
                // Cut, and one that stands alone.
                option_of(IA_NA, &[&[0; 11]]),
                lease(4, 60),
            ],
        );
        let read = Message::read(&bytes).unwrap();
        let leases: Vec<Lease> = read.leases().collect();
        assert_eq!(leases, [(1, 60), (2, 0), (3, 5)].map(|(last, valid)| Lease { address: ip(last), valid }));
        assert_eq!(read.prefixes().collect::<Vec<_>>(), [Prefix { address: ip(0), length: 56, valid: 2 }]);
    }

    #[test]
    fn every_kind_has_its_number() {
        let kinds = [
            Kind::Solicit,
            Kind::Advertise,
            Kind::Request,
            Kind::Confirm,
            Kind::Renew,
            Kind::Rebind,
            Kind::Reply,
            Kind::Release,
            Kind::Decline,
            Kind::Reconfigure,
            Kind::InformationRequest,
        ];
        for (number, kind) in (1..).zip(kinds) {
            assert_eq!(Message::read(&message(number, &[])).map(|read| read.kind), Some(kind));
        }
        assert_eq!(Message::read(&message(14, &[])).map(|read| read.kind), Some(Kind::Other(14)));
        assert!(Message::read(&message(0, &[])).is_none());
        assert!(Message::read(&[1, 0, 0]).is_none());
    }

    #[test]
    fn what_relays_wrapped_is_taken_out() {
        let link_layer = option_of(CLIENT_LINK_LAYER, &[&[0, 1], &MAC]);
        let mut bytes = relayed(1, &[link_layer, option_of(RELAY_MESSAGE, &[&message(3, &[])])]);
        for last in 2..=4 {
            let read = Message::read(&bytes).unwrap();
            assert_eq!((read.kind, read.peer, read.relayed_mac), (Kind::Request, Some(ip(1)), Some(MAC)));
            bytes = relayed(last, &[option_of(RELAY_MESSAGE, &[&bytes])]);
        }
        assert!(Message::read(&bytes).is_some());
        assert!(Message::read(&relayed(5, &[option_of(RELAY_MESSAGE, &[&bytes])])).is_none(), "a fifth relay");
        assert!(Message::read(&relayed(1, &[])).is_none());
        assert!(Message::read(&bytes[..33]).is_none());
    }

    #[test]
    fn identifiers_tell_a_mac_only_if_made_of_one() {
        #[track_caller]
        fn check(duid: &[u8], expected: Option<Mac>) {
            assert_eq!(Duid(duid).mac(), expected);
        }
        check(&[0, 3, 0, 1, 2, 0, 0, 0, 0, 7], Some(MAC));
        check(&[0, 3, 0, 1, 2, 0, 0, 0, 0, 7, 8], None);
        check(&[0, 3, 0, 6, 2, 0, 0, 0, 0, 7], None);
        check(&[0, 2, 0, 1, 2, 0, 0, 0, 0, 7], None);
        check(&[0, 1, 0, 1, 2, 0, 0, 0, 0, 7], None);
        check(&[], None);
    }

    #[test]
    fn so_many_options_and_no_more() {
        let name = option_of(CLIENT_FQDN, &[b"\0\x02pc"]);
        let read = |before: usize| {
            let bytes = message(1, &[[0, 8, 0, 0].repeat(before), name.clone()]);
            Message::read(&bytes).unwrap().fqdn()
        };
        assert_eq!((read(MOST_OPTIONS - 1), read(MOST_OPTIONS)), (Some("pc".into()), None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(prop_oneof![0_u8..40, any::<u8>()], 0..300), wrapped: bool) {
            let relay = relayed(1, &[option_of(RELAY_MESSAGE, &[&bytes])]);
            if let Some(read) = Message::read(if wrapped { &relay } else { &bytes }) {
                let _ = (read.client().map(|duid| duid.mac()), read.server(), read.fqdn(), read.vendor_class());
                let _ = read.requested();
                prop_assert!(read.leases().count() + read.prefixes().count() <= bytes.len() / 24);
            }
        }
    }
}
