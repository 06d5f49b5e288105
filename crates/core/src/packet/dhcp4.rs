//! DHCPv4 messages (RFC 2131) with the options that tell who a client is (RFC 2132, RFC 4702).

use super::dns::name;
use super::icmp::array;
use super::neighbour::Mac;
use crate::untrusted::Untrusted;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::time::Duration;

/// So many options of a message are looked at.
const MOST_OPTIONS: usize = 256;
const MAGIC: [u8; 4] = [99, 130, 83, 99];
/// Hardware types whose addresses are MACs, and their length: Ethernet, and IEEE 802 (RFC 1700).
const WITH_MAC: [[u8; 2]; 2] = [[1, 6], [6, 6]];

/// A message, its fixed fields read.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// A client speaks, not a server.
    pub is_request: bool,
    /// Joins requests and replies.
    pub transaction: u32,
    /// The client's hardware address, on Ethernet.
    pub mac: Option<Mac>,
    /// The address the client has.
    pub client: Option<Ipv4Addr>,
    /// The address the client is given.
    pub yours: Option<Ipv4Addr>,
    /// The relay it passed through.
    pub relay: Option<Ipv4Addr>,
    file: &'a [u8],
    server_name: &'a [u8],
    options: &'a [u8],
}

/// What a message is (option 53).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A client looks for servers.
    Discover,
    /// A server offers an address.
    Offer,
    /// A client wants an address, or to keep it.
    Request,
    /// A client found the address taken.
    Decline,
    /// A server agrees.
    Ack,
    /// A server refuses.
    Nak,
    /// A client gives its address back.
    Release,
    /// A client with an address asks for the rest.
    Inform,
    /// Of later documents.
    Other(u8),
}

const HOST_NAME: u8 = 12;
const ROUTERS: u8 = 3;
const DOMAIN_NAME: u8 = 15;
const REQUESTED_ADDRESS: u8 = 50;
const LEASE_TIME: u8 = 51;
const OVERLOAD: u8 = 52;
const MESSAGE_TYPE: u8 = 53;
const SERVER: u8 = 54;
const PARAMETERS: u8 = 55;
const VENDOR_CLASS: u8 = 60;
const CLIENT_ID: u8 = 61;
const CLIENT_FQDN: u8 = 81;

impl<'a> Message<'a> {
    /// Reads a message of BOOTP's shape; without DHCP's magic it has no options.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let is_request = match bytes.first()? {
            1 => true,
            2 => false,
            _ => return None,
        };
        let address =
            |at| array::<4>(bytes, at).map(|octets| Some(Ipv4Addr::from(octets)).filter(|a| !a.is_unspecified()));
        Some(Self {
            is_request,
            transaction: array(bytes, 4).map(u32::from_be_bytes)?,
            mac: array(bytes, 28).filter(|_| array(bytes, 1).is_some_and(|hardware| WITH_MAC.contains(&hardware))),
            client: address(12)?,
            yours: address(16)?,
            relay: address(24)?,
            server_name: bytes.get(44..108)?,
            file: bytes.get(108..236)?,
            options: bytes.get(236..)?.strip_prefix(&MAGIC).unwrap_or_default(),
        })
    }

    /// What it is.
    pub fn kind(&self) -> Option<Kind> {
        Some(match *self.option(MESSAGE_TYPE)?.first()? {
            1 => Kind::Discover,
            2 => Kind::Offer,
            3 => Kind::Request,
            4 => Kind::Decline,
            5 => Kind::Ack,
            6 => Kind::Nak,
            7 => Kind::Release,
            8 => Kind::Inform,
            other => Kind::Other(other),
        })
    }

    /// The client's name (option 12).
    pub fn host_name(&self) -> Option<Untrusted> {
        self.text(HOST_NAME)
    }

    /// The client's full name (option 81), in either encoding.
    pub fn fqdn(&self) -> Option<Untrusted> {
        let option = self.option(CLIENT_FQDN)?;
        let (flags, name) = (option.first()?, option.get(3..)?);
        // The E bit: a name of DNS; without it, text as Windows still sends it (RFC 4702 section 2.1).
        if flags & 0x04 == 0 { text(name) } else { name::uncompressed(name) }
    }

    /// The address the client would like (option 50).
    pub fn requested_address(&self) -> Option<Ipv4Addr> {
        self.address(REQUESTED_ADDRESS)
    }

    /// The server that speaks, or is spoken to (option 54).
    pub fn server(&self) -> Option<Ipv4Addr> {
        self.address(SERVER)
    }

    /// The first router the server names (option 3).
    pub fn router(&self) -> Option<Ipv4Addr> {
        self.address(ROUTERS)
    }

    /// The domain the server names (option 15).
    pub fn domain_name(&self) -> Option<Untrusted> {
        self.text(DOMAIN_NAME)
    }

    /// How long the address may be used (option 51).
    pub fn lease_time(&self) -> Option<Duration> {
        array(&self.option(LEASE_TIME)?, 0).map(|seconds| Duration::from_secs(u32::from_be_bytes(seconds).into()))
    }

    /// What the client's system is (option 60): `MSFT 5.0`, `android-dhcp-13`.
    pub fn vendor_class(&self) -> Option<Untrusted> {
        self.text(VENDOR_CLASS)
    }

    /// The options the client asks for, in its order (option 55): `1,3,6,15`.
    pub fn parameters(&self) -> Option<String> {
        let codes: Vec<String> = self.option(PARAMETERS)?.iter().map(ToString::to_string).collect();
        Some(codes.join(","))
    }

    /// What the client calls itself, as bytes (option 61).
    pub fn client_id(&self) -> Option<Cow<'a, [u8]>> {
        self.option(CLIENT_ID)
    }

    fn text(&self, code: u8) -> Option<Untrusted> {
        text(&self.option(code)?)
    }

    fn address(&self, code: u8) -> Option<Ipv4Addr> {
        array::<4>(&self.option(code)?, 0).map(Ipv4Addr::from)
    }

    /// An option's value: all its pieces one after another (RFC 3396), the file and server name fields included if they hold options.
    fn option(&self, wanted: u8) -> Option<Cow<'a, [u8]>> {
        let overload = pieces(self.options).find(|(code, _)| *code == OVERLOAD).and_then(|(_, value)| value.first());
        let overload = overload.copied().unwrap_or_default();
        let file = if overload & 1 == 0 { &[] } else { self.file };
        let server_name = if overload & 2 == 0 { &[] } else { self.server_name };
        let mut found =
            [self.options, file, server_name].into_iter().flat_map(pieces).filter(|(code, _)| *code == wanted);
        let mut value = Cow::Borrowed(found.next()?.1);
        for (_, more) in found {
            value.to_mut().extend_from_slice(more);
        }
        Some(value)
    }
}

