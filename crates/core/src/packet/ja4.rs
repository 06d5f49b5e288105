//! JA4, the fingerprint of a TLS client (public specification by `FoxIO`, of which this part is BSD-3-Clause): versions, counts, and hashes of what
//! it offers in an order it cannot shuffle.

use super::tls::{ALPN, ClientHello, SERVER_NAME};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// What carries TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// QUIC.
    Quic,
}

/// Characters of a fingerprint.
const LENGTH: usize = 36;
/// A comma and the digits of a value.
const DIGITS: usize = 5;
/// So many values are turned into text at a time; few clients offer more.
const VALUES: usize = 32;
/// Digits of a hash that a fingerprint has.
const HASH: usize = 12;
/// So many hashes are remembered, two for each kind of client: a network has few kinds.
const MOST_HASHES: usize = 32;
/// Of no more values than this; no client is known to offer as many.
const MOST_VALUES: usize = 128;

/// A fingerprint, such as `t13d1516h2_8daaf6152771_e5627efa2ab1`: ASCII, letters and digits but for two underscores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ja4([u8; LENGTH]);

/// Hashes that were needed lately. Most clients offer what others of their kind did, and hashing is most of the work.
#[derive(Debug, Default)]
pub struct Hashes {
    known: Vec<Hash>,
    next: usize,
}

#[derive(Debug)]
struct Hash {
    values: Vec<u16>,
    others: Vec<u16>,
    digits: [u8; HASH],
}

/// The fingerprint of what a client says first.
pub fn of(hello: ClientHello, transport: Transport, hashes: &mut Hashes) -> Ja4 {
    let version = version(&hello);
    let ClientHello { mut ciphers, mut extensions, mut signature_algorithms, alpn_ends, .. } = hello;
    for list in [&mut ciphers, &mut extensions, &mut signature_algorithms] {
        list.retain(|value| !is_grease(*value));
    }
    let carrier = match transport {
        Transport::Tcp => b't',
        Transport::Quic => b'q',
    };
    let named = if extensions.contains(&SERVER_NAME) { b'd' } else { b'i' };
    let counts = [&ciphers, &extensions].map(|list| two_digits(list.len()));
    let protocol = protocol(alpn_ends);
    ciphers.sort_unstable();
    extensions.sort_unstable();
    extensions.retain(|&kind| kind != SERVER_NAME && kind != ALPN);
    let offered = hashes.of(ciphers, Vec::new());
    let extended = hashes.of(extensions, signature_algorithms);
    let parts: [&[u8]; 9] =
        [&[carrier], &version, &[named], counts.as_flattened(), &protocol, b"_", &offered, b"_", &extended];
    let mut text = [0; LENGTH];
    text.iter_mut().zip(parts.into_iter().flatten()).for_each(|(place, byte)| *place = *byte);
    Ja4(text)
}

impl Hashes {
    fn of(&mut self, values: Vec<u16>, others: Vec<u16>) -> [u8; HASH] {
        if let Some(known) = self.known.iter().find(|known| known.values == values && known.others == others) {
            return known.digits;
        }
        let digits = hash(&values, &others);
        if values.len().saturating_add(others.len()) <= MOST_VALUES {
            self.remember(Hash { values, others, digits });
        }
        digits
    }

    /// The one that came first makes room.
    fn remember(&mut self, mut hash: Hash) {
        hash.values.shrink_to_fit();
        hash.others.shrink_to_fit();
        match self.known.get_mut(self.next) {
            Some(oldest) => *oldest = hash,
            None => self.known.push(hash),
        }
        self.next = self.next.saturating_add(1) % MOST_HASHES;
    }
}

impl Ja4 {
    /// Its text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Ja4 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Ja4 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = text.as_bytes().try_into().ok().filter(|_| text.is_ascii());
        bytes.map(Self).ok_or_else(|| de::Error::custom("a JA4 has 36 characters"))
    }
}

fn version(hello: &ClientHello) -> [u8; 2] {
    let offered = hello.versions.iter().copied().filter(|version| !is_grease(*version));
    *match offered.max().unwrap_or(hello.legacy_version) {
        0x0304 => b"13",
        0x0303 => b"12",
        0x0302 => b"11",
        0x0301 => b"10",
        0x0300 => b"s3",
        0x0002 => b"s2",
        _ => b"00",
    }
}

/// 99 stands for all that are more.
fn two_digits(count: usize) -> [u8; 2] {
    let count = count.min(99) as u8;
    [digit(count / 10), digit(count % 10)]
}

/// First and last character of the first protocol; of its hexadecimal form where they are no letters or digits.
fn protocol(ends: Option<[u8; 2]>) -> [u8; 2] {
    match ends {
        None => *b"00",
        Some(ends) if ends.iter().all(u8::is_ascii_alphanumeric) => ends,
        Some([first, last]) => [digit(first >> 4), digit(last)],
    }
}

/// Twelve digits of a hash of values, and behind `_` of others in their own order if there are any; zeros stand for nothing offered.
///
/// The text that is hashed is never put together: that and formatting took a fifth of a report from a capture of many clients.
fn hash(values: &[u16], others: &[u16]) -> [u8; HASH] {
    if values.is_empty() && others.is_empty() {
        return [b'0'; HASH];
    }
    let mut hash = Sha256::new();
    join(&mut hash, values);
    if !others.is_empty() {
        hash.update(b"_");
        join(&mut hash, others);
    }
    let digest = hash.finalize();
    let digits = digest.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]);
    let mut text = [0; HASH];
    text.iter_mut().zip(digits).for_each(|(place, digit)| *place = digit);
    text
}

