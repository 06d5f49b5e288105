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
const ETHERNET: [u8; 2] = [1, 6];

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
            mac: array(bytes, 28).filter(|_| array(bytes, 1) == Some(ETHERNET)),
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
