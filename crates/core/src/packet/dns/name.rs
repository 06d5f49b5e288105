//! A domain name where it lies in its message: read through the compression, copied only when somebody asks for its text.
//!
//! A name is looked at whole before it is handed out, so its labels can be walked without asking again. Pointers lead only to
//! before the labels they end (RFC 1035 section 4.1.4), hence no name runs in circles.

use crate::packet::icmp::array;
use crate::untrusted::Untrusted;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest name on the wire, in bytes with all lengths (RFC 1035 section 2.3.4).
const LONGEST: usize = 255;
/// Honest names need a handful of pointers; a longer chain only costs us time.
const MOST_JUMPS: u8 = 64;

/// A name of a message.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Name<'a> {
    /// Reads the name at a place of the message, and the place behind it; none unless it is whole and of lawful length.
    pub(crate) fn read(message: &'a [u8], at: usize) -> Option<(Self, usize)> {
        let mut labels = Labels::new(message, at);
        let mut length: usize = 1;
        while let Step::Label(label) = labels.step()? {
            length = length.saturating_add(label.len()).saturating_add(1);
            if length > LONGEST {
                return None;
            }
        }
        Some((Self { message, at }, labels.behind.unwrap_or(labels.at)))
    }

    /// Its labels from the left, as they came.
    pub fn labels(&self) -> Labels<'a> {
        Labels::new(self.message, self.at)
    }

    /// The text: labels with dots between; a dot or backslash within a label has a backslash before it; the root is ".".
    pub fn to_untrusted(&self) -> Untrusted {
        text(self.labels())
    }

    /// It is the root.
    pub fn is_root(&self) -> bool {
        self.labels().next().is_none()
    }

    /// The names are equal, whatever the case of ASCII letters (RFC 4343).
    pub fn eq_ignore_case(&self, other: &Name<'_>) -> bool {
        equal(self.labels(), other.labels())
    }

    /// Its last labels are these, whatever their case.
    pub fn ends_with(&self, tail: &[&[u8]]) -> bool {
        let count = self.labels().count();
        count >= tail.len() && equal(self.labels().skip(count.saturating_sub(tail.len())), tail.iter().copied())
    }

    /// The address this name stands for in the reverse tree: `in-addr.arpa` (RFC 1035 section 3.5), `ip6.arpa` (RFC 3596 section 2.5).
    pub fn reverse_address(&self) -> Option<IpAddr> {
        if self.ends_with(&[b"in-addr", b"arpa"]) {
            return reverse_v4(self.labels()).map(IpAddr::V4);
        }
        self.ends_with(&[b"ip6", b"arpa"]).then(|| reverse_v6(self.labels()))?.map(IpAddr::V6)
    }
}

/// The text of a name without compression, which may lack its end (RFC 4702 section 2.3.1, RFC 4704 section 4.2); none if there is none.
pub fn uncompressed(bytes: &[u8]) -> Option<Untrusted> {
    let mut rest = bytes.get(..LONGEST).unwrap_or(bytes);
    let labels = core::iter::from_fn(|| {
        let (&length, after) = rest.split_first().filter(|(length, _)| (1..64).contains(*length))?;
        let (label, behind) = after.split_at_checked(usize::from(length))?;
        rest = behind;
        Some(label)
    });
    Some(text(labels)).filter(|text| text.raw() != ROOT)
}

const ROOT: &str = ".";

fn text<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Untrusted {
    let mut text = Vec::new();
    for label in labels {
        if !text.is_empty() {
            text.push(b'.');
        }
        for &byte in label {
            if matches!(byte, b'.' | b'\\') {
                text.push(b'\\');
            }
            text.push(byte);
        }
    }
    if text.is_empty() { Untrusted::from(ROOT) } else { Untrusted::new(&text) }
}

fn equal<'a, 'b>(mut ours: impl Iterator<Item = &'a [u8]>, mut theirs: impl Iterator<Item = &'b [u8]>) -> bool {
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
            _ => return false,
        }
    }
}

fn reverse_v4(mut labels: Labels<'_>) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    for octet in octets.iter_mut().rev() {
        *octet = core::str::from_utf8(labels.next()?).ok()?.parse().ok()?;
    }
    (labels.count() == 2).then(|| Ipv4Addr::from(octets))
}

fn reverse_v6(mut labels: Labels<'_>) -> Option<Ipv6Addr> {
    let mut bits: u128 = 0;
    for place in (0..128).step_by(4) {
        let &[digit] = labels.next()? else { return None };
        bits |= u128::from(char::from(digit).to_digit(16)?) << place;
    }
    (labels.count() == 2).then(|| Ipv6Addr::from_bits(bits))
}

/// The labels of a name, from the left.
#[derive(Clone, Debug)]
pub struct Labels<'a> {
    message: &'a [u8],
    at: usize,
    /// Where the labels now read begin: the next pointer must lead to before them.
    begin: usize,
    jumps: u8,
    /// The place behind the name, once a pointer was met.
    behind: Option<usize>,
}

enum Step<'a> {
    Label(&'a [u8]),
    End,
}

impl<'a> Labels<'a> {
    const fn new(message: &'a [u8], at: usize) -> Self {
        Self { message, at, begin: at, jumps: 0, behind: None }
    }

    /// The next label, or the end; none where it cannot be read.
    fn step(&mut self) -> Option<Step<'a>> {
        loop {
            let length = *self.message.get(self.at)?;
            let after = self.at.saturating_add(1);
            match length {
                0 => {
                    self.at = after;
                    return Some(Step::End);
                }
                1..64 => {
                    let end = after.saturating_add(usize::from(length));
                    self.at = end;
                    return self.message.get(after..end).map(Step::Label);
                }
                // Two ones are a pointer; 01 and 10 were never given a meaning that lived (RFC 6891 section 5).
                64..192 => return None,
                192.. => self.jump()?,
            }
        }
    }

    fn jump(&mut self) -> Option<()> {
        let target = usize::from(u16::from_be_bytes(array(self.message, self.at)?) & 0x3fff);
        self.jumps = self.jumps.checked_add(1).filter(|&jumps| jumps <= MOST_JUMPS)?;
        if target >= self.begin {
            return None;
        }
        self.behind = self.behind.or(Some(self.at.saturating_add(2)));
        (self.at, self.begin) = (target, target);
        Some(())
    }
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let here = self.at;
        match self.step() {
            Some(Step::Label(label)) => Some(label),
            Some(Step::End) | None => {
                self.at = here;
                None
            }
        }
    }
}
