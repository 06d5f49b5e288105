//! LLDP (IEEE 802.1AB): what switches, telephones and access points say they are.

use super::neighbour::Mac;
use super::reader::Reader;
use crate::untrusted::Untrusted;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// LLDP's EtherType.
pub const ETHERTYPE: u16 = 0x88cc;

/// What a neighbour says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lldp {
    /// Which box.
    pub chassis: Identifier,
    /// Which port of it.
    pub port: Identifier,
    /// The port in words.
    pub port_description: Option<Untrusted>,
    /// The system's name.
    pub system_name: Option<Untrusted>,
    /// Hardware and software in words.
    pub system_description: Option<Untrusted>,
    /// What is switched on in it.
    pub capabilities: Capabilities,
    /// The first address to manage it at.
    pub management: Option<IpAddr>,
}

/// How a box or a port is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identifier {
    /// By a MAC.
    Mac(Mac),
    /// By an address.
    Address(IpAddr),
    /// By a text.
    Text(Untrusted),
}

/// What a neighbour does, of LLDP's and CDP's bits those that tell its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a bit of its own on the wire")]
pub struct Capabilities {
    /// It bridges or switches.
    pub is_bridge: bool,
    /// It is a wireless access point.
    pub is_access_point: bool,
    /// It routes.
    pub is_router: bool,
    /// It is a telephone.
    pub is_telephone: bool,
    /// It is an end station and nothing else.
    pub is_station: bool,
}

impl Lldp {
    /// Reads what follows the EtherType; none without a chassis and a port. What a cut frame still has is told.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let mut fields = fields(frame);
        let (1, chassis) = fields.next()? else { return None };
        let (2, port) = fields.next()? else { return None };
        let mut lldp = Self {
            chassis: identifier(chassis, 4, 5)?,
            port: identifier(port, 3, 4)?,
            port_description: None,
            system_name: None,
            system_description: None,
            capabilities: Capabilities::default(),
            management: None,
        };
        for (kind, value) in fields {
            lldp.read_field(kind, value);
        }
        Some(lldp)
    }

    fn read_field(&mut self, kind: u8, value: &[u8]) {
        match kind {
            4 => self.port_description = text(value),
            5 => self.system_name = text(value),
            6 => self.system_description = text(value),
            7 => self.capabilities = capabilities(value).unwrap_or_default(),
            8 => self.management = self.management.or_else(|| management(value)),
            _ => {}
        }
    }
}

/// Fields behind seven bits of type and nine of length, up to the one that ends them.
fn fields(frame: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut reader = Reader::new(frame);
    core::iter::from_fn(move || {
        let head = reader.u16().filter(|&head| head != 0)?;
        Some(((head >> 9) as u8, reader.bytes(usize::from(head & 0x1ff))?))
    })
}

/// A subtype, those of a MAC and of an address differ for chassis and port, before the identifier itself.
fn identifier(value: &[u8], mac: u8, network: u8) -> Option<Identifier> {
    let (&subtype, name) = value.split_first()?;
    let known = match subtype {
        _ if subtype == mac => name.try_into().ok().map(Identifier::Mac),
        _ if subtype == network => {
            name.split_first().and_then(|(&family, ip)| address(family, ip)).map(Identifier::Address)
        }
        _ => None,
    };
    Some(known.unwrap_or_else(|| Identifier::Text(Untrusted::new(trimmed(name)))))
}

/// An address behind its length, its family among it.
fn management(value: &[u8]) -> Option<IpAddr> {
    let (&family, ip) = Reader::new(value).vector8()?.split_first()?;
    address(family, ip)
}

