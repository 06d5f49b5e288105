//! Why a link is where it is, in one sentence made of the values the decision was made of.

use super::amount::count;
use super::links::Names;
use crate::duration::format_duration;
use rebootping_core::engine::FamilyReport;
use rebootping_core::link::verdict::{Code, Reason};
use std::time::Duration;

/// What the sentence is made of.
pub(crate) struct Told<'a> {
    /// What the judge says of the link.
    pub(crate) report: &'a FamilyReport,
    /// The rule that spoke; [`Code::Absent`] where no link has an address of the family.
    pub(crate) code: Code,
    /// The links' names.
    pub(crate) names: &'a Names,
    /// Length of a round.
    pub(crate) interval: Duration,
}

/// The reason as a sentence, without its subject and full stop: "answered all 4 targets".
pub(crate) fn text(told: &Told<'_>) -> String {
    let reason = &told.report.verdict.reason;
    let answered = answered(reason);
    match told.code {
        Code::Best if told.report.resting => "is a metered spare: it is asked little while nothing is wrong".to_owned(),
        Code::Best if reason.expected == 0 => "waits to be asked: its next hop was not found yet".to_owned(),
        Code::Best if reason.missed.is_empty() => answered,
        Code::Best => format!("{answered}, as many as any link{}", missed(told)),
        Code::Behind => format!("{answered}{}{}{}", while_others(told), missed(told), host_dropped(reason)),
        Code::HoldDown => format!("{answered} and sits out {} more", left(told)),
        Code::Incumbent => {
            format!("{answered}; no link is healthy, and it stays because it was in use and answers well enough")
        }
        Code::SoleBest => format!("{answered}; no link is healthy, and of the best its last fault is the oldest"),
        Code::NothingAnswers => {
            let nothing = "got no answer, like every other link, so everything stands as it was";
            format!("{nothing}{}{}", next_hop(told.report), host_dropped(reason))
        }
        Code::NoCarrier => format!("has no carrier: the cable is out or the interface is down{}", then_holds(told)),
        Code::NoAddress => format!("has no usable address{}", then_holds(told)),
        Code::NoNextHop => "has no gateway: none is configured, routed, advertised, leased or remembered".to_owned(),
        Code::Pinned if told.report.verdict.enabled => format!("is pinned by the operator; it {answered}"),
        Code::Pinned => format!("is not used because the operator pinned another link; it {answered}"),
        Code::TakenOut => format!("was taken out by the operator; it {answered}"),
        Code::Starting => "is being asked for the first time".to_owned(),
        Code::Absent => "does not exist, or no link has an address of this family".to_owned(),
    }
}

fn answered(reason: &Reason) -> String {
    match (reason.answered, reason.expected) {
        (_, 0) => "was not asked in this round".to_owned(),
        (0, expected) => format!("answered none of {expected} targets"),
        (answered, expected) if answered == expected => format!("answered all {expected} targets"),
        (answered, expected) => format!("answered {answered} of {expected} targets"),
    }
}

fn while_others(told: &Told<'_>) -> String {
    let reason = &told.report.verdict.reason;
    let others: Vec<&str> = reason.outdone_by.iter().map(|link| told.names.called(*link)).collect();
    if others.is_empty() { String::new() } else { format!(" while {} answered {}", others.join(" and "), reason.best) }
}

fn missed(told: &Told<'_>) -> String {
    let missed: Vec<String> = told.report.missed.iter().map(ToString::to_string).collect();
    let nothing = if told.report.verdict.reason.answered == 0 { next_hop(told.report) } else { String::new() };
    match missed.len() {
        1..=3 => format!(" (missed {}){nothing}", missed.join(", ")),
        _ => nothing,
    }
}

/// Replies may have been among what this host itself dropped.
fn host_dropped(reason: &Reason) -> String {
    match reason.host_dropped {
        0 => String::new(),
        dropped => format!("; meanwhile this host's own queue (softnet) dropped {} packets unread", count(dropped)),
    }
}

fn next_hop(report: &FamilyReport) -> String {
    match report.next_hop_heard {
        Some(ago) if ago < Duration::from_secs(15) => {
            "; its next hop answers: the provider's box is there, the Internet is not".to_owned()
        }
        Some(ago) => {
            format!("; its next hop is silent for {}: the provider's box is off or the wire is dead", rounded(ago))
        }
        None => String::new(),
    }
}

fn then_holds(told: &Told<'_>) -> String {
    if told.report.verdict.reason.hold_left == 0 {
        return String::new();
    }
    format!("; when it is back it sits out {}", left(told))
}

fn left(told: &Told<'_>) -> String {
    rounded(told.interval.saturating_mul(told.report.verdict.reason.hold_left))
}

/// Whole minutes from a quarter of an hour on, whole seconds below.
pub(crate) fn rounded(time: Duration) -> String {
    let seconds = time.as_secs();
    let coarse = if seconds >= 900 { seconds.div_ceil(60) * 60 } else { seconds };
    format_duration(Duration::from_secs(coarse))
}
