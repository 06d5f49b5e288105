//! What the observer is asked of the past, for the page: a few questions, each bounded, none of which names a file.

use rebootping_core::inventory::report::Hardware;
use rebootping_core::link::Family;
use rebootping_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A question about the past.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Past {
    /// What.
    pub(crate) what: What,
    /// What the operator calls links, by interface.
    pub(crate) labels: BTreeMap<String, String>,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum What {
    /// How a link did.
    Graph(Graph),
    /// Why a link was where it was.
    Why {
        /// Its interface or label.
        link: String,
        /// In this family; without one in that which speaks for the link.
        family: Option<Family>,
        /// When, in Unix time.
        at: Time,
    },
    /// What a device moved, by all its MACs.
    Traffic {
        /// Its MACs.
        macs: Vec<Hardware>,
        /// When.
        stretch: Stretch,
    },
    /// What all devices moved today and this month.
    Totals,
    /// The minutes after this one, in unix seconds, as an engine elsewhere is told them; without one, how far they are.
    Minutes {
        /// The end of the last that is known.
        after: Option<i64>,
    },
    /// What happened, the newest first.
    Log(Log),
    /// What went wrong since then, in unix seconds.
    Outages(i64),
    /// The same as a sheet to print.
    Sheet {
        /// Since when, in unix seconds.
        since: i64,
        /// What this host is called.
        gateway: String,
    },
}

/// A stretch of time and into how many columns at most it is to be divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Stretch {
    /// Its beginning, in unix seconds.
    pub(crate) from: i64,
    /// Its end.
    pub(crate) to: i64,
    /// Columns.
    pub(crate) points: u16,
}

/// Which graph of a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Graph {
    /// Its interface.
    pub(crate) link: String,
    /// In this family; without one in IPv4, or in IPv6 where it was not asked in IPv4.
    pub(crate) family: Option<Family>,
    /// Of this target alone.
    pub(crate) target: Option<IpAddr>,
    /// When.
    pub(crate) stretch: Stretch,
}

/// Which part of the log.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Log {
    /// Before the entry of this id.
    pub(crate) before: Option<String>,
    /// Only of these devices, if there are any.
    pub(crate) macs: Vec<Hardware>,
    /// At most so many entries.
    pub(crate) most: u16,
}
