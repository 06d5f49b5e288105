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
    /// How many labels and pointers it is made of.
    steps: u8,
}

impl<'a> Name<'a> {
    /// Reads the name at a place of the message, and the place behind it; none unless it is whole and of lawful length.
    pub(crate) fn read(message: &'a [u8], at: usize) -> Option<(Self, usize)> {
        let mut labels = Labels::new(message, at);
        let (mut length, mut count) = (1_usize, 0_u8);
        while let Step::Label(label) = labels.step()? {
            length = length.saturating_add(label.len()).saturating_add(1);
            count = count.saturating_add(1);
            if length > LONGEST {
                return None;
            }
        }
        let steps = count.saturating_add(labels.jumps);
        Some((Self { message, at, steps }, labels.behind.unwrap_or(labels.at)))
    }

    /// What walking it costs: its labels and pointers.
    pub(super) fn steps(&self) -> usize {
        self.steps.into()
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
/// Few names are longer, so that few are moved while they are put together.
const USUAL: usize = 48;

fn text<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Untrusted {
    let mut text = Vec::with_capacity(USUAL);
    for label in labels {
        if !text.is_empty() {
            text.push(b'.');
        }
        for part in label.split_inclusive(|byte| matches!(byte, b'.' | b'\\')) {
            // What is to be escaped ends its part; most labels are one part and have none.
            if let Some((last @ (b'.' | b'\\'), before)) = part.split_last() {
                text.extend_from_slice(before);
                text.extend_from_slice(&[b'\\', *last]);
            } else {
                text.extend_from_slice(part);
            }
        }
    }
    if text.is_empty() { Untrusted::from(ROOT) } else { Untrusted::from(text) }
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
        let digits = labels.next().filter(|label| label.iter().all(u8::is_ascii_digit))?;
        *octet = core::str::from_utf8(digits).ok()?.parse().ok()?;
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

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    /// The name at a place of the message reads so, and ends there.
    #[track_caller]
    fn check(message: &[u8], at: usize, expected: Option<(&str, usize)>) {
        let read = Name::read(message, at).map(|(name, behind)| (name.to_untrusted(), behind));
        assert_eq!(read, expected.map(|(text, behind)| (Untrusted::from(text), behind)));
    }

    #[test]
    fn names_are_read_through_their_compression() {
        check(b"\x03www\x07example\0rest", 0, Some(("www.example", 13)));
        check(b"\0", 0, Some((".", 1)));
        // `example` at 0, `www` with a pointer to it at 9, a pointer to that at 15.
        let message = b"\x07example\0\x03www\xc0\x00\xc0\x09";
        check(message, 9, Some(("www.example", 15)));
        check(message, 15, Some(("www.example", 17)));
        check(b"\0\xc0\0", 1, Some((".", 3)));
    }

    #[test]
    fn what_is_no_name_is_none() {
        check(b"", 0, None);
        check(b"\x03ww", 0, None);
        check(b"\x03www", 0, None);
        check(b"\x03www\0", 9, None);
        check(b"\x01a\xc0", 0, None);
        // Bits 01 and 10: extended labels, and what was never anything.
        check(b"\x40a\0", 0, None);
        check(b"\x80a\0", 0, None);
    }

    #[test]
    fn compression_cannot_run_in_circles_or_forwards() {
        check(b"\xc0\x00", 0, None);
        check(b"\x01a\xc0\x00", 0, None);
        check(b"\xc0\x02\xc0\x00", 0, None);
        check(b"\xc0\x02\xc0\x00", 2, None);
        check(b"\xc0\x02\0", 0, None);
    }

    #[test]
    fn pointers_and_lengths_have_an_end() {
        // A root, then pointers, each to the one before.
        let chain: Vec<u8> = [0, 0].into_iter().chain((0..66_u8).flat_map(|n| [0xc0, n * 2])).collect();
        check(&chain, 2 * 64, Some((".", 2 * 65)));
        check(&chain, 2 * 65, None);
        let label = |length: u8| [vec![length], vec![b'x'; length.into()]].concat();
        let longest = [label(63), label(63), label(63), label(61), vec![0]].concat();
        assert_eq!(longest.len(), LONGEST);
        assert!(Name::read(&longest, 0).is_some());
        check(&[label(63), label(63), label(63), label(62), vec![0]].concat(), 0, None);
        let deepest = [[1, b'x'].repeat(127), vec![0]].concat();
        assert_eq!(Name::read(&deepest, 0).unwrap().0.labels().count(), 127);
        check(&[[1, b'x'].repeat(128), vec![0]].concat(), 0, None);
    }

    #[test]
    fn labels_are_told_apart_in_the_text() {
        check(b"\x03a.b\x01c\0", 0, Some(("a\\.b.c", 7)));
        check(b"\x02\\.\0", 0, Some(("\\\\\\.", 4)));
        check(b"\x02\xff\x1b\x02<b\0", 0, Some(("\u{fffd}\u{1b}.<b", 7)));
    }

    #[test]
    fn case_does_not_matter_and_labels_do() {
        let [one, other, longer] = ["Host.LOCAL", "hOST.local", "a.host.local"].map(written::name);
        let [one, other, longer] = [&one, &other, &longer].map(|bytes| Name::read(bytes, 0).unwrap().0);
        assert!(one.eq_ignore_case(&other) && !one.eq_ignore_case(&longer) && !longer.eq_ignore_case(&one));
        assert!(longer.ends_with(&[b"Host", b"local"]) && longer.ends_with(&[]));
        assert!(!longer.ends_with(&[b"st", b"local"]) && !one.ends_with(&[b"a", b"host", b"local"]));
        assert!(!one.is_root() && Name::read(&[0], 0).unwrap().0.is_root());
    }

    #[test]
    fn reverse_names_are_addresses() {
        #[track_caller]
        fn check(name: &str, expected: Option<&str>) {
            let bytes = written::name(name);
            let address = Name::read(&bytes, 0).unwrap().0.reverse_address();
            assert_eq!(address, expected.map(|address| address.parse().unwrap()), "{name}");
        }
        let zeros = "0.".repeat(20);
        check("7.2.0.192.in-addr.arpa", Some("192.0.2.7"));
        check("255.255.255.255.IN-ADDR.ARPA", Some("255.255.255.255"));
        check(&std::format!("f.1.0.0.{zeros}8.b.d.0.1.0.0.2.ip6.arpa"), Some("2001:db8::1f"));
        check(&std::format!("0.f.1.0.0.{zeros}8.b.d.0.1.0.0.2.ip6.arpa"), None);
        check(&std::format!("1.0.0.{zeros}8.b.d.0.1.0.0.2.ip6.arpa"), None);
        check(&std::format!("10.0.0.0.{zeros}8.b.d.0.1.0.0.2.ip6.arpa"), None);
        check("2.0.192.in-addr.arpa", None);
        check("9.7.2.0.192.in-addr.arpa", None);
        check("256.2.0.192.in-addr.arpa", None);
        check("+7.2.0.192.in-addr.arpa", None);
        check("lb._dns-sd._udp.0.2.0.192.in-addr.arpa", None);
        check("7.2.0.192.example", None);
    }

    #[test]
    fn names_in_options_may_lack_their_end() {
        #[track_caller]
        fn check(bytes: &[u8], expected: Option<&str>) {
            assert_eq!(uncompressed(bytes), expected.map(Untrusted::from));
        }
        check(b"\x02pc\x03lan\0", Some("pc.lan"));
        check(b"\x02pc", Some("pc"));
        check(b"\x02pc\0\x03lan\0", Some("pc"));
        check(b"\x02pc\xc0\0", Some("pc"));
        check(b"\x02pc\x03la", Some("pc"));
        check(b"\0", None);
        check(b"", None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_make_a_name_too_long(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..300) {
            let _ = uncompressed(&bytes);
            if let Some((name, behind)) = Name::read(&bytes, at) {
                let length: usize = name.labels().map(|label| label.len() + 1).sum();
                prop_assert!(length < LONGEST && behind <= bytes.len());
                let _ = (name.to_untrusted(), name.reverse_address());
            }
        }

        /// Small numbers are lengths and pointers that lead somewhere, so these bytes get far.
        #[test]
        fn crooked_pointers_end(bytes in proptest::collection::vec(prop_oneof![Just(0xc0_u8), 0_u8..40], 0..300), at in 0_usize..300) {
            if let Some((name, behind)) = Name::read(&bytes, at) {
                prop_assert!(name.labels().count() < 128 && behind <= bytes.len());
            }
        }
    }
}
