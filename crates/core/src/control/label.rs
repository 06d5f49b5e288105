//! A device's name as DNS takes it: one label of letters, digits and hyphens (RFC 1123 section 2.1).
//!
//! The rule: 1 to 63 characters, no hyphen at either end, lower case. Words that a DHCP server's file would read as something
//! else, and names that browsers or hosts give a meaning, are refused as well.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest label (RFC 1035 section 2.3.4).
const LONGEST: usize = 63;

/// Names that mean something to hosts: itself, and where Windows and browsers look for a tunnel or a proxy.
const TAKEN: [&str; 3] = ["localhost", "isatap", "wpad"];
/// What dnsmasq(8) reads as an instruction where a name could stand.
const INSTRUCTIONS: [&str; 2] = ["ignore", "infinite"];
/// After digits, what dnsmasq(8) reads as the length of a lease.
const UNITS: [char; 5] = ['w', 'd', 'h', 'm', 's'];

/// A name that can stand in DNS and in any DHCP server's configuration, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Label(String);

/// Why a text is no such name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It is empty.
    Empty,
    /// It has more than 63 characters.
    TooLong,
    /// It has another character than a letter, a digit or a hyphen.
    Character(char),
    /// It begins or ends with a hyphen.
    Hyphen,
    /// A DHCP server would read it as something else.
    Instruction,
    /// Hosts give it a meaning of its own.
    Taken,
}

impl Label {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() {
            return Err(Wrong::Empty);
        }
        if let Some(strange) = text.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return Err(Wrong::Character(strange));
        }
        if text.len() > LONGEST {
            return Err(Wrong::TooLong);
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(Wrong::Hyphen);
        }
        let label = text.to_ascii_lowercase();
        if INSTRUCTIONS.contains(&label.as_str()) || is_lease_time(&label) {
            return Err(Wrong::Instruction);
        }
        if TAKEN.contains(&label.as_str()) {
            return Err(Wrong::Taken);
        }
        Ok(Self(label))
    }
}

/// Digits, with or without a unit behind them; digits alone would also be an address to some.
fn is_lease_time(label: &str) -> bool {
    let number = label.strip_suffix(UNITS).unwrap_or(label);
    number.bytes().all(|byte| byte.is_ascii_digit()) && label.starts_with(|c: char| c.is_ascii_digit())
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name has at least one character"),
            Self::TooLong => write!(f, "a name has at most {LONGEST} characters"),
            Self::Character(strange) => {
                write!(f, "a name has letters a to z, digits and hyphens; {strange:?} is none of them")
            }
            Self::Hyphen => f.write_str("a name neither begins nor ends with a hyphen"),
            Self::Instruction => f.write_str("DHCP servers read this as an instruction; put a letter before it"),
            Self::Taken => f.write_str("hosts give this name a meaning of its own; choose another"),
        }
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, Wrong>) {
        let label = text.parse::<Label>();
        assert_eq!(label.as_ref().map(Label::as_str).map_err(|wrong| *wrong), expected, "{text:?}");
    }

    #[test]
    fn what_dns_takes_is_a_name_and_nothing_else() {
        check("tv", Ok("tv"));
        check("Kitchen-TV2", Ok("kitchen-tv2"));
        check("3com", Ok("3com"));
        check(&"a".repeat(63), Ok(&"a".repeat(63)));
        check("", Err(Wrong::Empty));
        check(&"a".repeat(64), Err(Wrong::TooLong));
        check("kitchen tv", Err(Wrong::Character(' ')));
        check("tv.home", Err(Wrong::Character('.')));
        check("tv\n00:00:00:00:00:00,ignore", Err(Wrong::Character('\n')));
        check("a,set:x", Err(Wrong::Character(',')));
        check("../../etc/passwd", Err(Wrong::Character('.')));
        check("<b>", Err(Wrong::Character('<')));
        check("télé", Err(Wrong::Character('é')));
        check("\u{202e}vt", Err(Wrong::Character('\u{202e}')));
        check("-tv", Err(Wrong::Hyphen));
        check("tv-", Err(Wrong::Hyphen));
    }

    #[test]
    fn what_a_dhcp_server_reads_as_something_else_is_no_name() {
        for text in ["ignore", "Infinite", "12", "12h", "7D", "1w", "90s", "5m", "0"] {
            check(text, Err(Wrong::Instruction));
        }
        for text in ["12x", "h", "d3", "1-2"] {
            check(text, Ok(text));
        }
        for text in ["localhost", "WPAD", "isatap"] {
            check(text, Err(Wrong::Taken));
        }
    }
}
