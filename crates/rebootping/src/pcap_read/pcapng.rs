//! The newer format: sections of blocks, each of which says its kind and length (draft-ietf-opsawg-pcapng).
//!
//! ```text
//! block = kind(4) length(4) body … length(4)
//! ```
//!
//! Lengths are what holds the file together: a block whose inside makes no sense is left out and counted, a length that
//! makes none ends the file.

use super::options::Options;
use super::resolution::Resolution;
use super::stop::Stop;
use super::window::Window;
use super::{Found, Interface, LONGEST_FRAME};
use core::ops::Range;
use rebootping_core::packet::frame::{Direction, InterfaceId};
use rebootping_core::untrusted::Untrusted;
use std::collections::BTreeMap;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a section's first block begins with; it reads the same in both byte orders.
pub(super) const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAMES: u32 = 4;
const ENHANCED_PACKET: u32 = 6;

const MAGIC: u32 = 0x1a2b_3c4d;
/// Kind and both lengths.
const EMPTY_BLOCK: u32 = 12;
/// Wireshark refuses longer ones too; the longest packet with all its options is far below.
const LONGEST_BLOCK: u32 = 16 << 20;
/// No machine has so many interfaces, and none may fill our memory by claiming them.
const MOST_INTERFACES: usize = 4096;
/// No more names are kept for the same reason.
const MOST_NAMES: usize = 65_536;

const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
/// `opt_comment`.
const COMMENT: u16 = 1;
/// `epb_flags` and `pack_flags` share this code.
const PACKET_FLAGS: u16 = 2;

/// The byte order of a section.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Order {
    #[default]
    Little,
    Big,
}

impl Order {
    pub(super) const fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) const fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The word at a place of a body; none beyond its end.
    fn word(self, body: &[u8], at: usize) -> Option<u32> {
        body.get(at..)?.first_chunk().copied().map(|bytes| self.u32(bytes))
    }
}

/// What is known from the blocks so far.
#[derive(Default)]
pub(super) struct Sections {
    order: Order,
    /// The interfaces of this section, by their number in it.
    local: Vec<Local>,
    /// Those of all sections, each once.
    interfaces: Vec<Interface>,
    /// Their places in `interfaces`: by name, or else by number in their section, and link.
    known: BTreeMap<(Result<Untrusted, usize>, u32), InterfaceId>,
    names: Vec<(IpAddr, Untrusted)>,
    /// The last packet's stamp, for one that has none.
    last: u64,
    left_out: u64,
}

#[derive(Clone, Copy)]
struct Local {
    id: InterfaceId,
    link: u32,
    snap: u32,
    resolution: Resolution,
}

impl Sections {
    pub(super) fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    pub(super) fn names(&self) -> &[(IpAddr, Untrusted)] {
        &self.names
    }

    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Reads one block; it may hold a packet.
    pub(super) fn find<R: Read>(&mut self, window: &mut Window<R>) -> Result<Option<Found>, Stop> {
        let Some(&[kind @ .., l, e, n, g]) = window.ahead(8)?.and_then(|bytes| bytes.first_chunk::<8>()) else {
            return Err(if window.is_empty() { Stop::End } else { Stop::Within });
        };
        if kind == SECTION {
            self.begin_section(window)?;
        }
        let claimed = self.order.u32([l, e, n, g]);
        // Some programs do not count the filling up to four bytes.
        let length = claimed.checked_next_multiple_of(4).unwrap_or(u32::MAX);
        if !(EMPTY_BLOCK..=LONGEST_BLOCK).contains(&length) {
            return Err(Stop::Damaged(format!("a block claims {claimed} bytes")));
        }
        let length = length as usize;
        let Some(block) = window.ahead(length)? else { return Err(Stop::Within) };
        if self.order.word(block, length - 4) != Some(claimed) {
            return Err(Stop::Damaged("a block's two lengths differ".to_owned()));
        }
        let place = window.take(length);
        let body = place.start + 8..place.end - 4;
        self.read_block(self.order.u32(kind), window.lent(body.clone()), body.start)
    }

