//! What people are told, as values: sentences are made of them where they are sent.

use super::Cap;
use crate::history::outages::Place;
use crate::inventory::report::Hardware;
use crate::link::Family;
use crate::time::Time;
use crate::untrusted::Untrusted;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Kinds of messages that an operator can leave out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A link is out.
    LinkOut,
    /// Nothing works.
    AllOut,
    /// It works again.
    Back,
    /// Only metered links are in use.
    Metered,
    /// A link's tariff is nearly used up, or is.
    Cap,
    /// A device was never seen before.
    NewDevice,
    /// A choice of links is not carried out.
    NotApplied,
    /// Nothing can be written to the disk.
    Disk,
}

impl Kind {
    /// All of them, each with its word.
    pub const ALL: [(&'static str, Self); 8] = [
        ("link_out", Self::LinkOut),
        ("all_out", Self::AllOut),
        ("back", Self::Back),
        ("metered", Self::Metered),
        ("cap", Self::Cap),
        ("new_device", Self::NewDevice),
        ("not_applied", Self::NotApplied),
        ("disk", Self::Disk),
    ];
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// By which it is known wherever it is sent; the outbox gives it.
    pub number: u64,
    /// When there was something to tell.
    pub at: Time,
    /// How often the same was told before.
    pub repeated: u32,
    /// What is told.
    pub what: What,
}

/// What is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A link is out.
    LinkOut {
        /// Its interface.
        link: String,
        /// In these families.
        families: BTreeSet<Family>,
        /// Since when.
        since: Time,
        /// Where the cause is, as far as is known.
        place: Place,
    },
    /// Nothing works.
    AllOut {
        /// The links that are out, by interface; none where names are not answered.
        links: BTreeSet<String>,
        /// Since when.
        since: Time,
        /// Where the cause is, as far as is known.
        place: Place,
    },
    /// It works again.
    Back {
        /// The links that carry again, by interface.
        links: BTreeSet<String>,
        /// Since when they had been out; none if that is not known.
        since: Option<Time>,
        /// Since when they have been back.
        until: Time,
        /// Where the cause was.
        place: Place,
        /// Since when nothing had worked, if nothing did.
        all_out: Option<Time>,
    },
    /// Only metered links are in use.
    Metered {
        /// By interface, with spaces between.
        links: String,
        /// Since when.
        since: Time,
    },
    /// A link's tariff is nearly used up, or is.
    Cap(Cap),
    /// A device was never seen before.
    NewDevice(Newcomer),
    /// More devices were never seen before.
    NewDevices {
        /// Some of them.
        some: Vec<Newcomer>,
        /// How many they are in all.
        count: u64,
    },
    /// A choice of links is not carried out.
    NotApplied {
        /// Why.
        why: String,
        /// Since when.
        since: Time,
    },
    /// Nothing can be written to the disk.
    Disk {
        /// Why.
        why: String,
        /// Since when.
        since: Time,
    },
    /// Nothing happened: the operator wants to see that alerts arrive.
    Test,
}

/// A device that was never seen before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Newcomer {
    /// Its MAC.
    pub mac: Hardware,
    /// What it is called, if it is.
    pub name: Option<Untrusted>,
}

impl What {
    /// Its kind; a test is of none, and nobody can leave it out.
    pub const fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::LinkOut { .. } => Kind::LinkOut,
            Self::AllOut { .. } => Kind::AllOut,
            Self::Back { .. } => Kind::Back,
            Self::Metered { .. } => Kind::Metered,
            Self::Cap(_) => Kind::Cap,
            Self::NewDevice(_) | Self::NewDevices { .. } => Kind::NewDevice,
            Self::NotApplied { .. } => Kind::NotApplied,
            Self::Disk { .. } => Kind::Disk,
            Self::Test => return None,
        })
    }

    /// Both tell of the same thing that goes on: the later one says all that the earlier does.
    pub fn is_again(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::LinkOut { link, since, .. }, Self::LinkOut { link: other, since: then, .. }) => {
                (link, since) == (other, then)
            }
            (Self::AllOut { since, .. }, Self::AllOut { since: then, .. })
            | (Self::Metered { since, .. }, Self::Metered { since: then, .. })
            | (Self::NotApplied { since, .. }, Self::NotApplied { since: then, .. })
            | (Self::Disk { since, .. }, Self::Disk { since: then, .. }) => since == then,
            _ => false,
        }
    }
}
