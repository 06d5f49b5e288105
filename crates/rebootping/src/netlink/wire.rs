//! Netlink's framing: messages and attributes as length, type and bytes padded to four (RFC 3549, `netlink.h`).

use super::uapi::{NLA_F_NESTED, NLA_TYPE_MASK, NLM_F_REQUEST};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const MESSAGE_HEADER: usize = 16;
const ATTRIBUTE_HEADER: usize = 4;

/// One message of a datagram, its header taken apart.
pub(super) struct Frame<'a> {
    pub(super) kind: u16,
    pub(super) flags: u16,
    pub(super) sequence: u32,
    pub(super) body: &'a [u8],
}

/// The messages of one datagram; a length that cannot be true ends it and is counted in `damaged`.
pub(super) struct Frames<'a> {
    rest: &'a [u8],
    damaged: &'a Cell<u64>,
}

impl<'a> Frames<'a> {
    pub(super) fn new(datagram: &'a [u8], damaged: &'a Cell<u64>) -> Self {
        Self { rest: datagram, damaged }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let Some((frame, rest)) = split_frame(self.rest) else {
            count_leftover(self.rest, self.damaged);
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some(frame)
    }
}

fn split_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let frame = Frame {
        kind: u16_at(bytes, 4)?,
        flags: u16_at(bytes, 6)?,
        sequence: u32_at(bytes, 8)?,
        body: bytes.get(MESSAGE_HEADER..length)?,
    };
    Some((frame, after(bytes, length)))
}

/// One attribute: its type without the flag bits, and its value.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) kind: u16,
    pub(super) value: &'a [u8],
    damaged: &'a Cell<u64>,
}

impl<'a> Attribute<'a> {
    pub(super) fn u8(&self) -> Option<u8> {
        self.counted(self.value.first().copied())
    }

    pub(super) fn u16(&self) -> Option<u16> {
        self.counted(u16_at(self.value, 0))
    }

    pub(super) fn u32(&self) -> Option<u32> {
        self.counted(u32_at(self.value, 0))
    }

    /// The `place`th of an array of 64-bit numbers.
    pub(super) fn u64_at(&self, place: usize) -> Option<u64> {
        self.counted(array_at(self.value, place.saturating_mul(8)).map(u64::from_ne_bytes))
    }

    /// An address, its family told by its length.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.counted(ip_of(self.value))
    }

    /// The text before the first NUL, whatever is not UTF-8 replaced.
    pub(super) fn text(&self) -> String {
        let text = self.value.split(|&byte| byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    pub(super) fn nested(&self) -> Attributes<'a> {
        Attributes::new(self.value, self.damaged)
    }

    fn counted<T>(&self, value: Option<T>) -> Option<T> {
        if value.is_none() {
            count(self.damaged);
        }
        value
    }
}

/// A chain of attributes; a length that cannot be true ends it and is counted in `damaged`.
#[derive(Clone)]
pub(super) struct Attributes<'a> {
    rest: &'a [u8],
    damaged: &'a Cell<u64>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(bytes: &'a [u8], damaged: &'a Cell<u64>) -> Self {
        Self { rest: bytes, damaged }
    }

    /// The first attribute of that type.
    pub(super) fn find(&self, kind: u16) -> Option<Attribute<'a>> {
        Iterator::find(&mut self.clone(), |attribute| attribute.kind == kind)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let Some((kind, value, rest)) = split_attribute(self.rest) else {
            count_leftover(self.rest, self.damaged);
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some(Attribute { kind, value, damaged: self.damaged })
    }
}

fn split_attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::from(u16_at(bytes, 0)?);
    let kind = u16_at(bytes, 2)? & NLA_TYPE_MASK;
    Some((kind, bytes.get(ATTRIBUTE_HEADER..length)?, after(bytes, length)))
}

/// A request under construction.
pub(super) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A request whose body begins with that fixed header.
    pub(super) fn new(kind: u16, flags: u16, header: &[u8]) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((flags | NLM_F_REQUEST).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(header);
        pad(&mut bytes);
        Self { bytes }
    }

    #[must_use]
    pub(super) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        let length = (value.len() + ATTRIBUTE_HEADER) as u16;
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        pad(&mut self.bytes);
        self
    }

    #[must_use]
    pub(super) fn with_u32(self, kind: u16, value: u32) -> Self {
        self.with(kind, &value.to_ne_bytes())
    }

    #[must_use]
    pub(super) fn with_ip(self, kind: u16, ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => self.with(kind, &ip.octets()),
            IpAddr::V6(ip) => self.with(kind, &ip.octets()),
        }
    }

    /// An attribute whose value, itself a chain of attributes, was read from the kernel.
    #[must_use]
    pub(super) fn with_nested(self, kind: u16, value: &[u8]) -> Self {
        self.with(kind | NLA_F_NESTED, value)
    }

    /// The finished request under that sequence number.
    pub(super) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = self.bytes.len() as u32;
        self.put(0, length);
        self.put(8, sequence);
        self.bytes
    }

    fn put(&mut self, at: usize, value: u32) {
        for (byte, new) in self.bytes.iter_mut().skip(at).zip(value.to_ne_bytes()) {
            *byte = new;
        }
    }
}

/// The bytes at that place, if there are as many.
pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The 16-bit number at that place, in the machine's byte order.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_ne_bytes)
}

/// The 32-bit number at that place, in the machine's byte order.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_ne_bytes)
}

/// The address of 4 or 16 bytes.
pub(super) fn ip_of(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => array_at(bytes, 0).map(|octets: [u8; 4]| Ipv4Addr::from(octets).into()),
        16 => array_at(bytes, 0).map(|octets: [u8; 16]| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

/// What follows an item of that length, its padding skipped; the last item may lack its padding.
pub(super) fn after(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(length.next_multiple_of(4)..).unwrap_or_default()
}

/// Counts one message or attribute that was shorter than it has to be.
pub(super) fn count(damaged: &Cell<u64>) {
    damaged.set(damaged.get().saturating_add(1));
}

fn count_leftover(rest: &[u8], damaged: &Cell<u64>) {
    if !rest.is_empty() {
        count(damaged);
    }
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
