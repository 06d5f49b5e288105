//! Messages of the domain name system: DNS (RFC 1035), and its kin with the same shape, mDNS (RFC 6762) and LLMNR (RFC 4795).
//!
//! Reading a message copies nothing; questions and records are taken from it one by one, as far as they can be read.

pub mod data;
pub mod name;
#[cfg(test)]
mod opinion;
#[cfg(test)]
pub(super) mod written;

use super::icmp::array;
use data::Data;
use name::Name;

/// The port of resolvers (RFC 1035 section 4.2).
pub const PORT: u16 = 53;
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
/// So many labels, pointers and records of a message are followed, and as many of its questions: what honest mDNS packs into
/// 9,000 bytes takes less, and a message made of long chains costs 20 µs instead of 400.
const MOST_STEPS: usize = 4096;

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
    /// The bytes that say it; names in them may lead out of them.
    pub bytes: &'a [u8],
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
        Questions { message: self.bytes, at: HEADER, left: self.counts[0], steps: MOST_STEPS }
    }

    /// Its records in order, up to the first that cannot be read.
    pub fn records(&self) -> Records<'a> {
        let [questions, mut left @ ..] = self.counts;
        let mut ahead = self.questions();
        if ahead.by_ref().count() != usize::from(questions) {
            left = [0; 3];
        }
        Records { message: self.bytes, at: ahead.at, left, steps: MOST_STEPS }
    }
}

/// The messages that lie whole in a TCP segment, each behind its length (RFC 1035 section 4.2.2).
pub const fn of_tcp(segment: &[u8]) -> Framed<'_> {
    Framed { rest: segment }
}

/// Messages of a TCP stream.
#[derive(Clone, Debug)]
pub struct Framed<'a> {
    rest: &'a [u8],
}

impl<'a> Framed<'a> {
    /// What has not been read: nothing, or the beginning of a message that may end in the next segment.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Framed<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let (length, after) = self.rest.split_first_chunk()?;
        let (message, behind) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.rest = behind;
        Message::read(message)
    }
}

/// The questions of a message.
#[derive(Clone, Debug)]
pub struct Questions<'a> {
    message: &'a [u8],
    at: usize,
    left: u16,
    steps: usize,
}

impl<'a> Iterator for Questions<'a> {
    type Item = Question<'a>;

    fn next(&mut self) -> Option<Question<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (name, at) = Name::read(self.message, self.at)?;
        self.steps = self.steps.checked_sub(name.steps().saturating_add(1))?;
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
    steps: usize,
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
        let section = self.section()?;
        let (name, at) = Name::read(self.message, self.at)?;
        let [k, i, c, l, t1, t2, t3, t4, len, gth] = array(self.message, at)?;
        let [kind, class] = [u16::from_be_bytes([k, i]), u16::from_be_bytes([c, l])];
        let begin = at.saturating_add(10);
        let end = begin.saturating_add(usize::from(u16::from_be_bytes([len, gth])));
        let bytes = self.message.get(begin..end)?;
        let data = Data::read(self.message, kind, &(begin..end));
        let steps = data.name().map_or(0, Name::steps).saturating_add(name.steps());
        self.steps = self.steps.checked_sub(steps.saturating_add(1))?;
        self.at = end;
        let ttl = u32::from_be_bytes([t1, t2, t3, t4]);
        Some(Record { section, name, kind, class: class & !TOP, flushes_cache: class & TOP != 0, ttl, data, bytes })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::written::{message, name, question, record};
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    const RESPONSE: u16 = 0x8400;

    /// Name, type and data of each record, up to the first that cannot be read.
    fn told(bytes: &[u8]) -> Vec<String> {
        let records = Message::read(bytes).into_iter().flat_map(|message| message.records());
        records
            .map(|record| std::format!("{} {} {}", record.name.to_untrusted().raw(), record.kind, said(&record)))
            .collect()
    }

