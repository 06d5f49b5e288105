//! NetBIOS over UDP: who takes or answers for which name (port 137), and who sends datagrams (port 138), by RFC 1001 and RFC 1002.

use super::dns;
use super::icmp::array;
use super::neighbour::Mac;
use crate::untrusted::Untrusted;
use core::net::Ipv4Addr;

const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
const NAME: usize = 15;
/// The uppermost flag of a name: many share it (RFC 1002 section 4.2.1.3).
const GROUP: u8 = 0x80;
/// A name and what surrounds it in a node status: 15 bytes, suffix, two bytes of flags.
const STATUS_ENTRY: usize = NAME + 3;

/// A NetBIOS name: 15 bytes and the suffix that says what it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    bytes: [u8; NAME],
    /// 0x00 workstation (or workgroup), 0x20 file server, 0x1b to 0x1e browsing, 0x1c domain controllers.
    pub suffix: u8,
}

impl Name {
    /// Reads the 32 letters that stand for a name (RFC 1001 section 14.1).
    fn decode(letters: &[u8]) -> Option<Self> {
        let mut decoded = [0; NAME + 1];
        if letters.len() != decoded.len().saturating_mul(2) {
            return None;
        }
        for (byte, pair) in decoded.iter_mut().zip(letters.chunks_exact(2)) {
            let &[high, low] = pair else { return None };
            *byte = nibble(high)? << 4 | nibble(low)?;
        }
        let [bytes @ .., suffix] = decoded;
        Some(Self { bytes, suffix })
    }

    fn of(name: &dns::name::Name<'_>) -> Option<Self> {
        Self::decode(name.labels().next()?)
    }

    /// Its text, without the spaces or zeros that fill it up.
    pub fn text(&self) -> Untrusted {
        let filler = self.bytes.iter().rev().take_while(|byte| matches!(byte, b' ' | 0)).count();
        Untrusted::new(self.bytes.get(..NAME.saturating_sub(filler)).unwrap_or_default())
    }
}

fn nibble(letter: u8) -> Option<u8> {
    letter.checked_sub(b'A').filter(|&nibble| nibble < 16)
}

/// What a message of the name service is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Who has a name; or the status of a node.
    Query,
    /// The sender takes a name, or goes on using it.
    Registration,
    /// The sender gives a name up.
    Release,
    /// The answer will take a while, or something unknown.
    Other,
}

/// A message of the name service (UDP port 137).
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    inner: dns::Message<'a>,
    /// What it is for.
    pub purpose: Purpose,
    /// It answers.
    pub is_response: bool,
}

/// Somebody has a name.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The name.
    pub name: Name,
    /// Many share it: a workgroup or domain.
    pub is_group: bool,
    entries: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a message of port 137.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let inner = dns::Message::read(bytes)?;
        let purpose = match inner.opcode {
            0 => Purpose::Query,
            5 | 8 | 9 | 15 => Purpose::Registration,
            6 => Purpose::Release,
            _ => Purpose::Other,
        };
        Some(Self { inner, purpose, is_response: inner.is_response })
    }

    /// The names asked for, taken or given up.
    pub fn names(&self) -> impl Iterator<Item = Name> + use<'a> {
        self.inner.questions().filter_map(|question| Name::of(&question.name))
    }

    /// Who has which name: what registrations take, and what good answers say.
    pub fn claims(&self) -> impl Iterator<Item = Claim<'a>> + use<'a> {
        let is_claim = match self.purpose {
            Purpose::Query => self.is_response,
            Purpose::Registration => true,
            Purpose::Release | Purpose::Other => false,
        };
        let is_good = is_claim && self.inner.rcode == 0;
        self.inner.records().filter(move |record| is_good && record.kind == NB).filter_map(|record| {
            let is_group = record.bytes.first()? & GROUP != 0;
            Some(Claim { name: Name::of(&record.name)?, is_group, entries: record.bytes })
        })
    }

    /// What a node says of itself when asked for its status.
    pub fn status(&self) -> Option<Status<'a>> {
        let mut records = self.inner.records();
        let record = records.find(|record| self.is_response && record.kind == NBSTAT)?;
        let (&count, rest) = record.bytes.split_first()?;
        let length = usize::from(count).saturating_mul(STATUS_ENTRY);
        Some(Status { entries: rest.get(..length)?, mac: array(rest, length).filter(|mac| *mac != [0; 6]) })
    }
}

