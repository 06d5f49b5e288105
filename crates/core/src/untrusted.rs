//! Text that came from a network: kept as it is, bounded, and shown by nobody who does not escape it first.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize, Serializer};

/// No name, banner or description is kept beyond so many bytes; DNS names end there too (RFC 1035 section 2.3.4).
pub const LONGEST: usize = 255;

/// Text from a network. It has no `Display`: whoever shows it asks for [`Untrusted::raw`] and escapes for the place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(from = "String")]
pub struct Untrusted(Box<str>);

impl Untrusted {
    /// Keeps the first [`LONGEST`] bytes; what is not UTF-8 becomes U+FFFD.
    pub fn new(bytes: &[u8]) -> Self {
        let cut = bytes.get(..LONGEST).unwrap_or(bytes);
        match core::str::from_utf8(cut) {
            Ok(text) => Self(text.into()),
            Err(_) => Self::from(String::from_utf8_lossy(cut).into_owned()),
        }
    }

    /// The text as it came: control characters, markup and all.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Untrusted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<String> for Untrusted {
    fn from(mut text: String) -> Self {
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        text.truncate(end);
        Self(text.into_boxed_str())
    }
}

impl From<Vec<u8>> for Untrusted {
    fn from(mut bytes: Vec<u8>) -> Self {
        bytes.truncate(LONGEST);
        String::from_utf8(bytes).map_or_else(|error| Self::new(error.as_bytes()), Self::from)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::from(String::from(text))
    }
}

impl From<Untrusted> for String {
    fn from(text: Untrusted) -> Self {
        text.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn text_is_bounded_and_whole() {
        assert_eq!(Untrusted::new(b"tv\xff").raw(), "tv\u{fffd}");
        assert_eq!(Untrusted::new(&vec![b'a'; 300]).raw().len(), LONGEST);
        for bytes in [vec![b'a'; 300], b"tv\xff".to_vec(), "é".repeat(200).into_bytes()] {
            assert_eq!(Untrusted::from(bytes.clone()), Untrusted::new(&bytes));
        }
        let long = Untrusted::from("é".repeat(200));
        assert_eq!((long.raw().len(), long.raw().chars().count()), (254, 127));
    }
}
