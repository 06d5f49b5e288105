//! What an outage is told as: values that are kept for years, from which sentences are made.

use crate::link::Family;
use crate::time::Time;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Where something was wrong, the nearest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The machine lost power or was booted anew.
    Machine,
    /// Our daemon did not run.
    Daemon,
    /// No carrier: the cable, the port, or the power of what is at its other end.
    Cable,
    /// The ISP's box gave no address, or was silent itself.
    Box,
    /// The ISP's box answered, and nothing or little behind it.
    Beyond,
    /// One destination only.
    Destination(IpAddr),
    /// Names were not answered.
    Names,
}

impl Place {
    /// Its word in JSON, for scripts and for programs that are told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Machine => "power",
            Self::Daemon => "daemon",
            Self::Cable => "cable",
            Self::Box => "isp_box",
            Self::Beyond => "isp",
            Self::Destination(_) => "destination",
            Self::Names => "dns",
        }
    }
}

/// What people noticed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noticed {
    /// All went on as before.
    Nothing,
    /// Other links carried what was new.
    OnTheSpare,
    /// Nothing worked.
    NothingWorked,
}

/// Something was wrong in one place. Times are those of the outage's boot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// The link, by its interface; none where it was no link's trouble.
    pub link: Option<(String, Family)>,
    /// The link carried nothing for a while, or had to leave the choice.
    pub is_out: bool,
    /// When it began; if the machine was booted meanwhile, by the time of the boot before.
    pub begin: Time,
    /// When it ended; none while it goes on.
    pub end: Option<Time>,
}

/// Troubles that overlap.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outage {
    /// When it came to count. What is told later of the same outage says the same.
    pub counted: Time,
    /// The boot in which it began, if that was not the one in which it ended.
    pub began_in: Option<String>,
    /// What people noticed at the worst.
    pub noticed: Noticed,
    /// For how long nothing worked; not known across boots.
    pub dead: Duration,
    /// Links in use meanwhile that had been in no trouble of it until then, by interface.
    pub used: BTreeSet<String>,
    /// The troubles, in the order in which they began to count; at least one.
    pub troubles: Vec<Trouble>,
}

impl Outage {
    /// An outage that is this one trouble.
    pub(super) fn of(trouble: Trouble, noticed: Noticed, counted: Time) -> Self {
        let troubles = [trouble].into();
        Self { counted, began_in: None, noticed, dead: Duration::ZERO, used: BTreeSet::new(), troubles }
    }

    /// When it began.
    pub fn begin(&self) -> Time {
        self.troubles.iter().map(|trouble| trouble.begin).min().unwrap_or_default()
    }

    /// When it ended; none while it goes on.
    pub fn end(&self) -> Option<Time> {
        self.troubles.iter().map(|trouble| trouble.end).try_fold(Time::BOOT, |end, of| of.map(|of| end.max(of)))
    }

    /// All links it tells of, by interface; some more than once.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        let troubled = self.troubles.iter().filter_map(|trouble| trouble.link.as_ref());
        troubled.map(|(name, _)| name.as_str()).chain(self.used.iter().map(String::as_str))
    }

    /// Where it was: of all its places the nearest.
    pub fn place(&self) -> Option<Place> {
        self.troubles.iter().map(|trouble| trouble.place).min()
    }
}
