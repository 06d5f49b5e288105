//! The keys of a client's Initial packets, which anybody can derive from the packet itself (RFC 9001 section 5, RFC 9369 section 3.3).

use super::initial::{Initial, Version};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherEncrypt;
use aes_gcm::{AeadInOut, Aes128Gcm, KeyInit};
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];
// Drafts 21, 23 and 29 of RFC 9001, section 5.2.
const SALT_DRAFT_21: [u8; 20] = [
    0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64,
    0x4a,
];
const SALT_DRAFT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5,
    0x02,
];
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];
/// SHA-256's block.
const BLOCK: usize = 64;
/// AES-GCM's tag, and AES's block.
const TAG: usize = 16;
/// Packet numbers are taken to have so many bytes when the sample for their mask is (RFC 9001 section 5.4.2).
const LONGEST_NUMBER: usize = 4;

/// What opens a client's Initial packets.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    key: [u8; 16],
    iv: [u8; 12],
    header: [u8; 16],
}

impl Keys {
    /// Derives them from the first identifier the client chose for the server.
    pub(super) fn of(version: Version, destination: &[u8]) -> Self {
        let salt = match version {
            Version::One => &SALT_1,
            Version::Two => &SALT_2,
            Version::Draft21 => &SALT_DRAFT_21,
            Version::Draft23 => &SALT_DRAFT_23,
            Version::Draft29 => &SALT_DRAFT_29,
        };
        let [key, iv, header] = match version {
            Version::Two => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
            Version::One | Version::Draft21 | Version::Draft23 | Version::Draft29 => ["quic key", "quic iv", "quic hp"],
        };
        let initial = Hmac::new(&Hmac::new(salt).of(&[destination]));
        let client = Hmac::new(&expand::<32>(&initial, "client in"));
        Self { key: expand(&client, key), iv: expand(&client, iv), header: expand(&client, header) }
    }

    /// The frames of a packet; none if it was not sealed with these keys.
    pub(super) fn open(&self, initial: &Initial<'_>) -> Option<Vec<u8>> {
        let (head, protected) = initial.packet.split_at_checked(initial.number_at)?;
        let mask = self.mask(protected)?;
        let mut head = Vec::from(head);
        let first = head.first_mut()?;
        *first ^= mask[0] & 0x0f;
        let length = usize::from(*first & 3).saturating_add(1);
        let (number, sealed) = protected.split_at_checked(length)?;
        head.extend(number.iter().zip(mask.iter().skip(1)).map(|(byte, mask)| byte ^ mask));
        let number = head.iter().skip(initial.number_at).fold(0, |number, &byte| number << 8 | u32::from(byte));
        let (body, tag) = sealed.split_last_chunk::<TAG>()?;
        let mut body = Vec::from(body);
        self.cipher()
            .decrypt_inout_detached(&self.nonce(number).into(), &head, body.as_mut_slice().into(), &(*tag).into())
            .ok()?;
        Some(body)
    }

    /// What hides the first byte's low bits and the packet number, from a sample of what is sealed.
    fn mask(&self, protected: &[u8]) -> Option<[u8; TAG]> {
        let sample = protected.get(LONGEST_NUMBER..)?.first_chunk::<TAG>()?;
        let mut block = (*sample).into();
        Aes128::new(&self.header.into()).encrypt_block(&mut block);
        Some(block.into())
    }

    fn cipher(&self) -> Aes128Gcm {
        Aes128Gcm::new(&self.key.into())
    }

    /// A client counts its Initial packets from zero, so that a number is whole in what is sent of it.
    fn nonce(&self, number: u32) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().skip(8).zip(number.to_be_bytes()) {
            *byte ^= number;
        }
        nonce
    }
}

/// HKDF-Expand-Label without a context, for what one round of HMAC gives (RFC 8446 section 7.1, RFC 5869).
fn expand<const N: usize>(secret: &Hmac, label: &str) -> [u8; N] {
    let prefix = b"tls13 ";
    let lengths = [0, N as u8, prefix.len().saturating_add(label.len()) as u8];
    let okm = secret.of(&[&lengths, prefix, label.as_bytes(), &[0, 1]]);
    let mut out = [0; N];
    for (out, byte) in out.iter_mut().zip(okm) {
        *out = byte;
    }
    out
}

/// HMAC with SHA-256 (RFC 2104): what depends on the key alone is done once for all messages.
struct Hmac {
    inner: Sha256,
    outer: Sha256,
}

impl Hmac {
    /// With a key no longer than a block.
    fn new(key: &[u8]) -> Self {
        let pad = |byte: u8| {
            let mut block = [byte; BLOCK];
            for (pad, key) in block.iter_mut().zip(key) {
                *pad ^= key;
            }
            Sha256::new_with_prefix(block)
        };
        Self { inner: pad(0x36), outer: pad(0x5c) }
    }

    /// The code of a message in parts.
    fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let inner = parts.iter().fold(self.inner.clone(), Digest::chain_update).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

#[cfg(test)]
impl Keys {
    /// The packet with this header up to its number, which gets four bytes.
    pub(super) fn seal(&self, head: &[u8], number: u32, frames: &[u8]) -> Vec<u8> {
        let mut head = [head, &number.to_be_bytes()].concat();
        let mut sealed = frames.to_vec();
        let tag = self
            .cipher()
            .encrypt_inout_detached(&self.nonce(number).into(), &head, sealed.as_mut_slice().into())
            .unwrap();
        sealed.extend(tag);
        let number_at = head.len() - 4;
        let mask = self.mask(&[&head[number_at..], &sealed].concat()).unwrap();
        head[0] ^= mask[0] & 0x0f;
        for (byte, mask) in head[number_at..].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
        }
        [head, sealed].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::hex;
    use super::*;

    #[track_caller]
    fn check(version: Version, key: &str, iv: &str, header: &str) {
        let keys = Keys::of(version, &hex("8394c8f03e515708"));
        assert_eq!((keys.key.to_vec(), keys.iv.to_vec(), keys.header.to_vec()), (hex(key), hex(iv), hex(header)));
    }

    #[test]
    fn the_keys_are_those_of_the_rfcs() {
        // RFC 9001 appendix A.1 and RFC 9369 appendix A.1.
        let (key, header) = ("1f369613dd76d5467730efcbe3b1a22d", "9f50449e04a0e810283a1e9933adedd2");
        check(Version::One, key, "fa044b2f42a3fd3b46fb255c", header);
        let (key, header) = ("8b1a0bc121284290a29e0971b5cd045d", "45b95e15235d6f45a6b19cbcb0294ba9");
        check(Version::Two, key, "91f73e2351d8fa91660e909f", header);
        // Appendix A.1 of drafts 29 and 23.
        let (key, header) = ("175257a31eb09dea9366d8bb79ad80ba", "9ddd12c994c0698b89374a9c077a3077");
        check(Version::Draft29, key, "6b26114b9cba2b63a9e8dd4f", header);
        let (key, header) = ("af7fd7efebd21878ff66811248983694", "a980b8b4fb7d9fbc13e814c23164253d");
        check(Version::Draft23, key, "8681359410a70bb9c92f0420", header);
    }
}
