//! Changes of the choice as their rows have them: which links came in, which went out, and why.

use super::{Label, called};
use crate::report::reason::{self, Told};
use crate::store::switched::Switched;
use rebootping_core::engine::FamilyReport;
use rebootping_core::link::LinkId;
use rebootping_core::link::presence::Path;
use rebootping_core::link::tally::Tally;
use rebootping_core::link::verdict::{Code, LinkVerdict};
use rebootping_core::time::Time;
use std::net::IpAddr;

/// What became different of one link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) link: String,
    pub(crate) healthy: bool,
    pub(crate) enabled: bool,
    pub(crate) code: Code,
    /// A sentence without subject and full stop.
    pub(crate) text: String,
}

/// A row's change of the choice.
pub(super) fn read(body: &str) -> Option<Switched> {
    serde_json::from_str(body).ok()
}

/// How a link was then.
pub(super) fn standing<'a>(switched: &'a Switched, link: &str) -> Option<(LinkId, &'a LinkVerdict)> {
    let place = switched.links.iter().position(|name| name == link)?;
    Some((LinkId(u16::try_from(place).ok()?), switched.verdict.links.get(place)?))
}

/// Whether it was in the choice before.
pub(super) fn was_enabled(switched: &Switched, link: &str) -> Option<bool> {
    standing(switched, link).map(|(id, _)| switched.was.contains(&id))
}

/// What a row changed, link by link.
pub(crate) fn changes(switched: &Switched, label: Label<'_>) -> Vec<Change> {
    let change = |link: &String| {
        let (id, verdict) = standing(switched, link)?;
        (verdict.enabled != switched.was.contains(&id)).then(|| Change {
            link: link.clone(),
            healthy: verdict.healthy,
            enabled: verdict.enabled,
            code: verdict.reason.code,
            text: text(switched, id, verdict, label),
        })
    };
    switched.links.iter().filter_map(change).collect()
}

fn text(switched: &Switched, id: LinkId, verdict: &LinkVerdict, label: Label<'_>) -> String {
    let missed = switched.missed.get(usize::from(id.0)).cloned().unwrap_or_default();
    let report = recorded(verdict, missed, switched.verdict.silent, Time::BOOT);
    let names = called(label, switched.links.iter());
    let code = verdict.reason.code;
    reason::text(&Told { report: &report, code, names: &names, interval: switched.interval })
}

/// A link as `status` would have told of it then, as far as it is recorded.
pub(super) fn recorded(verdict: &LinkVerdict, missed: Vec<IpAddr>, silent: bool, since: Time) -> FamilyReport {
    FamilyReport {
        verdict: verdict.clone(),
        path: Path::UNKNOWN,
        since,
        round_trips: None,
        loss: 0.0,
        tally: Tally::default(),
        next_hop_heard: None,
        missed,
        left_out: Vec::new(),
        silent,
        resting: false,
    }
}
