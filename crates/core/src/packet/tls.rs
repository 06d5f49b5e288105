//! The ClientHello of TLS (RFC 8446, RFC 6066, RFC 7301): whom a client wants to talk to, and what kind of client it is.

mod hello;

pub(super) use hello::progress;
pub use hello::{HANDSHAKE, Hello, Progress};

use super::reader::Reader;
use crate::untrusted::Untrusted;
use alloc::vec::Vec;

const CLIENT_HELLO: u8 = 1;
const HOST_NAME: u8 = 0;

/// Server name (RFC 6066 section 3).
pub(super) const SERVER_NAME: u16 = 0;
/// Application protocols (RFC 7301).
pub(super) const ALPN: u16 = 16;
/// Browsers have so many, most others fewer.
const USUAL_EXTENSIONS: usize = 18;
const SIGNATURE_ALGORITHMS: u16 = 13;
const VERSIONS: u16 = 43;

/// What a client says first. Everything is as it came: in its order, with GREASE (RFC 8701).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientHello {
    /// The version, as it was told before TLS 1.3 had an extension for it.
    pub legacy_version: u16,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Types of extensions.
    pub extensions: Vec<u16>,
    /// The server's name (SNI). With an encrypted ClientHello the outer one is all there is to see.
    pub server_name: Option<Untrusted>,
    /// The first and the last byte of the first application protocol (ALPN), which need not be text.
    pub alpn_ends: Option<[u8; 2]>,
    /// Versions offered.
    pub versions: Vec<u16>,
    /// Signature algorithms.
    pub signature_algorithms: Vec<u16>,
}

impl ClientHello {
    /// Reads a handshake message from its type on; none if it is another or not whole.
    pub fn read(handshake: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(handshake);
        let ([CLIENT_HELLO], [high, middle, low]) = (reader.array()?, reader.array()?) else { return None };
        let length = u32::from_be_bytes([0, high, middle, low]);
        let mut reader = Reader::new(reader.bytes(length.try_into().ok()?)?);
        let mut hello =
            Self { legacy_version: reader.u16()?, extensions: Vec::with_capacity(USUAL_EXTENSIONS), ..Self::default() };
        let _random = reader.bytes(32)?;
        let _session = reader.vector8()?;
        hello.ciphers = words(reader.vector16()?);
        let _compression = reader.vector8()?;
        // Before TLS 1.2 there may be no extensions at all.
        let mut extensions = Reader::new(reader.vector16().unwrap_or_default());
        while let Some(kind) = extensions.u16() {
            let Some(body) = extensions.vector16() else { break };
            hello.extensions.push(kind);
            hello.read_extension(kind, Reader::new(body));
        }
        Some(hello)
    }

    fn read_extension(&mut self, kind: u16, mut body: Reader<'_>) {
        match kind {
            SERVER_NAME => self.server_name = server_name(body),
            ALPN => self.alpn_ends = self.alpn_ends.or(ends_of_first(body)),
            SIGNATURE_ALGORITHMS => self.signature_algorithms = words(body.vector16().unwrap_or_default()),
            VERSIONS => self.versions = words(body.vector8().unwrap_or_default()),
            _ => {}
        }
    }
}

fn ends_of_first(mut protocols: Reader<'_>) -> Option<[u8; 2]> {
    let name = Reader::new(protocols.vector16()?).vector8()?;
    name.first().zip(name.last()).map(|(&first, &last)| [first, last])
}

