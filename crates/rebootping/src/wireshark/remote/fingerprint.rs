//! A certificate's fingerprint: the SHA-256 of its DER form, as openssl writes it, by which one certificate and no other is trusted.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The fingerprint of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// That of a certificate in DER.
    pub(super) fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Takes it with or without colons, and as the whole line that openssl writes.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.rsplit('=').next().unwrap_or(text).trim();
        let digits = digits.strip_prefix("sha256:").unwrap_or(digits).replace(':', "");
        let byte = |place: usize| u8::from_str_radix(digits.get(place * 2..place * 2 + 2)?, 16).ok();
        let is_hexadecimal = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes: Option<Vec<u8>> = if is_hexadecimal { (0..32).map(byte).collect() } else { None };
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| {
            "a fingerprint is the 32 bytes that `openssl x509 -noout -fingerprint -sha256 -in CERT` prints".to_owned()
        })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if place == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_in_every_form_it_is_written_in() {
        let fingerprint = Fingerprint::of(b"abc");
        let shown = fingerprint.to_string();
        assert!(shown.starts_with("BA:78:16:BF:") && shown.ends_with(":15:AD"), "{shown}");
        let bare = shown.replace(':', "").to_lowercase();
        for text in [&shown, &bare, &format!("sha256:{bare}"), &format!("sha256 Fingerprint={shown}")] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
        for text in ["", "BA:78", &bare[1..], &format!("+{}", &bare[1..]), &format!("{bare}00"), &"é".repeat(32)] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
