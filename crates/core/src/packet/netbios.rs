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
            let dns::data::Data::Other(entries) = record.data else { return None };
            let is_group = entries.first()? & GROUP != 0;
            Some(Claim { name: Name::of(&record.name)?, is_group, entries })
        })
    }

    /// What a node says of itself when asked for its status.
    pub fn status(&self) -> Option<Status<'a>> {
        let mut records = self.inner.records();
        let record = records.find(|record| self.is_response && record.kind == NBSTAT)?;
        let dns::data::Data::Other(bytes) = record.data else { return None };
        let (&count, rest) = bytes.split_first()?;
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