/// The options of a field, up to its end.
fn pieces(field: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = field;
    let options = core::iter::from_fn(move || {
        // Zero is padding.
        let begin = rest.iter().position(|&code| code != 0)?;
        let (&[code, length], after) = rest.get(begin..)?.split_first_chunk()?;
        if code == 255 {
            return None;
        }
        let (value, behind) = after.split_at_checked(usize::from(length))?;
        rest = behind;
        Some((code, value))
    });
    options.take(MOST_OPTIONS)
}

/// Text up to the zero some clients end it with; none if nothing is left.
fn text(bytes: &[u8]) -> Option<Untrusted> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.get(..end).filter(|text| !text.is_empty()).map(Untrusted::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    const MAC: Mac = [2, 0, 0, 0, 0, 7];

    /// A message of a client, its fields of fixed length zero but for the MAC address, with these options.
    fn message(options: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![0; 236];
        bytes[..8].copy_from_slice(&[1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
        bytes[28..34].copy_from_slice(&MAC);
        bytes.extend(MAGIC);
        bytes.extend(options.concat());
        bytes
    }

    #[test]
    fn a_client_tells_who_it_is() {
        let options: [&[u8]; 8] = [
            &[53, 1, 3],
            b"\x0c\x06Kuche\0",
            &[50, 4, 192, 0, 2, 7],
            &[54, 4, 192, 0, 2, 1],
            // Padding may stand anywhere.
            &[0, 0, 55, 4, 1, 3, 6, 252],
            b"\x3c\x08MSFT 5.0",
            &[61, 7, 1, 2, 0, 0, 0, 0, 7],
            b"\x51\x0b\0\0\0kuche.x\xff",
        ];
        let bytes = message(&options);
        let read = Message::read(&bytes).unwrap();
        assert_eq!((read.is_request, read.transaction, read.mac), (true, 0xdead_beef, Some(MAC)));
        assert_eq!(
            (read.kind(), read.host_name(), read.vendor_class()),
            (Some(Kind::Request), Some("Kuche".into()), Some("MSFT 5.0".into()))
        );
        assert_eq!(read.requested_address(), Some(Ipv4Addr::new(192, 0, 2, 7)));
        assert_eq!(read.server(), Some(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(read.parameters().as_deref(), Some("1,3,6,252"));
        assert_eq!(read.client_id().as_deref(), Some([1, 2, 0, 0, 0, 0, 7].as_slice()));
        assert_eq!(read.fqdn(), Some("kuche.x\u{fffd}".into()));
        assert_eq!((read.client, read.yours, read.relay), (None, None, None));
        assert_eq!((read.router(), read.domain_name(), read.lease_time()), (None, None, None));
    }

    #[test]
    fn a_server_gives_an_address() {
        let mut bytes =
            message(&[&[53, 1, 5, 51, 4, 0, 0, 0x0e, 0x10, 3, 8, 192, 0, 2, 1, 192, 0, 2, 2], b"\x0f\x03lan"]);
        bytes[0] = 2;
        bytes[12..20].copy_from_slice(&[192, 0, 2, 7, 192, 0, 2, 8]);
        bytes[24..28].copy_from_slice(&[192, 0, 2, 9]);
        let read = Message::read(&bytes).unwrap();
        assert!(!read.is_request);
        let addresses = [7, 8, 9].map(|last| Some(Ipv4Addr::new(192, 0, 2, last)));
        assert_eq!([read.client, read.yours, read.relay], addresses);
        assert_eq!((read.kind(), read.lease_time()), (Some(Kind::Ack), Some(Duration::from_secs(3600))));
        assert_eq!((read.router(), read.domain_name()), (Some(Ipv4Addr::new(192, 0, 2, 1)), Some("lan".into())));
    }

    #[test]
    fn every_kind_has_its_number() {
        let kinds = [
            Kind::Discover,
            Kind::Offer,
            Kind::Request,
            Kind::Decline,
            Kind::Ack,
            Kind::Nak,
            Kind::Release,
            Kind::Inform,
            Kind::Other(9),
        ];
        for (number, kind) in (1..).zip(kinds) {
            assert_eq!(Message::read(&message(&[&[53, 1, number]])).unwrap().kind(), Some(kind));
        }
        assert_eq!(Message::read(&message(&[])).unwrap().kind(), None);
    }

    #[test]
    fn a_full_name_comes_as_text_or_as_labels() {
        #[track_caller]
        fn check(option: &[u8], expected: Option<&str>) {
            let bytes = message(&[&[81, u8::try_from(option.len()).unwrap()], option]);
            assert_eq!(Message::read(&bytes).unwrap().fqdn(), expected.map(Untrusted::from));
        }
        check(b"\x05\0\0\x02pc\x03lan\0", Some("pc.lan"));
        check(b"\x05\0\0\x02pc", Some("pc"));
        check(b"\x01\0\0pc.lan", Some("pc.lan"));
        check(b"\x01\0\0", None);
        check(b"\x05\0\0", None);
        check(b"\x01", None);
    }

    #[test]
    fn options_may_come_in_pieces_and_in_other_fields() {
        let mut bytes = message(&[b"\x0c\x02of", &[52, 1, 3], b"\x0c\x02fi", &[255], b"\x0c\x02XX"]);
        bytes[108..113].copy_from_slice(b"\x0c\x01c\xff\x0c");
        bytes[44..52].copy_from_slice(b"\x0c\x01e\x3c\x01v\xff\x0c");
        let read = |bytes: &[u8]| Message::read(bytes).map(|read| (read.host_name(), read.vendor_class())).unwrap();
        assert_eq!(read(&bytes), (Some("office".into()), Some("v".into())));
        let overload = bytes.iter().rposition(|&byte| byte == 52).unwrap() + 2;
        for (value, expected) in [(0, "offi"), (1, "offic"), (2, "offie")] {
            bytes[overload] = value;
            assert_eq!(read(&bytes).0, Some(expected.into()));
        }
    }

    #[test]
    fn what_is_cut_or_strange_is_left_out() {
        let bytes = message(&[b"\x0c\x02pc\x3c\x05MSFT"]);
        let read = Message::read(&bytes).unwrap();
        assert_eq!((read.host_name(), read.vendor_class()), (Some("pc".into()), None));
        assert!(Message::read(&bytes[..235]).is_none());
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            bytes
        };
        assert!(Message::read(&with(0, 3)).is_none());
        assert_eq!(Message::read(&with(2, 16)).unwrap().mac, None, "not an Ethernet address");
        assert_eq!(Message::read(&with(236, 0)).unwrap().host_name(), None, "BOOTP has no options");
        let empty = message(&[&[12, 0, 50, 3, 1, 2, 3, 55, 0, 53, 0]]);
        let read = Message::read(&empty).unwrap();
        assert_eq!((read.host_name(), read.requested_address(), read.kind()), (None, None, None));
        assert_eq!(read.parameters().as_deref(), Some(""));
    }

    #[test]
    fn so_many_options_and_no_more() {
        let bytes = message(&[&[77, 0].repeat(MOST_OPTIONS - 1), b"\x0c\x01a\x0c\x01b"]);
        assert_eq!(Message::read(&bytes).unwrap().host_name(), Some("a".into()));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(fields in proptest::collection::vec(any::<u8>(), 0..300), options in proptest::collection::vec(prop_oneof![Just(12_u8), Just(52), 0_u8..4, any::<u8>()], 0..200)) {
            for bytes in [&fields, &message(&[&options])] {
                let Some(read) = Message::read(bytes) else { continue };
                let _ = (read.kind(), read.host_name(), read.fqdn(), read.requested_address(), read.server(), read.router());
                let _ = (read.domain_name(), read.lease_time(), read.vendor_class(), read.parameters());
                prop_assert!(read.client_id().is_none_or(|id| id.len() <= bytes.len()));
            }
        }
    }
}