fn server_name(mut body: Reader<'_>) -> Option<Untrusted> {
    let mut list = Reader::new(body.vector16()?);
    loop {
        let (kind, name) = (list.u8()?, list.vector16()?);
        if kind == HOST_NAME && !name.is_empty() {
            return Some(Untrusted::new(name));
        }
    }
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| pair.first_chunk().map_or(0, |word| u16::from_be_bytes(*word))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    /// Bytes behind their length in two bytes.
    fn vector(body: &[u8]) -> Vec<u8> {
        [&(body.len() as u16).to_be_bytes(), body].concat()
    }

    fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &vector(body)].concat()
    }

    fn sni(name: &[u8]) -> Vec<u8> {
        extension(SERVER_NAME, &vector(&[&[HOST_NAME][..], &vector(name)].concat()))
    }

    fn handshake(ciphers: &[u8], extensions: &[u8]) -> Vec<u8> {
        let body = [&[3, 3][..], &[7; 32], &[0], &vector(ciphers), &[1, 0], extensions].concat();
        [&[CLIENT_HELLO, 0][..], &vector(&body)].concat()
    }

    /// A ClientHello such as browsers send: GREASE in each list, and ciphers enough for any length.
    pub(in crate::packet) fn browser(ciphers: usize) -> Vec<u8> {
        let extensions = [
            extension(0x1a1a, &[]),
            sni(b"example.com"),
            extension(10, &vector(&[0x2a, 0x2a, 0, 29])),
            extension(ALPN, &vector(b"\x02h2\x08http/1.1")),
            extension(SIGNATURE_ALGORITHMS, &vector(&[4, 3, 8, 4])),
            extension(VERSIONS, &[6, 0x3a, 0x3a, 3, 4, 3, 3]),
            extension(0xfe0d, &[1; 40]),
        ];
        let ciphers = [&[0x0a, 0x0a][..], &[0x13, 0x01].repeat(ciphers)].concat();
        handshake(&ciphers, &vector(&extensions.concat()))
    }

    #[test]
    fn everything_a_client_says_is_read_in_its_order() {
        let hello = ClientHello::read(&browser(1)).unwrap();
        let expected = ClientHello {
            legacy_version: 0x0303,
            ciphers: vec![0x0a0a, 0x1301],
            extensions: vec![0x1a1a, 0, 10, 16, 13, 43, 0xfe0d],
            server_name: Some("example.com".into()),
            alpn_ends: Some(*b"h2"),
            versions: vec![0x3a3a, 0x0304, 0x0303],
            signature_algorithms: vec![0x0403, 0x0804],
        };
        assert_eq!(hello, expected);
    }

    #[track_caller]
    fn check(extensions: &[u8], name: Option<&str>, kinds: &[u16]) {
        let hello = ClientHello::read(&handshake(&[0, 5], &vector(extensions))).unwrap();
        assert_eq!((hello.server_name.as_ref().map(Untrusted::raw), &hello.extensions[..]), (name, kinds));
    }

    #[test]
    fn odd_extensions_leave_the_rest_readable() {
        check(&[], None, &[]);
        check(&[extension(SERVER_NAME, &[]), sni(b"a")].concat(), Some("a"), &[0, 0]);
        check(&sni(b""), None, &[0]);
        check(&sni(b"\x1b]0;x\x07"), Some("\u{1b}]0;x\u{7}"), &[0]);
        check(&extension(SERVER_NAME, &vector(&[9, 0, 1, b'x', HOST_NAME, 0, 1, b'y'])), Some("y"), &[0]);
        check(&[&sni(b"cut")[..], &[0, 10, 0, 9, 1]].concat(), Some("cut"), &[0]);
    }

    #[test]
    fn other_messages_and_cut_ones_are_none() {
        let whole = browser(2);
        assert!((0..whole.len()).all(|length| ClientHello::read(&whole[..length]).is_none()));
        let server = [&[2][..], &whole[1..]].concat();
        assert_eq!(ClientHello::read(&server), None);
        let old = ClientHello::read(&handshake(&[0, 5], &[])).unwrap();
        assert_eq!((old.ciphers, old.extensions), (vec![5], vec![]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0..200_usize) {
            let _ = ClientHello::read(&bytes);
            let mut hello = browser(1);
            let end = (at + bytes.len()).min(hello.len());
            hello.splice(at.min(end)..end, bytes);
            let _ = ClientHello::read(&hello);
        }
    }
}
