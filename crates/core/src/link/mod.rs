//! Internet links: who they are, how they are asked, and which of them new connections should use.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A link's place in the configured order; it means the same link for as long as the configuration stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LinkId(pub u16);

/// The address family a verdict is about: each is probed, judged and committed by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Internet Protocol version 4.
    Ipv4,
    /// Internet Protocol version 6.
    Ipv6,
}

impl Family {
    /// Both, in the order in which they are reported.
    pub const ALL: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    /// The name used in JSON and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a link that is no longer chosen leaves the kernel's routing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leave {
    /// It still answers something: established flows stay on it, new ones avoid it.
    Drain,
    /// It has no carrier or answers nothing at all: its flows are moved, or deleted where they would be stranded.
    Cut,
}