    fn said(record: &Record<'_>) -> String {
        let text = |name: &Name<'_>| String::from(name.to_untrusted().raw());
        match record.data {
            Data::A(address) => std::format!("{address}"),
            Data::Aaaa(address) => std::format!("{address}"),
            Data::Cname(name) | Data::Ptr(name) => text(&name),
            Data::Srv(srv) => std::format!("{} {} {} {}", srv.priority, srv.weight, srv.port, text(&srv.target)),
            Data::Txt(txt) => std::format!("{} strings", txt.pairs().count()),
            Data::Svcb(svcb) => {
                let hints = (svcb.ipv4_hints().collect::<Vec<_>>(), svcb.ipv6_hints().collect::<Vec<_>>());
                std::format!("{} {} {hints:?}", svcb.priority, text(&svcb.target))
            }
            Data::Other => std::format!("{:x?}", record.bytes),
        }
    }

    #[test]
    fn a_header_says_what_the_message_is() {
        let bytes = message(0xae03, [0; 4], &[]);
        let read = Message::read(&bytes).unwrap();
        assert_eq!((read.id, read.is_response, read.opcode, read.rcode, read.is_truncated), (0x1234, true, 5, 3, true));
        let bytes = message(0x0100, [0; 4], &[]);
        let read = Message::read(&bytes).unwrap();
        assert_eq!((read.is_response, read.opcode, read.rcode, read.is_truncated), (false, 0, 0, false));
        assert!(Message::read(&bytes[..11]).is_none());
    }

    #[test]
    fn questions_and_sections_are_told_apart() {
        let host = name("host.local");
        let claim = record(&[0xc0, 12], A, 0x8001, 120, &[192, 0, 2, 7]);
        let late = record(&[0xc0, 12], A, 1, 0, &[192, 0, 2, 8]);
        let parts: [&[u8]; 5] = [&question(&host, 255, 0x8001), &question(&[0xc0, 17], PTR, 1), &late, &claim, &late];
        let bytes = message(0, [2, 1, 1, 1], &parts);
        let read = Message::read(&bytes).unwrap();
        let questions: Vec<_> =
            read.questions().map(|q| (q.name.to_untrusted(), q.kind, q.class, q.wants_unicast)).collect();
        assert_eq!(questions, [("host.local".into(), 255, 1, true), ("local".into(), PTR, 1, false)]);
        let records: Vec<_> = read.records().map(|r| (r.section, r.class, r.flushes_cache, r.ttl)).collect();
        let late = (1, false, 0);
        let expected = [(Section::Answer, late), (Section::Authority, (1, true, 120)), (Section::Additional, late)];
        assert_eq!(records, expected.map(|(section, (class, flush, ttl))| (section, class, flush, ttl)));
    }

    /// One record of this type and data; `example` stands at 12.
    #[track_caller]
    fn check(kind: u16, data: &[u8], expected: &str) {
        let bytes = message(RESPONSE, [0, 1, 0, 0], &[&record(&name("example"), kind, 1, 60, data)]);
        assert_eq!(told(&bytes), [std::format!("example {kind} {expected}")]);
    }

