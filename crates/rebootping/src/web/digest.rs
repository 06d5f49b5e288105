//! Secrets as they are stored and compared: by their SHA-256, in hexadecimal.

use sha2::{Digest as _, Sha256};
use std::fmt::Write;

/// A SHA-256.
pub(super) type Digest = [u8; 32];

/// The digest of a secret. Whoever could time comparisons of digests learns nothing of the secret.
pub(super) fn digest(secret: &[u8]) -> Digest {
    Sha256::digest(secret).into()
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes written so.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() % 2 != 0 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