impl<'a> Claim<'a> {
    /// The addresses of those who have it.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + use<'a> {
        self.entries.chunks_exact(6).filter_map(|entry| array::<4>(entry, 2)).map(Ipv4Addr::from)
    }
}

/// The names of a node (RFC 1002 section 4.2.18).
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    entries: &'a [u8],
    /// The node's MAC address; Samba leaves it out.
    pub mac: Option<Mac>,
}

impl<'a> Status<'a> {
    /// The names, each with whether it is a group.
    pub fn names(&self) -> impl Iterator<Item = (Name, bool)> + use<'a> {
        self.entries.chunks_exact(STATUS_ENTRY).filter_map(|entry| {
            let [suffix, flags] = array(entry, NAME)?;
            Some((Name { bytes: array(entry, 0)?, suffix }, flags & GROUP != 0))
        })
    }
}

/// A datagram of port 138 (RFC 1002 section 4.4.2): it names its sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// Who sends it.
    pub source: Name,
    /// The sender's address, as it knows it.
    pub address: Ipv4Addr,
    /// To whom.
    pub destination: Name,
}

impl Datagram {
    /// Reads the head of a datagram to one name, to a group or to all.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if !matches!(bytes.first()?, 0x10..=0x12) {
            return None;
        }
        let address = Ipv4Addr::from(array::<4>(bytes, 4)?);
        let (source, behind) = dns::name::Name::read(bytes.get(DATAGRAM..)?, 0)?;
        let (destination, _) = dns::name::Name::read(bytes.get(DATAGRAM..)?, behind)?;
        Some(Self { source: Name::of(&source)?, address, destination: Name::of(&destination)? })
    }
}

/// Type, flags, identifier, the sender's address and port, length, offset.
const DATAGRAM: usize = 14;