/// An address of IANA's family 1 or 2.
fn address(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match family {
        1 => bytes.try_into().ok().map(|octets: [u8; 4]| Ipv4Addr::from(octets).into()),
        2 => bytes.try_into().ok().map(|octets: [u8; 16]| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

/// What it can do, and of that what is switched on.
fn capabilities(value: &[u8]) -> Option<Capabilities> {
    let mut reader = Reader::new(value);
    let (_able, enabled) = (reader.u16()?, reader.u16()?);
    Some(Capabilities {
        is_bridge: enabled & 0x04 != 0,
        is_access_point: enabled & 0x08 != 0,
        is_router: enabled & 0x10 != 0,
        is_telephone: enabled & 0x20 != 0,
        is_station: enabled & 0x80 != 0,
    })
}

fn text(value: &[u8]) -> Option<Untrusted> {
    Some(trimmed(value)).filter(|text| !text.is_empty()).map(Untrusted::new)
}

/// Some end their texts as C does.
fn trimmed(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
    value.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn field(kind: u16, value: &[u8]) -> Vec<u8> {
        [&(kind << 9 | value.len() as u16).to_be_bytes()[..], value].concat()
    }

    fn head() -> Vec<u8> {
        [field(1, &[4, 2, 0, 0, 0, 0, 1]), field(2, b"\x05Gi1/0/1"), field(3, &[0, 120])].concat()
    }

    #[test]
    fn a_switch_says_what_it_is() {
        let rest = [
            field(4, b"uplink\0"),
            field(5, b"sw1"),
            field(6, b"ACME OS 1.2"),
            field(7, &[0, 0x14, 0, 0x04]),
            field(8, &[5, 1, 192, 0, 2, 9, 2, 0, 0, 0, 1, 0]),
            field(8, &[5, 1, 192, 0, 2, 10, 2, 0, 0, 0, 1, 0]),
            field(127, &[0, 0x80, 0xc2, 1]),
            field(0, &[]),
            field(5, b"behind the end"),
        ];
        let expected = Lldp {
            chassis: Identifier::Mac([2, 0, 0, 0, 0, 1]),
            port: Identifier::Text("Gi1/0/1".into()),
            port_description: Some("uplink".into()),
            system_name: Some("sw1".into()),
            system_description: Some("ACME OS 1.2".into()),
            capabilities: Capabilities { is_bridge: true, ..Capabilities::default() },
            management: Some([192, 0, 2, 9].into()),
        };
        assert_eq!(Lldp::read(&[head(), rest.concat()].concat()), Some(expected));
    }

    #[track_caller]
    fn check(chassis: &[u8], expected: &Identifier) {
        let frame = [field(1, chassis), field(2, &[3, 2, 0, 0, 0, 0, 2]), field(3, &[0, 1])].concat();
        let read = Lldp::read(&frame).unwrap();
        assert_eq!((&read.chassis, read.port), (expected, Identifier::Mac([2, 0, 0, 0, 0, 2])));
    }

    #[test]
    fn a_box_is_named_by_mac_address_or_text() {
        let ip: IpAddr = "2001:db8::1".parse().unwrap();
        check(&[5, 1, 192, 0, 2, 1], &Identifier::Address([192, 0, 2, 1].into()));
        check(&[&[5, 2][..], &"2001:db8::1".parse::<Ipv6Addr>().unwrap().octets()].concat(), &Identifier::Address(ip));
        check(b"\x07phone\0", &Identifier::Text("phone".into()));
        check(&[4, b'a'], &Identifier::Text("a".into()));
        check(&[5, 1, b'a'], &Identifier::Text("\u{1}a".into()));
        check(&[7], &Identifier::Text("".into()));
    }

    #[test]
    fn without_chassis_and_port_there_is_none_and_a_cut_frame_tells_what_it_has() {
        let whole = [head(), field(5, b"name"), field(6, b"words")].concat();
        assert_eq!(Lldp::read(&whole[2..]), None);
        assert_eq!(Lldp::read(&whole[..12]), None);
        assert_eq!(Lldp::read(&[field(2, b"\x05p"), field(1, b"\x07c")].concat()), None);
        let cut = Lldp::read(&whole[..whole.len() - 1]).unwrap();
        assert_eq!((cut.system_name, cut.system_description), (Some("name".into()), None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = (Lldp::read(&bytes), Lldp::read(&[head(), bytes].concat()));
        }
    }
}
