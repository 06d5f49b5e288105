//! A change of the choice, as its row has it.

use rebootping_core::link::decide::Opening;
use rebootping_core::link::verdict::Verdict;
use rebootping_core::link::{Family, LinkId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// The choice of a family changed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Switched {
    /// In which family.
    pub(crate) family: Family,
    /// The links' interfaces, by which `verdict` numbers them.
    pub(crate) links: Vec<String>,
    /// How long a round was.
    pub(crate) interval: Duration,
    /// The choice before.
    pub(crate) was: BTreeSet<LinkId>,
    /// The targets that did not answer, link by link.
    pub(crate) missed: Vec<Vec<IpAddr>>,
    /// What was decided, and why.
    pub(crate) verdict: Verdict,
}

impl Switched {
    /// What a family decided that began so.
    pub(super) fn new(opening: &Opening, was: BTreeSet<LinkId>, verdict: Verdict) -> Self {
        let missed = opening.links.iter().zip(&verdict.links).map(|(link, verdict)| {
            verdict.reason.missed.places().filter_map(|place| link.targets.get(place).copied()).collect()
        });
        Self {
            family: opening.family,
            links: opening.links.iter().map(|link| link.name.clone()).collect(),
            interval: opening.interval,
            was,
            missed: missed.collect(),
            verdict,
        }
    }
}