    /// Learns a new section's byte order, which its length is written in already.
    fn begin_section<R: Read>(&mut self, window: &mut Window<R>) -> Result<(), Stop> {
        let Some([.., m, a, g, i]) = window.peek::<12>()? else { return Err(Stop::Within) };
        self.order = match MAGIC {
            magic if magic == u32::from_le_bytes([m, a, g, i]) => Order::Little,
            magic if magic == u32::from_be_bytes([m, a, g, i]) => Order::Big,
            _ => return Err(Stop::Damaged("a section has no byte order".to_owned())),
        };
        Ok(())
    }

    fn read_block(&mut self, kind: u32, body: &[u8], at: usize) -> Result<Option<Found>, Stop> {
        let found = match kind {
            ENHANCED_PACKET => self.enhanced_packet(body),
            SIMPLE_PACKET => self.simple_packet(body),
            OBSOLETE_PACKET => self.obsolete_packet(body),
            INTERFACE => return self.interface(body).map(|()| None),
            NAMES => {
                self.read_names(body);
                return Ok(None);
            }
            kind if kind.to_be_bytes() == SECTION => return self.section(body).map(|()| None),
            // Statistics, secrets, custom blocks and what is yet to be invented hold no packet.
            _ => return Ok(None),
        };
        let Some(mut found) = found else {
            self.left_out += 1;
            return Ok(None);
        };
        for range in [&mut found.bytes, &mut found.remark] {
            *range = at + range.start..at + range.end;
        }
        self.last = found.stamp;
        Ok(Some(found))
    }

    fn section(&mut self, body: &[u8]) -> Result<(), Stop> {
        let &[_, _, _, _, major @ .., _, _] = body.first_chunk::<8>().ok_or(Stop::Within)?;
        let major = self.order.u16(major);
        if major != 1 {
            return Err(Stop::Damaged(format!("pcapng of version {major} is unknown")));
        }
        self.local.clear();
        Ok(())
    }

    fn interface(&mut self, body: &[u8]) -> Result<(), Stop> {
        let (Some(&[l, k, ..]), Some(snap)) = (body.first_chunk::<8>(), self.order.word(body, 4)) else {
            return Err(Stop::Damaged("an interface is described in too few bytes".to_owned()));
        };
        let link = u32::from(self.order.u16([l, k]));
        let (mut name, mut resolution) = (Untrusted::new(b""), Resolution::default());
        let rest = body.get(8..).unwrap_or_default();
        for (code, value) in (Options { order: self.order, rest }) {
            match (code, value) {
                (IF_NAME, value) => name = Untrusted::new(value),
                (IF_TSRESOL, &[power]) => resolution.set_tick(power),
                (IF_TSOFFSET, value) => {
                    resolution.set_offset(value.first_chunk().map_or(0, |bytes| self.signed(*bytes)));
                }
                _ => {}
            }
        }
        if self.local.len() >= MOST_INTERFACES {
            return Err(Stop::Damaged(format!("a section claims more than {MOST_INTERFACES} interfaces")));
        }
        let id = self.known_or_new(name, link)?;
        self.local.push(Local { id, link, snap, resolution });
        Ok(())
    }

    fn signed(&self, bytes: [u8; 8]) -> i64 {
        match self.order {
            Order::Little => i64::from_le_bytes(bytes),
            Order::Big => i64::from_be_bytes(bytes),
        }
    }

