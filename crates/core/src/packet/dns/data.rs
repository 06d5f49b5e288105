//! What a resource record says, by its type.

use super::name::Name;
use super::{A, AAAA, CNAME, HTTPS, PTR, SRV, SVCB, TXT};
use crate::packet::icmp::array;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;

/// The data of a record.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// The right name of the owner.
    Cname(Name<'a>),
    /// A name pointed to.
    Ptr(Name<'a>),
    /// Where a service is.
    Srv(Srv<'a>),
    /// Texts, since RFC 6763 keys with values.
    Txt(Txt<'a>),
    /// How to reach a service (SVCB, HTTPS).
    Svcb(Svcb<'a>),
    /// Of another type, or not as its type should be.
    Other,
}

/// Where a service is (RFC 2782).
#[derive(Clone, Copy, Debug)]
pub struct Srv<'a> {
    /// Lower is tried first.
    pub priority: u16,
    /// A share among equals.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host.
    pub target: Name<'a>,
}

/// How to reach a service (RFC 9460).
#[derive(Clone, Copy, Debug)]
pub struct Svcb<'a> {
    /// 0 says only that the target is another name of the owner.
    pub priority: u16,
    /// The host; the root stands for the owner.
    pub target: Name<'a>,
    parameters: &'a [u8],
}

/// Keys with values, in strings of up to 255 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Txt<'a>(&'a [u8]);

impl<'a> Data<'a> {
    /// Reads the data that lies at this place of the message.
    pub(super) fn read(message: &'a [u8], kind: u16, place: &Range<usize>) -> Self {
        Self::of(message, kind, place).unwrap_or(Self::Other)
    }

    /// The name within, if there is one.
    pub(super) fn name(&self) -> Option<&Name<'a>> {
        match self {
            Self::Cname(name) | Self::Ptr(name) => Some(name),
            Self::Srv(srv) => Some(&srv.target),
            Self::Svcb(svcb) => Some(&svcb.target),
            Self::A(_) | Self::Aaaa(_) | Self::Txt(_) | Self::Other => None,
        }
    }

    fn of(message: &'a [u8], kind: u16, place: &Range<usize>) -> Option<Self> {
        let bytes = message.get(place.clone())?;
        let name = |skip: usize| {
            Name::read(message, place.start.saturating_add(skip)).filter(|(_, behind)| *behind <= place.end)
        };
        Some(match kind {
            A => Self::A(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
            AAAA => Self::Aaaa(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
            CNAME => Self::Cname(name(0)?.0),
            PTR => Self::Ptr(name(0)?.0),
            SRV => {
                let (target, _) = name(6)?;
                Self::Srv(Srv { priority: word(bytes, 0)?, weight: word(bytes, 2)?, port: word(bytes, 4)?, target })
            }
            TXT => Self::Txt(Txt(bytes)),
            SVCB | HTTPS => {
                let (target, behind) = name(2)?;
                let parameters = message.get(behind..place.end)?;
                Self::Svcb(Svcb { priority: word(bytes, 0)?, target, parameters })
            }
            _ => return None,
        })
    }
}

const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;

impl<'a> Svcb<'a> {
    /// IPv4 addresses the target is likely to have.
    pub fn ipv4_hints(&self) -> impl Iterator<Item = Ipv4Addr> + use<'a> {
        self.hints::<4>(IPV4_HINT).map(|&octets| Ipv4Addr::from(octets))
    }

    /// IPv6 addresses the target is likely to have.
    pub fn ipv6_hints(&self) -> impl Iterator<Item = Ipv6Addr> + use<'a> {
        self.hints::<16>(IPV6_HINT).map(|&octets| Ipv6Addr::from(octets))
    }

    fn hints<const LENGTH: usize>(&self, wanted: u16) -> impl Iterator<Item = &'a [u8; LENGTH]> + use<'a, LENGTH> {
        let mut rest = self.parameters;
        let mut found: &[u8] = &[];
        while let Some((&[k, ey, len, gth], after)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([len, gth]));
            let Some((value, behind)) = after.split_at_checked(length) else { break };
            if u16::from_be_bytes([k, ey]) == wanted {
                found = value;
                break;
            }
            rest = behind;
        }
        found.chunks_exact(LENGTH).filter_map(<[u8]>::first_chunk)
    }
}

impl<'a> Txt<'a> {
    /// Its strings that have a key, with their values if there are any (RFC 6763 section 6.4).
    pub fn pairs(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let mut rest = self.0;
        let strings = core::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (string, behind) = after.split_at_checked(usize::from(length))?;
            rest = behind;
            Some(string)
        });
        strings.map(pair).filter(|(key, _)| !key.is_empty())
    }

    /// The value of a key, whatever the case of its letters; the first one counts.
    pub fn value(&self, wanted: &[u8]) -> Option<&'a [u8]> {
        self.pairs().find(|(key, _)| key.eq_ignore_ascii_case(wanted))?.1
    }
}

fn pair(string: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = string.splitn(2, |&byte| byte == b'=');
    (parts.next().unwrap_or_default(), parts.next())
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}