    #[test]
    fn data_is_read_by_its_type() {
        check(A, &[192, 0, 2, 7], "192.0.2.7");
        check(AAAA, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], "2001:db8::7");
        check(CNAME, b"\x03www\xc0\x0c", "www.example");
        check(PTR, &[0xc0, 12], "example");
        check(SRV, b"\0\x01\0\x02\x02\x77\x02pc\xc0\x0c", "1 2 631 pc.example");
        check(TXT, b"\x03a=b\0\x02=c\x01d", "2 strings");
        check(
            HTTPS,
            b"\0\x01\0\0\x01\0\x03\x02h2\0\x04\0\x08\xc0\0\x02\x01\xc0\0\x02\x02",
            "1 . ([192.0.2.1, 192.0.2.2], [])",
        );
        check(
            SVCB,
            b"\0\0\xc0\x0c\0\x06\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
            "0 example ([], [2001:db8::1])",
        );
        check(15, &[0, 10], "[0, a]");
    }

    #[test]
    fn data_not_as_its_type_should_be_is_other() {
        check(A, &[1, 2, 3], "[1, 2, 3]");
        check(AAAA, &[1, 2, 3, 4], "[1, 2, 3, 4]");
        check(SRV, &[0, 1, 0, 2], "[0, 1, 0, 2]");
        // The name goes on behind the data.
        check(PTR, &[3], "[3]");
        check(CNAME, &[0xc0], "[c0]");
        check(TXT, &[], "0 strings");
        // A string longer than the data, and hints of half an address.
        check(TXT, b"\x02ab\x09cd", "1 strings");
        check(HTTPS, b"\0\x01\0\0\x04\0\x07\xc0\0\x02\x01\xc0\0\x02", "1 . ([192.0.2.1], [])");
        check(HTTPS, b"\0\x01\0\0\x04\0\x08\xc0\0\x02\x01", "1 . ([], [])");
    }

    #[test]
    fn keys_have_values_whatever_their_case_and_the_first_counts() {
        let data = Data::read(b"\x05Md=TV\x05md=no\x02fn\x04rs==\x03x=\xff", TXT, &(0..24));
        let Data::Txt(txt) = data else { panic!("{data:?}") };
        assert_eq!(txt.value(b"md"), Some(b"TV".as_slice()));
        assert_eq!(txt.value(b"FN"), None);
        assert_eq!(txt.value(b"rs"), Some(b"=".as_slice()));
        assert_eq!(txt.value(b"x"), Some([0xff].as_slice()));
        assert_eq!(txt.value(b"y"), None);
    }

    #[test]
    fn a_cut_message_is_read_as_far_as_it_goes() {
        let address = record(&[0xc0, 12], A, 1, 60, &[192, 0, 2, 7]);
        let bytes = message(RESPONSE, [1, 2, 0, 0], &[&question(&name("pc"), A, 1), &address, &address]);
        assert_eq!(told(&bytes).len(), 2);
        assert_eq!(told(&bytes[..bytes.len() - 1]).len(), 1);
        assert_eq!(Message::read(&bytes[..20]).unwrap().questions().count(), 1);
        assert!(Message::read(&bytes[..19]).is_none(), "not one question");
    }

    #[test]
    fn no_count_is_believed() {
        let most = |counts, part: &[u8]| message(RESPONSE, counts, &[&part.repeat(MOST_STEPS + 1)]);
        let bytes = most([u16::MAX; 4], &question(&[0], A, 1));
        let read = Message::read(&bytes).unwrap();
        assert_eq!((read.questions().count(), read.records().count()), (MOST_STEPS, 0));
        let bytes = most([0, u16::MAX, 0, 0], &record(&[0], A, 1, 0, &[]));
        assert_eq!(Message::read(&bytes).unwrap().records().count(), MOST_STEPS);
        // `a.a.….local` of 125 labels, and records that each name it twice.
        let chain = record(&[0], TXT, 1, 0, &[[1, b'a'].repeat(124), name("local")].concat());
        let costly = record(&[0xc0, 23], PTR, 1, 0, &[0xc0, 23]);
        let bytes = message(RESPONSE, [0, 999, 0, 0], &[&chain, &costly.repeat(998)]);
        assert_eq!(Message::read(&bytes).unwrap().records().count(), 1 + (MOST_STEPS - 1) / (2 * 126 + 1));
        assert!(Message::read(&message(RESPONSE, [0, 9, 9, 9], &[])).is_none());
    }

    #[test]
    fn tcp_carries_several_messages_with_their_lengths() {
        let one = message(0x0100, [1, 0, 0, 0], &[&question(&name("one"), A, 1)]);
        let two = message(0x0100, [1, 0, 0, 0], &[&question(&name("two"), AAAA, 1)]);
        let framed = |message: &[u8]| [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat();
        let segment = [framed(&one), framed(&two)].concat();
        let count = |segment| of_tcp(segment).filter(|message| message.questions().count() == 1).count();
        assert_eq!(
            [count(&segment), count(&segment[..segment.len() - 1]), count(&segment[..1]), count(&[])],
            [2, 1, 0, 0]
        );
        assert_eq!(of_tcp(&one).count(), 0, "it has no length before it");
        let rest = |segment| {
            let mut framed = of_tcp(segment);
            framed.by_ref().for_each(drop);
            framed.rest()
        };
        let cut = &segment[..segment.len() - 1];
        assert_eq!((rest(&segment), rest(cut)), (&[][..], &cut[2 + one.len()..]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(flags: u16, counts: [u16; 4], body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bytes = message(flags, counts, &[&body]);
            let _ = (told(&bytes), told(&body), of_tcp(&body).count());
            if let Some(message) = Message::read(&bytes) {
                prop_assert!(message.questions().count() <= body.len() / 5);
                prop_assert!(message.records().count() <= body.len() / 11);
            }
        }
    }
}