/// Four digits for each value, with commas between.
fn join(hash: &mut Sha256, values: &[u16]) {
    // A hash takes many bytes at a time for the price of few.
    let mut text = [0; DIGITS * VALUES];
    for (place, values) in values.chunks(VALUES).enumerate() {
        for (digits, value) in text.chunks_exact_mut(DIGITS).zip(values) {
            let [high, low] = value.to_be_bytes();
            digits.copy_from_slice(&[b',', digit(high >> 4), digit(high), digit(low >> 4), digit(low)]);
        }
        let begin = usize::from(place == 0);
        hash.update(text.get(begin..values.len().saturating_mul(DIGITS)).unwrap_or_default());
    }
}

/// The digit of the lower half of a byte.
const fn digit(byte: u8) -> u8 {
    match byte & 0xf {
        low @ 0..=9 => b'0'.wrapping_add(low),
        low => b'a'.wrapping_add(low).wrapping_sub(10),
    }
}

/// Values reserved to keep servers tolerant (RFC 8701): 0x0a0a, 0x1a1a, … 0xfafa.
const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    /// The example of the specification.
    fn example() -> ClientHello {
        ClientHello {
            legacy_version: 0x0303,
            ciphers: vec![
                0xaaaa, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
                0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
                0xff01, 0x000b, 0x000a, 0x0015, 0xfafa,
            ],
            versions: vec![0xdada, 0x0303, 0x0304],
            alpn_ends: Some(*b"h2"),
            signature_algorithms: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            ..ClientHello::default()
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut ClientHello), expected: &str) {
        let mut hello = example();
        change(&mut hello);
        assert_eq!(of(hello, Transport::Tcp, &mut Hashes::default()).as_str(), expected);
    }

    #[test]
    fn the_specification_s_examples_come_out() {
        check(|_| {}, "t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert_eq!(
            of(example(), Transport::Quic, &mut Hashes::default()).as_str(),
            "q13d1516h2_8daaf6152771_e5627efa2ab1"
        );
        check(|hello| hello.signature_algorithms.clear(), "t13d1516h2_8daaf6152771_6d807ffa2a79");
    }

    #[test]
    fn what_is_not_offered_is_zero() {
        check(|hello| hello.ciphers = vec![0x0a0a], "t13d0016h2_000000000000_e5627efa2ab1");
        let extended = |extensions: &[u16], expected| {
            check(|hello| (hello.extensions, hello.signature_algorithms) = (extensions.to_vec(), vec![]), expected);
        };
        extended(&[0, 16], "t13d1502h2_8daaf6152771_000000000000");
        extended(&[], "t13i1500h2_8daaf6152771_000000000000");
        check(|hello| hello.ciphers = vec![5; 100], "t13d9916h2_b9c636cd5505_e5627efa2ab1");
    }

    #[test]
    fn versions_and_protocols_have_two_characters() {
        let version = |versions: &[u16], legacy| {
            let mut hello = example();
            (hello.versions, hello.legacy_version) = (versions.to_vec(), legacy);
            String::from(&of(hello, Transport::Tcp, &mut Hashes::default()).as_str()[1..3])
        };
        for (legacy, expected) in [(0x0303, "12"), (0x0302, "11"), (0x0301, "10"), (0x0300, "s3"), (2, "s2"), (9, "00")]
        {
            assert_eq!(version(&[], legacy), expected);
            assert_eq!(version(&[0x0304, 0x0303, 0xfafa], legacy), "13");
        }
        let ends = [(None, "00"), (Some([0xab, 0xab]), "ab"), (Some([0xab, 0xcd]), "ad"), (Some([0x30, 0xab]), "3b")];
        for (ends, expected) in ends {
            assert_eq!(protocol(ends), expected.as_bytes());
        }
        assert_eq!(protocol(Some(*b"01")), *b"01");
    }

    #[test]
    fn what_is_remembered_is_what_would_be_computed() {
        let mut hashes = Hashes::default();
        // More kinds than are remembered, each twice in a row, and one too long to be.
        for kind in (0..100).chain(0..100).flat_map(|kind| [kind, kind]) {
            let hello = || ClientHello {
                ciphers: (0..if kind == 50 { 500 } else { 20 }).map(|cipher| cipher * 7 + kind).collect(),
                signature_algorithms: vec![kind % 3],
                ..example()
            };
            assert_eq!(of(hello(), Transport::Tcp, &mut hashes), of(hello(), Transport::Tcp, &mut Hashes::default()));
            assert!(hashes.known.len() <= MOST_HASHES);
            assert!(hashes.known.iter().all(|hash| hash.values.capacity() <= MOST_VALUES));
        }
    }

    proptest! {
        #[test]
        fn it_is_always_of_one_shape(
            ciphers in proptest::collection::vec(any::<u16>(), 0..120),
            extensions in proptest::collection::vec(any::<u16>(), 0..120),
            alpn_ends in any::<Option<[u8; 2]>>(),
        ) {
            let hello = ClientHello { ciphers, extensions, alpn_ends, ..ClientHello::default() };
            let ja4 = of(hello, Transport::Quic, &mut Hashes::default());
            let text = ja4.as_str();
            prop_assert_eq!(text.len(), 36);
            prop_assert!(text.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()));
        }
    }
}
