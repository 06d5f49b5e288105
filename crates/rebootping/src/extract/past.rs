//! Verdicts of the past, from the history on the disk: a capture of last night tells beside its packets what was judged then.

use super::remarks::Remark;
use super::told::{Standing, judged};
use crate::config::meant::Config;
use crate::daemon::folders::observer_state;
use crate::history::switches::{Change, changes};
use crate::report::status::Why;
use crate::store::kinds::Happening;
use crate::store::read::{Reader, Span};
use crate::store::switched::Switched;
use rebootping_core::link::Family;
use std::collections::BTreeMap;

/// Changes of the choice that are read; of more, the newest.
const MOST: usize = 4_096;

/// What was judged in that time, in nanoseconds since 1970, and how each link stood at its end. Whoever may not read the history
/// has packets without it.
pub(super) fn verdicts(config: &Config, since: u64, until: u64) -> (Vec<Remark>, Standings) {
    let nanos = |stamp: u64| i64::try_from(stamp).unwrap_or(i64::MAX);
    let span = Span { from: nanos(since), until: nanos(until) };
    let rows = Reader::open(&observer_state(&config.paths.state));
    let rows = rows.and_then(|reader| reader.happened(Happening::Verdict, span, MOST)).unwrap_or_default();
    let label = |interface: &str| config.link_rule(interface).and_then(|rule| rule.label.clone());
    let (mut remarks, mut standings) = (Vec::new(), Standings::new());
    for row in rows {
        let Ok(switched) = serde_json::from_str::<Switched>(&row.body) else { continue };
        remarks.extend(told(u64::try_from(row.wall).unwrap_or(0), &switched, &label));
        for (link, verdict) in switched.links.iter().zip(&switched.verdict.links) {
            standings.insert((link.clone(), switched.family), (verdict.healthy, verdict.enabled));
        }
    }
    (remarks, standings)
}

/// How each link stood in each family.
pub(super) type Standings = BTreeMap<(String, Family), Standing>;

/// What a row changed, link by link.
fn told(at: u64, switched: &Switched, label: &dyn Fn(&str) -> Option<String>) -> Vec<Remark> {
    let remark = |change: Change| {
        let called = label(&change.link).unwrap_or(change.link);
        let why = Why { code: change.code, text: change.text };
        let standing = (change.healthy, change.enabled);
        Remark { at, text: judged(&called, switched.family, standing, why.brief()) }
    };
    changes(switched, label).into_iter().map(remark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;
    use rebootping_core::link::verdict::{Code, LinkVerdict, Reason, Verdict};
    use rebootping_core::link::{Leave, LinkId};

    #[test]
    fn of_a_change_those_links_are_told_that_came_or_went() {
        let of = |healthy: bool| LinkVerdict {
            healthy,
            enabled: healthy,
            leave: Leave::Drain,
            reason: Reason {
                code: if healthy { Code::Best } else { Code::Behind },
                answered: if healthy { 4 } else { 1 },
                expected: 4,
                best: 4,
                ..Reason::default()
            },
        };
        let links = [false, true].map(of).to_vec();
        let switched = Switched {
            family: Family::Ipv4,
            links: ["wan1", "wan2"].map(str::to_owned).to_vec(),
            interval: Duration::from_secs(1),
            was: [LinkId(0), LinkId(1)].into(),
            missed: Vec::new(),
            verdict: Verdict { round: 1, choice: [LinkId(1)].into(), changed: true, silent: false, links },
        };
        let label = |interface: &str| (interface == "wan1").then(|| "fibre".to_owned());
        let text = "fibre (IPv4) judged unhealthy, not in use: answered 1 of 4 targets".to_owned();
        assert_eq!(told(7, &switched, &label), [Remark { at: 7, text }]);
    }
}
