//! Messages of the domain name system: DNS (RFC 1035), and its kin with the same shape, mDNS (RFC 6762) and LLMNR (RFC 4795).
//!
//! Reading a message copies nothing; questions and records are taken from it one by one, as far as they can be read.

pub mod data;
pub mod name;

use super::icmp::array;
use data::Data;
use name::Name;

/// Address of a host (RFC 1035).
pub const A: u16 = 1;
/// Another name of the owner is the right one (RFC 1035).
pub const CNAME: u16 = 5;
/// Points to a name (RFC 1035).
pub const PTR: u16 = 12;
/// Free text, since RFC 6763 key and value (RFC 1035).
pub const TXT: u16 = 16;
/// IPv6 address of a host (RFC 3596).
pub const AAAA: u16 = 28;
/// Where a service is (RFC 2782).
pub const SRV: u16 = 33;
/// How to reach a service (RFC 9460).
pub const SVCB: u16 = 64;
/// How to reach a web server (RFC 9460).
pub const HTTPS: u16 = 65;

const HEADER: usize = 12;
/// So many records of a message are read; mDNS sends the most, and less than this in its 9,000 bytes.
const MOST_RECORDS: usize = 512;
/// So many questions; mDNS asks several at once.
const MOST_QUESTIONS: usize = 128;

/// A message, its header read.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    counts: [u16; 4],
    /// Joins an answer to its question; 0 in mDNS.
    pub id: u16,
    /// It answers.
    pub is_response: bool,
    /// What is asked for: 0 a query, 4 notify, 5 update.
    pub opcode: u8,
    /// How it went, without the upper bits of EDNS: 0 well, 3 there is no such name.
    pub rcode: u8,
    /// There was more to say than fitted.
    pub is_truncated: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// About which name.
    pub name: Name<'a>,
    /// The type of record wanted; 255 is any.
    pub kind: u16,
    /// The class, 1 for the Internet, without mDNS's uppermost bit.
    pub class: u16,
    /// mDNS: the answer may come by unicast (RFC 6762 section 5.4).
    pub wants_unicast: bool,
}

/// The part of a message a record stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// It answers the question.
    Answer,
    /// It names who knows; in an mDNS query, what the sender is about to claim (RFC 6762 section 8.2).
    Authority,
    /// It may be of use.
    Additional,
}

/// A resource record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it stands.
    pub section: Section,
    /// Whom it is about.
    pub name: Name<'a>,
    /// Its type.
    pub kind: u16,
    /// Its class, without mDNS's uppermost bit.
    pub class: u16,
    /// mDNS: the sender knows of no other record of this name and type (RFC 6762 section 10.2).
    pub flushes_cache: bool,
    /// It may be kept so many seconds; 0 in mDNS takes it back.
    pub ttl: u32,
    /// What it says.
    pub data: Data<'a>,
}

impl<'a> Message<'a> {
    /// Reads a message of a datagram; none if not even its first question or record can be read.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let [high, low] = array(bytes, 2)?;
        let counts = [word(bytes, 4)?, word(bytes, 6)?, word(bytes, 8)?, word(bytes, 10)?];
        let message = Self {
            bytes,
            counts,
            id: word(bytes, 0)?,
            is_response: high & 0x80 != 0,
            opcode: high >> 3 & 0x0f,
            rcode: low & 0x0f,
            is_truncated: high & 0x02 != 0,
        };
        let is_readable = match counts {
            [0, 0, 0, 0] => true,
            [0, ..] => message.records().next().is_some(),
            _ => message.questions().next().is_some(),
        };
        is_readable.then_some(message)
    }

    /// Its questions, up to the first that cannot be read.
    pub fn questions(&self) -> Questions<'a> {
        Questions { message: self.bytes, at: HEADER, left: usize::from(self.counts[0]).min(MOST_QUESTIONS) }
    }

    /// Its records in order, up to the first that cannot be read.
    pub fn records(&self) -> Records<'a> {
        let [questions, mut left @ ..] = self.counts;
        let mut ahead = self.questions();
        if ahead.by_ref().count() != usize::from(questions) {
            left = [0; 3];
        }
        Records { message: self.bytes, at: ahead.at, left, read: 0 }
    }
}

/// The messages that lie whole in a TCP segment, each behind its length (RFC 1035 section 4.2.2).
pub fn of_tcp(segment: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = segment;
    core::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let (message, behind) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        rest = behind;
        Message::read(message)
    })
}

/// The questions of a message.
#[derive(Clone, Debug)]
pub struct Questions<'a> {
    message: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Iterator for Questions<'a> {
    type Item = Question<'a>;

    fn next(&mut self) -> Option<Question<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (name, at) = Name::read(self.message, self.at)?;
        let [kind, class] = [word(self.message, at)?, word(self.message, at.saturating_add(2))?];
        self.at = at.saturating_add(4);
        Some(Question { name, kind, class: class & !TOP, wants_unicast: class & TOP != 0 })
    }
}

/// mDNS uses the class's uppermost bit for flags of its own.
const TOP: u16 = 0x8000;

/// The records of a message.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    message: &'a [u8],
    at: usize,
    left: [u16; 3],
    read: usize,
}

impl Records<'_> {
    /// The section of the next record.
    fn section(&mut self) -> Option<Section> {
        let sections = [Section::Answer, Section::Authority, Section::Additional];
        let (left, section) = self.left.iter_mut().zip(sections).find(|(left, _)| **left > 0)?;
        *left = left.saturating_sub(1);
        Some(section)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let section = self.section().filter(|_| self.read < MOST_RECORDS)?;
        self.read = self.read.saturating_add(1);
        let (name, at) = Name::read(self.message, self.at)?;
        let [k, i, c, l, t1, t2, t3, t4, len, gth] = array(self.message, at)?;
        let [kind, class] = [u16::from_be_bytes([k, i]), u16::from_be_bytes([c, l])];
        let begin = at.saturating_add(10);
        let end = begin.saturating_add(usize::from(u16::from_be_bytes([len, gth])));
        let data = Data::read(self.message, kind, begin..end)?;
        self.at = end;
        let ttl = u32::from_be_bytes([t1, t2, t3, t4]);
        Some(Record { section, name, kind, class: class & !TOP, flushes_cache: class & TOP != 0, ttl, data })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}
