//! Cisco's discovery protocol: what its switches, telephones and access points say they are.

use super::lldp::Capabilities;
use super::reader::Reader;
use crate::untrusted::Untrusted;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// So many addresses of one frame are kept.
pub const MOST: usize = 8;

/// What a neighbour says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cdp {
    /// The device's name.
    pub device: Option<Untrusted>,
    /// Its hardware.
    pub platform: Option<Untrusted>,
    /// Its software.
    pub version: Option<Untrusted>,
    /// The port it was sent from.
    pub port: Option<Untrusted>,
    /// What it does.
    pub capabilities: Capabilities,
    /// Its addresses, at most [`MOST`].
    pub addresses: Vec<IpAddr>,
}

impl Cdp {
    /// Reads what follows the SNAP header, as [`super::llc::Llc::Cdp`] has it; none if it names nothing. What a cut frame still has
    /// is told.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(frame);
        let ([1 | 2, _time_to_live], _checksum) = (reader.array()?, reader.u16()?) else { return None };
        let mut cdp = Self::default();
        while let Some((kind, value)) = field(&mut reader) {
            cdp.read_field(kind, value);
        }
        (cdp != Self::default()).then_some(cdp)
    }

    fn read_field(&mut self, kind: u16, value: &[u8]) {
        match kind {
            0x01 => self.device = text(value),
            // Of the device, and of its management.
            0x02 | 0x16 => self.read_addresses(Reader::new(value)),
            0x03 => self.port = text(value),
            0x04 => self.capabilities = capabilities(value).unwrap_or_default(),
            0x05 => self.version = text(value),
            0x06 => self.platform = text(value),
            _ => {}
        }
    }

    fn read_addresses(&mut self, mut value: Reader<'_>) {
        let count = value.u32().unwrap_or_default();
        for _ in 0..count {
            let Some((protocol, octets)) = address(&mut value) else { return };
            let is_new = |new: &IpAddr| self.addresses.len() < MOST && !self.addresses.contains(new);
            self.addresses.extend(ip(protocol, octets).filter(is_new));
        }
    }
}

/// A field behind its type and its length, which counts both.
fn field<'a>(reader: &mut Reader<'a>) -> Option<(u16, &'a [u8])> {
    let (kind, length) = (reader.u16()?, reader.u16()?);
    Some((kind, reader.bytes(usize::from(length).checked_sub(4)?)?))
}

/// The next address behind its protocol.
fn address<'a>(reader: &mut Reader<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let _form = reader.u8()?;
    Some((reader.vector8()?, reader.vector16()?))
}

/// IPv4 is named by its NLPID, IPv6 by its LLC header.
fn ip(protocol: &[u8], octets: &[u8]) -> Option<IpAddr> {
    match protocol {
        [0xcc] => <[u8; 4]>::try_from(octets).ok().map(|octets| Ipv4Addr::from(octets).into()),
        [0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd] => {
            <[u8; 16]>::try_from(octets).ok().map(|octets| Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

fn capabilities(value: &[u8]) -> Option<Capabilities> {
    let bits = Reader::new(value).u32()?;
    Some(Capabilities {
        // Transparent or source-route bridge, or switch.
        is_bridge: bits & 0x0e != 0,
        is_access_point: false,
        is_router: bits & 0x01 != 0,
        is_telephone: bits & 0x80 != 0,
        is_station: bits & 0x10 != 0 && bits & 0x8f == 0,
    })
}

fn text(value: &[u8]) -> Option<Untrusted> {
    // Some end their texts as C does.
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    value.get(..end).filter(|text| !text.is_empty()).map(Untrusted::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn field(kind: u16, value: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &(value.len() as u16 + 4).to_be_bytes(), value].concat()
    }

    const HEAD: [u8; 4] = [2, 180, 0xab, 0xcd];

    #[track_caller]
    fn check(fields: &[Vec<u8>], expected: Option<&Cdp>) {
        assert_eq!(Cdp::read(&[&HEAD[..], &fields.concat()].concat()).as_ref(), expected);
    }

    #[test]
    fn a_switch_says_what_it_is() {
        let v6: Ipv6Addr = "2001:db8::1".parse().unwrap();
        let v6_entry = [&[2, 8, 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd, 0, 16][..], &v6.octets()].concat();
        let appletalk = [1, 1, 0x81, 0, 2, 7, 7];
        let v4_entry = [1, 1, 0xcc, 0, 4, 192, 0, 2, 1];
        let addresses = [&[0, 0, 0, 3][..], &v4_entry, &appletalk, &v6_entry].concat();
        let fields = [
            field(1, b"sw1.example"),
            field(2, &addresses),
            field(3, b"Gi0/1"),
            field(4, &[0, 0, 0, 0x29]),
            field(5, b"IOS 15\nmore"),
            field(6, b"cisco WS-C2960\0"),
            field(0x16, &[&[0, 0, 0, 9][..], &v4_entry].concat()),
            field(0x999, b"?"),
        ];
        let expected = Cdp {
            device: Some("sw1.example".into()),
            platform: Some("cisco WS-C2960".into()),
            version: Some("IOS 15\nmore".into()),
            port: Some("Gi0/1".into()),
            capabilities: Capabilities { is_bridge: true, is_router: true, ..Capabilities::default() },
            addresses: vec![[192, 0, 2, 1].into(), v6.into()],
        };
        check(&fields, Some(&expected));
    }

    #[test]
    fn a_telephone_is_no_mere_station_and_a_host_is() {
        let kinds = |bits: u8| Cdp::read(&[&HEAD[..], &field(4, &[0, 0, 0, bits])].concat()).unwrap().capabilities;
        assert!(
            kinds(0x90).is_telephone && !kinds(0x90).is_station && kinds(0x10).is_station && !kinds(0x12).is_station
        );
    }

    #[test]
    fn what_names_nothing_is_none_and_a_cut_frame_tells_what_it_has() {
        check(&[], None);
        check(&[field(1, b"")], None);
        check(&[vec![0, 1, 0, 3]], None);
        assert_eq!(Cdp::read(&[&[3, 180, 0, 0][..], &field(1, b"a")].concat()), None);
        let cut = [field(1, b"a"), vec![0, 6, 0, 9, b'c']];
        check(&cut, Some(&Cdp { device: Some("a".into()), ..Cdp::default() }));
    }

    #[test]
    fn a_flood_of_addresses_is_cut() {
        let entries: Vec<u8> = (0..200).flat_map(|last| [1, 1, 0xcc, 0, 4, 192, 0, 2, last]).collect();
        let read = Cdp::read(&[&HEAD[..], &field(2, &[&[0xff; 4][..], &entries].concat())].concat()).unwrap();
        assert_eq!(read.addresses.len(), MOST);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(kind in 0..7_u16, bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Cdp::read(&bytes);
            let _ = Cdp::read(&[&HEAD[..], &field(kind, &bytes), &bytes].concat());
        }
    }
}
