//! Internet links: who they are, how they are asked, and which of them new connections should use.

pub mod decide;
pub mod echoes;
mod explain;
pub mod metered;
pub mod orders;
pub mod presence;
pub mod probe;
pub mod recent;
pub mod score;
pub mod select;
pub mod standing;
pub mod tally;
pub mod verdict;

use crate::coder::Coder;
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

/// Whether a link may be used at all, and if not, what is missing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Up, with carrier, a usable address and a next hop.
    Present,
    /// The interface is down or its cable is out.
    NoCarrier,
    /// There is no usable address of this family.
    NoAddress,
    /// There is no gateway, and the device is not point-to-point.
    NoNextHop,
    /// The interface does not exist.
    Absent,
}

impl Presence {
    /// Every one.
    pub(crate) const ALL: [Self; 5] = [Self::Present, Self::NoCarrier, Self::NoAddress, Self::NoNextHop, Self::Absent];

    pub(crate) fn code(&mut self, coder: &mut impl Coder) {
        coder.one_of(self, &Self::ALL);
    }
}

/// A set of targets, by their place in a list of at most [`Targets::MAX`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Targets(pub u32);

impl Targets {
    /// How many targets a list may have: one bit each.
    pub const MAX: usize = 32;
    /// No target.
    pub const NONE: Self = Self(0);

    /// The first `count` targets of a list.
    pub const fn first(count: usize) -> Self {
        match count {
            0 => Self(0),
            1..Self::MAX => Self(u32::MAX >> Self::MAX.saturating_sub(count)),
            _ => Self(u32::MAX),
        }
    }

    /// The set of one target; the empty set if `index` is out of range.
    pub const fn one(index: usize) -> Self {
        if index < Self::MAX { Self(1 << index) } else { Self(0) }
    }

    /// Whether the set has this target.
    pub const fn has(self, index: usize) -> bool {
        self.0 & Self::one(index).0 != 0
    }

    /// The targets of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The targets of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The targets of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many targets there are.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The places of the targets, lowest first.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..Self::MAX).filter(move |&place| self.has(place))
    }
}