    fn known_or_new(&mut self, name: Untrusted, link: u32) -> Result<InterfaceId, Stop> {
        let key = (if name.is_empty() { Err(self.local.len()) } else { Ok(name.clone()) }, link);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err(Stop::Damaged(format!("it claims more than {MOST_INTERFACES} interfaces")));
        }
        let id = InterfaceId(self.interfaces.len() as u32);
        self.interfaces.push(Interface { name, link });
        self.known.insert(key, id);
        Ok(id)
    }

    fn enhanced_packet(&self, body: &[u8]) -> Option<Found> {
        let words: &[u8; 20] = body.first_chunk()?;
        let word = |at| self.order.word(words, at);
        let number = word(0)? as usize;
        self.packet(number, [word(4)?, word(8)?], [word(12)?, word(16)?], body)
    }

    fn obsolete_packet(&self, body: &[u8]) -> Option<Found> {
        // Its interface has two bytes, and two count drops; all else stands where its successor has it.
        let words: &[u8; 20] = body.first_chunk()?;
        let word = |at| self.order.word(words, at);
        let number = usize::from(self.order.u16(*words.first_chunk()?));
        self.packet(number, [word(4)?, word(8)?], [word(12)?, word(16)?], body)
    }

    fn packet(&self, interface: usize, stamp: [u32; 2], lengths: [u32; 2], body: &[u8]) -> Option<Found> {
        let local = self.local.get(interface)?;
        let [high, low] = stamp;
        let [captured, original] = lengths;
        let bytes = frame(20, captured, body)?;
        let mut found = Found {
            interface: local.id,
            link: local.link,
            stamp: local.resolution.nanos(u64::from(high) << 32 | u64::from(low)),
            original: original.max(captured),
            direction: None,
            remark: 0..0,
            bytes,
        };
        self.read_options(body, &mut found);
        Some(found)
    }

    fn simple_packet(&self, body: &[u8]) -> Option<Found> {
        let local = self.local.first()?;
        let original = self.order.word(body, 0)?;
        let snap = if local.snap == 0 { u32::MAX } else { local.snap };
        let bytes = frame(4, original.min(snap), body)?;
        Some(Found {
            interface: local.id,
            link: local.link,
            stamp: self.last,
            original,
            direction: None,
            remark: 0..0,
            bytes,
        })
    }

    fn read_options(&self, body: &[u8], found: &mut Found) {
        let rest = body.get(found.bytes.end.next_multiple_of(4)..).unwrap_or_default();
        let mut options = Options { order: self.order, rest };
        loop {
            // Behind the option's code and length.
            let from = body.len() - options.rest.len() + 4;
            match options.next() {
                None => return,
                Some((PACKET_FLAGS, value)) => found.direction = self.order.word(value, 0).and_then(direction),
                Some((COMMENT, value)) => found.remark = from..from + value.len(),
                Some(_) => {}
            }
        }
    }

    fn read_names(&mut self, body: &[u8]) {
        // Records are shaped like options: 1 is an IPv4 address and its names, 2 an IPv6 address, 0 ends them.
        let records = Options { order: self.order, rest: body };
        for (kind, value) in records {
            let Some((address, names)) = named(kind, value) else { continue };
            for name in names.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
                if self.names.len() < MOST_NAMES {
                    self.names.push((address, Untrusted::new(name)));
                }
            }
        }
    }
}

/// Two bits of direction, then three of how it was received; 4 there is promiscuous.
const fn direction(flags: u32) -> Option<Direction> {
    match (flags & 0b11, flags >> 2 & 0b111) {
        (0b01, 4) => Some(Direction::Overheard),
        (0b01, _) => Some(Direction::Received),
        (0b10, _) => Some(Direction::Sent),
        _ => None,
    }
}

/// Where a frame of a length lies that begins at `at`; none if it is absurd or ends beyond the body.
fn frame(at: usize, captured: u32, body: &[u8]) -> Option<Range<usize>> {
    let end = at + captured as usize;
    (captured <= LONGEST_FRAME && end <= body.len()).then_some(at..end)
}

fn named(kind: u16, value: &[u8]) -> Option<(IpAddr, &[u8])> {
    match kind {
        1 => value.split_first_chunk::<4>().map(|(address, names)| (Ipv4Addr::from(*address).into(), names)),
        2 => value.split_first_chunk::<16>().map(|(address, names)| (Ipv6Addr::from(*address).into(), names)),
        _ => None,
    }
}