#[cfg(test)]
mod tests {
    use super::super::dns::written::{message, name, question, record};
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    /// The name on the wire: filled with spaces, each half byte a letter (RFC 1001 section 14.1).
    fn encoded(text: &str, suffix: u8) -> Vec<u8> {
        let bytes = std::format!("{text:<15}").into_bytes();
        let letters =
            bytes.iter().chain([&suffix]).flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'A' + half));
        name(&letters.collect::<String>())
    }

    fn said(name: Name) -> String {
        std::format!("{}<{:02x}>", name.text().raw(), name.suffix)
    }

    fn claimed(bytes: &[u8]) -> Vec<String> {
        let message = Message::read(bytes).unwrap();
        let text = |claim: Claim<'_>| {
            let addresses: Vec<Ipv4Addr> = claim.addresses().collect();
            std::format!("{} {} {addresses:?}", said(claim.name), if claim.is_group { "group" } else { "unique" })
        };
        message.claims().map(text).collect()
    }

    #[test]
    fn names_are_made_of_half_letters() {
        // The example of RFC 1001 section 14.1: "The NetBIOS name", with its 16th byte a space.
        let letters = b"FEGIGFCAEOGFHEECEJEPFDCAGOGBGNGF";
        let read = Name::decode(letters).unwrap();
        assert_eq!((read.text(), read.suffix), ("The NetBIOS nam".into(), b'e'));
        assert_eq!(Name::decode(&letters[..30]), None);
        assert_eq!(Name::decode(b"fegigfcaeogfheecejepfdcagogbgngf"), None);
        assert_eq!(Name::decode(&[b'Q'; 32]), None);
        let any = [b"CK".as_slice(), &[b'A'; 30]].concat();
        assert_eq!(Name::decode(&any).map(|name| name.text()), Some("*".into()));
    }

    #[test]
    fn a_registration_takes_a_name() {
        let pc = encoded("OFFICE-PC", 0x20);
        // The record's name is a pointer to the question's.
        let entry = record(&[0xc0, 12], NB, 1, 300_000, &[0x60, 0, 192, 0, 2, 7]);
        let parts: [&[u8]; 2] = [&question(&pc, NB, 1), &entry];
        let bytes = message(0x2910, [1, 0, 0, 1], &parts);
        let read = Message::read(&bytes).unwrap();
        assert_eq!((read.purpose, read.is_response), (Purpose::Registration, false));
        assert_eq!(read.names().map(said).collect::<Vec<_>>(), ["OFFICE-PC<20>"]);
        assert_eq!(claimed(&bytes), ["OFFICE-PC<20> unique [192.0.2.7]"]);
        assert!(claimed(&message(0x3010, [1, 0, 0, 1], &parts)).is_empty(), "a release");
        assert!(claimed(&message(0x0110, [1, 0, 0, 1], &parts)).is_empty(), "a query");
        assert_eq!(Message::read(&message(0x3810, [0; 4], &[])).map(|read| read.purpose), Some(Purpose::Other));
    }

    #[test]
    fn a_good_answer_says_who_has_a_name() {
        let group = [0xe0, 0, 192, 0, 2, 1, 0xe0, 0, 192, 0, 2, 2, 0];
        let entry = record(&encoded("WORKGROUP", 0x1c), NB, 1, 300, &group);
        assert_eq!(claimed(&message(0x8500, [0, 1, 0, 0], &[&entry])), ["WORKGROUP<1c> group [192.0.2.1, 192.0.2.2]"]);
        assert!(claimed(&message(0x8503, [0, 1, 0, 0], &[&entry])).is_empty(), "there is no such name");
        assert!(claimed(&message(0x8500, [0, 1, 0, 0], &[&record(&encoded("X", 0), NB, 1, 0, &[])])).is_empty());
        assert!(claimed(&message(0x8500, [0, 1, 0, 0], &[&record(&name("X"), NB, 1, 0, &group)])).is_empty());
    }

    #[test]
    fn a_node_tells_its_names_and_its_mac() {
        let mut data = std::vec![2];
        data.extend(b"OFFICE-PC      \x20\x04\0WORKGROUP      \0\x84\0\x02\0\0\0\0\x07\0\0");
        let status = |data: &[u8]| message(0x8400, [0, 1, 0, 0], &[&record(&encoded("*", 0), NBSTAT, 1, 0, data)]);
        let bytes = status(&data);
        let read = Message::read(&bytes).unwrap().status().unwrap();
        assert_eq!(
            read.names().map(|(name, is_group)| (said(name), is_group)).collect::<Vec<_>>(),
            [("OFFICE-PC<20>".into(), false), ("WORKGROUP<00>".into(), true)]
        );
        assert_eq!(read.mac, Some([2, 0, 0, 0, 0, 7]));
        let without = status(&[&[0], [0; 8].as_slice()].concat());
        assert_eq!(Message::read(&without).unwrap().status().unwrap().mac, None);
        data[0] = 9;
        assert!(Message::read(&status(&data)).unwrap().status().is_none(), "it counts more than it holds");
        assert!(claimed(&bytes).is_empty());
    }

    #[test]
    fn a_datagram_names_its_sender() {
        let head = [0x11, 0x0a, 0, 1, 192, 0, 2, 7, 0, 138, 0, 0, 0, 0];
        let bytes = [&head, encoded("PC", 0).as_slice(), &encoded("WORKGROUP", 0x1d), b"\xffSMB"].concat();
        let read = Datagram::read(&bytes).unwrap();
        assert_eq!(
            (said(read.source), read.address, said(read.destination)),
            ("PC<00>".into(), Ipv4Addr::new(192, 0, 2, 7), "WORKGROUP<1d>".into())
        );
        assert_eq!(Datagram::read(&bytes[..80]), None);
        let error = [&[0x13], &bytes[1..]].concat();
        assert_eq!(Datagram::read(&error), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(flags: u16, counts: [u8; 4], body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Datagram::read(&body);
            let whole = [&[0x10; 14], body.as_slice()].concat();
            let _ = Datagram::read(&whole);
            let record = record(&encoded("PC", 0), if flags & 1 == 0 { NB } else { NBSTAT }, 1, 0, &body);
            for bytes in [message(flags, counts.map(u16::from), &[&body]), message(flags | 0x8000, [0, 1, 0, 0], &[&record])] {
                let Some(message) = Message::read(&bytes) else { continue };
                let _ = (message.names().count(), claimed(&bytes));
                if let Some(status) = message.status() {
                    prop_assert!(status.names().count() <= body.len() / STATUS_ENTRY);
                }
            }
        }
    }
}
