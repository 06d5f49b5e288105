//! How the links are, as values for whoever shows them.

use super::Engine;
use super::judge::Judge;
use super::way::Way;
use crate::link::presence::Path;
use crate::link::probe::Fate;
use crate::link::recent::RoundTrips;
use crate::link::tally::Tally;
use crate::link::verdict::{LinkVerdict, Load, Order};
use crate::link::{Family, LinkId, Targets};
use crate::time::Time;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// All links after a round.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The links in configured order.
    pub links: Vec<LinkReport>,
    /// What became of replies since the start, by family.
    pub replies: [BTreeMap<Fate, u64>; 2],
}

/// One link.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LinkReport {
    /// Its state in IPv4 and IPv6; none before the first round.
    pub families: [Option<FamilyReport>; 2],
    /// The operator's order, and how long it still stands.
    pub order: Option<(Order, Option<Duration>)>,
    /// Traffic over it since it is judged.
    pub moved: Load,
}

/// One link in one family.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FamilyReport {
    /// The last verdict on it.
    pub verdict: LinkVerdict,
    /// The path of its echoes.
    pub path: Path,
    /// Since when it is healthy or not, in use or not.
    pub since: Time,
    /// Round trips of the last minute.
    pub round_trips: Option<RoundTrips>,
    /// Share of the last minute's echoes that were lost.
    pub loss: f64,
    /// All echoes since it is judged.
    pub tally: Tally,
    /// How long ago its next hop answered our question.
    pub next_hop_heard: Option<Duration>,
    /// Targets that did not answer in the last round.
    pub missed: Vec<IpAddr>,
    /// Targets that do not count for now.
    pub left_out: Vec<IpAddr>,
    /// No link got an answer in the last judged round.
    pub silent: bool,
    /// A metered spare that is asked little for now.
    pub resting: bool,
}

impl Engine {
    /// How the links are now.
    pub fn report(&self, now: Time) -> Report {
        let link = |id: LinkId| LinkReport {
            families: self.families.each_ref().map(|judge| judge.report(id, now)),
            order: self.orders.of(id).map(|(order, until)| (order, until.map(|until| until.since(now)))),
            moved: self.counters.get(usize::from(id.0)).map(|counters| counters.total).unwrap_or_default(),
        };
        let links = (0..).map(LinkId).zip(&self.settings.links).map(|(id, _)| link(id)).collect();
        Report { links, replies: self.families.each_ref().map(|judge| judge.fates.clone()) }
    }

    /// The families in which a link is asked anything.
    pub fn family_names(&self, link: LinkId) -> impl Iterator<Item = Family> {
        let courses = self.settings.links.get(usize::from(link.0));
        Family::ALL
            .into_iter()
            .filter(move |&family| courses.is_some_and(|link| !link.course(family).targets.is_empty()))
    }
}

impl Judge {
    fn report(&self, link: LinkId, now: Time) -> Option<FamilyReport> {
        let place = usize::from(link.0);
        let verdict = self.verdict.as_ref()?;
        let (on_link, way, course) =
            (verdict.links.get(place)?, self.ways.get(place)?, self.probe.courses().get(place)?);
        let named =
            |targets: Targets| targets.places().filter_map(|place| course.targets.get(place).copied()).collect();
        let Way { path, changed, recent, tally, heard, spare, .. } = way;
        Some(FamilyReport {
            verdict: on_link.clone(),
            path: *path,
            since: *changed,
            round_trips: recent.round_trips(),
            loss: recent.loss(),
            tally: tally.clone(),
            next_hop_heard: heard.map(|heard| now.since(heard)),
            missed: named(on_link.reason.missed),
            left_out: named(Targets::first(course.targets.len()).without(self.decider.score().counting(course.list))),
            silent: verdict.silent,
            resting: spare.is_asked_little(),
        })
    }
}
